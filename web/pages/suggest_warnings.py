"""What is odd about typed tags, one warning a tag, with the words that would mend it; nothing is mended unasked."""

from __future__ import annotations

import enum
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from functools import cache

from search.engine import SearchUnavailable
from search.result import SuggestResult, UsedWord
from search.searcher import Searcher

# Less alike than this, a known tag is no word for what was typed: *blorp* is not *rap*.
LEAST_ALIKE = 0.7  # of 1, as difflib counts


class Oddity(enum.StrEnum):
    """What may be wrong with a tag."""

    CONTRADICTION = "contradiction"
    DUPLICATE = "duplicate"
    SEVERAL = "several"
    MISSPELLED = "misspelled"
    UNUSED = "unused"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Word:
    """A tag that could stand instead, and how many tracks carry it where that is known."""

    spelling: str
    n_tracks: int | None = None


@dataclass(frozen=True, slots=True)
class Warning:
    """Something odd.

    Parameters
    ----------
    typed
        The tag that it is about.
    other
        What it repeats or contradicts; ``""`` otherwise.
    instead
        Of several tags in one: all that it holds. Otherwise each one a replacement.
    n_tracks
        Tracks of the index that carry the tag; None where nobody could count.
    """

    oddity: Oddity
    typed: str
    other: str = ""
    instead: tuple[Word, ...] = ()
    n_tracks: int | None = None


class Warner:
    """Says what is odd about the typed tags of one track or of many; each spelling is looked at once."""

    def __init__(self, source: Searcher) -> None:
        self._source = source
        self._slip_of = cache(self._find_slip)

    def warn(self, tags: Sequence[str], result: SuggestResult) -> tuple[Warning, ...]:
        """Name contradictions first, then go tag by tag in the order typed, with at most one warning each."""
        repeated = {again: first for first, again in result.duplicates}
        unused = {one.typed: one.instead for one in result.unused}
        odd = {*repeated, *unused, *result.unknown}
        contradictions = (Warning(Oddity.CONTRADICTION, one, other) for one, other in result.contradictions)
        single = (
            Warning(Oddity.DUPLICATE, typed, repeated[typed])
            if typed in repeated
            else self._odd_tag(typed, result, unused)
            for typed in tags
            if typed in odd
        )
        return (*contradictions, *single)

    def _odd_tag(self, typed: str, result: SuggestResult, unused: Mapping[str, tuple[UsedWord, ...]]) -> Warning:
        """Say the likeliest reason why nobody else uses a tag: several in one, a slip, a rare word, a new one."""
        used = tuple(Word(one.spelling, one.n_tracks) for one in unused.get(typed, ()))
        if typed not in result.unknown:
            return Warning(Oddity.UNUSED, typed, "", used)
        n_tracks = next((one.n_tracks for one in result.typed if one.typed == typed), None)
        if not n_tracks:
            holds = self._holds(typed)
            if len(holds) > 1:
                return Warning(Oddity.SEVERAL, typed, "", holds)
            if meant := self._slip_of(typed):
                return Warning(Oddity.MISSPELLED, typed, meant, (Word(meant),))
        # Of a tag that the model has never seen only the spelling is known: only what is spelled like it may be meant.
        near = used or tuple(Word(spelling) for spelling in result.offers.get(typed, ()))
        alike = tuple(word for word in near if _alike(typed, word.spelling))
        return Warning(Oddity.UNKNOWN, typed, "", alike, n_tracks)

    def _holds(self, typed: str) -> tuple[Word, ...]:
        """Return the known tags among the words of a tag: several were probably typed with nothing between them."""
        vocabulary = self._source.model.vocabulary
        return tuple(Word(vocabulary.spellings[number]) for number in vocabulary.find_tags(typed))

    def _find_slip(self, typed: str) -> str | None:
        """Return the tag that is one slip away; None where there is none, or no index to compare with."""
        try:
            return self._source.lexicon.correct(typed)
        except SearchUnavailable:
            return None


def _alike(typed: str, spelling: str) -> bool:
    return SequenceMatcher(None, typed.casefold(), spelling.casefold()).ratio() >= LEAST_ALIKE
