"""A new model renews the whole index from what is stored in it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from indexer.reexpansion import reexpand_index
from search.document import Document
from search.engine import IndexWriter, SearchEngine
from search.engines import open_engine
from search.enrichment import Enricher
from search.sound import SOUND_DIMENSIONS, Moment, Sound, quantize
from tagmodel.track import Track
from tests.indexer.test_loading import Journal
from tests.indexer.tiny_model import TinyModel, tag

VECTOR = quantize(np.arange(1.0, SOUND_DIMENSIONS + 1))
SOUND = Sound(VECTOR, (Moment(0.0, 30.0, VECTOR, (tag("rock"),)),), 30.0, 97.5, tagger_id="t", file="a/b.mp3")
NEW = TinyModel("new", {"sad": ("piano", 7)})


@pytest.fixture
def engine(tmp_path: Path) -> SearchEngine:
    opened = open_engine(str(tmp_path / "index"), create=True)
    tracks = [Track(f"t:{at}", tags=("Sad", "zeuhl")) for at in range(10)]
    heard = [
        Document(track, heard=(tag("sad"), tag("rock")), heard_weights=(9, 8), faint=(tag("zeuhl"), "far"), sound=SOUND)
        for track in tracks
    ]
    with opened.writer() as writer:
        writer.write(heard)
        writer.commit()
    return opened


def reexpand(engine: SearchEngine, writer: IndexWriter, model: TinyModel = NEW) -> tuple[int, int]:
    summary = reexpand_index(engine, writer, Enricher(model), Journal(), batch_size=3)  # type: ignore[arg-type]
    return summary.changed, summary.unchanged


def test_every_document_is_expanded_anew_and_keeps_what_was_heard(engine: SearchEngine) -> None:
    with engine.writer() as writer:
        assert reexpand(engine, writer) == (10, 0)
    for document in engine.all_documents():
        assert document.track.tags == ("Sad", "zeuhl")
        assert document.typed == (tag("sad"), tag("zeuhl"))
        assert (document.implied, document.implied_weights, document.model_id) == ((tag("piano"),), (7,), "new")
        assert (document.heard, document.heard_weights) == ((tag("rock"),), (8,))
        assert (document.faint, document.sound) == (("far",), SOUND)
    assert engine.tag_spelling(tag("piano")) == "piano"
    assert engine.state().model_id == "new"


def test_a_broken_off_run_goes_on_with_what_is_left(engine: SearchEngine) -> None:
    class Breaking(Journal):
        def advance(self, n: int) -> None:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt), engine.writer() as writer:
        reexpand_index(engine, writer, Enricher(NEW), Breaking(), batch_size=3)  # type: ignore[arg-type]
    assert engine.state().model_id == "mixed"
    with engine.writer() as writer:
        assert reexpand(engine, writer) == (7, 3)
    assert engine.state().model_id == "new"
