"""What a data set is: files in their official layout that give training items and catalogue tracks."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple, Protocol

from tagmodel.track import Track


class BadDataSet(ValueError):
    """A data set's file is missing or not what its publisher gives out; the text says where and why."""


class Item(NamedTuple):
    """One training item: tags that were put on the same piece of music.

    Parameters
    ----------
    item_id
        Unique in its data set, as the data set writes it.
    tags
        Spellings as the data set has them, each once.
    artist
        Name, or the data set's own artist number: for splits that share no artist.
    group
        Items of one group are one work (the clips of a song): no split may part them.
    phrases
        The tags are free phrases that hold several tags (``mellow piano melody``).
    """

    item_id: str
    tags: tuple[str, ...]
    artist: str = ""
    group: str = ""
    phrases: bool = False


class Recording(NamedTuple):
    """A recording of a data set whose audio is given out, for those who train on sound.

    Parameters
    ----------
    path
        Of its file below the folder that the audio is unzipped to.
    tags
        Spellings as the data set has them, each once.
    genre
        The one top genre, ``""`` where the data set has none.
    artist
        Name, or the data set's own artist number.
    split
        ``train``, ``valid`` or ``test`` as published; ``""`` for a recording that takes no part.
    """

    track_id: str
    path: str
    tags: tuple[str, ...]
    genre: str
    artist: str
    split: str


@dataclass(frozen=True, slots=True)
class DataFile:
    """A file of a data set, found plain or with ``.xz``.

    Parameters
    ----------
    path
        Below the data directory, without ``.xz``.
    sha256, sha1
        Of the plain official file; ``""`` where its publisher gives none.
    url
        The official address; ``""`` where there is none to download from directly.
    member, archive_sha1
        Path inside the archive at `url`, with the archive's checksum; ``""`` if `url` is the file itself.
    optional
        The data set can be read without it.
    also
        Other names, for a data set that goes round in more than one layout; tried in this order after `path`.
    """

    path: str
    sha256: str = ""
    sha1: str = ""
    url: str = ""
    member: str = ""
    archive_sha1: str = ""
    optional: bool = False
    also: tuple[str, ...] = ()


class DataSet(Protocol):
    """One published collection of tagged music."""

    name: str  # that commands take
    title: str
    licence: str
    source: str  # public home and citation
    files: tuple[DataFile, ...]

    # What its spellings need to enter a vocabulary, see `SetRules`.
    min_count: int
    folksonomy: bool = False
    max_words: int | None = None

    def read_items(self, data_dir: Path) -> Iterator[Item]:
        """Yield the training items in the files' order; raises `BadDataSet`."""
        ...

    def read_tracks(self, data_dir: Path) -> Iterator[Track]:
        """Yield the tracks of a catalogue; raises `BadDataSet`."""
        ...

    def read_aliases(self, data_dir: Path) -> tuple[tuple[str, str], ...]:  # noqa: ARG002 - most authors merged none
        """Read the (variant, canonical) spellings that the data set's authors merged; raises `BadDataSet`."""
        return ()

    def read_genre_tree(self, data_dir: Path) -> tuple[tuple[str, str], ...]:  # noqa: ARG002 - most state none
        """Read the (broad, narrow) genres that the data set states; raises `BadDataSet`."""
        return ()
