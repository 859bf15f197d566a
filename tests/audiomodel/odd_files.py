"""Hostile and odd files, each with what is to be said about it."""

from __future__ import annotations

import os
import socket
import struct
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np
import soundfile

from audiomodel.problems import Reason
from tests.audiomodel.sound_files import FORMATS, two_tones, write_by_av, write_film_without_sound, write_sound

HEARD = None


class Odd(NamedTuple):
    """How a file is made, and the reasons that may be given; `HEARD` where it has to be heard all the same."""

    make: Callable[[Path], object]
    reasons: set[Reason | None]


def _bytes(content: bytes) -> Callable[[Path], object]:
    return lambda path: path.write_bytes(content)


def _wav(
    channels: int = 1, rate: int = 44_100, tag: int = 1, frames: int = 44_100, *, claim: int | None = None
) -> bytes:
    """Return a WAV of a tone whose header may say anything."""
    samples = (two_tones(1.0, 44_100)[:frames, 0] * 30_000).astype("<i2").tobytes()
    width = max(1, channels) * 2
    form = struct.pack("<4sIHHIIHH", b"fmt ", 16, tag, channels, rate, rate * width & 0xFFFFFFFF, width & 0xFFFF, 16)
    data = struct.pack("<4sI", b"data", len(samples) if claim is None else claim) + samples
    return struct.pack("<4sI4s", b"RIFF", 4 + len(form) + len(data), b"WAVE") + form + data


def _two_formats() -> bytes:
    """Return a WAV that declares plain samples first and ADPCM again."""
    adpcm = struct.pack("<4sIHHIIHH", b"fmt ", 16, 0x11, 1, 44_100, 22_050, 512, 4)
    plain = _wav()
    return plain[:36] + adpcm + plain[36:]


def _extensible(tag: int) -> bytes:
    """Return a WAV that hides its coding behind the extensible format."""
    coding = struct.pack("<HIH", 22, 0, 0)[:4] + bytes(4) + struct.pack("<H", tag)
    coding += bytes.fromhex("000000001000800000aa00389b71")
    form = struct.pack("<4sIHHIIHH", b"fmt ", 40, 0xFFFE, 1, 44_100, 88_200, 2, 16) + coding
    plain = _wav()
    return plain[:12] + form + plain[36:]


def _float_wav(value: float) -> Callable[[Path], object]:
    samples = np.full(44_100, value, np.float32)
    return lambda path: soundfile.write(path, samples, 44_100, format="WAV", subtype="FLOAT")


def _patched(name: str, *swaps: tuple[bytes, bytes]) -> Callable[[Path], object]:
    """Make a good file and swap some of its bytes."""

    def make(path: Path) -> None:
        content = write_sound(path.parent, name).read_bytes()
        for old, new in swaps:
            assert old in content
            content = content.replace(old, new, 1)
        path.write_bytes(content)

    return make


def _cut(name: str, size: int) -> Callable[[Path], object]:
    return lambda path: path.write_bytes(write_sound(path.parent, name).read_bytes()[:size])


def _encoded(kind: str, codec: str) -> Callable[[Path], object]:
    return lambda path: write_by_av(path, two_tones(1.0, 48_000, 2), 48_000, kind=kind, codec=codec)


def _by_soundfile(kind: str, subtype: str) -> Callable[[Path], object]:
    return lambda path: soundfile.write(path, two_tones(1.0, 44_100), 44_100, format=kind, subtype=subtype)


def _linked(path: Path) -> None:
    path.symlink_to(write_sound(path.parent, "a.flac"))


def _bomb(path: Path) -> None:
    with soundfile.SoundFile(path, "w", 48_000, 2, format="FLAC", subtype="PCM_16") as bomb:
        silence = np.zeros((960_000, 2), np.int16)
        for _ in range(30):
            bomb.write(silence)


def _hole(path: Path) -> None:
    with path.open("wb") as file:
        file.truncate(1 << 40)


def _hole_after_a_header(path: Path) -> None:
    path.write_bytes(_wav(claim=0xFFFFFFFF))
    os.truncate(path, 1 << 35)


def _listening(path: Path) -> None:
    here = Path.cwd()
    os.chdir(path.parent)  # the name of a socket must be short
    try:
        with socket.socket(socket.AF_UNIX) as door:
            door.bind(path.name)
    finally:
        os.chdir(here)


def _locked(path: Path) -> None:
    path.write_bytes(_wav())
    path.chmod(0)


def _nested(depth: int) -> bytes:
    """Return an MP4 whose boxes lie in one another."""
    box = b""
    for _ in range(depth):
        box = struct.pack(">I4s", len(box) + 8, b"moov") + box
    return struct.pack(">I4s4sI", 16, b"ftyp", b"M4A ", 0) + box


