"""The picks page and its files, read back by parsers that know nothing of us."""

from __future__ import annotations

import csv
import io
import json

import m3u8
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tagmodel.track import Track
from web.pages.pick_files import CSV_COLUMNS, FORMULA_STARTS, TURNS, write_csv, write_json, write_m3u
from web.pages.picks import MAX_PICKS

ANY_TEXT = st.text(max_size=30)
TRACKS = st.builds(
    Track,
    track_id=st.text(min_size=1, max_size=20),
    title=ANY_TEXT,
    artist=ANY_TEXT,
    album=ANY_TEXT,
    genre=ANY_TEXT,
    license=ANY_TEXT,
    duration=st.none() | st.floats(0, 1e6).map(lambda seconds: round(seconds, 3)),
    year=st.none() | st.integers(1, 9999),
    url=ANY_TEXT | ANY_TEXT.map("https://example.org/{}".format),
    source=ANY_TEXT,
    tags=st.lists(st.text(min_size=1, max_size=10), max_size=3).map(tuple),
)
HOSTILE = Track(
    "x:1\n#EXTINF:1,injected",
    "Break\r\n#EXTINF:9,evil\nhttps://evil.example/\u2028",
    "=HYPERLINK(1)",
    album="-1+1",
    genre="@SUM(A1)",
    license="+1",
    duration=59.6,
    url="https://example.org/a b\n#EXTINF:2,more",
    source="\tx",
    tags=('say "hi"', "two\nlines"),
)


def rows_of(content: bytes) -> list[dict[str, str]]:
    assert content.startswith(b"\xef\xbb\xbf")
    return list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"), newline=""), strict=True))


def test_picks_are_shown_in_their_order_and_can_be_removed_and_brought_back(visit) -> None:
    page = visit("/picks?id=fma:6&id=fma:1&id=fma:6")
    assert [one.name for one in page.all("h2", "hit-title")] == ["Rain", "Empty House"]
    assert [one.name for one in page.all("button", "picks-remove")] == ["Remove Rain", "Remove Empty House"]
    assert "2 picks" in page.text
    assert "7:20 altogether" in page.text
    assert "1 track has no address to play" in page.text
    less = visit("/picks?id=fma:6&id=fma:1&remove=fma:6")
    assert [one.name for one in less.all("h2", "hit-title")] == ["Empty House"]
    assert less.link("Undo").endswith("/picks?id=fma%3A6&id=fma%3A1")
    none = visit("/picks?id=fma:6&id=fma:1&clear=1")
    assert "Nothing is picked here" in none.text
    assert none.link("Undo").endswith("/picks?id=fma%3A6&id=fma%3A1")


def test_what_is_not_in_the_index_is_said_and_stays_in_the_list(visit) -> None:
    page = visit("/picks?id=fma:1&id=<b>nobody</b>")
    assert "1 of them is not in this index" in page.text
    assert [one.name for one in page.all("h2", "hit-title")] == ["Empty House", "<b>nobody</b>"]


def test_an_empty_list_says_what_to_do_even_while_the_index_is_away(visit, away) -> None:
    assert "Tick tracks on a search page" in visit("/picks").text
    assert away.get("/picks").status_code == 200
    assert away.get("/picks?id=fma:1").status_code == 503


def test_too_many_are_refused_with_a_reason(client, visit) -> None:
    ids = "&".join(f"id={n}" for n in range(MAX_PICKS + 1))
    assert f"at most {MAX_PICKS} picks, these are {MAX_PICKS + 1}" in visit(f"/picks?{ids}", 400).text
    for file in ("m3u", "csv", "json"):
        assert client.get(f"/picks.{file}?{ids}").status_code == 400


@pytest.mark.parametrize(
    ("ending", "media_type", "name"),
    [
        ("m3u", "audio/x-mpegurl", "tagkin-picks.m3u8"),
        ("csv", "text/csv", "tagkin-picks.csv"),
        ("json", "application/json", "tagkin-picks.json"),
    ],
)
def test_a_page_leads_to_its_files(client, visit, ending: str, media_type: str, name: str) -> None:
    page = visit("/picks?id=fma:6&id=nobody")
    (address,) = [one.attributes["href"] for one in page.all("a", "button") if f".{ending}?" in one.attributes["href"]]
    answer = client.get(address)
    assert answer.status_code == 200
    assert answer.mimetype == media_type
    assert answer.headers["Content-Disposition"] == f'attachment; filename="{name}"'


