"""What a client has already is not made again: an entity tag for each page and each answer of the API.

The same address in the same state of index, model and program gets the same answer (docs/semantics.md), so the tag is
made of those alone and compared before any work is done. It is a weak one: it promises the same content, and lets
proxies compress it.
"""

from __future__ import annotations

from hashlib import blake2b
from importlib.metadata import version
from pathlib import Path

from flask import Flask, Response, g, request

from search.engine import SearchUnavailable
from web.context import searcher

# Blueprints whose answers are of the moment.
_OF_THE_MOMENT = {"health", "metrics"}
# Endpoints whose answers are files, with tags of their own.
_OF_FILES = {"static", "api.track_audio"}
_REVALIDATE = "no-cache"


def register(app: Flask) -> None:
    """Have the application answer ``If-None-Match``."""
    program = _program()

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
        if tag and response.status_code in {200, 304}:
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
    what = f"{state} {source.model.model_id} {_address()}".encode()
    return f'W/"{blake2b(what, key=program, digest_size=12).hexdigest()}"'


def _address() -> str:
    """Return the whole address as it came, without the work of writing it nicely."""
    wsgi = request.environ
    parts = ("wsgi.url_scheme", "HTTP_HOST", "SCRIPT_NAME", "PATH_INFO", "QUERY_STRING", "HTTP_ACCEPT")
    return "\n".join([wsgi.get(part, "") for part in parts])


def _program() -> bytes:
    """Return a digest of what makes the answers: the version, and the files of the web package."""
    digest = blake2b(version("tagkin").encode(), digest_size=12)
    folder = Path(__file__).parent.parent
    for path in sorted(path for path in folder.rglob("*") if path.suffix in {".py", ".html", ".js", ".css", ".svg"}):
        digest.update(path.relative_to(folder).as_posix().encode() + b"\0" + path.read_bytes())
    return digest.digest()
