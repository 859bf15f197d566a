"""Reading all of an index, or a part of it, page by page, as it is when the first page is asked for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from search.elastic.answering import search
from search.elastic.connection import LONG_TIMEOUT, Connection, Refusal, check_shards, missing_index
from search.elastic.indices import ask

# Documents read at once.
PAGE = 1_000
# How long the server keeps a view of the index for us between two pages.
_VIEW = "10m"

# Whatever order costs least.
ANY_ORDER = "_shard_doc"


def scan(
    connection: Connection, index: str, query: Mapping[str, Any], sort: str = ANY_ORDER, after: str = "", **more: Any
) -> Iterator[dict[str, Any]]:
    """Yield the hits of a query, ascending.

    Parameters
    ----------
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
    opened = ask(connection, "POST", f"/{index}/_pit", keep_alive=_VIEW)
    if opened is None:
        raise missing_index(connection.address)
    view = opened["id"]
    try:
        while True:
            answer = _page(connection, body | {"pit": {"id": view, "keep_alive": _VIEW}})
            hits = answer["hits"]["hits"]
            yield from hits
            if len(hits) < PAGE:
                return
            view, body["search_after"] = answer.get("pit_id", view), hits[-1]["sort"]
    finally:
        ask(connection, "DELETE", "/_pit", {"id": view})


def scan_few(connection: Connection, index: str, query: Mapping[str, Any], **more: Any) -> Iterator[dict[str, Any]]:
    """Yield the hits of a query in any order, in one request where they fit in one page: most often there are few."""
    body = {"query": query, "size": PAGE, "sort": ["_doc"], "track_total_hits": False, **more}
    hits = search(connection, index, body)["hits"]["hits"]
    yield from hits if len(hits) < PAGE else scan(connection, index, query, **more)


def _page(connection: Connection, body: Mapping[str, Any]) -> Any:
    try:
        answer = connection.post("/_search", body, LONG_TIMEOUT, allow_partial_search_results="false")
    except Refusal as refusal:
        raise connection.refused(refusal) from None
    check_shards(connection.address, answer)
    return answer
