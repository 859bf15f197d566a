"""Recordings of the index as files: found by track id, only below the configured root, and only where they are sound.

A track says where its file lies below the root; no address does. Links are followed first and judged by where they
lead, so that none leads out of the root; what does not begin like a recording is not sent, whatever it is called.
"""

from __future__ import annotations

import os
import stat
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import blake2b
from pathlib import Path
from typing import BinaryIO

from flask import current_app

from audiomodel.problems import AudioProblem
from audiomodel.sniffing import sniff
from search.document import Document
from search.sound import Sound

# How browsers call what recordings are wrapped in.
MEDIA_TYPES = {
    "mp3": "audio/mpeg",
    "flac": "audio/flac",
    "ogg": "audio/ogg",
    "wav": "audio/wav",
    "aiff": "audio/aiff",
    "aac": "audio/aac",
    "mp4": "audio/mp4",
    "webm": "audio/webm",
    "matroska": "audio/x-matroska",
}


@dataclass(frozen=True)
class Recording:
    """An open file of sound; whoever has it closes it.

    Parameters
    ----------
    length
        In bytes.
    entity_tag
        Changes when the file does.
    """

    file: BinaryIO
    media_type: str
    length: int
    entity_tag: str
    modified: datetime


def is_playable(sound: Sound | None) -> bool:
    """Whether a track has a file that this server may send; whether it is still there shows when it is asked for."""
    return bool(sound and sound.file) and audio_root() is not None


def audio_root() -> Path | None:
    """Return the folder below which files of sound may be sent; None where none was set."""
    root: Path | None = current_app.extensions["settings"].audio_root
    return root


def open_recording(document: Document) -> Recording | None:
    """Open the file of a track; None where there is none that may be sent."""
    root = audio_root()
    if root is None or document.sound is None or not document.sound.file:
        return None
    try:
        return _opened(root, document.sound.file)
    except (OSError, RuntimeError, ValueError):  # gone, not ours to read; a loop of links; a name that no file can have
        return None


def _opened(root: Path, name: str) -> Recording | None:
    base = root.resolve(strict=True)
    place = (base / name).resolve(strict=True)
    if not place.is_relative_to(base):
        return None
    with ExitStack() as opened:
        recording = _recording(opened.enter_context(open(place, "rb", opener=_open_now)))
        if recording is not None:
            opened.pop_all()  # whoever has it closes it
        return recording


def _open_now(path: str, flags: int) -> int:
    # A pipe would be waited for, and a link may have come since.
    return os.open(path, flags | os.O_NONBLOCK | os.O_NOFOLLOW)


def _recording(file: BinaryIO) -> Recording | None:
    """Return what is in a file that was opened; None where that is no sound."""
    about = os.fstat(file.fileno())
    media_type = _media_type(file) if stat.S_ISREG(about.st_mode) else ""
    if not media_type:
        return None
    file.seek(0)
    return Recording(
        file, media_type, about.st_size, _entity_tag(about), datetime.fromtimestamp(int(about.st_mtime), UTC)
    )


def _media_type(file: BinaryIO) -> str:
    try:
        return MEDIA_TYPES[sniff(file).name]
    except AudioProblem:
        return ""


def _entity_tag(about: os.stat_result) -> str:
    what = f"{about.st_dev} {about.st_ino} {about.st_size} {about.st_mtime_ns}"
    return blake2b(what.encode(), digest_size=12).hexdigest()
