"""Hidden-word search measured: a tag is taken off every track, and the search for it must still find those tracks.

The product's own pipeline searches (search/evaluation_collection.py), with a `TagModel` trained on the training clips.
EASE and cosine co-occurrence, learned from the same clips, rank the same tracks in the same run.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from search.embedded import EmbeddedEngine
from search.evaluation_collection import DEPTH, Collection
from tagmodel.baselines import BASELINES
from tagmodel.datasets import Item
from tagmodel.datasets.corpus import build_corpus
from tagmodel.evaluation import COMMON_TAGS, OURS, YARDSTICK
from tagmodel.evaluation_splits import ARTIST_DISJOINT, PUBLISHED, Splits
from tagmodel.metrics import Interval, ndcg_at_k
from tagmodel.model import TagModel
from tagmodel.training import items_fingerprint, train_tag_model
from tagmodel.vocabulary import Vocabulary
from tagmodel.vocabulary_building import SetRules, encode_items

# Methods that rank tracks beside ours.
RIVALS = (YARDSTICK, "cosine co-occurrence")

# Where nDCG is cut off.
CUT = 10

# Queries of two and of three tags each.
VISIBLE_QUERIES = 100


class SeenItems(ValueError):
    """A model was trained on other items than the training part; its figures would mean nothing."""


@dataclass(frozen=True, slots=True)
class Variant:
    """One setting of hidden-word search.

    Parameters
    ----------
    folding
        Whether spellings and synonyms are merged, as in the product; False takes the tags as published.
    """

    name: str
    split: str
    folding: bool


VARIANTS = (
    Variant("published split, tags as published", PUBLISHED, False),
    Variant("artist-disjoint split, tags as published", ARTIST_DISJOINT, False),
    Variant("published split, synonyms merged", PUBLISHED, True),
)


@dataclass(frozen=True)
class HiddenWordResult:
    """What hidden-word search gave, as nDCG@10.

    Parameters
    ----------
    figures
        Method → mean over queries.
    gains
        Rival → how much ours is above it, with an interval over songs.
    """

    variant: Variant
    part: str
    n_queries: int
    n_tracks: int
    figures: Mapping[str, float]
    gains: Mapping[str, Interval]


@dataclass(frozen=True)
class VisibleResult:
    """What queries gave whose tags are all there, with kin and implied tags beside plain matching.

    Parameters
    ----------
    figures
        Number of tags in the query → nDCG@10 of the tracks that carry them all, plain and expanded.
    lost
        Complete matches that plain matching lists and the expanded search does not, over all queries.
    """

    n_queries: int
    figures: Mapping[int, tuple[float, float]]
    lost: int


def evaluate_search(
    items: Sequence[Item], splits: Splits, variant: Variant, directory: Path, part: str = "test", seed: int = 0
) -> tuple[HiddenWordResult, VisibleResult]:
    """Train on the training part of a split and search its test part.

    Parameters
    ----------
    items
        All clips of MagnaTagATune.
    directory
        An empty directory for the index.
    part
        ``"test"``, or ``"valid"`` to choose by.
    """
    model = train_on_part(items, splits, variant, part, seed)
    return evaluate_model(model, items, splits, variant, directory, part, seed)


def training_items(items: Sequence[Item], splits: Splits, variant: Variant, part: str) -> list[Item]:
    """Return what a model may learn from that is tested on `part`.

    The artist-disjoint split has the validation part to choose by only, and gives it back for the test.
    """
    parts = ("train", "valid") if variant.split == ARTIST_DISJOINT and part == "test" else ("train",)
    return splits.part(items, variant.split, *parts)


def train_on_part(items: Sequence[Item], splits: Splits, variant: Variant, part: str, seed: int) -> TagModel:
    """Train the tag model of a variant."""
    rules = {} if variant.folding else {"mtat": SetRules()}
    train = training_items(items, splits, variant, part)
    corpus = build_corpus({"mtat": train}, folding=variant.folding, rules=rules)
    return train_tag_model(corpus, seed=seed, parts={"mtat": f"{variant.split} train"})


def evaluate_model(
    model: TagModel,
    items: Sequence[Item],
    splits: Splits,
    variant: Variant,
    directory: Path,
    part: str = "test",
    seed: int = 0,
) -> tuple[HiddenWordResult, VisibleResult]:
    """Search the test part with a model that was trained on the training part.

    Raises
    ------
    SeenItems
        If the model's card lists other items, or its tags are not the variant's.
    """
    train = training_items(items, splits, variant, part)
    check_unseen(model, train, variant)
    tested = splits.part(items, variant.split, part)
    tagged = encode_items(model.vocabulary, tested)
    learned = encode_items(model.vocabulary, train)
    songs = np.unique([item.group for item in tested], return_inverse=True)[1]
    engine = EmbeddedEngine.open(directory, create=True)
    try:
        collection = Collection(model, tagged, engine, seed)
        queries = common_queries(model.vocabulary, items, collection)
        visible = measure_visible(collection, queries, seed)
        found = _rank_all(collection, queries, learned, seed)
    finally:
        engine.close()
    relevant = [frozenset(collection.carrying(tag)) for tag in queries]
    figures, gains = _measure(found, relevant, songs, seed)
    return HiddenWordResult(variant, part, len(queries), len(tested), figures, gains), visible


def check_unseen(model: TagModel, train: Sequence[Item], variant: Variant) -> None:
    """Refuse a model unless its card lists exactly the training items of MagnaTagATune and nothing else.

    Raises
    ------
    SeenItems
        If it lists anything else.
    """
    data = model.card.get("data")
    listed = {row["name"]: row["items_sha256"] for row in data} if isinstance(data, list) else {}
    if listed != {"mtat": items_fingerprint(train)}:
        raise SeenItems(
            f"expected a model trained on the {len(train):,} training clips of {variant.split} only, got one trained "
            f"on {', '.join(sorted(listed)) or 'unknown items'}: it may have seen the test clips. Leave out --model, "
            "and one is trained as it should be"
        )
    if model.vocabulary.folding != variant.folding:
        wanted = "merged synonyms" if variant.folding else "tags as published"
        raise SeenItems(f"expected a model with {wanted}, got the other kind: is it of another variant?")


def common_queries(vocabulary: Vocabulary, items: Sequence[Item], collection: Collection) -> list[int]:
    """Return the `COMMON_TAGS` most used tags of all clips that some track of the collection carries."""
    counts = Counter(tag for tags in encode_items(vocabulary, items) for tag in tags)
    best = sorted(counts, key=lambda tag: (-counts[tag], tag))[:COMMON_TAGS]
    return [tag for tag in best if collection.carrying(tag)]


def _rank_all(
    collection: Collection, queries: Sequence[int], learned: Sequence[tuple[int, ...]], seed: int
) -> dict[str, list[list[int]]]:
    """Rank the tracks for each hidden query tag by every method: method → per query the best tracks."""
    n_tags = len(collection.model.vocabulary)
    rng = np.random.default_rng(seed)
    found = {OURS: [collection.search_hidden(tag) for tag in queries]}
    for name in RIVALS:
        scorer = BASELINES[name](learned, n_tags)
        found[name] = [collection.rank_hidden(tag, scorer, rng) for tag in queries]
    return found


def _measure(
    found: Mapping[str, Sequence[Sequence[int]]],
    relevant: Sequence[frozenset[int]],
    songs: NDArray[np.int64],
    seed: int,
) -> tuple[dict[str, float], dict[str, Interval]]:
    figures = {name: _mean_ndcg(rankings, relevant) for name, rankings in found.items()}
    draws: dict[str, list[float]] = {name: [] for name in found}
    for times in _song_draws(songs, seed):
        for name, rankings in found.items():
            draws[name].append(_mean_ndcg(rankings, relevant, times))
    gains = {}
    for name in RIVALS:
        low, high = np.quantile(np.subtract(draws[OURS], draws[name]), [0.025, 0.975])
        gains[name] = Interval(figures[OURS] - figures[name], float(low), float(high))
    return figures, gains


def _song_draws(songs: NDArray[np.int64], seed: int, resamples: int = 300) -> Iterator[NDArray[np.int64]]:
    """Draw songs with replacement; yields how often each track is there."""
    rng = np.random.default_rng(seed)
    n_songs = int(songs.max()) + 1
    for _ in range(resamples):
        yield np.bincount(rng.integers(n_songs, size=n_songs), minlength=n_songs)[songs]


def _mean_ndcg(
    rankings: Sequence[Sequence[int]], relevant: Sequence[frozenset[int]], times: NDArray[np.int64] | None = None
) -> float:
    """Average nDCG@10 over queries, with each track there `times` (1 by default) in a row."""
    values = []
    for ranked, wanted in zip(rankings, relevant, strict=True):
        there = np.array(ranked, dtype=np.int64)
        found = np.fromiter((track in wanted for track in ranked), dtype=np.bool_, count=len(ranked))
        n_relevant = len(wanted)
        if times is not None:
            found = np.repeat(found, times[there])
            n_relevant = int(times[list(wanted)].sum())
        if n_relevant:  # a resample may hold none
            values.append(ndcg_at_k(_padded(found), CUT, n_relevant))
    return float(np.mean(values))


def _padded(found: NDArray[np.bool_]) -> NDArray[np.bool_]:
    return np.pad(found[:CUT], (0, max(CUT - len(found), 0)))


def measure_visible(collection: Collection, queries: Sequence[int], seed: int) -> VisibleResult:
    """Search for two and three visible tags that some track carries together, plainly and expanded."""
    figures, lost, n_queries = {}, 0, 0
    for n_tags in (2, 3):
        chosen = _joint_queries(collection.tagged, queries, n_tags, np.random.default_rng([seed, n_tags]))
        complete = [frozenset.intersection(*(frozenset(collection.carrying(tag)) for tag in tags)) for tags in chosen]
        plain = [collection.search(tags, drift=0.0) for tags in chosen]
        expanded = [collection.search(tags) for tags in chosen]
        figures[n_tags] = (_mean_ndcg(plain, complete), _mean_ndcg(expanded, complete))
        lost += sum(
            len(wanted.intersection(before) - wanted.intersection(after))
            for wanted, before, after in zip(complete, plain, expanded, strict=True)
            if len(wanted) <= DEPTH  # else both lists are cut within the complete matches
        )
        n_queries += len(chosen)
    return VisibleResult(n_queries, figures, lost)


def _joint_queries(
    tagged: Sequence[tuple[int, ...]], queries: Sequence[int], n_tags: int, rng: np.random.Generator
) -> list[tuple[int, ...]]:
    """Draw distinct sets of query tags, each from one track that carries them all."""
    common = frozenset(queries)
    candidates = [kept for tags in tagged if len(kept := [tag for tag in tags if tag in common]) >= n_tags]
    drawn: dict[tuple[int, ...], None] = {}
    for track in rng.permutation(len(candidates)).tolist():
        drawn[tuple(sorted(rng.choice(candidates[track], size=n_tags, replace=False).tolist()))] = None
        if len(drawn) == VISIBLE_QUERIES:
            break
    return list(drawn)


def search_figures(results: Sequence[tuple[HiddenWordResult, VisibleResult]]) -> list[dict[str, object]]:
    """Write results as plain values, four decimals."""
    return [
        {
            "variant": hidden.variant.name,
            "part": hidden.part,
            "queries": hidden.n_queries,
            "tracks": hidden.n_tracks,
            "nDCG@10": {name: round(value, 4) for name, value in hidden.figures.items()},
            f"{OURS} above": {name: [round(bound, 4) for bound in gain] for name, gain in hidden.gains.items()},
            "visible queries": visible.n_queries,
            "visible nDCG@10, plain and expanded": {
                f"{n_tags} tags": [round(value, 4) for value in pair] for n_tags, pair in visible.figures.items()
            },
            "complete matches lost": visible.lost,
        }
        for hidden, visible in results
    ]
