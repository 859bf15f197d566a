"""One limited process as its owner sees it: started, asked, killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from audiomodel.confining import Limits
from audiomodel.messages import Answer, Hangup, Overdue, Request, Setup, Started, receive, send
from audiomodel.problems import AudioProblem, Reason

T = TypeVar("T")

# All that a worker knows of its owner's environment: where things lie. Tokens and passwords stay behind.
KEPT_SETTINGS = ("PATH", "HOME", "LANG", "LC_ALL", "LD_LIBRARY_PATH", "TMPDIR", "XDG_CACHE_HOME", "NUMBA_CACHE_DIR")
# One thread a worker: there are as many workers as are wanted. One arena, because each takes address space.
SINGLE = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS", "MALLOC_ARENA_MAX")
# How a process that is out of time, or out of memory, ends by itself or by the system.
_OVERDUE = {signal.SIGALRM, signal.SIGXCPU}
_CRASHED = "reading it crashed the decoder"


class WorkerFailed(Exception):
    """A worker process did not come up, or lacks what it needs: no file is to blame."""


def setup_for(make_task: Callable[[], Callable[[Path], Any]], limits: Limits) -> Setup:
    """Return how a new process finds the factory: by its name, with the plain arguments of a `functools.partial`.

    Raises
    ------
    TypeError
        If it has no name to import it by.
    """
    made = make_task if isinstance(make_task, partial) else partial(make_task)
    function = made.func
    name = getattr(function, "__qualname__", "<nameless>")
    if not name.isidentifier():
        raise TypeError(
            f"expected a factory that another process can import by name, or a functools.partial of one, got {name}; "
            "did you pass a lambda, a method or an inner function?"
        )
    return Setup(
        function.__module__,
        name,
        tuple(map(_plain, made.args)),
        {key: _plain(value) for key, value in made.keywords.items()},
        limits,
    )


def _plain(value: object) -> object:
    return os.fspath(value) if isinstance(value, os.PathLike) else value


class Worker:
    """A process that reads files, one at a time; whoever makes one closes it.

    Parameters
    ----------
    setup
        As `setup_for` returns it.
    """

    def __init__(self, setup: Setup) -> None:
        self._limits = setup.limits
        self._ready = self._doomed = False
        self.files = 0
        settings = {name: os.environ[name] for name in KEPT_SETTINGS if name in os.environ}
        places = [str(Path(place).absolute()) for place in sys.path]  # "" is where we are
        settings |= dict.fromkeys(SINGLE, "1") | {"PYTHONPATH": os.pathsep.join(places)}
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-m", "audiomodel.working"],
            bufsize=0,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=settings,
        )
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._requests, self._answers = self._process.stdin.fileno(), self._process.stdout.fileno()
        try:
            send(self._requests, setup)
        except Hangup:
            pass  # said by `wait_until_ready`
        except BaseException:
            self.close()
            raise

    @property
    def pid(self) -> int:
        """The number of the process."""
        return self._process.pid

    @property
    def alive(self) -> bool:
        """Whether the process runs, and shall."""
        return not self._doomed and self._process.poll() is None

    def wait_until_ready(self) -> None:
        """Wait until the task is made.

        Raises
        ------
        WorkerFailed
            If it is not within the limits' `start_seconds`, or if making it failed.
        """
        if self._ready:
            return
        try:
            failure = msgspec.msgpack.decode(receive(self._answers, self._limits.start_seconds), type=Started).failure
        except Overdue:
            failure = f"it was not ready after {self._limits.start_seconds:g} seconds"
        except (Hangup, msgspec.DecodeError):
            failure = "it ended while it started"
        if failure:
            raise WorkerFailed(f"a process that reads audio files did not start: {failure}")
        self._ready = True

    def ask(self, path: Path, result_type: type[T]) -> T:
        """Return what the task says about a file.

        Raises
        ------
        AudioProblem
            If the file cannot be heard. Afterwards the process may be gone; see `alive`.
        WorkerFailed
            If no file can be.
        """
        self.files += 1
        seconds = self._limits.deadline(_size(path))
        try:
            send(self._requests, Request(os.fsencode(path.absolute()), seconds))
            body = receive(self._answers, seconds)
            answer = msgspec.msgpack.decode(body, type=Answer)
            if answer.reason is None and not answer.failure:
                return msgspec.msgpack.decode(answer.result, type=result_type)
        except Overdue:
            self.kill()
            raise AudioProblem(Reason.TIMED_OUT, f"reading it took more than {seconds:.3g} seconds") from None
        except Hangup:
            raise self._obituary() from None
        except msgspec.DecodeError:
            self.kill()
            raise AudioProblem(Reason.DAMAGED, _CRASHED) from None
        if answer.reason is None:
            raise WorkerFailed(f"a process that reads audio files cannot go on: {answer.failure}")
        if answer.reason is Reason.TOO_BIG:
            self.kill()  # what it holds is not worth finding out
        raise AudioProblem(answer.reason, answer.message)

    def _obituary(self) -> AudioProblem:
        """Return what the end of the process says about the file it was reading."""
        try:
            status = -self._process.wait(timeout=1)
        except subprocess.TimeoutExpired:
            self.close()
            status = signal.SIGABRT  # it hung up and lives: as good as crashed
        if status in _OVERDUE:
            return AudioProblem(Reason.TIMED_OUT, "reading it took too long")
        # Limits end it otherwise, so these came from outside: whichever file it had, another time it may be heard.
        if status == signal.SIGKILL:
            lacking = "the process that read it was killed, most likely for want of memory"
            return AudioProblem(Reason.TOO_BIG, lacking, passing=True)
        if status == signal.SIGTERM:
            return AudioProblem(Reason.UNREADABLE, "the process that read it was ended from outside", passing=True)
        return AudioProblem(Reason.DAMAGED, _CRASHED)

    def kill(self) -> None:
        """End the process at once; may be called from any thread."""
        self._doomed = True  # it takes a moment until it is dead
        self._process.kill()

    def close(self) -> None:
        """End the process, wait for its end, and close the pipes."""
        self.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()


def _size(path: Path) -> int:
    """Return the size of a file in bytes; one that is not there has none, and reading it will say so."""
    try:
        return path.stat().st_size
    except (OSError, ValueError):
        return 0
