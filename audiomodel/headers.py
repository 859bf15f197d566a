"""Which coding WAV, AIFF and MP4 files declare, read with as little trust as a few dozen bytes need."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import BinaryIO

from audiomodel.problems import AudioProblem, Reason

WAV_EXTENSIBLE = 0xFFFE
# The tail of every coding's name in an extensible WAV, after its format tag.
WAV_CODING_TAIL = bytes.fromhex("000000001000800000aa00389b71")
# A file with more parts than this before its sound is not worth the reading.
MOST_CHUNKS = 1_000
LARGEST_INDEX = 64_000_000  # bytes of an MP4's index: some days of sound


def read_at(file: BinaryIO, place: int, size: int) -> bytes:
    """Return up to `size` bytes from a place in a file; none past its end."""
    try:
        return os.pread(file.fileno(), size, place)
    except OverflowError:
        return b""


def wav_format(file: BinaryIO, start: int) -> int:
    """Return the format tag of a WAV file, that of the samples where it is extensible.

    Raises
    ------
    AudioProblem
        If it states none before its samples.
    """
    for name, place, size in _chunks(file, start + 12, "little"):
        if name == b"fmt ":
            head = read_at(file, place, min(size, 40))
            tag = int.from_bytes(head[:2], "little")
            if tag == WAV_EXTENSIBLE and head[26:40] == WAV_CODING_TAIL:
                return int.from_bytes(head[24:26], "little")
            return tag
        if name == b"data":
            break
    raise AudioProblem(Reason.DAMAGED, "the WAV does not say how its samples are written")


def aiff_coding(file: BinaryIO, start: int) -> bytes:
    """Return the four letters of an AIFF file's coding; plain AIFF knows one coding only.

    Raises
    ------
    AudioProblem
        If it states none.
    """
    if read_at(file, start + 8, 4) == b"AIFF":
        return b"NONE"
    for name, place, _ in _chunks(file, start + 12, "big"):
        if name == b"COMM":
            return read_at(file, place + 18, 4)
    raise AudioProblem(Reason.DAMAGED, "the AIFF does not say how its samples are written")


def _chunks(file: BinaryIO, place: int, byte_order: str) -> Iterator[tuple[bytes, int, int]]:
    """Yield name, place and size of the parts of a RIFF or IFF file."""
    for _ in range(MOST_CHUNKS):
        head = read_at(file, place, 8)
        if len(head) < 8:
            return
        size = int.from_bytes(head[4:], "little" if byte_order == "little" else "big")
        yield head[:4], place + 8, size
        place += 8 + size + size % 2


def mp4_codings(file: BinaryIO, start: int) -> set[bytes]:
    """Return the four letters of the coding of each stream in an MP4 file; none where it has no index."""
    index = _mp4_index(file, start)
    codings = set()
    place = index.find(b"stsd")
    while place >= 0:
        # Its name, version and flags, how many entries, the size of the first entry, and the entry's name.
        codings.add(index[place + 16 : place + 20])
        place = index.find(b"stsd", place + 4)
    return codings


def _mp4_index(file: BinaryIO, place: int) -> bytes:
    """Return the box ``moov``, wherever it stands among the boxes of the file."""
    for _ in range(MOST_CHUNKS):
        head = read_at(file, place, 16)
        size = int.from_bytes(head[:4], "big")
        if size == 1:
            size = int.from_bytes(head[8:16], "big")
        if head[4:8] == b"moov":
            return read_at(file, place, min(size, LARGEST_INDEX) if size else LARGEST_INDEX)
        if size < 8:
            break
        place += size
    return b""
