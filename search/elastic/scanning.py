"""Reading all of an index, or a part of it, page by page, as it is when the first page is asked for."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import Any

from search.elastic.answering import refused_search, search
from search.elastic.connection import LONG_TIMEOUT, SHORT_TIMEOUT, Connection
from search.elastic.failures import HalfUp, Refusal, check_shards, missing_index
from search.elastic.indices import ask
from search.engine import SearchUnavailable

# Documents read at once.
PAGE = 1_000
# How long the server keeps a view of the index for us between two pages.
_VIEW = "10m"
# Where a view is lost, others are opened after so long: servers that lost one of them need a moment to know of it.
_REOPENED_AFTER = (0.1, 0.5, 2.0)  # seconds

# Whatever order costs least.
ANY_ORDER = "_shard_doc"


def scan(
    connection: Connection, index: str, query: Mapping[str, Any], sort: str = ANY_ORDER, after: str = "", **more: Any
) -> Iterator[dict[str, Any]]:
    """Yield the hits of a query, ascending, all as the index is when the first is asked for.

    A server may lose its view of the index: it stops, or nobody asks for the next page for too long. Then the rest is
    as the index is from there on; in any order, hits may come twice.

    Parameters
    ----------
    sort
        A field that no two hits share, or any order.
    after
        Where to begin in the order; from the start when empty.
    more
        Of the search's body.

    Raises
    ------
    BadIndex
        If there is no index.
    SearchUnavailable
        If the server cannot answer, or not from all of the index.
    """
    body: dict[str, Any] = {"query": query, "size": PAGE, "sort": [{sort: "asc"}], "track_total_hits": False, **more}
    if after:
        body["search_after"] = [after]
    waits = iter(_REOPENED_AFTER)
    while True:
        try:
            for hits in _pages(connection, index, body):
                if hits and sort != ANY_ORDER:  # in any order, places are those of one view
                    body["search_after"] = hits[-1]["sort"][:1]
                    waits = iter(_REOPENED_AFTER)
                yield from hits
            return
        except HalfUp:
            if (wait := next(waits, None)) is None:
                raise
            time.sleep(wait)


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
