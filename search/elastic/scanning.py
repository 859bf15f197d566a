"""Reading all of an index, or a part of it, page by page, as it is when the first page is asked for."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import Any

from search.elastic.answering import refused_search, search
from search.elastic.connection import LONG_TIMEOUT, SHORT_TIMEOUT, Connection
from search.elastic.failures import HalfUp, Refusal, check_shards, missing_index
from search.elastic.indices import ask
from search.engine import BadIndex, NotLetIn, RefusedRequest, SearchUnavailable

_log = logging.getLogger(__name__)

# Documents read at once.
PAGE = 1_000
# How long the server keeps a view of the index for us between two pages.
_VIEW = "10m"
# Where a view is lost, others are opened after so long: servers that lost one of them need a moment to know of it.
# With patience the last of these goes on.
_REOPENED_AFTER = (0.1, 0.5, 2.0)  # seconds

# Whatever order costs least.
ANY_ORDER = "_shard_doc"


def scan(
    connection: Connection,
    index: str,
    query: Mapping[str, Any],
    sort: str = ANY_ORDER,
    after: str = "",
    patience: float = 0.0,
    **more: Any,
) -> Iterator[dict[str, Any]]:
    """Yield the hits of a query, ascending, all as the index is when the first is asked for.

    A server may lose its view of the index: it stops, or nobody asks for the next page for too long. Then the rest is
    as the index is from there on, and so it is after a server that was away; in any order, hits may come twice.

    Parameters
    ----------
    sort
        A field that no two hits share, or any order.
    after
        Where to begin in the order; from the start when empty.
    patience
        Seconds to keep trying while the server is away.
    more
        Of the search's body.

    Raises
    ------
    BadIndex
        If there is no index.
    SearchUnavailable
        If the server cannot answer, or not from all of the index, for longer than that.
    """
    body: dict[str, Any] = {"query": query, "size": PAGE, "sort": [{sort: "asc"}], "track_total_hits": False, **more}
    if after:
        body["search_after"] = [after]
    tries = Tries(patience)
    while True:
        try:
            for hits in _pages(connection, index, body):
                if hits and sort != ANY_ORDER:  # in any order, places are those of one view
                    body["search_after"] = hits[-1]["sort"][:1]
                    tries = Tries(patience)
                yield from hits
            return
        except SearchUnavailable as error:
            tries.wait(error)


class Tries:
    """Tries in vain since the last answer: some for a view that is lost, and as many as it takes with patience."""

    def __init__(self, patience: float) -> None:
        self._patience = patience
        self._waits = iter(_REOPENED_AFTER)
        self._until: float | None = None
        self._has_said = False

    def wait(self, error: SearchUnavailable) -> None:
        """Wait for the next try; raise what the last one met where there is none."""
        if self._until is None:
            self._until = time.monotonic() + self._patience
        if not self._may_pass(error):
            raise error
        if not (self._has_said or isinstance(error, HalfUp)):
            _log.warning("%s; trying again for %g s", error, self._patience)
            self._has_said = True
        wait = next(self._waits, _REOPENED_AFTER[-1] if time.monotonic() < self._until else None)
        if wait is None:
            raise error
        time.sleep(wait)

    def _may_pass(self, error: SearchUnavailable) -> bool:
        if self._patience and not isinstance(error, BadIndex | NotLetIn | RefusedRequest):
            return True
        return isinstance(error, HalfUp)


def _pages(connection: Connection, index: str, body: Mapping[str, Any]) -> Iterator[list[dict[str, Any]]]:
    """Yield the hits of one view, page by page."""
    opened = ask(connection, "POST", f"/{index}/_pit", keep_alive=_VIEW)
    if opened is None:
        raise missing_index(connection.address)
    view = opened["id"]
    here = dict(body)
    try:
        while True:
            answer = _page(connection, here | {"pit": {"id": view, "keep_alive": _VIEW}})
            hits = answer["hits"]["hits"]
            if hits:
                here["search_after"] = hits[-1]["sort"]
            view = answer.get("pit_id", view)
            yield hits
            if len(hits) < PAGE:
                return
    finally:
        # One that stays open ends by itself; nobody waits for a server that is gone.
        with suppress(SearchUnavailable):
            ask(connection, "DELETE", "/_pit", {"id": view}, timeout=SHORT_TIMEOUT)


def scan_few(connection: Connection, index: str, query: Mapping[str, Any], **more: Any) -> Iterator[dict[str, Any]]:
    """Yield the hits of a query in any order, some perhaps twice; in one request where they fit in one page."""
    body = {"query": query, "size": PAGE, "sort": ["_doc"], "track_total_hits": False, **more}
    hits = search(connection, index, body)["hits"]["hits"]
    yield from hits if len(hits) < PAGE else scan(connection, index, query, **more)


def _page(connection: Connection, body: Mapping[str, Any]) -> Any:
    try:
        answer = connection.post("/_search", body, LONG_TIMEOUT, allow_partial_search_results="false")
    except Refusal as refusal:
        raise refused_search(connection, refusal) from None
    check_shards(connection.address, answer)
    return answer
