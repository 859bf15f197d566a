"""Text of a cell → value of a track: each value checked once, here, with the likely slip in the message."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence

import orjson

from indexer.entries import BadTrack
from tagmodel.folding import split_tags
from tagmodel.track import LONGEST_TAG, LONGEST_TEXT, LONGEST_TRACK, YEARS

__all__ = [
    "BadTrack",
    "is_stated",
    "isrc_key",
    "join_tags",
    "parse_duration",
    "parse_shares",
    "parse_tags",
    "parse_text",
    "parse_year",
]

_NOT_STATED = frozenset({"", "-", "?", "n/a", "na", "nan", "none", "null", "nil", "unknown"})
_CLOCK = re.compile(r"(?:(\d+):)?(\d{1,3}):(\d{1,2}(?:\.\d+)?)")
_SECONDS = re.compile(r"([-+]?\d+(?:\.\d+)?(?:e[-+]?\d+)?)\s*(?:s|sec|secs|seconds)?", re.IGNORECASE)
_PYTHON_TEXT = re.compile(r"""'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*\"""", re.DOTALL)
_PYTHON_LIST = re.compile(rf"\[\s*(?:{_PYTHON_TEXT.pattern})(?:\s*,\s*(?:{_PYTHON_TEXT.pattern}))*\s*\]", re.DOTALL)
_YEAR = re.compile(r"(?<!\d)(\d{4})(?!\d)")


def parse_text(cell: object, name: str, verbatim: bool = False) -> str:
    """Return a cell as text, outer white space trimmed unless `verbatim`; a list is joined with commas."""
    if isinstance(cell, str):
        text = cell if verbatim else cell.strip()
    elif cell is None or (isinstance(cell, float) and math.isnan(cell)):
        return ""
    elif isinstance(cell, list):
        text = ", ".join(parse_text(part, name) for part in cell)
    elif isinstance(cell, dict):
        raise BadTrack(f"{name}: expected text, got an object")
    elif isinstance(cell, bytes):  # what is UTF-8 was made text of where it was read
        raise BadTrack(f"{name}: expected text, got bytes that are not UTF-8; is it the right column?")
    else:
        text = str(int(cell)) if isinstance(cell, float) and cell.is_integer() else str(cell)
    if "\0" in text:
        raise BadTrack(f"{name}: expected text, got a NUL character in it")
    if len(text) > LONGEST_TEXT and name != "tags":
        raise BadTrack(
            f"{name}: expected at most {LONGEST_TEXT:,} characters, got {len(text):,}; is it the right column?"
        )
    return text


def is_stated(text: str) -> bool:
    """Whether a cell holds something, and not what people write where there is nothing: ``N/A``, ``-``, ``unknown``."""
    return text.strip().lower() not in _NOT_STATED


def isrc_key(isrc: str) -> str:
    """Return an ISRC without what people put between its parts; ``""`` where it is none."""
    key = re.sub(r"[^A-Za-z0-9]", "", isrc).upper()
    return key if re.fullmatch(r"[A-Z]{2}[A-Z0-9]{3}\d{7}", key) else ""


def parse_duration(cell: object, limit: float = LONGEST_TRACK) -> float | None:
    """Return seconds from ``245``, ``"4:05"`` or ``"1:02:03.5"``; None where not stated or 0."""
    text = parse_text(cell, "duration").lower()
    if text in _NOT_STATED:
        return None
    if clock := _CLOCK.fullmatch(text):
        hours, minutes, seconds = clock.groups(default="0")
        length = int(hours) * 3600 + int(minutes) * 60 + float(seconds)
    elif plain := _SECONDS.fullmatch(text):
        length = float(plain[1])
    else:
        raise BadTrack(f"duration: expected seconds or m:ss, got {text[:40]!r}")
    if length < 0:
        raise BadTrack(f"duration: expected seconds above 0, got {text}")
    if length > limit:
        raise BadTrack(f"duration: expected at most {limit:,} seconds, got {text}; did you pass milliseconds?")
    return length or None


def parse_year(cell: object) -> int | None:
    """Return the year of ``2005``, ``"2005-03-01"`` or ``"1 March 2005"``; None where not stated or 0."""
    text = parse_text(cell, "year").removesuffix(".0")
    if text.lower() in _NOT_STATED or not text.strip("0-/."):
        return None
    found = _YEAR.search(text)
    if found is None or int(found[1]) not in YEARS:
        raise BadTrack(
            f"year: expected a year from {YEARS[0]} to {YEARS[-1]} or a date such as 2005-03-01, got {text[:40]!r}"
        )
    return int(found[1])


def parse_tags(cell: object, separators: str, verbatim: bool = False) -> list[str]:
    """Return the tags of a cell as typed: text is split, a list (JSON's, or Python's as text) is taken item by item.

    Parameters
    ----------
    verbatim
        Keep white space around the items of a list, and empty items.
    """
    items = cell if isinstance(cell, list) else _listed(cell)
    if items is None:
        text = parse_text(cell, "tags")
        tags = split_tags(text, separators) if text else []
    else:
        tags = [tag for item in items if (tag := parse_text(item, "tags", verbatim)) or verbatim]
    if tags and len(longest := max(tags, key=len)) > LONGEST_TAG:
        raise BadTrack(
            f"tags: expected at most {LONGEST_TAG} characters a tag, got {len(longest):,} in {longest[:40]!r}; "
            "is there another --tag-separator?"
        )
    return tags


def _listed(cell: object) -> list[object] | None:
    """Return the list that a cell spells out, ``['rock', 'pop']`` as data frames write it, or None."""
    if not isinstance(cell, str) or not (cell.startswith("[") and cell.endswith("]")):
        return None
    try:
        items = orjson.loads(cell)
    except ValueError:
        return _python_list(cell)
    return items if isinstance(items, list) else None


def _python_list(cell: str) -> list[object] | None:
    if not _PYTHON_LIST.fullmatch(cell):
        return None
    quoted = (match[0][1:-1] for match in _PYTHON_TEXT.finditer(cell))
    return [re.sub(r"\\(.)", r"\1", text, flags=re.DOTALL) for text in quoted]


def join_tags(tags: Sequence[str]) -> str:
    """Join tags into one cell that `parse_tags` takes apart again into the same ones.

    Tags that are empty or have white space around them, which no splitting would give back, make it a JSON list.
    """
    if any(tag != tag.strip() or not tag for tag in tags):
        return orjson.dumps(tags).decode()
    return ";".join(_quoted(tag) for tag in tags)


def _quoted(tag: str) -> str:
    if tag.startswith(('"', "[")) or re.search(r"[,;|\t\r\n]", tag):
        return '"' + tag.replace('"', '""') + '"'
    return tag


def parse_shares(cell: object, n_tags: int) -> tuple[float, ...]:
    """Return the shares parallel to the tags, from a list or text with ``;`` between; empty where not stated."""
    parts = cell if isinstance(cell, list) else parse_text(cell, "shares").split(";")
    try:
        shares = tuple(float(part) for part in parts if part != "")
    except (TypeError, ValueError):
        raise BadTrack(f"shares: expected numbers, got {str(cell)[:40]!r}") from None
    if shares and (len(shares) != n_tags or not all(0 < share <= 1 for share in shares)):
        raise BadTrack(f"shares: expected {n_tags} numbers in (0, 1], one for each tag, got {str(cell)[:40]!r}")
    return shares
