"""Reading a file's sound: by libsndfile what it can, by FFmpeg the rest, neither mixed nor resampled.

What breaks off in the middle ends there; whether what came is enough is for `audiomodel.decoding` to say.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, BinaryIO

import numpy as np

from audiomodel.blocks import BLOCK_FRAMES, Block, Sound
from audiomodel.ffmpeg import open_by_ffmpeg
from audiomodel.problems import AudioProblem, Reason
from audiomodel.sniffing import Container

# Beyond these a header is made up, or the file is for machines.
RATES = range(4_000, 768_001)  # samples a second
CHANNELS = range(1, 33)
# Codings of libsndfile that are plain samples, or decoders worth their while. Not among them: ADPCM.
SUBTYPES = frozenset({"PCM_S8", "PCM_U8", "PCM_16", "PCM_24", "PCM_32", "FLOAT", "DOUBLE", "VORBIS", "OPUS"})
SUBTYPES |= {"MPEG_LAYER_I", "MPEG_LAYER_II", "MPEG_LAYER_III"}


@contextmanager
def open_blocks(file: BinaryIO, container: Container) -> Iterator[Sound]:
    """Open what is in a file.

    Raises
    ------
    AudioProblem
        If there is no sound in it, or none that may be read.
    """
    with (_by_soundfile if container.by_soundfile else open_by_ffmpeg)(file, container) as sound:
        _check("sample rate in Hz", sound.sample_rate, RATES)
        _check("number of channels", sound.channels, CHANNELS)
        yield sound


def _check(what: str, value: int, allowed: range) -> None:
    if value not in allowed:
        said = f"expected a {what} from {allowed.start} to {allowed.stop - 1}, got {value}"
        raise AudioProblem(Reason.UNSUPPORTED, said)


@contextmanager
def _by_soundfile(file: BinaryIO, container: Container) -> Iterator[Sound]:
    import soundfile

    try:
        opened = soundfile.SoundFile(file.fileno(), closefd=False)
    except (soundfile.SoundFileError, ValueError):
        # FFmpeg forgives more.
        with open_by_ffmpeg(file, container) as sound:
            yield sound
        return
    with opened:
        if opened.subtype not in SUBTYPES:
            raise AudioProblem(Reason.UNSUPPORTED, f"expected plain samples, got coding {opened.subtype}")
        yield Sound(opened.samplerate, opened.channels, opened.frames, _soundfile_blocks(opened))


def _soundfile_blocks(opened: Any) -> Iterator[Block]:
    import soundfile

    buffer = np.empty((BLOCK_FRAMES, opened.channels), np.float32)
    while True:
        try:
            block = opened.read(out=buffer)
        except (soundfile.SoundFileError, ValueError):
            return
        if not len(block):
            return
        yield block
