"""What the API says when it refuses or cannot answer: problem details, one kind for each cause.

Every error under ``/api/`` is ``application/problem+json`` with the members of RFC 9457, ``type`` leading to its kind
in the docs page, and where they help: the ``parameter`` at fault, the ``position`` and ``length`` in a query, and
``offers`` of what was probably meant.

References
----------
RFC 9457, "Problem Details for HTTP APIs", 2023.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import msgspec
from flask import Response, current_app, request
from msgspec import UNSET, UnsetType
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response as BaseResponse

from audiomodel.problems import AudioProblem, Reason
from search.engine import IndexBusy, SearchUnavailable
from search.query import QueryError
from search.result import RequestError
from web.addresses import AddressError
from web.hearing import CannotHear

# An index comes back within seconds of its cause going away.
RETRY_AFTER = 5  # seconds
CONTENT_TYPE = "application/problem+json"
# Everything the API answers lies under this address.
PREFIX = "/api"


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of problem, told apart by its `name`.

    Parameters
    ----------
    name
        Ends the ``type`` of the problem, so that programs can tell kinds of one status apart.
    when
        When it happens and what to do, for the docs page.
    members
        Extension members that it carries.
    """

    name: str
    status: int
    title: str
    when: str
    members: tuple[str, ...] = ()


BAD_PARAMETER = Kind(
    "bad-parameter",
    400,
    "A parameter cannot be used",
    "A parameter is missing, given twice, out of its range or not known; `offers` are names that are spelled alike.",
    ("parameter", "offers"),
)
BAD_QUERY = Kind(
    "bad-query",
    400,
    "The query cannot be understood",
    "The text breaks the query language; `position` and `length` say which characters of it.",
    ("parameter", "position", "length"),
)
BAD_BODY = Kind(
    "bad-body",
    400,
    "The body cannot be used",
    "It is no JSON, or not what the operation takes; `detail` says where.",
)
NOT_ALLOWED = Kind("not-allowed", 401, "This needs a token", "Writing needs `Authorization: Bearer TOKEN`.")
FORBIDDEN = Kind("forbidden", 403, "This is not allowed here", "The server does not let its clients do that.")
UNKNOWN_ADDRESS = Kind(
    "unknown-address",
    404,
    "There is no such operation",
    "The path is not one of the API; `offers` are paths that are spelled alike.",
    ("offers",),
)
UNKNOWN_TAG = Kind(
    "unknown-tag",
    404,
    "There is no such tag",
    "Neither the model nor the index knows the tag; `offers` are tags that are spelled alike.",
    ("parameter", "offers"),
)
TAG_WITHOUT_KIN = Kind(
    "tag-without-kin",
    404,
    "The tag is not in the graph",
    "The tag exists, but too few tracks carried it in training, so that it has no kin and no place in the graph.",
    ("parameter",),
)
NO_PATH = Kind(
    "no-path",
    404,
    "No chain of kin joins the two tags",
    "They lie in different parts of the graph; `offers` names the tag nearest to the target that can be reached.",
    ("offers",),
)
UNKNOWN_TRACK = Kind(
    "unknown-track",
    404,
    "There is no such track",
    "No track of the index has that id, or no longer has.",
    ("parameter",),
)
NO_RECORDING = Kind(
    "no-recording",
    404,
    "There is no recording to play",
    "The track has no file of sound below the server's audio root, or the server has none set.",
    ("parameter",),
)
WRONG_METHOD = Kind(
    "wrong-method",
    405,
    "The operation takes another method",
    "The header `Allow` lists the methods that the path takes.",
)
OTHER_MODEL = Kind(
    "other-model",
    409,
    "The index belongs to another model",
    "Its tracks were expanded by another tag model than the one in use; `tagkin index --reexpand` makes them fit.",
)
TOO_LARGE = Kind("too-large", 413, "The body is too large", "Send it in several requests.")
TOO_LONG = Kind(
    "too-long", 414, "The address is too long", "Ask for less at once: addresses have a bounded length."
)
WRONG_MEDIA_TYPE = Kind(
    "wrong-media-type",
    415,
    "The body is of another kind",
    "Send `Content-Type: application/json` with JSON, and `audio/mpeg` or the like with a recording.",
)
BAD_RANGE = Kind(
    "bad-range",
    416,
    "The recording is shorter than that",
    "The header `Range` asks for bytes behind its end; `Content-Range` says how many there are.",
)
REFUSED_TRACK = Kind(
    "refused-track",
    422,
    "The index does not take this track",
    "It is well-formed, but the engine cannot store it, such as a word of tens of thousands of bytes; `detail` says "
    "why. Nothing was changed.",
)
UNHEARD = Kind(
    "unheard",
    422,
    "The recording cannot be heard",
    "It is none, or nothing can be told from it; `reason` is one of " + ", ".join(f"`{one}`" for one in Reason) + ".",
    ("reason",),
)
TOO_MANY_REQUESTS = Kind(
    "too-many-requests", 429, "Too many requests", "The header `Retry-After` says after how many seconds to go on."
)
INTERNAL = Kind(
    "internal", 500, "Something broke on our side", "It was written to the log; the other operations still work."
)
UNAVAILABLE = Kind(
    "unavailable",
    503,
    "The index cannot answer now",
    "It usually comes back within seconds: repeat the request after `Retry-After` seconds.",
)
CANNOT_HEAR = Kind(
    "cannot-hear",
    503,
    "Recordings cannot be heard now",
    "Many are being heard, or the server has nothing to hear them with; `detail` says which. Repeat the request after "
    "`Retry-After` seconds.",
)
# All kinds, in the order of the docs page.
KINDS = (
    *(BAD_PARAMETER, BAD_QUERY, BAD_BODY, NOT_ALLOWED, FORBIDDEN, UNKNOWN_ADDRESS, UNKNOWN_TAG, TAG_WITHOUT_KIN),
    *(NO_PATH, UNKNOWN_TRACK, NO_RECORDING, WRONG_METHOD, OTHER_MODEL, TOO_LARGE, TOO_LONG, WRONG_MEDIA_TYPE),
    *(BAD_RANGE, REFUSED_TRACK, UNHEARD, TOO_MANY_REQUESTS, INTERNAL, UNAVAILABLE, CANNOT_HEAR),
)
_BY_STATUS = {
    kind.status: kind
    for kind in (
        *(BAD_BODY, NOT_ALLOWED, FORBIDDEN, UNKNOWN_ADDRESS, WRONG_METHOD, TOO_LARGE, TOO_LONG, WRONG_MEDIA_TYPE),
        *(BAD_RANGE, TOO_MANY_REQUESTS, INTERNAL, UNAVAILABLE),
    )
}


