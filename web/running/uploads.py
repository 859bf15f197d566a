"""Recordings that somebody sends to be heard: how long they may be, and where they lie until they were heard.

They keep no name of the client's, lie in a private temporary folder outside of all that is served, and are deleted as
soon as they were heard, whatever comes of it.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from flask import Request
from werkzeug.datastructures import FileStorage

# Longest recording, in bytes and in time.
MAX_UPLOAD = 30 * 1024 * 1024  # bytes
MAX_SECONDS = 600.0
# What a form puts around it: the other fields, and the lines between.
_AROUND = 256 * 1024  # bytes
MAX_BODY = MAX_UPLOAD + _AROUND
# Where recordings are sent to.
PATHS = frozenset({"/similar", "/suggest/heard", "/api/v1/hear", "/api/v1/similar"})


def allow_upload(request: Request) -> None:
    """Let a request be as long as a recording with what is around it."""
    request.max_content_length = MAX_BODY


def sent_recording(request: Request, *names: str) -> FileStorage | None:
    """Return the first of some fields that holds a file; None where no file was chosen."""
    files = (one for name in names for one in request.files.getlist(name))
    return next((one for one in files if one.filename or one.content_length), None)


@contextmanager
def kept_upload(upload: FileStorage) -> Iterator[Path]:
    """Keep a recording as a file of a private folder for as long as it is needed."""
    with TemporaryDirectory(prefix="tagkin-heard-") as folder:
        place = Path(folder) / "recording"
        with upload.stream as stream, place.open("wb") as file:
            shutil.copyfileobj(stream, file)
        yield place
