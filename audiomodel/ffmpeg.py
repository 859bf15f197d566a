"""Reading by FFmpeg, through PyAV: as the file has the samples, one stream, and nothing that the file names."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import chain
from typing import TYPE_CHECKING, Any, BinaryIO, NoReturn

import numpy as np
from numpy.typing import NDArray

from audiomodel.blocks import BLOCK_FRAMES, Block, Sound
from audiomodel.problems import AudioProblem, Reason
from audiomodel.sniffing import Container

if TYPE_CHECKING:
    import av.container
    from av.audio.frame import AudioFrame

# Every decoder that may be used; FFmpeg has some hundred more.
DECODERS = frozenset({"aac", "alac", "flac", "mp1", "mp1float", "mp2", "mp2float", "mp3", "mp3float", "opus", "vorbis"})
DECODERS |= {"pcm_s16le", "pcm_s16be", "pcm_s24le", "pcm_s24be", "pcm_s32le", "pcm_s32be", "pcm_f32le", "pcm_f64le"}


@contextmanager
def open_by_ffmpeg(file: BinaryIO, container: Container) -> Iterator[Sound]:
    """Open what is in a file.

    Raises
    ------
    AudioProblem
        If there is no sound in it, or none that may be read.
    """
    import av

    file.seek(0)
    try:
        opened = open_av(file, container)
    except MemoryError:
        raise
    except (av.FFmpegError, ValueError):
        _damaged()
    with opened:
        streams = opened.streams.audio
        if not streams:
            raise AudioProblem(Reason.NOT_AUDIO, "there is no sound in it, maybe pictures only")
        codec = streams[0].codec_context
        if codec is None or codec.name not in DECODERS:
            raise AudioProblem(Reason.UNSUPPORTED, f"expected aac, opus or the like, got coding {_name(codec)}")
        codec.thread_count = 1
        frames = _av_frames(opened)
        first = next(frames, None)
        if first is None:
            _damaged()
        # Of AAC only the first frame tells the truth about the rate.
        rate, channels = first.sample_rate, first.layout.nb_channels
        yield Sound(rate, channels, 0, _av_blocks(chain([first], frames), rate, channels))


def open_av(file: BinaryIO, container: Container) -> av.container.InputContainer:
    """Open a file by FFmpeg as what it was found to be, and nothing that it names."""
    import av

    options = {"codec_whitelist": ",".join(sorted(DECODERS)), "protocol_whitelist": "none"}
    return av.open(
        file,
        "r",
        format=container.demuxer,
        options=options,
        io_open=_open_nothing,
        metadata_errors="replace",  # tags may be in any old encoding, and are not wanted
    )


def _open_nothing(*_: object) -> NoReturn:
    raise PermissionError("a file of sound must not name others")


def _name(codec: Any) -> str:
    return str(codec.name) if codec is not None else "unknown"


def _av_frames(opened: av.container.InputContainer) -> Iterator[AudioFrame]:
    """Yield decoded frames of the first audio stream; packets that cannot be decoded are left out."""
    import av
    from av.audio.frame import AudioFrame

    packets = opened.demux(opened.streams.audio[0])
    while True:
        try:
            packet = next(packets)
        except MemoryError:
            raise
        except (StopIteration, av.FFmpegError, ValueError):
            return
        try:
            frames = packet.decode()
        except MemoryError:
            raise
        except (av.FFmpegError, ValueError):
            continue
        yield from (frame for frame in frames if isinstance(frame, AudioFrame))


def _av_blocks(frames: Iterator[AudioFrame], rate: int, channels: int) -> Iterator[Block]:
    """Yield blocks of about `BLOCK_FRAMES`, as long as the frames keep to the first one's rate and channels."""
    parts: list[Block] = []
    for frame in frames:
        if frame.sample_rate != rate or frame.layout.nb_channels != channels:
            break
        parts.append(_samples(frame, channels))
        if sum(map(len, parts)) >= BLOCK_FRAMES:
            yield np.concatenate(parts)
            parts = []
    if parts:
        yield np.concatenate(parts)


def _samples(frame: AudioFrame, channels: int) -> Block:
    """Return a frame's samples in [-1, 1], shape (n_frames, channels)."""
    stored: NDArray[Any] = frame.to_ndarray()
    block = stored.astype(np.float32)
    if stored.dtype.kind == "i":
        block *= np.float32(2.0 ** (1 - 8 * stored.dtype.itemsize))
    return block.T if frame.format.is_planar else block.reshape(-1, channels)

def _damaged() -> NoReturn:
    raise AudioProblem(Reason.DAMAGED, "it begins like a file of sound, but cannot be read") from None
