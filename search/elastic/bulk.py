"""Many documents to the server, several requests in flight, each document exactly once in the end.

A request that was lost is sent again whole: each document has a version, so what had arrived stays as it is. Of one
that was answered only those documents go again that the server had no room for. How many requests are in flight follows
what the server can take: each refusal for want of room halves it, each success lets it grow a little.

Whatever befalls, memory is bounded: whoever brings more than a few requests waits.
"""

from __future__ import annotations

import logging
import random
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from math import ceil
from typing import Any, NamedTuple

from search.elastic.connection import LONG_TIMEOUT, Connection
from search.elastic.failures import Refusal, missing_index
from search.elastic.mapping import writes_alias
from search.engine import BadIndex, IndexBusy, NotLetIn, RefusedDocument, SearchUnavailable

_log = logging.getLogger(__name__)

# A request of this size takes the server some tens of milliseconds.
REQUEST_BYTES = 1_000_000
# Requests that wait for their turn, beyond those in flight; whoever brings more, waits.
_WAITING = 4

_FIRST_PAUSE = 0.1  # seconds, doubled with each try
_LONGEST_PAUSE = 5.0  # seconds

# So many tries in vain are told.
_SAID_AFTER = 5

# Whoever lets go of the sender waits for what is under way no longer than this.
_GOODBYE = 10.0  # seconds

# What the server may take later: too much to do, a shard on its way, a lost node.
_LATER = frozenset({429, 502, 503, 504})
# Something newer is there already.
_CONFLICT = 409
# Of which the server says that they are wrong in themselves.
_BAD_DOCUMENT = frozenset({400, 413})
# A document at which the server stumbles so often is refused: it would hold up all others for ever.
_STUMBLES = 4  # tries

# Only what tells good from bad comes back.
_ANSWER = "errors,items.*.status,items.*.error.type,items.*.error.reason,items.*.error.caused_by"
_LONGEST_REASON = 300  # characters


class Line(NamedTuple):
    """One operation: the action's JSON and, but for a delete, the document's; each ends with a line break."""

    track_id: str
    action: bytes
    source: bytes = b""

    @property
    def size(self) -> int:
        """Bytes."""
        return len(self.action) + len(self.source)


# A line that goes again, with what the server said of it; {} where it said nothing.
_Left = tuple[Line, dict[str, Any]]


class _Request(NamedTuple):
    """Lines that go together, of the batch with this number."""

    batch: int
    lines: Sequence[Line]
    size: int