class Problem(msgspec.Struct, frozen=True, kw_only=True):
    """Why a request was not answered.

    Parameters
    ----------
    type
        Address of the kind of problem in the docs page; its last part never changes, so programs may compare it.
    title
        The kind of problem, for people.
    status
        The HTTP status, once more.
    detail
        What was expected, what came and the likely slip, for people.
    parameter
        Name of the parameter at fault.
    position
        First character of the query that cannot be understood, from 0.
    length
        How many characters of the query that are.
    offers
        What was probably meant, the likeliest first.
    reason
        Why a recording cannot be heard.
    """

    type: str
    title: str
    status: int
    detail: str
    parameter: str | UnsetType = UNSET
    position: int | UnsetType = UNSET
    length: int | UnsetType = UNSET
    offers: tuple[str, ...] | UnsetType = UNSET
    reason: str | UnsetType = UNSET


class Refusal(Exception):
    """A request that an operation does not answer; operations raise it, the API writes it as a problem.

    Parameters
    ----------
    kind
        One of the kinds above, which the operation declares.
    detail
        What was expected, what came and the likely slip.
    parameter, offers
        As in `Problem`.
    """

    def __init__(self, kind: Kind, detail: str, parameter: str = "", offers: Iterable[str] = ()) -> None:
        super().__init__(detail)
        self.kind = kind
        self.detail = detail
        self.parameter = parameter or UNSET
        self.offers = tuple(offers) or UNSET


