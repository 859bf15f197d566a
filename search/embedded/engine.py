"""The embedded engine behind the contract of `search.engine`: nothing to install, nothing to run, exact.

Every call is one read transaction of SQLite, so hits, counts, facets and documents come from the same state.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from search.document import Document
from search.embedded.facets import count_facets, count_tags
from search.embedded.faults import translated_faults
from search.embedded.reader import Reader, Session
from search.embedded.scoring import PartHits, find_hits
from search.embedded.snapshot import verify_snapshot
from search.embedded.store import check_database, create_database, decode, iterate_rows, read_row_by_id, read_rows
from search.embedded.topk import top_k
from search.embedded.writer import EmbeddedWriter
from search.engine import TAG_FACET_HITS, BadIndex, EngineAnswer, EngineHit, FacetValue, IndexState
from search.plan import Plan


class _Ranked(NamedTuple):
    """A hit in its place; the fields before `found` order hits of several parts."""

    minus_score: float
    untitled_then_id: tuple[bool, str]
    found: PartHits
    row: int


class EmbeddedEngine:
    """`search.engine.SearchEngine` over one directory; may be shared by threads."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._reader = Reader(directory)

    @classmethod
    def open(cls, path: Path, create: bool = False) -> Self:
        """Open the index in a directory.

        Parameters
        ----------
        create
            Make an empty index where there is none.

        Raises
        ------
        BadIndex
            If there is no index, or none that this version reads.
        SearchUnavailable
            If its files cannot be opened.
        """
        with translated_faults(path):
            if create:
                create_database(path)
            check_database(path)
        return cls(path)

    def search(self, plan: Plan) -> EngineAnswer:
        """Execute a plan."""
        with self._reader.session() as session:
            hits = _find(session, plan)
            outside = [_without_carriers(found) for found in hits] if plan.outside and plan.groups else []
            all_, none, total = _carry_counts(hits, len(plan.groups))
            return EngineAnswer(
                hits=_page(session, hits, plan.offset, plan.k),
                outside=_page(session, outside, 0, plan.outside),
                total=total,
                carry_all=all_,
                carry_some=total - all_ - none,
                carry_none=none,
                state=session.view.state,
                facets=_facets(session, hits) if plan.facets else {},
            )

    def count(self, plan: Plan) -> int:
        """Return the number of hits."""
        with self._reader.session() as session:
            return sum(len(found.rows) for found in _find(session, plan))

    def documents(self, track_ids: Sequence[str]) -> tuple[Document | None, ...]:
        """Return stored documents in the order asked; None where there is no such track."""
        with self._reader.session() as session:
            ids, models = session.view.tags.ids, session.view.models
            rows = (read_row_by_id(session.connection, track_id) for track_id in track_ids)
            return tuple(None if row is None else decode(row, ids, models) for row in rows)

    def all_documents(self) -> Iterator[Document]:
        """Yield every document, by track id ascending."""
        with self._reader.session() as session:
            ids, models = session.view.tags.ids, session.view.models
            for row in iterate_rows(session.connection):
                yield decode(row, ids, models)

    def tag_counts(self) -> Mapping[str, int]:
        """Return how many tracks each tag was typed on, by tag id."""
        with self._reader.session() as session:
            return session.view.tag_counts

    def tag_spelling(self, tag_id: str) -> str | None:
        """Return the spelling given by `EmbeddedWriter.name_tags`, None for an unknown id."""
        with self._reader.session() as session:
            return session.view.tags.spellings.get(tag_id)

    def has_word(self, word: str) -> bool:
        """Whether a folded word is in any title or artist."""
        with self._reader.session() as session:
            return session.view.has_word(word)

    def state(self) -> IndexState:
        """Return what a search would see now."""
        with self._reader.session() as session:
            return session.view.state

    def writer(self) -> EmbeddedWriter:
        """Open the index for writing.

        Raises
        ------
        SearchUnavailable
            If another process is writing; the message names it.
        """
        return EmbeddedWriter(self._directory)

    def verify(self) -> None:
        """Read the whole index through: SQLite's own check, the number of tracks, every checksum.

        Raises
        ------
        BadIndex
            If anything is damaged; the message says what.
        """
        with self._reader.session() as session:
            problems = [str(line) for (line,) in session.connection.execute("PRAGMA integrity_check")]
            (n_tracks,) = session.connection.execute("SELECT count(*) FROM tracks").fetchone()
            generation = session.view.mark.generation
            if problems != ["ok"]:
                raise BadIndex(f"index {self._directory} is damaged: {'; '.join(problems[:3])}")
            if n_tracks != session.view.state.n_tracks:
                raise BadIndex(f"index {self._directory}: wrong number of tracks ({n_tracks})")
            if generation:
                verify_snapshot(self._directory, generation)

    def close(self) -> None:
        """Release files and connections."""
        self._reader.close()


def _find(session: Session, plan: Plan) -> list[PartHits]:
    numbers = session.view.tags.numbers.get
    return [find_hits(part, plan, numbers, session.scratch) for part in session.view.parts]


def _carry_counts(hits: Sequence[PartHits], n_groups: int) -> tuple[int, int, int]:
    """Return how many hits carry all groups, how many none (without groups all carry all), and how many there are."""
    total = sum(len(found.rows) for found in hits)
    carry_all = sum(int(np.count_nonzero(found.carried == n_groups)) for found in hits)
    carry_some_or_all = sum(int(np.count_nonzero(found.carried)) for found in hits)
    return carry_all, total - carry_some_or_all if n_groups else 0, total


def _without_carriers(found: PartHits) -> PartHits:
    """Keep the hits that carry none of the query's tags."""
    places = np.flatnonzero(found.carried == 0)
    return PartHits(found.part, found.rows[places], found.scores[places], found.carried[places])


def _rank(hits: Sequence[PartHits], k: int) -> Iterator[_Ranked]:
    """Yield the best k hits of all parts, best first."""
    return islice(heapq.merge(*[_rank_part(found, top_k(found.scores, k)) for found in hits], key=_order), k)


def _order(hit: _Ranked) -> tuple[float, tuple[bool, str]]:
    return hit.minus_score, hit.untitled_then_id


def _rank_part(found: PartHits, best: NDArray[np.int64]) -> Iterator[_Ranked]:
    for row, score in zip(found.rows[best].tolist(), found.scores[best].tolist(), strict=True):
        yield _Ranked(-score, found.part.segment.sort_key(row), found, row)


def _page(session: Session, hits: Sequence[PartHits], offset: int, k: int) -> tuple[EngineHit, ...]:
    page = list(islice(_rank(hits, offset + k), offset, None)) if k else []
    rows = read_rows(session.connection, [int(hit.found.part.segment.n[hit.row]) for hit in page])
    ids, models = session.view.tags.ids, session.view.models
    return tuple(EngineHit(decode(row, ids, models), -hit.minus_score) for hit, row in zip(page, rows, strict=True))


def _facets(session: Session, hits: Sequence[PartHits]) -> dict[str, tuple[FacetValue, ...]]:
    rows_of: dict[int, list[int]] = {}
    for hit in _rank(hits, TAG_FACET_HITS):
        rows_of.setdefault(id(hit.found), []).append(hit.row)
    best = [(found, np.array(rows_of.get(id(found), []), np.int64)) for found in hits]
    return {**count_facets(hits), "tag": count_tags(best, session.view.tags.ids)}
