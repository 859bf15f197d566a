"""The contract of a search engine: what every engine takes, gives back and promises.

One suite (tests/search/test_engine_contract.py) holds all engines to it. Nothing of a particular engine shows through:
no SQL, no matrix, no server's words.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol, Self

from msgspec import Struct

from search.document import Document
from search.plan import Plan

# Facets of tags are counted over the best hits only: over all of them they say nothing about the query.
TAG_FACET_HITS = 1_000
# Values listed of one facet; artists alone may be thousands.
FACET_VALUES = 50
# Up to the last @ before the next address, as a password may hold any character.
_BEFORE_HOST = re.compile(r"://(?:(?!://).)*@")


class SearchUnavailable(Exception):
    """The engine cannot answer now. The message says which engine, what is wrong and what to do.

    Never turned into an empty result: "no engine" is not "no tracks".

    Parameters
    ----------
    message
        For whoever runs the program: the command line and the log show it. Passwords in addresses are struck out here,
        so that no message can carry one anywhere.
    public
        Why, in a few words that anybody may read: no address, path, user or host. They go on from "the index cannot
        answer now:", so they begin small and end without a stop. ``""`` where there is nothing to say but that.
    """

    def __init__(self, message: str = "", *, public: str = "") -> None:
        super().__init__(without_passwords(message))
        self.public = public


def without_passwords(text: str) -> str:
    """Strike out what stands before the ``@`` of each address; rather more of a line than less of a password."""
    return _BEFORE_HOST.sub("://…@", text)


class BadIndex(SearchUnavailable):
    """The index is missing, damaged or of another version; the message says which and how to mend it."""


class NotLetIn(SearchUnavailable):
    """The engine is there and does not let us in, or is none of ours: asking again does not help."""


class RefusedRequest(SearchUnavailable):
    """The engine is well and refuses what it was asked, for what it is; other requests are answered as before."""


class IndexBusy(SearchUnavailable):
    """Another process is writing to the index; the message names it."""


@dataclass(frozen=True, slots=True)
class IndexState:
    """What a search saw; equal states of one index give equal answers.

    Parameters
    ----------
    generation
        Counts rebuilt snapshots.
    delta
        Counts commits that changed anything, attachments included; never reset.
    model_id
        The tag model whose implied tags are stored; ``""`` for none, ``"mixed"`` when tracks differ.
    history
        Drawn at random with each commit, so that no other index, nor a copy of this one that was written to, passes
        for it; ``""`` where nothing was committed yet. Left out of comparisons, which are between states of one index.
    """

    generation: int
    delta: int
    n_tracks: int
    model_id: str
    history: str = field(default="", compare=False)


class RefusedDocument(NamedTuple):
    """A document that the engine could not store, and why."""

    track_id: str
    reason: str


class TagCounts(dict[str, int]):
    """How many tracks each tag was typed on, by tag id.

    Parameters
    ----------
    state
        What they were counted of; an earlier one than now while newer ones are being counted.
    """

    def __init__(self, counts: Mapping[str, int], state: IndexState) -> None:
        super().__init__(counts)
        self.state = state


class EngineHit(Struct, frozen=True, gc=False):
    """One track of an answer, with its stored features for the explanation."""

    document: Document
    score: float


class FacetValue(Struct, frozen=True, gc=False):
    """One value of a facet.

    Parameters
    ----------
    value
        Folded value (`search.words.fold_value`), as a filter takes it; for tags the tag id; ``""`` means not stated.
    label
        The most common spelling of the value among the hits (ties: the first in code point order); ``""`` for tags.
    """

    value: str
    count: int
    label: str = ""


@dataclass(frozen=True, slots=True)
class EngineAnswer:
    """What a plan found.

    Parameters
    ----------
    total
        All hits; ``carry_all + carry_some + carry_none == total``.
    carry_all, carry_some, carry_none
        Hits on which people typed a tag of every group, of some groups, of none. Without groups all hits carry all.
    outside
        By score. Empty for plans without groups.
    facets
        ``genre``, ``license``, ``artist`` over all hits; ``tag`` (typed) over the best `TAG_FACET_HITS` by score, in
        whatever order they are. Each by count descending, value ascending, at most `FACET_VALUES`. Empty unless asked
        for.
    """

    hits: tuple[EngineHit, ...]
    outside: tuple[EngineHit, ...]
    total: int
    carry_all: int
    carry_some: int
    carry_none: int
    state: IndexState
    facets: Mapping[str, tuple[FacetValue, ...]] = field(default_factory=dict)


class IndexWriter(Protocol):
    """The one writer of an index; a context manager that releases the index when left.

    `write`, `delete` and `attach` are staged; `commit` acknowledges them all at once, with the checkpoints set since:
    afterwards they are durable and every new search sees them. Leaving without commit drops what was staged.
    """

    def __enter__(self) -> Self: ...
    def __exit__(self, *exc: object) -> None: ...

    def write(self, documents: Sequence[Document]) -> None:
        """Insert documents, replacing those of the same track id whole."""

    def delete(self, track_ids: Iterable[str]) -> int:
        """Remove tracks; unknown ids are no error. Returns how many were there."""

    def name_tags(self, spellings: Mapping[str, str]) -> None:
        """Remember the displayed spelling of tag ids: an index can name its tags without any model."""

    def set_checkpoint(self, name: str, value: str) -> None:
        """Store a word about progress under `name`, atomically with the next commit; ``""`` removes it."""

    def checkpoint(self, name: str) -> str:
        """Return the last committed value under `name`, ``""`` when none."""

    def attach(self, name: str, data: bytes) -> None:
        """Stage bytes that go with the index under `name`, in place of those there; ``b""`` removes them."""

    def flush(self) -> None:
        """Begin to make everything staged durable, with the checkpoints set since, and go on.

        For long loads: what was flushed survives whatever happens next, from the moment that a checkpoint set with it
        or after it can be read back; searches may see it at once, and do with the next commit. An engine may do the
        work later, but keeps no more than a few batches waiting. Leaving without commit does not take it back.
        """

    def take_refused(self) -> Sequence[RefusedDocument]:
        """Return the documents of finished flushes and commits that the engine refused, since the last call."""

    def commit(self) -> IndexState:
        """Acknowledge everything staged."""

    def compact(self) -> IndexState:
        """Commit, then fold all changes into a new generation."""


class SearchEngine(Protocol):
    """An index that can be searched, read back and written."""

    def search(self, plan: Plan) -> EngineAnswer:
        """Execute a plan.

        Raises
        ------
        SearchUnavailable
            If the index cannot be read now.
        """

    def count(self, plan: Plan) -> int:
        """Return the number of hits, nothing else."""

    def documents(self, track_ids: Sequence[str]) -> tuple[Document | None, ...]:
        """Return stored documents in the order asked; None where there is no such track."""

    def all_documents(self) -> Iterator[Document]:
        """Yield every document, by track id ascending."""

    def tag_counts(self) -> Mapping[str, int]:
        """Return how many tracks each tag was typed on, by tag id. Cached by state; treat as read-only.

        While they take long to count, an engine may give earlier ones, as `TagCounts`, which say of what state.
        """

    def tag_spelling(self, tag_id: str) -> str | None:
        """Return the spelling given by `IndexWriter.name_tags`, None for an unknown id."""

    def has_word(self, word: str) -> bool:
        """Whether a folded word is in any title or artist."""

    def attachment(self, name: str) -> bytes | None:
        """Return what `IndexWriter.attach` last committed under `name`, None when nothing."""

    def state(self) -> IndexState:
        """Return what a search would see now."""

    def writer(self, patience: float = 0.0) -> IndexWriter:
        """Open the index for writing.

        Parameters
        ----------
        patience
            Seconds that the writer keeps trying while the index is away, for long loads.

        Raises
        ------
        SearchUnavailable
            If another process is writing; the message names it.
        """

    def close(self) -> None:
        """Release files and connections."""