def answer_problem(error: Exception) -> BaseResponse:
    """Write an error as a problem: our own refusals, the domain's named exceptions and Flask's."""
    if isinstance(error, Refusal):
        return _response(error.kind, error.detail, parameter=error.parameter, offers=error.offers)
    if isinstance(error, AudioProblem | CannotHear):
        return _unheard(error)
    if isinstance(error, QueryError):
        return _response(BAD_QUERY, error.message, parameter="q", position=error.position, length=error.length)
    if isinstance(error, AddressError | RequestError):
        return _response(BAD_PARAMETER, str(error))
    if isinstance(error, SearchUnavailable):
        current_app.logger.error("the index cannot answer: %s", error)
        headers = {"Retry-After": str(RETRY_AFTER), "Cache-Control": "no-store"}
        return _response(UNAVAILABLE, public_words(error), headers)
    assert isinstance(error, HTTPException), error
    return error.get_response() if (error.code or 500) < 400 else _http_problem(error)


def _unheard(error: AudioProblem | CannotHear) -> Response:
    if isinstance(error, AudioProblem):
        return _response(UNHEARD, f"the recording cannot be heard: {error.message}", reason=error.reason.value)
    headers = {"Retry-After": str(error.retry_after), "Cache-Control": "no-store"}
    return _response(CANNOT_HEAR, error.description or CANNOT_HEAR.when, headers)


def public_words(error: SearchUnavailable) -> str:
    """Return what anybody may know of why the index cannot answer; the error itself, naming places, is for the log."""
    if error.public:
        return error.public
    if isinstance(error, IndexBusy):
        return "another program is writing to the index: try again when it is done"
    return "the index cannot be read now; the cause is in the server's log"


def _http_problem(error: HTTPException) -> Response:
    """Write any other refusal, keeping the headers that its status demands (such as ``Allow``)."""
    status = error.code or 500
    kind = _BY_STATUS.get(status) or Kind(f"http-{status}", status, error.name, "")
    kept = {name: value for name, value in error.get_headers() if name.lower() not in {"content-type"}}
    offers = near_paths(request.path) if kind is UNKNOWN_ADDRESS else ()
    return _response(kind, _http_detail(kind, error, offers), kept, offers=offers or UNSET)


def _http_detail(kind: Kind, error: HTTPException, offers: tuple[str, ...]) -> str:
    if kind is UNKNOWN_ADDRESS:
        near = f"; did you mean {' or '.join(offers)}?" if offers else ", see /api/v1/docs for those there are"
        return f"the API has no {_shortened(request.path)}{near}"
    if kind is WRONG_METHOD:
        allowed = ", ".join(sorted(set(getattr(error, "valid_methods", None) or ()) - {"HEAD", "OPTIONS"}))
        return f"{request.path} takes {allowed or 'other methods'}, not {request.method}"
    if kind is TOO_LARGE:
        return "the body is larger than this operation reads: send it in several requests"
    if kind is INTERNAL:
        return kind.when
    return error.description or kind.when


def near_paths(path: str) -> tuple[str, ...]:
    """Return the paths of operations that are spelled like one that there is not, by their last words."""
    typed = path.rstrip("/").rpartition("/")[2]
    rules = (rule.rule for rule in current_app.url_map.iter_rules())
    by_name = {rule.rpartition("/")[2]: rule for rule in sorted(rules) if rule.startswith(f"{PREFIX}/")}
    return tuple(by_name[name] for name in difflib.get_close_matches(typed[:40], by_name, 2, 0.6))


def _shortened(text: str) -> str:
    return text if len(text) <= 80 else text[:80] + "…"


def _response(
    kind: Kind,
    detail: str,
    headers: Mapping[str, str] | None = None,
    *,
    parameter: str | UnsetType = UNSET,
    position: int | UnsetType = UNSET,
    length: int | UnsetType = UNSET,
    offers: tuple[str, ...] | UnsetType = UNSET,
    reason: str | UnsetType = UNSET,
) -> Response:
    problem = Problem(
        type=f"{request.script_root}/api/v1/docs#{kind.name}",
        title=kind.title,
        status=kind.status,
        detail=detail,
        parameter=parameter,
        position=position,
        length=length,
        offers=offers,
        reason=reason,
    )
    return Response(msgspec.json.encode(problem), kind.status, headers, content_type=CONTENT_TYPE)
