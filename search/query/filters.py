"""Filters of a query: ``genre:rock``, ``duration:90..180``, ``year:>2005``, ``key:Am``, read and written.

Ranges are closed in `search.plan.Filters`. A strict bound moves inwards by one step, the smallest difference that a
field knows: a thousandth of a second or of a beat, a whole year.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from rapidfuzz import process
from rapidfuzz.distance import OSA

from search.musical_key import KEY_EXAMPLES, fold_key
from search.plan import Filters, Range
from search.query.syntax import Token
from search.words import fold_value

# Filters of one query, alternatives included.
MAX_FILTERS = 20

VALUE_FIELDS = ("genre", "license", "artist")
RANGE_FIELDS = ("duration", "year", "bpm")
# Musical keys are values as well, but every way of writing one means the same.
KEY_FIELD = "key"
FIELDS = (*VALUE_FIELDS, *RANGE_FIELDS, KEY_FIELD)

_COMPARISON = re.compile(r"(<=|>=|<|>|≤|≥)(.*)")
_CLOCK = re.compile(r"(?:(\d{1,3}):)?(\d{1,3}):([0-5]\d)")
_SECONDS = re.compile(r"\d{1,7}(?:\.\d{1,3})?")
_NUMBER = re.compile(r"\d{1,3}(?:\.\d{1,3})?")
_YEAR = re.compile(r"\d{4}")
_DASHED = re.compile(r"([\d:.]+)[-\u2013\u2014]([\d:.]+)")
_BARE_VALUE = re.compile(r"""[^\s"(),;^]+""")


@dataclass(frozen=True, slots=True)
class _Measure:
    """How a range field is written."""

    step: float
    expected: str
    single: bool  # whether one number is a range of its own


_MEASURES = {
    "duration": _Measure(0.001, "<120, >=2:30, 90..180 or 1:30..3:00 (seconds, or minutes and seconds)", single=False),
    "year": _Measure(1, "2005, 2005..2010, >2005 or <=2010", single=True),
    "bpm": _Measure(0.001, "90..110, <100 or >=128 (beats per minute)", single=False),
}


def nearest_field(typed: str) -> str | None:
    """Return the field that a misspelled one most likely means."""
    found = process.extractOne(typed.casefold(), FIELDS, scorer=OSA.normalized_similarity, score_cutoff=0.5)
    return found[0] if found else None


def read_filters(tokens: Sequence[Token]) -> Filters:
    """Read the filter tokens of a query, each with a field of `FIELDS`.

    Raises
    ------
    QueryError
        If there are too many, a value is missing or no range, or a range field is given twice.
    """
    if len(tokens) > MAX_FILTERS:
        raise tokens[MAX_FILTERS].error(f"expected at most {MAX_FILTERS} filters, got {len(tokens)}: leave some out")
    filters = Filters()
    for token in tokens:
        filters = _add(filters, token)
    return filters


def add_filter(filters: Filters, field: str, value: str) -> Filters:
    """Add one alternative value to a field, or set a range.

    Parameters
    ----------
    value
        As in the query language, without quotes; ``""`` is "not stated".

    Raises
    ------
    ValueError
        If there is no such field, or a range or a musical key is misspelled.
    """
    if field in RANGE_FIELDS:
        return _changed(filters, field, _range(field, value))
    if field not in FIELDS:
        raise ValueError(f"expected one of {', '.join(FIELDS)}, got {field!r}")
    values = getattr(filters, field)
    return _changed(filters, field, tuple(dict.fromkeys((*values, _folded(field, value)))))


def drop_filter(filters: Filters, field: str, value: str | None = None) -> Filters:
    """Take one value off a field; a range, or with None the field, goes whole."""
    if field in RANGE_FIELDS:
        return _changed(filters, field, None)
    kept = tuple(one for one in getattr(filters, field) if value is not None and one != _folded(field, value))
    return _changed(filters, field, kept)


def write_filters(filters: Filters, fields: Sequence[str] = FIELDS) -> Iterator[str]:
    """Yield each filter of some fields as the query language writes it."""
    for field in fields:
        asked = getattr(filters, field)
        if field not in RANGE_FIELDS:
            yield from (write_filter(field, value) for value in asked)
        elif asked is not None:
            yield f"{field}:{write_range(field, asked)}"


def write_filter(field: str, value: str) -> str:
    """Write one value of a field that has values, not ranges, as the query language does."""
    return f"{field}:{_bare_or_quoted(value.capitalize() if field == KEY_FIELD else value)}"


