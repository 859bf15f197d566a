"""What was heard once is remembered by its audio; a faulty cache costs time, never the run."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from audiomodel.cache import HearingCache, Stamp, default_cache, stamp
from audiomodel.problems import AudioProblem, Reason
from tests.audiomodel.hearings import make_hearing

DAMAGED = AudioProblem(Reason.DAMAGED, "it breaks off")


def no_word(text: str) -> None:
    raise AssertionError(text)


def described(problem: object) -> tuple[Reason, str]:
    assert isinstance(problem, AudioProblem)
    return problem.reason, problem.message


@pytest.fixture
def place(tmp_path: Path) -> Path:
    return tmp_path / "cache" / "hearings.sqlite"


def test_a_hearing_comes_back_as_it_was_in_another_run(place: Path) -> None:
    hearing = make_hearing(bpm=98.5, bpm_confidence=0.7, key="A minor", key_confidence=0.4)
    with HearingCache(place, no_word) as cache:
        assert cache.recall(hearing.audio_id, "tagger") is None
        cache.keep(hearing.audio_id, "tagger", hearing)
    with HearingCache(place, no_word) as cache:
        assert cache.recall(hearing.audio_id, "tagger") == hearing


def test_each_tagger_hears_for_itself(place: Path) -> None:
    with HearingCache(place, no_word) as cache:
        cache.keep("a" * 32, "one", make_hearing(tagger_id="one"))
        assert cache.recall("a" * 32, "other") is None


def test_failures_are_remembered_with_their_reason_but_not_those_of_the_moment(place: Path) -> None:
    with HearingCache(place, no_word) as cache:
        cache.keep("a" * 32, "tagger", DAMAGED)
        cache.keep("b" * 32, "tagger", AudioProblem(Reason.TIMED_OUT, "it took too long"))
        cache.keep("c" * 32, "tagger", AudioProblem(Reason.TOO_BIG, "it was killed", passing=True))
    with HearingCache(place, no_word) as cache:
        assert described(cache.recall("a" * 32, "tagger")) == (Reason.DAMAGED, "it breaks off")
        assert cache.recall("b" * 32, "tagger") is None
        assert cache.recall("c" * 32, "tagger") is None


def test_a_file_is_known_by_its_path_size_and_time_of_change(place: Path, tmp_path: Path) -> None:
    song = tmp_path / "song.mp3"
    song.write_bytes(b"one")
    with HearingCache(place, no_word) as cache:
        cache.note_identity(stamp(song), "a" * 32)
        assert cache.identity(stamp(song)) == "a" * 32
        os.utime(song, ns=(0, 0))
        assert cache.identity(stamp(song)) is None
        cache.note_identity(stamp(song), DAMAGED)
        assert described(cache.identity(stamp(song))) == (Reason.DAMAGED, "it breaks off")
        cache.note_identity(stamp(song), "b" * 32)
        assert cache.identity(stamp(song)) == "b" * 32


def test_names_that_are_no_text_are_files_too(place: Path) -> None:
    with HearingCache(place, no_word) as cache:
        cache.note_identity(Stamp(b"/caf\xe9.mp3", 1, 2), "a" * 32)
        assert cache.identity(Stamp(b"/caf\xe9.mp3", 1, 2)) == "a" * 32


def _write_text(place: Path) -> None:
    place.write_text("no database at all " * 100)


def _write_other_database(place: Path) -> None:
    with closing(sqlite3.connect(place)) as connection:
        connection.execute("CREATE TABLE mine (x)")


def _write_other_form(place: Path) -> None:
    HearingCache(place, no_word).__exit__(None, None, None)
    with closing(sqlite3.connect(place)) as connection:
        connection.execute("PRAGMA user_version = 99")


@pytest.mark.parametrize("spoil", [_write_text, _write_other_database, _write_other_form])
def test_what_is_no_cache_of_this_form_is_set_aside_and_said(place: Path, spoil: object) -> None:
    place.parent.mkdir()
    spoil(place)  # type: ignore[operator]
    before, said = place.read_bytes(), []
    with HearingCache(place, said.append) as cache:
        cache.keep("a" * 32, "tagger", make_hearing())
        assert cache.recall("a" * 32, "tagger") == make_hearing()
    assert len(said) == 1
    assert "renamed to hearings.sqlite.aside-1, and begun anew" in said[0]
    assert place.with_name("hearings.sqlite.aside-1").read_bytes() == before


def test_a_cache_that_is_damaged_in_its_middle_is_set_aside_when_it_shows(place: Path) -> None:
    with HearingCache(place, no_word) as cache:
        for n in range(200):
            cache.keep(f"{n:032x}", "tagger", make_hearing(f"{n:032x}"))
    damaged = bytearray(place.read_bytes())
    damaged[8192:] = b"\xa5" * (len(damaged) - 8192)
    place.write_bytes(damaged)
    said: list[str] = []
    with HearingCache(place, said.append) as cache:
        found = [cache.recall(f"{n:032x}", "tagger") for n in range(200)]
        cache.keep("a" * 32, "tagger", make_hearing())
        assert cache.recall("a" * 32, "tagger") == make_hearing()
    assert found.count(None) > 150
    assert len(said) == 1
    assert "damaged" in said[0]


def test_a_value_that_is_nonsense_is_as_if_it_were_not_there(place: Path) -> None:
    with HearingCache(place, no_word) as cache:
        cache.keep("a" * 32, "tagger", make_hearing())
        cache.keep("b" * 32, "tagger", DAMAGED)
    with closing(sqlite3.connect(place)) as connection:
        connection.execute("UPDATE hearings SET hearing = x'80' WHERE hearing IS NOT NULL")
        connection.execute("UPDATE hearings SET reason = 'of another time' WHERE reason IS NOT NULL")
        connection.commit()
    with HearingCache(place, no_word) as cache:
        assert cache.recall("a" * 32, "tagger") is None
        assert cache.recall("b" * 32, "tagger") is None


def test_a_place_that_cannot_be_written_is_done_without(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("a file")
    said: list[str] = []
    with HearingCache(tmp_path / "taken" / "hearings.sqlite", said.append) as cache:
        cache.keep("a" * 32, "tagger", make_hearing())
        assert cache.recall("a" * 32, "tagger") == make_hearing()
    assert len(said) == 1
    assert "what is heard now is not remembered" in said[0]


def test_what_was_kept_survives_a_kill(place: Path) -> None:
    script = """
import os, sys
from pathlib import Path
from audiomodel.cache import HearingCache
from tests.audiomodel.hearings import make_hearing
cache = HearingCache(Path(sys.argv[1]), print)
for n in range(50):
    cache.keep(f"{n:032x}", "tagger", make_hearing(f"{n:032x}"))
os.kill(os.getpid(), 9)
"""
    killed = subprocess.run([sys.executable, "-c", script, str(place)], check=False)
    assert killed.returncode == -9
    with HearingCache(place, no_word) as cache:
        assert all(cache.recall(f"{n:032x}", "tagger") for n in range(50))


def test_the_cache_lies_where_caches_of_the_user_lie(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", "/elsewhere")
    assert default_cache() == Path("/elsewhere/tagkin/hearings.sqlite")
    monkeypatch.setenv("XDG_CACHE_HOME", "not/absolute")
    assert default_cache() == Path.home() / ".cache" / "tagkin" / "hearings.sqlite"
