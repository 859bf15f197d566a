"""One track at a time into an index, as a program writes it; catalogues have `indexer` for that.

It is found from the moment that this returns, by every process that searches the index.
"""

from __future__ import annotations

import threading
import time
from contextlib import suppress

from search.engine import IndexBusy, IndexState, IndexWriter, SearchEngine
from search.enrichment import Enricher, keep_heard
from tagmodel.model import TagModel
from tagmodel.track import Track

# How long one waits for another program that writes: a write of this kind takes milliseconds, and another generation
# takes the place of the old one in a second or two.
PATIENCE = 3.0  # seconds
_AGAIN = 0.02  # seconds

# Of the threads of one process, one writes at a time.
_turn = threading.Lock()


class OtherModel(Exception):
    """The tracks of the index were expanded by another model, and are not to be mixed."""


class RefusedTrack(Exception):
    """The engine does not take the track as it is; the message says why."""


def put_track(engine: SearchEngine, model: TagModel, track: Track) -> tuple[IndexState, bool]:
    """Write a track, replacing the one of its id; what was heard on that stays.

    Returns
    -------
    state, created
        What searches see from now on; whether the id is new.

    Raises
    ------
    OtherModel
        If the index belongs to another model.
    RefusedTrack
        If the engine does not take the track; the one of its id, if there was one, stays.
    SearchUnavailable
        If the index cannot be read or written, or another program writes for longer than `PATIENCE`.
    """
    with _turn, wait_for_writer(engine) as writer:
        # Asked while nobody else writes: another program may just have expanded the index with another model.
        enricher = Enricher(model, expand=_expands(engine.state(), model), known_spelling=engine.tag_spelling)
        (old,) = engine.documents([track.track_id])
        hear = None if old is None else lambda made: [keep_heard(made[0], old)]
        writer.write(enricher.enrich([track], hear))
        names = enricher.take_names()
        writer.name_tags({tag: name for tag, name in names.items() if engine.tag_spelling(tag) != name})
        state = writer.commit()
        for refused in writer.take_refused():
            raise RefusedTrack(refused.reason)
        return state, old is None


def delete_track(engine: SearchEngine, track_id: str) -> tuple[IndexState, bool]:
    """Take a track out of the index.

    Returns
    -------
    state, was_there
        What searches see from now on; whether there was such a track.

    Raises
    ------
    SearchUnavailable
        If the index cannot be read or written, or another program writes for longer than `PATIENCE`.
    """
    with _turn, wait_for_writer(engine) as writer:
        was_there = writer.delete([track_id]) > 0
        return writer.commit(), was_there


def _expands(state: IndexState, model: TagModel) -> bool:
    """Whether the tracks of an index have implied tags; they are all of one kind, and stay so."""
    if state.n_tracks == 0 or state.model_id == model.model_id:
        return True
    if state.model_id == "":
        return False
    raise OtherModel(
        f"the index was made with model {state.model_id}, here is {model.model_id}: run tagkin index --reexpand"
    )


def wait_for_writer(engine: SearchEngine, patience: float = 0.0) -> IndexWriter:
    """Open an index for writing, after whoever writes just one track.

    Parameters
    ----------
    patience
        Seconds that the writer keeps trying while the index is away.

    Raises
    ------
    IndexBusy
        If another program writes for longer than `PATIENCE`.
    """
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        with suppress(IndexBusy):
            return engine.writer(patience)
        time.sleep(_AGAIN)
    return engine.writer(patience)
