"""`operation`: an operation of the API declared once, as a typed function.

The types of the function say everything: they check what comes in, write what goes out, and make the OpenAPI document
and the docs page. A new operation is one function and one line in `web.api.app.OPERATIONS`::

    class TrackId(msgspec.Struct, frozen=True):
        # Its NumPy docstring says under "Parameters" what each field is.
        id: Annotated[str, Meta(min_length=1, max_length=LONGEST_ID, examples=["fma:2"])]

    @operation("PUT", "/track", refusals=(UNKNOWN_TRACK,), secured=True)
    def put_track(parameters: TrackId, body: TrackBody) -> Written:
        \"\"\"Write a track.

        Longer text for the docs page.
        \"\"\"
        raise Refusal(UNKNOWN_TRACK, f"no track {parameters.id}", "id")  # how any declared problem is answered

`parameters` comes from the query string and `body` from a JSON body; leave out what is not needed. A field's
description is its paragraph in the docstring, its limits and example values stand in `msgspec.Meta`. The answer is
encoded by msgspec; return a `Reply` for another status, other headers or another media type. Common problems (bad
parameters, bad bodies, wrong methods, an index that is away) are declared and answered by themselves. With `sample` and
`sample_body` the docs page shows how to call it, and what it answers where it only reads. An operation on files names
the media types that it `takes`, and its body is a `web.api.bodies.RawBody`.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Generic, Literal, TypeVar, get_args, get_origin, get_type_hints

import msgspec
from flask import Response, request

from web.api.bodies import BodyReader, RawReader
from web.api.parameters import Reader
from web.api.problems import (
    BAD_BODY,
    BAD_PARAMETER,
    FORBIDDEN,
    INTERNAL,
    NOT_ALLOWED,
    TOO_LARGE,
    TOO_LONG,
    TOO_MANY_REQUESTS,
    UNAVAILABLE,
    WRONG_MEDIA_TYPE,
    Kind,
)
from web.api.samples import Samples

JSON = "application/json"
# Longest body of an operation unless it says otherwise.
MAX_BODY = 64 * 1024  # bytes

Method = Literal["GET", "POST", "PUT", "DELETE"]

_Value = TypeVar("_Value")

_encoder = msgspec.json.Encoder()


class NoParameters(msgspec.Struct, frozen=True):
    """Nothing to say in the address."""


@dataclass(frozen=True)
class Reply(Generic[_Value]):
    """An answer that is more than a value with the usual status; operations declare it as ``Reply[TheType]``.

    Parameters
    ----------
    value
        Encoded as JSON; bytes go out as they are, None is no body.
    """

    value: _Value
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    media_type: str = JSON


@dataclass(frozen=True, eq=False)
class Operation:
    """One operation of the API; none equals another, so that it can be what something is remembered by.

    Parameters
    ----------
    path
        Under ``/api/v1``.
    function
        Takes `parameters` and `body` as far as they are declared, returns the answer.
    refusals
        Problems that this operation has beside those that its declaration brings along.
    secured
        Whether it may ask for a token.
    statuses
        Statuses of an answer with what each means; the first is the usual one.
    media_types
        What an answer may be, with the type of each; empty for JSON of the function's own return type.
    max_body
        Longest body, in bytes.
    sample
        What the docs page tries it with: parameters that this index has; their values are strings.
    sample_body
        The same for the body.
    takes
        Media types of a body that is taken as it comes, a `RawBody`; none for a JSON body.
    """

    method: Method
    path: str
    function: Callable[..., Any]
    refusals: tuple[Kind, ...] = ()
    secured: bool = False
    statuses: Mapping[int, str] = field(default_factory=lambda: {200: "The answer."})
    media_types: Mapping[str, Any] = field(default_factory=dict)
    max_body: int = MAX_BODY
    sample: Callable[[Samples], Mapping[str, str]] = field(default=lambda _: {})
    sample_body: Callable[[Samples], object] | None = None
    takes: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """Name of the operation, unique in the API."""
        return self.function.__name__

    @cached_property
    def doc(self) -> str:
        """What the operation does, for people: a first line, then more."""
        return inspect.cleandoc(self.function.__doc__ or "")

    @cached_property
    def _hints(self) -> dict[str, Any]:
        return get_type_hints(self.function, include_extras=True)

    @cached_property
    def parameters(self) -> type[msgspec.Struct]:
        """Type of the parameters."""
        found: type[msgspec.Struct] = self._hints.get("parameters", NoParameters)
        return found

    @cached_property
    def body(self) -> Any:
        """Type of the body, None when the operation takes none."""
        return self._hints.get("body")

    @cached_property
    def answers(self) -> Mapping[str, Any]:
        """Media type → type of the answer; the first is the usual one."""
        given = self._hints["return"]
        return self.media_types or {JSON: get_args(given)[0] if get_origin(given) is Reply else given}

    @cached_property
    def problems(self) -> tuple[Kind, ...]:
        """All problems that the operation may answer with."""
        with_body: tuple[Kind, ...] = (TOO_LARGE, WRONG_MEDIA_TYPE) if self.body is not None else ()
        if with_body and not self.takes:
            with_body = (BAD_BODY, *with_body)
        with_token = (NOT_ALLOWED, FORBIDDEN) if self.secured else ()
        common = (BAD_PARAMETER, *with_body, *with_token, TOO_LONG, TOO_MANY_REQUESTS, INTERNAL, UNAVAILABLE)
        return tuple(sorted(dict.fromkeys((*self.refusals, *common)), key=lambda kind: kind.status))

    def view(self) -> Callable[[], Response]:
        """Return the view that Flask calls."""
        reader = Reader(self.parameters)
        body_reader = self._body_reader()
        takes_parameters = "parameters" in self._hints

        def answer() -> Response:
            parameters = reader.read(request.args)
            taken: dict[str, Any] = {"parameters": parameters} if takes_parameters else {}
            if body_reader is not None:
                taken["body"] = body_reader.read(request)
            return respond(self.function(**taken))

        return answer

    def _body_reader(self) -> BodyReader[Any] | RawReader | None:
        if self.takes:
            return RawReader(self.takes, self.max_body)
        return None if self.body is None else BodyReader(self.body, self.max_body)

    def __call__(self, *taken: Any, **named: Any) -> Any:
        """Call the function itself."""
        return self.function(*taken, **named)


def operation(method: Method, path: str, **declared: Any) -> Callable[[Callable[..., Any]], Operation]:
    """Declare a function as an operation; `declared` are further fields of `Operation`."""

    def declare(function: Callable[..., Any]) -> Operation:
        return Operation(method, path, function, **declared)

    return declare


def respond(answer: object) -> Response:
    """Write an answer."""
    if not isinstance(answer, Reply):
        return Response(_encoder.encode(answer), content_type=JSON)
    if answer.value is None:
        return Response(status=answer.status, headers=answer.headers)
    data = answer.value if isinstance(answer.value, bytes) else _encoder.encode(answer.value)
    return Response(data, answer.status, answer.headers, content_type=answer.media_type)
