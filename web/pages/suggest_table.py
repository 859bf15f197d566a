"""Tables of many tracks as text: bytes → text → rows of cells, and back into a file that a spreadsheet may open.

Everything here is plain values. A table that was handed in keeps its columns, its order and its cells; what is wrong
with it is said with the line.
"""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

# What one upload may hold: more is a catalogue, which `tagkin index` reads.
MAX_TABLE_BYTES = 2 * 1024 * 1024  # bytes
MAX_ROWS = 2_000  # tracks
MAX_TABLE_TAGS = 20_000  # tags, of all tracks
MAX_COLUMNS = 200  # columns
MAX_CELL = 20_000  # characters

# The column of a list whose lines hold nothing but tags.
LINE_COLUMN = "tags"

# Tried in this order; the one that the header holds most often wins.
DELIMITERS = ",;\t|"
DELIMITER_NAMES = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "bars", "": "lines"}

_BOMS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
_QUOTED_CELL = re.compile(r'(?:^|(?<=[,;\t|]))"(?:[^"]|"")*"(?=[,;\t|\r\n]|$)')
_LINE_END = re.compile(r"\r\n|\r|\n")
# What makes a spreadsheet take a cell for a formula, unless the cell is a plain number.
_FORMULA = re.compile(r"[=+\-@\t\r]")
_NUMBER = re.compile(r"[-+]?\d+(?:[.,]\d+)*(?:[eE][-+]?\d+)?%?")


