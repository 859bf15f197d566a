"""`tagkin similar` and `tagkin suggest --audio`, as a person at a terminal and a program meet them."""

from __future__ import annotations

import resource
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson
import pytest
from click.testing import CliRunner, Result

from audiomodel.tagger import MODELS, SHIPPED
from indexer import ears
from indexer.cli import index_command
from indexer.cli_similar import similar
from indexer.cli_suggest import suggest
from search.embedded import EmbeddedEngine
from tests.audiomodel.tones import write_tone
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


@pytest.fixture
def music(tmp_path: Path) -> Path:
    """A folder with two recordings that is called like a data set."""
    folder = tmp_path / "fma"
    folder.mkdir()
    for seed in (1, 2):
        write_tone(folder / f"{seed}.wav", seed)
    return folder


def test_a_tagger_that_is_cut_off_is_a_wrong_model_whoever_hears(ask: Ask, music: Path, tmp_path: Path) -> None:
    tagger = tmp_path / "tagger"
    shutil.copytree(MODELS / SHIPPED, tagger)
    (tagger / "model.onnx").write_bytes((tagger / "model.onnx").read_bytes()[:1_000])
    options = ["--jobs", "1", "--tagger", str(tagger)]
    place = ["--engine", str(tmp_path / "none")]
    for result in (
        ask(music / "1.wav", *options),
        ask("1", "--folder", music, *options),
        CliRunner().invoke(suggest, ["--audio", str(music / "1.wav"), *options, *place]),
        CliRunner().invoke(index_command, [str(music), *options, *place]),
    ):
        assert (result.exit_code, result.stdout) == (2, "")
        assert "a process that reads audio files did not start" in result.stderr
        assert "model.onnx is no network, is it damaged?" in result.stderr


def test_a_folder_that_is_called_like_a_data_set_is_a_folder(
    ask: Ask, music: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(music.parent)
    found = orjson.loads(ask("--json", "fma/1.wav", "--folder", "./fma", "--jobs", 1).stdout_bytes)
    assert [hit["track"]["title"] for hit in found["hits"]] == ["2"]


def test_without_the_libraries_a_folder_is_told_how_to_get_them(
    ask: Ask, music: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ears, "missing_libraries", lambda: ("av",))
    result = ask("1", "--folder", music)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith("tagkin: audio files cannot be heard: av missing: pip install 'tagkin[audio]'")


def test_an_index_of_a_folder_that_cannot_be_written_is_told(music: Path) -> None:
    def allow_no_large_file() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (1_000, 1_000))

    command = [sys.executable, "-m", "tagkin", "similar", "1", "--folder", str(music), "--jobs", "1"]
    done = subprocess.run(command, preexec_fn=allow_no_large_file, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (3, ""), done.stderr
    assert "Traceback" not in done.stderr
    assert "reading or writing failed; check the disk and its free space" in done.stderr


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
