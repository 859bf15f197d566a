"""A searcher that outlives its index: opened when there is one, given up when it is gone, anew when it is another.

A worker that starts while the index is away serves the pages that need none, and the others as soon as it is back. New
generations of the same index are the engine's own business; here it is about another index at the same address.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Hashable
from contextlib import suppress
from typing import Any, NoReturn

from search.engine import SearchEngine, SearchUnavailable
from search.engines import identify_index, open_engine
from search.result import SearchRequest
from search.searcher import Searcher
from tagmodel.model import TagModel
from web.running.observing import ObservedSearcher

_log = logging.getLogger(__name__)

# How often the address is looked at; in between, what was found last counts.
LOOK_EVERY = 0.25  # seconds
# A search that began in an index that was replaced ends in it; its files are held open this long for that.
LINGER = 30.0  # seconds


class AwayEngine:
    """`search.engine.SearchEngine` where no index is."""

    def _refuse(self, *_: Any, **__: Any) -> NoReturn:
        # Where it should be is for whoever runs the server, who finds it in the log, and not for the world.
        raise SearchUnavailable("the index is away; as soon as it is back, it is used again")

    search = count = documents = all_documents = tag_counts = tag_spelling = has_word = _refuse
    state = writer = attachment = _refuse

    def close(self) -> None:
        """Hold nothing, release nothing."""


class SearcherKeeper:
    """Gives the searcher of whatever index lies at an address now; may be shared by threads.

    Parameters
    ----------
    address
        As `search.engines.open_engine` takes it.
    """

    def __init__(self, address: str, model: TagModel) -> None:
        self._address = address
        self._model = model
        self._lock = threading.Lock()
        self._identity: Hashable = None
        self._why = ""
        self._searcher: Searcher = ObservedSearcher(AwayEngine(), model)
        self._left: list[tuple[float, SearchEngine]] = []
        self._look_at = 0.0
        self.current()

    def current(self) -> Searcher:
        """Return the searcher of now; without an index, one that raises `SearchUnavailable` when it needs one."""
        if time.monotonic() >= self._look_at and self._lock.acquire(blocking=False):
            try:
                self._look()
            finally:
                self._look_at = time.monotonic() + LOOK_EVERY
                self._lock.release()
        return self._searcher

    def warm_up(self) -> None:
        """Search once, so that nobody waits for what the first search makes anew."""
        source = self.current()
        with suppress(SearchUnavailable):
            counts = source.engine.tag_counts()
            most_used = max(counts, key=lambda tag_id: counts[tag_id], default="")
            source.search(SearchRequest(source.lexicon.spelling(most_used), literal=True))

    def close(self) -> None:
        """Release the index."""
        with self._lock:
            self._look_at = float("inf")
            for engine in (self._searcher.engine, *(engine for _, engine in self._left)):
                engine.close()

    def _look(self) -> None:
        try:
            identity = identify_index(self._address)
            if identity != self._identity:
                self._take(identity, open_engine(self._address))
        except SearchUnavailable as error:
            self._give_up(error)
        self._close_left()

    def _give_up(self, error: SearchUnavailable) -> None:
        if str(error) != self._why:
            self._why = str(error)
            _log.warning("%s", error)
            self._take(None, AwayEngine())

    def _take(self, identity: Hashable, engine: SearchEngine) -> None:
        self._left.append((time.monotonic() + LINGER, self._searcher.engine))
        self._identity = identity
        self._why = "" if identity else self._why
        # A searcher of its own: what the other one remembers of an index may be wrong for this one.
        self._searcher = ObservedSearcher(engine, self._model)

    def _close_left(self) -> None:
        while self._left and self._left[0][0] < time.monotonic():
            self._left.pop(0)[1].close()
