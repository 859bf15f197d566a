"""Rows and files meet by path, ISRC, name, or artist and title; what is ambiguous is told, never guessed."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from audiomodel.cache import HearingCache
from audiomodel.remembering import RememberingEar
from indexer.catalogues import SourceOptions, open_catalogue
from indexer.entries import Found
from indexer.heard_report import HeardReport, Kind, Remark
from indexer.listening import Listening
from tests.audiomodel.tones import write_tone
from tests.indexer.audio_files import write_audio
from tests.indexer.conftest import Desk


class Report(HeardReport):
    """Remembers what it is told."""

    def __init__(self) -> None:
        self.remarks: list[Remark] = []
        super().__init__(None, lambda _text: None)

    def add(self, remark: Remark) -> None:
        self.remarks.append(remark)

    def of(self, kind: Kind) -> dict[str, str]:
        return {one.track_id or one.file: one.reason for one in self.remarks if one.kind is kind}


class Shelf:
    """A folder of files, and a catalogue to join with it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.audio = folder / "audio"
        self.report = Report()
        self.listening = Listening(None, self.report)

    def file(self, place: str, **said: str) -> None:
        path = self.audio / place
        path.parent.mkdir(parents=True, exist_ok=True)
        write_audio(path, said)

    def joined(self, text: str, ear: RememberingEar | None = None) -> dict[str, str]:
        """Return the files of tracks by title."""
        (self.folder / "songs.csv").write_text(text)
        options = SourceOptions(audio=self.audio, ear=ear, listening=self.listening)
        catalogue = open_catalogue(str(self.folder / "songs.csv"), options)
        found = [entry for entry in catalogue.entries() if isinstance(entry, Found)]
        for one in found:
            assert one.audio is None or one.audio.path == self.audio / one.audio.file
        return {one.track.title: one.audio.file for one in found if one.audio is not None}

    @property
    def ways(self) -> Mapping[str, int]:
        return Counter(self.listening.joined)


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    return Shelf(tmp_path)


@pytest.mark.parametrize("written", ["a/one.mp3", "./a/one.mp3", "C:\\Music\\a\\one.mp3", "/elsewhere/a/one.mp3"])
def test_a_path_is_found_from_wherever_it_is_written(shelf: Shelf, written: str) -> None:
    shelf.file("a/one.mp3")
    shelf.file("one.mp3")
    assert shelf.joined(f"Title,File\nOne,{written}\n") == {"One": "a/one.mp3"}
    assert shelf.ways == {"path": 1}
    assert set(shelf.report.of(Kind.NO_ROW)) == {"one.mp3"}


def test_rows_of_other_folders_do_not_share_a_file_of_the_same_name(shelf: Shelf) -> None:
    shelf.file("01.mp3")
    assert len(shelf.joined("ID,Title,File\n1,One,AlbumA/01.mp3\n2,Two,AlbumB/01.mp3\n")) == 1
    assert shelf.ways == {"file name": 1}
    assert list(shelf.report.of(Kind.AMBIGUOUS).values()) == ["01.mp3 is that of songs:1 already"]


def test_rows_of_other_folders_do_not_share_what_lies_in_a_folder_of_the_same_name(shelf: Shelf) -> None:
    shelf.file("CD1/01.mp3")
    shelf.joined("Title,File\nOne,AlbumA/CD1/01.mp3\nTwo,AlbumB/CD1/01.mp3\n")
    assert shelf.ways == {"file name": 1}


def test_a_path_may_begin_above_the_folder(shelf: Shelf) -> None:
    shelf.file("one.mp3")
    shelf.file("b/one.mp3")
    assert shelf.joined("Title,File\nOne,audio/one.mp3\n") == {"One": "one.mp3"}
    assert shelf.ways == {"path": 1}


