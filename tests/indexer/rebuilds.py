"""An index on a real server to rebuild, what it must hold, and ways to write to it meanwhile."""

from __future__ import annotations

import os
import random
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from itertools import count

from indexer.rebuilding import RebuildRun
from search.document import Document
from search.elastic.engine import ElasticEngine
from search.engine import IndexBusy, IndexWriter, SearchEngine
from search.enrichment import Enricher
from search.generations import RebuildOrder, Switched
from tagmodel.track import Track
from tests.indexer.test_loading import Journal
from tests.indexer.tiny_model import TinyModel
from tests.search.engine_contract import remove_indices

_numbers = count()
WORDS = ["sad", "slow", "piano", "Rock", "female vocals", "zeuhl", "ambient", "drum & bass", "!"]
NEW_MODEL = TinyModel("new", {"sad": ("piano", 7), "rock": ("slow", 99)})


def make_track(number: int, dice: random.Random, word: str = "Song") -> Track:
    tags = tuple(dice.sample(WORDS, 3))
    return Track(f"t:{number:05}", title=f"{word} {number}", artist=f"Artist {number % 7}", tags=tags)


def documents_of(tracks: Sequence[Track], model: TinyModel) -> list[Document]:
    return Enricher(model).enrich(tracks)  # type: ignore[arg-type]


@contextmanager
def writing(engine: SearchEngine) -> Iterator[IndexWriter]:
    """Write as soon as nobody else does."""
    while True:
        try:
            writer = engine.writer()
            break
        except IndexBusy:
            time.sleep(0.01)
    with writer:
        yield writer


def fill(engine: SearchEngine, tracks: Sequence[Track], model: TinyModel) -> None:
    enricher = Enricher(model)  # type: ignore[arg-type]
    with writing(engine) as writer:
        writer.write(enricher.enrich(tracks))
        writer.name_tags(enricher.take_names())
        writer.commit()


@contextmanager
def filled_index(server: str, tracks: Sequence[Track]) -> Iterator[str]:
    """Return the address of an index of its own on a server, which holds these tracks and is removed at the end."""
    address = f"{server}/rebuilt-{os.getpid()}-{next(_numbers)}"
    try:
        with closing(ElasticEngine.open(address, create=True)) as engine:
            fill(engine, tracks, TinyModel())
        yield address
    finally:
        remove_indices(address)


def stored(engine: SearchEngine) -> dict[str, Document]:
    return {document.track.track_id: document for document in engine.all_documents()}


class Between(Journal):
    """Progress that lets something else happen between two batches."""

    def __init__(self, then: Callable[[], None]) -> None:
        super().__init__()
        self.then = then

    def advance(self, n: int) -> None:
        self.then()


def rebuild(
    engine: ElasticEngine,
    model: TinyModel = NEW_MODEL,
    progress: Journal | None = None,
    batch_size: int = 50,
    before_check: Callable[[RebuildRun], None] = lambda _run: None,
    restart: bool = False,
) -> Switched:
    """Rebuild an index from itself."""
    progress = progress or Journal()
    order = RebuildOrder((), model.model_id)
    with engine.generations().rebuild(order, progress.say, restart) as begun:
        run = RebuildRun(begun, Enricher(model), progress)  # type: ignore[arg-type]
        run.fill(batch_size)
        before_check(run)
        run.check()
        return run.go_live()


@dataclass
class Busy:
    """Somebody who adds, changes and deletes tracks all the time, a few in each commit; knows what must be there."""

    engine: SearchEngine
    model: TinyModel
    expected: dict[str, Track]
    dice: random.Random
    most: int
    commits: int = 0
    deleted: int = 0
    failure: BaseException | None = None
    last_state: dict[str, int] = field(default_factory=dict)
    _stop: threading.Event = field(default_factory=threading.Event)

    def __enter__(self) -> Busy:
        self._thread = threading.Thread(target=self._run)
        self._thread.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._stop.set()
        self._thread.join()
        if self.failure is not None:
            raise self.failure

    def _run(self) -> None:
        try:
            while not self._stop.is_set():
                self.write()
                time.sleep(0.01)
        except BaseException as error:  # noqa: BLE001 - shown by the test's own thread
            self.failure = error

    def wait_for_commits(self, n: int = 2) -> None:
        """Wait until some more commits were made."""
        enough = self.commits + n
        while self.commits < enough and self.failure is None:
            time.sleep(0.01)

    def write(self) -> None:
        """Make one commit, of one to five changes."""
        changes: dict[str, Track | None] = {}
        for _ in range(self.dice.randint(1, 5)):
            number = self.dice.randrange(self.most)
            track = make_track(number, self.dice, f"Changed{self.commits}")
            changes[track.track_id] = None if self.dice.random() < 0.45 else track
        enricher = Enricher(self.model)  # type: ignore[arg-type]
        with writing(self.engine) as writer:
            writer.delete([track_id for track_id, track in changes.items() if track is None])
            writer.write(enricher.enrich([track for track in changes.values() if track is not None]))
            writer.name_tags(enricher.take_names())
            state = writer.commit()
        self.commits += 1
        for track_id, track in changes.items():
            self.last_state[track_id] = state.generation
            if track is not None:
                self.expected[track_id] = track
            elif self.expected.pop(track_id, None) is not None:
                self.deleted += 1
