"""Suggestion protocols on two blocks of tags, and the committed splits and masks."""

from __future__ import annotations

import json
import lzma
from csv import DictReader
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from tagmodel.baselines import BASELINES, cosine_cooccurrence, ease, popularity
from tagmodel.cli.evaluate import suggest
from tagmodel.datasets import DATA_SETS, Item
from tagmodel.evaluation import OURS, evaluate_suggestion, most_used_tags, suggestion_figures
from tagmodel.evaluation_splits import (
    ARTIST_DISJOINT,
    PARTS,
    PUBLISHED,
    SPLIT_FILE,
    Splits,
    draw_splits,
    load_splits,
    save_splits,
)
from tagmodel.implication_training import TrainingOptions

FAST = TrainingOptions(least_steps=300)
EAST = ["sitar", "tabla", "indian", "drone", "raga"]
CLUB = ["techno", "dance", "beat", "house", "trance"]


def clips(n_clips: int = 400) -> list[Item]:
    """Two clips a song, four songs an artist; tags of one block each, and now and then a common one."""
    rng = np.random.default_rng(0)
    items = []
    for clip in range(n_clips):
        tags = [tag for tag in (EAST, CLUB)[clip // 2 % 2] if rng.random() < 0.6]
        tags += ["new"] if rng.random() < 0.3 else []
        items.append(Item(str(clip), tuple(tags), artist=f"artist {clip // 8}", group=f"song {clip // 2}"))
    return items


def splits_of(items: list[Item]) -> Splits:
    published = {int(item.item_id): PARTS[(0, 0, 0, 1, 2)[int(item.item_id) % 5]] for item in items}
    return draw_splits(items, published)


def test_a_model_that_has_learned_the_blocks_beats_popularity_in_both_protocols() -> None:
    items = clips()
    one, half = evaluate_suggestion(items, splits_of(items), options=FAST)
    assert set(one.figures) == {OURS, *BASELINES}
    for result, metric in ((one, "MRR"), (half, "nDCG@10")):
        assert result.figures[OURS][metric] > result.figures["popularity"][metric] + 0.1
        assert result.gains["popularity"][metric].low > 0
        assert result.n_cases > 50
    assert one.calibration is None
    assert half.calibration is not None
    assert half.calibration < 0.1


def test_one_hidden_asks_for_every_tag_of_every_clip_with_two_or_more() -> None:
    items = clips()
    splits = splits_of(items)
    one, _ = evaluate_suggestion(items, splits, options=FAST)
    tested = splits.part(items, PUBLISHED, "test")
    assert one.n_cases == sum(len(item.tags) for item in tested if len(item.tags) > 1)


def test_the_same_seed_gives_the_same_figures_as_plain_values() -> None:
    items = clips(200)
    one, two = (suggestion_figures(evaluate_suggestion(items, splits_of(items), options=FAST)) for _ in range(2))
    assert json.loads(json.dumps(one)) == two


def test_most_used_tags_are_counted_over_clips_with_ties_by_spelling() -> None:
    items = [Item("1", ("b", "a", "c")), Item("2", ("c",)), Item("3", ())]
    assert most_used_tags(items, 2) == {"c", "a"}


def test_ease_is_the_ridge_regression_of_each_tag_on_all_others() -> None:
    rng = np.random.default_rng(0)
    matrix = (rng.random((60, 4)) < 0.5).astype(float)
    items = [tuple(np.flatnonzero(row).tolist()) for row in matrix]
    others, target = matrix[:, 1:], matrix[:, 0]
    weights = np.linalg.solve(others.T @ others + 50.0 * np.eye(3), others.T @ target)
    np.testing.assert_allclose(ease(items, 4)([(1,), (2,), (3,)])[:, 0], weights)


def test_cosine_cooccurrence_adds_up_cosines() -> None:
    scores = cosine_cooccurrence([(0, 1), (0, 1), (0,), (1, 2)], 3)([(0,), (0, 2)])
    assert scores[0].tolist() == pytest.approx([0, 2 / 3, 0])
    assert scores[1, 1] == pytest.approx(2 / 3 + 1 / np.sqrt(3))


def test_popularity_ignores_what_was_typed() -> None:
    scores = popularity([(0, 1), (0,)], 3)([(2,), ()])
    assert scores.tolist() == [[2, 1, 0], [2, 1, 0]]


def test_no_artist_is_in_two_parts_and_parts_have_their_shares() -> None:
    items = clips(4000)
    splits = splits_of(items)
    artists = [{item.artist for item in splits.part(items, ARTIST_DISJOINT, part)} for part in PARTS]
    assert not artists[0] & artists[1]
    assert not (artists[0] | artists[1]) & artists[2]
    assert [len(part) / 500 for part in artists] == pytest.approx([0.64, 0.16, 0.20], abs=0.01)


def test_half_of_the_tags_is_hidden_rounded_down_and_always_the_same_half() -> None:
    items = clips()
    splits = splits_of(items)
    for item in items:
        hidden = splits.hidden_half(item)
        assert len(hidden) == len(item.tags) // 2
        assert hidden <= set(item.tags)
        assert hidden == splits.hidden_half(item._replace(tags=item.tags[::-1]))


def test_splits_come_back_from_their_file_byte_for_byte(tmp_path: Path) -> None:
    items = clips()
    splits = splits_of(items)
    for name in ("one.npz", "two.npz"):
        save_splits(splits, tmp_path / name)
    assert (tmp_path / "one.npz").read_bytes() == (tmp_path / "two.npz").read_bytes()
    again = load_splits(tmp_path / "one.npz")
    assert again.part(items, PUBLISHED, "valid") == splits.part(items, PUBLISHED, "valid")
    assert again.hidden_half(items[7]) == splits.hidden_half(items[7])


def test_the_committed_published_split_has_the_published_sizes() -> None:
    splits = load_splits()
    sizes = [int((splits.parts[PUBLISHED] == part).sum()) for part in range(3)]
    assert sizes == [18_706, 1_825, 5_329]
    assert (np.diff(splits.clip_ids) > 0).all()


@pytest.mark.data
def test_the_committed_splits_are_what_is_drawn_from_the_data(data_dir: Path, tmp_path: Path) -> None:
    published_file = data_dir / "magnatagatune" / "splits.csv.xz"
    if not published_file.exists():
        pytest.skip(f"the published split itself is not at {published_file}")
    with lzma.open(published_file, "rt", newline="") as rows:
        published = {int(row["clip_id"]): row["split_25860"] for row in DictReader(rows)}
    save_splits(draw_splits(list(DATA_SETS["mtat"].read_items(data_dir)), published), tmp_path / "drawn.npz")
    with np.load(tmp_path / "drawn.npz") as drawn, np.load(SPLIT_FILE) as committed:
        assert sorted(drawn) == sorted(committed)
        for name in committed:
            np.testing.assert_array_equal(drawn[name], committed[name])


def test_without_the_data_the_command_says_what_is_missing(tmp_path: Path) -> None:
    outcome = CliRunner().invoke(suggest, ["--data-dir", str(tmp_path)])
    assert outcome.exit_code == 1
    assert "annotations_final.csv" in outcome.output or "clip_info_final.csv" in outcome.output


@pytest.mark.data
def test_the_command_prints_json_and_writes_the_same_to_a_file(data_dir: Path, tmp_path: Path) -> None:
    output = tmp_path / "figures.json"
    arguments = ["--data-dir", str(data_dir), "--part", "valid", "--json", "--output", str(output)]
    outcome = CliRunner().invoke(suggest, arguments)
    assert outcome.exit_code == 0, outcome.output
    printed = json.loads(outcome.stdout)
    assert printed == json.loads(output.read_text(encoding="utf-8"))
    assert [result["cases"] for result in printed["results"]] == [4745, 2965]


@pytest.mark.data
def test_the_command_prints_a_table_with_every_method(data_dir: Path) -> None:
    outcome = CliRunner().invoke(suggest, ["--data-dir", str(data_dir), "--part", "valid"])
    assert outcome.exit_code == 0, outcome.output
    assert all(word in outcome.stdout for word in (OURS, "EASE", "popularity", "calibration error"))
