"""Suggestions to creators, and the implied tags of documents: the set-to-tag model in the vocabulary's ids.

Both leave out what was typed. What contradicts a typed tag is left out of suggestions only where both cannot be true
(*slow*, *fast*); *male* beside *female* may be suggested, as duets exist, but never finds a track. Words about the
recording (*low quality*) find tracks, but are suggested to nobody. What was heard is weighed together with what was
typed (`tagmodel.fusion`), so that there is one list.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from tagmodel import tables
from tagmodel.fusion import fuse
from tagmodel.implication import BATCH_SETS, SetToTag
from tagmodel.model import Reason, Suggestion
from tagmodel.vocabulary import Vocabulary

# Reasons given for one suggestion; weaker ones say nothing to a reader.
MAX_REASONS = 3

# A smaller share of the evidence is no reason.
MIN_REASON_SHARE = 0.05


def imply_tags(
    set_to_tag: SetToTag, vocabulary: Vocabulary, typed: Sequence[Sequence[str]]
) -> list[tuple[tuple[str, ...], tuple[int, ...]]]:
    """Say what each set of typed tag ids implies.

    Returns
    -------
    per set: tag ids with weights in [1, 256], units of 1/256; best first, at most `MAX_IMPLIED`
        Never typed or contradicting ones. Unknown ids are ignored.
    """
    ids, numbers = vocabulary.ids, vocabulary.number
    known = [[number for tag in tags if (number := numbers(tag)) is not None] for tags in typed]
    return [
        (tuple([ids[number] for number in implied.tolist()]), tuple(units.tolist()))
        for implied, units in set_to_tag.imply(known)
    ]


def suggestion_probabilities(
    set_to_tag: SetToTag, vocabulary: Vocabulary, typed: Sequence[Sequence[int]]
) -> NDArray[np.float32]:
    """Return how probable it is that each tag was forgotten, for sets of typed tag numbers.

    Returns
    -------
    shape (n_sets, n_tags)
        In [0, 1]; 0 for typed tags and what cannot be true beside one.
    """
    probabilities = set_to_tag.probabilities(typed)
    for row, numbers in zip(probabilities, typed, strict=True):
        row[_ruled_out(vocabulary, numbers)] = 0
    return probabilities


def _ruled_out(vocabulary: Vocabulary, typed: Sequence[int]) -> list[int]:
    contradicting = (vocabulary.contradicting(vocabulary.ids[number], hard_only=True) for number in typed)
    numbers = (vocabulary.number(tag) for tags in contradicting for tag in tags)
    return [number for number in numbers if number is not None]


def suggest_tags(set_to_tag: SetToTag, vocabulary: Vocabulary, typed: Sequence[str], k: int) -> tuple[Suggestion, ...]:
    """Suggest up to `k` tags that go with the typed tag ids, most probable first, ties by tag number.

    Without a typed tag that the model knows there is nothing to go by, and nothing is suggested.
    """
    return suggest_batch(set_to_tag, vocabulary, [typed], k)[0]


def suggest_batch(
    set_to_tag: SetToTag, vocabulary: Vocabulary, typed: Sequence[Sequence[str]], k: int
) -> list[tuple[Suggestion, ...]]:
    """Suggest tags for many sets of typed tag ids: for each the same as `suggest_tags` for it alone."""
    known = [
        [number for tag in dict.fromkeys(tags) if (number := vocabulary.number(tag)) is not None] for tags in typed
    ]
    never = _never_suggested(vocabulary)
    return [
        suggestions
        for start in range(0, len(known), BATCH_SETS)
        for suggestions in _suggest(set_to_tag, vocabulary, known[start : start + BATCH_SETS], never, k)
    ]


def suggest_heard(
    set_to_tag: SetToTag, vocabulary: Vocabulary, typed: Sequence[str], heard: Mapping[str, float], k: int
) -> tuple[Suggestion, ...]:
    """Suggest up to `k` tags by typed tag ids and by what was heard, most probable first, ties by tag number.

    Parameters
    ----------
    heard
        Probability in [0, 1] by tag id; those that the vocabulary lacks come as they were heard.
    """
    numbers = [number for tag in dict.fromkeys(typed) if (number := vocabulary.number(tag)) is not None]
    listened = {number: p for tag, p in heard.items() if (number := vocabulary.number(tag)) is not None}
    probabilities = _fused_probabilities(set_to_tag, numbers, listened)
    probabilities[[*numbers, *_ruled_out(vocabulary, numbers), *_never_suggested(vocabulary)]] = 0
    known = [
        one._replace(heard=heard.get(one.tag_id))
        for one in _best(set_to_tag, vocabulary, numbers, probabilities, k)
    ]
    strange = [Suggestion(tag, p, (), p) for tag, p in heard.items() if tag not in vocabulary and tag not in typed]
    return tuple(sorted([*known, *strange], key=lambda one: -one.probability)[:k])


def _fused_probabilities(
    set_to_tag: SetToTag, typed: Sequence[int], heard: Mapping[int, float]
) -> NDArray[np.float32]:
    """Weigh typed and heard together; 0 for tags of which neither says anything; shape (n_tags,)."""
    prior, by_typed = set_to_tag.probabilities([[], typed])
    # What the model did not learn, or has nothing to go by, it does not know; 0 would say that it cannot be.
    by_typed = np.where((prior > 0) & bool(typed), by_typed, np.nan)
    by_ear = np.full(len(prior), np.nan)
    by_ear[list(heard)] = list(heard.values())
    return np.nan_to_num(fuse(by_typed, by_ear, prior), nan=0.0).astype(np.float32)


def _never_suggested(vocabulary: Vocabulary) -> list[int]:
    return [number for number, key in enumerate(vocabulary.keys) if key in tables.not_suggested()]


def _suggest(
    set_to_tag: SetToTag, vocabulary: Vocabulary, typed: Sequence[Sequence[int]], never: Sequence[int], k: int
) -> Iterator[tuple[Suggestion, ...]]:
    probabilities = suggestion_probabilities(set_to_tag, vocabulary, typed)
    probabilities[:, never] = 0
    for numbers, row in zip(typed, probabilities, strict=True):
        yield _best(set_to_tag, vocabulary, numbers, row, k) if numbers else ()


def _best(
    set_to_tag: SetToTag, vocabulary: Vocabulary, numbers: Sequence[int], probabilities: NDArray[np.float32], k: int
) -> tuple[Suggestion, ...]:
    best = [tag for tag in np.argsort(-probabilities, kind="stable")[:k].tolist() if probabilities[tag] > 0]
    evidence = set_to_tag.contributions(numbers, best)
    ids = [vocabulary.ids[number] for number in numbers]
    return tuple(
        Suggestion(vocabulary.ids[tag], float(probabilities[tag]), _reasons(ids, evidence[:, at]))
        for at, tag in enumerate(best)
    )


def _reasons(typed: Sequence[str], evidence: NDArray[np.float32]) -> tuple[Reason, ...]:
    """Share out the evidence for a tag among the typed tags that speak for it, strongest first, ties as typed."""
    speaking = np.maximum(evidence, 0).astype(np.float64)
    if not speaking.any():
        return ()
    shares = speaking / speaking.sum()
    order = np.argsort(-shares, kind="stable")[:MAX_REASONS]
    return tuple(Reason(typed[at], float(shares[at])) for at in order.tolist() if shares[at] >= MIN_REASON_SHARE)
