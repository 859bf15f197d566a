"""What was heard in a recording → what an index keeps of it: tags with weights, how it sounds, and what is doubtful.

People come first. A tag that somebody typed is never written over, nor counted a second time. Above its cut-off a
heard tag is a tag of the track, as heavy as it is probable; below it, from `FAINT` on, it only ever demotes, where
somebody searches without it. What heard tags imply is the tag model's part (`search.enrichment`).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from audiomodel.hearing import HeardTag, Hearing, likely_tags, unpack_vector
from search.document import DOCUMENT_UNITS, Document
from search.sound import MOST_MOMENTS, Moment, Sound, quantize
from tagmodel.vocabulary import Vocabulary

# A tag less probable than one in five is no reason to doubt that a track goes without it.
FAINT = 0.2

# A top genre that is so probable contradicts another one: of validation clips of fma_small, one in eighty is then
# doubted beside its own genres, and one in six beside those of another clip (`benchmarks/doubted_tags.py`).
SURE = 0.8


@dataclass(frozen=True)
class HeardTags:
    """Puts what one tagger heard into documents.

    Parameters
    ----------
    tag_id
        The id of a spelling, None for one that means nothing; it also notes the spelling for the index.
    tags, genres
        All that the tagger can hear, and its top genres, as it spells them.
    """

    vocabulary: Vocabulary
    tag_id: Callable[[str], str | None]
    tags: Collection[str]
    genres: Collection[str]

    @cached_property
    def _known(self) -> frozenset[str]:
        return self._ids(self.tags)

    @cached_property
    def _top(self) -> frozenset[str]:
        return self._ids(self.genres)

    def put(self, document: Document, hearing: Hearing, file: str = "") -> Document:
        """Return a document with what was heard on its track.

        Parameters
        ----------
        file
            Path below the root of the audio files.
        """
        heard = self._named(hearing)
        fresh = {tag_id: tag for tag_id, tag in heard.items() if tag_id not in document.typed}
        certain = {tag_id: tag for tag_id, tag in fresh.items() if tag.certain}
        return replace(
            document,
            heard=tuple(certain),
            heard_weights=tuple(_units(tag.probability) for tag in certain.values()),
            faint=tuple(tag_id for tag_id, tag in fresh.items() if not tag.certain and tag.probability >= FAINT),
            sound=self._sound(hearing, file, self.doubted(document.typed, hearing)),
        )

    def doubted(self, typed: Collection[str], hearing: Hearing) -> tuple[str, ...]:
        """Return typed tags that the audio contradicts.

        The tagger has to know such a tag and not hear it at all (under 0.05), and to be certain of another that cannot
        be true beside it: by the tag model's contradictions, or as a top genre (`SURE`), of which its training tracks
        have one each, while none of the typed tags is heard. It has to know music of this kind, and to have heard
        enough of it.
        """
        if hearing.status != "ok":
            return ()
        heard = self._named(hearing)
        certain = [tag_id for tag_id, tag in heard.items() if tag.certain]
        unheard = [tag_id for tag_id in typed if tag_id in self._known and tag_id not in heard]
        other_genre = self._other_genre(typed, hearing, heard)
        return tuple(
            tag_id
            for tag_id in unheard
            if tag_id in other_genre or any(self.vocabulary.contradicts_hard(tag_id, other) for other in certain)
        )

    def _other_genre(self, typed: Collection[str], hearing: Hearing, heard: Collection[str]) -> frozenset[str]:
        """Return the top genres that are wrong if the one that was heard is right; none if people agree with it."""
        sure = hearing.genre is not None and hearing.genre.probability >= SURE
        if hearing.genre is None or not sure or any(tag_id in heard for tag_id in typed):
            return frozenset()
        return self._top - self._ids([hearing.genre.tag])

    def _named(self, hearing: Hearing) -> dict[str, HeardTag]:
        """Return what was heard by tag id, what is certain first; several spellings may mean one tag."""
        named: dict[str, HeardTag] = {}
        for tag in sorted(likely_tags(hearing), key=lambda tag: not tag.certain):
            tag_id = self.tag_id(tag.tag)
            if tag_id is not None:
                named.setdefault(tag_id, tag)
        return named

    def _ids(self, spellings: Iterable[str]) -> frozenset[str]:
        return frozenset(self.vocabulary.canonical_id(spelling) for spelling in spellings)

    def _sound(self, hearing: Hearing, file: str, doubted: tuple[str, ...]) -> Sound:
        return Sound(
            vector=quantize(unpack_vector(hearing.vector)),
            moments=tuple(self._moments(hearing)),
            seconds=hearing.seconds or None,
            bpm=hearing.bpm or None,
            bpm_confidence=hearing.bpm_confidence,
            key=hearing.key,
            key_confidence=hearing.key_confidence,
            audio_id=hearing.audio_id,
            tagger_id=hearing.tagger_id,
            status=hearing.status,
            genre="" if hearing.genre is None else hearing.genre.tag,
            file=file,
            doubted=doubted,
        )

    def _moments(self, hearing: Hearing) -> Iterable[Moment]:
        """Yield at most `MOST_MOMENTS`, spread evenly over the recording, the first and the last among them."""
        n = len(hearing.moments)
        for at in np.unique(np.linspace(0, n - 1, min(n, MOST_MOMENTS)).round().astype(int)).tolist():
            moment = hearing.moments[at]
            likely = [self.tag_id(tag.tag) for tag in moment.tags if tag.certain or tag.probability >= FAINT]
            tags = tuple(tag_id for tag_id in dict.fromkeys(likely) if tag_id is not None)
            yield Moment(moment.start, moment.seconds, quantize(unpack_vector(moment.vector)), tags)


def _units(probability: float) -> int:
    return min(max(round(probability * DOCUMENT_UNITS), 1), DOCUMENT_UNITS)
