from __future__ import annotations

import io
import struct
import zlib
from xml.etree import ElementTree

import numpy as np
import pytest

from audiomodel.attention import HEIGHTS, attention
from audiomodel.front_end import FrontEnd, log_mel
from audiomodel.hearing import HeardTag, Hearing, Moment
from audiomodel.picture import picture_svg, spectrogram_pixels
from audiomodel.png import png
from audiomodel.tagger import load_tagger
from tests.audiomodel.played import RATE, chords, drums

FRONT_END = FrontEnd()
SVG = "{http://www.w3.org/2000/svg}"


def read_png(data: bytes) -> np.ndarray:
    """Read what is needed of a PNG file: its parts with their checksums, and unfiltered rows."""
    file = io.BytesIO(data)
    assert file.read(8) == b"\x89PNG\r\n\x1a\n"
    parts = {}
    while head := file.read(8):
        size, kind = struct.unpack(">I4s", head)
        parts[kind] = file.read(size)
        assert struct.unpack(">I", file.read(4))[0] == zlib.crc32(kind + parts[kind])
    width, height, depth, color = struct.unpack(">IIBB", parts[b"IHDR"][:10])
    assert (depth, color) == (8, 2)
    rows = np.frombuffer(zlib.decompress(parts[b"IDAT"]), np.uint8).reshape(height, 1 + 3 * width)
    assert not rows[:, 0].any()
    return rows[:, 1:].reshape(height, width, 3)


def test_a_png_holds_its_pixels():
    pixels = np.random.default_rng(0).integers(0, 256, (7, 11, 3), dtype=np.uint8)
    assert np.array_equal(read_png(png(pixels)), pixels)


def test_a_high_tone_is_painted_high_and_in_color_where_attended():
    tone = np.sin(2 * np.pi * 5_000 * np.arange(6 * RATE) / RATE).astype(np.float32)
    attended = np.zeros((HEIGHTS, 20), np.float32)
    attended[:, :10] = 1
    pixels = spectrogram_pixels(tone, attended, FRONT_END).astype(int)
    brightest = pixels.sum(axis=2).argmax(axis=0)
    assert set(brightest[10:-10]) == {brightest[20]}
    assert brightest[20] < pixels.shape[0] / 2
    colorful = np.ptp(pixels[brightest[20]], axis=1)
    assert colorful[: len(colorful) // 3].min() > 2 * colorful[2 * len(colorful) // 3 :].max() / 3


def test_silence_after_music_is_not_attended_to():
    tagger = load_tagger()
    music = 0.4 * (drums(100, 15) + chords(0, minor=False, seconds=15))
    waveform = np.concatenate([music, np.zeros(15 * RATE, np.float32)])
    mel = log_mel(waveform, tagger.card.front_end)
    heard = tagger.hear(mel)
    found = attention(tagger, mel, heard.tags)
    assert found.shape == (HEIGHTS, mel.shape[1])
    assert found.max() == 1
    assert found[:, : mel.shape[1] // 2].sum() > 10 * found[:, mel.shape[1] // 2 + 2 :].sum()


def test_a_moment_is_drawn_as_long_as_it_lasts_or_until_the_next_one():
    rock = (HeardTag("Rock", 0.8, certain=True),)
    starts = [0.0, 3.0, 60.0, 598.0]
    moments = tuple(Moment(start, 5.0, b"", rock) for start in starts)
    heard = Hearing("0" * 32, "x", 600.0, "ok", None, rock, b"", moments)
    drawn = picture_svg("song.mp3", heard, np.zeros((128, 10, 3), np.uint8), FRONT_END)
    boxes = [box for box in ElementTree.fromstring(drawn).iter(f"{SVG}rect") if len(box)]
    per_second = 1_080 / 600  # px
    wanted = [max(seconds * per_second - 1.5, 1) for seconds in (3, 5, 5, 2)]
    assert [float(box.get("width", "")) for box in boxes] == pytest.approx(wanted, abs=0.06)


def test_a_name_that_is_no_text_can_be_drawn():
    heard = Hearing("0" * 32, "x", 2.0, "unlike", None, (), b"")
    drawn = picture_svg("a\udcff\x07<b>.mp3", heard, np.zeros((128, 10, 3), np.uint8), FRONT_END).decode()
    assert "&lt;b&gt;.mp3" in drawn
    assert "\x07" not in drawn
    assert "unlike the music it learned from" in drawn
