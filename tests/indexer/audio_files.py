"""The smallest audio files that carry metadata, made of bytes: no encoder, no recording."""

from __future__ import annotations

import struct
from collections.abc import Mapping
from pathlib import Path

import mutagen
from mutagen import id3
from mutagen.ogg import OggPage

RATE = 44_100  # Hz


def write_mp3(path: Path) -> None:
    """One second of silent frames: MPEG 1 layer III, 128 kbit/s, 44.1 kHz, 417 bytes each."""
    frame = b"\xff\xfb\x90\x64" + bytes(413)
    path.write_bytes(frame * 38)


def write_wav(path: Path) -> None:
    samples = bytes(2 * RATE)
    form = struct.pack("<4sIHHIIHH", b"fmt ", 16, 1, 1, RATE, 2 * RATE, 2, 16)
    data = struct.pack("<4sI", b"data", len(samples)) + samples
    path.write_bytes(struct.pack("<4sI4s", b"RIFF", 4 + len(form) + len(data), b"WAVE") + form + data)


def write_aiff(path: Path) -> None:
    samples = bytes(2 * RATE)
    rate = struct.pack(">HQ", 16383 + 15, RATE << (63 - 15))  # 80-bit float
    common = struct.pack(">4sIhIh", b"COMM", 18, 1, RATE, 16) + rate
    sound = struct.pack(">4sIII", b"SSND", 8 + len(samples), 0, 0) + samples
    path.write_bytes(struct.pack(">4sI4s", b"FORM", 4 + len(common) + len(sound), b"AIFF") + common + sound)


def write_flac(path: Path) -> None:
    """Metadata only: the length stands in the stream's information block."""
    packed = RATE << 44 | 0 << 41 | 15 << 36 | RATE
    info = struct.pack(">HH", 4096, 4096) + bytes(6) + packed.to_bytes(8, "big") + bytes(16)
    path.write_bytes(b"fLaC" + b"\x80" + len(info).to_bytes(3, "big") + info)


def write_ogg(path: Path) -> None:
    head = b"\x01vorbis" + struct.pack("<IBIiiiBB", 0, 1, RATE, 0, 128_000, 0, 0xB8, 1)
    comment = b"\x03vorbis" + struct.pack("<I", 0) + struct.pack("<I", 0) + b"\x01"
    _write_pages(path, head, [comment, b"\x05vorbis"], RATE)


def write_opus(path: Path) -> None:
    head = b"OpusHead" + struct.pack("<BBHIhB", 1, 1, 0, RATE, 0, 0)
    _write_pages(path, head, [b"OpusTags" + struct.pack("<II", 0, 0)], 48_000)


def _write_pages(path: Path, head: bytes, packets: list[bytes], position: int) -> None:
    first, last = OggPage(), OggPage()
    first.packets, first.first, first.serial = [head], True, 1
    pages = [first, *OggPage.from_packets(packets, sequence=1)]
    last.packets, last.last, last.position, last.sequence = [b"x"], True, position, len(pages)
    for page in (*pages, last):
        page.serial = 1
    path.write_bytes(b"".join(page.write() for page in (*pages, last)))


def _atom(name: bytes, content: bytes) -> bytes:
    return struct.pack(">I4s", 8 + len(content), name) + content


def write_m4a(path: Path) -> None:
    media_header = _atom(b"mdhd", bytes(12) + struct.pack(">II", RATE, RATE) + bytes(4))
    handler = _atom(b"hdlr", bytes(8) + b"soun" + bytes(12))
    track = _atom(b"trak", _atom(b"mdia", media_header + handler))
    path.write_bytes(_atom(b"ftyp", b"M4A \0\0\0\0") + _atom(b"moov", _atom(b"mvhd", bytes(100)) + track))


WRITERS = {
    ".mp3": write_mp3,
    ".wav": write_wav,
    ".aiff": write_aiff,
    ".flac": write_flac,
    ".ogg": write_ogg,
    ".opus": write_opus,
    ".m4a": write_m4a,
}

ID3_FRAMES = {
    "title": "TIT2",
    "artist": "TPE1",
    "album": "TALB",
    "genre": "TCON",
    "date": "TDRC",
    "mood": "TMOO",
    "grouping": "TIT1",
    "keywords": "TXXX:Keywords",
    "comment": "COMM",
}
MP4_ATOMS = {
    "title": "\xa9nam",
    "artist": "\xa9ART",
    "album": "\xa9alb",
    "genre": "\xa9gen",
    "date": "\xa9day",
    "mood": "----:com.apple.iTunes:MOOD",
    "grouping": "\xa9grp",
    "keywords": "keyw",
    "comment": "\xa9cmt",
}


def write_audio(path: Path, texts: Mapping[str, str]) -> None:
    """Write one second of audio that says `texts` about itself, in the manner of its format."""
    WRITERS[path.suffix](path)
    file = mutagen.File(path)
    if file.tags is None:
        file.add_tags()
    for name, text in texts.items():
        if hasattr(file.tags, "getall"):
            file.tags.add(_frame(ID3_FRAMES[name], text))
        elif path.suffix == ".m4a":
            atom = MP4_ATOMS[name]
            file.tags[atom] = [text.encode() if atom.startswith("----") else text]
        else:
            file.tags[name] = [text]
    file.save()


def _frame(key: str, text: str) -> object:
    frame_id, _, description = key.partition(":")
    if frame_id == "COMM":
        return id3.COMM(encoding=3, lang="eng", desc="", text=[text])
    if frame_id == "TXXX":
        return id3.TXXX(encoding=3, desc=description, text=[text])
    return getattr(id3, frame_id)(encoding=3, text=[text])
