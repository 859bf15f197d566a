"""Tracks by their names: title, artist, or both in any order, with slips mended, on any engine.

No engine lists its titles. So candidates are asked for by words that are there: all that were typed; where some are
unknown, the others; at last the words one slip away from an unknown one. The candidates, a few hundred at most, are
then compared with what was typed, letter by letter.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice, product
from string import ascii_lowercase

from rapidfuzz import fuzz

from search.engine import SearchEngine
from search.plan import Plan
from search.words import fold_words
from tagmodel.track import Track

# Tracks that are compared with what was typed, of each search for candidates.
CANDIDATES = 300
# Tracks that a name may mean, to choose from.
OFFERED = 8
# Alike, in percent of the letters: from here on a name is meant, with a slip or a word too few.
_ALIKE = 80.0
# Under this it is another name, unless it holds all that was typed.
_OTHER = 60.0
# So much nearer than the next one, the nearest is meant.
_CLEARLY = 5.0
# More words are a sentence, and their slips are not looked for.
_MOST_WORDS = 12
# A slip in a shorter word gives as likely another word.
_LEAST_MENDED = 4  # letters
_MOST_MENDED = 8  # combinations of words one slip away


@dataclass(frozen=True, slots=True)
class _Named:
    """A candidate: whether it holds every word that was typed or meant, and how alike its name is, in percent."""

    track: Track
    holds_all: bool
    alike: float

    @property
    def order(self) -> tuple[bool, float, str]:
        return not self.holds_all, -self.alike, self.track.track_id


def tracks_named(engine: SearchEngine, text: str) -> tuple[Track, ...]:
    """Return the track that a name means; several, likeliest first, where it may mean any of them; or none.

    Parameters
    ----------
    text
        Words of title and artist in any order.

    Raises
    ------
    SearchUnavailable
        If the index cannot be read.
    """
    words = tuple(dict.fromkeys(fold_words(text)))[:_MOST_WORDS]
    for searches in _searches(engine, words):
        found = _compared(words, [(wanted, track) for wanted in searches for track in _with_words(engine, wanted)])
        if found and (found[0].holds_all or found[0].alike >= _ALIKE):
            return tuple(one.track for one in (found[:1] if _is_clear(found) else found[:OFFERED]))
    return ()


def _searches(engine: SearchEngine, words: Sequence[str]) -> Iterator[list[list[str]]]:
    """Yield words to look for, ever further from those that were typed."""
    known = [word for word in words if engine.has_word(word)]
    unknown = [word for word in words if word not in known]
    if known:
        yield [known]
    if unknown:
        meant = [_one_slip_away(engine, word) for word in unknown]
        yield [[*known, *mended] for mended in islice(product(*meant), _MOST_MENDED)]
    elif len(known) > 1:  # each is there, but not all on one track: one may be a slip that makes another word
        yield [[one for one in known if one != word] for word in known]


def _with_words(engine: SearchEngine, words: Sequence[str]) -> Iterator[Track]:
    return (hit.document.track for hit in engine.search(Plan(words=tuple(words), k=CANDIDATES)).hits)


def _one_slip_away(engine: SearchEngine, word: str) -> list[str]:
    """Return words of titles and artists one slip away: of the likeliest kind of slip that gives any."""
    if len(word) < _LEAST_MENDED:
        return []
    there = ([one for one in dict.fromkeys(kind) if engine.has_word(one)] for kind in _slips(word))
    return next(filter(None, there), [])


def _slips(word: str) -> Iterator[list[str]]:
    """Yield all words one slip away: letters swapped, one too many, a wrong one, one missing."""
    splits = [(word[:at], word[at:]) for at in range(len(word) + 1)]
    letters = sorted({*ascii_lowercase, *word})
    yield [left + right[1] + right[0] + right[2:] for left, right in splits if len(right) > 1]
    yield [left + right[1:] for left, right in splits if right]
    yield [left + letter + right[1:] for left, right in splits if right for letter in letters]
    yield [left + letter + right for left, right in splits for letter in letters]


def _compared(words: Sequence[str], candidates: Iterable[tuple[Sequence[str], Track]]) -> list[_Named]:
    """Return the tracks whose names are like what was typed, likeliest first.

    Parameters
    ----------
    candidates
        Each with the words that it was looked for with; a name with all that were typed holds these.
    """
    typed = " ".join(words)
    found: dict[str, _Named] = {}
    for wanted, track in candidates:
        title, artist = fold_words(track.title), fold_words(track.artist)
        alike = max(fuzz.ratio(typed, " ".join(title)), fuzz.token_sort_ratio(typed, " ".join((*artist, *title))))
        holds_all = len(wanted) == len(words) or set(words).issubset((*title, *artist))
        if holds_all or alike >= _OTHER:
            found[track.track_id] = _Named(track, holds_all, alike)
    return sorted(found.values(), key=lambda one: one.order)


def _is_clear(found: Sequence[_Named]) -> bool:
    """Whether the first is meant: nothing else holds all words, or it is far nearer than the next."""
    if len(found) == 1:
        return True
    first, second = found[:2]
    return first.holds_all > second.holds_all or (first.alike >= _ALIKE and first.alike - second.alike >= _CLEARLY)
