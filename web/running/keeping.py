"""A searcher that outlives its index: opened when there is one, given up when it is gone, anew when it is another.

A worker that starts while the index is away serves the pages that need none, and the others as soon as it is back. New
generations of the same index are the engine's own business; here it is about another index at the same address, and
about one that does not answer. An address may take seconds to say so, hence nobody looks there while answering:
requests have looks taken in a thread beside them, one at a time, and go on with what the last one found.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Hashable, Iterator, Mapping
from contextlib import suppress
from typing import Any, NoReturn

from search.document import Document
from search.engine import RefusedRequest, SearchEngine, SearchUnavailable, TagCounts
from search.engines import identify_index, open_engine
from search.plan import Plan
from search.result import SearchRequest
from search.searcher import Searcher
from tagmodel.model import TagModel
from web.running.observing import ObservedSearcher, note_passing, note_state

_log = logging.getLogger(__name__)

# How often the address is looked at; in between, what was found last counts.
LOOK_EVERY = 0.25  # seconds
# After a look that took longer, the address is left alone for as long as it took, but for no more than this.
LONGEST_PAUSE = 1.0  # seconds
# Whoever has a look taken waits so long for it: most are over at once, and then the answer is of now.
PATIENCE = 0.2  # seconds
# A worker that starts waits so long for its index before it serves without one: those before it stop after 3.5 s.
FIRST_PATIENCE = 2.0  # seconds
# A search that began in an index that was replaced ends in it; its files are held open this long for that.
LINGER = 30.0  # seconds


def _away(public: str) -> SearchUnavailable:
    # Where it should be is for whoever runs the server, who finds it in the log, and not for the world.
    why = f": {public}" if public else ""
    return SearchUnavailable(f"the index is away{why}; as soon as it is back, it is used again", public=public)


class AwayEngine:
    """`search.engine.SearchEngine` where no index is.

    Parameters
    ----------
    public
        Why, as `search.engine.SearchUnavailable` has it.
    """

    def __init__(self, public: str = "") -> None:
        self._public = public

    def _refuse(self, *_: Any, **__: Any) -> NoReturn:
        raise _away(self._public)

    search = count = documents = all_documents = tag_counts = tag_spelling = has_word = _refuse
    state = writer = attachment = _refuse

    def close(self) -> None:
        """Hold nothing, release nothing."""


def _watched(name: str) -> Callable[..., Any]:
    """Return the method of `WatchedEngine` that asks the engine's of this name."""

    def ask(self: WatchedEngine, *args: Any, **named: Any) -> Any:
        self.refuse_after_failure()
        try:
            return getattr(self.inner, name)(*args, **named)
        except RefusedRequest:
            note_passing()
            raise
        except SearchUnavailable as error:
            self.fail(error)
            raise

    return ask


_count_tags = _watched("tag_counts")


