"""`tagkin train audio`, from files in their official layouts to an installed tagger that hears."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from xml.etree import ElementTree

import msgspec
import numpy as np
import pytest
from click.testing import CliRunner, Result

from audiomodel.cli_train import audio
from audiomodel.front_end import FrontEnd, log_mel
from audiomodel.tagger import Tagger, TaggerCard
from audiomodel.training.card import card_markdown
from audiomodel.training.options import TrainingOptions
from audiomodel.training.sources import artist_split
from audiomodel.training.trainer import Trainer
from tests.audiomodel.training.miniature import make_clips, make_options
from tests.audiomodel.training.recordings import write_fma, write_folder, write_mtat, write_recording

pytestmark = pytest.mark.slow

QUICK = ("--epochs", "2", "--tags-from", "3", "--jobs", "2")


def train(data: str, place: Path, *options: str, networks: tuple[str, ...] = ("cnn",)) -> Result:
    arguments = ["--data", data, "--data-dir", str(place), "--out", str(place / "out"), "--run", str(place / "run")]
    return CliRunner().invoke(audio, [*arguments, *QUICK, *(f"--network={kind}" for kind in networks), *options])


def hear(folder: Path) -> set[str]:
    sound = np.random.default_rng(0).normal(0, 0.1, 30 * 44_100).astype(np.float32)
    tagger = Tagger(folder)
    heard = tagger.hear(log_mel(sound, FrontEnd()))
    assert len(heard.moments) == 11
    return set(tagger.card.tags)


@pytest.fixture(scope="module")
def fma(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Result]:
    """Train on a miniature of fma_small, two networks; one file is damaged, one is not there."""
    place = tmp_path_factory.mktemp("fma")
    write_fma(place, range(2, 26))
    (place / "fma_small" / "000" / "000004.mp3").write_text("no sound at all")
    (place / "fma_small" / "000" / "000005.mp3").unlink()
    return place, train("fma-small", place, networks=("cnn", "crnn"))


def test_fma_small_in_its_official_layout_becomes_a_tagger(fma: tuple[Path, Result]) -> None:
    place, result = fma
    assert result.exit_code == 0, result.output
    assert hear(place / "out") == {"High", "Low", "Very Low"}
    card = Tagger(place / "out").card
    assert card.genres == ("High", "Low")
    assert card.figures["clips"] == {"train": 10, "valid": 6, "test": 6}
    assert "3 tags, 2 top genres, in " in result.stdout


def test_files_that_cannot_be_heard_are_named_and_short_ones_are_said(fma: tuple[Path, Result]) -> None:
    _, result = fma
    assert "left out 000/000004.mp3: " in result.stderr
    assert "left out 000/000005.mp3: there is no such file" in result.stderr
    assert "22 of 22 recordings last for less than 30 seconds" in result.stderr


def test_the_card_for_people_says_what_the_one_for_programs_says(fma: tuple[Path, Result]) -> None:
    place, _ = fma
    card = msgspec.json.decode((place / "out" / "card.json").read_bytes(), type=TaggerCard)
    text = (place / "out" / "card.md").read_text()
    assert text == card_markdown(card)
    assert "tagkin train audio --data fma-small --network cnn --network crnn --epochs 2 --tags-from 3 --seed 0" in text
    for said in ("jazz and classical", "Defferrard", "CC BY 4.0", "NC or ND", "Very Low", "pr_auc_3s", "network.width"):
        assert said in text
    assert str(place) not in text


def test_log_and_curves_are_in_the_folder_of_the_training(fma: tuple[Path, Result]) -> None:
    place, _ = fma
    for number in (1, 2):
        folder = place / "run" / f"network-{number}"
        assert (folder / "log.csv").read_text().startswith("epoch,seconds,loss_tags")
        words = "".join(ElementTree.parse(folder / "curves.svg").getroot().itertext())
        assert "genre accuracy" in words
        assert "whole clips" in words


def test_a_training_that_is_done_is_only_installed_again(fma: tuple[Path, Result]) -> None:
    place, _ = fma
    before = {path.name: path.read_bytes() for path in (place / "out").iterdir()}
    result = train("fma-small", place, networks=("cnn", "crnn"))
    assert result.stderr.count("going on after epoch 2") == 2
    assert {path.name: path.read_bytes() for path in (place / "out").iterdir()} == before
    assert set(before) == {"model.onnx", "card.json", "card.md", "reference.npz"}


def test_a_file_that_comes_back_stays_left_out_of_a_training_that_has_begun(fma: tuple[Path, Result]) -> None:
    place, _ = fma
    back = place / "fma_small" / "000" / "000005.mp3"
    write_recording(back, 5)
    result = train("fma-small", place, networks=("cnn", "crnn"))
    back.unlink()
    assert result.exit_code == 0, result.output
    assert result.stderr.count("going on after epoch 2") == 2
    assert "left out 000/000005.mp3: there is no such file" in result.stderr


def test_other_options_in_the_same_folder_are_refused(fma: tuple[Path, Result]) -> None:
    result = train("fma-small", fma[0], "--seed", "3", networks=("cnn", "crnn"))
    assert result.exit_code == 1
    assert "a training with other options is there" in result.stderr


def test_magnatagatune_becomes_a_tagger_without_genres(tmp_path: Path) -> None:
    write_mtat(tmp_path, range(16))
    result = train("mtat", tmp_path, networks=("crnn",))
    assert result.exit_code == 0, result.output
    assert hear(tmp_path / "out") == {"high", "low"}
    tagger = Tagger(tmp_path / "out")
    assert tagger.card.genres == ()
    assert tagger.card.options["kinds"] == ["crnn"]


def test_a_folder_of_ones_own_becomes_a_tagger_with_no_artist_in_two_parts(tmp_path: Path) -> None:
    write_folder(tmp_path / "music", range(40))
    write_recording(tmp_path / "music" / "nothing is written in this.mp3", 1)
    result = train(str(tmp_path / "music"), tmp_path)
    assert result.exit_code == 0, result.output
    assert hear(tmp_path / "out") == {"High", "Invented", "Low"}
    parts = [artist_split(f"artist {n // 2}") for n in range(40)]
    card = json.loads((tmp_path / "out" / "card.json").read_text())
    assert card["figures"]["clips"] == {part: parts.count(part) for part in ("train", "valid", "test")}
    assert card["name"] == "music"
    assert str(tmp_path) not in (tmp_path / "out" / "card.md").read_text()


def test_ctrl_c_says_how_to_go_on(tmp_path: Path) -> None:
    write_mtat(tmp_path, range(8))
    command = [sys.executable, "-m", "tagkin", "train", "audio", "--data", "mtat", "--data-dir", str(tmp_path)]
    command += ["--out", str(tmp_path / "out"), "--run", str(tmp_path / "run"), "--tags-from", "2", "--epochs", "9999"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        deadline = time.monotonic() + 120
        while not (tmp_path / "run" / "network-1" / "state.pt").exists() and time.monotonic() < deadline:
            time.sleep(0.1)
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=60)
    assert process.returncode == 130, said
    assert "stopped; this goes on after the last whole epoch: tagkin train audio --data mtat" in said
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ("fma-small", "fma_small as unzipped"),
        ("mtat", "as unzipped from mp3.zip.001"),
        ("fma-smal", "expected fma-small, mtat or a folder"),
    ],
)
def test_what_is_not_there_is_said_with_its_home(data: str, said: str, tmp_path: Path) -> None:
    result = train(data, tmp_path)
    assert result.exit_code == 1
    assert said in result.stderr


def test_a_folder_without_tags_or_with_one_artist_is_refused(tmp_path: Path) -> None:
    (tmp_path / "music").mkdir()
    assert "expected recordings with tags, found none" in train(str(tmp_path / "music"), tmp_path).stderr
    write_folder(tmp_path / "music", [0, 1])
    assert "of other artists, to choose by" in train(str(tmp_path / "music"), tmp_path).stderr


def test_a_directory_with_something_else_is_not_replaced(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "thesis.txt").write_text("mine")
    result = train("fma-small", tmp_path)
    assert "holds 'thesis.txt', which is no part of a tagger" in result.stderr


def test_the_defaults_that_help_shows_are_those_of_training() -> None:
    shown = {option.name: option.show_default for option in audio.params if hasattr(option, "show_default")}
    default = TrainingOptions()
    assert shown["epochs"] == str(default.epochs)
    assert shown["tags_from"] == str(default.tags_from)
    assert shown["kinds"] == ", ".join(default.kinds)


def test_a_training_may_be_compiled_and_its_card_says_so(tmp_path: Path) -> None:
    write_fma(tmp_path, range(2, 26))
    result = train("fma-small", tmp_path, "--compile")
    assert result.exit_code == 0, result.output
    assert hear(tmp_path / "out") == {"High", "Low", "Very Low"}
    assert Tagger(tmp_path / "out").card.options["command"].endswith("--tags-from 3 --compile --seed 0")


def test_compiling_without_a_compiler_is_refused_before_anything_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("CXX", raising=False)
    result = train("fma-small", tmp_path, "--compile")
    assert result.exit_code == 1
    assert "--compile needs a C++ compiler, such as g++; install that, or leave --compile out" in result.stderr


@pytest.mark.parametrize("epochs", range(1, 7))
def test_a_training_of_a_few_steps_has_its_rates(epochs: int, tmp_path: Path) -> None:
    trainer = Trainer(make_clips(16), make_options(epochs=epochs, batch_size=500), tmp_path, print)
    trainer.run()
    assert trainer.epoch == epochs


@pytest.mark.data
def test_the_prepared_fma_small_stands_in_for_its_audio(data_dir: Path) -> None:
    from audiomodel.training.audio_clips import read_clips
    from audiomodel.training.sources import find_source

    if (data_dir / "fma_small").is_dir():
        pytest.skip("the audio itself is there")
    source = find_source("fma-small", data_dir)
    clips = read_clips(source, Path("not used"), 1, print, lambda *_: None)
    assert [len(clips.of(split)) for split in ("train", "valid", "test")] == [6384, 800, 797]
    artists = {split: {clips.artists[row] for row in clips.of(split)} for split in ("train", "test")}
    assert artists["train"] & artists["test"] <= {""}  # some have no name


def test_without_the_extra_the_way_to_it_is_said(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("audiomodel.cli_train._LIBRARIES", ("numpy", "no_such_library"))
    result = train("fma-small", tmp_path)
    assert "training needs no_such_library: pip install 'tagkin[train]'" in result.stderr
    shutil.rmtree(tmp_path)
