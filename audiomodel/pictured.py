"""Hearing a file and drawing it, both in a limited process."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from msgspec import Struct

from audiomodel.attention import attention
from audiomodel.confining import LIBRARY
from audiomodel.ear import listening
from audiomodel.front_end import log_mel
from audiomodel.hearing import Hearing
from audiomodel.picture import picture_png, picture_svg, spectrogram_pixels
from audiomodel.tagger import load_tagger

# Looking where the tags hang takes some seconds more than hearing.
PICTURE_LIMITS = replace(LIBRARY, seconds=90.0)


class Pictured(Struct, frozen=True):
    """What was heard, and the file of its picture."""

    hearing: Hearing
    picture: bytes


def picturing(folder: str, max_seconds: float, kind: str) -> Callable[[Path], Pictured]:
    """Return what a process does with a file; see `audiomodel.ear.listening`; `kind` is svg or png."""
    from audiomodel.decoding import decode

    hear = listening(folder, max_seconds)
    tagger = load_tagger(Path(folder))

    def draw(path: Path) -> Pictured:
        hearing = hear(path)
        waveform = decode(path, max_seconds).waveform
        front_end = tagger.card.front_end
        attended = attention(tagger, log_mel(waveform, front_end), hearing.tags)
        pixels = spectrogram_pixels(waveform, attended, front_end)
        if kind == "png":
            return Pictured(hearing, picture_png(pixels))
        return Pictured(hearing, picture_svg(path.name, hearing, pixels, front_end))

    return draw
