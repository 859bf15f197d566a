"""From a file to one waveform: mono, 44.1 kHz, finite, and no longer than the caller has asked for.

Everything goes block by block, because a few megabytes can stand for hours: only the mono waveform is ever whole.
A file that breaks off, or that is damaged here and there, is heard as far as it goes.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from audiomodel.blocks import Block, Sound
from audiomodel.opening import open_sound
from audiomodel.problems import AudioProblem, Reason
from audiomodel.reading import open_blocks
from audiomodel.sniffing import sniff

# What the front end works with, and most recordings have.
SAMPLE_RATE = 44_100  # Hz
# Two windows of the front end; below this there is nothing to tell a tag from.
SHORTEST = 0.1  # seconds
# Half the swing of the waveform, so that an offset is no sound: 66 dB below full scale. The last of 16 bits is at 90,
# and the softest of some 400 single notes of an orchestra reaches 38.
SILENT_BELOW = 0.0005
# A sample that is no number or larger than this is spoiled and counts as 0; so is one above the second figure that
# towers so far above those around it: whole files may count to 2^31 instead of 1.
LARGEST_SAMPLE = 1e12
LARGEST_PLAIN, TOWERING = 1e6, 1e3
# A file of which this share is spoiled is damaged.
MOST_SPOILED = 0.5
# A block with less energy has no such sample, however the sum was rounded.
PLAIN_ENERGY = 0.5 * LARGEST_PLAIN**2
# Room is made at once for as much as a file declares, up to ten minutes; more has to come first.
MOST_EXPECTED = 600 * SAMPLE_RATE  # samples
# How much a waveform of unknown length grows at a time.
GROWTH = 1.25

Waveform = NDArray[np.float32]


@dataclass(frozen=True)
class Decoded:
    """The sound of a file.

    Parameters
    ----------
    waveform : shape (n_samples,)
        Mono, in [-1, 1], at `SAMPLE_RATE`; louder files are turned down as a whole.
    seconds
        How long it lasts.
    sample_rate, channels
        Of the file.
    container
        Of the file: "mp3", "webm".
    """

    waveform: Waveform
    seconds: float
    sample_rate: int
    channels: int
    container: str


def decode(path: Path, max_seconds: float) -> Decoded:
    """Decode a file of sound.

    Raises
    ------
    AudioProblem
        If it cannot be read, is no sound, lasts for less than `SHORTEST` or more than `max_seconds`, or is silent.
    """
    with open_sound(path) as file:
        container = sniff(file)
        with open_blocks(file, container) as sound:
            waveform, frames = _collect(sound, max_seconds)
            seconds = frames / sound.sample_rate
            _check_audible(waveform, seconds, declared=sound.frames > 0)
            return Decoded(_turned_down(waveform), seconds, sound.sample_rate, sound.channels, container.name)


def _collect(sound: Sound, max_seconds: float) -> tuple[Waveform, int]:
    """Return the waveform, and how many frames of the file it was made of."""
    most = int(max_seconds * sound.sample_rate)
    mixed = _Mixed(sound, most, max_seconds)
    expected = min(min(sound.frames, most) * SAMPLE_RATE // sound.sample_rate, MOST_EXPECTED)
    waveform, filled = np.empty(expected + SAMPLE_RATE, np.float32), 0
    for part in _resampled(mixed.blocks(), sound.sample_rate):
        if filled + len(part) > len(waveform):
            waveform.resize(int((filled + len(part)) * GROWTH), refcheck=False)
        waveform[filled : filled + len(part)] = part
        filled += len(part)
    waveform.resize(filled, refcheck=False)
    if mixed.spoiled > MOST_SPOILED * mixed.frames:
        raise AudioProblem(Reason.DAMAGED, "most of its samples are no numbers, or beyond all measure")
    return waveform, mixed.frames


class _Mixed:
    """The sound as mono blocks, counted on the way."""

    def __init__(self, sound: Sound, most_frames: int, max_seconds: float) -> None:
        self._sound = sound
        self._most = most_frames
        self._max_seconds = max_seconds
        self.frames = 0
        self.spoiled = 0

    def blocks(self) -> Iterator[Waveform]:
        """Yield mono blocks without spoiled samples, and stop what is too long."""
        for block in self._sound.blocks:
            self.frames += len(block)
            if self.frames > self._most:
                raise AudioProblem(Reason.TOO_LONG, f"it lasts for more than {self._max_seconds:g} seconds")
            mono = mix(block)
            # One number tells that none is spoiled, at a tenth of the cost of looking at each.
            with np.errstate(all="ignore"):
                energy = np.dot(mono, mono)
            if not energy < PLAIN_ENERGY:  # nor is what is no number
                self.spoiled += _mend(mono)
            yield mono


def mix(block: Block) -> Waveform:
    """Return the mean of the channels; NumPy's own is twenty times as slow along a short axis."""
    channels = block.shape[1]
    with np.errstate(all="ignore"):
        if channels == 1:
            return block[:, 0].copy()
        if channels == 2:
            mono = block[:, 0] + block[:, 1]
            mono *= np.float32(0.5)
            return mono
        return block @ np.full(channels, 1 / channels, np.float32)


def _mend(mono: Waveform) -> int:
    """Silence samples that are no numbers or beyond all measure, in place, and return how many."""
    size = np.abs(mono)
    with np.errstate(invalid="ignore"):
        spoiled = ~(size <= LARGEST_SAMPLE)
    if not spoiled.all():
        around = np.quantile(size[~spoiled], 0.99, method="lower")
        spoiled |= size > max(LARGEST_PLAIN, TOWERING * around)
    mono[spoiled] = 0
    return int(spoiled.sum())


def _resampled(blocks: Iterator[Waveform], sample_rate: int) -> Iterator[Waveform]:
    """Yield blocks at `SAMPLE_RATE`."""
    if sample_rate == SAMPLE_RATE:
        yield from blocks
        return
    import soxr

    stream = soxr.ResampleStream(sample_rate, SAMPLE_RATE, 1, dtype="float32", quality="HQ")
    for block in blocks:
        yield stream.resample_chunk(block)
    yield stream.resample_chunk(np.empty(0, np.float32), last=True)


def _check_audible(waveform: Waveform, seconds: float, *, declared: bool) -> None:
    if not len(waveform):
        if declared:
            raise AudioProblem(Reason.DAMAGED, "it declares sound, but none of it can be decoded")
        raise AudioProblem(Reason.EMPTY, "there is no sample of sound in it")
    if seconds < SHORTEST:
        said = f"it lasts for {seconds:.3f} seconds, and nothing can be told below {SHORTEST:g}"
        raise AudioProblem(Reason.TOO_SHORT, said)
    if waveform.max() - waveform.min() < 2 * SILENT_BELOW:
        level = -round(20 * np.log10(SILENT_BELOW))
        raise AudioProblem(Reason.SILENT, f"nothing in it is louder than {level} dB below full scale")


def _turned_down(waveform: Waveform) -> Waveform:
    peak = max(float(waveform.max()), -float(waveform.min()))
    if peak > 1:
        waveform *= np.float32(1 / peak)
        np.clip(waveform, -1, 1, out=waveform)
    return waveform
