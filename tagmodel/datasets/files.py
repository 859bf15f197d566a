"""Opening data set files: plain or ``.xz``, with one kind of error that says what is wrong and where to look."""

from __future__ import annotations

import csv
import hashlib
import lzma
from collections.abc import Callable, Iterator, Sequence
from operator import itemgetter
from pathlib import Path
from typing import BinaryIO, cast

from tagmodel.datasets.dataset import BadDataSet, DataFile

# Longest field of a table: FMA's biographies pass the csv module's own limit.
csv.field_size_limit(1 << 24)  # characters

_BLOCK = 1 << 20  # bytes read at a time


def find_file(data_dir: Path, file: DataFile) -> Path | None:
    """Find a data file, plain or compressed, under any of its names."""
    names = [name + ending for name in (file.path, *file.also) for ending in ("", ".xz")]
    return next((data_dir / name for name in names if (data_dir / name).is_file()), None)


def require_file(data_dir: Path, file: DataFile, source: str) -> Path:
    """Find a data file or say where it comes from.

    Raises
    ------
    BadDataSet
        If it is not there.
    """
    path = find_file(data_dir, file)
    if path is None:
        raise BadDataSet(
            f"expected {data_dir / file.path} (or .xz), got nothing: it comes from {source}; "
            "is the data directory right (--data-dir, TAGKIN_DATA)?"
        )
    return path


def open_binary(path: Path) -> BinaryIO:
    """Open a plain or compressed file for reading the plain bytes."""
    return cast(BinaryIO, lzma.open(path)) if path.suffix == ".xz" else path.open("rb")


def read_lines(path: Path, encoding: str = "utf-8") -> Iterator[str]:
    """Yield the lines of a text file, line ends kept (a quoted field may hold them).

    Raises
    ------
    BadDataSet
        If the file cannot be decompressed or decoded, or not be read at all.
    """
    number = 0
    try:
        with (
            lzma.open(path, "rt", encoding=encoding, newline="")
            if path.suffix == ".xz"
            else path.open(encoding=encoding, newline="") as lines
        ):
            for number, line in enumerate(lines, start=1):  # noqa: B007 - read after an error
                yield line
    except UnicodeDecodeError as error:
        raise BadDataSet(
            f"{path}, after line {number}: expected {encoding} text, got {error.object[error.start]:#04x} "
            f"({error.reason}): was the file re-saved in another encoding?"
        ) from error
    except (lzma.LZMAError, EOFError, OSError) as error:
        raise BadDataSet(
            f"{path}, after line {number}: expected readable data, got {error}: is the file cut off?"
        ) from error


def read_table(path: Path, delimiter: str = ",") -> Iterator[tuple[int, list[str]]]:
    """Yield (line number, fields) for each row of a table; empty lines are left out.

    Raises
    ------
    BadDataSet
        If the file cannot be read, or is no table.
    """
    rows = csv.reader(read_lines(path), delimiter=delimiter, strict=True)
    try:
        for row in rows:
            if row:
                yield rows.line_num, row
    except csv.Error as error:
        raise BadDataSet(
            f"{path}, line {rows.line_num}: expected a table row, got {error}: is a quote missing?"
        ) from error


def pick_columns(path: Path, header: Sequence[str], names: Sequence[str]) -> Callable[[Sequence[str]], tuple[str, ...]]:
    """Return what picks the named columns out of a row.

    Raises
    ------
    BadDataSet
        If the header lacks one of them.
    """
    lacking = [name for name in names if name not in header]
    if lacking:
        raise BadDataSet(
            f"{path}, line 1: expected the columns {', '.join(names)}, got {', '.join(header[:8])}"
            f"{', …' if len(header) > 8 else ''} without {', '.join(lacking)}: is it another file, or re-saved?"
        )
    return cast(Callable[[Sequence[str]], tuple[str, ...]], itemgetter(*(list(header).index(name) for name in names)))


def read_columns(path: Path, names: Sequence[str], delimiter: str = ",") -> Iterator[tuple[int, tuple[str, ...]]]:
    """Yield (line number, the two or more named fields) for each row below a one-line header.

    Raises
    ------
    BadDataSet
        If the file is not such a table, or a row has more or fewer fields than the header.
    """
    rows = read_table(path, delimiter)
    _, header = next(rows, (0, []))
    pick = pick_columns(path, header, names)
    for line, row in rows:
        check_width(path, line, row, len(header))
        yield line, pick(row)


def check_width(path: Path, line: int, row: Sequence[str], width: int) -> None:
    """Check the number of fields of a row; raises `BadDataSet`."""
    if len(row) != width:
        raise BadDataSet(f"{path}, line {line}: expected {width} fields, got {len(row)}: is the file cut off?")


def parse_number(path: Path, line: int, what: str, text: str) -> float:
    """Parse a number of a row; raises `BadDataSet`."""
    try:
        return float(text)
    except ValueError as error:
        raise BadDataSet(
            f"{path}, line {line}: expected {what} as a number, got {text!r}: are the columns shifted?"
        ) from error


def plain_digest(path: Path, algorithm: str) -> tuple[str, int]:
    """Return the hex digest with the size in bytes of the plain content; raises `BadDataSet` if that cannot be read."""
    digest, size = hashlib.new(algorithm), 0
    try:
        with open_binary(path) as content:
            while block := content.read(_BLOCK):
                digest.update(block)
                size += len(block)
    except (lzma.LZMAError, EOFError, OSError) as error:
        raise BadDataSet(f"{path}: expected readable data, got {error}: is the file cut off?") from error
    return digest.hexdigest(), size
