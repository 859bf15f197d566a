"""Accepted tags into audio files, by mutagen: added to one field, with every other field and the audio as they were.

They go where `audiomodel.metadata` reads tags from and where no player looks for anything else: the user-defined
text TAGS. What a file says already, in whatever field, is not said twice. A change is made on a copy beside the file,
the copy is read back and compared, and only then takes the file's place; so a kill leaves the one or the other.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from audiomodel.metadata import BadAudio, read_metadata
from indexer.tag_fields import add_tags, other_fields, tag_field
from tagmodel.folding import TAG_SEPARATORS, fold_tag, split_tags


class WriteFailed(Exception):
    """A file could not be changed, and is as it was; the message says why."""


@dataclass(frozen=True)
class Change:
    """Tags on their way into a file.

    Parameters
    ----------
    added
        Those that it does not say yet, as they are to be spelled there.
    present
        Those that it says already.
    field
        The field that they go to, by the name that its format has for it.
    """

    path: Path
    added: tuple[str, ...]
    present: tuple[str, ...]
    field: str


def plan_change(path: Path, tags: Iterable[str]) -> Change:
    """Tell what writing tags into a file would change.

    Raises
    ------
    BadAudio
        If the file cannot be read, or keeps its tags in a way that is not known here.
    """
    metadata = read_metadata(path)
    genres = [tag for text in metadata.values("genre") for tag in split_tags(text, TAG_SEPARATORS)]
    said = {fold_tag(tag) for tag in (*metadata.tags(), *genres)}
    fresh: dict[str, str] = {}
    for tag in filter(fold_tag, tags):
        fresh.setdefault(fold_tag(tag), tag.strip())
    return Change(
        path,
        tuple(tag for key, tag in fresh.items() if key not in said),
        tuple(tag for key, tag in fresh.items() if key in said),
        tag_field(path),
    )


def write_change(change: Change, backup: Path | None, identify: Callable[[Path], str]) -> None:
    """Write tags into a file, whole or not at all.

    Parameters
    ----------
    backup
        Where the file as it was is kept; None keeps none.
    identify
        Which audio a file holds, whatever is written in its tags.

    Raises
    ------
    WriteFailed
        If that cannot be done, or something else would change.
    """
    import mutagen

    path = change.path.resolve()  # a link stays a link
    try:
        before = identify(path), other_fields(path)
        with _copy_of(path) as copy:
            add_tags(copy, change.added)
            _check(copy, change, before, (identify(copy), other_fields(copy)))
            if backup is not None:
                backup.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(path, backup)
            copy.replace(path)
    except BadAudio as error:
        raise WriteFailed(str(error)) from error
    except (OSError, mutagen.MutagenError) as error:
        # What the system says of a save comes wrapped.
        told = error.args[0] if error.args and isinstance(error.args[0], OSError) else error
        raise WriteFailed(f"it cannot be written ({getattr(told, 'strerror', None) or told})") from error


def backup_place(folder: Path, path: Path) -> Path:
    """Return where the backup of a file goes: by its path, numbered where an earlier backup is."""
    # However many ".." there are, none of them leads out of the folder.
    whole = Path(os.path.normpath(path.absolute()))
    plain = folder / (whole.relative_to(whole.anchor) if path.is_absolute() or ".." in path.parts else path)
    if not plain.exists():
        return plain
    numbered = (plain.with_name(f"{path.stem}.{n}{path.suffix}") for n in range(2, 1_000_000))
    return next(place for place in numbered if not place.exists())


class _copy_of:  # noqa: N801 - used as a context manager, like a function
    """A copy beside a file, hidden from whoever reads the folder; removed unless it took the file's place."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __enter__(self) -> Path:
        handle, name = tempfile.mkstemp(prefix=".tagkin-", suffix=self._path.suffix, dir=self._path.parent)
        os.close(handle)
        self._copy = Path(name)
        try:
            shutil.copy2(self._path, self._copy)
            owner = self._path.stat()
            with suppress(PermissionError):
                os.chown(self._copy, owner.st_uid, owner.st_gid)
        except OSError:
            self._copy.unlink(missing_ok=True)
            raise
        return self._copy

    def __exit__(self, *_: object) -> None:
        self._copy.unlink(missing_ok=True)


def _check(copy: Path, change: Change, before: tuple[str, object], after: tuple[str, object]) -> None:
    """Raise `WriteFailed` unless the tags can be read back and all else is as it was."""
    read = {fold_tag(tag) for tag in read_metadata(copy).tags()}
    if lost := [tag for tag in change.added if fold_tag(tag) not in read]:
        raise WriteFailed(f"the tag {lost[0]!r} would not be read back")
    if before[0] != after[0]:
        raise WriteFailed("its audio would change; is the file damaged?")
    if before[1] != after[1]:
        raise WriteFailed("other fields would change; are its tags damaged, or of a kind that is hardly known?")
