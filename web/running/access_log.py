"""A line of JSON for each request, for people who run the server and for programs that learn from real searches.

The lines say who searched for what, which is personal data; they are written only where that was asked for, and can do
without it. Each line is one write to a file opened for appending, so those of several workers never mix.
"""

from __future__ import annotations

import json
import logging
import os
import time
from functools import lru_cache
from pathlib import Path
from typing import Any

from flask import Flask, Response, request

from web.running.observing import Notes, notes
from web.settings import Settings, SettingsError

_log = logging.getLogger(__name__)

_STDERR = 2
_encode = json.JSONEncoder(separators=(",", ":")).encode
# Longest path that is written out: nothing that we serve has one, and nobody is to fill the disk with them.
_MAX_PATH = 200  # characters


def register(app: Flask, settings: Settings) -> None:
    """Have each request leave a line, where a log was asked for.

    Raises
    ------
    SettingsError
        If the file cannot be opened.
    """
    if not settings.access_log:
        return
    descriptor = open_log(settings.access_log)

    @app.after_request
    def write_line(response: Response) -> Response:
        line = describe(notes(), response, settings.log_searches)
        try:
            os.write(descriptor, log_line(line))
        except OSError as error:  # a full disk is no reason to refuse an answer
            _log.warning("access log: %s", error)
        return response


def open_log(place: str) -> int:
    """Open a file for appending; ``-`` is standard error.

    Raises
    ------
    SettingsError
        If it cannot be opened.
    """
    if place == "-":
        return _STDERR
    try:
        return os.open(Path(place), os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o640)
    except OSError as error:
        raise SettingsError(f"the access log cannot be written: {error}") from error


def close_log(descriptor: int) -> None:
    """Close what `open_log` opened."""
    if descriptor != _STDERR:
        os.close(descriptor)


def describe(noted: Notes, response: Response, with_searches: bool) -> dict[str, Any]:
    """Return what is said about a request."""
    rule = request.url_rule
    line: dict[str, Any] = {
        "time": _moment(time.time_ns() // 1_000_000),
        "id": noted.request_id,
        "method": request.method[:20],
        "path": request.path[:_MAX_PATH],
        "route": rule.rule if rule else None,
        "status": response.status_code,
        "ms": round((time.perf_counter() - noted.began) * 1000, 2),
        "bytes": response.calculate_content_length() or response.content_length,
    }
    if noted.searching:
        line["engine_ms"] = round(sum(noted.searching.values()) * 1000, 2)
    if with_searches:
        line |= {"client": request.remote_addr, **_search(noted)}
    return line


def _moment(milliseconds: int) -> str:
    """Write a time as ISO 8601 has it."""
    seconds, rest = divmod(milliseconds, 1_000)
    return f"{_second(seconds)}.{rest:03}Z"


@lru_cache(maxsize=4)
def _second(seconds: int) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds))


def _search(noted: Notes) -> dict[str, Any]:
    """Return what was searched for and how much was found."""
    found = noted.found
    if found is None:
        return {}
    return {
        "query": found.request.text,
        "tags": [chip.spelling for chip in found.chips],
        "excluded": [chip.spelling for chip in found.excluded if chip.narrower_of is None],
        "offset": found.request.offset,
        "total": found.total,
        "relaxed": list(found.relaxed),
    }


def log_line(line: dict[str, Any]) -> bytes:
    """Write a line in ASCII: no character in it can steer a terminal or begin another line."""
    return _encode(line).replace("\x7f", "\\u007f").encode("ascii") + b"\n"
