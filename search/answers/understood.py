"""What was understood of a search, for programs: its words, its tags with their kin, and what is left out."""

from __future__ import annotations

from msgspec import Struct

from search import plan, result
from search.plan import Sort
from search.query import Query
from search.result import ExcludedChip, TagChip


class Request(Struct, frozen=True):
    """The search as it was understood.

    Parameters
    ----------
    q
        The query.
    drift
        The dial: 0 is plain matching, 1 as far outside the box as kin reach.
    without
        Ids of tags switched off as kin.
    keep
        Ids of narrower tags that stay although an exclusion brought them along.
    literal
        Whether words were taken as typed, without correction.
    sort
        The order of the hits.
    k
        Hits at most.
    offset
        Hits passed over.
    outside
        Length of the second list at most.
    facets
        Whether facets were counted.
    """

    q: str
    drift: float
    without: tuple[str, ...]
    keep: tuple[str, ...]
    literal: bool
    sort: Sort
    k: int
    offset: int
    outside: int
    facets: bool


class Correction(Struct, frozen=True, gc=False):
    """A slip that was mended.

    Parameters
    ----------
    typed
        What stands in the query.
    used
        The tag that was searched instead.
    position
        First character in the query, from 0.
    """

    typed: str
    used: str
    position: int


class UnknownWord(Struct, frozen=True, gc=False):
    """Words that are no tag and not in titles and artists either.

    Parameters
    ----------
    typed
        As in the query, without sign and quotes.
    offers
        Spellings of the nearest tags, best first.
    position
        First character in the query, from 0.
    """

    typed: str
    offers: tuple[str, ...]
    position: int


class LiveKin(Struct, frozen=True, gc=False):
    """A kin of a query tag that takes part in the search, or was switched off.

    Parameters
    ----------
    tag_id
        What `without` takes to switch it off.
    spelling
        The form to show.
    weight
        What it counts in the score; 0 when it is off.
    similarity
        To the query tag, in (0, 1].
    live
        Whether it takes part.
    off
        Whether it was switched off.
    origins
        What it is known from (co-occurrence, ALS, word2vec), strongest first.
    """

    tag_id: str
    spelling: str
    weight: float
    similarity: float
    live: bool
    off: bool
    origins: tuple[str, ...]


class QueryTag(Struct, frozen=True):
    """A tag that the query asks for.

    Parameters
    ----------
    tag_id
        The same on every machine and with every model.
    spelling
        The form to show.
    typed
        The spelling in the query; of a mended one what was used instead.
    weight
        As in the query, 1 unless given.
    required
        Whether it has to be on a track itself (``+tag``).
    known
        Whether the tag model knows it; otherwise it has no kin.
    n_tracks
        Tracks of the index that people put it on.
    kin
        Its kin that are live or switched off, nearest first.
    kin_waiting
        Further kin that a higher drift would bring in.
    """

    tag_id: str
    spelling: str
    typed: str
    weight: float
    required: bool
    known: bool
    n_tracks: int
    kin: tuple[LiveKin, ...]
    kin_waiting: int


class ExcludedTag(Struct, frozen=True, gc=False):
    """A tag whose tracks were left out.

    Parameters
    ----------
    tag_id
        What `keep` takes to have its tracks back, where `narrower_of` is set.
    spelling
        The form to show.
    narrower_of
        Spelling of the excluded tag that brought it along; null when the query excludes it.
    off
        Whether `keep` names it: nothing is left out on its account.
    n_tracks
        Tracks of the index that people put it on.
    """

    tag_id: str
    spelling: str
    narrower_of: str | None
    off: bool
    n_tracks: int


class TitleWord(Struct, frozen=True, gc=False):
    """A word that has to be in title or artist.

    Parameters
    ----------
    word
        Folded, as it was looked for.
    typed
        As in the query.
    """

    word: str
    typed: str


class Range(Struct, frozen=True, gc=False):
    """A closed interval of numbers.

    Parameters
    ----------
    low
        Null is open.
    high
        Null is open.
    """

    low: float | None
    high: float | None


class Filters(Struct, frozen=True):
    """What a hit must be; the values of one field are alternatives, an empty one selects what is not stated.

    Parameters
    ----------
    genre
        Folded values.
    license
        Folded values.
    artist
        Folded values.
    duration
        Seconds.
    year
        Of release.
    bpm
        Beats per minute, as heard.
    key
        Musical keys, as heard, such as "f# minor".
    """

    genre: tuple[str, ...]
    license: tuple[str, ...]
    artist: tuple[str, ...]
    duration: Range | None
    year: Range | None
    bpm: Range | None
    key: tuple[str, ...]


def request_answer(request: result.SearchRequest) -> Request:
    """Return a request for programs."""
    return Request(
        q=request.text,
        drift=request.drift,
        without=tuple(sorted(request.without)),
        keep=tuple(sorted(request.keep)),
        literal=request.literal,
        sort=request.sort,
        k=request.k,
        offset=request.offset,
        outside=request.outside,
        facets=request.facets,
    )


def tag_answer(chip: TagChip) -> QueryTag:
    """Return a tag of the query for programs; kin out of the dial's reach are only counted."""
    kin = [one for one in chip.kin if one.live or one.off]
    return QueryTag(
        chip.tag_id,
        chip.spelling,
        chip.typed,
        chip.weight,
        chip.required,
        chip.known,
        chip.n_tracks,
        tuple(
            [
                LiveKin(one.tag_id, one.spelling, one.weight, one.similarity, one.live, one.off, one.origins)
                for one in kin
            ]
        ),
        len(chip.kin) - len(kin),
    )


def excluded_answer(chip: ExcludedChip) -> ExcludedTag:
    """Return an excluded tag for programs."""
    return ExcludedTag(chip.tag_id, chip.spelling, chip.narrower_of, chip.off, chip.n_tracks)


def filters_answer(query: Query) -> Filters:
    """Return the filters of a query for programs."""
    filters = query.filters
    return Filters(
        filters.genre,
        filters.license,
        filters.artist,
        _range(filters.duration),
        _range(filters.year),
        _range(filters.bpm),
        filters.key,
    )


def _range(interval: plan.Range | None) -> Range | None:
    return None if interval is None else Range(interval.low, interval.high)