def test_no_path_leads_out_of_the_folder(shelf: Shelf) -> None:
    shelf.file("one.mp3")
    write_audio(shelf.folder / "secret.mp3", {})
    assert shelf.joined("Title,File\nOne,../secret.mp3\n") == {}


def test_an_isrc_is_found_in_the_files_however_it_is_written(shelf: Shelf) -> None:
    shelf.file("x.flac", isrc="USRC17607839")
    assert shelf.joined("Title,ISRC\nOne,us-rc1-76-07839\nOther,USRC17607840\n") == {"One": "x.flac"}
    assert shelf.ways == {"ISRC": 1}
    assert set(shelf.report.of(Kind.NO_FILE)) == {"isrc:USRC17607840"}


def test_a_name_is_that_of_the_column_of_the_id_or_of_the_isrc(shelf: Shelf) -> None:
    for name in ("moved/one.MP3", "b/TR12345.flac", "USRC17607839.ogg", "17.mp3"):
        shelf.file(name.replace("MP3", "mp3"))
    text = "ID,Title,File,ISRC\n1,One,old place/One.wav,\nTR12345,Two,,\n3,Three,,USRC17607839\n17,Four,,\n"
    assert shelf.joined(text) == {"One": "moved/one.mp3", "Two": "b/TR12345.flac", "Three": "USRC17607839.ogg"}
    assert shelf.ways == {"file name": 3}


def test_artist_and_title_are_compared_by_their_words_and_taken_from_the_name_where_the_file_is_silent(
    shelf: Shelf,
) -> None:
    shelf.file("1.mp3", artist="Björk", title="Jóga")
    shelf.file("07 - Sigur Rós - Hoppípolla.flac")
    text = "Artist,Title\nbjork,JOGA!\nSigur Ros,hoppipolla\nSomebody,Else\n"
    assert shelf.joined(text) == {"JOGA!": "1.mp3", "hoppipolla": "07 - Sigur Rós - Hoppípolla.flac"}
    assert shelf.ways == {"artist and title": 2}
    (reason,) = shelf.report.of(Kind.NO_FILE).values()
    assert reason == "no file of its ISRC, its name, or its artist and title"


def test_files_that_fit_alike_are_ambiguous_and_told(shelf: Shelf) -> None:
    for place in ("a/song.mp3", "b/song.mp3", "c/song.mp3", "d/song.mp3"):
        shelf.file(place)
    assert shelf.joined("Title,File\nOne,song.mp3\n") == {}
    (reason,) = shelf.report.of(Kind.AMBIGUOUS).values()
    assert reason == "4 files fit: a/song.mp3, b/song.mp3, c/song.mp3 and 1 more"


def test_a_later_way_tells_which_of_several_it_is_and_brings_no_other(shelf: Shelf) -> None:
    shelf.file("a/song.mp3", artist="One", title="Song")
    shelf.file("b/song.mp3", artist="Two", title="Song")
    shelf.file("c.mp3", artist="Three", title="Song")
    text = "Artist,Title,File\nTwo,Song,song.mp3\nThree,Song,x/song.mp3\n"
    assert shelf.joined(text) == {"Song": "b/song.mp3"}
    assert shelf.ways == {"artist and title": 1}


def test_a_file_is_given_to_one_row_unless_rows_name_it(shelf: Shelf) -> None:
    shelf.file("1.mp3", artist="One", title="Song")
    text = "ID,Artist,Title,Album,File\na:1,One,Song,First,\na:2,One,Song,Best of,\na:3,One,Song,Live,1.mp3\n"
    shelf.joined(text)
    assert shelf.ways == {"artist and title": 1, "path": 1}
    assert shelf.report.of(Kind.AMBIGUOUS) == {"a:2": "1.mp3 is that of a:1 already"}


@pytest.fixture
def ear(hearing_cache: Path) -> Iterator[RememberingEar]:
    """An ear that is only asked which audio a file holds."""
    with HearingCache(hearing_cache, print) as cache, RememberingEar(cache) as ear:
        yield ear


