"""Where `-o FILE` goes: a file that appears only when it is whole, or straight into a pipe or a device.

A device or a named pipe is never replaced by a file, and neither is a link: what it leads to is what was meant.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO


@contextmanager
def open_output(output: str) -> Iterator[IO[bytes]]:
    """Open what `-o` names; ``-`` is stdout. A full disk leaves an older file as it was.

    Raises
    ------
    OSError
        If it cannot be opened or written.
    """
    if output == "-":
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
    elif Path(output).exists() and not Path(output).is_file():
        with Path(output).open("wb") as stream:
            yield stream
    else:
        with _whole_file(Path(os.path.realpath(output))) as stream:
            yield stream


@contextmanager
def _whole_file(path: Path) -> Iterator[IO[bytes]]:
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with part.open("wb") as stream:
            yield stream
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
