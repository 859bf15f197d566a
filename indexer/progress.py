"""How far a run is: a bar in a terminal, a line every few seconds elsewhere; always on stderr.

What is left is reckoned by the rate of the last minute, since a run that goes on after another begins at a gallop.
"""

from __future__ import annotations

import math
import sys
import time
from collections import deque
from types import TracebackType
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from rich.progress import Progress as RichProgress
    from rich.progress import TaskID

# Between two lines in a log file.
LINE_SECONDS = 5.0


# What the rate is measured over, and how often it is looked at.
RATE_SECONDS, MARK_SECONDS = 60.0, 1.0
# Before so much is done the rate is that of starting.
LEAST_DONE = 20


class Pace:
    """How much is done of something, how fast, and how long the rest takes."""

    def __init__(self, total: int | None = None) -> None:
        self.count = 0
        self._total = total
        self._marks = deque([(time.monotonic(), 0)])

    def advance(self, n: int) -> None:
        """Count `n` more."""
        self.count += n
        now = time.monotonic()
        if now - self._marks[-1][0] >= MARK_SECONDS:
            self._marks.append((now, self.count))
        while len(self._marks) > 2 and now - self._marks[1][0] >= RATE_SECONDS:
            self._marks.popleft()

    @property
    def rate(self) -> float:
        """How much a second lately."""
        began, before = self._marks[0]
        return (self.count - before) / max(time.monotonic() - began, 1e-9)

    def done(self) -> str:
        """Say how much is done, of how much: ``1,200 of 200,000``."""
        return f"{self.count:,}" if self._total is None else f"{self.count:,} of {self._total:,}"

    def speed(self) -> str:
        """Say how fast it goes, and how long it will take: ``21 a second, 2 h 38 min left``."""
        rate = self.rate
        said = f"{rate:,.0f} a second" if rate >= 10 or rate == 0 else f"{rate:.1f} a second"
        if self._total is None or rate <= 0 or self.count < LEAST_DONE:
            return said
        minutes = math.ceil(max(self._total - self.count, 0) / rate / 60)
        hours, rest = divmod(minutes, 60)
        return f"{said}, {f'{hours:,} h ' if hours else ''}{rest} min left"


class ProgressLines:
    """Plain lines for log files and pipes; a context manager like `ProgressBar`."""

    def __init__(self) -> None:
        self.begin("")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Nothing to take down."""

    def say(self, text: str) -> None:
        """Show a line of text."""
        print(text, file=sys.stderr, flush=True)

    def begin(self, label: str, unit: str = "rows", total: int | None = None) -> None:
        """Begin to count the rows of another source, or something else."""
        self._label, self._unit = label, unit
        self._pace = Pace(total)
        self._last = time.monotonic()

    def advance(self, n: int) -> None:
        """Count rows, and show how many now and then."""
        self._pace.advance(n)
        now = time.monotonic()
        if now - self._last >= LINE_SECONDS:
            self._last = now
            self.say(f"{self._label}: {self._pace.done()} {self._unit}, {self._pace.speed()}")


class ProgressBar:
    """A live line in a terminal."""

    def __init__(self) -> None:
        from rich.console import Console  # takes 0.05 s, and only terminals need it
        from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

        text = TextColumn("{task.description}  {task.fields[done]} {task.fields[unit]}  {task.fields[speed]}")
        console = Console(stderr=True, highlight=False, markup=False)
        self._bar: RichProgress = Progress(SpinnerColumn(), text, TimeElapsedColumn(), console=console, transient=True)
        self._task: TaskID | None = None

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bar.stop()

    def say(self, text: str) -> None:
        """Show a line of text above the live one."""
        self._bar.console.print(text, soft_wrap=True)

    def begin(self, label: str, unit: str = "rows", total: int | None = None) -> None:
        """Begin to count the rows of another source, or something else."""
        if self._task is not None:
            self._bar.remove_task(self._task)
        self._pace = Pace(total)
        done, speed = self._pace.done(), self._pace.speed()
        self._task = self._bar.add_task(label.replace("[", r"\["), total=None, done=done, speed=speed, unit=unit)

    def advance(self, n: int) -> None:
        """Count rows."""
        self._pace.advance(n)
        if self._task is not None:
            self._bar.update(self._task, done=self._pace.done(), speed=self._pace.speed())


def open_progress() -> ProgressBar | ProgressLines:
    """Return a bar where stderr is a terminal, lines elsewhere."""
    return ProgressBar() if sys.stderr.isatty() else ProgressLines()
