"""Real files of sound in every format, made by the encoders of libsndfile and FFmpeg from a waveform that is known."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

import av
import numpy as np
import soundfile
from numpy.typing import NDArray

Samples = NDArray[np.float32]  # shape (n_frames, channels)
Writer = Callable[[Path, Samples, int], None]

LAYOUTS = {1: "mono", 2: "stereo", 6: "5.1"}


def two_tones(seconds: float, rate: int, channels: int = 1) -> Samples:
    """Return 440 and 1,100 Hz, the second ever louder, the same on all channels: no two moments of it are alike."""
    time = np.arange(round(seconds * rate)) / rate
    tones = 0.3 * np.sin(2 * np.pi * 440 * time) + 0.3 * (time / seconds) * np.sin(2 * np.pi * 1_100 * time)
    return np.repeat(tones.astype(np.float32)[:, None], channels, axis=1)


def write_by_soundfile(path: Path, samples: Samples, rate: int, *, kind: str, subtype: str) -> None:
    soundfile.write(path, samples, rate, format=kind, subtype=subtype)


def write_by_av(path: Path, samples: Samples, rate: int, *, kind: str, codec: str, film: bool = False) -> None:
    layout = LAYOUTS[samples.shape[1]]
    with av.open(path, "w", format=kind) as out:
        # A container begins when all its streams are known.
        packets = pictures(out) if film else []
        stream = out.add_stream(codec, rate=rate, layout=layout)
        whole = av.AudioFrame.from_ndarray(np.ascontiguousarray(samples.T), format="fltp", layout=layout)
        whole.sample_rate = rate
        # In parts that every encoder takes at once.
        stored = av.AudioResampler(stream.codec_context.format.name, layout, rate, frame_size=1_024)
        for frame in [*stored.resample(whole), *stored.resample(None), None]:
            packets += stream.encode(frame)
        # The encoder of FLAC ends with a packet without sound, which containers refuse.
        out.mux([packet for packet in packets if packet.size])


def pictures(out: av.container.OutputContainer) -> list[av.Packet]:
    stream = out.add_stream("mpeg4", rate=25)
    stream.width, stream.height, stream.pix_fmt = 32, 32, "yuv420p"
    frames = [av.VideoFrame.from_ndarray(np.zeros((32, 32, 3), np.uint8), format="rgb24") for _ in range(10)]
    return [packet for frame in [*frames, None] for packet in stream.encode(frame)]


def write_film_without_sound(path: Path) -> None:
    with av.open(path, "w", format="mp4") as out:
        out.mux(pictures(out))


# Every sample comes back, but for the steps of the format.
LOSSLESS: dict[str, Writer] = {
    "16.wav": partial(write_by_soundfile, kind="WAV", subtype="PCM_16"),
    "u8.wav": partial(write_by_soundfile, kind="WAV", subtype="PCM_U8"),
    "24.wav": partial(write_by_soundfile, kind="WAVEX", subtype="PCM_24"),
    "float.wav": partial(write_by_soundfile, kind="WAV", subtype="FLOAT"),
    "double.wav": partial(write_by_soundfile, kind="WAV", subtype="DOUBLE"),
    "rf64.wav": partial(write_by_soundfile, kind="RF64", subtype="PCM_16"),
    "16.aiff": partial(write_by_soundfile, kind="AIFF", subtype="PCM_16"),
    "float.aiff": partial(write_by_soundfile, kind="AIFF", subtype="FLOAT"),
    "a.flac": partial(write_by_soundfile, kind="FLAC", subtype="PCM_16"),
    "flac.ogg": partial(write_by_av, kind="ogg", codec="flac"),
    "alac.m4a": partial(write_by_av, kind="ipod", codec="alac"),
    "flac.mkv": partial(write_by_av, kind="matroska", codec="flac"),
}
# What is heard comes back.
LOSSY: dict[str, Writer] = {
    "a.mp3": partial(write_by_soundfile, kind="MP3", subtype="MPEG_LAYER_III"),
    "vorbis.ogg": partial(write_by_soundfile, kind="OGG", subtype="VORBIS"),
    "a.opus": partial(write_by_soundfile, kind="OGG", subtype="OPUS"),
    "a.m4a": partial(write_by_av, kind="ipod", codec="aac"),
    "a.aac": partial(write_by_av, kind="adts", codec="aac"),
    "a.webm": partial(write_by_av, kind="webm", codec="libopus"),
    "film.mp4": partial(write_by_av, kind="mp4", codec="aac", film=True),
    "a.mp2": partial(write_by_av, kind="mp2", codec="mp2"),
}
FORMATS = LOSSLESS | LOSSY


def write_sound(folder: Path, name: str, seconds: float = 1.0, rate: int = 48_000, channels: int = 1) -> Path:
    """Write two tones in one of the formats, and return where."""
    path = folder / name
    FORMATS[name](path, two_tones(seconds, rate, channels), rate)
    return path
