"""Figures of taggers have known values where the answer is known."""

from __future__ import annotations

import numpy as np
import pytest
from click.testing import CliRunner

from audiomodel.cli_evaluate import audio, over_seeds
from audiomodel.evaluation import excerpts
from audiomodel.evaluation.excerpts import EXCERPT_SECONDS, phone
from audiomodel.evaluation.fused import Evidence, branches, fit_weights
from audiomodel.evaluation.neighbors import genre_precision
from audiomodel.evaluation.tags import genre_figures, macro_auc, mel_statistics
from audiomodel.training.clips import Clips
from search import similar_sound
from tagmodel.fusion import FusionWeights

PARENTS = {"Punk": "Rock", "Hardcore": "Punk", "Metal": "Rock", "House": "Electronic"}


def clips_of(genres: tuple[str, ...], artists: tuple[str, ...]) -> Clips:
    n = len(genres)
    ids = tuple(str(number) for number in range(n))
    return Clips("made", np.zeros((n, 64, 2), np.uint8), ids, ((),) * n, genres, artists, ("test",) * n)


def test_a_perfect_ranking_has_an_area_of_one_and_a_reversed_one_of_zero():
    targets = np.array([[1, 0]] * 5 + [[0, 1]] * 5, np.float32)
    assert macro_auc(targets, targets) == (1.0, 1.0)
    roc, pr = macro_auc(targets, -targets)
    assert roc == 0
    assert pr == 0.5  # ties are one step, and half of the clips have the tag


def test_a_tag_of_two_clips_is_not_measured():
    targets = np.array([[1, 1], [1, 1], [1, 0], [0, 0]], np.float32)
    scores = np.array([[3, 0], [2, 0], [1, 9], [0, 9]], np.float32)
    assert macro_auc(targets, scores) == (1.0, 1.0)


def test_the_standard_error_of_a_share_is_that_of_a_binomial():
    figures = genre_figures(np.array([True] * 53 + [False] * 47))
    assert figures["accuracy"] == pytest.approx(0.53)
    assert figures["standard_error"] == pytest.approx(0.0499, abs=1e-4)


def test_neighbors_of_the_same_artist_do_not_count():
    # Two artists; the nearest of each clip is by its own artist, all others are of another genre.
    vectors = np.array([[1, 0], [1, 0.1], [0, 1], [0.1, 1]], np.float32)
    clips = clips_of(("Rock", "Rock", "Folk", "Folk"), ("a", "a", "b", "b"))
    assert genre_precision(vectors, clips, "test") == 0


def test_neighbors_of_one_genre_count_whole():
    genres = ("Rock",) * 6 + ("Folk",) * 6
    vectors = np.array([[1, 0]] * 6 + [[-1, 0]] * 6, np.float32)
    clips = clips_of(genres, tuple(str(number) for number in range(12)))
    assert genre_precision(vectors, clips, "test") == 1


def test_a_number_that_is_large_throughout_hides_the_others_unless_they_are_spread():
    genres = ("Rock",) * 6 + ("Folk",) * 6
    noise = np.random.default_rng(0).normal(0, 100, 12)
    vectors = np.stack([noise, [1] * 6 + [-1] * 6], axis=1).astype(np.float32)
    clips = clips_of(genres, tuple(str(number) for number in range(12)))
    assert genre_precision(vectors, clips, "test", spread=True) > genre_precision(vectors, clips, "test")


def test_a_branch_is_a_genre_below_the_top_with_all_below_it():
    tags = ("Rock", "Punk", "Hardcore", "Metal", "Electronic", "House")
    assert branches(tags, PARENTS) == [("Punk", "Hardcore"), ("Metal",), ("House",)]
    assert branches(("Rock",), PARENTS) == []
    # A genre stays in its branch where the one between is not on the clip.
    assert branches(("Hardcore", "Rock"), PARENTS) == [("Hardcore",)]


