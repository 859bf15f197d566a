"""Catalogue files are known to be readable before their first row is used."""

from __future__ import annotations

import gzip
import lzma
import random
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from indexer.entries import RawRow, Reject, SourceError
from indexer.tables import MOST_KEYS, SAMPLE_ROWS, Table, table_format

ROWS = [{"title": "Blau", "tags": "sad"}, {"title": "Größe", "tags": "rock"}]
CSV = "title,tags\nBlau,sad\nGröße,rock\n"
JSONL = '{"title":"Blau","tags":"sad"}\n\n{"title":"Größe","tags":"rock"}\n'


def cells(path: Path, encoding: str | None = None) -> list[dict[str, object]]:
    file_format = table_format(path)
    assert file_format is not None
    return [dict(row.cells) for row in Table(path, file_format, encoding).rows() if isinstance(row, RawRow)]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.csv", CSV.encode()),
        ("a.CSV.gz", gzip.compress(CSV.encode(), mtime=0)),
        ("a.csv.xz", lzma.compress(CSV.encode())),
        ("a.tsv", CSV.replace(",", "\t").encode()),
        ("a.csv", CSV.encode("utf-8-sig")),
        ("a.csv", CSV.encode("utf-16")),
        ("a.csv", CSV.replace("\n", "\r\n").encode()),
        ("a.csv", CSV.replace("\n", "\r").encode()),
        ("a.jsonl", JSONL.encode()),
        ("a.jsonl.gz", gzip.compress(JSONL.encode("utf-8-sig"), mtime=0)),
        ("a.ndjson", JSONL.encode("utf-16")),
    ],
)
def test_the_same_rows_come_out_of_every_format(tmp_path: Path, name: str, content: bytes) -> None:
    (tmp_path / name).write_bytes(content)
    assert cells(tmp_path / name) == ROWS


def test_parquet_keeps_lists_and_numbers(tmp_path: Path) -> None:
    rows = [{"title": "Blau", "tags": ["sad", "a, b"], "year": 2005}, {"title": "x", "tags": None, "year": None}]
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "a.parquet")
    table = Table(tmp_path / "a.parquet", "parquet")
    found = list(table.rows())
    assert [(row.line, row.cells) for row in found if isinstance(row, RawRow)] == [(1, rows[0]), (2, rows[1])]
    assert found[0].text() == '{"title":"Blau","tags":["sad","a, b"],"year":2005}'  # type: ignore[union-attr]


def test_bytes_of_parquet_are_text_where_they_are_utf_8(tmp_path: Path) -> None:
    rows = [
        {"title": "Größe".encode(), "tags": [b"sad", "böse".encode()], "cover": b"\xff\xd8"},
        {"title": None, "tags": None, "cover": b""},
    ]
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "a.parquet")
    assert cells(tmp_path / "a.parquet") == [
        {"title": "Größe", "tags": ["sad", "böse"], "cover": b"\xff\xd8"},
        {"title": None, "tags": None, "cover": ""},
    ]