def test_a_playlist_plays_what_has_an_address(client) -> None:
    text = client.get("/picks.m3u?id=fma:5&id=fma:1&id=fma:4&id=nobody").get_data(as_text=True)
    (entry,) = m3u8.loads(text).segments
    assert (entry.title, entry.duration, entry.uri) == (
        "Ehren Starks - Empty House",
        200,
        "https://example.org/empty-house",
    )
    assert "# no address: Rob Costlow - FMA track 5 (fma:5)\n" in text
    assert "# no address: The & Band - Choir <b>Practice</b> (fma:4)\n" in text
    assert "# not in this index: nobody\n" in text


def test_nothing_in_a_title_adds_a_line_to_a_playlist() -> None:
    text = write_m3u([HOSTILE], ["a\nb"]).decode()
    assert text.splitlines() == [
        "#EXTM3U",
        "#PLAYLIST:Picks from tagkin",
        "#EXTINF:60,=HYPERLINK(1) - Break #EXTINF:9,evil https://evil.example/",
        "https://example.org/a b%0A#EXTINF:2,more",
        "# not in this index: a b",
    ]


def test_no_name_passes_for_another_in_a_file() -> None:
    address = "https://example.org/\u202eb"
    track = Track("a\u202eb", "x \u202egpj.exe\u2069", "\u2066=Me\u2069", url=address, tags=("\u202da",))
    assert write_m3u([track], []).decode().splitlines()[2:] == [
        "#EXTINF:-1,=Me - x gpj.exe",
        "https://example.org/%E2%80%AEb",
    ]
    (row,) = rows_of(write_csv([track]))
    assert (row["track_id"], row["title"], row["artist"]) == ("a\u202eb", "x gpj.exe", "'=Me")
    assert (row["url"], row["tags"]) == ("https://example.org/%E2%80%AEb", "a")


@given(st.lists(TRACKS, max_size=4))
def test_any_tracks_make_a_playlist_of_as_many_entries(tracks: list[Track]) -> None:
    lines = write_m3u(tracks, []).decode().splitlines()
    played = [line for line in lines if line.startswith("#EXTINF:")]
    unplayed = [line for line in lines if line.startswith("# no address: ")]
    assert len(played) + len(unplayed) == len(tracks)
    assert len(lines) == 2 + 2 * len(played) + len(unplayed)
    assert [entry.uri for entry in m3u8.loads("\n".join(lines)).segments] == [
        line for line in lines[2:] if not line.startswith("#")
    ]


@given(st.lists(TRACKS, max_size=4))
def test_any_tracks_come_back_from_a_table(tracks: list[Track]) -> None:
    rows = rows_of(write_csv(tracks))
    assert len(rows) == len(tracks)
    for row, track in zip(rows, tracks, strict=True):
        assert tuple(row) == CSV_COLUMNS
        for column, cell in row.items():
            value = "; ".join(track.tags) if column == "tags" else getattr(track, column)
            if column == "url":
                assert cell == (value if value.startswith("https://") else "")
            elif isinstance(value, str):
                value = value if column == "track_id" else TURNS.sub("", value)
                assert cell.removeprefix("'") == value.removeprefix("'")
                assert not cell.startswith(FORMULA_STARTS)
            else:
                assert (float(cell) if cell else None) == value


def test_a_table_runs_nothing_in_a_spreadsheet() -> None:
    (row,) = rows_of(write_csv([HOSTILE]))
    assert [row[name] for name in ("artist", "album", "genre", "license", "source")] == [
        *("'=HYPERLINK(1)", "'-1+1", "'@SUM(A1)", "'+1", "'\tx")
    ]
    assert row["tags"] == 'say "hi"; two\nlines'
    assert row["duration"] == "59.6"


@pytest.mark.parametrize("address", ["javascript:alert(1)", "file:///etc/passwd", "=1+1", "//example.org", "https:"])
def test_a_table_passes_on_addresses_of_the_web_alone(address: str) -> None:
    rows = rows_of(write_csv([Track("a", url=address), Track("b", url="http://example.org/b")]))
    assert [row["url"] for row in rows] == ["", "http://example.org/b"]


def test_the_data_are_those_of_the_api(client) -> None:
    answer = client.get("/picks.json?id=fma:7&id=nobody&id=fma:1").get_json()
    assert [one["track_id"] for one in answer["tracks"]] == ["fma:7", "fma:1"]
    assert answer["unknown"] == ["nobody"]
    assert answer["tracks"][0] == client.get("/api/v1/track?id=fma:7").get_json()["track"]


@given(st.lists(TRACKS, max_size=4))
def test_any_tracks_come_back_from_the_data(tracks: list[Track]) -> None:
    answer = json.loads(write_json(tracks, ["x"]))
    assert [(one["track_id"], one["title"], one["duration"], tuple(one["tags"])) for one in answer["tracks"]] == [
        (track.track_id, track.title, track.duration, track.tags) for track in tracks
    ]
