"""Recordings of the index as files: found by track id, only below the configured root, and only where they are sound.

A track says where its file lies below the root; no address does. Links are followed first and judged by where they
lead, so that none leads out of the root; what does not begin like a recording is not sent, whatever it is called.
"""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import blake2b
from pathlib import Path
from typing import BinaryIO

from flask import current_app

from search.document import Document
from search.sound import Sound

# What is looked at to tell what a file is.
_HEAD = 16  # bytes
# Beginnings of files that browsers play, at the places where they stand; the first that fits says the media type.
_SIGNS = (
    (0, b"ID3", "audio/mpeg"),
    (0, b"fLaC", "audio/flac"),
    (0, b"OggS", "audio/ogg"),
    (8, b"WAVE", "audio/wav"),
    (8, b"AIFF", "audio/aiff"),
    (8, b"AIFC", "audio/aiff"),
    (4, b"ftyp", "audio/mp4"),
    (0, b"\x1a\x45\xdf\xa3", "audio/webm"),
)
# The first eleven bits of a frame, with a layer and no ADTS: MPEG audio without a tag before it.
_MPEG_SYNC = 0xFFE0


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
    except (OSError, ValueError):  # gone, not ours to read, a loop of links; or a name that no file can have
        return None


def _opened(root: Path, name: str) -> Recording | None:
    base = root.resolve(strict=True)
    place = (base / name).resolve(strict=True)
    if not place.is_relative_to(base):
        return None
    # A pipe would be waited for, and a link may have come since.
    number = os.open(place, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC)
    file = os.fdopen(number, "rb")
    about = os.fstat(number)
    media_type = sniffed_type(file.read(_HEAD)) if stat.S_ISREG(about.st_mode) else ""
    if not media_type:
        file.close()
        return None
    file.seek(0)
    return Recording(
        file, media_type, about.st_size, _entity_tag(about), datetime.fromtimestamp(int(about.st_mtime), UTC)
    )


def sniffed_type(head: bytes) -> str:
    """Return the media type of a recording by its first bytes; ``""`` for anything else."""
    for place, sign, media_type in _SIGNS:
        if head[place : place + len(sign)] == sign:
            return media_type
    first = int.from_bytes(head[:2], "big")
    return "audio/mpeg" if first & _MPEG_SYNC == _MPEG_SYNC and first & 0x0006 else ""


def _entity_tag(about: os.stat_result) -> str:
    what = f"{about.st_dev} {about.st_ino} {about.st_size} {about.st_mtime_ns}"
    return blake2b(what.encode(), digest_size=12).hexdigest()
