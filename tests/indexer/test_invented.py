import dataclasses
import hashlib
import os
import subprocess
import sys
from collections import Counter
from itertools import combinations, islice
from random import Random

import numpy as np
import pytest

from indexer.invented import ALBUM, BATCH, MAX_TAGS, MIN_TAGS, SOURCE, invented_tracks
from indexer.invented_names import invented_artist, invented_title
from tagmodel.folding import tag_id
from tagmodel.model import load_model
from tests.tagmodel.tag_blocks import CHAMBER, CLUB, LONER, block_model


class Implying:
    """The hand-made model, whose tags imply their kin and, wrongly, what contradicts them."""

    def __init__(self):
        model = block_model()
        self.vocabulary, self.kin = model.vocabulary, model.kin

    def imply(self, typed):
        return [self._imply(tags) for tags in typed]

    def _imply(self, tags):
        weights = Counter()
        for tag in tags:
            weights.update({kin.tag_id: max(1, round(256 * kin.similarity / len(tags))) for kin in self.kin(tag)})
            weights.update(dict.fromkeys(sorted(self.vocabulary.contradicting(tag)), 200))
        kept = [(tag, weight) for tag, weight in weights.items() if tag not in tags]
        return tuple(tag for tag, _ in kept), tuple(weight for _, weight in kept)


MODEL = Implying()


@pytest.fixture(scope="module")
def tracks():
    return list(invented_tracks(MODEL, 2_000))


def lift(tracks, a, b):
    """How much more often two tags stand together than by chance."""
    uses = Counter(tag for track in tracks for tag in track.tags)
    both = sum(a in track.tags and b in track.tags for track in tracks)
    return both * len(tracks) / (uses[a] * uses[b])


def test_tags_stand_together_where_the_model_says_so_and_not_elsewhere(tracks):
    # Left out: the tags of the bridge, and the two that one-sided kin or a contradiction joins to another block.
    blocks = (("indian", "sitar", "tabla", "tanpura"), CLUB[:4], CHAMBER[:3])
    within = [lift(tracks, a, b) for block in blocks for a, b in combinations(block, 2)]
    between = [lift(tracks, a, b) for one, other in combinations(blocks, 2) for a in one for b in other]
    assert min(within) > 1.5
    assert max(between) < 1


def test_contradicting_tags_never_stand_together_even_when_the_model_implies_them(tracks):
    assert any("fast" in track.tags for track in tracks)
    assert any("slow" in track.tags for track in tracks)
    assert not any({"fast", "slow"} <= set(track.tags) for track in tracks)


def test_a_tag_without_kin_stands_alone_and_others_have_three_to_twelve(tracks):
    for track in tracks:
        assert len(set(track.tags)) == len(track.tags)
        assert track.tags == (LONER,) or MIN_TAGS <= len(track.tags) <= MAX_TAGS
    assert {len(track.tags) for track in tracks} >= set(range(MIN_TAGS, 7))


def test_every_track_says_that_it_is_invented(tracks):
    assert [track.track_id for track in tracks[:2]] == ["invented:00001", "invented:00002"]
    assert len({track.track_id for track in tracks}) == len(tracks)
    assert {(track.source, track.album) for track in tracks} == {(SOURCE, ALBUM)}


def test_fields_look_like_those_of_a_real_catalogue(tracks):
    assert all(track.title and track.artist and 30 <= track.duration <= 1_200 for track in tracks)
    assert all(track.year is None or 1965 <= track.year <= 2025 for track in tracks)
    assert 0.05 < sum(track.year is None for track in tracks) / len(tracks) < 0.15
    assert len({track.license for track in tracks}) > 3
    artists = Counter(track.artist for track in tracks)
    assert len(artists) > 300
    assert artists.most_common(1)[0][1] < len(tracks) / 20


def test_the_genre_follows_from_the_tags():
    model = load_model()
    rock = [track for track in islice(invented_tracks(model), 500) if track.tags[0] == "rock"]
    assert rock
    assert {track.genre for track in rock} == {"Rock"}


def test_the_first_tracks_are_the_same_however_many_are_asked_for(tracks):
    assert list(invented_tracks(MODEL, 7)) == tracks[:7]
    assert list(invented_tracks(MODEL, BATCH + 1)) == tracks[: BATCH + 1]
    assert list(invented_tracks(MODEL, 0)) == []


def test_another_seed_gives_other_tracks(tracks):
    assert list(invented_tracks(MODEL, 20, seed=1)) != tracks[:20]


def digest(tracks):
    return hashlib.sha256(repr(list(tracks)).encode()).hexdigest()


def test_the_same_tracks_come_from_every_process_whatever_its_hash_seed(tracks):
    code = (
        "from tests.indexer.test_invented import MODEL, digest; from indexer.invented import invented_tracks;"
        "print(digest(invented_tracks(MODEL, 100)))"
    )
    for seed in ("1", "2"):
        environment = {**os.environ, "PYTHONHASHSEED": seed}
        run = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
        assert run.stdout.strip() == digest(tracks[:100])


def test_an_empty_model_is_refused():
    empty = Implying()
    nothing = {"keys": (), "spellings": (), "set_counts": np.zeros((1, 0), np.int64), "contradictions": ()}
    empty.vocabulary = dataclasses.replace(empty.vocabulary, **nothing)
    with pytest.raises(ValueError, match="got an empty vocabulary"):
        next(invented_tracks(empty))


def test_names_are_many():
    chance = Random(0)
    assert len({invented_artist(chance) for _ in range(1_000)}) > 800
    assert len({invented_title(chance) for _ in range(1_000)}) > 700


@pytest.fixture(scope="module")
def shipped():
    model = load_model()
    return model, list(invented_tracks(model))


def test_with_the_shipped_model_strong_kin_co_occur_far_more_than_chance(shipped):
    model, tracks = shipped
    vocabulary = model.vocabulary
    sets = [{vocabulary.canonical_id(tag) for tag in track.tags} for track in tracks]
    uses = Counter(tag for tags in sets for tag in tags)
    both = Counter(pair for tags in sets for pair in combinations(sorted(tags), 2))
    strong = {
        tuple(sorted((tag, kin.tag_id)))
        for tag in vocabulary.ids
        for kin in model.kin(tag)
        if kin.similarity > 0.2 and kin.pmi is not None and kin.pmi > 2 and kin.support >= 100
    }
    expected = {(a, b): uses[a] * uses[b] / len(sets) for a, b in strong}
    counted = sorted(pair for pair in strong if expected[pair] >= 2)
    assert len(counted) >= 20
    together = [both[pair] / expected[pair] for pair in counted]
    assert np.median(together) > 2
    assert np.mean(np.array(together) > 1) > 0.95


def test_with_the_shipped_model_nothing_contradicts(shipped):
    model, tracks = shipped
    for track in tracks:
        ids = [model.vocabulary.canonical_id(tag) for tag in track.tags]
        assert not any(model.vocabulary.contradicts(a, b) for a in ids for b in ids)
        assert MIN_TAGS <= len(ids) == len(set(ids)) <= MAX_TAGS
        assert all(tag_id(model.vocabulary.canonical_key(tag)) in model.vocabulary for tag in track.tags)
