"""What kind of file it is, by its first bytes and never by its name, and who is to read it.

Only what has to be read here gets as far as a decoder. libsndfile is the faster one, PyAV (FFmpeg) reads the rest. WAV
and AIFF are refused by the coding that they declare: libsndfile 1.2.2 overflows on crafted ADPCM (CVE-2026-37555).
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import BinaryIO

from audiomodel.headers import aiff_coding, mp4_codings, read_at, wav_format
from audiomodel.mpeg import FIRST_FRAME_WITHIN, first_frame, is_adts
from audiomodel.problems import AudioProblem, Reason


@dataclass(frozen=True)
class Container:
    """How the sound is wrapped.

    Parameters
    ----------
    name
        For people: "mp3", "ogg", "webm".
    demuxer
        FFmpeg's name of it.
    by_soundfile
        Whether libsndfile reads it; else PyAV does.
    """

    name: str
    demuxer: str
    by_soundfile: bool


MP3 = Container("mp3", "mp3", True)
# libsndfile wants the first frame at once, FFmpeg looks for it.
MP3_AFTER_JUNK = Container("mp3", "mp3", False)
FLAC = Container("flac", "flac", True)
OGG = Container("ogg", "ogg", True)
OGG_OTHERWISE = Container("ogg", "ogg", False)
WAV = Container("wav", "wav", True)
AIFF = Container("aiff", "aiff", True)
AAC = Container("aac", "aac", False)
MP4 = Container("mp4", "mov", False)
WEBM = Container("webm", "matroska", False)
MATROSKA = Container("matroska", "matroska", False)

WAV_PCM, WAV_FLOAT = 1, 3
AIFF_CODINGS = {b"NONE", b"sowt", b"twos", b"raw ", b"in24", b"in32", b"fl32", b"FL32", b"fl64", b"FL64"}
# Of FLAC in Ogg libsndfile reads only what it has written itself.
OGG_CODINGS = (b"\x01vorbis", b"OpusHead")
MP4_PROTECTED = {b"drms", b"drmi", b"enca", b"encv"}
MP4_SHOPS = {b"aax ", b"aaxc", b"M4P "}  # Audible, iTunes
MP4_BOXES = {b"ftyp", b"moov", b"mdat", b"wide"}

# What else comes along, so that the message can name it.
UNSUPPORTED = {
    b"\x30\x26\xb2\x75": "Windows Media",
    b"wvpk": "WavPack",
    b"MAC ": "Monkey's Audio",
    b"MPCK": "Musepack",
    b"MP+": "Musepack",
    b"DSD ": "DSD",
    b"FRM8": "DSD",
    b"MThd": "MIDI, which is notes and no sound",
    b"#!AMR": "AMR",
    b".snd": "Sun audio",
    b"caff": "Core Audio",
    b".RMF": "RealMedia",
    b"RIFX": "a big-endian WAV",
    b"riff": "Wave64",
    b"FLV": "Flash video",
}
NO_AUDIO = {
    b"\x89PNG": "a PNG picture",
    b"\xff\xd8\xff": "a JPEG picture",
    b"GIF8": "a GIF picture",
    b"%PDF": "a PDF",
    b"PK\x03\x04": "a ZIP archive",
    b"\x1f\x8b": "a gzip archive",
    b"\x7fELF": "a program",
    b"#EXTM3U": "a playlist, which only names files of sound",
    b"[playlist]": "a playlist, which only names files of sound",
    b"<": "a web page or XML",
    b"{": "JSON",
}


def sniff(file: BinaryIO) -> Container:
    """Return what a file is.

    Raises
    ------
    AudioProblem
        If it is empty, no sound, or sound that is not read here.
    """
    if not os.fstat(file.fileno()).st_size:
        raise AudioProblem(Reason.EMPTY, "the file is empty")
    start = _after_id3(file)
    head = read_at(file, start, 64)
    for wraps, container_of in (
        (head[:4] in {b"RIFF", b"RF64", b"BW64"} and head[8:12] == b"WAVE", _wav),
        (head[:4] == b"FORM" and head[8:12] in {b"AIFF", b"AIFC"}, _aiff),
        (head[:4] == b"OggS", _ogg),
        (head[4:8] in MP4_BOXES, _mp4),
    ):
        if wraps:
            return container_of(file, start)
    if head.startswith(b"fLaC"):
        return FLAC
    if head.startswith(b"\x1a\x45\xdf\xa3"):
        return WEBM if b"webm" in head else MATROSKA
    return _mpeg(file, start) or _refuse(head, tagged=start > 0)


def _after_id3(file: BinaryIO) -> int:
    """Return where the sound begins after the ID3 tags that may stand before anything."""
    start = 0
    for _ in range(4):
        head = read_at(file, start, 10)
        if len(head) < 10 or not head.startswith(b"ID3") or max(head[6:10]) > 127:
            break
        size = int.from_bytes(bytes(head[6:7])) << 21 | head[7] << 14 | head[8] << 7 | head[9]
        start += 10 + size + (10 if head[5] & 0x10 else 0)
    return start


def _wav(file: BinaryIO, start: int) -> Container:
    tag = wav_format(file, start)
    if tag not in {WAV_PCM, WAV_FLOAT}:
        raise AudioProblem(Reason.UNSUPPORTED, f"expected a WAV of plain samples (PCM or float), got coding {tag:#06x}")
    return WAV


def _aiff(file: BinaryIO, start: int) -> Container:
    coding = aiff_coding(file, start)
    if coding not in AIFF_CODINGS:
        said = coding.decode("ascii", "replace")
        raise AudioProblem(Reason.UNSUPPORTED, f"expected an AIFF of plain samples, got coding {said!r}")
    return AIFF


def _ogg(file: BinaryIO, start: int) -> Container:
    first_page = read_at(file, start, 512)
    return OGG if start == 0 and any(coding in first_page[27:] for coding in OGG_CODINGS) else OGG_OTHERWISE


def _mp4(file: BinaryIO, start: int) -> Container:
    if read_at(file, start + 8, 4) in MP4_SHOPS or mp4_codings(file, start) & MP4_PROTECTED:
        raise AudioProblem(Reason.ENCRYPTED, "it is protected against copying: only the shop's own player can read it")
    return MP4


def _mpeg(file: BinaryIO, start: int) -> Container | None:
    data = read_at(file, start, FIRST_FRAME_WITHIN)
    if is_adts(data):
        return AAC
    first = first_frame(data)
    if first is None:
        return None
    return MP3 if first == 0 else MP3_AFTER_JUNK


def _refuse(head: bytes, *, tagged: bool) -> Container:
    for magic, name in UNSUPPORTED.items():
        if head.startswith(magic):
            raise AudioProblem(Reason.UNSUPPORTED, f"{name} is not read here; convert it to flac, mp3, ogg, m4a or wav")
    for magic, name in NO_AUDIO.items():
        if head.lstrip().startswith(magic):
            raise AudioProblem(Reason.NOT_AUDIO, f"expected a file of sound, got {name}")
    if tagged:
        raise AudioProblem(Reason.DAMAGED, "no sound follows the tags of the file")
    raise AudioProblem(Reason.NOT_AUDIO, "expected mp3, flac, ogg, opus, wav, aiff, m4a, aac or webm")
