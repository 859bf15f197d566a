"""Pages over the hand-made blocks of tags (`tests.tagmodel.tag_blocks`): a graph small enough to know by heart."""

from __future__ import annotations

from collections.abc import Sequence

from search.document import Document
from search.embedded import EmbeddedEngine
from search.searcher import Searcher
from tagmodel.track import Track
from tests.tagmodel.tag_blocks import block_model

TRACKS = (
    Track("fma:1", "Raga", "Anoushka", "", "World", "CC BY", 900, tags=("sitar", "tabla", "indian")),
    Track("fma:2", "Morning <b>Raga</b>", "Anoushka", "", "World", "CC BY", 700, tags=("sitar",)),
    *(Track(f"fma:{10 + n}", f"Club {n:02}", "Kokoon", tags=("techno",)) for n in range(14)),
    Track("fma:90", "Mine", "Me", tags=("my own word", "sitar <i>")),
)


def filled(engine: EmbeddedEngine, tracks: Sequence[Track] = TRACKS) -> Searcher:
    """Put the tracks into an empty index, and search it with the blocks."""
    model = block_model()
    ids = {spelling: model.vocabulary.canonical_id(spelling) for track in tracks for spelling in track.tags}
    with engine.writer() as writer:
        writer.name_tags({ids[spelling]: spelling for spelling in ids})
        writer.write([Document(track, tuple(ids[one] for one in track.tags), model_id="blocks") for track in tracks])
        writer.commit()
    return Searcher(engine, model)