def test_copies_of_one_audio_are_one_file(shelf: Shelf, ear: RememberingEar) -> None:
    for place, seed in (("a/song.flac", 1), ("c/other.flac", 1), ("d/other.flac", 2)):
        (shelf.audio / place).parent.mkdir(parents=True)
        write_tone(shelf.audio / place, seed, seconds=0.5)
    (shelf.audio / "b").mkdir()
    shutil.copy(shelf.audio / "a/song.flac", shelf.audio / "b/song.flac")
    assert shelf.joined("Title,File\nOne,song.flac\nTwo,other.flac\n", ear) == {"One": "a/song.flac"}
    assert len(shelf.report.of(Kind.AMBIGUOUS)) == 1


def test_a_dry_run_says_how_many_would_join(desk: Desk) -> None:
    shelf = Shelf(desk.folder)
    shelf.file("one.mp3")
    shelf.file("left.mp3")
    songs = desk.write("songs.csv", "ID,Title,Tags,File\n1,One,rock,one.mp3\n2,Two,rock,two.mp3\n")
    report = desk.folder / "report.csv"
    result = desk.index(songs, "--audio", shelf.audio, "--dry-run", "--heard-report", report)
    assert result.exit_code == 0
    assert "1 row joined with files (1 by path); 1 row without a file; 1 file without a row" in result.stderr
    assert report.read_text().splitlines() == [
        "source,kind,track_id,file,reason",
        f'{songs},no-file,songs:2,,"no file at two.mp3, nor of its ISRC, its name, or its artist and title"',
        f"{songs},no-row,,left.mp3,no row of the source fits it",
    ]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("folder", "--audio", "folder"), "expected a source with rows"),
        (("songs.csv", "--audio", "empty"), "expected audio files, found none"),
        (("songs.csv", "--audio", "folder", "--audio-root", "empty"), "expected a folder below --audio-root"),
        (("songs.csv", "--heard-report", "x.txt"), "expected a name that ends in .jsonl or .csv"),
    ],
)
def test_what_cannot_be_joined_is_refused(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...], said: str
) -> None:
    monkeypatch.chdir(desk.folder)
    for name in ("folder", "empty"):
        Path(name).mkdir()
    write_audio(Path("folder/a.mp3"), {})
    desk.write("songs.csv", "Title,Tags\nOne,rock\n")
    result = desk.index(*arguments)
    assert (result.exit_code, said in result.stderr) == (2, True), result.stderr


@pytest.mark.data
def test_fma_tracks_find_their_files_in_the_official_layout(shelf: Shelf, data_dir: Path) -> None:
    for place in ("000/000002.mp3", "000/000005.mp3"):
        shelf.file(place)
    options = SourceOptions(data_dir=data_dir, audio=shelf.audio, listening=shelf.listening)
    entries = open_catalogue("fma", options).entries()
    found = {entry.track.track_id: entry.audio for entry in entries if isinstance(entry, Found)}
    assert {track_id: audio.file for track_id, audio in found.items() if audio} == {
        "fma:2": "000/000002.mp3",
        "fma:5": "000/000005.mp3",
    }


@pytest.mark.data
def test_songs_of_mtat_find_the_first_of_their_clips_that_is_there(shelf: Shelf, data_dir: Path) -> None:
    first = "f/american_bach_soloists-j_s__bach_solo_cantatas-01-bwv54__i_aria-"
    for place in (f"{first}30-59.mp3", f"{first}146-175.mp3"):
        shelf.file(place)
    options = SourceOptions(data_dir=data_dir, audio=shelf.audio, listening=shelf.listening)
    entries = open_catalogue("mtat", options).entries()
    joined = [entry.audio.file for entry in entries if isinstance(entry, Found) and entry.audio]
    assert joined == [f"{first}30-59.mp3"]
    assert not shelf.report.of(Kind.NO_ROW)
