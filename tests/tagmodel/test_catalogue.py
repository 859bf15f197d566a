"""Reading a catalogue of one's own to train on."""

from __future__ import annotations

from pathlib import Path

import pytest

from tagmodel.catalogue import BadCatalogue, read_catalogue_items
from tagmodel.datasets import Item


def written(tmp_path: Path, name: str, content: str | bytes) -> Path:
    path = tmp_path / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("export.jsonl", '{"track_id": "x:1", "artist": "Ana", "tags": ["Sad", "hip, hop", "Sad"]}\n\n'),
        ("export.csv", '\ufefftrack_id,artist,tags\nx:1,Ana,"Sad; ""hip, hop""; Sad"\n'),
        ("export.tsv", 'track_id\tartist\ttags\nx:1\tAna\t"Sad; ""hip, hop""; Sad"\n'),
    ],
)
def test_every_format_gives_the_same_items(name: str, content: str, tmp_path: Path) -> None:
    assert list(read_catalogue_items(written(tmp_path, name, content))) == [Item("x:1", ("Sad", "hip, hop"), "Ana")]


def test_plain_lines_are_tags_of_one_track_each(tmp_path: Path) -> None:
    items = list(read_catalogue_items(written(tmp_path, "tags.txt", "sad, piano\n\nfast; loud\n")))
    assert items == [Item("1", ("sad", "piano")), Item("2", ()), Item("3", ("fast", "loud"))]


def test_a_track_without_tags_or_id_is_an_item_too(tmp_path: Path) -> None:
    items = list(
        read_catalogue_items(written(tmp_path, "x.jsonl", '{"title": "a"}\n{"tags": null}\n{"tags": "a, b"}\n'))
    )
    assert items == [Item("1", ()), Item("2", ()), Item("3", ("a", "b"))]


@pytest.mark.parametrize(
    ("name", "content", "complaint"),
    [
        ("x.jsonl", '{"tags": []}\n{"tags": [', "line 2: expected one JSON object a line"),
        ("x.jsonl", "[1]\n", "line 1: expected a JSON object, got list"),
        ("x.jsonl", '{"tags": [1, 2]}\n', "line 1: expected 'tags' as a list of strings"),
        ("x.jsonl", '{"tags": {"a": 1}}\n', "line 1: expected 'tags'"),
        ("x.csv", "title,genre\na,b\n", "expected a column 'tags', got title, genre"),
        ("x.csv", "", "expected a column 'tags', got nothing"),
        ("x.txt", b"m\xfcde\n", "expected UTF-8, got byte 0xfc"),
    ],
)
def test_what_cannot_be_read_is_said_with_its_place(
    name: str, content: str | bytes, complaint: str, tmp_path: Path
) -> None:
    with pytest.raises(BadCatalogue, match=complaint):
        list(read_catalogue_items(written(tmp_path, name, content)))


def test_a_missing_file_is_said(tmp_path: Path) -> None:
    with pytest.raises(BadCatalogue, match="cannot be read: No such file"):
        list(read_catalogue_items(tmp_path / "none.csv"))
