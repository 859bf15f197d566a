"""A training learns, gives the same weights twice, and goes on from where it was interrupted as if it had not been."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import pytest
import torch
from safetensors.torch import load_file

from audiomodel.training import augmentation, network, views
from audiomodel.training.options import TrainingOptions
from audiomodel.training.trainer import Trainer
from tests.audiomodel.training.miniature import make_clips, make_options

pytestmark = pytest.mark.slow


class Stopped(Exception):
    pass


def quiet(_line: str) -> None:
    pass


def weights(folder: Path) -> dict[str, torch.Tensor]:
    return load_file(folder / "best.safetensors")


def same(one: dict[str, torch.Tensor], other: dict[str, torch.Tensor]) -> bool:
    return one.keys() == other.keys() and all(torch.equal(one[name], other[name]) for name in one)


def log(folder: Path) -> list[dict[str, str]]:
    with (folder / "log.csv").open(newline="") as file:
        return [{name: value for name, value in row.items() if name != "seconds"} for row in csv.DictReader(file)]


def train(folder: Path, options: TrainingOptions) -> Trainer:
    trainer = Trainer(make_clips(), options, folder, quiet)
    trainer.run()
    return trainer


def interrupt(folder: Path, options: TrainingOptions, step: int) -> None:
    """Train until a step, and stop in the middle of it."""
    trainer = Trainer(make_clips(), options, folder, quiet)
    original, steps = trainer._step, iter(range(step))

    def stopping(rows: torch.Tensor) -> dict[str, float]:
        if next(steps, None) is None:
            raise Stopped
        return original(rows)

    trainer._step = stopping  # type: ignore[method-assign]
    with pytest.raises(Stopped):
        trainer.run()


@pytest.fixture(scope="module", params=["cnn", "crnn", "statistics"])
def kind(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture(scope="module")
def options(kind: str) -> TrainingOptions:
    plain = make_options()
    return make_options(network=type(plain.network)(kind, plain.network.widths, plain.network.blocks))


@pytest.fixture(scope="module")
def whole(options: TrainingOptions, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Train without interruption."""
    folder = tmp_path_factory.mktemp("whole")
    train(folder, options)
    return folder


def test_what_can_be_told_apart_is_learned(tmp_path: Path) -> None:
    options = make_options(epochs=8, learning_rate=8e-3, batch_size=4, measure_every=8)
    best = Trainer(make_clips(48), options, tmp_path, quiet).run()
    assert best.accuracy >= 0.9
    assert best.pr_auc >= 0.85
    assert best.roc_auc >= 0.85


def test_two_trainings_give_the_same_weights(whole: Path, options: TrainingOptions, tmp_path: Path) -> None:
    train(tmp_path, options)
    assert same(weights(whole), weights(tmp_path))
    assert log(whole) == log(tmp_path)


# Three steps an epoch: in the first epoch, in the second, and after one that was measured.
@pytest.mark.parametrize("step", [1, 4, 7])
def test_an_interrupted_training_gives_the_weights_of_one_that_was_not(
    step: int, whole: Path, options: TrainingOptions, tmp_path: Path
) -> None:
    interrupt(tmp_path, options, step)
    torch.rand(100)  # whatever else happened meanwhile
    train(tmp_path, options)
    assert same(weights(whole), weights(tmp_path))
    assert log(whole) == log(tmp_path)


