"""Which index lies in a directory now: cheap enough to ask again and again while one of them is open."""

from __future__ import annotations

from pathlib import Path

from search.embedded.faults import translated_faults
from search.embedded.store import database_path
from search.engine import BadIndex


def identify(directory: Path) -> tuple[int, int]:
    """Return what tells the index in a directory from any other that is open or lies there later.

    Device and number of its file: no other file gets the same ones while an engine still holds this one open.

    Raises
    ------
    BadIndex
        If there is no index.
    SearchUnavailable
        If its files cannot be reached.
    """
    with translated_faults(directory):
        try:
            found = database_path(directory).stat()
        except (FileNotFoundError, NotADirectoryError):
            raise BadIndex(
                f"no index at {directory}. It will be used as soon as it is back", public="there is no index"
            ) from None
    return found.st_dev, found.st_ino
