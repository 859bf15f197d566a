"""How far a run is: a bar in a terminal, a line every few seconds elsewhere; always on stderr."""

from __future__ import annotations

import sys
import time
from types import TracebackType
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from rich.progress import Progress as RichProgress
    from rich.progress import TaskID

# Between two lines in a log file.
LINE_SECONDS = 5.0


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

    def begin(self, label: str, unit: str = "rows") -> None:
        """Begin to count the rows of another source, or something else."""
        self._label, self._unit = label, unit
        self._count = 0
        self._started = self._last = time.monotonic()

    def advance(self, n: int) -> None:
        """Count rows, and show how many now and then."""
        self._count += n
        now = time.monotonic()
        if now - self._last >= LINE_SECONDS:
            self._last = now
            rate = self._count / (now - self._started)
            self.say(f"{self._label}: {self._count:,} {self._unit}, {rate:,.0f} a second")


class ProgressBar:
    """A live line in a terminal."""

    def __init__(self) -> None:
        from rich.console import Console  # takes 0.05 s, and only terminals need it
        from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

        done, rate = "{task.completed:,.0f} {task.fields[unit]}", "{task.fields[rate]:,.0f} a second"
        text = TextColumn(f"{{task.description}}  {done}  {rate}")
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

    def begin(self, label: str, unit: str = "rows") -> None:
        """Begin to count the rows of another source, or something else."""
        if self._task is not None:
            self._bar.remove_task(self._task)
        self._task = self._bar.add_task(label.replace("[", r"\["), total=None, rate=0.0, unit=unit)
        self._count, self._started = 0, time.monotonic()

    def advance(self, n: int) -> None:
        """Count rows."""
        self._count += n
        elapsed = max(time.monotonic() - self._started, 1e-9)
        if self._task is not None:
            self._bar.update(self._task, completed=self._count, rate=self._count / elapsed)


def open_progress() -> ProgressBar | ProgressLines:
    """Return a bar where stderr is a terminal, lines elsewhere."""
    return ProgressBar() if sys.stderr.isatty() else ProgressLines()
