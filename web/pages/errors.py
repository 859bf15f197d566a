"""Errors as pages: what went wrong, in the same design, with something to do next.

The domain's named exceptions become statuses: a query that cannot be understood is a 400 that points at the place, an
index that cannot answer is a 503, never "no results". Under the addresses of the API the same errors are problems for
programs (`web.api.problems`).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from flask import Flask, current_app, render_template, request
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import HTTPException

from audiomodel.problems import AudioProblem
from search.engine import SearchUnavailable
from search.query import QueryError
from search.result import RequestError
from web.addresses import MAX_TEXT, AddressError
from web.api.problems import PREFIX, RETRY_AFTER, Refusal, answer_problem, public_words
from web.context import searcher
from web.pages.naming import tag_of_model
from web.values import unseen_character

_Error = TypeVar("_Error", bound=Exception)

_HTTP_WORDS = {
    404: ("There is no such page", "The address may have been cut off when it was copied."),
    405: ("This page cannot be written to", "Pages here are only read: open the address instead of sending to it."),
    413: ("That is too much at once", "Send less; the state of every page fits into its address."),
    414: ("This address is too long", "Ask for less at once: an address here has at most 16,384 characters."),
    429: ("That was a lot in a short time", "Wait a little, then go on: the server counts what each address asks for."),
    500: ("Something broke on our side", "It was written to the log. Trying again may help; the rest still works."),
}


def register(app: Flask) -> None:
    """Have the application show errors as pages."""
    app.register_error_handler(QueryError, _page_or_problem(show_query_error))
    app.register_error_handler(AddressError, _page_or_problem(show_bad_request))
    app.register_error_handler(RequestError, _page_or_problem(show_bad_request))
    app.register_error_handler(SearchUnavailable, _page_or_problem(show_unavailable))
    app.register_error_handler(HTTPException, _page_or_problem(show_http_error))
    app.register_error_handler(Refusal, answer_problem)
    app.register_error_handler(AudioProblem, answer_problem)


def _page_or_problem(show: Callable[[_Error], ResponseReturnValue]) -> Callable[[_Error], ResponseReturnValue]:
    """Show an error as a page, except to the API's clients."""

    def answer(error: _Error) -> ResponseReturnValue:
        return answer_problem(error) if request.path.startswith(f"{PREFIX}/") else show(error)

    return answer


def show_query_error(error: QueryError) -> ResponseReturnValue:
    """Point at the place in the query."""
    text = error.text or request.args.get("q", "").strip()
    stop = error.position + max(error.length, 1)
    parts = text[: error.position], text[error.position : stop], text[stop:]
    return render_template("query_error.html", message=_sentence(error.message), parts=parts), 400


def show_bad_request(error: ValueError) -> ResponseReturnValue:
    """Say what is wrong with the address."""
    return _page(400, "This search cannot be run as it stands", _sentence(str(error)))


def show_unavailable(error: SearchUnavailable) -> ResponseReturnValue:
    """Say that the index cannot answer now, what can be done without it, and when to come back.

    Why is said as far as it is for everybody; the rest, which names places, is for the log.
    """
    current_app.logger.error("the index cannot answer: %s", error)
    text = request.args.get("q", "").strip()[:MAX_TEXT]
    meant = tag_of_model(searcher().model.vocabulary, text) if text else None
    page = render_template(
        "unavailable.html",
        why=_sentence(public_words(error)),
        text=text,
        tag=meant.spelling if meant else "",
        seconds=RETRY_AFTER,
    )
    return page, 503, {"Retry-After": str(RETRY_AFTER), "Cache-Control": "no-store"}


def show_http_error(error: HTTPException) -> ResponseReturnValue:
    """Show any other refusal, keeping what its status demands (such as ``Allow``)."""
    code = error.code or 500
    if code < 400:
        return error
    title, message = _HTTP_WORDS.get(code, (error.name, error.description or ""))
    response = error.get_response()
    response.data = _page(code, title, message)[0]
    response.content_type = "text/html; charset=utf-8"
    return response


def _page(code: int, title: str, message: str) -> tuple[str, int]:
    text = request.args.get("q", "").strip()
    # What can be searched by itself, when the fault lies in another part of the address.
    plain = text if len(text) <= MAX_TEXT and not unseen_character(text) else ""
    page = render_template("error.html", code=code, title=title, message=message, text=text[:MAX_TEXT], plain=plain)
    return page, code


def _sentence(message: str) -> str:
    """Begin with a capital and end with a stop, as prose does and error messages do not."""
    bare = message.strip()
    return bare[:1].upper() + bare[1:] + ("" if bare.endswith((".", "?", "!")) else ".")
