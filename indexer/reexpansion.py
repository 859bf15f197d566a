"""A new model for an old index: implied tags made anew from the typed ones that are stored, no source needed.

A document says which model expanded it, so a run that was interrupted goes on with those that still carry another one.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from indexer.loading import BATCH_SIZE, Progress
from search.document import Document
from search.engine import IndexWriter, SearchEngine
from search.enrichment import Enricher, keep_heard


@dataclass
class ReexpandSummary:
    """How many documents were expanded anew, and how many already carried this model."""

    changed: int = 0
    unchanged: int = 0


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
        renewed = enricher.enrich([document.track for document in batch])
        writer.write([keep_heard(new, old) for new, old in zip(renewed, batch, strict=True)])
        writer.name_tags(enricher.take_names())
        writer.commit()
        summary.changed += len(batch)
        progress.advance(len(batch))
    return summary


def _stale(engine: SearchEngine, enricher: Enricher, summary: ReexpandSummary) -> Iterator[Document]:
    for document in engine.all_documents():
        if document.model_id == enricher.model_id:
            summary.unchanged += 1
        else:
            yield document
