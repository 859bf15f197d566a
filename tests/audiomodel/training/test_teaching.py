"""Teachers are trained first, with seeds of their own, and heard by the one they teach."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
import torch
from safetensors.torch import load_file

from audiomodel.training.measuring import hear_all
from audiomodel.training.targets import Answers, Targets
from audiomodel.training.teaching import FIRST_SEED, ask_teachers
from audiomodel.training.trainer import Trainer, best_network
from tests.audiomodel.training.miniature import make_clips, make_options

pytestmark = pytest.mark.slow

CLIPS = make_clips()


def quiet(_line: str) -> None:
    pass


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("run")


@pytest.fixture(scope="module")
def heard(run: Path) -> Answers:
    found = ask_teachers(CLIPS, make_options(teachers=2), run, quiet)
    assert found is not None
    return found


def test_teachers_answer_with_the_mean_of_what_each_hears(run: Path, heard: Answers) -> None:
    options, targets = make_options(), Targets.of(CLIPS, 4)
    networks = [best_network(run / f"teacher-{number}", options, targets) for number in (1, 2)]
    said = [hear_all(network, torch.from_numpy(CLIPS.levels)) for network in networks]
    assert torch.allclose(heard.tags, torch.stack([one.tags.sigmoid() for one in said]).mean(dim=0), atol=1e-6)
    assert torch.allclose(heard.genres, torch.stack([one.genres.softmax(1) for one in said]).mean(dim=0), atol=1e-6)
    assert not torch.allclose(said[0].tags, said[1].tags, atol=1e-3)


def test_a_teacher_is_what_a_training_with_its_seed_gives(run: Path, heard: Answers, tmp_path: Path) -> None:
    Trainer(CLIPS, make_options(teachers=0, seed=FIRST_SEED), tmp_path, quiet).run()
    one, other = (load_file(folder / "best.safetensors") for folder in (tmp_path, run / "teacher-1"))
    assert all(torch.equal(one[name], other[name]) for name in one)


def test_teachers_who_are_done_are_not_trained_again(run: Path, heard: Answers) -> None:
    said: list[str] = []
    again = ask_teachers(CLIPS, make_options(teachers=2, seed=5), run, said.append)
    assert again is not None
    assert torch.equal(heard.tags, again.tags)
    assert said == [
        "teacher 1 of 2", "going on after epoch 4", "teacher 2 of 2", "going on after epoch 4"
    ]  # fmt: skip


def test_without_teachers_nobody_is_asked(tmp_path: Path) -> None:
    assert ask_teachers(CLIPS, make_options(), tmp_path, quiet) is None
    assert list(tmp_path.iterdir()) == []


def test_one_that_is_taught_learns_something_else_than_one_that_is_not(heard: Answers, tmp_path: Path) -> None:
    options = make_options(taught=1.0)
    Trainer(CLIPS, options, tmp_path / "alone", quiet).run()
    taught = Trainer(CLIPS, msgspec.structs.replace(options, teachers=2), tmp_path / "taught", quiet, heard)
    taught.run()
    one, other = (load_file(tmp_path / name / "best.safetensors") for name in ("alone", "taught"))
    assert any(not torch.equal(one[name], other[name]) for name in one)


def test_one_that_learns_from_teachers_alone_hears_what_they_hear(heard: Answers, tmp_path: Path) -> None:
    options = make_options(taught=1.0, teachers=2, epochs=12, learning_rate=8e-3, batch_size=4)
    trainer = Trainer(CLIPS, options, tmp_path, quiet, heard)
    before = _distance(trainer, heard)
    trainer.run()
    assert _distance(trainer, heard) < before / 2


def _distance(trainer: Trainer, heard: Answers) -> float:
    rows = trainer.train
    output = hear_all(trainer.mean, trainer.levels[rows])
    return float((output.tags.sigmoid() - heard.tags[rows]).abs().mean())
