"""Hits that are like some references, with their reasons: how near in sound, where most, and which tags they share."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from msgspec import Struct
from msgspec.structs import replace

from search.document import Document, Family
from search.engine import EngineHit, IndexState
from search.lexicon import Moment
from search.mixing import DEMOTION
from search.naming import NameHits
from search.query import Query
from search.result import NamedContribution
from search.similar_by import By
from search.similar_sound import NearMoment, SimilarRequest, nearest_moment, reranked_score
from search.sound import Sound, similarity
from tagmodel.track import Track

# Shared tags that are named as reasons, the rarest first.
MOST_SHARED = 5


class SharedTag(Struct, frozen=True, gc=False):
    """A tag that a hit has in common with a reference, and how the hit came to have it."""

    tag_id: str
    spelling: str
    family: Family


class SimilarHit(Struct, frozen=True):
    """A track that is like the references.

    Parameters
    ----------
    score
        By which hits are ranked: what `contributions` and sound add up to, or half of it where `demoted_by` says why.
    similarity
        Cosine of sound of the whole track, in [-1, 1]; None where one side was never listened to.
    moment
        Where it is most like the references.
    moment_tags
        Spellings of what is heard there.
    shared
        The rarest first.
    contributions
        What its tags add.
    sound
        How it sounds; None where nobody listened.
    demoted_by
        Spellings of excluded tags that were heard in it, but not surely.
    """

    track: Track
    score: float
    similarity: float | None
    moment: NearMoment | None
    moment_tags: tuple[str, ...]
    shared: tuple[SharedTag, ...]
    contributions: tuple[NamedContribution, ...]
    sound: Sound | None
    demoted_by: tuple[str, ...] = ()

    @property
    def sound_amount(self) -> float:
        """What sound adds, before a hit is demoted."""
        whole = self.score / DEMOTION if self.demoted_by else self.score
        return whole - sum(bar.amount for bar in self.contributions)


@dataclass(frozen=True, slots=True)
class SimilarResult:
    """What is like some references.

    Parameters
    ----------
    same
        Tracks of the very audio that was given as a reference; they are no hits.
    by_moment
        Whether hits were ranked once more by their best moment, because the references are excerpts.
    n_compared
        Tracks that were compared, references aside: by sound those that were listened to, else those with a tag in
        common.
    """

    request: SimilarRequest
    query: Query
    by: By
    hits: tuple[SimilarHit, ...]
    same: tuple[Track, ...]
    by_moment: bool
    n_compared: int
    state: IndexState


@dataclass(frozen=True)
class Describer:
    """Says of hits why they are like the references.

    Parameters
    ----------
    name
        Explains what tags add to a score.
    """

    request: SimilarRequest
    moment: Moment
    name: NameHits

    def hit(self, found: EngineHit) -> SimilarHit:
        """Describe a hit."""
        (named,) = self.name([found])
        sound, target = found.document.sound, self.request.target()
        near = nearest_moment(target, () if sound is None else sound.moments)
        spellings = self.moment.spellings
        return SimilarHit(
            track=found.document.track,
            score=found.score,
            similarity=similarity(target, sound.vector) if target and sound is not None and sound.vector else None,
            moment=near,
            moment_tags=() if near is None else tuple([spellings[tag_id] for tag_id in near.tags]),
            shared=tuple(self._shared(found.document)),
            # Where sound has all of the score, tags that are demanded add nothing.
            contributions=tuple([bar for bar in named.contributions if bar.amount]),
            sound=sound,
            demoted_by=named.demoted_by,
        )

    def _shared(self, document: Document) -> Iterator[SharedTag]:
        """Yield the tags that a track has in common with what it is to be like."""
        wanted = {tag_id for one in self.request.like for tag_id in (*one.tags, *one.heard)}
        families = {**dict.fromkeys(document.heard, Family.HEARD), **dict.fromkeys(document.typed, Family.TYPED)}
        counts, spellings = self.moment.counts, self.moment.spellings
        rarest = sorted(wanted.intersection(families), key=lambda tag_id: (counts.get(tag_id, 0), tag_id))
        for tag_id in rarest[:MOST_SHARED]:
            yield SharedTag(tag_id, spellings[tag_id], families[tag_id])


def scored_by_moment(hit: SimilarHit, share: int) -> SimilarHit:
    """Return a hit with its best moment counted beside the whole track.

    Parameters
    ----------
    share
        Sixteenths of the score that sound has.
    """
    if hit.moment is None or hit.similarity is None:
        return hit
    score = reranked_score(hit.score, share, hit.similarity, hit.moment.similarity, bool(hit.demoted_by))
    return replace(hit, score=score)
