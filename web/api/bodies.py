"""JSON bodies read into frozen types, with messages that name the place in the body; files as they come."""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass
from typing import IO, Any, Generic, TypeVar

import msgspec
from flask import Request
from werkzeug.exceptions import RequestEntityTooLarge

from web.api.problems import BAD_BODY, WRONG_MEDIA_TYPE, Refusal

_Wanted = TypeVar("_Wanted")

_UNKNOWN_FIELD = re.compile(r"unknown field `(.*)`", re.DOTALL)
_PLACE = re.compile(r" - at `\$\.?(.*)`$", re.DOTALL)
_MISSING_FIELD = re.compile(r"missing required field `(.*)`", re.DOTALL)
_WRONG_TYPE = re.compile(r"Expected `([a-z |]+)`, got `([a-z]+)`")
_OUT_OF_RANGE = re.compile(r"Expected `(int|float)` ([<>]=?) (\S+)")
_WRONG_LENGTH = re.compile(r"Expected `(str|array)` of length ([<>]=?) (\d+)")
_WRONG_PATTERN = re.compile(r"Expected `str` matching regex (.*)", re.DOTALL)
# How people call the types of JSON.
_TYPES = {
    "str": "text",
    "int": "a whole number",
    "float": "a number",
    "bool": "true or false",
    "array": "a list",
    "object": "an object",
}
_BOUNDS = {">=": "from {}", "<=": "up to {}", ">": "above {}", "<": "below {}"}
_LENGTHS = {"str": "text of at {} {} characters", "array": "a list of at {} {} values"}


class BodyReader(Generic[_Wanted]):
    """Reads the bodies of one operation.

    Parameters
    ----------
    wanted
        A frozen `msgspec.Struct` that forbids unknown fields, so that a misspelled one is said.
    most
        Longest body, in bytes.
    """

    def __init__(self, wanted: type[_Wanted], most: int) -> None:
        self._decoder = msgspec.json.Decoder(wanted)
        self._names = _field_names(wanted)
        self._most = most

    def read(self, request: Request) -> _Wanted:
        """Read the body of a request.

        Raises
        ------
        web.api.problems.Refusal
            If it is no JSON or not what the operation takes.
        werkzeug.exceptions.RequestEntityTooLarge
            If it is too long.
        """
        if request.mimetype != "application/json":
            came = f"“{request.mimetype[:60]}”" if request.mimetype else "none"
            raise Refusal(WRONG_MEDIA_TYPE, f"expected a body with Content-Type application/json, got {came}")
        # Of a body that does not say its length no more is read than this, without an error: one byte more tells.
        request.max_content_length = self._most + 1
        data = request.get_data(cache=False)
        if len(data) > self._most:
            raise RequestEntityTooLarge
        try:
            return self._decoder.decode(data)
        except msgspec.ValidationError as error:
            raise self._refusal(str(error)) from None
        except RecursionError:
            raise Refusal(BAD_BODY, "expected JSON of a few levels, got far more: is it the right file?") from None
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise Refusal(BAD_BODY, f"expected JSON, got something else: {error}") from None

    def _refusal(self, message: str) -> Refusal:
        place = _PLACE.search(message)
        what = _PLACE.sub("", message)
        where = f"{place.group(1)[:80]}: " if place and place.group(1) else ""
        unknown = _UNKNOWN_FIELD.search(what)
        if unknown is None:
            return Refusal(BAD_BODY, f"{where}{_in_words(what)}")
        name = unknown.group(1)[:80]
        offers = difflib.get_close_matches(name, self._names, 1, 0.5)
        slip = f"did you mean {offers[0]}?" if offers else f"there are {', '.join(self._names)}"
        return Refusal(BAD_BODY, f"{where}there is no field {name}: {slip}", "", offers)


@dataclass(frozen=True)
class RawBody:
    """A body as it comes.

    Parameters
    ----------
    stream
        Gives at most one byte more than the operation reads.
    """

    stream: IO[bytes]


class RawReader:
    """Opens the bodies of an operation on files.

    Parameters
    ----------
    taken
        Media types; ``audio/*`` is any that begins so.
    most
        Longest body, in bytes.
    """

    def __init__(self, taken: tuple[str, ...], most: int) -> None:
        self._taken = taken
        self._most = most

    def read(self, request: Request) -> RawBody:
        """Open the body of a request.

        Raises
        ------
        web.api.problems.Refusal
            If it is of another media type.
        werkzeug.exceptions.RequestEntityTooLarge
            If it says that it is too long.
        """
        given = request.mimetype
        if not any(given == one or (one.endswith("*") and given.startswith(one[:-1])) for one in self._taken):
            came = f"“{given[:60]}”" if given else "none"
            raise Refusal(WRONG_MEDIA_TYPE, f"expected a Content-Type of {' or '.join(self._taken)}, got {came}")
        if (request.content_length or 0) > self._most:
            raise RequestEntityTooLarge
        request.max_content_length = self._most + 1
        return RawBody(request.stream)


def _in_words(message: str) -> str:
    """Say for people what the decoder found wrong; what it may come to say beside that stays as it is."""
    if found := _WRONG_TYPE.match(message):
        return f"expected {_named(found.group(1))}, got {_named(found.group(2))}"
    if found := _OUT_OF_RANGE.match(message):
        kind, bound, limit = found.groups()
        return f"expected {_named(kind)} {_BOUNDS[bound].format(limit.removesuffix('.0'))}"
    if found := _WRONG_LENGTH.match(message):
        kind, bound, limit = found.groups()
        words = _LENGTHS[kind].format("most" if bound == "<=" else "least", f"{int(limit):,}")
        return f"expected {words.removesuffix('s') if limit == '1' else words}"
    if (found := _WRONG_PATTERN.match(message)) and r"\x00" in found.group(1):
        return "expected text without NUL characters"
    if found := _MISSING_FIELD.search(message):
        return f"expected the field {found.group(1)}, which is not given"
    return f"{message[:1].lower()}{message[1:]}"


def _named(types: str) -> str:
    """Name the types of JSON that the decoder names in its own way."""
    return " or ".join(_TYPES.get(one, one) for one in types.split(" | "))


def _field_names(wanted: Any) -> tuple[str, ...]:
    """Return the names of all fields of a type and of the types in it."""
    infos = msgspec.json.schema_components([wanted])[1].values()
    return tuple(dict.fromkeys(name for one in infos for name in one.get("properties", ())))