D, U, N = Reason.DAMAGED, Reason.UNSUPPORTED, Reason.NOT_AUDIO
UNREADABLE, ENCRYPTED, LONG = Reason.UNREADABLE, Reason.ENCRYPTED, Reason.TOO_LONG
ODD_FILES: dict[str, Odd] = {
    "empty": Odd(_bytes(b""), {Reason.EMPTY}),
    "one byte": Odd(_bytes(b"R"), {N}),
    "zeros": Odd(_bytes(bytes(100_000)), {N}),
    "words": Odd(_bytes(b"not a song\n" * 500), {N}),
    "playlist": Odd(_bytes(b"#EXTM3U\nfile:///etc/passwd\nhttp://127.0.0.1:1/a.mp3\n"), {N}),
    "script of files": Odd(_bytes(b"ffconcat version 1.0\nfile /etc/passwd\n"), {N}),
    "zip": Odd(_bytes(b"PK\x03\x04" + bytes(1_000)), {N}),
    "film without sound": Odd(write_film_without_sound, {N}),
    "tag alone": Odd(_bytes(b"ID3\x04\0\0\0\0\x07\x76" + bytes(1_014)), {D}),
    "tag of 256 MB": Odd(_bytes(b"ID3\x04\0\0\x7f\x7f\x7f\x7f" + _wav()), {D}),
    "silence": Odd(_float_wav(0.0), {Reason.SILENT}),
    "offset": Odd(_float_wav(0.7), {Reason.SILENT}),
    "no numbers": Odd(_float_wav(np.nan), {D}),
    "infinite": Odd(_float_wav(-np.inf), {D}),
    "beyond measure": Odd(_float_wav(3e38), {D}),
    "0 frames": Odd(_bytes(_wav(frames=0)), {Reason.EMPTY}),
    "1 frame": Odd(_bytes(_wav(frames=1)), {Reason.TOO_SHORT}),
    "50 ms": Odd(_bytes(_wav(frames=2_205)), {Reason.TOO_SHORT}),
    "0 channels": Odd(_bytes(_wav(channels=0)), {D, U}),
    "65,535 channels": Odd(_bytes(_wav(channels=65_535)), {D, U}),
    "900 channels": Odd(_bytes(_wav(channels=900)), {D, U}),
    "0 Hz": Odd(_bytes(_wav(rate=0)), {D, U}),
    "1 Hz": Odd(_bytes(_wav(rate=1)), {D, U}),
    "4 GHz": Odd(_bytes(_wav(rate=0xFFFFFFFF)), {D, U}),
    "claims 4 GB": Odd(_bytes(_wav(claim=0xFFFFFFFF)), {HEARD}),
    "two formats": Odd(_bytes(_two_formats()), {HEARD, D, U}),
    "ADPCM of Intel": Odd(_by_soundfile("WAV", "IMA_ADPCM"), {U}),
    "ADPCM of Microsoft": Odd(_by_soundfile("WAV", "MS_ADPCM"), {U}),
    "ADPCM by its tag": Odd(_bytes(_wav(tag=0x11)), {U}),
    "ADPCM in disguise": Odd(_bytes(_extensible(0x11)), {U}),
    "PCM as extensible": Odd(_bytes(_extensible(1)), {HEARD}),
    "telephone": Odd(_by_soundfile("WAV", "ULAW"), {U}),
    "ADPCM in AIFF": Odd(_patched("float.aiff", (b"FL32", b"ima4")), {U}),
    "Windows Media": Odd(_bytes(b"\x30\x26\xb2\x75\x8e\x66\xcf\x11" + bytes(500)), {U}),
    "AC-3 in MP4": Odd(_encoded("mp4", "ac3"), {U}),
    "ADPCM in QuickTime": Odd(_encoded("mov", "adpcm_ima_qt"), {U}),
    "bought song": Odd(_patched("a.m4a", (b"mp4a", b"drms")), {ENCRYPTED}),
    "encrypted song": Odd(_patched("a.m4a", (b"mp4a", b"enca")), {ENCRYPTED}),
    "bought book": Odd(_patched("a.m4a", (b"ftypM4A ", b"ftypaax ")), {ENCRYPTED}),
    "boxes in boxes": Odd(_bytes(_nested(5_000)), {D, N}),
    "box of 2^64": Odd(_bytes(_nested(1) + struct.pack(">I4sQ", 1, b"mdat", 2**64 - 1)), {D, N}),
    "bomb": Odd(_bomb, {LONG}),
    "hole of 1 TB": Odd(_hole, {N}),
    "hole of 32 GB": Odd(_hole_after_a_header, {LONG, HEARD}),
    "link to nowhere": Odd(lambda path: path.symlink_to("nowhere"), {UNREADABLE}),
    "link to itself": Odd(lambda path: path.symlink_to(path.name), {UNREADABLE}),
    "link to a song": Odd(_linked, {HEARD}),
    "FIFO": Odd(os.mkfifo, {UNREADABLE}),
    "directory": Odd(Path.mkdir, {UNREADABLE}),
    "socket": Odd(_listening, {UNREADABLE}),
    "endless device": Odd(lambda path: path.symlink_to("/dev/zero"), {UNREADABLE}),
    "terminal": Odd(lambda path: path.symlink_to("/dev/tty"), {UNREADABLE}),
    "locked": Odd(_locked, {UNREADABLE} if os.geteuid() else {HEARD}),
    "missing": Odd(lambda path: None, {UNREADABLE}),
    "x" * 300: Odd(lambda path: None, {UNREADABLE}),
}
for _name in FORMATS:
    ODD_FILES[f"first 20 bytes of {_name}"] = Odd(_cut(_name, 20), {D, N, U, Reason.EMPTY})
    ODD_FILES[f"first 60 bytes of {_name}"] = Odd(_cut(_name, 60), {D, N, U, Reason.EMPTY, Reason.TOO_SHORT})
