"""`tagkin similar` and `tagkin suggest --audio`, as a person at a terminal and a program meet them."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson
import pytest
from click.testing import CliRunner, Result

from indexer.cli_similar import similar
from indexer.cli_suggest import suggest
from search.embedded import EmbeddedEngine
from tests.search.engine_contract import fill
from tests.search.sound_blocks import CATALOGUE

Ask = Callable[..., Result]


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("similar") / "index"
    engine = EmbeddedEngine.open(directory, create=True)
    fill(engine, *CATALOGUE)
    engine.close()
    return directory


@pytest.fixture
def ask(index: Path, monkeypatch: pytest.MonkeyPatch) -> Ask:
    monkeypatch.setenv("COLUMNS", "140")

    def run(*arguments: object) -> Result:
        result = CliRunner().invoke(similar, [*map(str, arguments), "--engine", str(index)])
        assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
        return result

    return run


@pytest.fixture
def answer(ask: Ask) -> Callable[..., Any]:
    return lambda *arguments: orjson.loads(ask("--json", *arguments).stdout_bytes)


def ids(answered: Any) -> list[str]:
    return [hit["track"]["track_id"] for hit in answered["hits"]]


def test_a_song_is_named_by_words_in_any_order_with_slips_or_by_its_id(answer: Callable[..., Any]) -> None:
    by_id = answer("calm:1")
    assert (by_id["by"], by_id["mix"], ids(by_id)[:2]) == ("sound", 0.0, ["calm:2", "calm:3"])
    for words in (("Calm", "1"), ("calm 1",), ("1", "clam"), ("the", "calms", "1"), ("+calm:1",)):
        assert answer(*words) == by_id


def test_the_table_says_by_what_where_and_why(ask: Ask) -> None:
    result = ask("calm", "1", "-k", "2")
    assert (result.exit_code, result.stderr) == (0, "")
    first, second = result.stdout.splitlines()[-2:]
    assert result.stdout.startswith("like Calm 1: by sound\n")
    assert first.split()[:5] == ["1", "0.993", "0.986", "Calm", "2"] or first.startswith("1")
    assert first.rstrip().endswith("(heard)")
    assert second.rstrip().endswith("jazz")
    explained = ask("calm:1", "-k", "1", "--explain", "--mix", "0.5").stdout
    assert "by sound and tags, of which tags are 50%" in explained
    assert "sound " in explained
    assert "alike; " in explained


def test_several_songs_and_signs_make_one_direction(answer: Callable[..., Any]) -> None:
    both = answer("calm:1", "loud:1", "-k", "3")
    assert [(one["track_id"], one["like"]) for one in both["references"]] == [("calm:1", True), ("loud:1", True)]
    away = answer("calm:2", "--like", "loud 1", "--unlike", "calm 1")
    assert ids(away)[0] == "loud:2"
    assert [one["like"] for one in away["references"]] == [True, True, False]


def test_a_query_narrows_and_tags_are_mixed_in(answer: Callable[..., Any]) -> None:
    assert ids(answer("calm:1", "-q", "genre:jazz")) == ["calm:3"]
    assert ids(answer("calm:1", "--by", "tags")) == [
        hit["track"]["track_id"] for hit in answer("calm:1", "--mix", "1")["hits"]
    ]
    assert answer("calm:1", "--by", "both")["mix"] == 0.5


def test_a_track_that_nobody_listened_to_is_compared_by_tags_and_that_is_said(ask: Ask) -> None:
    result = ask("silent:1")
    assert "like Silent: by tags\nnobody has listened to Silent" in result.stdout
    refused = ask("silent:1", "--by", "sound")
    assert (refused.exit_code, refused.stdout) == (2, "")
    assert "nobody has listened to Silent: index the files of sound" in refused.stderr


@pytest.mark.parametrize(
    ("arguments", "status", "said"),
    [
        ((), 2, "expected a SONG"),
        (("calm:1", "--by", "tags", "--mix", "0.5"), 2, "expected one of them"),
        (("calm:1", "--mix", "2"), 2, "0<=x<=1"),
        (("calm:1", "-q", "zzyzx"), 2, "which nobody uses"),
        (("calm:1", "-q", "+rock +slow"), 1, "nothing that is like calm:1 passes '+rock +slow'"),
        (("zzyzx",), 1, "no title or artist is spelled like it"),
        (("zzyzx", "qwerty"), 1, "each in quotes"),
        (("nothing.mp3",), 1, "there is no file of that name"),
        (("calms",), 2, "'calms' may be any of these; say artist and title, or the id:\n  calm:1  Calm 1 - The Calms"),
    ],
)
def test_what_cannot_be_answered_is_said_with_the_likely_slip(
    ask: Ask, arguments: tuple[str, ...], status: int, said: str
) -> None:
    result = ask(*arguments)
    assert (result.exit_code, result.stdout) == (status, "")
    assert said in result.stderr


def test_a_file_that_is_no_sound_is_refused_with_the_reason(ask: Ask, tmp_path: Path) -> None:
    path = tmp_path / "notes.mp3"
    path.write_text("not music")
    result = ask(path, "--jobs", 1)
    assert (result.exit_code, result.stdout) == (2, "")
    assert "notes.mp3 cannot be heard (not-audio)" in result.stderr


@pytest.mark.slow
@pytest.mark.data
def test_a_folder_of_ones_own_is_searched_by_file_by_name_and_by_excerpt(
    ask: Ask, data_dir: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "music"
    folder.mkdir()
    for name in ("better", "do_not_blink", "sweet_waltz"):
        shutil.copy(data_dir / "audio" / "demo" / f"{name}.mp3", folder)
    excerpt = tmp_path / "excerpt.wav"
    _cut(folder / "do_not_blink.mp3", excerpt)
    by_file = orjson.loads(ask("--json", folder / "better.mp3", "--folder", folder, "--jobs", 1).stdout_bytes)
    titles = [hit["track"]["title"] for hit in by_file["hits"]]
    assert titles[0] == "Do not blink"
    assert len(titles) == 2
    assert len(by_file["same"]) == 1
    by_name = orjson.loads(ask("--json", "betetr", "--folder", folder, "--jobs", 1).stdout_bytes)
    assert [hit["track"] for hit in by_name["hits"]] == [hit["track"] for hit in by_file["hits"]]
    found = orjson.loads(ask("--json", excerpt, "--folder", folder, "--jobs", 1).stdout_bytes)
    assert (found["by_moment"], found["hits"][0]["track"]["title"]) == (True, "Do not blink")
    suggested = CliRunner().invoke(
        suggest, ["sad", "--audio", str(excerpt), "--json", "--engine", str(tmp_path / "none"), "--jobs", "1"]
    )
    suggestions = orjson.loads(suggested.stdout)["suggestions"]
    assert any(one["heard"] is not None for one in suggestions)
    assert any(one["reasons"] for one in suggestions)


def _cut(source: Path, target: Path) -> None:
    import soundfile

    waveform, rate = soundfile.read(source)
    soundfile.write(target, waveform[10 * rate : 15 * rate], rate)


def test_suggestions_need_tags_or_a_recording() -> None:
    result = CliRunner().invoke(suggest, [])
    assert result.exit_code == 2
    assert "expected TAGS, or a recording with --audio; got neither" in result.output
