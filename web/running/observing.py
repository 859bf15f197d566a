"""What is noted while a request is answered: when it began, and what the searches in it took and found."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import wraps
from typing import Any, ParamSpec, TypeVar

from flask import Flask, Response, g, has_app_context
from flask import request as asked

from search.engine import IndexState
from search.result import SearchRequest, SearchResult
from search.searcher import Searcher

P = ParamSpec("P")
T = TypeVar("T")

# Where people search; what other pages look up is nobody's search.
_SEARCHES = frozenset({"search.show", "api.search"})
# Ids that a proxy may give to requests, so that its log and ours can be laid side by side.
_GIVEN_ID = re.compile(r"[\w.:-]{1,64}", re.ASCII)


@dataclass(slots=True)
class Notes:
    """What is noted of one request.

    Parameters
    ----------
    began
        `time.perf_counter` at its begin.
    searching
        Seconds in the searcher, by what was asked of it; None until anything was.
    found
        The first search of a request that is one; other pages search too, for their own ends.
    state
        The state of the index that the answer is said to be of; None where nothing is said.
    passing
        Whether the answer is of the moment alone: the index failed on the way, or gave what it was before.
    """

    request_id: str
    began: float
    searching: dict[str, float] = field(default_factory=dict)
    found: SearchResult | None = None
    inside: bool = False
    state: IndexState | None = None
    passing: bool = False


def register(app: Flask, trusted: bool) -> None:
    """Take notes of each request, and send its id along.

    Parameters
    ----------
    trusted
        Whether a proxy stands in front, whose ids of requests are taken over.
    """

    @app.before_request
    def begin() -> None:
        g.notes = Notes(request_id(asked.environ, trusted), time.perf_counter())

    @app.after_request
    def send_id(response: Response) -> Response:
        response.headers["X-Request-ID"] = notes().request_id
        return response


def request_id(environ: Mapping[str, Any], trusted: bool) -> str:
    """Return the id of a request: the one that a trusted proxy gave it, else a new one."""
    given = environ.get("HTTP_X_REQUEST_ID", "") if trusted else ""
    return given if _GIVEN_ID.fullmatch(given) else os.urandom(8).hex()


def notes() -> Notes:
    """Return the notes of the request that is being answered."""
    noted: Notes = g.notes
    return noted


def note_passing() -> None:
    """Note that the index failed: what is answered without it is not what the same question gets next."""
    if (noted := _noted()) is not None:
        noted.passing = True


def note_state(state: IndexState) -> None:
    """Note that something of the answer is of this state of the index."""
    noted = _noted()
    if noted is not None and noted.state is not None and noted.state != state:
        noted.passing = True


def _noted() -> Notes | None:
    """Return the notes of the request that is being answered, None outside of any."""
    return g.get("notes") if has_app_context() else None


def _observed(method: Callable[P, T]) -> Callable[P, T]:
    """Wrap a method of the searcher such that its time is noted under its name."""

    @wraps(method)
    def timed(*args: P.args, **kwargs: P.kwargs) -> T:
        with _timed(method.__name__):
            return method(*args, **kwargs)

    return timed


class ObservedSearcher(Searcher):
    """A searcher whose time and findings are noted with the request that asked."""

    similar = _observed(Searcher.similar)
    similar_sound = _observed(Searcher.similar_sound)
    found_by = _observed(Searcher.found_by)
    suggest = _observed(Searcher.suggest)
    suggest_batch = _observed(Searcher.suggest_batch)

    def search(self, request: SearchRequest) -> SearchResult:
        """Run a search, and note what it found."""
        with _timed("search") as noted:
            result = super().search(request)
        if noted is not None and noted.found is None and asked.endpoint in _SEARCHES:
            noted.found = result
        return result


def always(searcher: Searcher) -> Callable[[], Searcher]:
    """Return what gives one searcher, observed, for every request."""
    observed = ObservedSearcher(searcher.engine, searcher.model)
    return lambda: observed


@contextmanager
def _timed(operation: str) -> Iterator[Notes | None]:
    """Add the time to the notes, unless within another operation, whose time it is."""
    noted = _noted()
    if noted is None or noted.inside:
        yield noted
        return
    noted.inside = True
    began = time.perf_counter()
    try:
        yield noted
    finally:
        noted.inside = False
        noted.searching[operation] = noted.searching.get(operation, 0.0) + time.perf_counter() - began
