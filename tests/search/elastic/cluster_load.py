"""A real `tagkin index` that reads from a pipe, so that it is at work for as long as a test wants."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from pathlib import Path

from tests.conftest import REPOSITORY
from tests.search.elastic.cluster_catalogue import lines

# A load slow enough to outlast the restart of a node, fast enough that there is always something under way; once it is
# large, it trickles on for as long as nodes take.
ROWS_A_SECOND = 600
TRICKLE = 150  # rows a second
LARGE = 15_000  # rows
BATCH = 1_000  # rows
AT_ONCE = 100  # rows


class Load:
    """One run of the indexer over the rows of a source.

    Parameters
    ----------
    errors
        File for what it says.
    """

    def __init__(self, address: str, source: str, errors: Path) -> None:
        self.source = source
        self.given = 0  # rows that it may have read
        self._errors = errors
        options = ["--engine", address, "--source-name", source, "--batch-size", str(BATCH), "--no-reach"]
        with errors.open("wb") as file:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "tagkin", "index", "-", *options],
                cwd=REPOSITORY,
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=file,
            )
        self._least: int | None = None
        self._feeder = threading.Thread(target=self._feed, name="feeder", daemon=True)
        self._feeder.start()

    @property
    def is_running(self) -> bool:
        """Whether it still reads."""
        return self._process.poll() is None

    @property
    def said(self) -> str:
        """What it said so far."""
        return self._errors.read_text(errors="replace")

    def finish(self, least: int, seconds: float) -> int:
        """Let it have `least` rows in all, if it has had fewer, and end; return its exit status."""
        self._least = least
        self._feeder.join(seconds)
        return self._process.wait(seconds)

    def kill(self) -> None:
        """End it, if it runs."""
        if self.is_running:
            self._process.kill()
        self._process.wait()
        self._feeder.join()

    def _feed(self) -> None:
        assert self._process.stdin is not None
        try:
            with self._process.stdin as pipe:
                while self._least is None or self.given < self._least:
                    numbers = range(self.given, self.given + AT_ONCE)
                    self.given += AT_ONCE
                    pipe.write(lines(self.source, numbers))
                    if self._least is None:
                        time.sleep(AT_ONCE / (ROWS_A_SECOND if self.given < LARGE else TRICKLE))
        except BrokenPipeError:
            pass  # it has ended; its exit status tells
