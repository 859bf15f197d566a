"""Taking note of a source as it is read: how much, which ids, what was wrong, and a digest of it all."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING, TypeGuard

from indexer.entries import Catalogue, Entry, Found, RawRow, Reject, counted
from indexer.rejects import Rejects
from indexer.seen import SeenIds
from tagmodel.track import Track

if TYPE_CHECKING:
    from indexer.loading import Progress
    from search.engine import SearchEngine
    from search.enrichment import Enricher

# Rows read at once when nothing is written.
_SURVEY_BATCH = 2_000


@dataclass
class LoadSummary:
    """What a run did with one source: `rows` were read, each added, changed, unchanged, rejected or skipped.

    Parameters
    ----------
    skipped
        Tracks that an earlier run, which was interrupted, had written.
    untagged
        Tracks with neither tags nor a genre: nothing but their names finds them.
    taken_over
        Tracks that belonged to another source before, by that source.
    renamed
        Tracks that were known by the path of their file, and are known by their audio from now on.
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
    untagged: int = 0
    taken_over: Counter[str] = field(default_factory=Counter)
    renamed: int = 0
    unpruned: str = ""

    def count_change(self, old: Track, new: Track) -> None:
        """Count a track that replaces the one stored."""
        self.changed += 1
        if old.source != new.source:
            self.taken_over[old.source] += 1

    def count_refused(self, old: Track | None, sources: Collection[str]) -> None:
        """Count a track as rejected that was counted as added, or as a change of the one stored."""
        self.rejected += 1
        if old is None:
            self.added -= 1
            return
        self.changed -= 1
        if old.source not in sources:
            self.taken_over[old.source] -= 1
            self.taken_over += Counter()  # drops what is zero


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

    def accept(self, batch: Sequence[Entry]) -> list[Found]:
        """Take note of entries; return those of them that are to be indexed."""
        found = [entry for entry in batch if isinstance(entry, Found)]
        duplicates = self.seen.add([(entry.track.track_id, entry.line) for entry in found]) if found else {}
        if len(found) != len(batch) or duplicates:
            found = [entry for entry in batch if self._is_good(entry, duplicates)]
        self.sources.update({entry.track.source for entry in found})
        self.summary.rows += len(batch)
        self.summary.untagged += sum(not (entry.track.tags or entry.track.genre) for entry in found)
        self._digest.update("".join(map(_entry_text, batch)).encode("utf-8", "backslashreplace"))
        return found

    def refuse(self, track_id: str, reason: str, old: Track | None) -> None:
        """Reject a track that was accepted here and refused by the engine, which keeps `old` in its place."""
        self.summary.count_refused(old, self.sources)
        if self._rejects is not None:
            words = f"the index does not take the track {track_id}: {reason}"
            self._rejects.add(self._label, Reject(self.seen.line(track_id), words, "", track_id))

    def gone(self, engine: SearchEngine) -> list[str]:
        """Return the ids that an index has of this source and the source no longer; none if some row is unknown."""
        if self.unidentified:
            rows = counted(self.unidentified, "row")
            self.summary.unpruned = f"{rows} cannot be read, so it is not known which tracks are kept"
            return []
        if self.summary.rows == self.summary.rejected:
            self.summary.unpruned = "not one row of the source can be used"
            return []
        tracks = (document.track for document in engine.all_documents())
        return self.seen.missing(track.track_id for track in tracks if track.source in self.sources)

    def _is_good(self, entry: Entry, duplicates: Mapping[int, int]) -> TypeGuard[Found]:
        """Whether an entry is to be indexed; what is not, is rejected."""
        if isinstance(entry, Reject):
            self._reject(entry)
            return False
        line, track, row, _ = entry
        if line not in duplicates:
            return True
        reason = f"duplicate id {track.track_id}, first on line {duplicates[line]:,}; the first one is kept"
        reason += _duplicate_slip(track.track_id, row)
        raw, cells = ("", None) if row is None else (row.text(), row.cells)
        self._reject(Reject(line, reason, raw, track.track_id, cells))
        return False

    def _reject(self, reject: Reject) -> None:
        self.summary.rejected += 1
        if reject.track_id:
            self.seen.keep(reject.track_id)
        else:
            self.unidentified += 1
        if self._rejects is not None:
            self._rejects.add(self._label, reject)


def _duplicate_slip(track_id: str, row: RawRow | None) -> str:
    """Name the likely slip where the id stands in a cell: it may be an album's. Two rows may well share an ISRC."""
    source, _, own = track_id.partition(":")
    ids = {track_id} if source == "isrc" else {track_id, own}
    if row is None or ids.isdisjoint(str(cell).strip() for cell in row.cells.values() if cell):
        return ""
    return "; is it an album's number, not the track's? --map track_id= leaves that column out"


def _entry_text(entry: Entry) -> str:
    if isinstance(entry, Reject):
        return f"{entry.line}\x1f{entry.raw}\x1e"
    t, audio = entry.track, entry.audio
    file = "" if audio is None else f"{audio.path}\x1f{audio.file}"
    return (
        f"{t.track_id}\x1f{t.title}\x1f{t.artist}\x1f{t.album}\x1f{t.genre}\x1f{t.license}\x1f"
        f"{t.duration}\x1f{t.year}\x1f{t.url}\x1f{t.source}\x1f{t.tags}\x1f{t.shares}\x1f{file}\x1e"
    )


def survey_catalogue(
    catalogue: Catalogue, enricher: Enricher, rejects: Rejects, progress: Progress, engine: SearchEngine | None = None
) -> LoadSummary:
    """Read a catalogue as if it were indexed: rejects, duplicates, unknown tags.

    Parameters
    ----------
    engine
        The index whose tracks would be pruned, to count these; None counts none.

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
            enricher.enrich([entry.track for entry in reading.accept(batch)])
            progress.advance(len(batch))
        if engine is not None:
            reading.summary.pruned = len(reading.gone(engine))
        return reading.summary
