"""Tracks → documents: typed spellings become canonical tags, and the model adds what they and heard tags imply.

The genre field counts as typed: a track whose only word is "genre: Rock" is found by `rock`. Spellings stay on the
track as they are; one without a letter or digit means no tag. A tag that the model does not know keeps its own id, so
it is found literally, and will have kin as soon as a model that knows it is there.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from msgspec import structs

from search.document import DOCUMENT_UNITS, Document
from tagmodel.folding import TAG_SEPARATORS, split_tags
from tagmodel.implication import MAX_IMPLIED
from tagmodel.model import TagModel
from tagmodel.track import Track

# Spellings and sets of tags come again and again; what was worked out is kept up to this many, then forgotten at once.
CACHED_SPELLINGS = 200_000
CACHED_SETS = 50_000

Implied = tuple[tuple[str, ...], tuple[int, ...]]
Hear = Callable[[list[Document]], list[Document]]


@dataclass
class Enricher:
    """Turns tracks into documents with one tag model.

    Parameters
    ----------
    expand
        Whether to add implied tags.
    known_spelling
        Asked once for each tag that the model does not know, so that a tag keeps the spelling it has in the index.
    """

    model: TagModel
    expand: bool = True
    known_spelling: Callable[[str], str | None] = lambda _tag_id: None
    unknown: set[str] = field(default_factory=set)
    _ids: dict[str, str | None] = field(default_factory=dict)
    _genres: dict[str, tuple[str | None, ...]] = field(default_factory=dict)
    _implied: dict[tuple[str, ...], Implied] = field(default_factory=dict)
    _named: set[str] = field(default_factory=set)
    _names: dict[str, str] = field(default_factory=dict)

    @property
    def model_id(self) -> str:
        """What the documents carry: the model's id, ``""`` when nothing is expanded."""
        return self.model.model_id if self.expand else ""

    def enrich(self, tracks: Sequence[Track], hear: Hear | None = None) -> list[Document]:
        """Make the documents of a batch of tracks.

        Parameters
        ----------
        hear
            Puts what is heard on the tracks into their documents.
        """
        typed = [self._typed(track) for track in tracks]
        if hear is not None:
            return self.imply(hear([Document(track, tags) for track, tags in zip(tracks, typed, strict=True)]))
        implied = self._imply(typed) if self.expand else [((), ())] * len(typed)
        return [
            Document(track, tags, *added, model_id=self.model_id)
            for track, tags, added in zip(tracks, typed, implied, strict=True)
        ]

    def imply(self, documents: Sequence[Document]) -> list[Document]:
        """Give documents what their typed and heard tags imply, in place of what was implied before.

        Typed and heard tags are taken together. What they imply only together counts as much less as the heard ones are
        doubtful: by the mean probability of all, where a typed tag has 1.
        """
        if not self.expand:
            return [replace(document, implied=(), implied_weights=(), model_id="") for document in documents]
        by_typed = self._imply([document.typed for document in documents])
        together = self._imply([document.typed + document.heard for document in documents])
        return [
            replace(document, implied=tags, implied_weights=units, model_id=self.model_id)
            for document, *sides in zip(documents, by_typed, together, strict=True)
            for tags, units in [_of_both(document, *sides)]
        ]

    def tag_id(self, spelling: str) -> str | None:
        """Return the id of a tag, which is named from then on; None for a spelling without a letter or digit."""
        return self._ids[spelling] if spelling in self._ids else self._learn(spelling)

    def take_names(self) -> dict[str, str]:
        """Return the displayed spellings of tags met for the first time since the last call."""
        names, self._names = self._names, {}
        return names

    def _typed(self, track: Track) -> tuple[str, ...]:
        """Return canonical ids of the tags in typed order, then of the genre; each once."""
        ids = self._ids
        found = [ids[tag] if tag in ids else self._learn(tag) for tag in track.tags]
        if track.genre:
            found += self._genre(track.genre)
        return tuple([tag_id for tag_id in dict.fromkeys(found) if tag_id is not None])

    def _genre(self, genre: str) -> tuple[str | None, ...]:
        """Return the ids of a genre field, which may list several."""
        if genre not in self._genres:
            if len(self._genres) >= CACHED_SPELLINGS:
                self._genres.clear()
            self._genres[genre] = tuple(self._learn(tag) for tag in split_tags(genre, TAG_SEPARATORS))
        return self._genres[genre]

    def _learn(self, tag: str) -> str | None:
        """Work out the id of a spelling and name it; None for a spelling without a letter or digit."""
        vocabulary = self.model.vocabulary
        if len(self._ids) >= CACHED_SPELLINGS:
            self._ids.clear()
        key = vocabulary.canonical_key(tag)
        self._ids[tag] = tag_id = vocabulary.canonical_id(tag) if key else None
        if tag_id is not None and tag_id not in self._named:
            self._name(tag_id, tag)
        return tag_id

    def _name(self, tag_id: str, typed: str) -> None:
        self._named.add(tag_id)
        spelling = self.model.vocabulary.spelling(tag_id)
        if spelling is None:
            self.unknown.add(tag_id)
            spelling = self.known_spelling(tag_id) or typed
        self._names[tag_id] = spelling

    def _imply(self, typed: Sequence[tuple[str, ...]]) -> list[Implied]:
        cache = self._implied
        if len(cache) >= CACHED_SETS:
            cache.clear()
        fresh = [tags for tags in dict.fromkeys(typed) if tags not in cache]
        cache.update(zip(fresh, self.model.imply(fresh), strict=True))
        for tag_id in {tag_id for tags in fresh for tag_id in cache[tags][0]} - self._named:
            self._name(tag_id, tag_id)
        return [cache[tags] for tags in typed]


def _of_both(document: Document, by_typed: Implied, together: Implied) -> Implied:
    """Return the heavier of what typed tags imply, and of what they do with the heard ones, the heaviest first."""
    if not document.heard:
        return by_typed
    n_typed, n_heard = len(document.typed), len(document.heard)
    sure = DOCUMENT_UNITS * n_typed + sum(document.heard_weights)
    trusted = [units * sure // (DOCUMENT_UNITS * (n_typed + n_heard)) for units in together[1]]
    weights = {tag: units for tag, units in zip(together[0], trusted, strict=True) if units}
    for tag, units in zip(*by_typed, strict=True):
        weights[tag] = max(units, weights.get(tag, 0))
    best = sorted(weights.items(), key=lambda pair: (-pair[1], pair[0]))[:MAX_IMPLIED]
    return tuple(tag for tag, _ in best), tuple(units for _, units in best)


def keep_heard(document: Document, old: Document) -> Document:
    """Carry over what was heard on a track, unless somebody has listened anew; what it implies is to be made after.

    Tags that people have typed since count as typed only; the file may have moved.
    """
    sound = document.sound
    if (sound is not None and sound.tagger_id) or not (old.heard or old.faint or old.sound):
        return document
    heard = [pair for pair in zip(old.heard, old.heard_weights, strict=True) if pair[0] not in document.typed]
    kept = old.sound
    if kept is not None:
        doubted = tuple(tag for tag in kept.doubted if tag in document.typed)
        kept = structs.replace(kept, doubted=doubted, file=kept.file if sound is None else sound.file)
    return replace(
        document,
        heard=tuple(tag for tag, _ in heard),
        heard_weights=tuple(units for _, units in heard),
        faint=tuple(tag for tag in old.faint if tag not in document.typed),
        sound=kept or sound,
    )
