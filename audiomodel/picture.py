"""The picture of a recording: its spectrogram, in color where the tagger attended to it, and what was heard when.

An SVG with the spectrogram as an image in it; as a PNG there is the image alone, without words.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterator
from dataclasses import replace
from html import escape

import numpy as np
from numpy.typing import NDArray

from audiomodel.front_end import FrontEnd, log_mel
from audiomodel.hearing import Hearing
from audiomodel.mel import mel_frequencies
from audiomodel.png import png

# Where the spectrogram lies.
_LEFT, _TOP, _WIDTH, _HEIGHT, _RIGHT = 168, 128, 1_080, 400, 32  # px
# Of a moment's row, and between the parts.
_ROW, _GAP = 26, 46  # px
# Tags with a row of their own.
_ROWS = 6
_COLUMNS = 1_080
# From silence to the loudest: dark blue, violet, red, orange, cream.
_STOPS = ((11, 13, 26), (49, 24, 92), (120, 32, 124), (196, 58, 100), (244, 117, 72), (252, 190, 110), (253, 245, 208))
_PAPER, _INK, _FAINT, _ACCENT = "#12141c", "#f1eee6", "#9a9daa", "#fcae6b"
_FONT = "Inter,system-ui,'Segoe UI',Roboto,'Helvetica Neue',Arial,'DejaVu Sans',sans-serif"
_FREQUENCIES = (200, 500, 1_000, 2_000, 5_000, 10_000)  # Hz
_STEPS = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1_200)  # seconds

Pixels = NDArray[np.uint8]


def spectrogram_pixels(waveform: NDArray[np.float32], attended: NDArray[np.float32], front_end: FrontEnd) -> Pixels:
    """Paint a spectrogram, the lowest notes at the bottom; shape (height, width, 3).

    Parameters
    ----------
    attended : shape (n_heights, n_times)
        From `audiomodel.attention.attention`.
    """
    n_hops = 1 + len(waveform) // front_end.hop_length
    dense = replace(front_end, frame_spacing=max(1.0, n_hops / _COLUMNS))
    mel = log_mel(waveform, dense)
    shown = np.clip(1 + (mel[:-1] - mel[-1].max()) / front_end.top_db, 0, 1)
    color, gray = _colored(shown), _grayed(shown)
    share = _stretched(np.nan_to_num(attended), shown.shape)[..., None] ** 0.6
    painted = gray + (color - gray) * share
    return np.asarray(painted[::-1], np.uint8)


def picture_png(pixels: Pixels) -> bytes:
    """Return the spectrogram alone, at three pixels a band."""
    return png(np.repeat(pixels, 3, axis=0))


def picture_svg(name: str, hearing: Hearing, pixels: Pixels, front_end: FrontEnd) -> bytes:
    """Draw the whole picture.

    Parameters
    ----------
    name
        Of the recording.
    pixels
        From `spectrogram_pixels`.
    """
    rows = _moment_rows(hearing)
    below = _TOP + _HEIGHT + _GAP
    height = below + len(rows) * _ROW + (64 if rows else 24)
    width = _LEFT + _WIDTH + _RIGHT
    body = [
        f'<rect width="{width}" height="{height}" fill="{_PAPER}"/>',
        _text(name, _LEFT, 52, 28, weight=750),
        _text(_summary(hearing), _LEFT, 82, 16),
        _text(_legend(hearing), _LEFT, 108, 13, fill=_FAINT),
        f'<image x="{_LEFT}" y="{_TOP}" width="{_WIDTH}" height="{_HEIGHT}" preserveAspectRatio="none"'
        f' href="data:image/png;base64,{b64encode(png(pixels)).decode()}"/>',
        *_frequency_axis(front_end),
        *_time_axis(hearing.seconds),
        *_strip(hearing, rows, below),
    ]
    title = f"What was heard in {_printable(name)}"
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}"'
        f' role="img" font-family="{_FONT}"><title>{escape(title)}</title>'
    )
    return "\n".join([head, *body, "</svg>\n"]).encode()


def _colored(shown: NDArray[np.float32]) -> NDArray[np.floating]:
    places = np.linspace(0, 1, len(_STOPS))
    return np.stack([np.interp(shown, places, stop) for stop in zip(*_STOPS, strict=True)], axis=-1)


def _grayed(shown: NDArray[np.float32]) -> NDArray[np.floating]:
    """Return the same in cool gray, and darker: what nobody attended to stays in the background."""
    return np.asarray(np.array([12.0, 14.0, 24.0]) + shown[..., None] ** 1.2 * np.array([108.0, 114.0, 132.0]))


def _stretched(values: NDArray[np.float32], shape: tuple[int, ...]) -> NDArray[np.floating]:
    """Return values on a finer grid, bent smoothly from one to the next."""
    for axis, n in enumerate(shape):
        there = np.clip((np.arange(n) + 0.5) * values.shape[axis] / n - 0.5, 0, values.shape[axis] - 1)
        low = np.floor(there).astype(int)
        share = np.expand_dims(there - low, 1 - axis)
        high = np.minimum(low + 1, values.shape[axis] - 1)
        values = np.asarray(np.take(values, low, axis) * (1 - share) + np.take(values, high, axis) * share)
    return values


def _summary(hearing: Hearing) -> str:
    heard = [f"{one.tag} {one.probability:.0%}" for one in hearing.tags[:5]]
    if hearing.status == "unlike":
        heard = ["unlike the music it learned from, so no tags"]
    tempo = [] if hearing.bpm is None else [f"{hearing.bpm:.0f} bpm"]
    return "   ·   ".join(filter(None, [*heard, *tempo, hearing.key]))


def _legend(hearing: Hearing) -> str:
    of = "these tags hang" if hearing.tags else "its sound hangs"
    return f"In color: the places that {of} on. In gray: what changed little when it was taken away."


def _frequency_axis(front_end: FrontEnd) -> Iterator[str]:
    bands = mel_frequencies(front_end.n_mels + 2, front_end.sample_rate / 2)
    for frequency in _FREQUENCIES:
        share = float(np.interp(frequency, bands, np.arange(len(bands)))) / (len(bands) - 1)
        y = _TOP + _HEIGHT * (1 - share)
        said = f"{frequency:,} Hz" if frequency < 1_000 else f"{frequency // 1_000} kHz"
        yield _line(_LEFT - 6, y, _LEFT, y)
        yield _text(said, _LEFT - 12, y + 4.5, 13, anchor="end", fill=_FAINT)


def _time_axis(seconds: float) -> Iterator[str]:
    step = next((one for one in _STEPS if seconds / one <= 12), _STEPS[-1])
    bottom = _TOP + _HEIGHT
    for at in np.arange(0, seconds + 1e-6, step):
        x = _LEFT + _WIDTH * at / seconds
        yield _line(x, bottom, x, bottom + 6)
        yield _text(f"{int(at) // 60}:{int(at) % 60:02d}", x, bottom + 22, 13, anchor="middle", fill=_FAINT)


def _moment_rows(hearing: Hearing) -> list[str]:
    """Return the tags that are likeliest at some moment, the likeliest first."""
    best: dict[str, float] = {}
    for moment in hearing.moments:
        for one in moment.tags:
            best[one.tag] = max(best.get(one.tag, 0.0), one.probability)
    return sorted(best, key=lambda tag: -best[tag])[:_ROWS]


def _strip(hearing: Hearing, rows: list[str], top: float) -> Iterator[str]:
    """Draw a row a tag, a box a moment, as long as it lasts or until the next one: the brighter, the likelier."""
    starts = [moment.start for moment in hearing.moments]
    nexts = [*starts[1:], hearing.seconds][: len(starts)]
    ends = [min(one.start + one.seconds, after) for one, after in zip(hearing.moments, nexts, strict=True)]
    for row, tag in enumerate(rows):
        y = top + row * _ROW
        yield _text(_shortened(tag), _LEFT - 12, y + _ROW / 2 + 4.5, 14, anchor="end")
        yield f'<rect x="{_LEFT}" y="{y + 2}" width="{_WIDTH}" height="{_ROW - 4}" rx="3" fill="#1b1e29"/>'
        for moment, start, end in zip(hearing.moments, starts, ends, strict=True):
            probability = next((one.probability for one in moment.tags if one.tag == tag), 0.0)
            if probability:
                x, width = _LEFT + _WIDTH * start / hearing.seconds, _WIDTH * (end - start) / hearing.seconds
                yield (
                    f'<rect x="{x:.1f}" y="{y + 2}" width="{max(width - 1.5, 1):.1f}" height="{_ROW - 4}" rx="3"'
                    f' fill="{_ACCENT}" opacity="{0.1 + 0.9 * probability**0.5:.2f}">'
                    f"<title>{escape(tag)} {probability:.0%} at {start:.0f} s</title></rect>"
                )
    if rows:
        said = "The three likeliest tags of each moment: the brighter, the likelier."
        yield _text(said, _LEFT, top + len(rows) * _ROW + 26, 13, fill=_FAINT)


def _line(x: float, y: float, to_x: float, to_y: float) -> str:
    return f'<path d="M{x:.1f} {y:.1f}L{to_x:.1f} {to_y:.1f}" stroke="{_FAINT}"/>'


def _text(
    text: str, x: float, y: float, size: float, *, anchor: str = "start", fill: str = _INK, weight: int = 400
) -> str:
    place = f'x="{x:.1f}" y="{y:.1f}" font-size="{size:g}" font-weight="{weight}"'
    return f'<text {place} text-anchor="{anchor}" fill="{fill}">{escape(_printable(text))}</text>'


def _shortened(text: str) -> str:
    return text if len(text) <= 20 else text[:19] + "…"


def _printable(text: str) -> str:
    """Return a text without what XML cannot hold, such as the odd bytes of a file's name."""
    whole = text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    return "".join(sign if sign.isprintable() else "�" for sign in whole)
