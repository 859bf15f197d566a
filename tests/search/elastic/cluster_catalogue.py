"""A catalogue of any length whose every row is known by its number, for loads that are compared with their source."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence

import orjson

from tagmodel.track import Track

GENRES = ("Rock", "Jazz", "Ambient", "Folk", "Techno", "Metal", "Soul", "Blues")
# Common and rare words, one that no model knows.
TAGS = (
    *("sad", "slow", "piano", "guitar", "female vocals", "ambient", "techno", "jazz", "drums", "happy"),
    *("violin", "loud", "quiet", "electronic", "sitar", "zeuhl of the test"),
)
ARTISTS = 211
YEARS = range(1960, 2025)


def track(source: str, number: int) -> Track:
    """Return the track of a row."""
    chance = random.Random(f"{source}/{number}")
    return Track(
        track_id=f"{source}:{number}",
        title=f"Song {number} ü",
        artist=f"Artist {chance.randrange(ARTISTS)}",
        genre=chance.choice(GENRES),
        license="CC0 1.0",
        duration=float(chance.randrange(40, 900)),
        year=chance.choice(YEARS),
        source=source,
        tags=tuple(chance.sample(TAGS, chance.randrange(2, 6))),
    )


def line(source: str, number: int) -> bytes:
    """Return the row as JSON, as `tagkin index -` takes it."""
    row = track(source, number)
    values = {"id": number, "title": row.title, "artist": row.artist, "genre": row.genre, "license": row.license}
    values |= {"duration": row.duration, "year": row.year, "tags": row.tags}
    return orjson.dumps(values, option=orjson.OPT_APPEND_NEWLINE)


def lines(source: str, numbers: Sequence[int]) -> bytes:
    """Return several rows."""
    return b"".join([line(source, number) for number in numbers])


def tracks(source: str, n: int) -> Iterator[Track]:
    """Yield the first tracks of a source."""
    return (track(source, number) for number in range(n))


def place(track_id: str) -> tuple[str, int]:
    """Return source and number of an id.

    Raises
    ------
    ValueError
        If it is none of this catalogue.
    """
    source, _, number = track_id.partition(":")
    return source, int(number)
