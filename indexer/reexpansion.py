"""A new model for an old index: implied tags made anew from the typed ones that are stored, no source needed.

A document says which model expanded it, so a run that was interrupted goes on with those that still carry another one.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from indexer.loading import BATCH_SIZE, Progress
from indexer.rejects import SHOWN
from search.document import Document
from search.engine import IndexWriter, SearchEngine
from search.enrichment import Enricher, keep_heard


@dataclass
class ReexpandSummary:
    """How many documents were expanded anew, already carried this model, or stay as they were.

    Parameters
    ----------
    refused
        Those that the engine did not take with their new tags.
    """

    changed: int = 0
    unchanged: int = 0
    refused: int = 0


def reexpand_index(
    engine: SearchEngine, writer: IndexWriter, enricher: Enricher, progress: Progress, batch_size: int = BATCH_SIZE
) -> ReexpandSummary:
    """Expand every document of an index with the enricher's model.

    Raises
    ------
    SearchUnavailable
        If the index cannot be read or written; batches before that point stay.
    """
    summary = ReexpandSummary()
    enricher.known_spelling = engine.tag_spelling
    progress.begin("expanding anew")
    documents = _stale(engine, enricher, summary)
    while batch := list(islice(documents, batch_size)):
        writer.write(_renewed(enricher, batch))
        writer.name_tags(enricher.take_names())
        writer.flush()
        summary.changed += len(batch)
        _say_refused(writer, summary, progress)
        progress.advance(len(batch))
    writer.commit()
    _say_refused(writer, summary, progress)
    return summary


def _say_refused(writer: IndexWriter, summary: ReexpandSummary, progress: Progress) -> None:
    for track_id, reason in writer.take_refused():
        summary.changed -= 1
        summary.refused += 1
        if summary.refused <= SHOWN:
            progress.say(f"the track {track_id} is not expanded: the index does not take it: {reason}")


def _renewed(enricher: Enricher, documents: list[Document]) -> list[Document]:
    tracks = [document.track for document in documents]
    return enricher.enrich(tracks, lambda made: list(map(keep_heard, made, documents)))


def _stale(engine: SearchEngine, enricher: Enricher, summary: ReexpandSummary) -> Iterator[Document]:
    for document in engine.all_documents():
        if document.model_id == enricher.model_id:
            summary.unchanged += 1
        else:
            yield document
