"""`FaultProxy` stands between a client and a real search server, and does to requests what networks and servers do."""

from __future__ import annotations

import gzip
import json
import threading
from collections import Counter
from dataclasses import replace
from fnmatch import fnmatchcase
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from tests.faults.bulk_items import REJECTED, Item, filtered, read_items, with_refusals
from tests.faults.choosing import BULK, Dice, Fault, Faults, is_among
from tests.faults.http_messages import Answer, Request, header, json_answer
from tests.faults.listening import LoopbackServer
from tests.faults.upstream import Upstream, UpstreamLost

NO_MASTER = {"type": "cluster_block_exception", "reason": "blocked by: [SERVICE_UNAVAILABLE/2/no master];"}


class FaultProxy(LoopbackServer):
    """A server on loopback that forwards to another and injects `faults`, which may be set anew at any time.

    The same seed and the same requests one after the other meet the same faults; which documents are refused depends
    on seed and ``_id`` alone, so parallel clients meet the same refusals too.
    """

    def __init__(self, upstream: str, *, seed: int = 0) -> None:
        self._upstream = Upstream(upstream)
        super().__init__()
        self._seed = seed
        self._dice = Dice(seed)
        self._lock = threading.Lock()
        self._counts: Counter[str] = Counter()
        self._let_in: set[tuple[str, str]] = set()
        self._faults = Faults()

    @property
    def faults(self) -> Faults:
        """How often which fault occurs, from the next request on."""
        return self._faults

    @faults.setter
    def faults(self, faults: Faults) -> None:
        with self._lock:
            self._faults = faults
            self._let_in.clear()

    @property
    def counts(self) -> Counter[str]:
        """What was done so far.

        ``requests``, ``forwarded``, ``upstream lost``, each `Fault` by its value, and of items ``items refused`` and
        ``items busy``.
        """
        with self._lock:
            return self._counts.copy()

    def next_faults(self, *faults: Fault) -> None:
        """Say what befalls the next requests that ``faults.where`` lets through, in order, before chance goes on."""
        self._dice.tell(*faults)

    def refuses(self, document: str) -> bool:
        """Whether a document of this ``_id`` is refused for good."""
        return is_among(self.faults.share_refused, self._seed, "refused", document)

    def delays(self, document: str) -> bool:
        """Whether a document of this ``_id`` is refused the first time."""
        return is_among(self.faults.share_busy, self._seed, "busy", document)

    def close(self) -> None:
        """End for good: no connection and no thread is left."""
        self._upstream.close()
        super().close()

    def answer(self, request: Request) -> Answer | None:
        """Return what the client gets of the server behind, after what befell its request."""
        faults = self.faults
        meant = faults.where(request)
        fault = self._dice.draw(faults) if meant else Fault.NONE
        self._count("requests", fault)
        if fault is Fault.RESET_BEFORE:
            return None
        if fault in (Fault.BUSY, Fault.UNAVAILABLE):
            return _turned_away(int(fault))
        answer = self._forward_items(request, faults) if meant and BULK(request) else self._forward(request)
        if fault is Fault.STALL:
            self.wait(faults.stall_seconds)
        if answer is None or fault is Fault.RESET_AFTER:
            return None
        return replace(answer, truncated=fault is Fault.TRUNCATED)

    def _forward(self, request: Request) -> Answer | None:
        try:
            answer = self._upstream.send(request)
        except UpstreamLost:
            self._count("upstream lost")
            return None
        self._count("forwarded")
        return answer

    def _forward_items(self, request: Request, faults: Faults) -> Answer | None:
        """Forward a bulk request without the items that are refused, and put these into the answer."""
        if not (faults.share_refused or faults.share_busy):
            return self._forward(request)
        zipped = header(request.headers, "Content-Encoding").lower() == "gzip"
        items = read_items(gzip.decompress(request.body) if zipped else request.body, request.path)
        refused = self._refusals(items, faults)
        if not refused:
            return self._forward(request)
        left = b"".join(item.lines for place, item in enumerate(items) if place not in refused)
        if not left:  # a bulk request without items is an error of the client's, which this one did not make
            return _bulk_answer(request, {"took": 0, "errors": False, "items": []}, refused)
        answer = self._forward(_plain_bulk(request, left))
        if answer is None or answer.status != 200:
            return answer
        return replace(_bulk_answer(request, json.loads(answer.body), refused), chunked=answer.chunked)

    def _refusals(self, items: list[Item], faults: Faults) -> dict[int, dict[str, Any]]:
        statuses = {place: self._status(item, faults) for place, item in enumerate(items)}
        return {place: items[place].refused(status) for place, status in statuses.items() if status}

    def _status(self, item: Item, faults: Faults) -> int:
        """Return with which status an item is refused; 0 if it is not."""
        if not item.document or not fnmatchcase(item.index, faults.items_in):
            return 0
        # What is deleted has no fields that could be wrong.
        if item.action != "delete" and is_among(faults.share_refused, self._seed, "refused", item.document):
            self._count("items refused")
            return 400
        if is_among(faults.share_busy, self._seed, "busy", item.document) and self._is_new(item):
            self._count("items busy")
            return 429
        return 0

    def _is_new(self, item: Item) -> bool:
        with self._lock:
            is_new = (item.index, item.document) not in self._let_in
            self._let_in.add((item.index, item.document))
            return is_new

    def _count(self, *what: str) -> None:
        with self._lock:
            self._counts.update(what)


def _turned_away(status: int) -> Answer:
    error = REJECTED if status == 429 else NO_MASTER
    return json_answer(status, {"error": {"root_cause": [error], **error}, "status": status})


def _plain_bulk(request: Request, body: bytes) -> Request:
    """Return a bulk request with another body, whose answer comes whole and uncompressed."""
    query = urlencode([pair for pair in parse_qsl(urlsplit(request.target).query) if pair[0] != "filter_path"])
    headers = tuple(
        pair for pair in request.headers if pair[0].lower() not in ("content-encoding", "accept-encoding")
    )
    return replace(request, target=f"{request.path}?{query}" if query else request.path, headers=headers, body=body)


def _bulk_answer(request: Request, content: dict[str, Any], refused: dict[int, dict[str, Any]]) -> Answer:
    content = with_refusals(content, refused)
    wanted = dict(parse_qsl(urlsplit(request.target).query)).get("filter_path")
    return json_answer(200, filtered(content, wanted.split(",")) if wanted else content)
