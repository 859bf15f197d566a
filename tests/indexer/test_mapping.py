"""Columns are guessed where their headers are plain, and taken as said where they are said."""

from __future__ import annotations

from pathlib import Path

import pytest

from indexer.mapping import (
    ColumnMapping,
    MappingError,
    check_columns,
    check_seconds,
    guess_mapping,
    load_mapping,
    parse_map_options,
    save_mapping,
)


def test_well_known_headers_are_guessed_whatever_their_writing() -> None:
    headers = ["Track Name", "PERFORMER", "Album_Title", "Genre", "Licence", "Length", "Release Date", "Link", "ISRC"]
    assert guess_mapping(headers).columns == {
        "isrc": ("ISRC",),
        "title": ("Track Name",),
        "artist": ("PERFORMER",),
        "album": ("Album_Title",),
        "genre": ("Genre",),
        "license": ("Licence",),
        "duration": ("Length",),
        "year": ("Release Date",),
        "url": ("Link",),
    }


def test_all_columns_of_tags_are_taken_in_the_order_of_the_file() -> None:
    assert guess_mapping(["Title", "Instruments", "Moods", "Keywords"]).columns["tags"] == (
        "Instruments",
        "Moods",
        "Keywords",
    )


def test_numbered_columns_of_tags_and_titles_of_other_languages_are_known() -> None:
    mapping = guess_mapping(["Titel", "Interpret", "tag1", "tag 2", "Mood_3", "Track1"])
    assert mapping.columns == {"title": ("Titel",), "artist": ("Interpret",), "tags": ("tag1", "tag 2", "Mood_3")}


def test_track_is_a_title_only_where_it_is_not_a_number() -> None:
    assert guess_mapping(["Artist", "Track"], [{"Track": "Blue"}]).columns["title"] == ("Track",)
    assert "title" not in guess_mapping(["Artist", "Track"], [{"Track": "7"}, {"Track": "8"}]).columns


def test_another_catalogues_source_column_is_not_ours() -> None:
    assert "source" not in guess_mapping(["Title", "Source"]).columns
    assert guess_mapping(["title", "source"]).columns["source"] == ("source",)


def test_lengths_in_milliseconds_are_noticed_before_anything_is_indexed() -> None:
    rows = [{"Length": "180000"}, {"Length": "200000"}, {"Length": "240000"}]
    with pytest.raises(
        MappingError, match=r"got 200,000 .* did you pass milliseconds\? Say --map 'duration_ms=Length'"
    ):
        check_seconds(guess_mapping(["Title", "Length"]), rows)
    check_seconds(guess_mapping(["Title", "Length"]), [{"Length": "180"}, {"Length": "3:20"}, {"Length": "soon"}])
    in_milliseconds = guess_mapping(["Title", "duration_ms"])
    assert in_milliseconds.columns["duration_ms"]
    check_seconds(in_milliseconds, [{"duration_ms": "180000"}])


def test_a_length_has_one_column_and_the_one_that_was_said_counts() -> None:
    guessed = guess_mapping(["Title", "duration_ms"])
    assert guessed.updated({"duration": ("Length",)}).columns == {"title": ("Title",), "duration": ("Length",)}
    guessed = guess_mapping(["Title", "Length"])
    assert guessed.updated({"duration_ms": ("Took",)}).columns == {"title": ("Title",), "duration_ms": ("Took",)}
    assert guessed.updated({"duration_ms": ()}).columns == guessed.columns


@pytest.mark.parametrize("header", ["Catalog No", "catalogno", "Catalog No."])
def test_the_number_of_an_album_is_no_id_of_its_tracks(header: str) -> None:
    assert "track_id" not in guess_mapping(["Title", header]).columns


def test_options_replace_guesses_and_add_up_for_tags() -> None:
    options = parse_map_options(["title=Name", "tags=Moods+Keywords", "tags=Styles", "genre="])
    assert options == {"title": ("Name",), "tags": ("Moods", "Keywords", "Styles"), "genre": ()}
    guessed = ColumnMapping({"title": ("Title",), "genre": ("Genre",), "artist": ("Styles",)})
    assert guessed.updated(options).columns == {"title": ("Name",), "tags": ("Moods", "Keywords", "Styles")}


@pytest.mark.parametrize(
    ("option", "message"),
    [("title", "expected FIELD=COLUMN"), ("titel=Name", "no field 'titel', did you mean 'title'")],
)
def test_options_that_say_nothing_are_refused(option: str, message: str) -> None:
    with pytest.raises(MappingError, match=message):
        parse_map_options([option])


def test_a_column_that_is_not_there_is_named_with_the_nearest() -> None:
    with pytest.raises(MappingError, match="no column 'Nmae', did you mean 'Name'"):
        check_columns(ColumnMapping({"title": ("Nmae",)}), ["Name", "Tags"])


def test_a_table_of_which_nothing_is_known_asks_for_a_mapping() -> None:
    with pytest.raises(MappingError, match="expected a column of title, artist or id, got A, B"):
        check_columns(ColumnMapping({"year": ("B",)}), ["A", "B"])


def test_a_saved_mapping_is_read_back(tmp_path: Path) -> None:
    mapping = ColumnMapping({"title": ("Name",), "tags": ("Moods", "Ämter")}, separators=";\t")
    save_mapping(mapping, tmp_path / "mapping.json")
    assert load_mapping(tmp_path / "mapping.json") == mapping


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"columns": []}', '{"columns": {"x": ["A"]}}', '{"columns": {"title": 3}}']
)
def test_a_file_that_is_no_mapping_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "mapping.json").write_text(text)
    with pytest.raises(MappingError, match=r"mapping\.json: expected"):
        load_mapping(tmp_path / "mapping.json")
    with pytest.raises(MappingError, match=r"missing\.json: cannot be read"):
        load_mapping(tmp_path / "missing.json")


def test_columns_of_tags_that_share_a_header_are_joined() -> None:
    assert guess_mapping(["Title", "tags", "tags.2"]).columns["tags"] == ("tags", "tags.2")
    assert guess_mapping(["Title", "Title.2"]).columns["title"] == ("Title",)
