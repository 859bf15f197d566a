"""A rebuild from its beginning to its end: a generation is begun, filled, checked, and put in place of the living one.

Searches and writes go on all the while; only the last step, which takes a moment, keeps others from writing. A rebuild
that was broken off goes on where it was, as the new generation remembers what it is built from and how far it is.
"""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice, takewhile

from indexer.entries import Catalogue, Entry, Found, counted, files_of
from indexer.loading import BATCH_SIZE, Progress, Written
from indexer.rebuild_checking import Sample, check_sample
from indexer.seen import SeenIds
from search.document import Document
from search.engine import IndexState, IndexWriter, SearchEngine
from search.enrichment import Enricher, keep_heard
from search.generations import CheckFailed, Rebuild, Switched
from search.reach import read_reach
from search.reach_computing import compute_reach
from search.reach_record import REACH, ReachRecord

# Brings one catalogue into an index.
Load = Callable[[Catalogue, SearchEngine, IndexWriter, Written], None]


@dataclass
class RebuildRun:
    """The steps of a rebuild, in this order: `fill` or `load`, `check`, `note_reach`, `go_live`.

    Parameters
    ----------
    sample
        Of the documents as they were written.
    """

    rebuild: Rebuild
    enricher: Enricher
    progress: Progress
    expected: int | None = None
    sample: Sample = field(default_factory=Sample)

    def __post_init__(self) -> None:
        self.enricher.known_spelling = self.rebuild.spellings.get

    def renew(self, documents: Sequence[Document]) -> list[Document]:
        """Expand documents anew from their typed and heard tags."""
        tracks = [document.track for document in documents]
        return self.enricher.enrich(tracks, lambda made: list(map(keep_heard, made, documents)))

    def fill(self, batch_size: int = BATCH_SIZE) -> None:
        """Copy the living generation, expanded anew; go on where an earlier run stopped.

        Raises
        ------
        CheckFailed
            If the engine refuses a document that it had taken before.
        """
        reached = self.rebuild.reached
        if self.rebuild.resumed and reached:
            self._sample_again(reached)
        if self.rebuild.filled:
            return
        self.progress.begin("rebuilding", "tracks")
        documents = self.rebuild.living_documents(after=reached)
        writer = self.rebuild.writer
        while batch := list(islice(documents, batch_size)):
            renewed = self.renew(batch)
            self.sample.offer(renewed)
            writer.write(renewed)
            writer.name_tags(self.enricher.take_names())
            reached = batch[-1].track.track_id
            self.rebuild.note_reached(reached)
            writer.flush()
            self.progress.advance(len(batch))
        self.rebuild.note_reached(reached, filled=True)
        writer.commit()
        if self.rebuild.refused:
            named = ", ".join(map(repr, sorted(self.rebuild.refused)[:5]))
            refused = counted(len(self.rebuild.refused), "track")
            raise CheckFailed(f"{refused} cannot be stored in generation {self.rebuild.number}, such as {named}")

    def _sample_again(self, reached: str) -> None:
        """Take also some of the documents that an earlier run copied."""
        self.progress.say(f"going on with generation {self.rebuild.number}: an earlier run had copied to {reached!r}")
        copied = Sample()
        end = reached.encode()  # the order of the index
        copied.offer(takewhile(lambda one: one.track.track_id.encode() <= end, self.rebuild.living_documents()))
        self.sample.offer(self.renew(copied.documents()))
        self.sample.seen = copied.seen

    def load(self, catalogues: Sequence[Catalogue], load: Load) -> None:
        """Fill the new generation from sources."""
        if self.rebuild.resumed:
            self.progress.say(f"going on with generation {self.rebuild.number}")
        with SeenIds() as seen:
            noted = [_Noted(catalogue, seen) for catalogue in catalogues]
            for catalogue in noted:
                load(catalogue, self.rebuild.engine, self.rebuild.writer, self.sample.offer)
            self.expected = sum(catalogue.fresh for catalogue in noted)

    def check(self) -> None:
        """Compare the new generation with what was written to it.

        Raises
        ------
        CheckFailed
            If something differs.
        """
        commits = self.rebuild.commits_since()
        state = self.rebuild.show()
        if self.expected is not None:
            self._check_count(state.n_tracks, self.expected - len(self.rebuild.refused), commits)
        checked = check_sample(self.rebuild, self.sample.documents(), self.enricher.model)
        since = f", {counted(checked.changed, 'other')} changed since" if checked.changed else ""
        self.progress.say(
            f"checked: {counted(checked.documents, 'document')} read back{since}, "
            f"{checked.queries} searches compared: all as written"
        )

    def _check_count(self, n_tracks: int, expected: int, commits: int) -> None:
        """Compare how many tracks there are with the sources; whatever was written meanwhile comes on top."""
        least = expected - (self.rebuild.n_noted() if commits else 0)
        if n_tracks < least or (n_tracks > expected and not commits):
            raise CheckFailed(
                f"generation {self.rebuild.number} has {counted(n_tracks, 'track')}, the sources have {expected:,}"
            )

    def note_reach(self) -> None:
        """Compute the reach of the new generation, unless that of the living one holds for it."""
        living = self.rebuild.living_state()
        record = self._living_reach(living) or self._compute_reach()
        # Commits count from here, as if it had been computed from the living generation.
        origin = dataclasses.replace(record.origin, generation=living.generation, delta=living.delta)
        self.rebuild.writer.attach(REACH, dataclasses.replace(record, origin=origin).to_bytes())
        self.rebuild.writer.commit()

    def _living_reach(self, living: IndexState) -> ReachRecord | None:
        """Return the reach of the living generation if it holds for a copy of that."""
        model = self.enricher.model
        if self.expected is not None or living.model_id != model.model_id:
            return None
        reading = read_reach(self.rebuild.living_engine, model)
        return None if reading.table is None or reading.writes_since else reading.table.record

    def _compute_reach(self) -> ReachRecord:
        started = time.monotonic()
        self.rebuild.renew_stale(self.renew)
        self.rebuild.show()
        self.progress.begin("reach", "searches")
        record = compute_reach(self.rebuild.engine, self.enricher.model, self.progress.advance)
        searches = len(record.arrays.uses)
        self.progress.say(f"reach: {searches:,} searches tried ({time.monotonic() - started:.1f} s)")
        return record

    def go_live(self) -> Switched:
        """Put the new generation in place of the living one.

        Raises
        ------
        CheckFailed
            If it has not exactly the tracks of the living one, of which it is a copy.
        """
        self.rebuild.renew_stale(self.renew)
        self.rebuild.writer.name_tags(self.enricher.take_names())
        self.rebuild.show()  # so that little is left to do while nobody may write
        vocabulary = self.enricher.model.vocabulary
        return self.rebuild.go_live(self.renew, vocabulary.spelling, self.progress.say)


@dataclass
class _Noted:
    """A catalogue whose tracks are counted as they are read: each id once, whatever source it comes from."""

    catalogue: Catalogue
    seen: SeenIds
    fresh: int = 0

    @property
    def name(self) -> str:
        return self.catalogue.name

    @property
    def label(self) -> str:
        return self.catalogue.label

    @property
    def rereadable(self) -> bool:
        return self.catalogue.rereadable

    @property
    def n_files(self) -> int | None:
        return files_of(self.catalogue)

    def entries(self) -> Iterator[Entry]:
        for entry in self.catalogue.entries():
            if isinstance(entry, Found) and self.seen.missing([entry.track.track_id]):
                self.seen.add([(entry.track.track_id, 0)])
                self.fresh += 1
            yield entry
