"""Computing the reach of an index: every probe is searched once, and the last hit that is seen is noted."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from search.document import Family
from search.engine import EngineHit, IndexState, IndexWriter, SearchEngine
from search.expansion import DEFAULT_DRIFT, Expander
from search.plan import PLAN_UNITS, Clause, Group, Plan
from search.reach import read_reach
from search.reach_probes import Probe, choose_probes, expand_probe
from search.reach_record import FIRST_N, REACH, SCORE_UNITS, ReachArrays, ReachOrigin, ReachRecord
from tagmodel.model import TagModel

# Called with how many more probes were searched.
Progress = Callable[[int], None]

# Where the rows of each family begin, in lengths of the list of tags.
FAMILY_ROWS = {Family.TYPED: 0, Family.HEARD: 1, Family.IMPLIED: 2}


def update_reach(engine: SearchEngine, writer: IndexWriter, model: TagModel, progress: Progress) -> int | None:
    """Compute the reach of an index anew and commit it, unless it is up to date.

    The writer keeps others from writing, so the record is of the state that it is stored with. Whoever interrupts loses
    the record and nothing else.

    Returns
    -------
    Probes searched; None where nothing had changed.
    """
    reading = read_reach(engine, model)
    if reading.table is not None and not reading.writes_since:
        return None
    record = compute_reach(engine, model, progress)
    writer.attach(REACH, record.to_bytes())
    writer.commit()
    return len(record.arrays.uses)


def compute_reach(engine: SearchEngine, model: TagModel, progress: Progress = lambda _n: None) -> ReachRecord:
    """Search all probes of an index as it is now.

    Raises
    ------
    SearchUnavailable
        If the engine cannot answer.
    """
    state = engine.state()
    typed = (document.typed for document in engine.all_documents())
    probes = choose_probes(engine.tag_counts(), typed, model.vocabulary)
    expander = Expander(model.kin, model.vocabulary, lambda _tag_id: ())
    clauses, last = _Clauses(), []
    columns = np.full((len(probes), 2), -1, np.int32)
    for at, probe in enumerate(probes):
        groups = expand_probe(expander, probe.tags).plan_groups()
        columns[at, : len(groups)] = [clauses.column(group) for group in groups]
        last.append(_last_seen(engine, groups))
        progress(1)
    return _record(state, model.model_id, probes, columns, clauses, last)


def _last_seen(engine: SearchEngine, groups: tuple[Group, ...]) -> EngineHit | None:
    """Return the last hit that is seen, None where there are fewer hits."""
    hits = engine.search(Plan(groups=groups, k=1, offset=FIRST_N - 1)).hits
    return hits[0] if hits else None


@dataclass
class _Clauses:
    """Different clauses, numbered as they come: most tags ask for the same with any other beside them."""

    numbers: dict[Clause, int] = field(default_factory=dict)

    def column(self, group: Group) -> int:
        (clause,) = group.clauses
        return self.numbers.setdefault(clause, len(self.numbers))

    def tags(self) -> tuple[str, ...]:
        return tuple(sorted({term.tag_id for clause in self.numbers for term in clause.terms}))

    def entries(self, tags: Sequence[str]) -> Iterator[tuple[int, int, int]]:
        """Yield (row, column, weight) of every term."""
        place = {tag_id: at for at, tag_id in enumerate(tags)}
        for clause, column in self.numbers.items():
            for term in clause.terms:
                row = FAMILY_ROWS[term.family] * len(tags) + place[term.tag_id]
                yield row, column, round(term.weight * PLAN_UNITS)


def _record(
    state: IndexState,
    model_id: str,
    probes: Sequence[Probe],
    columns: NDArray[np.int32],
    clauses: _Clauses,
    last: Sequence[EngineHit | None],
) -> ReachRecord:
    tags = clauses.tags()
    place = {tag_id: at for at, tag_id in enumerate(tags)}
    # By row, then column; a probe's tag is in its own clause, so every tag has a place.
    entries = np.array(sorted(clauses.entries(tags)), np.int32).reshape(-1, 3)
    numbered = [[place[tag_id] for tag_id in probe.tags] for probe in probes]
    return ReachRecord(
        origin=ReachOrigin(state.generation, state.delta, model_id, DEFAULT_DRIFT, FIRST_N),
        tags=tags,
        last_ids=tuple("" if hit is None else hit.document.track.track_id for hit in last),
        arrays=ReachArrays(
            probes=np.array([(*row, -1)[:2] for row in numbered], np.int32).reshape(-1, 2),
            uses=np.array([probe.uses for probe in probes], np.int32),
            thresholds=np.array([0 if hit is None else round(hit.score * SCORE_UNITS) for hit in last], np.int32),
            last_titled=np.array([hit is not None and hit.document.track.title != "" for hit in last], np.bool_),
            clauses=columns,
            starts=np.searchsorted(entries[:, 0], np.arange(3 * len(tags) + 1)).astype(np.int32),
            columns=entries[:, 1],
            weights=entries[:, 2],
        ),
    )
