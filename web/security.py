"""Headers on every answer: nothing runs or loads on our pages but our own files, and nobody frames them."""

from __future__ import annotations

from flask import Flask, Response, request

from web.settings import Settings

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

    @app.after_request
    def add_headers(response: Response) -> Response:
        response.headers.extend(HEADERS)
        if settings.hsts and request.is_secure:
            response.headers["Strict-Transport-Security"] = again
        return response
