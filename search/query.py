"""The query language: text → frozen `Query`.

A `Query` says what a person asked for, with tag ids in place of spellings; what may stand in for a tag is decided later,
by search/expansion.py. docs/query-language.md is the description for users. Positions and the text itself do not take part
in equality: two queries are equal when they ask for the same.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from search.plan import Filters
from search.query_syntax import QueryError

__all__ = ["Correction", "Excluded", "Query", "QueryError", "QueryGroup", "QueryTag", "Unknown", "Word"]

Sign = Literal["", "+", "-"]


@dataclass(frozen=True, slots=True)
class QueryTag:
    """A tag that the query asks for.

    Parameters
    ----------
    typed
        The spelling in the query; of a corrected tag the spelling that was used.
    position
        Offset of the spelling in the text, in characters.
    weight
        In (0, 10], whole thousandths.
    known
        Whether the model knows the tag; a catalogue's own tag has no kin until the model is trained on it.
    """

    tag_id: str
    typed: str = field(compare=False)
    position: int = field(default=0, compare=False)
    weight: float = 1.0
    known: bool = True


@dataclass(frozen=True, slots=True)
class QueryGroup:
    """Tags of which one is demanded: a single tag, or the members of ``(a OR b)``.

    Parameters
    ----------
    required
        ``+``: the tag itself, typed by a person.
    """

    tags: tuple[QueryTag, ...]
    required: bool = False


@dataclass(frozen=True, slots=True)
class Excluded:
    """A tag that no hit may carry."""

    tag_id: str
    typed: str = field(compare=False)
    position: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Word:
    """A folded free word, demanded in title or artist; one typed word may give several (``jean-michel``)."""

    word: str
    typed: str = field(compare=False)
    position: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Correction:
    """One slip mended: `typed` stands in the text, `used` was searched."""

    typed: str
    used: str
    position: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Unknown:
    """Words that are neither a tag nor in any title or artist.

    Parameters
    ----------
    offers
        Spellings of the nearest tags, best first.
    sign
        The sign it was typed with.
    group
        Number of the group of `Query.groups` in which it is one alternative beside known ones; else None.
    """

    typed: str
    position: int = field(default=0, compare=False)
    offers: tuple[str, ...] = field(default=(), compare=False)
    sign: Sign = ""
    group: int | None = None

    @property
    def needed(self) -> bool:
        """Whether a hit would have to carry it: then nothing can be a hit."""
        return self.sign != "-" and self.group is None


@dataclass(frozen=True, slots=True)
class Query:
    """What a person asked for. Without groups, words and filters it asks for everything.

    Parameters
    ----------
    text
        As typed.
    groups
        All are demanded; each tag is in one group only.
    excluded
        Disjoint from the tags of `groups`.
    words
        Unique; all are demanded.
    corrections
        Slips that were mended; the tags are in `groups` or `excluded`.
    unknown
        Words that stand for nothing, in none of the other fields.
    """

    text: str = field(default="", compare=False)
    groups: tuple[QueryGroup, ...] = ()
    excluded: tuple[Excluded, ...] = ()
    words: tuple[Word, ...] = ()
    filters: Filters = Filters()
    corrections: tuple[Correction, ...] = field(default=(), compare=False)
    unknown: tuple[Unknown, ...] = ()