def test_a_training_that_is_interrupted_twice_and_before_it_is_saved_comes_to_the_same(
    whole: Path, options: TrainingOptions, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    interrupt(tmp_path, options, 4)

    def unsaved(_trainer: Trainer) -> None:
        raise Stopped

    with monkeypatch.context() as patch:
        patch.setattr(Trainer, "_save", unsaved)
        with pytest.raises(Stopped):
            train(tmp_path, options)
    train(tmp_path, options)
    assert same(weights(whole), weights(tmp_path))
    assert log(whole) == log(tmp_path)


def test_another_seed_gives_other_weights(whole: Path, options: TrainingOptions, tmp_path: Path) -> None:
    train(tmp_path, type(options)(**{name: getattr(options, name) for name in options.__struct_fields__} | {"seed": 1}))
    assert not same(weights(whole), weights(tmp_path))


def test_a_training_that_is_done_is_not_done_again(tmp_path: Path) -> None:
    first = train(tmp_path, make_options())
    before = weights(tmp_path)
    said: list[str] = []
    again = Trainer(make_clips(), make_options(), tmp_path, said.append)
    assert again.run().score == first.best
    assert again.best_epoch == first.best_epoch
    assert said == ["going on after epoch 4"]
    assert same(before, weights(tmp_path))


def test_a_folder_with_another_training_is_refused(tmp_path: Path) -> None:
    train(tmp_path, make_options())
    with pytest.raises(ValueError, match="other options"):
        train(tmp_path, make_options(epochs=5))
    with pytest.raises(ValueError, match="other clips"):
        Trainer(make_clips(seed=1), make_options(), tmp_path, quiet).run()
    corrected = replace(make_clips(), artists=("another", *make_clips().artists[1:]))
    with pytest.raises(ValueError, match="other clips"):
        Trainer(corrected, make_options(), tmp_path, quiet).run()


def test_training_stops_when_validation_gets_no_better(tmp_path: Path) -> None:
    trainer = train(tmp_path, make_options(epochs=200, learning_rate=1e-9, batch_size=500, patience=2, measure_every=1))
    assert trainer.epoch == trainer.best_epoch + 2


def test_the_best_epoch_is_kept_and_every_measured_one_is_logged(whole: Path, options: TrainingOptions) -> None:
    rows = log(whole)
    assert [row["epoch"] for row in rows] == ["2", "4"]
    assert {"loss_tags", "loss_excerpts", "accuracy", "pr_auc"} <= set(rows[0])


def test_fewer_clips_than_a_batch_are_enough(tmp_path: Path) -> None:
    train(tmp_path, make_options(batch_size=500, epochs=2))
    assert weights(tmp_path)


def test_clips_without_genres_are_learned_by_their_tags(tmp_path: Path) -> None:
    trainer = Trainer(make_clips(genres=False), make_options(epochs=2), tmp_path, quiet)
    assert trainer.run().accuracy == 0
    assert trainer.targets.genre_names == ()


def test_a_compiled_training_does_what_a_plain_one_does(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # Every length is compiled anew.
    monkeypatch.setattr(views, "WHOLE", (96,))
    monkeypatch.setattr(views, "EXCERPTS", (13,))
    # Without dropout, which a compiler draws otherwise.
    monkeypatch.setattr(network, "_DROPOUT_BESIDE", 0.0)
    small = msgspec.structs.replace(make_options().network, dropout_seen=0.0, dropout=0.0)
    plain = make_options(epochs=2, measure_every=1, network=small)
    for name, compiled in (("plain", False), ("compiled", True)):
        train(tmp_path / name, msgspec.structs.replace(plain, compiled=compiled))
    for one, other in zip(log(tmp_path / "plain"), log(tmp_path / "compiled"), strict=True):
        for loss in ("loss_tags", "loss_excerpts"):
            assert float(one[loss]) == pytest.approx(float(other[loss]), rel=0.02)


def counted(monkeypatch: pytest.MonkeyPatch, module: Any, name: str) -> list[int]:
    """Count the calls of a function, which is called all the same."""
    calls: list[int] = []
    original = getattr(module, name)

    def call(*args: Any) -> Any:
        calls.append(1)
        return original(*args)

    monkeypatch.setattr(module, name, call)
    return calls


@pytest.mark.parametrize("changed", [0.0, 0.5, 1.0])
def test_statistics_are_mixed_in_every_step_and_counted_of_clips_as_they_are_or_changed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, changed: float
) -> None:
    masks, wholes = counted(monkeypatch, augmentation, "mask"), counted(monkeypatch, views, "whole")
    network_options = msgspec.structs.replace(make_options().network, kind="statistics")
    options = make_options(
        epochs=3, batch_size=6, statistics_batches=2, statistics_changed=changed, network=network_options
    )
    trainer = Trainer(make_clips(), options, tmp_path, quiet)
    mixed: list[tuple[Any, ...]] = []
    told = trainer.learner.told
    monkeypatch.setattr(trainer.learner, "told", lambda *given: (mixed.append(given), told(*given))[1])
    trainer.run()
    # Excerpts are told as they are.
    mixed = [given for given in mixed if len(given) == 3]
    n_steps = 3 * trainer.n_steps
    assert masks == []
    assert len(mixed) == n_steps
    assert len(wholes) in {0.0: [0], 0.5: range(1, n_steps), 1.0: [n_steps]}[changed]
    with torch.no_grad():
        as_they_are = trainer.network.look(torch.from_numpy(trainer.clips.levels[trainer.clips.of("train")]).float())
    n_changed = 0
    for seen, order, share in mixed:
        assert len(seen) == 12
        assert sorted(order.tolist()) == list(range(len(seen)))
        assert 0 < share < 1
        n_changed += not all(torch.isclose(row, as_they_are, atol=1e-4).all(dim=1).any() for row in seen)
    assert n_changed == len(wholes)


def test_a_cnn_sees_clips_changed_and_blanked_in_every_step_and_mixed_in_some(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = {
        name: counted(monkeypatch, module, name)
        for module, name in ((augmentation, "mask"), (views, "whole"), (views, "mixed"))
    }
    trainer = Trainer(make_clips(), make_options(epochs=4), tmp_path, quiet)
    trainer.run()
    n_steps = 4 * trainer.n_steps
    assert len(calls["mask"]) == len(calls["whole"]) == n_steps
    assert 0 < len(calls["mixed"]) < n_steps
