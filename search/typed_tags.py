"""What is odd about the tags that somebody typed: the same twice, contradictions, words nobody knows or nobody uses."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations, islice

from search.lexicon import Lexicon
from search.result import TypedTag, UnusedTag, UsedWord
from tagmodel.folding import contradicts
from tagmodel.model import TagModel
from tagmodel.offers import nearest_spellings

# Words that people do use, offered for one that nobody does.
MAX_INSTEAD = 3
# Nearest spellings among which such words are looked for.
_LOOKED_AT = 24
# Most words looked up by spelling for one question, some two milliseconds each: a table of nonsense is refused nothing,
# but not helped with every word of it either.
MAX_LOOKED_UP = 300  # words


@dataclass(frozen=True)
class UsedTags:
    """The tags of an index as they are now.

    Parameters
    ----------
    counts
        Tracks by tag id.
    """

    lexicon: Lexicon
    counts: Mapping[str, int]


@dataclass(frozen=True)
class Words:
    """The words of a model, and of an index where there is one; made for a few questions and then forgotten.

    Parameters
    ----------
    used
        None while there is no index to ask.

    Notes
    -----
    Offers are given for the first `MAX_LOOKED_UP` unknown words.
    """

    model: TagModel
    used: UsedTags | None = None
    _offers: dict[str, tuple[str, ...]] = field(default_factory=dict)
    _alike: dict[str, tuple[str, ...]] = field(default_factory=dict)

    def typed_tags(self, typed: Sequence[str]) -> tuple[TypedTag, ...]:
        """Return what the texts mean; what holds no letter or digit is no tag and passed over."""
        vocabulary = self.model.vocabulary
        tags = (text for text in typed if vocabulary.canonical_key(text))
        return tuple(self._typed_tag(text, vocabulary.canonical_id(text)) for text in tags)

    def _typed_tag(self, text: str, tag_id: str) -> TypedTag:
        known = tag_id in self.model.vocabulary
        return TypedTag(text, tag_id, self.spelling(tag_id, text), known, self.n_tracks(tag_id))

    def tag_id(self, text: str) -> str:
        """Return the id of the tag that a text is; ``""`` for one without a letter or digit."""
        vocabulary = self.model.vocabulary
        return vocabulary.canonical_id(text) if vocabulary.canonical_key(text) else ""

    def n_tracks(self, tag_id: str) -> int | None:
        """Return on how many tracks of the index people put a tag; None while there is no index to ask."""
        return None if self.used is None else self.used.counts.get(tag_id, 0)

    def spelling(self, tag_id: str, otherwise: str = "") -> str:
        """Return the form of a tag to show; of one that nobody knows, another text or the id."""
        own = self.model.vocabulary.spelling(tag_id)
        shown = own or (tag_id if self.used is None else self.used.lexicon.spelling(tag_id))
        return (otherwise or tag_id) if shown == tag_id else shown

    def offers(self, tags: Sequence[TypedTag]) -> dict[str, tuple[str, ...]]:
        """Return tags of the model that are spelled like those it has never seen; none for words that tracks carry."""
        return {tag.typed: () if tag.n_tracks else self._near(tag.typed) for tag in tags if not tag.known}

    def _near(self, text: str) -> tuple[str, ...]:
        if text not in self._offers and len(self._offers) < MAX_LOOKED_UP:
            self._offers[text] = nearest_spellings(self.model.vocabulary, text)
        return self._offers.get(text, ())

    def duplicates(self, tags: Sequence[TypedTag]) -> tuple[tuple[str, str], ...]:
        """Return pairs of texts that are the same tag, the first typed beside each later one."""
        first = {tag.tag_id: tag for tag in reversed(tags)}
        return tuple((first[tag.tag_id].typed, tag.typed) for tag in tags if first[tag.tag_id] is not tag)

    def contradictions(self, tags: Sequence[TypedTag]) -> tuple[tuple[str, str], ...]:
        """Return pairs of texts that cannot both be true."""
        pairs = combinations(_once(tags), 2)
        return tuple((one.typed, other.typed) for one, other in pairs if self._cannot_both_be_true(one, other))

    def _cannot_both_be_true(self, one: TypedTag, other: TypedTag) -> bool:
        """Whether two tags exclude each other; by their words alone where the model knows one of them only."""
        vocabulary = self.model.vocabulary
        by_words = contradicts(vocabulary.canonical_key(one.typed), vocabulary.canonical_key(other.typed))
        return by_words or vocabulary.contradicts_hard(one.tag_id, other.tag_id)

    def unused(self, tags: Sequence[TypedTag]) -> tuple[UnusedTag, ...]:
        """Return the tags that no track of the index carries; none where there is no index, or nothing in it."""
        if self.used is None or not self.used.counts:
            return ()
        typed = {tag.tag_id for tag in tags}
        return tuple(
            UnusedTag(tag.typed, tuple(islice(self._instead(tag, typed), MAX_INSTEAD)))
            for tag in _once(tags)
            if not tag.n_tracks
        )

    def _instead(self, tag: TypedTag, typed: set[str]) -> Iterator[UsedWord]:
        """Yield tags that tracks carry: the nearest kin, or where there are none, those that are spelled alike."""
        kin = [one.tag_id for one in self.model.kin(tag.tag_id)]
        yield from self._carried(kin, typed) or self._carried(self._spelt_alike(tag.typed), typed)

    def _spelt_alike(self, text: str) -> Sequence[str]:
        if text not in self._alike and self.used is not None and len(self._alike) < MAX_LOOKED_UP:
            self._alike[text] = self.used.lexicon.table().nearest(text, _LOOKED_AT)
        return self._alike.get(text, ())

    def _carried(self, tag_ids: Sequence[str], typed: set[str]) -> list[UsedWord]:
        counted = ((tag_id, self.n_tracks(tag_id)) for tag_id in tag_ids if tag_id not in typed)
        return [UsedWord(self.spelling(tag_id), n_tracks) for tag_id, n_tracks in counted if n_tracks]


def _once(tags: Sequence[TypedTag]) -> list[TypedTag]:
    """Leave out what is the same tag as one before it."""
    return list({tag.tag_id: tag for tag in reversed(tags)}.values())[::-1]
