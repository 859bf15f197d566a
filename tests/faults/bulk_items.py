"""Single items of bulk requests: taken out of the request, and put as refusals into the answer."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

# As Elasticsearch 8.19 and 9.2 say them.
REJECTED = {"type": "es_rejected_execution_exception", "reason": "rejected execution of primary operation: queue full"}
UNPARSABLE = {"type": "document_parsing_exception", "reason": "[1:2] failed to parse: refused by the fault proxy"}


@dataclass(frozen=True)
class Item:
    """One action of a bulk request with its lines; `document` is its ``_id``, empty where the server is to make one."""

    action: str
    index: str
    document: str
    lines: bytes

    def refused(self, status: int) -> dict[str, Any]:
        """Return what a bulk answer says of this item when it is refused with 429 or 400."""
        error = REJECTED if status == 429 else UNPARSABLE
        return {self.action: {"_index": self.index, "_id": self.document, "status": status, "error": error}}


def read_items(body: bytes, path: str) -> list[Item]:
    """Take a bulk body apart; items that name no index have that of the path."""
    return list(_items(iter(body.splitlines(keepends=True)), path.strip("/").rpartition("_bulk")[0].strip("/")))


def _items(lines: Iterator[bytes], index: str) -> Iterator[Item]:
    for line in lines:
        if not line.strip():
            continue
        action, about = next(iter(json.loads(line).items()))
        source = b"" if action == "delete" else next(lines)
        yield Item(action, about.get("_index", index), str(about.get("_id", "")), line + source)


def with_refusals(answer: dict[str, Any], refused: dict[int, dict[str, Any]]) -> dict[str, Any]:
    """Return a bulk answer with refused items put in at their places in the request as the client sent it.

    Parameters
    ----------
    answer
        What the server said of the other items, whole.
    refused
        Place in the client's request → the item's answer.
    """
    done = iter(answer["items"])
    n_items = len(answer["items"]) + len(refused)
    items = [refused[place] if place in refused else next(done) for place in range(n_items)]
    return {**answer, "errors": answer["errors"] or bool(refused), "items": items}


def filtered(content: Any, patterns: list[str]) -> Any:
    """Return the parts of JSON that ``filter_path`` asks for (inclusive patterns only), as Elasticsearch leaves them.

    Raises
    ------
    ValueError
        If a pattern excludes (``-took``) or reaches over any depth (``**``).
    """
    if any(pattern.startswith("-") or "**" in pattern for pattern in patterns):
        raise ValueError(f"expected filter_path with inclusive patterns of fixed depth, got {patterns}")
    return _kept(content, [pattern.split(".") for pattern in patterns])


def _kept(content: Any, paths: list[list[str]]) -> Any:
    if isinstance(content, list):
        parts = (_kept(part, paths) for part in content)
        return [part for part in parts if part not in ({}, [], None)]
    if not isinstance(content, dict):
        return None
    kept = {}
    for key, value in content.items():
        rests = [path[1:] for path in paths if fnmatchcase(key, path[0])]
        part = value if [] in rests else _kept(value, rests) if rests else None
        if part not in ({}, [], None):
            kept[key] = part
    return kept
