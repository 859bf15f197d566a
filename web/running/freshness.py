"""What a client has already is not made again: an entity tag for each page and each answer of the API.

The same address in the same state of index, model, program and settings gets the same answer (docs/semantics.md), so
the tag is made of those alone and compared before any work is done. What turns out not to be all of that answer, as
the index failed on the way, goes without one and is kept by nobody. The tag is a weak one: it promises the same
content, and lets proxies compress it.
"""

from __future__ import annotations

from hashlib import blake2b
from importlib.metadata import version
from pathlib import Path

from flask import Flask, Response, g, request

from audiomodel.installed import missing_libraries
from search.engine import SearchUnavailable
from web.context import searcher
from web.running.observing import notes
from web.settings import Settings

# Blueprints whose answers are of the moment.
_OF_THE_MOMENT = {"health", "metrics"}
# Endpoints whose answers are files, with tags of their own.
_OF_FILES = {"static", "api.track_audio"}
_REVALIDATE, _NEVER_KEPT = "no-cache", "no-store"


def register(app: Flask, settings: Settings) -> None:
    """Have the application answer ``If-None-Match``."""
    program = _program(settings)

    @app.before_request
    def answer_if_unchanged() -> Response | None:
        tag = g.entity_tag = _entity_tag(program) if _is_lasting() else ""
        # RFC 9110 would have “*” answered with 304 as well, but only where there is something under the address. That
        # the view alone knows (an unknown track is 404), and whoever sends it has no answer to keep: it is passed over.
        if tag and tag in request.headers.get("If-None-Match", "").replace(", ", ",").split(","):
            return Response(status=304)
        return None

    @app.after_request
    def send_tag(response: Response) -> Response:
        tag = g.get("entity_tag", "")
        if notes().passing:
            response.headers["Cache-Control"] = _NEVER_KEPT
        elif tag and response.status_code in {200, 304}:
            response.headers["ETag"] = tag
            response.headers.setdefault("Cache-Control", _REVALIDATE)
        return response


def _is_lasting() -> bool:
    """Whether the same question gets the same answer until something changes."""
    lasting = request.endpoint is not None and request.endpoint not in _OF_FILES
    return lasting and request.method in {"GET", "HEAD"} and request.blueprint not in _OF_THE_MOMENT


def _entity_tag(program: bytes) -> str:
    """Return the tag of this address now; without an index there is none, as nothing lasts then."""
    source = searcher()
    try:
        state = source.engine.state()
    except SearchUnavailable:
        return ""
    notes().state = state
    what = f"{state} {source.model.model_id} {_address()}".encode()
    return f'W/"{blake2b(what, key=program, digest_size=12).hexdigest()}"'


def _address() -> str:
    """Return the whole address as it came, without the work of writing it nicely."""
    wsgi = request.environ
    parts = ("wsgi.url_scheme", "HTTP_HOST", "SCRIPT_NAME", "PATH_INFO", "QUERY_STRING", "HTTP_ACCEPT")
    return "\n".join([wsgi.get(part, "") for part in parts])


def _program(settings: Settings) -> bytes:
    """Return a digest of what makes the answers: version, what can be played and heard, files of the web package."""
    card = (settings.tagger / "card.json").read_bytes() if settings.tagger else b""
    told = (version("tagkin"), settings.audio_root, settings.previews, card, missing_libraries())
    digest = blake2b(repr(told).encode(), digest_size=12)
    folder = Path(__file__).parent.parent
    for path in sorted(path for path in folder.rglob("*") if path.suffix in {".py", ".html", ".js", ".css", ".svg"}):
        digest.update(path.relative_to(folder).as_posix().encode() + b"\0" + path.read_bytes())
    return digest.digest()
