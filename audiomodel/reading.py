"""Sound as blocks of samples, from libsndfile or from PyAV: as the file has them, neither mixed nor resampled.

What breaks off in the middle ends there; whether what came is enough is for `audiomodel.decoding` to say.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import chain
from typing import TYPE_CHECKING, Any, BinaryIO, NamedTuple, NoReturn

import numpy as np
from numpy.typing import NDArray

from audiomodel.problems import AudioProblem, Reason
from audiomodel.sniffing import Container

if TYPE_CHECKING:
    import av.container
    from av.audio.frame import AudioFrame

Block = NDArray[np.float32]  # shape (n_frames, channels); valid until the next one is taken

BLOCK_FRAMES = 65_536
# Beyond these a header is made up, or the file is for machines.
RATES = range(4_000, 768_001)  # samples a second
CHANNELS = range(1, 33)
# Every decoder that may be used; FFmpeg has some hundred more.
DECODERS = frozenset({"aac", "alac", "flac", "mp1", "mp1float", "mp2", "mp2float", "mp3", "mp3float", "opus", "vorbis"})
DECODERS |= {"pcm_s16le", "pcm_s16be", "pcm_s24le", "pcm_s24be", "pcm_s32le", "pcm_s32be", "pcm_f32le", "pcm_f64le"}
# Codings of libsndfile that are plain samples, or decoders worth their while. Not among them: ADPCM.
SUBTYPES = frozenset({"PCM_S8", "PCM_U8", "PCM_16", "PCM_24", "PCM_32", "FLOAT", "DOUBLE", "VORBIS", "OPUS"})
SUBTYPES |= {"MPEG_LAYER_I", "MPEG_LAYER_II", "MPEG_LAYER_III"}


class Sound(NamedTuple):
    """An open file's sound.

    Parameters
    ----------
    sample_rate, channels
        Within `RATES` and `CHANNELS`.
    frames
        As declared, which may be wrong; 0 where nothing is.
    blocks
        The samples.
    """

    sample_rate: int
    channels: int
    frames: int
    blocks: Iterator[Block]


@contextmanager
def open_blocks(file: BinaryIO, container: Container) -> Iterator[Sound]:
    """Open what is in a file.

    Raises
    ------
    AudioProblem
        If there is no sound in it, or none that may be read.
    """
    with (_by_soundfile(file) if container.by_soundfile else _by_av(file, container)) as sound:
        _check("sample rate in Hz", sound.sample_rate, RATES)
        _check("number of channels", sound.channels, CHANNELS)
        yield sound


def _check(what: str, value: int, allowed: range) -> None:
    if value not in allowed:
        said = f"expected a {what} from {allowed.start} to {allowed.stop - 1}, got {value}"
        raise AudioProblem(Reason.UNSUPPORTED, said)


@contextmanager
def _by_soundfile(file: BinaryIO) -> Iterator[Sound]:
    import soundfile

    try:
        opened = soundfile.SoundFile(file.fileno(), closefd=False)
    except (soundfile.SoundFileError, ValueError):
        _damaged()
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


@contextmanager
def _by_av(file: BinaryIO, container: Container) -> Iterator[Sound]:
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
