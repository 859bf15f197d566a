"""Title, artist, tags and the like from an audio file's own metadata, by mutagen; nothing is decoded.

Three families of formats name the same things differently: ID3 (mp3, wav, aiff), Vorbis comments (flac, ogg, opus) and
MP4 atoms. A comment counts as tags only when it looks like a list of them: most comments are sentences and addresses.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from audiomodel.opening import open_sound
from audiomodel.problems import AudioProblem
from audiomodel.sniffing import AAC, MATROSKA, WEBM, sniff
from tagmodel.folding import TAG_SEPARATORS, split_tags

# Vorbis comment names, which are free text, by field.
_VORBIS: Mapping[str, tuple[str, ...]] = {
    "title": ("title",),
    "artist": ("artist", "albumartist"),
    "album": ("album",),
    "genre": ("genre",),
    "date": ("date", "originaldate", "year"),
    "license": ("license",),
    "url": ("website", "url", "contact"),
    "isrc": ("isrc",),
    "tags": ("grouping", "mood", "keywords", "tags", "style", "instrument"),
    "comment": ("comment", "description"),
}
_ID3: Mapping[str, tuple[str, ...]] = {
    "title": ("TIT2",),
    "artist": ("TPE1", "TPE2"),
    "album": ("TALB",),
    "genre": ("TCON",),
    "date": ("TDRC", "TDOR", "TDRL"),
    "license": ("WCOP", "TXXX:LICENSE"),
    "url": ("WOAF", "WOAR", "WXXX"),
    "isrc": ("TSRC", "TXXX:ISRC"),
    "tags": ("TIT1", "GRP1", "TMOO", "TXXX:MOOD", "TXXX:KEYWORDS", "TXXX:TAGS", "TXXX:STYLE", "TXXX:INSTRUMENT"),
    "comment": ("COMM", "TXXX:COMMENT", "TXXX:DESCRIPTION"),
}
ITUNES = "----:com.apple.iTunes:"
_MP4: Mapping[str, tuple[str, ...]] = {
    "title": ("\xa9nam",),
    "artist": ("\xa9ART", "aART"),
    "album": ("\xa9alb",),
    "genre": ("\xa9gen",),
    "date": ("\xa9day",),
    "license": (f"{ITUNES}LICENSE",),
    "url": (f"{ITUNES}WEBSITE", f"{ITUNES}URL"),
    "isrc": (f"{ITUNES}ISRC",),
    "tags": (
        *("\xa9grp", "keyw", f"{ITUNES}MOOD", f"{ITUNES}KEYWORDS"),
        *(f"{ITUNES}TAGS", f"{ITUNES}STYLE", f"{ITUNES}INSTRUMENT"),
    ),
    "comment": ("\xa9cmt", "desc"),
}
# These have one value; the others are lists, gathered over all names.
_FIRST_NAME_ONLY = frozenset({"artist", "date"})

# What mutagen reads no tags from, by their first bytes: such files go by their names.
_UNTAGGED = frozenset({AAC, MATROSKA, WEBM})

# A piece of a comment that is longer is prose.
_TAG_WORDS, _TAG_CHARACTERS = 3, 40

# What mutagen lets through on files that are not what they claim to be.
DAMAGE = (OSError, ValueError, EOFError, IndexError, KeyError, OverflowError, TypeError, AttributeError, struct.error)


class BadAudio(ValueError):
    """An audio file cannot be read; the message says why."""


@dataclass(frozen=True)
class Metadata:
    """What a file says about itself: texts by field, and its length in seconds."""

    texts: Mapping[str, tuple[str, ...]]
    seconds: float

    def values(self, name: str) -> tuple[str, ...]:
        """Return all texts of a field."""
        return self.texts.get(name, ())

    def first(self, name: str) -> str:
        """Return the first text of a field, ``""`` when there is none."""
        return next(iter(self.values(name)), "")

    def tags(self) -> tuple[str, ...]:
        """Return the tags of grouping, mood, keywords and comment, each once."""
        comments = [text for text in self.values("comment") if _is_list_of_tags(text)]
        return tuple(dict.fromkeys(tag for text in (*self.values("tags"), *comments) for tag in _split(text)))


def _split(text: str) -> list[str]:
    return split_tags(text.replace("\0", ";"), TAG_SEPARATORS)


def _is_list_of_tags(comment: str) -> bool:
    pieces = _split(comment)
    plain = all(len(piece) <= _TAG_CHARACTERS and len(piece.split()) <= _TAG_WORDS for piece in pieces)
    return plain and "://" not in comment and "www." not in comment and any(char.isalpha() for char in comment)


def read_metadata(path: Path) -> Metadata:
    """Read what an audio file says about itself; of a kind that tags cannot be read from, that is nothing.

    Raises
    ------
    BadAudio
        If it is empty, damaged, or of another kind than its name says.
    """
    import mutagen  # takes 0.1 s, and only folders of audio need it

    try:
        file = mutagen.File(path)
    except (mutagen.MutagenError, *DAMAGE) as error:
        if _is_untagged_kind(path):
            return Metadata({}, 0.0)
        raise BadAudio(f"the file is damaged or cut off ({str(error) or type(error).__name__})") from error
    if file is None and _is_untagged_kind(path):
        return Metadata({}, 0.0)
    if file is None:
        raise BadAudio(f"expected audio, got {_empty_or_other(path)}")
    return Metadata(_texts(file.tags), float(getattr(file.info, "length", 0.0) or 0.0))


def _is_untagged_kind(path: Path) -> bool:
    try:
        with open_sound(path) as file:
            return sniff(file) in _UNTAGGED
    except (AudioProblem, *DAMAGE):
        return False


def _empty_or_other(path: Path) -> str:
    return "an empty file" if path.stat().st_size == 0 else "something else; is the name's ending right?"


def _texts(tags: Any) -> dict[str, tuple[str, ...]]:  # Any: mutagen has no types
    """Return texts by field, whichever family of names the file uses."""
    if tags is None:
        return {}
    if hasattr(tags, "getall"):
        return {name: _gather(name, names, lambda key: _id3_texts(tags, key)) for name, names in _ID3.items()}
    table = _MP4 if type(tags).__module__ == "mutagen.mp4" else _VORBIS
    return {name: _gather(name, names, lambda key: _listed_texts(tags, key)) for name, names in table.items()}


def _gather(name: str, names: Iterable[str], read: Any) -> tuple[str, ...]:
    found = [tuple(text for text in read(key) if text.strip()) for key in names]
    if name in _FIRST_NAME_ONLY:
        return next((texts for texts in found if texts), ())
    return tuple(text for texts in found for text in texts)


def _listed_texts(tags: Any, key: str) -> Iterator[str]:
    for value in tags.get(key) or ():
        yield value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)


def _id3_texts(tags: Any, key: str) -> Iterator[str]:
    """Yield the texts of an ID3 frame; user-defined ones are looked up without regard to case."""
    frame_id, _, description = key.partition(":")
    for frame in tags.getall(frame_id):
        said = str(getattr(frame, "desc", ""))
        if said.casefold() != description.casefold() and not (frame_id == "COMM" and said.casefold() == "comment"):
            continue  # programs keep their own data in comments and user-defined frames
        if frame_id == "TCON":
            yield from frame.genres
        elif hasattr(frame, "url"):
            yield frame.url
        else:
            yield from map(str, frame.text)