def write_range(field: str, interval: Range) -> str:
    """Write a range as a person would: ``<120`` for all up to 119.999 seconds."""
    low, high, step = interval.low, interval.high, _MEASURES[field].step
    if low is None and high is not None:
        return f"<{_number(high + step)}" if _reads_better(field, high, high + step) else f"<={_number(high)}"
    if high is None and low is not None:
        return f">{_number(low - step)}" if _reads_better(field, low, low - step) else f">={_number(low)}"
    if low == high and _MEASURES[field].single:
        return _number(low)
    return f"{_number(low)}..{_number(high)}"


def _folded(field: str, value: str) -> str:
    """Fold a value as engines compare it; ``""``, "not stated", is itself."""
    if field != KEY_FIELD or not value:
        return fold_value(value)
    key = fold_key(value)
    if key is None:
        slip = f", did you mean {value}m or {value}-major?" if fold_key(f"{value} minor") else ""
        raise ValueError(f"expected key: with a musical key such as {KEY_EXAMPLES}, got {value}{slip}")
    return key


def _changed(filters: Filters, field: str, value: tuple[str, ...] | Range | None) -> Filters:
    change: dict[str, Any] = {field: value}
    return replace(filters, **change)


def _add(filters: Filters, token: Token) -> Filters:
    field = token.field.casefold()
    if not token.text and not token.quoted:
        raise token.error(f'expected a value after {field}:, got none: is there a blank? {field}:"" is "not stated"')
    if field in RANGE_FIELDS and getattr(filters, field) is not None:
        raise token.error(f"expected one {field}, got two: a range has both ends, such as {field}:{_EXAMPLES[field]}")
    try:
        return add_filter(filters, field, token.text)
    except ValueError as error:
        raise token.error(str(error)) from error


_EXAMPLES = {"duration": "90..180", "year": "2005..2010", "bpm": "90..110"}


def _range(field: str, typed: str) -> Range:
    value = "".join(typed.split())
    interval = _compared(field, value) or _between(field, value) or _single(field, value)
    if interval is None:
        meant = _meant(field, value)
        slip = f", did you mean {meant}?" if meant else ""
        raise ValueError(f"expected {field}: with {_MEASURES[field].expected}, got {typed or 'nothing'}{slip}")
    if interval.low is not None and interval.high is not None and interval.low > interval.high:
        low, _, high = value.partition("..")
        raise ValueError(f"expected the smaller end first, got {value}, did you mean {high}..{low}?")
    return interval


def _meant(field: str, value: str) -> str:
    """Return the range that was probably meant; no tempo is heard so exactly that one number would find it."""
    dashed = _DASHED.fullmatch(value)
    if dashed:
        return f"{dashed[1]}..{dashed[2]}"
    around = _measured(field, value) if field == "bpm" else None
    return "" if around is None else f"{_number(max(around - 2, 0))}..{_number(around + 2)}"


def _compared(field: str, value: str) -> Range | None:
    match = _COMPARISON.fullmatch(value)
    bound = None if match is None else _measured(field, match[2])
    if match is None or bound is None:
        return None
    step = _MEASURES[field].step
    if match[1] in ("<", "<=", "≤"):
        return Range(high=round(bound - step, 3) if match[1] == "<" else bound)
    return Range(low=round(bound + step, 3) if match[1] == ">" else bound)


def _between(field: str, value: str) -> Range | None:
    left, dots, right = value.partition("..")
    low, high = _measured(field, left), _measured(field, right)
    if not dots or (low is None and left) or (high is None and right) or low is high is None:
        return None
    return Range(low, high)


def _single(field: str, value: str) -> Range | None:
    bound = _measured(field, value) if _MEASURES[field].single else None
    return None if bound is None else Range(bound, bound)


def _measured(field: str, text: str) -> float | None:
    """Read seconds, minutes and seconds, beats or a year; None for anything else."""
    if field == "year":
        return float(text) if _YEAR.fullmatch(text) else None
    if field == "bpm":
        return float(text) if _NUMBER.fullmatch(text) else None
    clock = _CLOCK.fullmatch(text)
    if clock:
        return float(int(clock[1] or 0) * 3600 + int(clock[2]) * 60 + int(clock[3]))
    return float(text) if _SECONDS.fullmatch(text) else None


def _reads_better(field: str, bound: float, strict: float) -> bool:
    """Whether to write the strict bound: it is whole where the other is not, or the other is not in the language."""
    is_whole = round(float(strict), 3).is_integer() and not float(bound).is_integer()
    return is_whole or _measured(field, _number(bound)) is None


def _number(value: float | None) -> str:
    """Write a bound without needless digits, ``""`` for an open end."""
    if value is None:
        return ""
    return f"{value:.3f}".rstrip("0").rstrip(".")


def _bare_or_quoted(value: str) -> str:
    if _BARE_VALUE.fullmatch(value):
        return value
    return '"' + value.replace('"', '""') + '"'