def test_the_side_that_knows_gets_the_weight():
    rng = np.random.default_rng(0)
    relevant = np.zeros((200, 20), bool)
    relevant[np.arange(200), rng.integers(0, 20, 200)] = True
    knowing = np.where(relevant, 0.4, 0.05)
    guessing = rng.uniform(0.01, 0.9, relevant.shape)
    prior = np.full(relevant.shape, 0.05)
    nothing_typed = np.zeros_like(relevant)
    weights = fit_weights(Evidence(guessing, knowing, prior, relevant, nothing_typed))
    assert weights.heard > weights.typed
    assert isinstance(weights, FusionWeights)


def test_a_telephone_lets_through_its_band_and_adds_its_noise():
    time = np.arange(int(EXCERPT_SECONDS * 44_100)) / 44_100
    rng = np.random.default_rng(0)

    def power_at(frequency: float, waveform: np.ndarray) -> float:
        spectrum = np.abs(np.fft.rfft(waveform)) ** 2
        return float(spectrum[round(frequency * EXCERPT_SECONDS)])

    def passed(frequency: float) -> float:
        tone = np.sin(2 * np.pi * frequency * time).astype(np.float32)
        return 10 * np.log10(power_at(frequency, phone(tone, rng)) / power_at(frequency, tone))

    assert passed(1000) == pytest.approx(0, abs=0.5)
    assert passed(75) < -40
    assert passed(13_600) < -40
    silent_band = phone(np.sin(2 * np.pi * 1000 * time).astype(np.float32), rng)
    tone_power = np.mean(np.sin(2 * np.pi * 1000 * time) ** 2)
    noise = silent_band - phone(np.sin(2 * np.pi * 1000 * time).astype(np.float32), np.random.default_rng(5))
    # Two independent noises of 10 dB below the tone, of whose band a seventh is let through.
    assert np.mean(noise**2) / 2 == pytest.approx(tone_power / 10 * 3100 / 22_050, rel=0.1)


def test_excerpts_are_looked_for_as_the_search_does_it():
    assert (excerpts.LOOKED_AT, excerpts.MOMENT_WEIGHT) == (similar_sound.RERANKED, similar_sound.MOMENT_WEIGHT)
    assert similar_sound.EXCERPT_SECONDS > EXCERPT_SECONDS


def test_mel_statistics_are_mean_and_deviation_by_band():
    clips = np.zeros((1, 2, 4), np.uint8)
    clips[0, 1] = [0, 2, 0, 2]
    assert mel_statistics(clips).tolist() == [[0, 1, 0, 1]]


@pytest.mark.parametrize("missing", ["audio/fma_small_vggish128.npz", "audio/demo", "fma/tracks.csv"])
def test_data_that_are_missing_are_said_before_anything_is_heard(tmp_path, missing):
    prepared = ("audio/fma_small_mel64.npz", "audio/fma_small_labels.csv", "audio/fma_small_vggish128.npz")
    for name in {*prepared, "audio/demo/song.mp3", "fma/tracks.csv", "fma/genres.csv"}:
        if not name.startswith(missing):
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name).touch()
    result = CliRunner().invoke(audio, ["--data-dir", str(tmp_path), "--part", "test"])
    assert (result.exit_code, result.stdout) == (1, "")
    assert f"{tmp_path / missing}" in result.stderr
    assert "is the data directory right (--data-dir, TAGKIN_DATA)?" in result.stderr


def test_mean_and_spread_are_over_the_seeds_of_a_kind():
    def measured(networks: str, accuracy: float) -> dict[str, object]:
        clips = {"whole": {"accuracy": accuracy, "roc_auc": 0.8, "pr_auc": 2 * accuracy}}
        return {"networks": networks, "clips": clips}

    taught = [measured("cnn", accuracy) for accuracy in (0.5, 0.6, 0.7)]
    found = over_seeds([measured("crnn + cnn", 0.9), *taught])
    assert list(found) == ["cnn"]
    whole = found["cnn"]["whole"]
    assert found["cnn"]["n_seeds"] == 3
    assert whole["accuracy"] == pytest.approx((0.6, 0.1))
    assert whole["roc_auc"] == pytest.approx((0.8, 0.0))
    assert whole["pr_auc"] == pytest.approx((1.2, 0.2))
