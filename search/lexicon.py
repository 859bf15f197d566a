"""The words that a query may use: the tags of model and catalogue, found by any spelling that folds to them.

A catalogue's own tag, which the model has never seen, is found as well as any other. The tables are made anew only when
the catalogue gains or loses such a tag; counts are always the index's own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from search.engine import IndexState, SearchEngine, TagCounts
from search.tag_table import TagTable
from tagmodel.vocabulary import Vocabulary

# Words that one tag may span in a query.
MAX_TAG_WORDS = 6

# Tags whose narrower ones are kept, the least recently asked forgotten first.
_MOST_KEPT = 1_024


class Completion(NamedTuple):
    """A tag that begins as typed so far.

    Parameters
    ----------
    n_tracks
        Tracks of the index on which it was typed.
    """

    tag_id: str
    spelling: str
    n_tracks: int


class _Spellings(dict[str, str]):
    """Forms to show by tag id: those of the model, and those of the index as they are asked for."""

    def __init__(self, known: Mapping[str, str], engine: SearchEngine) -> None:
        super().__init__(known)
        self._engine = engine

    def __missing__(self, tag_id: str) -> str:
        found = self._engine.tag_spelling(tag_id)
        if not found:
            return tag_id  # nobody knows it: whatever was asked for is not kept
        self[tag_id] = found
        return found


@dataclass(frozen=True)
class Moment:
    """The lexicon at one state of the index: one search uses one moment.

    Parameters
    ----------
    own
        Tag ids that only the catalogue has.
    counts
        Tracks on which each tag was typed, by tag id.
    spellings
        The form to show of any tag id; of one that nobody knows, the id itself.
    """

    state: IndexState
    own: frozenset[str]
    table: TagTable
    counts: Mapping[str, int]
    spellings: Mapping[str, str]

    @cached_property
    def ranking(self) -> NDArray[np.int64]:
        """The order of completions by these counts."""
        return self.table.ranking(self.counts)


class Lexicon:
    """Tags by their spellings, with corrections and offers; may be shared by threads.

    Parameters
    ----------
    vocabulary
        The tags and aliases of the model.
    engine
        Gives the catalogue's own tags and the words of its titles and artists.
    """

    def __init__(self, vocabulary: Vocabulary, engine: SearchEngine) -> None:
        self._vocabulary = vocabulary
        self._engine = engine
        self._known = {tag: shown for tag, shown in zip(vocabulary.ids, vocabulary.spellings, strict=True) if shown}
        self._narrower_in_model = lru_cache(_MOST_KEPT)(vocabulary.narrower_than)
        self._last: Moment | None = None

    def now(self) -> Moment:
        """Return everything as the index has it now.

        Raises
        ------
        SearchUnavailable
            If the index cannot be read.
        """
        state, last = self._engine.state(), self._last
        if last is None or last.state != state:
            last = self._last = self._look(state, last)
        return last

    def latest(self) -> Moment:
        """Return everything as it was when it was last looked at, without asking the index whether that still holds.

        Raises
        ------
        SearchUnavailable
            If it was never looked at, and the index cannot be read.
        """
        return self._last or self.now()

    def table(self) -> TagTable:
        """Return the tags as the index has them now; one parse uses one table."""
        return self.now().table

    def tag(self, words: Sequence[str]) -> str | None:
        """Return the id of the tag that these words are together, None when they are none."""
        return self.table().find(" ".join(words))

    def spelling(self, tag_id: str) -> str:
        """Return the form of a tag to show; of an id that nobody knows, the id itself."""
        return self._known.get(tag_id) or self._engine.tag_spelling(tag_id) or tag_id

    def knows(self, tag_id: str) -> bool:
        """Whether the model knows the tag, so that it may have kin."""
        return tag_id in self._vocabulary

    def narrower(self, tag_id: str) -> tuple[str, ...]:
        """Return ids of the tags that are a kind of this one, the model's first, then the catalogue's own."""
        spelling = self.spelling(tag_id)
        return self._narrower_in_model(spelling) + self.table().own_narrower(spelling)

    def has_word(self, word: str) -> bool:
        """Whether a folded word is in any title or artist."""
        return self._engine.has_word(word)

    def correct(self, words: str) -> str | None:
        """Return the spelling of the tag that is one slip away, None when there is none."""
        found = self.table().correct(words)
        return None if found is None else self.spelling(found)

    def offers(self, words: str, k: int = 3) -> tuple[str, ...]:
        """Return spellings of the nearest tags, best first."""
        now = self.now()
        return tuple(now.spellings[tag_id] for tag_id in now.table.nearest(words, k))

    def complete(self, prefix: str, k: int = 10) -> tuple[Completion, ...]:
        """Return tags with a word that begins as typed: those that begin so as a whole first, then by count."""
        now = self.now()
        ids = now.table.complete(prefix, k, now.ranking)
        return tuple(Completion(tag_id, now.spellings[tag_id], now.counts.get(tag_id, 0)) for tag_id in ids)

    def _look(self, state: IndexState, before: Moment | None) -> Moment:
        counts = self._engine.tag_counts()
        if isinstance(counts, TagCounts):
            state = counts.state  # may be of before: then it is looked again the next time
        own = frozenset(counts).difference(self._vocabulary.ids)
        spellings = _Spellings(self._known, self._engine)
        if before is not None and before.own == own:
            return Moment(state, own, before.table.with_counts(counts), counts, spellings)
        named = {tag_id: self._engine.tag_spelling(tag_id) or "" for tag_id in sorted(own)}
        return Moment(state, own, TagTable(self._vocabulary, named, counts), counts, spellings)
