"""Catalogue files that are tables: CSV, TSV, JSON lines and Parquet, each read as a stream of raw rows.

The first rows are looked at before any is used, because columns are guessed from them; a pipe is not read twice for it.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping
from functools import cached_property
from itertools import chain, islice
from pathlib import Path

import orjson

from indexer.csv_rows import read_csv
from indexer.entries import RAW_SHOWN, RawRow, Reject, SourceError, counted
from indexer.source_text import (
    COMPRESSIONS,
    MAX_ROW,
    STDIN,
    bounded_lines,
    check_encoding,
    find_codec,
    is_stream,
    open_source,
    open_text,
)

# So many are looked at to tell what is in a column.
SAMPLE_ROWS = 1_000

# Where JSON lines have more keys than this, the keys are data themselves, and looking for further ones ends.
MOST_KEYS = 1_000

_PARQUET_BATCH = 1_000  # rows

Rows = Iterator[RawRow | Reject]


def table_format(path: Path) -> str | None:
    """Return ``"csv"``, ``"tsv"``, ``"jsonl"`` or ``"parquet"`` by a file's name, None for any other."""
    suffixes = [suffix.lower() for suffix in path.suffixes]
    if suffixes and suffixes[-1] in COMPRESSIONS:
        suffixes.pop()
    suffix = suffixes[-1].removeprefix(".") if suffixes else ""
    return {"ndjson": "jsonl"}.get(suffix, suffix if suffix in READERS else None)


class Table:
    """A catalogue file that was opened, and is known to be readable.

    Parameters
    ----------
    path
        A file, or ``-`` for stdin.
    file_format
        A key of `READERS`.
    encoding
        Of the text; None for UTF-8, or what its byte order mark says.

    Raises
    ------
    SourceError
        If the file is missing, empty, damaged, or of another encoding.
    """

    def __init__(self, path: Path, file_format: str, encoding: str | None = None) -> None:
        self.rereadable = not is_stream(path)
        self._read: Callable[[], Rows] = lambda: READERS[file_format](path, chosen)
        chosen = encoding or "utf-8-sig"
        find_codec(chosen)
        if self.rereadable and file_format != "parquet":
            chosen = check_encoding(path, encoding)
        rows = self._read()
        self._sample = list(islice(rows, SAMPLE_ROWS))
        self._rest = rows
        if not self._sample:
            raise SourceError(f"{path}: expected a row for each track, got nothing but a header at most; is it empty?")
        if not any(self.sample):
            first = next((f"line {row.line}: {row.reason}" for row in self._sample if isinstance(row, Reject)), None)
            raise SourceError(
                f"{path}: of the first {counted(len(self._sample), 'row')} none can be read; "
                f"{first or 'expected values by name, such as a title, got none'}"
            )
        # A header is a fact; a key that no JSON line has may be one that was left out where there is no value.
        self.columns_certain = file_format != "jsonl"

    @property
    def sample(self) -> list[Mapping[str, object]]:
        """The first whole rows, by column."""
        return [row.cells for row in self._sample if isinstance(row, RawRow)]

    @cached_property
    def columns(self) -> tuple[str, ...]:
        """Column names in the order of their first appearance.

        JSON lines have no other list of them than their keys: a file is read once for it, as a key that comes up late
        would not be indexed else. Of a pipe there are only the first rows.
        """
        names = dict.fromkeys(chain.from_iterable(self.sample))
        if self.rereadable and not self.columns_certain and len(self._sample) == SAMPLE_ROWS:
            for row in self.rows():
                if isinstance(row, RawRow) and not names.keys() >= row.cells.keys():
                    names.update(dict.fromkeys(row.cells))
                if len(names) >= MOST_KEYS:
                    break
        return tuple(names)

    def rows(self) -> Rows:
        """Yield all rows; only once if the source is a pipe."""
        if not self.rereadable:
            return chain(self._sample, self._rest)
        with contextlib.suppress(AttributeError):
            self._rest.close()  # type: ignore[attr-defined]
        return self._read()


def _read_separated(path: Path, encoding: str, delimiter: str | None) -> Rows:
    with open_text(path, encoding) as stream:
        try:
            yield from read_csv(stream, delimiter)
        except SourceError as error:
            raise SourceError(f"{path}: {error}") from None


def _read_jsonl(path: Path, encoding: str) -> Rows:
    """Yield JSON lines; the parser itself checks UTF-8, other encodings are put into it first."""
    with contextlib.ExitStack() as stack:
        if encoding.replace("-", "").replace("_", "").lower() in {"utf8", "utf8sig"}:
            numbered = enumerate(bounded_lines(stack.enter_context(open_source(path))), 1)
            for number, (line, cut) in numbered:
                yield from _parse_json_line(number, line, cut)
        else:
            text = stack.enter_context(open_text(path, encoding))
            for number, (words, cut) in enumerate(bounded_lines(text), 1):
                yield from _parse_json_line(number, words.encode(), cut)


def _parse_json_line(number: int, line: bytes, cut: bool) -> Rows:
    line = line.removeprefix(b"\xef\xbb\xbf") if number == 1 else line
    if not line.strip():
        return
    try:
        if cut:
            raise ValueError(f"expected at most {MAX_ROW:,} bytes a line, got more")
        cells = orjson.loads(line)
        if not isinstance(cells, dict):
            raise ValueError(f"expected a JSON object on each line, got {_json_kind(cells)}")
    except ValueError as error:
        slip = "; is it one JSON list? `jq -c '.[]'` makes lines of it" if line.lstrip()[:1] == b"[" else ""
        yield Reject(number, f"broken JSON: {error}{slip}", RawRow(number, {}, line).text())
        return
    yield RawRow(number, cells, line)


def _json_kind(value: object) -> str:
    return {list: "a list", str: "text", type(None): "null"}.get(type(value), type(value).__name__)


def _read_parquet(path: Path, encoding: str) -> Rows:  # noqa: ARG001 - Parquet says itself how text is encoded
    import pyarrow as pa  # takes 0.2 s, and only Parquet needs it
    import pyarrow.parquet as pq

    if is_stream(path):
        raise SourceError(f"{path}: Parquet cannot be read from a pipe; give the file itself")
    try:
        with pq.ParquetFile(path) as file:
            binary = [field.name for field in file.schema_arrow if "binary" in str(field.type)]
            cells = (row for batch in file.iter_batches(_PARQUET_BATCH) for row in batch.to_pylist())
            for number, row in enumerate(cells, 1):
                row.update({name: _bytes_to_text(row[name]) for name in binary})
                yield RawRow(number, row)
    except (pa.ArrowException, OSError) as error:
        raise SourceError(f"{path}: no readable Parquet file ({str(error)[:RAW_SHOWN]})") from None


def _bytes_to_text(cell: object) -> object:
    """Decode what some programs write for text: bytes, alone or in a list; what is not UTF-8 stays bytes."""
    if isinstance(cell, list):
        return [_bytes_to_text(part) for part in cell]
    try:
        return cell.decode() if isinstance(cell, bytes) else cell
    except UnicodeDecodeError:
        return cell


READERS: Mapping[str, Callable[[Path, str], Rows]] = {
    "csv": lambda path, encoding: _read_separated(path, encoding, None),
    "tsv": lambda path, encoding: _read_separated(path, encoding, "\t"),
    "jsonl": _read_jsonl,
    "parquet": _read_parquet,
}

__all__ = ["READERS", "SAMPLE_ROWS", "STDIN", "Table", "table_format"]
