"""Music whose tempo and key are known, because it is played here: clicks, a drum kit, and chords with a bass."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

RATE = 44_100
NOTES = ("C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B")
# Steps of the scale on which chords stand, and the scales.
PROGRESSION = (0, 3, 4, 0)
MAJOR, MINOR = (0, 2, 4, 5, 7, 9, 11), (0, 2, 3, 5, 7, 8, 10)

Wave = NDArray[np.float64]


def clicks(bpm: float, seconds: float = 20.0) -> NDArray[np.float32]:
    sound = np.zeros(int(seconds * RATE))
    times = np.arange(1_300) / RATE
    click = np.sin(2 * np.pi * 1_000 * times) * np.exp(-100 * times)
    for start in np.arange(0.1, seconds - 0.1, 60 / bpm):
        _add(sound, click, start)
    return sound.astype(np.float32)


def drums(bpm: float, seconds: float = 20.0, seed: int = 0) -> NDArray[np.float32]:
    dice = np.random.default_rng(seed)
    sound = np.zeros(int(seconds * RATE))
    times = np.arange(8_000) / RATE
    kick = np.sin(2 * np.pi * (50 * times + 2 * (1 - np.exp(-30 * times)))) * np.exp(-14 * times)
    snare = dice.normal(0, 0.5, len(times)) * np.exp(-25 * times)
    hat = np.diff(dice.normal(0, 0.3, len(times)), prepend=0) * np.exp(-70 * times)
    for beat, start in enumerate(np.arange(0.1, seconds, 60 / bpm)):
        _add(sound, snare if beat % 2 else kick, start)
        _add(sound, 0.5 * hat, start + 30 / bpm)
    return sound.astype(np.float32)


def chords(tonic: int, *, minor: bool, bpm: float = 100.0, seconds: float = 12.0) -> NDArray[np.float32]:
    """Play chords of the key on `tonic`, counted from C; a minor key has a major dominant."""
    sound = np.zeros(int(seconds * RATE))
    scale, bar = (MINOR if minor else MAJOR), 240 / bpm
    for number, start in enumerate(np.arange(0, seconds, bar)):
        step = PROGRESSION[number % len(PROGRESSION)]
        chord = [scale[(step + third) % 7] + 12 * ((step + third) // 7) for third in (0, 2, 4)]
        if minor and step == 4:
            chord[1] += 1
        for note in (*chord, chord[0] - 24):
            _add(sound, 0.2 * _tone(60 + tonic % 12 + note, bar), start)
    return sound.astype(np.float32)


def _tone(note: float, seconds: float) -> Wave:
    times = np.arange(int(seconds * RATE)) / RATE
    frequency = 440 * 2 ** ((note - 69) / 12)
    partials = sum(np.sin(2 * np.pi * frequency * k * times) / k for k in range(1, 6))
    return np.asarray(partials * np.exp(-times) * np.minimum(1, times / 0.01))


def _add(sound: Wave, played: Wave, start: float) -> None:
    first = int(start * RATE)
    end = min(len(sound), first + len(played))
    sound[first:end] += played[: max(0, end - first)]
