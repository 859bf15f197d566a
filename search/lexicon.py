"""The words that a query may use: the tags of model and catalogue, found by any spelling that folds to them.

A catalogue's own tag, which the model has never seen, is found as well as any other. The tables are made anew only when
the catalogue gains or loses such a tag; counts are always the index's own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from search.engine import IndexState, SearchEngine
from search.tag_table import TagTable
from tagmodel.vocabulary import Vocabulary

# Words that one tag may span in a query.
MAX_TAG_WORDS = 6


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


class _Seen(NamedTuple):
    """Tables with the state of the index that they were made from."""

    state: IndexState
    own: frozenset[str]  # tag ids that only the catalogue has
    table: TagTable
    counts: Mapping[str, int]


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
        self._seen: _Seen | None = None

    def table(self) -> TagTable:
        """Return the tags as the index has them now; one parse uses one table.

        Raises
        ------
        SearchUnavailable
            If the index cannot be read.
        """
        return self._now().table

    def tag(self, words: Sequence[str]) -> str | None:
        """Return the id of the tag that these words are together, None when they are none."""
        return self.table().find(" ".join(words))

    def spelling(self, tag_id: str) -> str:
        """Return the form of a tag to show; of an id that nobody knows, the id itself."""
        return self._vocabulary.spelling(tag_id) or self._engine.tag_spelling(tag_id) or tag_id

    def knows(self, tag_id: str) -> bool:
        """Whether the model knows the tag, so that it may have kin."""
        return tag_id in self._vocabulary

    def narrower(self, tag_id: str) -> tuple[str, ...]:
        """Return ids of the tags that are a kind of this one, the model's first, then the catalogue's own."""
        spelling = self.spelling(tag_id)
        return self._vocabulary.narrower_than(spelling) + self.table().own_narrower(spelling)

    def has_word(self, word: str) -> bool:
        """Whether a folded word is in any title or artist."""
        return self._engine.has_word(word)

    def correct(self, words: str) -> str | None:
        """Return the spelling of the tag that is one slip away, None when there is none."""
        found = self.table().correct(words)
        return None if found is None else self.spelling(found)

    def offers(self, words: str, k: int = 3) -> tuple[str, ...]:
        """Return spellings of the nearest tags, best first."""
        seen = self._now()
        return tuple(self.spelling(tag_id) for tag_id in seen.table.nearest(words, k))

    def complete(self, prefix: str, k: int = 10) -> tuple[Completion, ...]:
        """Return tags with a word that begins as typed: those that begin so as a whole first, then by count."""
        seen = self._now()
        ids = seen.table.complete(prefix, k, seen.counts)
        return tuple(Completion(tag_id, self.spelling(tag_id), seen.counts.get(tag_id, 0)) for tag_id in ids)

    def _now(self) -> _Seen:
        state, seen = self._engine.state(), self._seen
        if seen is None or seen.state != state:
            seen = self._seen = self._look(state, seen)
        return seen

    def _look(self, state: IndexState, before: _Seen | None) -> _Seen:
        counts = self._engine.tag_counts()
        own = frozenset(tag_id for tag_id in counts if tag_id not in self._vocabulary)
        if before is not None and before.own == own:
            return _Seen(state, own, before.table, counts)
        spellings = {tag_id: self._engine.tag_spelling(tag_id) or "" for tag_id in sorted(own)}
        return _Seen(state, own, TagTable(self._vocabulary, spellings, counts), counts)
