"""Rows become tracks with ids that are the same at the next import."""

from __future__ import annotations

import pytest

from indexer.entries import Found, RawRow, Reject
from indexer.mapping import guess_mapping
from indexer.track_rows import TrackRows


def entry(source: str = "pool", **cells: object) -> Found | Reject:
    mapping = guess_mapping(list(cells))
    (found,) = TrackRows(mapping, source).entries([RawRow(7, cells, "raw")])
    return found


def track_id(source: str = "pool", **cells: object) -> str:
    found = entry(source, **cells)
    return found.track.track_id if isinstance(found, Found) else found.track_id


def test_an_id_stands_behind_the_name_of_its_source() -> None:
    assert track_id(ID="17", title="x") == "pool:17"
    assert track_id(ID=17.0, title="x") == "pool:17"


def test_our_own_ids_and_ids_with_a_colon_stay_as_they_are() -> None:
    assert track_id(track_id="17", title="x") == "17"
    assert track_id(ID="mtat:2", title="x") == "mtat:2"


def test_an_isrc_is_one_id_however_it_is_written() -> None:
    assert track_id(ISRC="us-rc1-76-07839", title="x") == "isrc:USRC17607839"
    assert track_id("other", ISRC="USRC17607839", title="y") == "isrc:USRC17607839"


@pytest.mark.parametrize("isrc", ["N/A", "unknown", "-", "0", "USRC1760783", "USRC17607839 / USRC17607840"])
def test_what_stands_where_there_is_no_isrc_is_no_id(isrc: str) -> None:
    assert track_id(ISRC=isrc, title="Blue", artist="Joni", album="Blue") == "pool:yf2svbeh7otjnpuu"
    assert track_id(ISRC=isrc, title="Blue") != track_id(ISRC=isrc, title="Red")


@pytest.mark.parametrize("nothing", ["N/A", "-", "unknown"])
def test_what_stands_where_there_is_no_id_is_none(nothing: str) -> None:
    assert track_id(ID=nothing, title="Blue", artist="Joni", album="Blue") == "pool:yf2svbeh7otjnpuu"


def test_an_album_alone_is_no_track() -> None:
    found = entry(ISRC="", Titel2="Erstes", Album="Licht", tags="sad")
    assert isinstance(found, Reject)
    assert "no column was taken for them: --map title=COLUMN" in found.reason


# Fixed for good, as is the hash below.
@pytest.mark.parametrize(
    ("isrc", "fixed"),
    [
        ("gb ayd 07 00001", "isrc:GBAYD0700001"),
        (" FR-Z03-98-00212 ", "isrc:FRZ039800212"),
        ("USRC1.7607839", "isrc:USRC1.7607839"),
    ],
)
def test_the_id_of_an_isrc_is_what_it_always_was(isrc: str, fixed: str) -> None:
    assert track_id(ISRC=isrc, title="x") == fixed


def test_without_an_id_artist_title_and_album_are_hashed() -> None:
    first = track_id(title="Blue", artist="Joni", album="Blue", tags="sad")
    assert first == track_id(title=" Blue", artist="Joni ", album="Blue", tags="happy")
    assert first != track_id(title="Blue", artist="Joni", album="")
    # Fixed for good: another hash would double every catalogue at its next import.
    assert first == "pool:yf2svbeh7otjnpuu"


def test_a_row_without_anything_to_know_it_by_is_rejected() -> None:
    found = entry(title="", artist="", tags="rock")
    assert isinstance(found, Reject)
    assert "expected an id, a title or an artist" in found.reason


def test_a_bad_value_rejects_the_row_but_keeps_its_id() -> None:
    found = entry(ID="17", title="x", year="20005")
    assert isinstance(found, Reject)
    assert (found.line, found.track_id, found.raw) == (7, "pool:17", "raw")
    assert found.cells == {"ID": "17", "title": "x", "year": "20005"}


def test_every_field_finds_its_place() -> None:
    cells = {"track_id": "a:1", "title": "T", "artist": "A", "album": "B", "genre": "Rock; Pop", "license": "CC0"}
    more = {"duration": "1:00", "year": "1999", "url": "u", "source": "a", "tags": "sad; slow", "shares": "0.5;1"}
    (found,) = TrackRows(guess_mapping([*cells, *more]), "pool").entries([RawRow(7, cells | more)])
    assert isinstance(found, Found)
    track = found.track
    assert (track.title, track.artist, track.album, track.genre, track.license) == ("T", "A", "B", "Rock; Pop", "CC0")
    assert (track.duration, track.year, track.url, track.source) == (60.0, 1999, "u", "a")
    assert (track.tags, track.shares) == (("sad", "slow"), (0.5, 1.0))


def test_milliseconds_become_seconds() -> None:
    found = entry(title="x", duration_ms="180500")
    assert isinstance(found, Found)
    assert found.track.duration == 180.5
