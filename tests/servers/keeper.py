"""Start a server, and see that nothing of it stays behind, however its owner ends.

A program of its own, with Python's library alone. It reads what to run from its input, as a line of JSON, and then
commands, a line each: `start`, `stop`. When the input ends, or the owner is gone (killed, even), it stops the server
and removes its directory. The server in turn dies with its keeper.
"""

from __future__ import annotations

import ctypes
import json
import os
import select
import shutil
import signal
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

# From linux/prctl.h.
PR_SET_PDEATHSIG = 1
PR_SET_CHILD_SUBREAPER = 36

LOOK_SECONDS = 0.2
STOP_SECONDS = 30
CHUNK = 1 << 16  # bytes

# In the directory of a server: there while none runs; what Java printed; the server's process id.
EXIT_FILE = "exit"
LOG_FILE = "server.log"
PID_FILE = "pid"


@dataclass(frozen=True)
class Order:
    """What to run; `owner` is the process whose end is the server's, uid and gid are None for our own."""

    command: list[str]
    environment: dict[str, str]
    directory: str
    owner: int
    uid: int | None
    gid: int | None


def prctl(option: int, value: int) -> None:
    """Ask the kernel for an option of this process, where it knows it."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(option, value, 0, 0, 0)


def die_with_the_keeper() -> None:
    """Run in the server's process before it becomes the server."""
    prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


class Keeper:
    """One server at a time, in a process group of its own."""

    def __init__(self, order: Order) -> None:
        self.order = order
        self.directory = Path(order.directory)
        self.server: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start the server unless it runs."""
        if self.server is None:
            with (self.directory / LOG_FILE).open("ab") as log:
                self.server = subprocess.Popen(
                    self.order.command,
                    cwd=self.directory,
                    env=self.order.environment,
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    start_new_session=True,
                    user=self.order.uid,
                    group=self.order.gid,
                    extra_groups=None if self.order.uid is None else [],
                    preexec_fn=die_with_the_keeper,  # noqa: PLW1509 (there are no threads here)
                )

    def stop(self) -> None:
        """Ask the server to stop, and kill what has not."""
        if self.server is not None:
            self.server.terminate()
            with suppress(subprocess.TimeoutExpired):
                self.server.wait(STOP_SECONDS)
            self.clear()

    def look(self) -> None:
        """See whether the server has stopped by itself."""
        if self.server is not None and self.server.poll() is not None:
            self.clear()

    def clear(self) -> None:
        """Kill what is left of the server, and note how it ended."""
        assert self.server is not None
        group = self.server.pid
        with suppress(ProcessLookupError):
            os.killpg(group, signal.SIGKILL)
        status = self.server.wait()
        with suppress(ChildProcessError):
            while True:  # what the server had started is ours by now
                os.waitpid(-group, 0)
        self.server = None
        (self.directory / EXIT_FILE).write_text(str(status))

    def obey(self) -> None:
        """Do as the input says until it ends or its writer does."""
        waiting = b""
        while os.getppid() == self.order.owner:
            if select.select([0], [], [], LOOK_SECONDS)[0]:
                chunk = os.read(0, CHUNK)
                if not chunk:
                    return
                *lines, waiting = (waiting + chunk).split(b"\n")
                for line in lines:
                    {b"start": self.start, b"stop": self.stop}[line]()
            self.look()


def main() -> None:
    """Keep one server for as long as its owner wants it."""
    # Handlers, as what is ignored here would be ignored by the server too.
    for passed_over in (signal.SIGINT, signal.SIGHUP):
        signal.signal(passed_over, lambda *_: None)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())
    prctl(PR_SET_CHILD_SUBREAPER, 1)
    line = b""
    while not line.endswith(b"\n"):
        line += os.read(0, 1) or b"\n"
    keeper = Keeper(Order(**json.loads(line)))
    try:
        keeper.obey()
    finally:
        keeper.stop()
        for _ in range(10):  # a file that is being written while the directory goes
            shutil.rmtree(keeper.directory, ignore_errors=True)
            if not keeper.directory.exists():
                break
            time.sleep(LOOK_SECONDS)


if __name__ == "__main__":
    main()
