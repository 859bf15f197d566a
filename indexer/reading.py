"""Taking note of a source as it is read: how much, which ids, what was wrong, and a digest of it all."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING

from indexer.entries import Catalogue, Entry, Found, Reject
from indexer.rejects import Rejects
from indexer.seen import SeenIds
from tagmodel.track import Track

if TYPE_CHECKING:
    from indexer.enrichment import Enricher
    from indexer.loading import Progress

# Rows read at once when nothing is written.
_SURVEY_BATCH = 2_000


@dataclass
class LoadSummary:
    """What a run did with one source: `rows` were read, each added, changed, unchanged, rejected or skipped.

    Parameters
    ----------
    skipped
        Tracks that an earlier run, which was interrupted, had written.
    taken_over
        Tracks that belonged to another source before, by that source.
    unpruned
        Why `--prune` removed nothing; ``""`` if it was done or not asked for.
    """

    rows: int = 0
    added: int = 0
    changed: int = 0
    unchanged: int = 0
    skipped: int = 0
    rejected: int = 0
    pruned: int = 0
    taken_over: Counter[str] = field(default_factory=Counter)
    unpruned: str = ""

    def count_change(self, old: Track, new: Track) -> None:
        """Count a track that replaces the one stored."""
        self.changed += 1
        if old.source != new.source:
            self.taken_over[old.source] += 1


class Reading:
    """What was read of one source so far: its digest, its ids, its rejects."""

    def __init__(self, label: str, seen: SeenIds, rejects: Rejects | None) -> None:
        self.summary = LoadSummary()
        self.seen = seen
        self.sources: set[str] = set()
        self.unidentified = 0
        self._label = label
        self._rejects = rejects
        self._digest = hashlib.blake2b(digest_size=16)

    def digest(self) -> str:
        """Return the digest of all entries so far."""
        return self._digest.copy().hexdigest()

    def accept(self, batch: Iterable[Entry]) -> list[Track]:
        """Take note of entries; return the tracks among them that are to be indexed."""
        tracks = []
        lines = []
        for entry in batch:
            self.summary.rows += 1
            if isinstance(entry, Found):
                lines.append(_track_text(entry.track))
                if self._is_first(entry):
                    tracks.append(entry.track)
            else:
                lines.append(f"{entry.line}\x1f{entry.raw}")
                self._reject(entry)
        self._digest.update("\x1e".join([*lines, ""]).encode("utf-8", "backslashreplace"))
        return tracks

    def _is_first(self, found: Found) -> bool:
        line, track, row = found
        self.sources.add(track.source)
        first = self.seen.add(track.track_id, line)
        if first is None:
            return True
        reason = f"duplicate id {track.track_id}, first on line {first:,}; the first one is kept"
        cells = None if row is None else row.cells
        self._reject(Reject(line, reason, "" if row is None else row.text(), track.track_id, cells))
        return False

    def _reject(self, reject: Reject) -> None:
        self.summary.rejected += 1
        if reject.track_id:
            self.seen.keep(reject.track_id)
        else:
            self.unidentified += 1
        if self._rejects is not None:
            self._rejects.add(self._label, reject)


def _track_text(track: Track) -> str:
    return (
        f"{track.track_id}\x1f{track.title}\x1f{track.artist}\x1f{track.album}\x1f{track.genre}\x1f{track.license}\x1f"
        f"{track.duration}\x1f{track.year}\x1f{track.url}\x1f{track.source}\x1f{track.tags}\x1f{track.shares}"
    )


def survey_catalogue(catalogue: Catalogue, enricher: Enricher, rejects: Rejects, progress: Progress) -> LoadSummary:
    """Read a catalogue as if it were indexed: rejects, duplicates, unknown tags.

    Raises
    ------
    SourceError
        If the source cannot be read to its end.
    """
    progress.begin(catalogue.label)
    with SeenIds() as seen:
        reading = Reading(catalogue.label, seen, rejects)
        entries = catalogue.entries()
        while batch := list(islice(entries, _SURVEY_BATCH)):
            enricher.enrich(reading.accept(batch))
            progress.advance(len(batch))
        return reading.summary
