"""Mutants of good files: bits flipped, ends cut off, pieces of other files in the middle, numbers of the header set."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from tests.audiomodel.sound_files import write_sound

SEEDS = ("16.wav", "24.wav", "float.wav", "16.aiff", "float.aiff", "a.flac", "flac.ogg", "vorbis.ogg", "a.opus")
SEEDS += ("a.mp3", "a.m4a", "alac.m4a", "a.aac", "a.webm", "flac.mkv")


def mutants(folder: Path, count: int, seed: int) -> Iterator[bytes]:
    """Yield so many mutants of good files, the same for the same seed."""
    dice = random.Random(seed)
    contents = [write_sound(folder, name, seconds=0.4).read_bytes() for name in SEEDS]
    for number in range(count):
        content = bytearray(contents[number % len(contents)])
        for _ in range(dice.choice((1, 1, 2, 3))):
            dice.choice(MUTATIONS)(content, contents, dice)
        yield bytes(content)


def _flip(content: bytearray, _: list[bytes], dice: random.Random, *, within: int | None = None) -> None:
    for _number in range(dice.choice((1, 3, 10, 100))):
        if content:
            content[dice.randrange(min(len(content), within or len(content)))] ^= 1 << dice.randrange(8)


def _truncate(content: bytearray, _: list[bytes], dice: random.Random) -> None:
    del content[dice.randrange(len(content) + 1) :]


def _splice(content: bytearray, contents: list[bytes], dice: random.Random) -> None:
    other = dice.choice(contents)
    begin = dice.randrange(len(other))
    place = dice.randrange(len(content) + 1)
    content[place : place + dice.randrange(2_000)] = other[begin : begin + dice.randrange(2_000)]


def _set_number(content: bytearray, _: list[bytes], dice: random.Random) -> None:
    """Set a number of the header to one that programs trip over."""
    width = dice.choice((1, 2, 4, 8))
    value = dice.choice((0, 1, (1 << 8 * width) - 1, 1 << 8 * width - 1, (1 << 8 * width - 1) - 1))
    place = dice.randrange(min(max(len(content), 1), 300))
    content[place : place + width] = value.to_bytes(width, dice.choice(("little", "big")))


MUTATIONS: tuple[Callable[[bytearray, list[bytes], random.Random], None], ...] = (
    _flip,
    partial(_flip, within=200),
    _truncate,
    _splice,
    _set_number,
    _set_number,
)
