"""Which other sites' scripts may read the API: none, unless their origins were set; and never the pages."""

from __future__ import annotations

from flask import Flask, Response, request
from werkzeug.http import parse_set_header

from web.api.problems import PREFIX
from web.settings import Settings

# What scripts may send beyond what they always may, and see beyond what they always see.
_MAY_SEND = "Authorization, Content-Type, If-None-Match"
_MAY_SEE = "ETag, Retry-After, RateLimit-Limit, RateLimit-Remaining, RateLimit-Reset, X-Request-ID"
_METHODS = "GET, POST, PUT, DELETE"
_REMEMBERED = "600"  # seconds that a browser need not ask again


def register(app: Flask, settings: Settings) -> None:
    """Have the API tell browsers which origins it answers."""
    if not settings.origins:
        return

    @app.before_request
    def answer_preflight() -> Response | None:
        if request.method != "OPTIONS" or "Access-Control-Request-Method" not in request.headers or not _is_api():
            return None
        allowed = {"Allow-Methods": _METHODS, "Allow-Headers": _MAY_SEND, "Max-Age": _REMEMBERED}
        return Response(status=204, headers={f"Access-Control-{name}": value for name, value in allowed.items()})

    @app.after_request
    def name_origin(response: Response) -> Response:
        if _is_api():
            named = origin_headers(settings, request.headers.get("Origin", ""))
            response.vary.update(parse_set_header(named.pop("Vary", "")))
            response.headers.update(named)
        return response


def origin_headers(settings: Settings, origin: str) -> dict[str, str]:
    """Return the headers by which a browser knows whether scripts of an origin may read an answer of the API."""
    if not settings.origins:
        return {}
    everyone = "*" in settings.origins
    headers = {} if everyone else {"Vary": "Origin"}
    if everyone or origin in settings.origins:
        headers["Access-Control-Allow-Origin"] = "*" if everyone else origin
        headers["Access-Control-Expose-Headers"] = _MAY_SEE
    return headers


def _is_api() -> bool:
    return request.path.startswith(f"{PREFIX}/")
