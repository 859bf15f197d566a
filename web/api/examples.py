"""How each operation is called, and what this index answers: tried when the docs page is made, so it is always true."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import msgspec
from flask import current_app

from web.api.operations import JSON, Operation
from web.api.problems import PREFIX, Refusal
from web.api.samples import Samples

# An answer is shown up to here: of a list the first, of a list of plain values some more.
_ITEMS, _PLAIN_ITEMS = 1, 4
_INDENT = "  "
# In a terminal a line that ends so goes on.
_NEXT_LINE = " \\\n  "
_NUMBER = re.compile(r"[0-9]+(\.[0-9]+)?")
_CONSTANT = re.compile(r"\b(true|false|null)\b")
_PLAIN_PAIR = re.compile(r"[a-z_]+=[a-z0-9.]+")
# Longest line that holds a whole value.
_LINE = 96  # characters


@dataclass(frozen=True, slots=True)
class Example:
    """One call with its answer.

    Parameters
    ----------
    address
        What to open in a browser; ``""`` for operations that do more than read an address.
    curl, python
        The call on a command line and with the client of the docs page.
    answer
        Shortened JSON; ``""`` where the operation writes, or cannot answer now.
    """

    address: str
    curl: str
    python: str
    answer: str


# Where one is still to come.
NO_EXAMPLE = Example("", "", "", "")


def example(operation: Operation, samples: Samples, site: str, answer: str) -> Example:
    """Say how an operation is called.

    Parameters
    ----------
    site
        Scheme, host and mount point of this server, without a slash at the end.
    answer
        What `try_out` gave.
    """
    parameters, body = _given_values(operation, samples)
    path = f"{PREFIX}/v1{operation.path}"
    query = _query(parameters)
    return Example(
        address=f"{site}{path}{query}" if operation.method == "GET" else "",
        curl=_curl(operation, f"{site}{path}", parameters, body),
        python=_python(operation, parameters, body),
        answer=answer,
    )


def _given_values(operation: Operation, samples: Samples) -> tuple[Mapping[str, str], object]:
    body = None if operation.sample_body is None else operation.sample_body(samples)
    return operation.sample(samples), body


def _query(parameters: Mapping[str, str]) -> str:
    return f"?{urlencode(parameters)}" if parameters else ""


def _curl(operation: Operation, url: str, parameters: Mapping[str, str], body: object) -> str:
    if operation.method == "GET":
        pairs = [shlex.quote(f"{name}={value}") for name, value in parameters.items()]
        return _NEXT_LINE.join([f"curl -G {shlex.quote(url)}" if pairs else f"curl {shlex.quote(url)}", *_given(pairs)])
    address = shlex.quote(url + (f"?{urlencode(parameters)}" if parameters else ""))
    lines = [f"curl {address}" if operation.method == "POST" else f"curl -X {operation.method} {address}"]
    if operation.secured:
        lines.append(f"-H {shlex.quote('Authorization: Bearer TOKEN')}")
    if body is not None:
        lines += [f"-H {shlex.quote(f'Content-Type: {JSON}')}", f"-d {shlex.quote(_one_line(body))}"]
    if operation.takes:
        lines += ["-H 'Content-Type: audio/mpeg'", "--data-binary @song.mp3"]
    return _NEXT_LINE.join(lines)


def _given(pairs: list[str]) -> Iterator[str]:
    """Yield options for parameters; only what an address cannot hold as it is needs encoding."""
    for pair in pairs:
        yield f"-d {pair}" if _PLAIN_PAIR.fullmatch(pair) else f"--data-urlencode {pair}"


def _python(operation: Operation, parameters: Mapping[str, str], body: object) -> str:
    given = [_python_text(operation.path.removeprefix("/"))]
    if body is not None:
        given.append(f"body={_python_body(body)}")
    if operation.takes:
        given.append('body=open("song.mp3", "rb").read()')
    if operation.method not in {"GET", "POST"}:
        given.append(f'method="{operation.method}"')
    if operation.secured:
        given.append('token="TOKEN"')
    given += [f"{name}={_python_value(value)}" for name, value in parameters.items()]
    line = f"ask({', '.join(given)})"
    return line if len(line) <= _LINE else "".join(["ask(\n", *(f"    {part},\n" for part in given), ")"])


def _python_value(text: str) -> str:
    return text if _NUMBER.fullmatch(text) else _python_text(text)


def _python_text(text: str) -> str:
    return msgspec.json.encode(text).decode()


def _python_body(body: object) -> str:
    """Write a body as Python has it, which is JSON but for its three constants."""
    text = _one_line(body)
    return repr(body) if _CONSTANT.search(text) else text


def _one_line(value: object) -> str:
    return msgspec.json.format(msgspec.json.encode(value), indent=0).decode().replace("\n", "")


def try_out(operation: Operation, samples: Samples) -> str:
    """Call an operation that only reads, and return its answer shortened; ``""`` for others, or where it refuses.

    Raises
    ------
    search.engine.SearchUnavailable
        If it needs the index, which cannot be asked.
    """
    if operation.secured or operation.takes:
        return ""
    parameters, body = _given_values(operation, samples)
    sent = None if body is None else msgspec.json.encode(body)
    address = f"{PREFIX}/v1{operation.path}{_query(parameters)}"
    media_type = None if sent is None else JSON
    with current_app.test_request_context(address, method=operation.method, data=sent, content_type=media_type):
        try:
            answer = operation.view()()
        except Refusal:
            return ""
    return "\n".join(shortened(msgspec.json.decode(answer.get_data())))


def shortened(value: Any, indent: str = "") -> Iterator[str]:
    """Write a JSON value in few lines: of each list its beginning, then how many more there are."""
    line = _one_line(value)
    if not isinstance(value, dict | list) or (len(line) + len(indent) <= _LINE and not _is_long(value)):
        yield line
        return
    opening, closing = "{}" if isinstance(value, dict) else "[]"
    yield opening
    inner = indent + _INDENT
    for last, label, item in _entries(value):
        lines = [label] if item is _MORE else list(shortened(item, inner))
        if item is not _MORE:
            lines[0] = label + lines[0]
        lines[-1] += "" if last else ","
        yield inner + lines[0]
        yield from lines[1:]
    yield indent + closing


_MORE = object()


def _entries(value: dict[str, Any] | list[Any]) -> Iterator[tuple[bool, str, Any]]:
    """Yield (is the last, label, item) of what is shown."""
    if isinstance(value, dict):
        for place, (name, item) in enumerate(value.items(), 1):
            yield place == len(value), f'"{name}": ', item
        return
    most = _shown_items(value)
    for place, item in enumerate(value[:most], 1):
        yield place == len(value), "", item
    if len(value) > most:
        yield True, f"… {len(value) - most:,} more", _MORE


def _shown_items(value: list[Any]) -> int:
    return _ITEMS if any(isinstance(item, dict | list) for item in value) else _PLAIN_ITEMS


def _is_long(value: Any) -> bool:
    """Whether a list anywhere in a value is longer than is shown."""
    if isinstance(value, dict):
        return any(map(_is_long, value.values()))
    if isinstance(value, list):
        return len(value) > _shown_items(value) or any(map(_is_long, value))
    return False
