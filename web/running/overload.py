"""What a worker does when more is asked of it than it can answer: it says so at once, and goes on with the rest.

A few requests are worked on, some more wait for a short time, and all others are told to come back, which costs next to
nothing. Without that, at three times the load that a server can bear each answer would come after its asker has left.
A body is read before its request gets its turn, so that nobody holds one by sending slowly. Recordings lie on the disk
meanwhile; they are heard in a process of their own, so they have turns of their own: no search waits for an ear.
"""

from __future__ import annotations

from collections.abc import Iterable
from io import BytesIO
from queue import Empty, SimpleQueue
from tempfile import TemporaryFile
from typing import IO, TYPE_CHECKING, NamedTuple

import msgspec
from flask import Flask, render_template

from web.api.problems import CONTENT_TYPE, PREFIX, UNAVAILABLE, Problem
from web.running import uploads
from web.running.cross_origin import origin_headers
from web.running.metrics import Measurements
from web.running.observing import request_id
from web.security import HEADERS
from web.settings import Settings

if TYPE_CHECKING:
    from _typeshed.wsgi import InputStream, StartResponse, WSGIApplication, WSGIEnvironment

# Requests that wait in a worker until one of those before them is answered.
WAITING = 64
# Longest that one waits; people have gone by then, and programs ask again.
PATIENCE = 2.0  # seconds
# Bodies that are read at once, and what is read of one: nothing here takes a longer one.
BODIES = 16
MAX_BODY = 16 * 1024 * 1024  # bytes
# Recordings that are read at once: they are sent by telephone for minutes, and no other body waits for that.
UPLOADS = 8
# Recordings that are heard at once, and how long another one waits for its turn.
HEARINGS = 2
HEARING_PATIENCE = 20.0  # seconds
# Read of a body at once.
_BLOCK = 256 * 1024  # bytes
# Threads that tell the others to come back, and answer those who watch.
SPARE = 8
RETRY_AFTER = "1"  # seconds

_WATCHING = {"/healthz", "/readyz", "/metrics"}


class _Refusal(NamedTuple):
    headers: list[tuple[str, str]]
    body: bytes


class Gate:
    """Lets so many requests in at once, and keeps a few waiting.

    Parameters
    ----------
    at_once
        Requests that are worked on; more only take turns on the same core.
    waiting
        Requests that wait beside those.
    """

    def __init__(self, app: Flask, at_once: int, waiting: int = WAITING, patience: float = PATIENCE) -> None:
        self._inner: WSGIApplication = app.wsgi_app
        self._measured: Measurements = app.extensions["measurements"]
        self._settings: Settings = app.extensions["settings"]
        self._page, self._problem = _refusals(app)
        self._patience = patience
        # Counted by queues, as a look at one and the taking from it is a single step there.
        self._places = _filled(at_once + waiting)
        self._turns = _filled(at_once)
        self._bodies = _filled(BODIES)
        self._uploads = _filled(UPLOADS)
        self._hearings = _filled(HEARINGS)

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer, or refuse."""
        if environ["PATH_INFO"] in _WATCHING:
            return self._inner(environ, start_response)
        try:
            self._places.get_nowait()
        except Empty:
            return self._refuse(environ, start_response)
        try:
            if not _has_body(environ):
                return self._in_turn(environ, start_response, self._turns, self._patience)
            return self._with_body(environ, start_response)
        finally:
            self._places.put(None)

    def _with_body(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Read the body ahead, then answer in turn; refuse where too many others are read."""
        is_upload = environ["PATH_INFO"] in uploads.PATHS
        most = uploads.MAX_BODY if is_upload else MAX_BODY
        if int(environ.get("CONTENT_LENGTH") or 0) > most:  # nothing of it is read, as it is refused for its length
            return self._in_turn(environ, start_response, self._turns, self._patience)
        bodies = self._uploads if is_upload else self._bodies
        try:
            bodies.get_nowait()
        except Empty:
            return self._refuse(environ, start_response)
        with TemporaryFile(prefix="tagkin-") if is_upload else BytesIO() as body:
            try:
                _read_ahead(environ["wsgi.input"], most, body)
            finally:
                bodies.put(None)
            environ["wsgi.input"] = body
            if is_upload:
                return self._in_turn(environ, start_response, self._hearings, HEARING_PATIENCE)
            return self._in_turn(environ, start_response, self._turns, self._patience)

    def _in_turn(
        self, environ: WSGIEnvironment, start_response: StartResponse, turns: SimpleQueue[None], patience: float
    ) -> Iterable[bytes]:
        try:
            turns.get(timeout=patience)
        except Empty:
            return self._refuse(environ, start_response)
        try:
            return self._inner(environ, start_response)
        finally:
            turns.put(None)

    def _refuse(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        self._measured.shed.inc()
        is_api = environ["PATH_INFO"].startswith(f"{PREFIX}/")
        refusal = self._problem if is_api else self._page
        # The application, which sends these with every other answer, never hears of this one.
        own = {"X-Request-ID": request_id(environ, self._settings.proxies > 0)}
        if is_api:
            own |= origin_headers(self._settings, environ.get("HTTP_ORIGIN", ""))
        start_response("503 Service Unavailable", [*refusal.headers, *own.items()])
        return [refusal.body]


def _has_body(environ: WSGIEnvironment) -> bool:
    return environ.get("CONTENT_LENGTH", "0") not in {"", "0"} or "HTTP_TRANSFER_ENCODING" in environ


def _read_ahead(given: InputStream, most: int, body: IO[bytes]) -> None:
    """Read a body into a file, and one byte more than it may have: that tells that it is too long."""
    left = most + 1
    while left and (block := given.read(min(_BLOCK, left))):
        left -= len(block)
        body.write(block)
    body.seek(0)


def _filled(size: int) -> SimpleQueue[None]:
    queue: SimpleQueue[None] = SimpleQueue()
    for _ in range(size):
        queue.put(None)
    return queue


def _refusals(app: Flask) -> tuple[_Refusal, _Refusal]:
    """Return the page and the problem that are sent; made once, as there is no time for it then."""
    title, says = "Too much is asked of us just now", "Try again in a second."
    with app.test_request_context("/"):
        page = render_template("error.html", code=503, title=title, message=says, text="")
    problem = Problem(
        type=f"{PREFIX}/v1/docs#{UNAVAILABLE.name}", title=UNAVAILABLE.title, status=503, detail=f"{title}. {says}"
    )
    return _refusal("text/html; charset=utf-8", page.encode()), _refusal(CONTENT_TYPE, msgspec.json.encode(problem))


def _refusal(content_type: str, body: bytes) -> _Refusal:
    own = {"Content-Type": content_type, "Retry-After": RETRY_AFTER, "Cache-Control": "no-store"}
    return _Refusal([*{**HEADERS, **own}.items(), ("Content-Length", str(len(body)))], body)
