"""Rows of CSV and TSV files, as strict as a catalogue deserves and as forgiving as a bad line allows.

The csv module alone lets one quote that is never closed swallow the rest of a file. Here a row that spans lines and
then does not fit the header is given up at its first line, and reading goes on at the next one.
"""

from __future__ import annotations

import csv
import re
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO

from indexer.entries import RAW_SHOWN, RawRow, Reject, SourceError
from indexer.source_text import MAX_ROW, bounded_lines

# A quoted cell may hold line ends; more of them than this is a quote that was never closed.
MAX_ROW_LINES = 1_000

# Tried in this order; the one that the header holds most often wins.
DELIMITERS = ",;\t|"
# A first line of Excel's own, which says by what the cells are parted.
_SEPARATOR_LINE = re.compile(r"sep=(.)", re.IGNORECASE)
_DELIMITER_NAMES = {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar"}


@dataclass(frozen=True, slots=True)
class _Line:
    number: int
    text: str
    cut: bool


class _OpenQuote(Exception):
    """The text ends inside a quoted cell."""


class _BadRow(Exception):
    """The text is no row; the message says why."""


class _Lines:
    """Numbered lines of a file that can be put back."""

    def __init__(self, stream: IO[str]) -> None:
        self._fresh = (_Line(at, _unmarked(text, at), cut) for at, (text, cut) in enumerate(bounded_lines(stream), 1))
        self._put_back: deque[_Line] = deque()

    def take(self) -> _Line | None:
        return self._put_back.popleft() if self._put_back else next(self._fresh, None)

    def put_back(self, lines: list[_Line]) -> None:
        self._put_back.extendleft(reversed(lines))


def _unmarked(text: str, number: int) -> str:
    """Take the byte order mark off a file's first line: an encoding that was said, such as UTF-8, leaves it there."""
    return text.removeprefix("\ufeff") if number == 1 else text


def read_csv(stream: IO[str], delimiter: str | None = None) -> Iterator[RawRow | Reject]:
    """Yield the rows under the header.

    Parameters
    ----------
    delimiter
        One character; None takes the one that the header holds most often.

    Raises
    ------
    SourceError
        If there is no header, or it is broken. An empty file yields nothing.
    """
    lines = _Lines(stream)
    header = _take_filled(lines)
    if header is None:
        return
    if said := _SEPARATOR_LINE.fullmatch(header.text.strip("\r\n")):
        delimiter, header = said[1], _take_filled(lines)
        if header is None:
            return
    delimiter = delimiter or max(DELIMITERS, key=header.text.count)
    try:
        columns = _column_names(_parse(header, header.text, delimiter))
    except (_OpenQuote, _BadRow) as error:
        raise SourceError(f"line {header.number}: the header is broken: {error or 'a quote is never closed'}") from None
    while (first := _take_filled(lines)) is not None:
        row = _read_row(first, lines, columns, delimiter)
        if isinstance(row, Reject) or any(row.cells.values()):
            yield row


def _take_filled(lines: _Lines) -> _Line | None:
    while (line := lines.take()) is not None and not line.text.strip():
        pass
    return line


def _column_names(cells: list[str]) -> list[str]:
    """Name every column once: an empty name gets its number, a repeated one a suffix."""
    names: list[str] = []
    for at, cell in enumerate(cells, 1):
        name = plain = cell.strip() or f"column {at}"
        repeat = 2
        while name in names:
            name, repeat = f"{plain}.{repeat}", repeat + 1
        names.append(name)
    return names


def _parse(first: _Line, text: str, delimiter: str) -> list[str]:
    if first.cut or len(text) > MAX_ROW:
        raise _BadRow(f"expected at most {MAX_ROW:,} characters a row, got more; is a quote never closed?")
    if "\0" in text:
        raise _BadRow("expected text, got a NUL byte; is the file UTF-16 or damaged?")
    try:
        return next(csv.reader([text], delimiter=delimiter, strict=True))
    except csv.Error as error:
        if "unexpected end of data" in str(error):
            raise _OpenQuote from None
        raise _BadRow(f"broken CSV: {error}") from None


def _read_row(first: _Line, lines: _Lines, columns: list[str], delimiter: str) -> RawRow | Reject:
    """Read the row that begins with `first`; following lines are taken only if they make it whole."""
    taken: list[_Line] = []
    try:
        text = first.text
        cells = _read_cells(first, lines, taken, delimiter)
        if len(cells) != len(columns):
            raise _BadRow(_wrong_count(len(columns), len(cells), delimiter))
    except _BadRow as error:
        lines.put_back(taken)
        return Reject(first.number, str(error), first.text[:RAW_SHOWN].rstrip("\r\n"))
    text += "".join(line.text for line in taken)
    return RawRow(first.number, dict(zip(columns, cells, strict=True)), text)


def _read_cells(first: _Line, lines: _Lines, taken: list[_Line], delimiter: str) -> list[str]:
    text = first.text
    while True:
        try:
            return _parse(first, text, delimiter)
        except _OpenQuote:
            more = _take_to_quote(lines, taken)
            if not more or len(taken) > MAX_ROW_LINES:
                raise _BadRow("a quote is opened here and never closed") from None
            text += more


def _take_to_quote(lines: _Lines, taken: list[_Line]) -> str:
    """Take lines up to one with a quote in it, which alone can end a quoted cell; return their text."""
    text = ""
    while len(taken) <= MAX_ROW_LINES and len(text) <= MAX_ROW and (line := lines.take()) is not None:
        taken.append(line)
        text += line.text
        if '"' in line.text:
            return text
    return ""


def _wrong_count(expected: int, got: int, delimiter: str) -> str:
    name = _DELIMITER_NAMES.get(delimiter, repr(delimiter))
    slip = f"is a {name} in a value without quotes around it?" if got > expected else "is the row cut off?"
    return f"expected {expected} fields, got {got}; {slip}"
