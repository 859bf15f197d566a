"""Files read in limited processes: what a crafted file does to a decoder happens there, and ends there.

A process that hangs, crashes or runs out of memory is killed, the file it was reading gets an `AudioProblem`, and the
next file a new process; so it is when a process has read many files. Processes are started afresh, not forked, and take
requests by pipes; nothing is unpickled (`audiomodel.messages`).
"""

from __future__ import annotations

import queue
import threading
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any, Generic, Self, TypeVar

from audiomodel.confining import UPLOAD, Limits
from audiomodel.problems import AudioProblem
from audiomodel.worker import Worker, setup_for

T = TypeVar("T")

# So many files for each process are asked for before the result of the first is taken.
AHEAD = 4


class Workers(Generic[T]):
    """Processes that each do one task on files; a context manager.

    Parameters
    ----------
    make_task
        A function at the head of an importable module, or a `functools.partial` of one with plain arguments (str,
        numbers, None; a `Path` arrives as str). It is called once in each process, before the limits hold, and returns
        the task: a function of a path. Whatever is slow or writes files belongs into it (imports, compilation).
    result_type
        What the task returns, as a type that msgspec decodes.
    jobs
        How many processes; they start when they are first needed.
    limits
        What a file, and a process, may take.
    """

    def __init__(
        self, make_task: Callable[[], Callable[[Path], T]], result_type: type[T], jobs: int = 1, limits: Limits = UPLOAD
    ) -> None:
        if jobs < 1:
            raise ValueError(f"expected at least one job, got {jobs}")
        self.jobs = jobs
        self._result_type = result_type
        self._setup = setup_for(make_task, limits)
        # A seat is a process, or the right to start one; whoever holds it is the only one to use it.
        self._seats: queue.LifoQueue[Worker | None] = queue.LifoQueue()
        for _ in range(jobs):
            self._seats.put(None)
        self._lock = threading.Lock()
        self._living: set[Worker] = set()
        self._closed = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def run(self, path: Path) -> T:
        """Return the task's result for one file; may be called from any number of threads.

        Raises
        ------
        AudioProblem
            If the file cannot be heard.
        WorkerFailed
            If no process can be started.
        """
        seat = self._seats.get()
        try:
            seat = worker = self._seated(seat)
            worker.wait_until_ready()
            return worker.ask(path, self._result_type)
        except AudioProblem:
            if self._closed:
                raise RuntimeError("the workers were closed while this file was being read") from None
            raise
        except BaseException:
            # Whatever it still sends would be taken for the answer to the next file.
            if seat is not None:
                seat.kill()
            raise
        finally:
            self._seats.put(self._unless_spent(seat))

    def run_all(self, paths: Iterable[Path]) -> Iterator[tuple[Path, T | AudioProblem]]:
        """Yield the result or the problem of each file, in the order given.

        At most `AHEAD` files for each process are taken from `paths` before their results are.
        """
        threads = ThreadPoolExecutor(self.jobs, thread_name_prefix="audio")
        try:
            yield from self._in_order(threads, paths)
        finally:
            # Without waiting: after Ctrl-C nobody wants to, and what runs still ends with its process.
            threads.shutdown(wait=False, cancel_futures=True)

    def _in_order(
        self, threads: ThreadPoolExecutor, paths: Iterable[Path]
    ) -> Generator[tuple[Path, T | AudioProblem], Any, None]:
        asked: deque[tuple[Path, Future[T | AudioProblem]]] = deque()
        for path in paths:
            asked.append((path, threads.submit(self._result_or_problem, path)))
            if len(asked) >= AHEAD * self.jobs:
                first, future = asked.popleft()
                yield first, future.result()
        while asked:
            first, future = asked.popleft()
            yield first, future.result()

    def _result_or_problem(self, path: Path) -> T | AudioProblem:
        try:
            return self.run(path)
        except AudioProblem as problem:
            return problem

    def close(self) -> None:
        """Kill all processes and wait for their end; files that are being read are given up."""
        with self._lock:
            self._closed = True
            for worker in self._living:
                worker.kill()
        # Each seat comes back soon, for its process is dead.
        for seat in [self._seats.get() for _ in range(self.jobs)]:
            self._retire(seat)
            self._seats.put(None)

    @property
    def pids(self) -> list[int]:
        """The numbers of the processes that there are now."""
        with self._lock:
            return sorted(worker.pid for worker in self._living)

    def _seated(self, worker: Worker | None) -> Worker:
        """Return a living process: this one, or a new one in its place."""
        if worker is not None and worker.alive:
            return worker
        self._retire(worker)
        with self._lock:
            if self._closed:
                raise RuntimeError("these workers are closed")
            fresh = Worker(self._setup)
            self._living.add(fresh)
        return fresh

    def _unless_spent(self, worker: Worker | None) -> Worker | None:
        """Return the process, or nothing where it is dead or has read its share."""
        if worker is not None and worker.alive and worker.files < self._setup.limits.files:
            return worker
        self._retire(worker)
        return None

    def _retire(self, worker: Worker | None) -> None:
        if worker is not None:
            with self._lock:
                self._living.discard(worker)
            worker.close()
