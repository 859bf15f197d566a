"""What a track of the index can be found by: the probe searches that show it, each run to see where it stands."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from search.document import Document
from search.engine import SearchEngine
from search.expansion import Expander
from search.lexicon import Lexicon
from search.plan import Plan
from search.query import render_query
from search.reach import ReachTable
from search.reach_probes import expand_probe, probe_query
from search.reach_record import FIRST_N
from search.result import FoundBy

# Searches run in vain, for each that is wanted: the record may be of an earlier state of the index.
_TRIES = 4


@dataclass(frozen=True)
class Finder:
    """Runs the probe searches that ought to show a track."""

    engine: SearchEngine
    lexicon: Lexicon
    expander: Expander

    def found_by(self, document: Document, table: ReachTable, k: int) -> tuple[FoundBy, ...]:
        """Return up to `k` probe searches that show a track in their first 20, most used first."""
        tried = islice(table.seen_by(document), _TRIES * k)
        found = (self._run(document.track.track_id, table, probe) for probe in tried)
        return tuple(islice((one for one in found if one is not None), k))

    def _run(self, track_id: str, table: ReachTable, probe: int) -> FoundBy | None:
        tags = tuple(self._tags(table, probe))
        groups = expand_probe(self.expander, tags).plan_groups()
        answer = self.engine.search(Plan(groups=groups, k=FIRST_N))
        ranks = [rank for rank, hit in enumerate(answer.hits, 1) if hit.document.track.track_id == track_id]
        if not ranks:
            return None
        spellings = tuple(map(self.lexicon.spelling, tags))
        return FoundBy(
            query=render_query(probe_query(tags, spellings)),
            tags=spellings,
            rank=ranks[0],
            total=answer.total,
            uses=int(table.record.arrays.uses[probe]),
        )

    def _tags(self, table: ReachTable, probe: int) -> Iterator[str]:
        return (table.record.tags[at] for at in table.record.arrays.probes[probe].tolist() if at >= 0)
