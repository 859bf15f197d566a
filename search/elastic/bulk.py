"""Many documents to the server, several requests in flight, each document exactly once in the end.

A request that was lost is sent again whole: each document has a version, so what had arrived stays as it is. Of one
that was answered only those documents go again that the server had no room for. How many requests are in flight follows
what the server can take: each refusal for want of room halves it, each success lets it grow a little.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from search.elastic.connection import LONG_TIMEOUT, Connection, Refusal
from search.engine import RefusedDocument, SearchUnavailable

# A request of this size takes the server some tens of milliseconds.
REQUEST_BYTES = 2_000_000
# Bytes that wait or are under way; whoever brings more, waits.
_WAITING = 4  # requests, beyond those in flight

_FIRST_PAUSE = 0.25  # seconds, doubled with each try
_LONGEST_PAUSE = 15.0  # seconds

# What the server may take later: too much to do, a shard on its way, a lost node.
_LATER = {429, 502, 503, 504}

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


@dataclass
class _Batch:
    """Lines that were handed over together."""

    number: int
    requests_left: int


@dataclass
class _Flow:
    """How much may be under way.

    Parameters
    ----------
    most
        Requests in flight that are never passed.
    limit
        Those that the server can take, as it seems now.
    """

    most: int
    limit: float
    in_flight: int = 0
    changed: threading.Condition = field(default_factory=threading.Condition)

    def enter(self) -> None:
        with self.changed:
            self.changed.wait_for(lambda: self.in_flight < max(1, int(self.limit)))
            self.in_flight += 1

    def leave(self, enough_room: bool) -> None:
        with self.changed:
            self.in_flight -= 1
            self.limit = min(self.most, self.limit + 1 / self.limit) if enough_room else max(1.0, self.limit / 2)
            self.changed.notify_all()


class BulkSender:
    """Sends operations to one or two indices; all methods are for one thread.

    Parameters
    ----------
    indices
        Every operation goes to each of them.
    patience
        Seconds without any success after which it gives up.
    """

    def __init__(self, connection: Connection, indices: Sequence[str], patience: float) -> None:
        self._connection = connection
        self._indices = tuple(indices)
        self._patience = patience
        requests = connection.address.requests
        self._flow = _Flow(requests, float(requests))
        self._pool = ThreadPoolExecutor(requests, thread_name_prefix="bulk")
        self._room = threading.Condition()
        self._waiting = 0
        self._most_waiting = (requests + _WAITING) * REQUEST_BYTES
        self._open: dict[int, _Batch] = {}
        self._last = 0
        self._failure: BaseException | None = None
        self._refused: list[RefusedDocument] = []
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
        self._last += 1
        requests = list(_requests(lines))
        with self._room:
            self._open[self._last] = batch = _Batch(self._last, len(requests))
            if not requests:
                del self._open[self._last]
        if not self._waiting:
            self._success_at = time.monotonic()  # silence before there was anything to say is no failure
        for request in requests:
            self._hand_over(batch, request)
        return self._last

    def done_through(self) -> int:
        """Return the last batch such that it and all before it are stored, or refused."""
        with self._room:
            return min(self._open, default=self._last + 1) - 1

    def wait(self) -> None:
        """Wait until everything is stored, or refused for good.

        Raises
        ------
        SearchUnavailable
            If something could not be sent.
        """
        with self._room:
            self._room.wait_for(lambda: self._failure is not None or not self._open)
        self._raise_failure()

    def take_refused(self) -> list[RefusedDocument]:
        """Return what the server refused for good since the last call."""
        with self._room:
            refused, self._refused = self._refused, []
        return refused

    def close(self) -> None:
        """Let go of what was not sent."""
        self._stopped.set()
        self._pool.shutdown(wait=True, cancel_futures=True)

    def _hand_over(self, batch: _Batch, lines: Sequence[Line]) -> None:
        size = sum(line.size for line in lines)
        with self._room:
            self._room.wait_for(
                lambda: self._failure is not None or not self._waiting or self._waiting + size <= self._most_waiting
            )
            self._waiting += size
        self._raise_failure()
        self._pool.submit(self._deliver_all, batch, lines, size)

    def _raise_failure(self) -> None:
        if self._failure is not None:
            raise self._failure

    def _deliver_all(self, batch: _Batch, lines: Sequence[Line], size: int) -> None:
        failure: BaseException | None = None
        try:
            for index in self._indices:
                self._deliver(index, lines)
        except BaseException as error:  # noqa: BLE001 - it is raised again where it can be dealt with
            failure = error
        with self._room:
            self._waiting -= size
            self._failure = self._failure or failure
            batch.requests_left -= 1
            if not batch.requests_left and not failure:
                self._open.pop(batch.number, None)
            self._room.notify_all()

    def _deliver(self, index: str, lines: Sequence[Line]) -> None:
        """Send lines until none is left to send."""
        tries = 0
        while lines:
            self._flow.enter()
            left, error = lines, None
            try:
                left = self._post(index, lines)
            except (SearchUnavailable, Refusal) as caught:
                error = caught
            finally:
                self._flow.leave(enough_room=not left)
            if isinstance(error, Refusal) and error.status == 413 and len(lines) > 1:
                self._deliver(index, lines[: len(lines) // 2])
                lines = lines[len(lines) // 2 :]
                continue
            if isinstance(error, Refusal) and error.status not in _LATER:
                raise self._connection.refused(error)
            tries = 0 if len(left) < len(lines) else tries + 1
            lines = left
            if lines:
                self._pause(tries, error)

    def _pause(self, tries: int, error: Exception | None) -> None:
        """Wait before the next try, some random time so that not all come back at once."""
        if time.monotonic() - self._success_at > self._patience or self._stopped.is_set():
            raise self._given_up(error)
        longest = min(_LONGEST_PAUSE, _FIRST_PAUSE * 2**tries)
        self._stopped.wait(random.uniform(longest / 4, longest))

    def _given_up(self, error: Exception | None) -> SearchUnavailable:
        if isinstance(error, SearchUnavailable):
            return error
        if isinstance(error, Refusal):
            return self._connection.refused(error)
        return self._connection.refused(Refusal(429, "rejected", "documents were refused again and again"))

    def _post(self, index: str, lines: Sequence[Line]) -> list[Line]:
        """Send one request; return the lines that have to go again."""
        body = b"".join([part for line in lines for part in line[1:]])
        answer = self._connection.post(f"/{index}/_bulk", body, timeout=LONG_TIMEOUT, filter_path=_ANSWER)
        if not answer.get("errors"):
            self._success_at = time.monotonic()
            return []
        again = []
        for line, item in zip(lines, answer["items"], strict=True):
            (result,) = item.values()
            if result["status"] in _LATER:
                again.append(line)
            elif "error" in result and result["status"] != 409:  # 409: something newer is there already
                self._refuse(line, result)
        if len(again) < len(lines):
            self._success_at = time.monotonic()
        return again

    def _refuse(self, line: Line, result: dict[str, Any]) -> None:
        reason = _reason(result["error"])
        with self._room:
            self._refused.append(RefusedDocument(line.track_id, reason))


def _requests(lines: Sequence[Line]) -> Iterator[Sequence[Line]]:
    """Cut lines into requests of about `REQUEST_BYTES`."""
    start, size = 0, 0
    for at, line in enumerate(lines):
        if size and size + line.size > REQUEST_BYTES:
            yield lines[start:at]
            start, size = at, 0
        size += line.size
    if start < len(lines):
        yield lines[start:]


def _reason(error: dict[str, Any]) -> str:
    """Return the server's innermost reason, which says most; without the preview of what is in the document."""
    while isinstance(error.get("caused_by"), dict):
        error = error["caused_by"]
    reason = f"{error.get('type', 'error')}: {error.get('reason', '')}"
    return reason if len(reason) <= _LONGEST_REASON else reason[: _LONGEST_REASON - 1] + "…"


