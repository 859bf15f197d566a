"""`tagkin hear`, with the shipped tagger in real processes."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
import soundfile
from click.testing import CliRunner, Result

from audiomodel.cli import hear
from audiomodel.tagger import load_tagger
from tests.audiomodel.played import RATE, chords, drums

SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture(scope="module")
def music(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with two songs, a letter called mp3, and a hidden song."""
    folder = tmp_path_factory.mktemp("music")
    song = 0.4 * (drums(96, 12) + chords(7, minor=False, bpm=96))
    (folder / "deeper").mkdir()
    (folder / ".hidden").mkdir()
    for place in ("song.wav", "deeper/song & <other>.flac", ".hidden/song.wav"):
        soundfile.write(folder / place, song, RATE)
    (folder / "letter.mp3").write_text("Dear Sir or Madam, " * 100)
    return folder


def run(*arguments: object) -> Result:
    return CliRunner().invoke(hear, [str(one) for one in arguments])


def test_a_person_is_told_what_is_heard(music):
    result = run(music / "song.wav")
    assert result.exit_code == 0, result.output
    for said in ("song.wav", "96.0 bpm", "G major", "duration  0:12.0", "status    "):
        assert said in result.stdout


def test_a_folder_is_heard_and_failures_are_named(music):
    result = run(music, "--json", "--jobs", 2)
    assert result.exit_code == 1
    lines = [json.loads(line) for line in result.stdout.splitlines()]
    assert [Path(line["file"]).name for line in lines] == ["song & <other>.flac", "letter.mp3", "song.wav"]
    other, letter, song = lines
    assert letter["problem"]["reason"] == "not-audio"
    assert song["tempo"]["bpm"] == other["tempo"]["bpm"] == pytest.approx(96, rel=0.01)
    assert song["key"]["name"] == "G major"
    assert song["tagger"]["tagger_id"] == load_tagger().tagger_id
    assert "1 of 3 files could not be heard" in result.stderr


def test_what_cannot_be_heard_is_named_on_stderr(music):
    result = run(music / "letter.mp3")
    assert result.exit_code == 1
    assert result.stdout == ""
    assert "letter.mp3: expected mp3, flac" in result.stderr


def test_the_picture_shows_time_frequency_and_moments(music, tmp_path):
    picture = tmp_path / "song.svg"
    result = run(music / "deeper" / "song & <other>.flac", "--picture", picture)
    assert result.exit_code == 0, result.output
    root = ElementTree.parse(picture).getroot()
    texts = [element.text for element in root.iter(f"{SVG}text")]
    assert {"song & <other>.flac", "0:00", "0:10", "200 Hz", "10 kHz"} <= set(texts)
    (image,) = root.iter(f"{SVG}image")
    assert image.get("href", "").startswith("data:image/png;base64,iVBOR")


def test_a_picture_without_words_is_a_png(music, tmp_path):
    picture = tmp_path / "song.png"
    assert run(music / "song.wav", "--picture", picture).exit_code == 0
    assert picture.read_bytes().startswith(b"\x89PNG")


def test_a_picture_is_of_one_file_and_of_a_known_kind(music, tmp_path):
    several = run(music, "--picture", tmp_path / "all.svg")
    assert several.exit_code == 2
    assert "expected one file to draw, got 3" in several.stderr
    unknown = run(music / "song.wav", "--picture", tmp_path / "song.gif")
    assert unknown.exit_code == 2
    assert "expected a file ending in .svg or .png" in unknown.stderr


def test_a_picture_that_cannot_be_written_ends_with_3(music, tmp_path):
    result = run(music / "song.wav", "--picture", tmp_path / "nowhere" / "song.svg")
    assert result.exit_code == 3
    assert "cannot be written" in result.stderr


def test_a_folder_without_sound_is_said(tmp_path):
    result = run(tmp_path)
    assert result.exit_code == 2
    assert "expected audio files" in result.stderr


def test_a_folder_without_a_tagger_is_said(music, tmp_path):
    result = run(music / "song.wav", "--tagger", tmp_path)
    assert result.exit_code == 2
    assert "expected a tagger" in result.stderr


def test_without_the_extra_it_says_how_to_get_it(music, monkeypatch):
    # As `find_spec` answers for a library that is not there.
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    monkeypatch.setattr("audiomodel.cli.missing_libraries", lambda: ("onnxruntime",))
    result = run(music / "song.wav")
    assert result.exit_code == 2
    assert "pip install 'tagkin[audio]'" in result.stderr


def test_a_fifth_of_a_second_can_be_drawn(tmp_path):
    hiss, tone = np.random.default_rng(1).normal(0, 0.1, 9_000), np.sin(np.arange(9_000) / 9)
    for name, sound in (("hiss", hiss), ("tone", tone)):
        soundfile.write(tmp_path / f"{name}.wav", sound, RATE)
        assert run(tmp_path / f"{name}.wav", "--picture", tmp_path / f"{name}.svg").exit_code == 0
