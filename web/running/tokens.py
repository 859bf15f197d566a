"""Who may write: whoever presents a token that was set; without any set, nobody.

Asked before anything of the request is read but its head.
"""

from __future__ import annotations

import hmac

from flask import Flask, Response, request

from web.api.app import OPERATIONS
from web.api.problems import FORBIDDEN, NOT_ALLOWED, Refusal
from web.settings import Settings

_CHALLENGE = 'Bearer realm="tagkin"'


def register(app: Flask, settings: Settings) -> None:
    """Have the application ask for a token where an operation is secured."""
    secured = {f"api.{one.name}" for one in OPERATIONS if one.secured}
    known = [token.encode() for token in settings.tokens]

    @app.before_request
    def ask_for_token() -> None:
        if request.endpoint in secured:
            require_token(request.headers.get("Authorization", ""), known)

    @app.after_request
    def say_what_is_asked(response: Response) -> Response:
        if response.status_code == 401:
            response.headers["WWW-Authenticate"] = _CHALLENGE
        return response


def require_token(given: str, known: list[bytes]) -> None:
    """Refuse a request without a known token.

    Raises
    ------
    web.api.problems.Refusal
        If no tokens are set, or none of them was given.
    """
    if not known:
        raise Refusal(
            FORBIDDEN,
            "writing is switched off here: start tagkin serve with --tokens-file, or with TAGKIN_TOKENS set",
        )
    scheme, _, token = given.partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise Refusal(NOT_ALLOWED, "expected the header Authorization: Bearer TOKEN")
    # All are compared, each in the same time: how long it takes tells nothing about any of them.
    if not sum(hmac.compare_digest(token.strip().encode(), one) for one in known):
        raise Refusal(NOT_ALLOWED, "the server does not know this token")
