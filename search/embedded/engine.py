"""The embedded engine behind the contract of `search.engine`: nothing to install, nothing to run, exact.

Every call is one read transaction of SQLite, so hits, counts, facets and documents come from the same state.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple, Self

from search.document import Document
from search.embedded.bits import count
from search.embedded.documents import DocumentCache
from search.embedded.facets import count_facets, count_tags
from search.embedded.faults import translated_faults
from search.embedded.moments import read_moments
from search.embedded.ranking import Ranked, merge_best, rows_of_best
from search.embedded.reader import Reader, Session
from search.embedded.scoring import Best, HitSet, best_hits, best_rows, find_hits, first_hits
from search.embedded.snapshot import verify_snapshot
from search.embedded.sorting import first_sorted
from search.embedded.sound_scoring import score_hits
from search.embedded.store import (
    check_database,
    create_database,
    decode_whole,
    iterate_whole_rows,
    read_attachment,
    read_snapshots,
    read_whole_row,
)
from search.embedded.writer import EmbeddedWriter
from search.engine import TAG_FACET_HITS, BadIndex, EngineAnswer, EngineHit, FacetValue, IndexState
from search.plan import Plan, Sort


class EmbeddedEngine:
    """`search.engine.SearchEngine` over one directory; may be shared by threads."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._reader = Reader(directory)
        self._documents = DocumentCache()

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
            numbers = session.view.tags.numbers.get
            hits = [find_hits(part, plan, numbers) for part in session.view.parts]
            ranking = _rank(session, plan, hits)
            total = sum(count(found.rows) for found in hits)
            carry_all = sum(count(found.carry_all) for found in hits)
            carry_none = sum(count(found.carry_none) for found in hits)
            page = merge_best(ranking.page, plan.offset + plan.k)[plan.offset :]
            outside = merge_best(ranking.outside, plan.outside)
            read = self._read_hits(session, plan, [*page, *outside])
            return EngineAnswer(
                hits=read[: len(page)],
                outside=read[len(page) :],
                total=total,
                carry_all=carry_all,
                carry_some=total - carry_all - carry_none,
                carry_none=carry_none,
                state=session.view.state,
                facets=_count_facets(session, hits, ranking.best) if plan.facets else {},
            )

    def _read_hits(self, session: Session, plan: Plan, hits: Sequence[Ranked]) -> tuple[EngineHit, ...]:
        numbers = [hit.part.segment.n.item(hit.row) for hit in hits]
        kept = self._documents.read(session.connection, numbers, session.view)
        documents = [kept[n] for n in numbers]
        if plan.sound is not None:
            documents = read_moments(session.connection, numbers, documents)
        return tuple([EngineHit(document, hit.score) for document, hit in zip(documents, hits, strict=True)])

    def count(self, plan: Plan) -> int:
        """Return the number of hits."""
        with self._reader.session() as session:
            numbers = session.view.tags.numbers.get
            return sum(count(find_hits(part, plan, numbers).rows) for part in session.view.parts)

    def documents(self, track_ids: Sequence[str]) -> tuple[Document | None, ...]:
        """Return stored documents in the order asked; None where there is no such track."""
        with self._reader.session() as session:
            ids, models = session.view.tags.ids, session.view.models
            rows = (read_whole_row(session.connection, track_id) for track_id in track_ids)
            return tuple(None if row is None else decode_whole(row, ids, models) for row in rows)

    def all_documents(self) -> Iterator[Document]:
        """Yield every document, by track id ascending."""
        with self._reader.session() as session:
            ids, models = session.view.tags.ids, session.view.models
            for row in iterate_whole_rows(session.connection):
                yield decode_whole(row, ids, models)

    def tag_counts(self) -> Mapping[str, int]:
        """Return how many tracks each tag was typed on, by tag id."""
        return self._reader.view().tag_counts

    def tag_spelling(self, tag_id: str) -> str | None:
        """Return the spelling given by `EmbeddedWriter.name_tags`, None for an unknown id."""
        return self._reader.view().tags.spellings.get(tag_id)

    def has_word(self, word: str) -> bool:
        """Whether a folded word is in any title or artist."""
        return self._reader.view().has_word(word)

    def attachment(self, name: str) -> bytes | None:
        """Return what `EmbeddedWriter.attach` last committed under `name`, None when nothing."""
        with self._reader.session() as session:
            return read_attachment(session.connection, name)

    def state(self) -> IndexState:
        """Return what a search would see now."""
        return self._reader.view().state

    def writer(self, patience: float = 0.0) -> EmbeddedWriter:  # noqa: ARG002 - a directory is there or not
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
            if problems != ["ok"]:
                raise BadIndex(f"index {self._directory} is damaged: {'; '.join(problems[:3])}")
            if n_tracks != session.view.state.n_tracks:
                raise BadIndex(f"index {self._directory}: wrong number of tracks ({n_tracks})")
            for record in read_snapshots(session.connection)[:1]:
                verify_snapshot(self._directory, record.generation, record.digest)

    def close(self) -> None:
        """Release files and connections."""
        self._reader.close()


class _Ranking(NamedTuple):
    """Hits of each part in order, at least as many as are asked for.

    Parameters
    ----------
    page
        In the order of the plan.
    best, outside
        By score: all hits, as many as facets of tags take, and those that carry no query tag.
    """

    page: list[Best]
    best: list[Best]
    outside: list[Best]


def _rank(session: Session, plan: Plan, hits: Sequence[HitSet]) -> _Ranking:
    ranking = _Ranking([], [], [])
    by_score, positive = plan.sort is Sort.SCORE, plan.sound is None
    k = max(plan.offset + plan.k if by_score else 0, TAG_FACET_HITS if plan.facets else 0)
    for found in hits:
        part, rows = found.part, found.rows
        scores = score_hits(found, plan, session.view.tags.numbers.get, session.scratch) if plan.is_scored else None
        if not by_score:
            ranking.page.append(first_sorted(part, rows, scores, plan.sort, plan.offset + plan.k))
        if scores is None:
            ranking.best.append(first_hits(part, rows, k))
            continue
        ranking.best.append(best_hits(found, scores, k, session.scratch, positive))
        if plan.outside and plan.groups:
            ranking.outside.append(best_rows(part, found.carry_none, scores, plan.outside, session.scratch, positive))
    return ranking._replace(page=ranking.best) if by_score else ranking


def _count_facets(session: Session, hits: Sequence[HitSet], best: Sequence[Best]) -> dict[str, tuple[FacetValue, ...]]:
    rows = [(found.part, found.places) for found in hits]
    return {**count_facets(rows), "tag": count_tags(rows_of_best(best, TAG_FACET_HITS), session.view.tags.ids)}
