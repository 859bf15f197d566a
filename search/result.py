"""What a search gives back to people and programs: named, explained, ready to show.

What comes by the hundred in every result is a struct of msgspec, made in a tenth of the time of a dataclass.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from msgspec import Struct

from search.document import Family
from search.engine import FacetValue, IndexState
from search.expansion import DEFAULT_DRIFT
from search.plan import Sort
from search.query import Query
from search.sound import Sound
from tagmodel.track import Track


class RequestError(ValueError):
    """A search was asked for with impossible numbers; the message says what was expected and what came."""


# Deepest hit that paging reaches; whoever needs more wants an export.
MAX_DEPTH = 10_000  # hits
# Most hits in one answer.
MAX_K = 100  # hits


@dataclass(frozen=True, slots=True)
class SearchRequest:
    """A search as a person or a program asks for it.

    Parameters
    ----------
    text
        The query language of docs/query-language.md; empty to browse.
    drift
        The dial, in [0, 1]: 0 is plain matching, 1 as far outside the box as kin reach.
    without
        Ids of tags switched off as kin.
    keep
        Ids of narrower tags that an exclusion brought along but are to stay.
    literal
        Take words as typed, without correction.
    k, offset
        Which hits, ``offset + k`` at most `MAX_DEPTH`.
    outside
        Length of the second list: hits that carry none of the typed tags.
    sort
        The order of the hits; the second list stays by score.

    Raises
    ------
    RequestError
        If a number is out of its range.
    """

    text: str
    drift: float = DEFAULT_DRIFT
    without: frozenset[str] = frozenset()
    keep: frozenset[str] = frozenset()
    literal: bool = False
    k: int = 20
    offset: int = 0
    outside: int = 5
    facets: bool = True
    sort: Sort = Sort.SCORE

    def __post_init__(self) -> None:
        # Written so that NaN fails too.
        if not 0.0 <= self.drift <= 1.0:
            raise RequestError(f"drift is a number from 0 (plain matching) to 1, not {self.drift}")
        if not 1 <= self.k <= MAX_K:
            raise RequestError(f"k is the number of hits on a page, from 1 to {MAX_K}, not {self.k}")
        if self.offset < 0 or self.offset + self.k > MAX_DEPTH:
            raise RequestError(
                f"pages reach hit {MAX_DEPTH:,}, and offset {self.offset} with k {self.k} lies outside;"
                " narrow the search, or export the index"
            )
        if not 0 <= self.outside <= MAX_K:
            raise RequestError(f"outside is a number of hits from 0 to {MAX_K}, not {self.outside}")


class KinChip(Struct, frozen=True, gc=False):
    """A kin of a query tag.

    Parameters
    ----------
    weight
        What it counts in the score, 0 when it is not live.
    live
        Whether it takes part: within the reach of the dial, and not `off`.
    off
        Switched off by the user.
    origins
        What it is known from (co-occurrence, ALS, word2vec), strongest first.
    """

    tag_id: str
    spelling: str
    weight: float
    similarity: float
    live: bool
    off: bool
    origins: tuple[str, ...] = ()


class TagChip(Struct, frozen=True, gc=False):
    """A tag of the query with its kin, best first.

    Parameters
    ----------
    known
        Whether the tag model knows the tag; otherwise it is matched literally and has no kin.
    n_tracks
        Tracks that people put the tag on.
    """

    tag_id: str
    spelling: str
    typed: str
    weight: float
    required: bool
    known: bool
    n_tracks: int
    kin: tuple[KinChip, ...]


@dataclass(frozen=True, slots=True)
class ExcludedChip:
    """A tag whose tracks were removed; `narrower_of` names the typed exclusion that brought it along."""

    tag_id: str
    spelling: str
    narrower_of: str | None
    off: bool
    n_tracks: int


class NamedContribution(Struct, frozen=True, gc=False):
    """One bar of an explanation, with spellings.

    Parameters
    ----------
    amount
        In units of one typed query tag.
    origins
        Of a kin: what it is known from (co-occurrence, ALS, word2vec), strongest first; empty for the query tag itself.
    """

    tag_id: str
    spelling: str
    family: Family
    is_kin: bool
    serves: str
    serves_spelling: str
    amount: float
    origins: tuple[str, ...] = ()


class Hit(Struct, frozen=True, gc=False):
    """A found track; the amounts of its contributions add up to `score`, or to twice that where it is demoted.

    Parameters
    ----------
    sound
        How it sounds; None where nobody listened.
    demoted_by
        Spellings of excluded tags that were heard in it, but not surely: they cost it half its score.
    """

    track: Track
    score: float
    contributions: tuple[NamedContribution, ...]
    sound: Sound | None = None
    demoted_by: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SearchResult:
    """Everything about one search.

    Parameters
    ----------
    relaxed
        What was dropped from the query because nothing had it all, as typed; a hit need not reach these.
    carry_all, carry_some, carry_none
        Hits on which people typed all, some, none of the query's tags; they add up to `total`. What was dropped still
        counts as asked for, so no hit of a relaxed search carries all.
    outside
        The best hits that carry none of the tags; empty where no hit carries any, since `hits` has them already.
    """

    request: SearchRequest
    query: Query
    chips: tuple[TagChip, ...]
    excluded: tuple[ExcludedChip, ...]
    hits: tuple[Hit, ...]
    outside: tuple[Hit, ...]
    total: int
    carry_all: int
    carry_some: int
    carry_none: int
    relaxed: tuple[str, ...]
    state: IndexState
    facets: Mapping[str, tuple[FacetValue, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class TypedTag:
    """A tag that a creator typed, and what it was taken for.

    Parameters
    ----------
    known
        Whether the tag model knows it; otherwise it takes no part in suggestions.
    n_tracks
        Tracks of the index that people put it on; None while there is no index to ask.
    """

    typed: str
    tag_id: str
    spelling: str
    known: bool
    n_tracks: int | None = None


@dataclass(frozen=True, slots=True)
class UsedWord:
    """A tag that people put on `n_tracks` tracks of the index."""

    spelling: str
    n_tracks: int


@dataclass(frozen=True, slots=True)
class UnusedTag:
    """A typed tag that no track of the index carries, with near words that people do use, best first."""

    typed: str
    instead: tuple[UsedWord, ...]


@dataclass(frozen=True, slots=True)
class NamedReason:
    """A typed tag that speaks for a suggestion; shares of one suggestion add up to 1."""

    tag_id: str
    spelling: str
    share: float


@dataclass(frozen=True, slots=True)
class Reach:
    """How much further a track would be seen with one tag more (docs/semantics.md).

    Parameters
    ----------
    searches
        How many more of the probe searches would show the track in their first 20; below 0 where more are lost.
    per_thousand
        The same, of 1,000 searches that are made as often as tracks carry their tags.
    """

    searches: int
    per_thousand: float


@dataclass(frozen=True, slots=True)
class NamedSuggestion:
    """A tag that a creator may have forgotten.

    Parameters
    ----------
    probability
        Calibrated, in (0, 1), by all that was typed and heard.
    reasons
        Typed tags that speak for it.
    n_tracks
        Tracks of the index that people put it on; None while there is no index to ask.
    reach
        None while the index has none that fits it and the model.
    heard
        How probable it is by the audio alone; None where nobody listened for it.
    """

    tag_id: str
    spelling: str
    probability: float
    reasons: tuple[NamedReason, ...]
    n_tracks: int | None
    reach: Reach | None = None
    heard: float | None = None


@dataclass(frozen=True, slots=True)
class SuggestResult:
    """Suggestions for a set of typed tags.

    Parameters
    ----------
    unknown
        Typed spellings that the model has never seen; they take no part.
    duplicates
        Pairs of typed spellings that are the same tag.
    contradictions
        Pairs of typed spellings that cannot both be true.
    offers
        For each of `unknown`: known tags that are spelled alike, best first; none for a word that tracks carry.
    reached
        How many probe searches would show a track with just the typed tags in their first 20; None when unknown.
    unused
        Typed tags that no track of the index carries; empty while there is no index to ask.
    """

    typed: tuple[TypedTag, ...]
    unknown: tuple[str, ...]
    duplicates: tuple[tuple[str, str], ...]
    contradictions: tuple[tuple[str, str], ...]
    offers: Mapping[str, tuple[str, ...]]
    suggestions: tuple[NamedSuggestion, ...]
    reached: int | None = None
    unused: tuple[UnusedTag, ...] = ()


@dataclass(frozen=True, slots=True)
class FoundBy:
    """A probe search that shows a track of the index in its first 20.

    Parameters
    ----------
    query
        As it is typed into the search box.
    tags
        Spellings of its one or two tags.
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