class _Flow:
    """How many requests may be in flight: at most `most`, and no more than the server can take, as it seems now."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._limit = float(most)
        self._in_flight = 0
        self._changed = threading.Condition()

    def enter(self) -> None:
        """Wait until one more may be."""
        with self._changed:
            self._changed.wait_for(lambda: self._in_flight < int(self._limit))
            self._in_flight += 1

    def leave(self, enough_room: bool) -> None:
        """End one; `enough_room` says whether the server took all of it."""
        with self._changed:
            self._in_flight -= 1
            grown = min(self._most, self._limit + 1 / self._limit)
            self._limit = grown if enough_room else max(1.0, self._limit / 2)
            self._changed.notify_all()


class BulkSender:
    """Sends operations to one or two indices; its methods are for one thread.

    Parameters
    ----------
    indices
        Every operation goes to each of them.
    patience
        Seconds without any success after which it gives up.
    may_send
        Called before each request, by several threads; it raises `SearchUnavailable` if nothing may be sent now.
    """

    def __init__(
        self,
        connection: Connection,
        indices: Sequence[str],
        patience: float,
        may_send: Callable[[], None] = lambda: None,
    ) -> None:
        self._connection = connection
        self._indices = tuple(indices)
        self._patience = patience
        # Where somebody waits for the answer, a server that hangs is not waited for either.
        self._timeout = min(LONG_TIMEOUT, max(patience, connection.address.timeout))
        self._may_send = may_send
        self._most_threads = connection.address.requests
        self._most_waiting = (self._most_threads + _WAITING) * REQUEST_BYTES
        self._flow = _Flow(self._most_threads)
        self._threads: list[threading.Thread] = []
        # All below is changed with this held.
        self._changed = threading.Condition()
        self._queue: deque[_Request] = deque()
        self._waiting = 0
        self._open: dict[int, int] = {}  # batch → its requests that are not done
        self._last = 0
        self._failure: BaseException | None = None
        self._refused: dict[str, RefusedDocument] = {}
        self._success_at = time.monotonic()
        self._stopped = threading.Event()

    def send(self, lines: Sequence[Line]) -> int:
        """Hand operations over; waits while too much is under way.

        Returns
        -------
        The number of the batch.

        Raises
        ------
        SearchUnavailable
            If an earlier batch could not be sent.
        """
        with self._changed:
            self._last += 1
            requests = [_Request(self._last, part, _size(part)) for part in _parts(lines)]
            if requests:
                self._open[self._last] = len(requests)
            if not self._waiting:
                self._success_at = time.monotonic()  # silence before there was anything to say is no failure
        for request in requests:
            self._hand_over(request)
        return self._last

    def done_through(self) -> int:
        """Return the last batch such that it and all before it are stored, or refused."""
        with self._changed:
            return min(self._open, default=self._last + 1) - 1

    def wait(self) -> None:
        """Wait until everything is stored, or refused for good.

        Raises
        ------
        SearchUnavailable
            If something could not be sent.
        """
        with self._changed:
            self._changed.wait_for(lambda: self._failure is not None or not self._open)
        self._raise_failure()

    def take_refused(self) -> list[RefusedDocument]:
        """Return what the server refused for good since the last call, each track once."""
        with self._changed:
            refused, self._refused = self._refused, {}
        return list(refused.values())

    def has_refused(self) -> bool:
        """Whether there is something to take."""
        with self._changed:
            return bool(self._refused)

    def close(self) -> bool:
        """Let go of what was not sent.

        Returns
        -------
        Whether nothing is under way any more; False where the server hangs.
        """
        self._stopped.set()
        with self._changed:
            self._queue.clear()
            self._changed.notify_all()
        until = time.monotonic() + _GOODBYE
        for thread in self._threads:
            thread.join(max(0.0, until - time.monotonic()))
        return not any(thread.is_alive() for thread in self._threads)

    def _hand_over(self, request: _Request) -> None:
        with self._changed:
            self._changed.wait_for(lambda: self._failure is not None or self._has_room(request.size))
            self._raise_failure()
            self._waiting += request.size
            self._queue.append(request)
            self._changed.notify_all()
        if len(self._threads) < self._most_threads:
            # Daemons, so that a server that hangs holds up nobody who wants to stop.
            self._threads.append(threading.Thread(target=self._work, name="bulk", daemon=True))
            self._threads[-1].start()

    def _has_room(self, size: int) -> bool:
        return not self._waiting or self._waiting + size <= self._most_waiting

    def _raise_failure(self) -> None:
        if self._failure is not None:
            raise self._failure

    def _work(self) -> None:
        """Deliver requests until there is an end; run by each thread."""
        while (request := self._next()) is not None:
            failure: BaseException | None = None
            try:
                for index in self._indices:
                    self._deliver(index, request.lines)
            except BaseException as error:  # noqa: BLE001 - it is raised again where it can be dealt with
                failure = error
            self._finish(request, failure)

    def _next(self) -> _Request | None:
        with self._changed:
            self._changed.wait_for(lambda: self._stopped.is_set() or self._queue)
            return None if self._stopped.is_set() else self._queue.popleft()

    def _finish(self, request: _Request, failure: BaseException | None) -> None:
        with self._changed:
            self._waiting -= request.size
            if failure is not None:
                self._failure = self._failure or failure
                self._stopped.set()  # the others need not find out by themselves
            else:
                self._open[request.batch] -= 1
                if not self._open[request.batch]:
                    del self._open[request.batch]
            self._changed.notify_all()

    def _deliver(self, index: str, lines: Sequence[Line]) -> None:
        """Send lines until none is left to send."""
        pauses = stumbles = 0
        while lines:
            left, problem = self._try(index, lines)
            if isinstance(problem, Refusal) and problem.status == 413:
                self._deliver_smaller(index, lines, problem)
                return
            if problem is not None and not _may_pass(problem):
                raise self._as_error(problem)
            pauses = 0 if len(left) < len(lines) else pauses + 1
            stumbles += any(_is_stumble(result) for _, result in left)
            lines = self._without_hopeless(left) if stumbles >= _STUMBLES else [line for line, _ in left]
            if lines:
                self._pause(pauses, problem or self._item_error(left[0][1]))

    def _deliver_smaller(self, index: str, lines: Sequence[Line], problem: Refusal) -> None:
        """Send halves of what was too large; a document that is too large by itself is refused."""
        if len(lines) == 1:
            self._refuse(lines[0], f"too large for the server: {lines[0].size:,} bytes ({problem.reason})")
            return
        half = len(lines) // 2
        self._deliver(index, lines[:half])
        self._deliver(index, lines[half:])

    def _try(self, index: str, lines: Sequence[Line]) -> tuple[Sequence[_Left], Exception | None]:
        """Send one request; return the lines that have to go again, and what befell the request as a whole."""
        self._flow.enter()
        left: Sequence[_Left] = [(line, {}) for line in lines]
        try:
            self._may_send()
            left = self._post(index, lines)
        except (SearchUnavailable, Refusal) as problem:
            return left, problem
        finally:
            self._flow.leave(enough_room=not left)
        return left, None

    def _post(self, index: str, lines: Sequence[Line]) -> Sequence[_Left]:
        body = b"".join([part for line in lines for part in line[1:]])
        path, asked = f"/{writes_alias(index)}/_bulk", {"require_alias": "true", "filter_path": _ANSWER}
        answer = self._connection.post(path, body, timeout=self._timeout, **asked)
        left: list[_Left] = []
        if answer.get("errors"):
            for line, item in zip(lines, answer["items"], strict=True):
                (result,) = item.values()
                if "error" in result and result["status"] != _CONFLICT:
                    self._judge(line, result, left)
        if len(left) < len(lines):
            self._success_at = time.monotonic()
        return left

    def _judge(self, line: Line, result: dict[str, Any], left: list[_Left]) -> None:
        """Refuse a document that the server will never take; what it may take later is left."""
        if result["status"] in _BAD_DOCUMENT:
            self._refuse(line, _reason(result["error"]))
        elif result["status"] >= 500 or result["status"] in _LATER:
            left.append((line, result))
        else:  # 403 for an index that is closed to writers, 404 for one that is gone: no fault of the document's
            raise self._item_error(result)

    def _without_hopeless(self, left: Sequence[_Left]) -> list[Line]:
        """Refuse the documents at which the server stumbled again."""
        for line, result in left:
            if _is_stumble(result):
                self._refuse(line, _reason(result["error"]))
        return [line for line, result in left if not _is_stumble(result)]

    def _refuse(self, line: Line, reason: str) -> None:
        with self._changed:
            self._refused.setdefault(line.track_id, RefusedDocument(line.track_id, reason))

    def _item_error(self, result: dict[str, Any]) -> SearchUnavailable:
        if result["status"] == 404:
            return missing_index(self._connection.address)
        return self._connection.refused_part(result)

    def _as_error(self, problem: Exception) -> SearchUnavailable:
        if isinstance(problem, SearchUnavailable):
            return problem
        assert isinstance(problem, Refusal), problem
        if problem.status == 404:
            return missing_index(self._connection.address)
        return self._connection.refused(problem)

    def _pause(self, pauses: int, problem: Exception) -> None:
        """Wait before the next try, some random time so that not all come back at once."""
        if time.monotonic() - self._success_at > self._patience or self._stopped.is_set():
            raise self._as_error(problem)
        if pauses == _SAID_AFTER:
            _log.warning("%s; trying again for %.0f s", self._as_error(problem), self._patience)
        longest = min(_LONGEST_PAUSE, _FIRST_PAUSE * 2**pauses)
        self._stopped.wait(random.uniform(longest / 4, longest))


def _may_pass(problem: Exception) -> bool:
    """Whether what befell a request may be over soon."""
    if isinstance(problem, Refusal):
        return problem.status in _LATER
    return not isinstance(problem, BadIndex | IndexBusy | NotLetIn)


def is_later(status: int) -> bool:
    """Whether an answer of this status may be another one soon."""
    return status in _LATER


def _is_stumble(result: dict[str, Any]) -> bool:
    """Whether the server broke on a document, rather than having no room for it."""
    return bool(result) and result["status"] not in _LATER


def _parts(lines: Sequence[Line]) -> Iterator[Sequence[Line]]:
    """Cut lines into requests of the same size, `REQUEST_BYTES` at most but for the line that passes it."""
    total = _size(lines)
    n_parts = ceil(total / REQUEST_BYTES)
    start, done, cut = 0, 0, 1
    for at, line in enumerate(lines, 1):
        done += line.size
        if done * n_parts >= total * cut:
            yield lines[start:at]
            start, cut = at, done * n_parts // total + 1


def _size(lines: Sequence[Line]) -> int:
    return sum([len(line.action) + len(line.source) for line in lines])


def _reason(error: dict[str, Any]) -> str:
    """Return the server's innermost reason, which says most; without the preview of what is in the document."""
    while isinstance(error.get("caused_by"), dict):
        error = error["caused_by"]
    reason = f"{error.get('type', 'error')}: {error.get('reason', '')}"
    return reason if len(reason) <= _LONGEST_REASON else reason[: _LONGEST_REASON - 1] + "…"
