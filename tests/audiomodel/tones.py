"""Little files of real sound: a tone over noise, another one for each seed."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import soundfile

# What soundfile calls the formats that it writes, by suffix.
_FORMATS = {".mp3": "MP3", ".flac": "FLAC", ".wav": "WAV", ".aiff": "AIFF", ".ogg": "OGG", ".opus": "OGG"}


def write_tone(path: Path, seed: int = 0, seconds: float = 2.0, sample_rate: int = 44_100) -> None:
    """Write a tone in the format that the file's name says."""
    dice = np.random.default_rng(seed)
    times = np.arange(int(seconds * sample_rate)) / sample_rate
    sound = 0.4 * np.sin(2 * np.pi * (220 + 50 * seed) * times) + dice.normal(scale=0.05, size=len(times))
    subtype = "OPUS" if path.suffix == ".opus" else None
    rate = 48_000 if path.suffix == ".opus" else sample_rate
    soundfile.write(path, sound.astype(np.float32), rate, format=_FORMATS[path.suffix], subtype=subtype)
