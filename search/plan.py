"""What an engine is asked: ids, numbers and whole words only, every decision already taken.

A `Plan` is the border between meaning and machinery. Parsing and expansion make it from a query; an engine executes it
and knows no dial, no kin, no spelling. The score of a track is the sum of ``term.weight * feature weight`` over all
terms of all clauses; the track is a hit when every group is reached (ADR 1 has the arithmetic, docs/semantics.md the
meaning).
"""

from __future__ import annotations

import enum
from dataclasses import dataclass

from search.document import Family
from search.sound import check_vector

# Term weights are whole multiples of 1/4096: with documents in 1/256, sums below 16 are exact in float32.
PLAN_UNITS = 4096  # units per 1.0
# The score is shared out between tags and sound in so many parts.
SHARES = 16


@dataclass(frozen=True, slots=True)
class Term:
    """One addend of the score: the feature (`tag_id`, `family`) of a track counts `weight` times.

    Parameters
    ----------
    weight
        Whole multiple of 1/4096 in (0, 1.5).
    """

    tag_id: str
    family: Family
    weight: float


@dataclass(frozen=True, slots=True)
class Clause:
    """One query tag with everything that may answer for it.

    Parameters
    ----------
    terms
        The typed tag itself, then heard and implied, then live kin (each as typed and as heard). The first term is
        always ``(tag_id, TYPED)``.
    """

    tag_id: str
    terms: tuple[Term, ...]


@dataclass(frozen=True, slots=True)
class Group:
    """Clauses of which a hit must reach one: a single tag, or the members of ``(a OR b)``.

    Parameters
    ----------
    required
        Demand the tag itself, typed by a person (``+tag``): kin and implied tags score but do not reach.
    """

    clauses: tuple[Clause, ...]
    required: bool = False


@dataclass(frozen=True, slots=True)
class Range:
    """A closed interval of numbers; None is open. A track whose value is not stated is outside every range."""

    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True)
class Filters:
    """What a hit must be, beside its tags. Values of one field are alternatives; fields are all demanded.

    Parameters
    ----------
    genre, license, artist
        Folded values (`search.words.fold_value`); ``""`` selects tracks where it is not stated.
    duration
        Seconds.
    year
        Year of release.
    bpm
        Beats per minute, as heard.
    key
        Folded musical keys (`search.musical_key.fold_key`), as heard; ``""`` selects tracks where none was.
    """

    genre: tuple[str, ...] = ()
    license: tuple[str, ...] = ()
    artist: tuple[str, ...] = ()
    duration: Range | None = None
    year: Range | None = None
    bpm: Range | None = None
    key: tuple[str, ...] = ()


class Sort(enum.StrEnum):
    """What hits are ordered by; equals stand by score, tracks without the value last.

    A value is the name of a field, with ``-`` for descending.
    """

    SCORE = "score"
    SHORTEST = "duration"
    LONGEST = "-duration"
    OLDEST = "year"
    NEWEST = "-year"


@dataclass(frozen=True, slots=True)
class SoundTarget:
    """What hits shall sound like.

    Parameters
    ----------
    vector
        As `search.sound.quantize` makes it.
    share
        Of the score, in sixteenths, 1 to 16; the tags have the rest.
    """

    vector: bytes
    share: int = SHARES

    def __post_init__(self) -> None:
        check_vector(self.vector)
        if not 1 <= self.share <= SHARES:
            raise ValueError(f"expected a share of 1 to {SHARES} sixteenths, got {self.share}")


@dataclass(frozen=True, slots=True)
class Plan:
    """A whole search, ready to execute.

    Parameters
    ----------
    groups
        All must be reached. Without groups every track that passes words and filters is a hit with score 0.
    words
        Folded words; all must be in the title or artist. They filter and score nothing.
    excluded
        Tag ids; a track where one was typed or heard is no hit.
    demoted
        Excluded tag ids; a hit on which one of them was heard faintly has half its score, however many there are.
    without_tracks
        Track ids that are no hits: the references themselves, where something like them is asked for.
    sound
        Demands that hits have a vector of sound, and scores how near it is.
    k, offset
        Hits ``offset .. offset + k`` of the order.
    outside
        How many of the best hits that carry none of the query's tags to return beside them, always by score.
    facets
        Whether to count facets over the hits.
    sort
        The order: by this, then score descending, tracks with a title first, track id ascending.
    """

    groups: tuple[Group, ...] = ()
    words: tuple[str, ...] = ()
    excluded: tuple[str, ...] = ()
    demoted: tuple[str, ...] = ()
    without_tracks: tuple[str, ...] = ()
    sound: SoundTarget | None = None
    filters: Filters = Filters()
    k: int = 20
    offset: int = 0
    outside: int = 0
    facets: bool = False
    sort: Sort = Sort.SCORE

    @property
    def is_scored(self) -> bool:
        """Whether hits differ by score; else all have 0."""
        return bool(self.groups) or self.sound is not None
