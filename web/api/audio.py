"""`track_audio`: the recording of a track, whole or in parts, so that players can begin anywhere.

It answers no JSON, so it is none of the declared operations; its refusals are the API's problems all the same.
"""

from __future__ import annotations

from collections.abc import Iterator
from threading import BoundedSemaphore
from typing import BinaryIO

from flask import Response, request
from msgspec import Struct
from werkzeug.exceptions import RequestedRangeNotSatisfiable, ServiceUnavailable
from werkzeug.http import is_resource_modified, parse_range_header

from web.api.naming import TrackId, stored_track
from web.api.parameters import Reader
from web.api.problems import NO_RECORDING, Refusal
from web.recordings import Recording, open_recording

# A player that asks for a part gets so much of it, and asks again when it comes to its end (RFC 9110, 15.3.7: a part of
# what was asked for is an answer). It is handed to the server in one block, so nobody holds a thread by listening.
MOST_AT_ONCE = 1024 * 1024  # bytes
# Longer recordings that a worker sends whole at a time: each holds a thread for as long as its client takes.
WHOLE_AT_ONCE = 8
_RETRY_AFTER = 5  # seconds
_whole = BoundedSemaphore(WHOLE_AT_ONCE)


class AudioParameters(Struct, frozen=True):
    """Whose recording.

    Parameters
    ----------
    id
        Id of the track.
    """

    id: TrackId


_reader = Reader(AudioParameters)


def track_audio() -> Response:
    """Send the recording of a track, or the part of it that was asked for."""
    track_id = _reader.read(request.args).id
    recording = open_recording(stored_track(track_id))
    if recording is None:
        raise Refusal(NO_RECORDING, f"track {track_id!r} has no recording that this server plays", "id")
    try:
        response = _answer(recording)
    except (RequestedRangeNotSatisfiable, ServiceUnavailable):
        recording.file.close()
        raise
    response.headers["Accept-Ranges"] = "bytes"
    response.headers["Cache-Control"] = "no-cache"
    response.set_etag(recording.entity_tag)
    response.last_modified = recording.modified
    return response


def _answer(recording: Recording) -> Response:
    if not _is_changed(recording):
        recording.file.close()
        return Response(status=304)
    # Who has a part of another recording cannot use a part of this one.
    fits = "If-Range" not in request.headers or not _is_changed(recording, ignore_if_range=False)
    part = asked_part(request.headers.get("Range", ""), recording.length) if fits else None
    return _all(recording) if part is None else _part(recording, *part)


def _is_changed(recording: Recording, ignore_if_range: bool = True) -> bool:
    """Whether it is another one than the client knows, by what its request says of that."""
    tag, modified = recording.entity_tag, recording.modified
    return is_resource_modified(request.environ, f'"{tag}"', None, modified, ignore_if_range)


def asked_part(header: str, length: int) -> tuple[int, int] | None:
    """Return the part of a file that a player asks for, as (first byte, byte after the last); None for the whole.

    Several parts at once, and what is no range of bytes, count as not said.

    Raises
    ------
    werkzeug.exceptions.RequestedRangeNotSatisfiable
        If it lies behind the end.
    """
    asked = parse_range_header(header) if header else None
    if asked is None or asked.units != "bytes" or len(asked.ranges) != 1:
        return None
    part = asked.range_for_length(length)
    if part is None:
        raise RequestedRangeNotSatisfiable(length)
    begin, end = part
    return begin, min(end, begin + MOST_AT_ONCE)


def _all(recording: Recording) -> Response:
    is_long = recording.length > MOST_AT_ONCE and request.method != "HEAD"
    if is_long and not _whole.acquire(blocking=False):
        says = f"{WHOLE_AT_ONCE} recordings are being sent whole: ask for a part by Range, or later"
        raise ServiceUnavailable(says, retry_after=_RETRY_AFTER)
    response = _sent(recording, recording.length, 200)
    if is_long:
        response.call_on_close(_whole.release)
    return response


def _part(recording: Recording, begin: int, end: int) -> Response:
    recording.file.seek(begin)
    response = _sent(recording, end - begin, 206)
    response.headers["Content-Range"] = f"bytes {begin}-{end - 1}/{recording.length}"
    return response


def _sent(recording: Recording, length: int, status: int) -> Response:
    """Answer with so many bytes from where the file stands, and close it at their end, or when the client has gone."""
    if request.method == "HEAD":
        recording.file.close()
    response = Response(_blocks(recording.file, length), status, content_type=recording.media_type)
    response.call_on_close(recording.file.close)
    response.content_length = length
    return response


def _blocks(file: BinaryIO, length: int) -> Iterator[bytes]:
    with file:
        while length and (block := file.read(min(length, MOST_AT_ONCE))):
            length -= len(block)
            yield block
