"""Catalogue → index: in batches, idempotent by track id, resumable after a crash at any moment.

A batch becomes durable before the note of how far the source was read, or with it. The note holds a digest of
everything read so far: a run that resumes reads the source from its start, compares the digest where the earlier run
stopped, and writes only from there. So it needs no trust in file times, works on pipes, and knows every id and every
reject of the whole source, which duplicates and pruning need. Reading is several times faster than writing.

What the engine refuses is rejected like a bad row. Nothing from there on is noted: a run that resumes writes it again,
and so learns again what is refused.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from time import monotonic, sleep
from typing import Protocol, TypeVar

import orjson

from indexer.entries import Catalogue, Entry, Found, SourceError, counted, files_of
from indexer.identities import FolderIds
from indexer.listening import Listening
from indexer.reading import LoadSummary, Reading
from indexer.rejects import Rejects
from indexer.seen import SeenIds
from search.document import Document
from search.engine import BadIndex, IndexWriter, NotLetIn, SearchEngine, SearchUnavailable
from search.enrichment import Enricher, keep_heard

# Large enough that a commit's disk sync is a small share, small enough that a kill costs a tenth of a second.
BATCH_SIZE = 2_000  # rows

# A server that is started anew, or a node that takes another's place, is back within minutes.
PATIENCE = 300.0  # seconds

# Where searches see a load only when it is committed, they do this often.
SHOWN_EVERY = 300.0  # seconds

_AGAIN = 0.5  # seconds between two tries to read an index that is away

# Told of documents as they are handed to the writer.
Written = Callable[[Sequence[Document]], None]

Answer = TypeVar("Answer")

# Raised when the digest of a reading changes, or the note below.
_CHECKPOINT_VERSION = 2


class Progress(Protocol):
    """Where a run says how far it is."""

    def say(self, text: str) -> None:
        """Show a line of text."""

    def begin(self, label: str, unit: str = "rows", total: int | None = None) -> None:
        """Begin to count something else; `total` is how many there are, where that is known."""

    def advance(self, n: int) -> None:
        """Count `n` more."""


@dataclass(frozen=True)
class LoadOptions:
    """How to load.

    Parameters
    ----------
    batch_size
        Rows that become durable together.
    prune
        Remove tracks of the source that it no longer has.
    restart
        Write from the first row, whatever an earlier run has done.
    patience
        Seconds to keep trying while the index is away.
    tagger_id
        Of who listens in this run, ``""`` where nobody does: it resumes no run that heard otherwise.
    """

    batch_size: int = BATCH_SIZE
    prune: bool = False
    restart: bool = False
    patience: float = 0.0
    tagger_id: str = ""


@dataclass(frozen=True)
class _Checkpoint:
    """How far an interrupted run came: `rows` entries with this digest, expanded and heard with these models."""

    rows: int
    digest: str
    model_id: str
    tagger_id: str
    version: int = _CHECKPOINT_VERSION

    def to_text(self) -> str:
        return orjson.dumps(self).decode()


class _SourceChanged(Exception):
    """The source no longer begins with what the interrupted run read."""


def load_catalogue(
    catalogue: Catalogue,
    engine: SearchEngine,
    writer: IndexWriter,
    enricher: Enricher,
    *,
    rejects: Rejects,
    progress: Progress,
    listening: Listening | None = None,
    options: LoadOptions = LoadOptions(),
    written: Written = lambda _documents: None,
) -> LoadSummary:
    """Bring a catalogue into an index.

    Parameters
    ----------
    listening
        Hears the files that tracks of the catalogue have; None leaves them alone.
    written
        Told of documents as they are stored, with what the index had heard on them before.

    Raises
    ------
    SourceError
        If the source cannot be read further; batches before that point stay.
    SearchUnavailable
        If the index cannot be written; the same holds.
    """
    checkpoint = None if options.restart else _read_checkpoint(writer, catalogue, enricher, options)
    run = _Run(catalogue, engine, writer, enricher, rejects, progress, listening, options, written)
    if checkpoint is None:
        return run.load()
    progress.say(f"resuming {catalogue.label}: an earlier run stopped after {counted(checkpoint.rows, 'row')}")
    try:
        return run.load(checkpoint)
    except _SourceChanged:
        if not catalogue.rereadable:
            files = "" if files_of(catalogue) is None else ", or not with the same audio files"
            raise SourceError(
                f"{catalogue.label}: an earlier run stopped after {counted(checkpoint.rows, 'row')}, and this is not "
                f"the same stream{files}; say --restart to index it from its start, or give it another --source-name"
            ) from None
        progress.say(f"{catalogue.label} has changed since then: beginning at its start")
        return run.load()


def _read_checkpoint(
    writer: IndexWriter, catalogue: Catalogue, enricher: Enricher, options: LoadOptions
) -> _Checkpoint | None:
    """Return how far an earlier run came, None where there was none whose work this one would do again as it is."""
    stored = writer.checkpoint(_checkpoint_name(catalogue))
    if not stored:
        return None
    values = orjson.loads(stored)
    if values.get("version") != _CHECKPOINT_VERSION:
        return None
    found = _Checkpoint(**values)
    return found if (found.model_id, found.tagger_id) == (enricher.model_id, options.tagger_id) else None


def _checkpoint_name(catalogue: Catalogue) -> str:
    return f"index:{catalogue.name}"


@dataclass
class _Run:
    """One catalogue on its way into one index."""

    catalogue: Catalogue
    engine: SearchEngine
    writer: IndexWriter
    enricher: Enricher
    rejects: Rejects
    progress: Progress
    listening: Listening | None
    options: LoadOptions
    written: Written

    def load(self, checkpoint: _Checkpoint | None = None) -> LoadSummary:
        if checkpoint is not None:
            self.writer.commit()  # what the interrupted run has stored can be seen, and is found unchanged
        self.refused = False
        self.shown_at = monotonic()
        self.was_empty = self._ask(self.engine.state).n_tracks == 0
        self.enricher.known_spelling = _nothing_known if self.was_empty else self._spelling
        self.ids = FolderIds(self.catalogue.name, self.catalogue.label, self.writer, self._documents)
        self._begin_progress()
        self.rejects.restart()
        with SeenIds() as seen:
            reading = Reading(self.catalogue.label, seen, self.rejects)
            entries = self.catalogue.entries()
            if checkpoint is not None:
                self._replay(entries, reading, checkpoint)
            try:
                for found in self._batches(entries, reading):
                    self._write(found, reading)
            except SourceError:
                self._commit(reading)
                raise
            self._finish(reading)
            return reading.summary

    def _begin_progress(self) -> None:
        """Count rows, or the files to be heard, which take longer by far."""
        if self.listening is not None:
            self.listening.begin(self.catalogue.label)
        n_files = files_of(self.catalogue) if self.listening is not None and self.listening.hears else None
        self.counts_files = n_files is not None
        if n_files is None:
            self.progress.begin(self.catalogue.label)
        else:
            self.progress.begin(self.catalogue.label, "files", n_files)

    def _batches(self, entries: Iterator[Entry], reading: Reading) -> Iterator[list[Found]]:
        while batch := list(islice(entries, self.options.batch_size)):
            yield reading.accept(batch)
            if not self.counts_files:
                self.progress.advance(len(batch))

    def _replay(self, entries: Iterator[Entry], reading: Reading, checkpoint: _Checkpoint) -> None:
        """Read again what the interrupted run has written."""
        for found in self._batches(islice(entries, checkpoint.rows), reading):
            reading.summary.skipped += len(found)
            if self.listening is not None:
                self.listening.recall(found, self._documents([one.track.track_id for one in found]))
            if self.counts_files:
                self.progress.advance(sum(one.audio is not None for one in found))
        if (reading.summary.rows, reading.digest()) != (checkpoint.rows, checkpoint.digest):
            raise _SourceChanged

    def _write(self, found: Sequence[Found], reading: Reading) -> None:
        """Write a batch and the note of it."""
        former = self.ids.take_over(found)
        documents = self.enricher.enrich([one.track for one in found], lambda made: self._hear(made, found))
        fresh = self._fresh(documents, reading.summary, former)
        self.writer.write(fresh)
        self.written(fresh)
        self.writer.name_tags(self._new_names())
        if not self.refused:
            made_with = self.enricher.model_id, self.options.tagger_id
            checkpoint = _Checkpoint(reading.summary.rows, reading.digest(), *made_with)
            self.writer.set_checkpoint(_checkpoint_name(self.catalogue), checkpoint.to_text())
        self.rejects.flush()
        if monotonic() - self.shown_at < SHOWN_EVERY:
            self.writer.flush()
            self._reject_refused(reading)
        else:
            self._commit(reading)

    def _commit(self, reading: Reading) -> None:
        """Show what was written so far."""
        self.writer.commit()
        self.shown_at = monotonic()
        self._reject_refused(reading)

    def _reject_refused(self, reading: Reading) -> None:
        """Reject what the engine refused, which was counted as if it had been taken."""
        refused = self.writer.take_refused()
        stored = self._documents([track_id for track_id, _ in refused])
        for (track_id, reason), old in zip(refused, stored, strict=True):
            reading.refuse(track_id, reason, None if old is None or self.was_empty else old.track)
        if refused:
            self.refused = True
            self.rejects.flush()

    def _new_names(self) -> dict[str, str]:
        """Leave out the spellings that the index already has: a run that changes nothing then writes nothing."""
        names = self.enricher.take_names()
        if self.was_empty:
            return names
        return {tag: spelling for tag, spelling in names.items() if self._spelling(tag) != spelling}

    def _spelling(self, tag_id: str) -> str | None:
        return self._ask(lambda: self.engine.tag_spelling(tag_id))

    def _documents(self, track_ids: Sequence[str]) -> Sequence[Document | None]:
        return self._ask(lambda: self.engine.documents(track_ids)) if track_ids else ()

    def _ask(self, ask: Callable[[], Answer]) -> Answer:
        """Ask the index, again and again while it is away."""
        began, said = monotonic(), False
        while True:
            try:
                return ask()
            except (BadIndex, NotLetIn):
                raise
            except SearchUnavailable as error:
                if monotonic() - began >= self.options.patience:
                    raise
                if not said:
                    self.progress.say(f"{error}; trying again for {self.options.patience:g} s")
                said = True
                sleep(_AGAIN)

    def _hear(self, documents: list[Document], found: Sequence[Found]) -> list[Document]:
        if self.listening is None:
            return documents
        advance = self.progress.advance if self.counts_files else lambda _n: None
        return self.listening.fill(documents, found, self.enricher, advance)

    def _kept(self, document: Document, old: Document) -> Document:
        """Carry over what was heard before, with what it implies."""
        kept = keep_heard(document, old)
        return kept if kept is document else self.enricher.imply([kept])[0]

    def _fresh(
        self, documents: list[Document], summary: LoadSummary, former: Mapping[str, Document]
    ) -> list[Document]:
        """Leave out what the index already holds: a delivery that changed little then costs little.

        Parameters
        ----------
        former
            What the index held of tracks under another id, by their id.
        """
        if self.was_empty:
            summary.added += len(documents)
            return documents
        fresh = []
        stored = self._documents([document.track.track_id for document in documents])
        for document, there in zip(documents, stored, strict=True):
            old = there or former.get(document.track.track_id)
            if old is None:
                summary.added += 1
                fresh.append(document)
            elif (renewed := self._kept(document, old)) == old:
                summary.unchanged += 1
            else:
                summary.count_change(old.track, document.track)
                fresh.append(renewed)
        return fresh

    def _finish(self, reading: Reading) -> None:
        if self.options.prune:
            self._commit(reading)  # an interrupted run may have left what is gone from the source since
            self._prune(reading)
        self.writer.set_checkpoint(_checkpoint_name(self.catalogue), "")
        if not reading.unidentified:  # such a file may still go by its path in the index
            self.ids.finish()
        reading.summary.renamed = self.ids.changed
        self._commit(reading)

    def _prune(self, reading: Reading) -> None:
        """Remove the tracks of this source that it no longer has, if every row could be told."""
        if gone := reading.gone(self.engine):
            reading.summary.pruned = self.writer.delete(gone)


def _nothing_known(_tag_id: str) -> None:
    return None
