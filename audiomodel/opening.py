"""Opening a file that somebody named: a regular file, or nothing."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path
from typing import BinaryIO

from audiomodel.problems import AudioProblem, Reason


def open_sound(path: Path) -> BinaryIO:
    """Open a regular file for reading; nothing else is opened, and nothing is waited for.

    Raises
    ------
    AudioProblem
        If there is no such file, it may not be read, or it is a directory, a FIFO, a socket or a device.
    """
    try:
        _check_regular(path.stat().st_mode)
        # Should something else have taken its place by now, opening it must not block.
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
    except OSError as error:
        raise AudioProblem(Reason.UNREADABLE, _why_unreadable(path, error)) from None
    try:
        _check_regular(os.fstat(descriptor).st_mode)
        return os.fdopen(descriptor, "rb", buffering=0)
    except BaseException:
        os.close(descriptor)
        raise


def _check_regular(mode: int) -> None:
    if not stat.S_ISREG(mode):
        kind = "a directory" if stat.S_ISDIR(mode) else "a pipe, a socket or a device"
        raise AudioProblem(Reason.UNREADABLE, f"expected a file of sound, got {kind}")


def _why_unreadable(path: Path, error: OSError) -> str:
    if error.errno == errno.ENOENT:
        return "it is a link to a file that is not there" if path.is_symlink() else "there is no such file"
    return f"it cannot be opened: {os.strerror(error.errno or errno.EIO)}"
