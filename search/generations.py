"""Generations of an index side by side: one is searched, one may be being built, older ones are kept to go back to.

An engine that keeps several can be rebuilt while it is searched and written to. One that keeps a single generation says
so, and what to do instead.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import NamedTuple, Protocol, Self, runtime_checkable

from msgspec import Struct

from search.document import Document
from search.engine import IndexState, IndexWriter, SearchEngine, SearchUnavailable
from search.engines import open_engine
from search.plan import Plan

# Told what is waited for.
Say = Callable[[str], None]
# Expands documents anew with the model of today.
Renew = Callable[[Sequence[Document]], list[Document]]


class NoGenerations(Exception):
    """The engine keeps one generation only; the message says what to do instead."""


class GenerationRefused(Exception):
    """What was asked cannot be done with the generations that there are; nothing was changed."""


class CheckFailed(SearchUnavailable):
    """A new generation is not what was written to it; the old one goes on serving.

    Parameters
    ----------
    what
        Differs, in one sentence without its stop; the message says also what to do.
    """

    def __init__(self, what: str) -> None:
        super().__init__(
            f"{what}. Searches go on with the generation that lives; each write goes to both of them until the new one "
            "is begun anew (tagkin index --rebuild --restart) or cleared (tagkin prune-generations)"
        )


class GenerationInfo(Struct, frozen=True):
    """One generation, for people and programs.

    Parameters
    ----------
    made
        When it was begun, seconds since 1970.
    size
        Bytes on disk, copies included.
    role
        ``living`` is searched, ``kept`` was, ``building`` is being filled or waits for that, ``left over`` never
        lived and never will.
    delta
        Commits of the index up to the last one in it.
    """

    number: int
    made: float
    n_tracks: int
    size: int
    model_id: str
    role: str
    delta: int = 0


class Switched(NamedTuple):
    """Another generation lives now; `missing` commits since it last lived are not in it."""

    number: int
    state: IndexState
    missing: int = 0


class RebuildOrder(Struct, frozen=True):
    """What a generation is built from, and with which model: sources as they were named, or none for the living one."""

    sources: tuple[str, ...]
    model_id: str


class Written(NamedTuple):
    """A document of a new generation as searches of it would see it.

    Parameters
    ----------
    document
        None where there is none.
    since
        Whether somebody else has written or deleted it since the rebuild began.
    """

    document: Document | None
    since: bool


class Rebuild(Protocol):
    """A generation that is being built; a context manager, which leaves it as it is unless `go_live` is called.

    Attributes
    ----------
    living_engine
        Of the generation that lives.
    engine, writer
        Of the new generation. What the writer writes stands back behind what others wrote since the rebuild began.
    resumed
        Whether an earlier run has begun it.
    reached
        Id of the last track that is copied for sure.
    filled
        Whether all is copied.
    spellings
        Of the tags of the living generation, by id.
    refused
        Ids of documents that the engine did not take.
    """

    number: int
    resumed: bool
    spellings: Mapping[str, str]

    @property
    def living_engine(self) -> SearchEngine: ...  # noqa: D102 - see the class
    @property
    def engine(self) -> SearchEngine: ...  # noqa: D102
    @property
    def writer(self) -> IndexWriter: ...  # noqa: D102
    @property
    def reached(self) -> str: ...  # noqa: D102
    @property
    def filled(self) -> bool: ...  # noqa: D102
    @property
    def refused(self) -> Collection[str]: ...  # noqa: D102

    def __enter__(self) -> Self: ...
    def __exit__(self, *exc: object) -> None: ...

    def living_documents(self, after: str = "") -> Iterator[Document]:
        """Yield the documents of the living generation whose ids come after one, ascending."""

    def living_state(self) -> IndexState:
        """Return the state of the living generation."""

    def note_reached(self, track_id: str, filled: bool = False) -> None:
        """Set a checkpoint with the next flush or commit: everything to this track is written."""

    def show(self) -> IndexState:
        """Commit, and have searches of the new generation see all of it."""

    def commits_since(self) -> int:
        """Return how many commits the living generation has had since the rebuild began."""

    def written(self, track_ids: Sequence[str]) -> list[Written]:
        """Return documents of the new generation, as it was shown last."""

    def scores(self, plan: Plan, track_ids: Sequence[str]) -> dict[str, float]:
        """Return which of some tracks a plan finds in the new generation, with their scores."""

    def n_noted(self) -> int:
        """Return how many tracks were deleted since the rebuild began."""

    def renew_stale(self, renew: Renew) -> int:
        """Expand anew what others have written with another model; return how many documents."""

    def go_live(self, renew: Renew, named: Callable[[str], str | None], say: Say) -> Switched:
        """Take over all that was written since, compare, and put the new generation in the place of the living one.

        Parameters
        ----------
        named
            The spelling that the model itself has for a tag; it comes before what others gave.

        Raises
        ------
        CheckFailed
            If the new generation, built from the living one, has not exactly its tracks: their ids are compared before
            others have to wait; those that differed, and the number of all, are looked at while nobody can write.
        SearchUnavailable
            If the index cannot be read or written; the old generation serves, or already the new one.
        """


class Generations(Protocol):
    """The generations of one index."""

    def all(self) -> list[GenerationInfo]:
        """Return all generations, by number."""

    def rebuild(self, order: RebuildOrder, say: Say, restart: bool = False, patience: float = 0.0) -> Rebuild:
        """Begin to build a generation, or go on with one that was begun.

        Parameters
        ----------
        restart
            Begin anew in any case.
        patience
            Seconds that it keeps trying to write while the index is away.

        Raises
        ------
        GenerationRefused
            If another kind of rebuild was begun; the message says how to clear it.
        SearchUnavailable
            If the index cannot be read or written, or another process is building.
        """

    def roll_back(self, number: int | None, say: Say) -> Switched:
        """Have searches read another generation; the newest older one, unless it is named.

        Raises
        ------
        GenerationRefused
            If there is no such generation, or it is not complete.
        """

    def prune(self, keep: int, say: Say) -> list[int]:
        """Remove generations that are not searched, but for those that lived last; and what died being built.

        Raises
        ------
        SearchUnavailable
            If one is being built just now.
        """


@runtime_checkable
class KeepsGenerations(Protocol):
    """An engine whose index has generations side by side."""

    def generations(self) -> Generations:
        """Return them."""


def open_with_generations(
    address: str, create: bool = False, patience: float = 0.0
) -> tuple[SearchEngine, Generations]:
    """Open an engine that keeps several generations; all as `open_engine` does.

    Raises
    ------
    NoGenerations
        If the engine at this address keeps one only; nothing was opened or made.
    SearchUnavailable
        If it cannot be opened.
    """
    engine = open_engine(address, create, patience) if "://" in address else None
    if not isinstance(engine, KeepsGenerations):
        raise NoGenerations(
            f"the index {address} is a directory and keeps one generation, the one that is searched. Build another "
            "beside it, tagkin index SOURCE --engine OTHER-DIRECTORY (tagkin export gives a SOURCE), then set "
            "TAGKIN_ENGINE to that; the old directory is there to go back to"
        )
    return engine, engine.generations()