@pytest.mark.parametrize("encoding", ["utf-8", "UTF8", "utf_8", "cp65001", "utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("name", ["a.csv", "a.tsv", "a.jsonl"])
def test_a_byte_order_mark_is_no_part_of_a_name_where_the_encoding_is_said(
    tmp_path: Path, name: str, encoding: str
) -> None:
    text = {"a.csv": CSV, "a.tsv": CSV.replace(",", "\t"), "a.jsonl": JSONL}[name]
    (tmp_path / name).write_bytes(f"\ufeff{text}".encode(encoding))
    assert cells(tmp_path / name, encoding) == ROWS


def test_keys_of_json_lines_are_those_of_the_whole_file(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text('{"title":"a"}\n' * (SAMPLE_ROWS + 500) + "broken\n" + '{"moods":"sad","title":"b"}\n')
    table = Table(path, "jsonl")
    assert table.columns == ("title", "moods")
    assert sum(1 for _ in table.rows()) == SAMPLE_ROWS + 502
    assert len(table.sample) == SAMPLE_ROWS


def test_keys_that_are_data_are_not_collected_without_end(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text('{"title":"a"}\n' * SAMPLE_ROWS + "".join(f'{{"k{at}":1}}\n' for at in range(3 * MOST_KEYS)))
    assert len(Table(path, "jsonl").columns) == MOST_KEYS


def test_an_encoding_that_is_said_is_used(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes(CSV.encode("cp1252"))
    (tmp_path / "a.jsonl").write_bytes(JSONL.encode("cp1252"))
    assert cells(tmp_path / "a.csv", "cp1252") == ROWS
    assert cells(tmp_path / "a.jsonl", "cp1252") == ROWS


def test_a_wrong_encoding_is_told_with_its_offset_and_the_likely_one(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes(CSV.encode("cp1252"))
    with pytest.raises(SourceError, match=r"not at offset 22 \(line 3\); it looks like cp1252: pass --encoding cp1252"):
        cells(tmp_path / "a.csv")


def test_a_wrong_encoding_far_into_a_file_is_found_before_the_first_row(tmp_path: Path) -> None:
    head = "title,tags\n" + "Blau,sad\n" * 400_000
    (tmp_path / "a.csv").write_bytes(head.encode() + b"Gr\xf6\xdfe,rock\n")
    with pytest.raises(SourceError, match=rf"offset {len(head) + 2:,} \(line 400,002\)"):
        cells(tmp_path / "a.csv")


@pytest.mark.parametrize(
    "content", [random.Random(5).randbytes(5_000), gzip.compress(CSV.encode() * 99, mtime=0), b"\0\0\0\xff" * 99]
)
def test_bytes_that_are_no_text_are_called_that(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.csv").write_bytes(content)
    with pytest.raises(SourceError, match="is no text") as caught:
        cells(tmp_path / "a.csv")
    assert "--encoding" not in str(caught.value)


def test_text_that_is_utf_16_without_its_mark_is_recognized(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes(b"\xff" + CSV.encode("utf-16-be"))
    with pytest.raises(SourceError, match="utf-16"):
        cells(tmp_path / "a.csv")


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.csv", b"", "nothing but a header at most; is it empty"),
        ("a.csv", b"title,tags\n", "nothing but a header at most"),
        ("a.jsonl", b"\n\n", "nothing but a header at most"),
        ("a.csv", b'title,"tags\nx,y\n', "line 1: the header is broken"),
        ("a.csv.gz", b"title,tags\n", "damaged or cut off"),
        ("a.csv.gz", gzip.compress(CSV.encode() * 999, mtime=0)[:-9], "damaged or cut off"),
        ("a.csv.xz", lzma.compress(CSV.encode() * 999)[:-9], "damaged or cut off"),
        ("a.parquet", b"PAR1 no", "no readable Parquet file"),
        ("a.jsonl", b"[1]\n", r"of the first 1 row none can be read; line 1: .* one JSON list"),
        ("a.jsonl", b"{}\n{}\n", "of the first 2 rows none can be read; expected values by name, .* got none"),
        ("a.jsonl", b"{}\n[1]\n", "of the first 2 rows none can be read; line 2: broken JSON"),
    ],
)
def test_a_file_that_cannot_be_used_is_refused_whole(tmp_path: Path, name: str, content: bytes, message: str) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(SourceError, match=message):
        cells(tmp_path / name)


def test_a_file_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="there is no such file"):
        Table(tmp_path / "none.csv", "csv")


def test_bad_json_lines_are_rejected_one_by_one(tmp_path: Path) -> None:
    lines = [b'{"title":"a"}', b"{", b'"text"', b'{"title":"\\ud800"}', b'{"title":"' + b"x" * 2_000_000 + b'"}', b"{}"]
    (tmp_path / "a.jsonl").write_bytes(b"\n".join(lines))
    rows = list(Table(tmp_path / "a.jsonl", "jsonl").rows())
    assert [(row.line, isinstance(row, Reject)) for row in rows] == [
        (1, False),
        (2, True),
        (3, True),
        (4, True),
        (5, True),
        (6, False),
    ]
    reasons = [row.reason for row in rows if isinstance(row, Reject)]
    assert "expected a JSON object on each line, got text" in reasons[1]
    assert "expected at most 1,048,576 bytes a line" in reasons[3]
