"""`Vocabulary`: the canonical tags a model knows, how they are shown, their aliases and narrower tags.

Ids are hashes of fold keys, so a vocabulary never decides what a tag's id is; it only knows more or fewer of them. For
the same reason synonyms come from a table and not from counts: an alias that appeared with new data would move tags of
existing indexes to another id.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tagmodel.folding import FOLD_VERSION, NEGATIONS, fold_tag, resolve_alias, tag_id
from tagmodel.relations import EXPANSION, HARD, Pairs, Relations

# Layout of `Vocabulary.to_json`.
FORMAT = 1


class BadVocabulary(ValueError):
    """A stored vocabulary cannot be used, or one cannot be built; the text says why."""


class TagCollision(BadVocabulary):
    """Two tags hash to the same id (chance about 2e-6 for 2,000 tags)."""


@dataclass(frozen=True, eq=False)
class Vocabulary:
    """The tags a model knows, numbered by the order of their fold keys.

    Parameters
    ----------
    keys
        Canonical fold keys, sorted.
    spellings
        Displayed forms, parallel to `keys`.
    sets
        Names of the data sets it was built from.
    set_counts : shape (n_sets, n_tags)
        Uses of each tag in each set.
    set_minimum : shape (n_sets,)
        Uses from which on a tag belongs to a set's own vocabulary.
    alias_rows
        (variant, canonical) as given; taking a row out undoes the merge.
    narrower_pairs, cuts, contradictions
        See `Relations`.
    folding
        False for the published protocols: every spelling is its own tag, to the byte.
    """

    keys: tuple[str, ...]
    spellings: tuple[str, ...]
    sets: tuple[str, ...]
    set_counts: NDArray[np.int64]
    set_minimum: NDArray[np.int64]
    alias_rows: Pairs = ()
    narrower_pairs: Pairs = ()
    cuts: Pairs = ()
    contradictions: tuple[tuple[str, str, str], ...] = field(default=(), repr=False)
    folding: bool = True

    @cached_property
    def ids(self) -> tuple[str, ...]:
        """Tag ids by number."""
        return tuple(map(tag_id, self.keys))

    @cached_property
    def counts(self) -> NDArray[np.int64]:
        """Uses over all training sets, shape (n_tags,)."""
        return np.asarray(self.set_counts.sum(axis=0), dtype=np.int64)

    @cached_property
    def in_set(self) -> NDArray[np.bool_]:
        """Which tags are in which set's own vocabulary, shape (n_sets, n_tags).

        Only there does the absence of a tag mean anything.
        """
        return np.asarray(self.set_counts >= self.set_minimum[:, None], dtype=np.bool_)

    @cached_property
    def aliases(self) -> Mapping[str, str]:
        """Fold key of each variant → canonical fold key."""
        return {fold_tag(variant): fold_tag(canonical) for variant, canonical in self.alias_rows}

    @cached_property
    def _numbers(self) -> dict[str, int]:
        return {tag: number for number, tag in enumerate(self.ids)}

    @cached_property
    def _key_numbers(self) -> dict[str, int]:
        return {key: number for number, key in enumerate(self.keys)}

    @cached_property
    def relations(self) -> Relations:
        """Narrower tags and contradictions, in fold keys; answers for unknown tags as well."""
        return Relations(self.keys, self.aliases, self.narrower_pairs, self.cuts, self.contradictions)

    def __len__(self) -> int:
        return len(self.keys)

    def __contains__(self, tag: object) -> bool:
        return tag in self._numbers

    def canonical_key(self, text: str) -> str:
        """Fold a spelling and follow its alias; known tag or not. ``""`` where nothing is left."""
        if not self.folding:
            return text
        return resolve_alias(fold_tag(text), self.aliases)

    def canonical_id(self, text: str) -> str:
        """Return the id of the tag that a spelling means, known or not.

        Raises
        ------
        ValueError
            If the text holds no letter or digit.
        """
        key = self.canonical_key(text)
        if not key:
            raise ValueError(f"expected a tag with a letter or digit, got {text!r}: is it only punctuation?")
        return tag_id(key)

    def number(self, tag: str) -> int | None:
        """Row of a tag id in every array of the model."""
        return self._numbers.get(tag)

    def spelling(self, tag: str) -> str | None:
        """Return the displayed form of a tag id."""
        number = self._numbers.get(tag)
        return None if number is None else self.spellings[number]

    def variants(self, tag: str) -> tuple[str, ...]:
        """Return the spellings that the alias table merges into a tag, as given."""
        number = self._numbers.get(tag)
        return () if number is None else self._variants.get(self.keys[number], ())

    @cached_property
    def _variants(self) -> dict[str, tuple[str, ...]]:
        merged: dict[str, tuple[str, ...]] = {}
        for variant, canonical in self.alias_rows:
            key = fold_tag(canonical)
            merged[key] = (*merged.get(key, ()), variant)
        return merged

    def narrower(self, tag: str) -> tuple[str, ...]:
        """Return ids of the known tags that are a kind of this one, ordered by key; () for an unknown id."""
        number = self._numbers.get(tag)
        return () if number is None else self.narrower_than(self.keys[number])

    def narrower_than(self, text: str) -> tuple[str, ...]:
        """Return ids of the known tags that are a kind of what a spelling means, which itself may be unknown."""
        return tuple(tag_id(key) for key in sorted(self.relations.narrower(self.canonical_key(text))))

    @cached_property
    def _contradicting(self) -> dict[tuple[str, bool], frozenset[str]]:
        return {}

    def contradicting(self, tag: str, *, hard_only: bool = False) -> frozenset[str]:
        """Return ids of the known tags that contradict this one; empty for an unknown id."""
        number = self._numbers.get(tag)
        if number is None:
            return frozenset()
        if (tag, hard_only) not in self._contradicting:
            kinds = (HARD,) if hard_only else (HARD, EXPANSION)
            found = self.relations.contradicting(self.keys[number], kinds)
            self._contradicting[tag, hard_only] = frozenset(map(tag_id, found))
        return self._contradicting[tag, hard_only]

    def contradicts(self, a_id: str, b_id: str) -> bool:
        """Whether a search for one tag is never answered by the other: `slow` and `fast`, `male` and `female`."""
        return b_id in self.contradicting(a_id)

    def contradicts_hard(self, a_id: str, b_id: str) -> bool:
        """Whether the two cannot be true of one moment of music: `slow` and `fast`, but not `male` and `female`."""
        return b_id in self.contradicting(a_id, hard_only=True)

    def find_tag(self, spelling: str) -> tuple[int, ...]:
        """Return the number of the known tag that a spelling means, if there is one."""
        number = self._key_numbers.get(self.canonical_key(spelling))
        return () if number is None else (number,)

    def find_tags(self, phrase: str) -> tuple[int, ...]:
        """Return numbers of the longest known tags in a phrase, left to right (`mellow piano melody`: two).

        A phrase that is a known tag, or denies something, is taken whole or not at all.
        """
        whole = self.find_tag(phrase)
        words = fold_tag(phrase).split()
        if whole or NEGATIONS.intersection(words):
            return whole
        found, at = [], 0
        while at < len(words):
            length, number = self._longest_from(words, at)
            if number is not None:
                found.append(number)
            at += length
        return tuple(dict.fromkeys(found))

    def _longest_from(self, words: Sequence[str], at: int) -> tuple[int, int | None]:
        for end in range(min(len(words), at + self._most_words), at, -1):
            number = self._key_numbers.get(self.canonical_key(" ".join(words[at:end])))
            if number is not None:
                return end - at, number
        return 1, None

    @cached_property
    def _most_words(self) -> int:
        return max((key.count(" ") + 1 for key in (*self.keys, *self.aliases)), default=1)

    def check(self) -> None:
        """Check what every other module takes for granted.

        Raises
        ------
        BadVocabulary
            If two keys share an id, keys are not sorted or not canonical, or lengths differ.
        """
        if list(self.keys) != sorted(set(self.keys)):
            raise BadVocabulary("expected sorted keys, each once: was the file edited by hand?")
        by_id: dict[str, str] = {}
        for key, tag in zip(self.keys, self.ids, strict=True):
            if by_id.setdefault(tag, key) != key:
                raise TagCollision(f"the tags {by_id[tag]!r} and {key!r} have the same id {tag}: merge or drop one")
        stray = next((key for key in self.keys if self.folding and self.canonical_key(key) != key), None)
        if stray is not None:
            raise BadVocabulary(f"expected canonical keys, got {stray!r} for {self.canonical_key(stray)!r}")
        if len(self.spellings) != len(self) or self.set_counts.shape != (len(self.sets), len(self)):
            raise BadVocabulary(
                f"expected {len(self)} spellings and counts of shape {(len(self.sets), len(self))}, got "
                f"{len(self.spellings)} and {self.set_counts.shape}: is the file cut off?"
            )

    def to_json(self) -> dict[str, Any]:
        """Return plain values, the same for the same vocabulary on any machine."""
        return {
            "format": FORMAT,
            "fold_version": FOLD_VERSION,
            "folding": self.folding,
            "keys": list(self.keys),
            "spellings": list(self.spellings),
            "sets": list(self.sets),
            "set_counts": self.set_counts.tolist(),
            "set_minimum": self.set_minimum.tolist(),
            "alias_rows": [list(row) for row in self.alias_rows],
            "narrower_pairs": [list(row) for row in self.narrower_pairs],
            "cuts": [list(row) for row in self.cuts],
            "contradictions": [list(row) for row in self.contradictions],
        }

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Vocabulary:
        """Read what `to_json` gave.

        Raises
        ------
        BadVocabulary
            If a field is missing, lengths differ, or the fold rules have changed since.
        """
        if (values.get("format"), values.get("fold_version")) != (FORMAT, FOLD_VERSION):
            raise BadVocabulary(
                f"expected vocabulary format {FORMAT} with fold rules {FOLD_VERSION}, got {values.get('format')} with "
                f"{values.get('fold_version')}: was the model trained by another version of tagkin? Train it again"
            )
        try:
            vocabulary = cls(
                keys=tuple(values["keys"]),
                spellings=tuple(values["spellings"]),
                sets=tuple(values["sets"]),
                set_counts=np.array(values["set_counts"], dtype=np.int64).reshape(len(values["sets"]), -1),
                set_minimum=np.array(values["set_minimum"], dtype=np.int64),
                alias_rows=_pairs(values["alias_rows"]),
                narrower_pairs=_pairs(values["narrower_pairs"]),
                cuts=_pairs(values["cuts"]),
                contradictions=tuple((tag, other, kind) for tag, other, kind in values["contradictions"]),
                folding=bool(values["folding"]),
            )
        except (KeyError, TypeError, ValueError) as error:
            raise BadVocabulary(f"expected the fields of a vocabulary, got {error!r}: is the file cut off?") from error
        vocabulary.check()
        return vocabulary


def _pairs(rows: Sequence[Sequence[str]]) -> Pairs:
    return tuple((first, second) for first, second in rows)
