"""Suggestions for a creator: what is odd about the typed tags, and which tags they lack.

The model alone answers; the index only says how many tracks carry a tag, so that suggestions work while no index does.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations

from search.engine import SearchEngine, SearchUnavailable
from search.result import NamedReason, NamedSuggestion, SuggestResult, TypedTag
from tagmodel.folding import contradicts
from tagmodel.model import Suggestion, TagModel
from tagmodel.offers import nearest_spellings
from tagmodel.vocabulary import Vocabulary


def suggest_tags(model: TagModel, engine: SearchEngine | None, typed: Sequence[str], k: int = 10) -> SuggestResult:
    """Suggest tags to a creator who typed some.

    Parameters
    ----------
    engine
        Where tracks are counted; without one, or while it is away, counts are unknown.
    typed
        Spellings as typed; what holds no letter or digit is no tag and passed over.
    """
    vocabulary = model.vocabulary
    tags = [tag for tag in (_typed_tag(vocabulary, text) for text in typed) if tag is not None]
    # The first typed of each tag stands for it.
    first = {tag.tag_id: tag for tag in reversed(tags)}
    counts = _counts(engine)
    unknown = tuple(tag.typed for tag in tags if not tag.known)
    return SuggestResult(
        typed=tuple(tags),
        unknown=unknown,
        offers={text: nearest_spellings(vocabulary, text) for text in unknown},
        duplicates=tuple((first[tag.tag_id].typed, tag.typed) for tag in tags if first[tag.tag_id] is not tag),
        contradictions=tuple(
            (a.typed, b.typed)
            for a, b in combinations(sorted(first.values(), key=tags.index), 2)
            if _cannot_both_be_true(vocabulary, a, b)
        ),
        suggestions=tuple(
            _named(vocabulary, one, counts) for one in model.suggest([tag.tag_id for tag in tags if tag.known], k)
        ),
    )


def _counts(engine: SearchEngine | None) -> Mapping[str, int] | None:
    try:
        return None if engine is None else engine.tag_counts()
    except SearchUnavailable:
        return None


def _named(vocabulary: Vocabulary, one: Suggestion, counts: Mapping[str, int] | None) -> NamedSuggestion:
    return NamedSuggestion(
        one.tag_id,
        _spelling(vocabulary, one.tag_id),
        one.probability,
        tuple(NamedReason(reason.tag_id, _spelling(vocabulary, reason.tag_id), reason.share) for reason in one.reasons),
        None if counts is None else counts.get(one.tag_id, 0),
    )


def _spelling(vocabulary: Vocabulary, tag_id: str) -> str:
    return vocabulary.spelling(tag_id) or tag_id


def _typed_tag(vocabulary: Vocabulary, text: str) -> TypedTag | None:
    try:
        tag_id = vocabulary.canonical_id(text)
    except ValueError:  # punctuation only: no tag at all
        return None
    spelling = vocabulary.spelling(tag_id)
    return TypedTag(text, tag_id, spelling or text, spelling is not None)


def _cannot_both_be_true(vocabulary: Vocabulary, a: TypedTag, b: TypedTag) -> bool:
    """Whether two tags exclude each other; by their words alone where the model knows one of them only."""
    by_words = contradicts(vocabulary.canonical_key(a.typed), vocabulary.canonical_key(b.typed))
    return by_words or vocabulary.contradicts_hard(a.tag_id, b.tag_id)
