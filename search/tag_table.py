"""`TagTable`: all tags that a query can name at one moment, with what lies near a misspelled one.

Distances are between fold keys, so that case, hyphens and plurals are no slips.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Mapping, Sequence
from copy import copy
from functools import cached_property, lru_cache
from heapq import nsmallest
from itertools import repeat
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from rapidfuzz import process
from rapidfuzz.distance import OSA

from tagmodel.folding import contradicts, fold_tag, holds_words, tag_id
from tagmodel.vocabulary import Vocabulary

# A slip in a shorter word is as likely another word.
LEAST_CORRECTED = 5  # letters
# Likewise when the slip is in one word of several.
LEAST_CORRECTED_WORD = 3  # letters
# Tags less alike than this are no offer.
LEAST_SIMILARITY = 0.62  # share of characters that stay
# Longer texts are no tag with slips, and comparing takes time in proportion.
MOST_COMPARED = 60  # characters
# Tags whose narrower ones are kept, the least recently asked forgotten first.
_MOST_KEPT = 256


class _Tails(NamedTuple):
    """All keys from each of their words on, sorted.

    Parameters
    ----------
    texts
        What remains of the key.
    keys : shape (n_tails,)
        Number of the key in `TagTable._keys`.
    whole : bool, shape (n_tails,)
        Whether it is the key from its first word on.
    """

    texts: list[str]
    keys: NDArray[np.int64]
    whole: NDArray[np.bool_]


class TagTable:
    """Tags of a vocabulary and of a catalogue, by fold key.

    Parameters
    ----------
    own
        Spelling by id of the catalogue's tags that the vocabulary lacks; ``""`` where none was stored.
    counts
        Tracks per tag id: of tags equally near, the one on more tracks is meant.
    """

    def __init__(self, vocabulary: Vocabulary, own: Mapping[str, str], counts: Mapping[str, int]) -> None:
        self._vocabulary = vocabulary
        self._counts = counts
        self._ids = dict(zip(vocabulary.keys, vocabulary.ids, strict=True))
        named = {vocabulary.canonical_key(spelling): tag for tag, spelling in own.items()}
        self._ids.update({key: tag for key, tag in named.items() if key and tag_id(key) == tag})
        self._own_keys = sorted(key for key, tag in named.items() if self._ids.get(key) == tag)
        self._unnamed = frozenset(own).difference(self._ids.values())
        self._most_words = self._words_by_first()
        self._own_narrower = lru_cache(_MOST_KEPT)(self._find_own_narrower)

    def with_counts(self, counts: Mapping[str, int]) -> TagTable:
        """Return the same tags as other counts rank them."""
        table = copy(self)
        table._counts = counts
        return table

    def find(self, text: str) -> str | None:
        """Return the id of the tag that a text is, by any spelling or alias; None when it is none."""
        key = self._vocabulary.canonical_key(text)
        found = self._ids.get(key)
        if found is None and self._unnamed and tag_id(key) in self._unnamed:
            return tag_id(key)
        return found

    def count(self, tag_id: str) -> int:
        """Return how many tracks a tag was typed on."""
        return self._counts.get(tag_id, 0)

    def own_narrower(self, text: str) -> tuple[str, ...]:
        """Return ids of the catalogue's own tags that are a kind of what a text means: those that hold its words."""
        return self._own_narrower(text) if self._own_keys else ()

    def _find_own_narrower(self, text: str) -> tuple[str, ...]:
        broad = self._vocabulary.canonical_key(text)
        kinds = (key for key in self._own_keys if key != broad and holds_words(key, broad))
        return tuple(self._ids[key] for key in kinds if not contradicts(key, broad))

    def longest(self, words: Sequence[str]) -> tuple[str | None, int]:
        """Return the longest tag that the first words are, with their number; ``(None, 0)`` when there is none."""
        most = self._most_words.get(fold_tag(words[0]).partition(" ")[0], 0)
        for n_words in range(len(words) if self._unnamed else min(most, len(words)), 0, -1):
            # A last word without letters would be swallowed: "sad &" folds to "sad".
            found = self.find(" ".join(words[:n_words])) if fold_tag(words[n_words - 1]) else None
            if found is not None:
                return found, n_words
        return None, 0

    def correct(self, text: str) -> str | None:
        """Return the id of the tag at most one slip away (a letter too many, missing, wrong, or two swapped)."""
        key, exact = fold_tag(text), self.find(text)
        if exact is not None or not LEAST_CORRECTED <= sum(map(str.isalpha, key)) <= MOST_COMPARED:
            return exact
        near = process.extract(key, self._keys, scorer=OSA.distance, score_cutoff=1, limit=None)
        meant = [found for found, _, _ in near if _is_one_slip(key, found)]
        return self._tag_of(min(meant, key=self._rank)) if meant else None

    def nearest(self, text: str, k: int) -> tuple[str, ...]:
        """Return ids of the tags most like a text, best first.

        The commonest that goes on where the text ends leads; after the most alike come tags among several words.
        """
        key = fold_tag(text)
        if not 1 < len(key) <= MOST_COMPARED:
            return ()
        longer = nsmallest(k, (found for found in self._keys if found.startswith(key)), key=self._rank)
        alike = process.extract(
            key, self._keys, scorer=OSA.normalized_similarity, score_cutoff=LEAST_SIMILARITY, limit=None
        )
        ranked = sorted((-similarity, self._rank(found)) for found, similarity, _ in alike)
        near = [found for _, (_, _, found) in ranked]
        inside = filter(None, map(self.correct, key.split())) if " " in key else ()
        first, rest = map(self._tag_of, (*longer[:1], *near[:1])), map(self._tag_of, (*near[1:], *longer[1:]))
        return tuple(dict.fromkeys((*first, *inside, *rest)))[:k]

    def ranking(self, counts: Mapping[str, int]) -> NDArray[np.int64]:
        """Return for each key its place in the order of completions: by count descending, then by key."""
        n_tracks = np.array(list(map(counts.get, self._tags_of_keys, repeat(0))), np.int64)
        places = np.empty(len(n_tracks), np.int64)
        places[np.argsort(-n_tracks, kind="stable")] = np.arange(len(n_tracks))
        return places

    def complete(self, prefix: str, k: int, ranking: NDArray[np.int64]) -> tuple[str, ...]:
        """Return ids of the tags with a word that begins as `prefix`, which may go on over further words.

        The exact tag first, then those that begin so as a whole, then by `ranking`.
        """
        # The last word is still being typed: it is no plural yet.
        begun = fold_tag(prefix + "q")[:-1]
        exact = self.find(prefix)
        found = dict.fromkeys(filter(None, [exact]))
        texts, keys, whole = self._tails
        if begun:
            here = slice(bisect_left(texts, begun), bisect_right(texts, begun + "\U0010ffff"))
            places = ranking[keys[here]] + np.where(whole[here], 0, len(ranking))
            for at in np.argsort(places).tolist():
                if len(found) >= k:
                    break
                found[self._tags_of_keys[keys.item(here.start + at)]] = None
        return tuple(found)[:k]

    @cached_property
    def _keys(self) -> tuple[str, ...]:
        """All keys that stand for a tag, aliases included."""
        aliases = (key for key, canonical in self._vocabulary.aliases.items() if canonical in self._ids)
        return tuple(sorted({*self._ids, *aliases}))

    @cached_property
    def _tags_of_keys(self) -> tuple[str, ...]:
        return tuple(map(self._tag_of, self._keys))

    @cached_property
    def _tails(self) -> _Tails:
        tails = sorted((tail, n, tail == key) for n, key in enumerate(self._keys) for tail in _tails_of(key))
        texts, keys, whole = ([tail[at] for tail in tails] for at in range(3))
        return _Tails(list(map(str, texts)), np.array(keys, np.int64), np.array(whole, np.bool_))

    def _words_by_first(self) -> dict[str, int]:
        """Count the words of the longest key by first word, so that most phrases need not be looked up."""
        most: dict[str, int] = {}
        for key in self._keys:
            folded = fold_tag(key)
            first = folded.partition(" ")[0]
            most[first] = max(most.get(first, 0), folded.count(" ") + 1)
        return most

    def _tag_of(self, key: str) -> str:
        return self._ids[key] if key in self._ids else self._ids[self._vocabulary.aliases[key]]

    def _rank(self, key: str) -> tuple[int, int, str]:
        """Order keys that are equally near: more tracks, more uses in the training sets, then by key."""
        tag = self._tag_of(key)
        number = self._vocabulary.number(tag)
        uses = 0 if number is None else int(self._vocabulary.counts[number])
        return -self._counts.get(tag, 0), -uses, key


def _tails_of(key: str) -> Iterator[str]:
    words = key.split()
    return (" ".join(words[at:]) for at in range(len(words)))


def _is_one_slip(typed: str, meant: str) -> bool:
    """Whether two keys at distance one differ by a slip: other digits or another short word are something else."""
    if [char for char in typed if char.isdigit()] != [char for char in meant if char.isdigit()]:
        return False
    if typed.count(" ") != meant.count(" "):
        return True
    changed = next(word for word, other in zip(typed.split(), meant.split(), strict=True) if word != other)
    return len(changed) >= LEAST_CORRECTED_WORD
