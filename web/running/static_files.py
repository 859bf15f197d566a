"""Static files under addresses that name their content, so that browsers keep them and never ask again.

``/static/tagkin.css?v=1f6c…`` changes when the file does. Without the right version a file is served as well, to be
asked for again each time.
"""

from __future__ import annotations

from collections.abc import Callable
from hashlib import blake2b
from pathlib import Path
from typing import Any

from flask import Flask, Response, request, url_for

_FOREVER = "public, max-age=31536000, immutable"  # a year, the longest that caches promise anything


def register(app: Flask) -> None:
    """Have ``url_for('static', …)`` of the templates name the content, and browsers keep it."""
    versions = _versions(Path(app.static_folder or ""))
    app.jinja_env.globals["url_for"] = _remembered(versions)

    @app.after_request
    def let_keep(response: Response) -> Response:
        if request.endpoint == "static" and response.status_code in {200, 304}:
            path = (request.view_args or {}).get("filename", "")
            known = versions.get(path)
            fits = known is not None and request.args.get("v") == known
            response.headers["Cache-Control"] = _FOREVER if fits else "no-cache"
        return response


def _versions(folder: Path) -> dict[str, str]:
    """Return the digest of each static file, by its path in the folder."""
    paths = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): _digest(path) for path in paths}


def _digest(path: Path) -> str:
    return blake2b(path.read_bytes(), digest_size=6).hexdigest()


def _remembered(versions: dict[str, str]) -> Callable[..., str]:
    """Return a ``url_for`` that works out each address without free values once: a page has a dozen of them."""
    known: dict[tuple[str, str, str], str] = {}

    def address(endpoint: str, **values: Any) -> str:
        path = values.get("filename", "") if endpoint == "static" and len(values) == 1 else ""
        if endpoint.startswith(".") or (values and not path):
            return url_for(endpoint, **values)
        key = (request.script_root, endpoint, path)
        if key not in known:
            named = {**values, "v": versions[path]} if path in versions else values
            known[key] = url_for(endpoint, **named)
        return known[key]

    return address