class WatchedEngine:
    """An engine that after a failure refuses at once, until it is found to be well again.

    Whoever asks an engine that does not answer waits for its time limit; that one waits is enough for all. What is
    refused for what it is fails alone. Writing is not watched: what keeps a writer out, another one or a full disk,
    says nothing about searches.

    Parameters
    ----------
    tell
        Called after each failure.
    """

    def __init__(self, engine: SearchEngine, tell: Callable[[], None]) -> None:
        self.inner = engine
        self._tell = tell
        self._failure: SearchUnavailable | None = None
        self.writer = engine.writer
        self.close = engine.close

    search = _watched("search")
    count = _watched("count")
    documents = _watched("documents")
    tag_spelling = _watched("tag_spelling")
    has_word = _watched("has_word")
    attachment = _watched("attachment")
    state = _watched("state")

    def tag_counts(self) -> Mapping[str, int]:
        """Return how many tracks each tag was typed on, by tag id; while they are counted anew, as many as before."""
        counts: Mapping[str, int] = _count_tags(self)
        if isinstance(counts, TagCounts):
            note_state(counts.state)
        return counts

    def all_documents(self) -> Iterator[Document]:
        """Yield every document, by track id ascending."""
        self.refuse_after_failure()
        try:
            yield from self.inner.all_documents()
        except SearchUnavailable as error:
            self.fail(error)
            raise

    def refuse_after_failure(self) -> None:
        """Raise `SearchUnavailable` where the engine is known not to answer."""
        if self._failure is not None:
            note_passing()
            raise _away(self._failure.public)

    def fail(self, error: SearchUnavailable) -> None:
        """Refuse from now on."""
        self._failure = error
        note_passing()
        self._tell()

    def try_again(self) -> None:
        """After a failure, try the engine; where it answers, refuse no longer.

        Raises
        ------
        SearchUnavailable
            If it does not answer.
        """
        if self._failure is not None:
            self.inner.count(Plan())
            self._failure = None


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
        # Held while somebody looks.
        self._lock = threading.Lock()
        self._identity: Hashable = None
        self._watched: WatchedEngine | None = None
        self._searcher: Searcher = ObservedSearcher(AwayEngine("the index is being opened"), model)
        self._why = ""
        self._left: list[tuple[float, SearchEngine]] = []
        self._look_at = 0.0
        self._have_looked(FIRST_PATIENCE)

    def current(self) -> Searcher:
        """Return the searcher of now; without an index, one that raises `SearchUnavailable` when it needs one."""
        if time.monotonic() >= self._look_at:
            self._have_looked(PATIENCE)
        return self._searcher

    def warm_up(self) -> None:
        """Search once, so that nobody waits for what the first search makes anew."""
        source = self.current()
        with suppress(SearchUnavailable):
            counts = source.engine.tag_counts()
            most_used = max(counts, key=lambda tag_id: counts[tag_id], default="")
            source.search(SearchRequest(source.lexicon.spelling(most_used), literal=True))

    def close(self) -> None:
        """Release the index, after the look that is being taken; nobody looks again."""
        self._lock.acquire()
        for engine in (self._searcher.engine, *(engine for _, engine in self._left)):
            engine.close()

    def _have_looked(self, patience: float = 0.0) -> None:
        """Have a look taken in a thread of its own, unless one is, and wait for it so many seconds."""
        if not self._lock.acquire(blocking=False):
            return
        look = threading.Thread(target=self._look, name="look-for-index", daemon=True)
        try:
            look.start()
        except RuntimeError:  # no thread is to be had now: the next request tries again
            self._lock.release()
            raise
        look.join(patience)

    def _look(self) -> None:
        began = time.monotonic()
        try:
            identity = identify_index(self._address)
            if self._watched is None or identity != self._identity:
                self._take(identity, _open_and_try(self._address))
            else:
                self._watched.try_again()
        except SearchUnavailable as error:
            self._give_up(error)
        finally:
            self._close_left()
            now = time.monotonic()
            self._look_at = now + min(max(now - began, LOOK_EVERY), LONGEST_PAUSE)
            self._lock.release()

    def _give_up(self, error: SearchUnavailable) -> None:
        # Texts for the log may differ from one failure to the next, as by a time.
        why = error.public or str(error)
        if why != self._why:
            _log.warning("%s", error)
            self._replace(None, None, AwayEngine(error.public), why)

    def _take(self, identity: Hashable, engine: SearchEngine) -> None:
        if self._why:
            _log.warning("the index is back")
        watched = WatchedEngine(engine, tell=self._have_looked)
        self._replace(identity, watched, watched, "")

    def _replace(self, identity: Hashable, watched: WatchedEngine | None, engine: SearchEngine, why: str) -> None:
        self._left.append((time.monotonic() + LINGER, self._searcher.engine))
        self._identity, self._watched, self._why = identity, watched, why
        # A searcher of its own: what the other one remembers of an index may be wrong for this one.
        self._searcher = ObservedSearcher(engine, self._model)

    def _close_left(self) -> None:
        while self._left and self._left[0][0] < time.monotonic():
            self._left.pop(0)[1].close()


def _open_and_try(address: str) -> SearchEngine:
    """Open the engine at an address, and see whether all of it answers: one that is half up would fail at searches."""
    engine = open_engine(address)
    try:
        engine.count(Plan())
    except SearchUnavailable:
        engine.close()
        raise
    return engine
