"""What two generations have and lack: documents with their versions, and the ids that only one of them has."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from contextlib import closing
from typing import Any, NamedTuple

from search.document import Document
from search.elastic.bulk import Line
from search.elastic.connection import LONG_TIMEOUT, Connection
from search.elastic.encoding import decode_document
from search.elastic.failures import Refusal
from search.elastic.mapping import KEPT, writes_alias
from search.elastic.scanning import scan

# Documents in one request.
_AT_ONCE = 1_000

_NEWER_THERE = 409


class Versioned(NamedTuple):
    """A document, unless it was not asked for, with its version."""

    document: Document | None
    version: int


def read_versions(
    connection: Connection, index: str, ids: Sequence[str], realtime: bool, documents: bool
) -> list[Versioned | None]:
    """Return versions by the server's ids, None where there is no document.

    Parameters
    ----------
    realtime
        Whether also what searches do not see yet.
    documents
        Whether to bring the documents.
    """
    wanted = "docs.found,docs.error,docs._version" + (",docs._source" if documents else "")
    source = ",".join(KEPT) if documents else "false"
    params = {"realtime": str(realtime).lower(), "filter_path": wanted, "_source": source}
    found: list[Versioned | None] = []
    for start in range(0, len(ids), _AT_ONCE):
        body = {"ids": list(ids[start : start + _AT_ONCE])}
        for one in _post(connection, f"/{index}/_mget", body, **params)["docs"]:
            if "error" in one:
                raise connection.refused_part(one)
            found.append(_versioned(one, documents) if one["found"] else None)
    return found


def _versioned(one: dict[str, Any], documents: bool) -> Versioned:
    return Versioned(decode_document(one["_source"]) if documents else None, one["_version"])


def present(connection: Connection, index: str, ids: Sequence[str]) -> list[bool]:
    """Return for each id of the server whether there is such a document, seen by searches or not."""
    return [one is not None for one in read_versions(connection, index, ids, realtime=True, documents=False)]


def send(connection: Connection, index: str, lines: Sequence[Line]) -> None:
    """Send operations; one for which something newer is there is done already.

    Raises
    ------
    SearchUnavailable
        If one could not be done.
    """
    for start in range(0, len(lines), _AT_ONCE):
        body = b"".join([part for line in lines[start : start + _AT_ONCE] for part in line[1:]])
        asked = {"require_alias": "true", "filter_path": "errors,items.*.status,items.*.error"}
        answer = _post(connection, f"/{writes_alias(index)}/_bulk", body, **asked)
        for item in answer["items"] if answer.get("errors") else ():
            (result,) = item.values()
            if "error" in result and result["status"] != _NEWER_THERE:
                raise connection.refused_part(result)


def differing(
    connection: Connection, index: str, other: str, patience: float = 0.0
) -> tuple[list[tuple[str, int]], list[tuple[str, int]]]:
    """Return ids of tracks, with their versions, that searches see only in one index, and those only in the other.

    Parameters
    ----------
    patience
        Seconds to keep trying while the server is away.
    """
    here, there = _ids(connection, index, patience), _ids(connection, other, patience)
    only_here, only_there = [], []
    with closing(here), closing(there):
        one, two = next(here, None), next(there, None)
        while one is not None or two is not None:
            if two is None or (one is not None and one[0].encode() < two[0].encode()):  # the server's order
                assert one is not None
                only_here.append(one)
                one = next(here, None)
            elif one is None or two[0] != one[0]:
                only_there.append(two)
                two = next(there, None)
            else:
                one, two = next(here, None), next(there, None)
    return only_here, only_there


def _ids(connection: Connection, index: str, patience: float) -> Generator[tuple[str, int]]:
    query: dict[str, Any] = {"match_all": {}}
    for hit in scan(connection, index, query, "track_id", patience=patience, version=True, _source=False):
        yield hit["sort"][0], hit["_version"]


def _post(connection: Connection, path: str, body: Any, **params: Any) -> Any:
    try:
        return connection.post(path, body, timeout=LONG_TIMEOUT, **params)
    except Refusal as refusal:
        raise connection.refused(refusal) from None