class TableError(ValueError):
    """A text that is no table; the message is for people and names the line, from 1.

    Parameters
    ----------
    line
        Where it was noticed; 0 where no line is to blame.
    """

    def __init__(self, message: str, line: int = 0) -> None:
        super().__init__(f"line {line:,}: {message}" if line else message)
        self.line = line


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of cells under a header.

    Parameters
    ----------
    columns
        Names, each once: an empty one gets its number, a repeated one a suffix.
    rows
        As many cells in each as there are columns.
    delimiter
        One of `DELIMITERS`, or ``""`` for a table of one column, whose lines are taken whole.
    """

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    delimiter: str = ","


def decode_table(data: bytes) -> tuple[str, str]:
    """Decode an uploaded table.

    Returns
    -------
    text, encoding
        The encoding as people know it: ``"UTF-8"``, ``"UTF-16"``, else ``"Latin-1"`` with the additions of Windows.

    Raises
    ------
    TableError
        If it is too long, or no text.
    """
    if len(data) > MAX_TABLE_BYTES:
        raise TableError(f"a table has at most {MAX_TABLE_BYTES // 1024 // 1024} MB, this one has {len(data):,} bytes")
    text, encoding = _decoded(data)
    if "\0" in text:
        raise TableError("this is no text: is it a spreadsheet or an archive? Save a spreadsheet as CSV")
    return text, encoding


def _decoded(data: bytes) -> tuple[str, str]:
    mark = next((name for mark, name in _BOMS if data.startswith(mark)), "utf-8")
    try:
        return data.decode(mark), "UTF-16" if mark == "utf-16" else "UTF-8"
    except UnicodeDecodeError as error:
        if mark != "utf-8":
            name = mark.removesuffix("-sig").upper()
            raise TableError(f"it begins as {name}, but byte {error.start:,} does not go on so") from None
    try:
        return data.decode("cp1252"), "Latin-1"
    except UnicodeDecodeError:
        return data.decode("latin-1"), "Latin-1"


def parse_table(text: str) -> Table:
    """Read a table: a header, then a row a track; lines without any text are passed over.

    A row may leave out empty cells at its end, as spreadsheets do.

    Raises
    ------
    TableError
        If there is no header or no row, a row has more cells than the header, or a quote is never closed.
    """
    delimiter = find_delimiter(text)
    cells = _read_cells(text, delimiter)
    line, header = next(cells, (0, []))
    if not header:
        raise TableError("the table is empty: its first line names the columns, each further line is a track")
    if len(header) > MAX_COLUMNS:
        raise TableError(f"a table has at most {MAX_COLUMNS} columns, this one has {len(header):,}", line)
    rows: list[tuple[str, ...]] = []
    for line, row in cells:
        if len(rows) == MAX_ROWS:
            raise TableError(f"a table has at most {MAX_ROWS:,} tracks, this one goes on: send it in parts", line)
        rows.append(_fitted(row, len(header), delimiter, line))
    if not rows:
        raise TableError("there is a header, but no track under it", 1)
    return Table(_named(header), tuple(rows), delimiter)


def has_uneven_rows(text: str) -> bool:
    """Whether the rows of a text have different numbers of cells, empty ones at the end aside."""
    delimiter = find_delimiter(text)
    try:
        counts = {_width(row) for _, row in _read_cells(text, delimiter)}
    except TableError:
        return False
    return len(counts) > 1


def _width(row: Sequence[str]) -> int:
    """Return how many cells a row has up to the last that holds something."""
    return max((at for at, cell in enumerate(row, 1) if cell.strip()), default=0)


def parse_lines(text: str) -> Table:
    """Read a text without a header, each line a track, all of it tags, into a table of the one column `LINE_COLUMN`.

    Raises
    ------
    TableError
        If there is no line, too many, or one that is too long.
    """
    rows: list[tuple[str, ...]] = []
    for line, row in _read_cells(text, ""):
        if len(rows) == MAX_ROWS:
            raise TableError(f"a list has at most {MAX_ROWS:,} tracks, this one goes on: send it in parts", line)
        rows.append(_fitted(row, 1, "", line))
    if not rows:
        raise TableError("the list is empty: each line is a track")
    return Table((LINE_COLUMN,), tuple(rows), "")


def find_delimiter(text: str) -> str:
    """Return what parts the cells of a table: what its first line with text holds most often, ``""`` for nothing."""
    bare = _LINE_END.split(_QUOTED_CELL.sub("", text.lstrip("\r\n ")), 1)[0]
    best = max(DELIMITERS, key=bare.count)
    return best if best in bare else ""


def _read_cells(text: str, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    """Yield the rows that hold text, each with the line it begins at."""
    if not delimiter:
        yield from ((at, [line.strip()]) for at, line in enumerate(_LINE_END.split(text), 1) if line.strip())
        return
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    begins = 1
    while True:
        try:
            row = next(rows, None)
        except csv.Error as error:
            raise TableError(_csv_slip(str(error)), begins) from None
        if row is None:
            return
        if any(cell.strip() for cell in row):
            yield begins, row
        begins = rows.line_num + 1


def _csv_slip(message: str) -> str:
    if "unexpected end of data" in message:
        return "a quote is opened in this row and never closed"
    if "field larger" in message:
        return f"a cell has at most {MAX_CELL:,} characters, got more: is a quote never closed?"
    return "a quote ends inside a cell: write a quote in a quoted cell twice"


def _fitted(row: list[str], expected: int, delimiter: str, line: int) -> tuple[str, ...]:
    """Give a row as many cells as the header has."""
    while len(row) > expected and not row[-1].strip():
        row = row[:-1]
    if len(row) > expected:
        one = DELIMITER_NAMES[delimiter].removesuffix("s")
        raise TableError(
            f"expected {expected} cells as in the header, got {len(row)}: is a {one} in a cell without quotes?", line
        )
    if (longest := max(map(len, row))) > MAX_CELL:
        raise TableError(f"a cell has at most {MAX_CELL:,} characters, got {longest:,}", line)
    return (*row, *("" for _ in range(expected - len(row))))


def _named(header: Sequence[str]) -> tuple[str, ...]:
    """Name every column once."""
    names: list[str] = []
    for at, cell in enumerate(header, 1):
        name = plain = cell.strip() or f"column {at}"
        repeat = 2
        while name in names:
            name, repeat = f"{plain}.{repeat}", repeat + 1
        names.append(name)
    return tuple(names)


def write_table(table: Table) -> str:
    r"""Write a table as a file for spreadsheets, rows ending with ``\r\n``; `parse_table` gives it back, guards aside.

    A table of one column is written with commas, for it has more than one once something is added.
    """
    stream = io.StringIO(newline="")
    delimiter = table.delimiter or ","
    # A header that holds other delimiters is quoted, or a reader would take them for what parts the cells.
    ambiguous = any(char in name for name in table.columns for char in DELIMITERS)
    header = csv.writer(stream, delimiter=delimiter, quoting=csv.QUOTE_ALL if ambiguous else csv.QUOTE_MINIMAL)
    header.writerow(map(guarded, table.columns))
    csv.writer(stream, delimiter=delimiter).writerows(map(guarded, row) for row in table.rows)
    return stream.getvalue()


def guarded(cell: str) -> str:
    """Keep a spreadsheet from running a cell as a formula: an apostrophe before what begins like one."""
    return f"'{cell}" if _FORMULA.match(cell) and not _NUMBER.fullmatch(cell) else cell


def with_columns(table: Table, names: Iterable[str], columns: Iterable[Sequence[str]]) -> Table:
    """Return a table with further columns at its right, their names made new where the table has them already."""
    added = list(columns)
    rows = tuple((*row, *(column[at] for column in added)) for at, row in enumerate(table.rows))
    return Table(_named((*table.columns, *names)), rows, table.delimiter)
