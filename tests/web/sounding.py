"""Tracks that somebody listened to, with recordings below a root: sines, and vectors that say which is like which."""

from __future__ import annotations

import wave
from pathlib import Path

import numpy as np

from search.document import Document
from search.embedded import EmbeddedEngine
from search.sound import SOUND_DIMENSIONS, Moment, Sound, quantize
from tagmodel.track import Track
from tests.web.conftest import id_of

RATE = 8_000
SECONDS = 12


def direction(*parts: float) -> bytes:
    """Return a vector with so much of each of a few directions, each of 16 numbers, as none may be large."""
    vector = np.zeros(SOUND_DIMENSIONS)
    vector[: 16 * len(parts)] = np.repeat(parts, 16)
    return quantize(vector)


def write_sine(path: Path, hertz: float, seconds: float = SECONDS, loudness: float = 0.5) -> Path:
    times = np.arange(int(RATE * seconds)) / RATE
    samples = (loudness * 32_767 * np.sin(2 * np.pi * hertz * times)).astype("<i2")
    path.parent.mkdir(parents=True, exist_ok=True)
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(samples.tobytes())
    return path


def moment(start: float, vector: bytes, *tags: str) -> Moment:
    return Moment(start, 5.0, vector, tuple(map(id_of, tags)))


# Its own, near it, further, and one that nobody listened to.
TRACKS = (
    Document(
        Track("s:1", "Low Hum", "Hummers", "", "Ambient", "CC0", 12, tags=("drone", "techno")),
        (id_of("drone"), id_of("techno")),
        heard=(id_of("ambient"),),
        heard_weights=(200,),
        sound=Sound(
            direction(1.0),
            (moment(0.0, direction(1.0), "drone"), moment(6.0, direction(0.6, 0.8), "ambient", "drone")),
            12.0, 92.3, 0.9, "A minor", 0.7, "aa", "t", "ok", "Electronic", "hum/low.wav", (id_of("techno"),),
        ),
    ),
    Document(
        Track("s:2", "High Hum", "Hummers", "", "Ambient", "CC0", 12, tags=("drone",)),
        (id_of("drone"),),
        faint=(id_of("vocals"),),
        sound=Sound(
            direction(0.9, 0.3), (moment(0.0, direction(0.5, 0.8)), moment(6.0, direction(1.0), "ambient")),
            12.0, 140.0, 0.2, audio_id="bb", tagger_id="t", status="ok", file="hum/high.wav",
        ),
    ),
    Document(
        Track("s:3", "Whistle", "Pipers", "", "Folk", "CC0", 12, tags=("piano",)),
        (id_of("piano"),),
        sound=Sound(direction(0.1, 1.0), (), 12.0, audio_id="cc", tagger_id="t", status="unlike", file="whistle.wav"),
    ),
    Document(Track("s:4", "Unheard", "Pipers", "", "Folk", "CC0", 12, tags=("drone", "ambient"),
                   url="https://previews.example/four.mp3?x=1"), (id_of("drone"), id_of("ambient"))),
)  # fmt: skip


def write_recordings(root: Path) -> None:
    for number, document in enumerate(TRACKS):
        if document.sound is not None:
            write_sine(root / document.sound.file, 220 * (number + 1))


def write_index(directory: Path) -> None:
    engine = EmbeddedEngine.open(directory, create=True)
    spellings = {"drone", "techno", "ambient", "vocals", "piano"}
    with engine.writer() as writer:
        writer.name_tags({id_of(tag): tag for tag in spellings})
        writer.write(TRACKS)
        writer.commit()
    engine.close()
