"""Which recording a file holds, whatever it is called: a hash of the encoded sound, without decoding it.

Tags written into a file, a picture, padding or a move leave it alone; another encoding of the same music is another
recording. It takes a tenth of the time of decoding.
"""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from audiomodel.ffmpeg import open_av
from audiomodel.opening import open_sound
from audiomodel.problems import AudioProblem, Reason
from audiomodel.sniffing import sniff

if TYPE_CHECKING:
    from av.container import InputContainer

DIGEST = 16  # bytes
_PART = 1 << 20  # bytes read at once


def audio_id(path: Path) -> str:
    """Return 32 hexadecimal digits that stand for the sound in a file.

    A file without sound that can be found gets those of its bytes, so that what is known of it can be kept as well.

    Raises
    ------
    AudioProblem
        If the file is empty or cannot be read.
    """
    with open_sound(path) as file:
        return _packets_id(file) or _bytes_id(file)


def _packets_id(file: BinaryIO) -> str | None:
    try:
        container = sniff(file)
    except AudioProblem as problem:
        if problem.reason is Reason.EMPTY:
            raise
        return None
    import av

    file.seek(0)
    try:
        with open_av(file, container) as opened:
            return _hash(opened)
    except MemoryError:
        raise
    except (av.FFmpegError, ValueError):
        return None


def _hash(opened: InputContainer) -> str | None:
    """Return the hash of the first audio stream's packets; None where it has none."""
    if not opened.streams.audio:
        return None
    stream = opened.streams.audio[0]
    codec = stream.codec_context
    # The same bytes at another rate are another sound.
    told = f"{codec.name} {codec.sample_rate}" if codec is not None else ""
    digest, size = hashlib.blake2b(told.encode(), digest_size=DIGEST, person=b"sound"), 0
    for packet in opened.demux(stream):
        digest.update(packet)
        size += packet.size
    return digest.hexdigest() if size else None


def _bytes_id(file: BinaryIO) -> str:
    digest, place = hashlib.blake2b(digest_size=DIGEST, person=b"file"), 0
    while part := os.pread(file.fileno(), _PART, place):
        digest.update(part)
        place += len(part)
    return digest.hexdigest()
