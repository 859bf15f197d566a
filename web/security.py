"""Headers on every answer: nothing runs or loads on our pages but our own files, and nobody frames them."""

from __future__ import annotations

from flask import Flask, Response, request

from web.settings import Settings

# Pages that record what somebody plays to them, once they allow it.
_RECORDING = {"similar", "suggest"}
_MICROPHONE = "camera=(), geolocation=(), microphone=(self)"

_POLICY = (
    "default-src 'self'",
    "base-uri 'none'",
    "form-action 'self'",
    "frame-ancestors 'none'",
    "object-src 'none'",
)
HEADERS = {
    "Content-Security-Policy": "; ".join(_POLICY),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Cross-Origin-Opener-Policy": "same-origin",
}


def register(app: Flask, settings: Settings) -> None:
    """Have the application send the headers; over TLS also that browsers are to come back that way, if so set."""
    again = f"max-age={settings.hsts}"
    headers = HEADERS | {"Content-Security-Policy": _policy(settings)}

    @app.after_request
    def add_headers(response: Response) -> Response:
        response.headers.extend(headers)
        if request.blueprint in _RECORDING:
            response.headers["Permissions-Policy"] = _MICROPHONE
        if settings.hsts and request.is_secure:
            response.headers["Strict-Transport-Security"] = again
        return response


def _policy(settings: Settings) -> str:
    """Return what may be loaded; sound also from origins that were set."""
    sound = " ".join(["media-src 'self'", *settings.previews])
    return "; ".join([*_POLICY, sound])
