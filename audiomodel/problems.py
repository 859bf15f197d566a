"""Why a file of sound gives no answer: one exception, and a short list of reasons."""

from __future__ import annotations

import enum


class Reason(enum.StrEnum):
    """What is the matter with a file, or with reading it."""

    EMPTY = "empty"
    """No byte in the file, or no sample in its sound."""
    NOT_AUDIO = "not-audio"
    """Something else: text, a picture, a film without sound, a directory."""
    UNSUPPORTED = "unsupported"
    """Sound in a container or coding that is not read here."""
    ENCRYPTED = "encrypted"
    """Protected against copying, so that only a shop's own player can read it."""
    DAMAGED = "damaged"
    """It begins like a file of sound and does not go on like one."""
    TOO_SHORT = "too-short"
    SILENT = "silent"
    TOO_LONG = "too-long"
    TOO_BIG = "too-big"
    """It needs more memory than one file may have."""
    TIMED_OUT = "timed-out"
    UNREADABLE = "unreadable"
    """The file is not there, may not be read, or is no regular file."""


# These are never the file's alone: it may have been moved for a while, or the machine been busy.
_PASSING = frozenset({Reason.TIMED_OUT, Reason.UNREADABLE})


class AudioProblem(Exception):
    """A file that cannot be heard.

    Parameters
    ----------
    reason
        Which kind of problem, for programs.
    message
        What is the matter, for people; it names no path, which callers add where they may.
    passing
        Whether it says more of the machine at that moment than of the file, which may be heard another time.
    """

    def __init__(self, reason: Reason, message: str, passing: bool = False) -> None:
        super().__init__(reason, message)
        self.reason = reason
        self.message = message
        self.passing = passing or reason in _PASSING

    def __str__(self) -> str:
        return self.message
