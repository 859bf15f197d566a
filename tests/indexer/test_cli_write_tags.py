"""`tagkin write-tags` shows what would change, asks, and writes just that."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import orjson
import pytest
import soundfile
from click.testing import CliRunner, Result

from audiomodel.identity import audio_id
from audiomodel.metadata import read_metadata
from indexer import cli_write_tags
from tests.audiomodel.tones import write_tone
from tests.indexer.audio_files import write_audio


def run(*arguments: object, stdin: str | None = None) -> Result:
    return CliRunner().invoke(cli_write_tags.write_tags_command, [*map(str, arguments)], input=stdin)


@pytest.fixture
def song(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file of real sound in the current folder."""
    monkeypatch.chdir(tmp_path)
    write_tone(tmp_path / "song.flac")
    assert soundfile.info(tmp_path / "song.flac").frames
    return Path("song.flac")


def test_a_dry_run_shows_the_change_and_writes_nothing(song: Path) -> None:
    before = song.read_bytes()
    result = run(song, "drone", "slow, deep", "--dry-run")
    assert result.exit_code == 0
    assert result.stdout == "song.flac\n  + TAGS: drone; slow; deep\n"
    assert "1 file to change, 3 tags to add" in result.stderr
    assert song.read_bytes() == before


def test_what_was_confirmed_is_written_and_the_audio_and_a_backup_are_as_they_were(song: Path) -> None:
    before, sound = song.read_bytes(), audio_id(song)
    result = run(song, "drone", "--yes", "--backup", "originals")
    assert (result.exit_code, "1 file changed" in result.stderr) == (0, True)
    assert read_metadata(song).tags() == ("drone",)
    assert audio_id(song) == sound
    assert Path("originals/song.flac").read_bytes() == before
    again = run(song, "Drone", "--yes")
    assert "already there: Drone" in again.stdout
    assert "0 files to change" in again.stderr


def test_what_is_there_already_needs_nobody_to_say_yes(song: Path) -> None:
    run(song, "drone", "--yes")
    again = run(song, "drone")
    assert (again.exit_code, "0 files to change" in again.stderr) == (0, True)


def test_a_file_that_is_not_there_is_not_called_damaged(song: Path) -> None:
    result = run("sogn.flac", "drone", "--yes")
    assert result.exit_code == 1
    assert "sogn.flac: there is no such file" in result.stderr


def test_nobody_is_asked_where_nobody_is_there(song: Path) -> None:
    result = run(song, "drone")
    assert result.exit_code == 2
    assert "say --yes to write, or --dry-run" in result.stderr
    assert read_metadata(song).tags() == ()


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("list.jsonl", '{"file": "song.flac", "tags": ["drone", "rock, pop"]}\n'),
        ("list.csv", 'file,tags\nsong.flac,"drone;""rock, pop"""\n'),
        ("list.json", '[{"file": "song.flac", "tags": ["drone"]}, {"path": "song.flac", "tags": "\\"rock, pop\\""}]'),
        (
            "list.jsonl",
            '{"file": "cut.mp3", "problem": {"reason": "damaged", "message": "it breaks off"}}\n'
            '{"file": "song.flac", "tags": [{"tag": "drone", "certain": true}, {"tag": "rock, pop"}]}\n',
        ),
        (
            "list.json",
            orjson.dumps(
                {
                    "files": [
                        {
                            "file": "song.flac",
                            "tags": [
                                {"tag": "drone", "probability": 0.9, "certain": True},
                                {"tag": "rock, pop", "probability": 0.8, "certain": True},
                                {"tag": "folk", "probability": 0.2, "certain": False},
                            ],
                        }
                    ]
                }
            ).decode(),
        ),
    ],
)
def test_many_files_come_as_a_list(song: Path, name: str, text: str) -> None:
    Path(name).write_text(text)
    assert run("--from", name, "--yes").exit_code == 0
    assert read_metadata(song).tags() == ("drone", "rock, pop")


def test_a_list_may_come_on_stdin(song: Path) -> None:
    assert run("--from", "-", "--yes", stdin='{"file": "song.flac", "tags": ["drone"]}\n').exit_code == 0
    assert read_metadata(song).tags() == ("drone",)


def test_files_that_cannot_be_changed_are_told_and_the_others_are_written(song: Path) -> None:
    Path("text.mp3").write_text("no audio")
    write_audio(Path("hollow.flac"), {"title": "no sound in it"})
    lines = [{"file": name, "tags": ["drone"]} for name in ("gone.mp3", "text.mp3", "hollow.flac", "song.flac")]
    Path("list.jsonl").write_bytes(b"\n".join(map(orjson.dumps, lines)))
    hollow = Path("hollow.flac").read_bytes()
    result = run("--from", "list.jsonl", "--yes")
    assert result.exit_code == 1
    assert "gone.mp3: " in result.stderr
    assert "text.mp3: " in result.stderr
    assert "hollow.flac: not changed: " in result.stderr
    assert Path("hollow.flac").read_bytes() == hollow
    assert read_metadata(song).tags() == ("drone",)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('{"song": "song.flac"}\n', "expected a file and its tags, got song"),
        ('{"file": "song.flac", "tags": {"a": 1}}\n', "expected text, got an object"),
        ("nonsense\n", "line 1"),
    ],
)
def test_a_list_that_is_none_is_told_with_its_line(song: Path, text: str, said: str) -> None:
    Path("list.jsonl").write_text(text)
    result = run("--from", "list.jsonl", "--yes")
    assert (result.exit_code, said in result.stderr) == (2, True)


@pytest.mark.parametrize("arguments", [[], ["a.flac"], ["a.flac", "!!!"], ["a.flac", "x", "--from", "a.csv"]])
def test_a_wrong_command_line_is_refused(song: Path, arguments: list[str]) -> None:
    assert run(*arguments, "--yes").exit_code == 2


_SMALL_DISK = """
import resource, sys
from indexer.cli_write_tags import write_tags_command
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv.pop(1)),) * 2)
write_tags_command()
"""


@pytest.mark.slow
def test_a_disk_that_is_full_on_saving_costs_that_file_only(song: Path) -> None:
    write_tone(Path("long.flac"), seconds=5.0)
    tags = [f"a tag of quite some length, number {at}" for at in range(500)]
    before = Path("long.flac").read_bytes()
    lines = [{"file": "long.flac", "tags": tags}, {"file": "song.flac", "tags": ["drone"]}]
    Path("list.jsonl").write_bytes(b"\n".join(map(orjson.dumps, lines)))
    # Its copy is there; what is to be added does not fit.
    limit = str(len(before) + 1_000)
    command = [sys.executable, "-c", _SMALL_DISK, limit, "--from", "list.jsonl", "--yes"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 1, done.stderr
    assert "long.flac: not changed: it cannot be written (File too large)" in done.stderr
    assert Path("long.flac").read_bytes() == before
    assert read_metadata(song).tags() == ("drone",)
    assert {path.name for path in Path().iterdir()} == {"list.jsonl", "long.flac", "song.flac"}
