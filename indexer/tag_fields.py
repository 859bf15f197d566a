"""The field of an audio file that tags are written to, by mutagen, and all the others, which stay as they are."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from audiomodel.metadata import DAMAGE, ITUNES, BadAudio
from indexer.cells import join_tags

_ID3, _VORBIS, _MP4 = "TXXX:TAGS", "TAGS", f"{ITUNES}TAGS"

# Ends every file that has such tags; mutagen would write it anew from the fields that it knows.
_ID3V1_BYTES = 128


def _open(path: Path) -> Any:  # mutagen has no types
    """Open a file with somewhere to write tags."""
    import mutagen

    try:
        file = mutagen.File(path)
        if file is None:
            raise BadAudio("expected audio, got something else; is the name's ending right?")
        if file.tags is None:
            file.add_tags()
    except (mutagen.MutagenError, *DAMAGE) as error:
        if isinstance(error, BadAudio):
            raise
        raise BadAudio(f"the file is damaged or cut off ({str(error) or type(error).__name__})") from error
    return file


def tag_field(path: Path) -> str:
    """Name the field that the tags of a file go to, as its format does; raises `BadAudio`."""
    return _field(_open(path))


def _field(file: Any) -> str:
    if hasattr(file.tags, "getall"):
        return _ID3
    return _MP4 if type(file.tags).__module__ == "mutagen.mp4" else _VORBIS


def add_tags(path: Path, tags: Iterable[str]) -> None:
    """Add tags to the field of a file, one value each where the format has lists."""
    file = _open(path)
    # A tag with a comma in it stands in quotes, as in a catalogue.
    values = [join_tags([tag]) for tag in tags]
    field = _field(file)
    if field == _ID3:
        _write_id3(path, type(file.tags), values)
        return
    if field == _MP4:
        from mutagen.mp4 import MP4FreeForm

        file.tags[_MP4] = [*file.tags.get(_MP4, ()), *map(MP4FreeForm, map(str.encode, values))]
    else:
        file.tags.extend((_VORBIS, value) for value in values)
    file.save(path)
    _sync(path)


def _write_id3(path: Path, kind: Any, values: list[str]) -> None:
    """Add values to the ID3 tags of a file, in the version that they have."""
    import mutagen.id3

    try:
        # Neither brought to another version, nor mixed with the older kind of tags at the end of the file.
        tags = kind(path, translate=False, load_v1=False)
    except mutagen.id3.ID3NoHeaderError:
        tags = kind()
    version = 4 if tags.version >= (2, 4) else 3
    if tags.version < (2, 3):
        tags.update_to_v23()
    frame: Any = next((one for one in tags.getall("TXXX") if one.desc.casefold() == "tags"), None)
    if frame is None:
        made: Any = mutagen.id3.TXXX
        frame = made(encoding=3 if version == 4 else 1, desc="TAGS", text=[])
        tags.add(frame)
    elif frame.encoding == 0 and not "".join(values).isascii():
        frame.encoding = 3 if version == 4 else 1
    # Lists came with version 2.4; before, one text has them all.
    frame.text = [*frame.text, *values] if version == 4 else ["; ".join([*map(str, frame.text), *values])]
    end = _id3v1(path)
    tags.save(path, v2_version=version, v23_sep=None)
    if end:
        with path.open("r+b") as file:
            file.seek(-_ID3V1_BYTES, os.SEEK_END)
            file.write(end)
    _sync(path)


def _id3v1(path: Path) -> bytes:
    """Return the tags of the oldest kind that end a file, ``b""`` where there are none."""
    with path.open("rb") as file:
        if path.stat().st_size < _ID3V1_BYTES:
            return b""
        file.seek(-_ID3V1_BYTES, os.SEEK_END)
        end = file.read()
    return end if end.startswith(b"TAG") else b""


def _sync(path: Path) -> None:
    with path.open("rb") as file:
        os.fsync(file.fileno())


def other_fields(path: Path) -> object:
    """Return all that a file says but the field that is written, to be compared."""
    file = _open(path)
    pictures = [picture.data for picture in getattr(file, "pictures", ())]
    if _field(file) == _ID3:
        kept = [(key, repr(frame)) for key, frame in sorted(file.tags.items()) if key.casefold() != _ID3.casefold()]
    elif _field(file) == _MP4:
        kept = [(key, repr(values)) for key, values in sorted(file.tags.items()) if key != _MP4]
    else:
        kept = [(key, value) for key, value in file.tags if key.casefold() != _VORBIS.casefold()]
    return kept, pictures, _id3v1(path)
