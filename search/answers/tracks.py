"""A track for programs, and why it was found."""

from __future__ import annotations

from msgspec import UNSET, Struct, UnsetType

from search import result
from search.document import DOCUMENT_UNITS, Document, Family
from search.result import FoundBy
from search.searcher import Searcher
from tagmodel import track as domain
from tagmodel.answers import NamedTag


class Track(Struct, frozen=True, gc=False):
    """A recording as its catalogue describes it; what is not stated is empty or null.

    Parameters
    ----------
    track_id
        Unique in the index, stable between imports.
    title
        The catalogue's own; may be empty.
    display_title
        Title to show, never empty.
    artist
        Who plays.
    album
        Where it was released.
    genre
        The catalogue's own top genre.
    license
        Under which it may be used.
    duration
        Seconds.
    year
        Of release.
    url
        Its page at the catalogue, as given there: check the scheme before you link it.
    source
        Name of the catalogue.
    tags
        Spellings as people typed them, in that order.
    shares
        Parallel to `tags`, or empty: the share of people or clips that carry the tag.
    """

    track_id: str
    title: str
    display_title: str
    artist: str
    album: str
    genre: str
    license: str
    duration: float | None
    year: int | None
    url: str
    source: str
    tags: tuple[str, ...]
    shares: tuple[float, ...]


class Contribution(Struct, frozen=True, gc=False):
    """What one tag of a track adds to its score.

    Parameters
    ----------
    tag_id
        The tag that the track has.
    spelling
        Its form to show.
    family
        How the track came to have it: ``typed`` by people, ``heard`` in the audio, ``implied`` by its typed tags.
    is_kin
        Whether it answers for another tag, as its kin.
    serves
        Id of the query tag that it answers for; its own where it is that tag.
    serves_spelling
        The form to show of that one.
    amount
        Its part of the score, in units of one typed query tag.
    origins
        Of a kin: what it is known from (co-occurrence, ALS, word2vec), strongest first.
    """

    tag_id: str
    spelling: str
    family: Family
    is_kin: bool
    serves: str
    serves_spelling: str
    amount: float
    origins: tuple[str, ...]


class Hit(Struct, frozen=True, gc=False):
    """A found track.

    Parameters
    ----------
    track
        What was found.
    score
        Higher is better; the exact sum of the contributions' amounts, or half of it where the hit is demoted.
    contributions
        Why it came: in the order of the query, the largest of each query tag first.
    demoted_by
        Spellings of excluded tags that were faintly heard in it, which costs it half its score.
    """

    track: Track
    score: float
    contributions: tuple[Contribution, ...]
    demoted_by: tuple[str, ...] = ()


class LikelyTag(Struct, frozen=True, gc=False):
    """A tag that nobody typed on a track.

    Parameters
    ----------
    tag_id
        The same on every machine and with every model.
    spelling
        The form to show.
    probability
        In (0, 1].
    """

    tag_id: str
    spelling: str
    probability: float


class FindingSearch(Struct, frozen=True, gc=False):
    """A search of one or two tags that shows a track in its first 20.

    Parameters
    ----------
    query
        As it is typed into the search box.
    tags
        Spellings of its tags.
    rank
        Where the track stands, from 1.
    total
        Hits of the search.
    uses
        Tracks that carry all of its tags: how often it is made, as far as can be told.
    """

    query: str
    tags: tuple[str, ...]
    rank: int
    total: int
    uses: int


class StoredTrack(Struct, frozen=True):
    """A track with its tags by provenance.

    Parameters
    ----------
    track
        As its catalogue describes it.
    typed
        The tags that people put on it, in that order.
    implied
        What its typed tags imply, likeliest first.
    heard
        What is heard in its audio, likeliest first.
    model_id
        The tag model that made `implied`; empty when none did.
    found_by
        Searches that show it in their first 20, most used first; there when asked for.
    """

    track: Track
    typed: tuple[NamedTag, ...]
    implied: tuple[LikelyTag, ...]
    heard: tuple[LikelyTag, ...]
    model_id: str
    found_by: tuple[FindingSearch, ...] | UnsetType = UNSET


def track_answer(one: domain.Track) -> Track:
    """Return a track for programs."""
    return Track(
        one.track_id,
        one.title,
        one.display_title,
        one.artist,
        one.album,
        one.genre,
        one.license,
        one.duration,
        one.year,
        one.url,
        one.source,
        one.tags,
        one.shares,
    )


def hit_answer(hit: result.Hit) -> Hit:
    """Return a hit for programs."""
    return Hit(
        track_answer(hit.track),
        hit.score,
        tuple(
            [
                Contribution(
                    bar.tag_id,
                    bar.spelling,
                    bar.family,
                    bar.is_kin,
                    bar.serves,
                    bar.serves_spelling,
                    bar.amount,
                    bar.origins,
                )
                for bar in hit.contributions
            ]
        ),
        hit.demoted_by,
    )


def stored_answer(searcher: Searcher, document: Document, found_by: tuple[FoundBy, ...] | None = None) -> StoredTrack:
    """Return a stored track for programs, with the searches that find it where they are given."""
    spelling = searcher.lexicon.spelling

    def likely(tag_ids: tuple[str, ...], units: tuple[int, ...]) -> tuple[LikelyTag, ...]:
        pairs = sorted(zip(tag_ids, units, strict=True), key=lambda pair: (-pair[1], pair[0]))
        return tuple(LikelyTag(tag_id, spelling(tag_id), n / DOCUMENT_UNITS) for tag_id, n in pairs)

    return StoredTrack(
        track=track_answer(document.track),
        typed=tuple(NamedTag(tag_id, spelling(tag_id)) for tag_id in document.typed),
        implied=likely(document.implied, document.implied_weights),
        heard=likely(document.heard, document.heard_weights),
        model_id=document.model_id,
        found_by=UNSET if found_by is None else tuple(map(_finding, found_by)),
    )


def _finding(one: FoundBy) -> FindingSearch:
    return FindingSearch(one.query, one.tags, one.rank, one.total, one.uses)
