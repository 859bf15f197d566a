"""Training of a whole model on a small corpus of two blocks of tags, in Python and from the command line."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from tagmodel.als import AlsOptions
from tagmodel.card import card_markdown
from tagmodel.cli.train import tags
from tagmodel.datasets import Item
from tagmodel.datasets.corpus import Corpus, build_corpus
from tagmodel.implication_training import TrainingOptions
from tagmodel.model import BadModel, TagModel, load_model, save_model
from tagmodel.storage import add_figures
from tagmodel.training import (
    ModelOptions,
    contradicting_pairs,
    items_fingerprint,
    one_voice_each,
    read_training_corpus,
    train_tag_model,
)
from tagmodel.word2vec import Word2VecOptions

SMALL = ModelOptions(
    word2vec=Word2VecOptions(vector_size=8, epochs=3),
    als=AlsOptions(factors=4, iterations=3),
    implication=TrainingOptions(epochs=2, least_steps=20),
)
INDIAN = ("sitar", "tabla", "raga", "tanpura")
CLUB = ("techno", "house", "trance", "zorble")


def two_blocks(n_items: int = 300, seed: int = 0) -> list[Item]:
    """Tracks of many artists with two or three tags of one of two blocks."""
    rng = np.random.default_rng(seed)
    items = []
    for number in range(n_items):
        block = (INDIAN, CLUB)[rng.integers(2)]
        tags = tuple(block[at] for at in rng.permutation(len(block))[: rng.integers(2, 4)])
        items.append(Item(str(number), tags, f"artist {number}"))
    return items


@pytest.fixture(scope="module")
def corpus() -> Corpus:
    return build_corpus({"catalogue": two_blocks()})


@pytest.fixture(scope="module")
def model(corpus: Corpus) -> TagModel:
    return train_tag_model(corpus, options=SMALL, command="pytest")


def kin_spellings(model: TagModel, spelling: str) -> set[str | None]:
    kin = model.kin(model.vocabulary.canonical_id(spelling))
    return {model.vocabulary.spelling(one.tag_id) for one in kin}


def files_of(directory: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(directory.iterdir())}


def test_tags_of_a_block_are_kin_also_those_the_shipped_model_has_never_seen(model: TagModel) -> None:
    assert kin_spellings(model, "sitar") == {"tabla", "raga", "tanpura"}
    assert kin_spellings(model, "zorble") == {"techno", "house", "trance"}
    assert load_model().vocabulary.number(model.vocabulary.canonical_id("zorble")) is None


def test_two_runs_give_identical_files(model: TagModel, corpus: Corpus, tmp_path: Path) -> None:
    save_model(model, tmp_path / "first")
    save_model(train_tag_model(corpus, options=SMALL, command="pytest"), tmp_path / "second")
    assert files_of(tmp_path / "first") == files_of(tmp_path / "second")


def test_another_seed_gives_another_model(model: TagModel, corpus: Corpus) -> None:
    assert train_tag_model(corpus, seed=1, options=SMALL).model_id != model.model_id


def test_the_order_in_which_sets_are_named_makes_no_difference() -> None:
    first, second = two_blocks(60, seed=1), two_blocks(60, seed=2)
    one = train_tag_model(build_corpus({"a": first, "b": second}), options=SMALL)
    other = train_tag_model(build_corpus({"b": second, "a": first}), options=SMALL)
    assert one.model_id == other.model_id


def test_progress_ends_every_stage(corpus: Corpus) -> None:
    stages: dict[str, tuple[int, int]] = {}
    train_tag_model(corpus, options=SMALL, progress=lambda stage, done, total: stages.update({stage: (done, total)}))
    assert set(stages) == {"word2vec", "ALS", "kin", "set-to-tag", "map"}
    assert all(done == total for done, total in stages.values())


def test_an_artist_is_heard_once_with_the_same_tags() -> None:
    items = [Item(str(at), ("x",), artist) for at, artist in enumerate(["a", "a", "b", "a", "", "", "a"])]
    encoded = [(1, 2), (1, 2), (1, 2), (1,), (1, 2), (1, 2), ()]
    assert one_voice_each(items, encoded) == [(1, 2), (1, 2), (1,), (1, 2), (1, 2), ()]


def test_contradicting_pairs_stand_in_both_directions() -> None:
    vocabulary = build_corpus({"x": [Item("1", ("piano", "no piano", "fast", "slow"))] * 2}).vocabulary
    named = {(vocabulary.keys[a], vocabulary.keys[b]) for a, b in contradicting_pairs(vocabulary)}
    assert {("piano", "no piano"), ("no piano", "piano"), ("fast", "slow"), ("slow", "fast")} == named


def test_the_card_says_which_items_were_learnt(corpus: Corpus) -> None:
    card = train_tag_model(corpus, options=SMALL, parts={"catalogue": "train"}).card
    (data,) = card["data"]  # type: ignore[misc]
    assert data["name"] == "catalogue"
    assert data["part"] == "train"
    assert data["n_items"] == 300
    assert data["items_sha256"] == items_fingerprint(corpus.items["catalogue"])
    shuffled = list(reversed(corpus.items["catalogue"]))
    assert items_fingerprint(shuffled) == data["items_sha256"]
    assert items_fingerprint(shuffled[1:]) != data["items_sha256"]


def test_figures_are_added_to_both_cards_and_only_to_a_model_of_the_same_options(
    model: TagModel, tmp_path: Path
) -> None:
    save_model(model, tmp_path / "model")
    table = {"title": "Question.", "remark": "Measured.", "columns": ["a", "b"], "rows": [["x|y", 0.5]]}
    add_figures(tmp_path / "model", "a question", {"command": "python x.py", "tables": [table]})
    card = load_model(tmp_path / "model").card
    text = (tmp_path / "model" / "CARD.md").read_text(encoding="utf-8")
    assert card["figures"] == {"a question": {"command": "python x.py", "tables": [table]}}
    assert "| x\\|y | 0.5 |" in text
    assert text == card_markdown(card)
    with pytest.raises(BadModel, match="other options"):
        add_figures(tmp_path / "model", "a question", {}, of_options={"als": {}})


def run(*arguments: str) -> tuple[int, str, str]:
    result = CliRunner().invoke(tags, list(arguments))
    return result.exit_code, result.stdout, result.stderr


@pytest.fixture
def catalogue(tmp_path: Path) -> Path:
    path = tmp_path / "export.jsonl"
    rows = [{"track_id": item.item_id, "artist": item.artist, "tags": item.tags} for item in two_blocks(80)]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def test_a_catalogue_of_ones_own_is_trained_from_the_command_line(catalogue: Path, tmp_path: Path) -> None:
    status, out, err = run("--catalogue", str(catalogue), "--out", str(tmp_path / "model"), "--seed", "5")
    assert status == 0, err
    model = load_model(tmp_path / "model")
    assert model.model_id in out
    assert "set-to-tag" in err
    assert model.card["command"] == "tagkin train tags --catalogue export.jsonl --seed 5"
    assert "owner decides" in str(model.card["use"])
    assert kin_spellings(model, "zorble") <= {"techno", "house", "trance"} != set()


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (("--data", "mtat,spotify"), "no data set 'spotify'"),
        (("--data", "mtat", "--data-dir", "nowhere"), "nowhere"),
        (("--catalogue", "missing.csv"), "does not exist"),
    ],
)
def test_what_cannot_be_trained_is_said_and_fails(arguments: tuple[str, ...], complaint: str, tmp_path: Path) -> None:
    status, _, err = run(*arguments, "--out", str(tmp_path / "model"))
    assert status != 0
    assert complaint in err
    assert not (tmp_path / "model").exists()


def test_a_directory_that_is_no_model_is_never_replaced(catalogue: Path, tmp_path: Path) -> None:
    (tmp_path / "thesis").mkdir()
    (tmp_path / "thesis" / "chapter.tex").write_text("years of work", encoding="utf-8")
    status, _, err = run("--catalogue", str(catalogue), "--out", str(tmp_path / "thesis"))
    assert status == 1
    assert "chapter.tex" in err
    assert [path.name for path in (tmp_path / "thesis").iterdir()] == ["chapter.tex"]


def test_missing_libraries_are_named_with_the_extra_that_brings_them(
    catalogue: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tagmodel.cli.train._LIBRARIES", ("gensim", "no_such_library"))
    status, _, err = run("--catalogue", str(catalogue), "--out", str(tmp_path / "model"))
    assert status == 1
    assert "pip install 'tagkin[train]'" in err
    assert "no_such_library" in err


# A process whose parent runs in the background inherits Ctrl-C ignored.
INTERRUPTIBLE = """
import signal
signal.signal(signal.SIGINT, signal.default_int_handler)
from tagmodel.cli.train import tags
tags()
"""


@pytest.mark.slow
def test_ctrl_c_in_the_middle_leaves_the_old_model_and_nothing_beside(catalogue: Path, tmp_path: Path) -> None:
    out = tmp_path / "models" / "mine"
    assert run("--catalogue", str(catalogue), "--out", str(out))[0] == 0
    before = files_of(out)
    command = [sys.executable, "-c", INTERRUPTIBLE]
    process = subprocess.Popen(
        [*command, "--catalogue", str(catalogue), "--out", str(out), "--seed", "9"],
        env={**os.environ, "PYTHONPATH": os.getcwd()},  # noqa: PTH109 - the environment of a process takes text
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )
    time.sleep(1.0)
    process.send_signal(signal.SIGINT)
    assert b"Traceback" not in process.communicate()[1]
    assert process.returncode != 0
    assert files_of(out) == before
    assert [path.name for path in out.parent.iterdir()] == ["mine"]


@pytest.mark.data
@pytest.mark.slow
def test_mtat_and_fma_train_within_ninety_seconds_and_antonyms_are_no_kin(data_dir: Path) -> None:
    started = time.monotonic()
    model = train_tag_model(read_training_corpus(["mtat", "fma"], data_dir))
    assert time.monotonic() - started < 90
    for a, b in [("slow", "fast"), ("loud", "quiet"), ("vocals", "no vocals"), ("male vocals", "female vocals")]:
        first, second = model.vocabulary.canonical_id(a), model.vocabulary.canonical_id(b)
        assert second not in {kin.tag_id for kin in model.kin(first)}, (a, b)
        assert first not in {kin.tag_id for kin in model.kin(second)}, (a, b)
