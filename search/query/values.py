"""What a parsed query is made of: frozen values, with tag ids in place of spellings.

Equality is about meaning: two queries are equal when they ask for the same, wherever in the text they say it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from search.plan import Filters

Sign = Literal["", "+", "-"]


@dataclass(frozen=True, slots=True)
class QueryTag:
    """A tag that the query asks for.

    Parameters
    ----------
    typed
        The spelling in the query; of a corrected tag the spelling that was used instead.
    weight
        In (0, 10], whole thousandths.
    position
        Offset of the spelling in the text, in characters.
    known
        Whether the model knows the tag; a catalogue's own tag has no kin until the model is trained on it.
    comes_apart
        Whether it stands for itself only in quotes: without them its words are several tags.
    """

    tag_id: str
    typed: str = field(compare=False)
    weight: float = 1.0
    position: int = field(default=0, compare=False)
    known: bool = True
    comes_apart: bool = field(default=False, compare=False)


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
    """One slip mended: `typed` stands in the text, the tag `used` was searched."""

    typed: str
    used: str
    position: int = 0


@dataclass(frozen=True, slots=True)
class Unknown:
    """Words that are no tag and not in the titles and artists either.

    Parameters
    ----------
    typed
        Without its sign and quotes.
    offers
        Spellings of the nearest tags, best first.
    sign
        The sign it was typed with.
    group
        Number of the group in `Query.groups` to which it was one more alternative; else None.
    """

    typed: str
    position: int = field(default=0, compare=False)
    offers: tuple[str, ...] = field(default=(), compare=False)
    sign: Sign = ""
    group: int | None = None

    @property
    def needed(self) -> bool:
        """Whether a hit would have to carry it, so that there can be none."""
        return self.sign != "-" and self.group is None


@dataclass(frozen=True, slots=True)
class Query:
    """What a person asked for. Without any part it asks for everything.

    Parameters
    ----------
    text
        As typed.
    groups
        All are demanded; each tag is in one group only.
    excluded
        Unique; none is in `groups`.
    words
        Unique; all are demanded.
    corrections
        Slips that were mended; their tags are in `groups` or `excluded`.
    unknown
        Words that mean nothing here; they are in no other part.
    ignored
        Words that say nothing beside tags (*by*, *for*, *music*), as typed; they are in no other part.
    """

    text: str = field(default="", compare=False)
    groups: tuple[QueryGroup, ...] = ()
    excluded: tuple[Excluded, ...] = ()
    words: tuple[Word, ...] = ()
    filters: Filters = field(default=Filters())
    corrections: tuple[Correction, ...] = field(default=(), compare=False)
    unknown: tuple[Unknown, ...] = ()
    ignored: tuple[str, ...] = field(default=(), compare=False)
