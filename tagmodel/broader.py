"""Broader tags: the narrower ones of a vocabulary, read the other way."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

from tagmodel.vocabulary import Vocabulary


def broader(vocabulary: Vocabulary, tag_id: str) -> tuple[str, ...]:
    """Return ids of the tags that a tag is a kind of, in the vocabulary's order; () for an unknown id."""
    return _broader(vocabulary).get(tag_id, ())


@lru_cache(maxsize=2)
def _broader(vocabulary: Vocabulary) -> Mapping[str, tuple[str, ...]]:
    """Turn the relation round once: it takes some milliseconds for a thousand tags, and never changes."""
    found: dict[str, list[str]] = {}
    for broad in vocabulary.ids:
        for narrow in vocabulary.narrower(broad):
            found.setdefault(narrow, []).append(broad)
    return {narrow: tuple(broad) for narrow, broad in found.items()}
