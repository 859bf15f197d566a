"""The form that sends a recording to be heard: which of its fields holds one, and in words why there is no answer."""

from __future__ import annotations

from typing import NamedTuple

from flask import Request
from werkzeug.datastructures import FileStorage
from werkzeug.exceptions import RequestEntityTooLarge

from audiomodel.hearing import Hearing
from audiomodel.problems import AudioProblem, Reason
from web.hearing import RETRY_AFTER, CannotHear, hear, listener
from web.pages.similar_address import Kind
from web.running.uploads import MAX_SECONDS, MAX_UPLOAD, allow_upload, kept_upload, sent_recording

# Fields of files: what the page recorded, what the device recorded by itself, and what was chosen.
RECORDED = ("recorded", "captured")
CHOSEN = "file"

_MEGABYTES, _MINUTES = MAX_UPLOAD // 1024 // 1024, round(MAX_SECONDS / 60)
TOO_LARGE = f"It is larger than {_MEGABYTES} MB: send a part of it, or an mp3 in place of a wav."
NOTHING_SENT = "No recording came with that: choose a file first, or record something."
_WORDS = {
    Reason.EMPTY: "It is empty: there is no sound in it. Did the recording begin before the microphone was allowed?",
    Reason.NOT_AUDIO: "It is no recording. mp3, flac, ogg, opus, wav, aiff, m4a and webm can be heard.",
    Reason.UNSUPPORTED: "It is sound, but of a kind that is not read here: send an mp3, flac, ogg, wav or m4a.",
    Reason.ENCRYPTED: "It is protected against copying, so only the shop's own player can read it.",
    Reason.DAMAGED: "It begins like a recording and breaks off: is the download complete?",
    Reason.TOO_SHORT: "It is too short to say anything of it: a few seconds are enough, ten are better.",
    Reason.SILENT: "It is silent. Was the microphone muted, or the right one chosen?",
    Reason.TOO_LONG: f"It is longer than {_MINUTES} minutes: send a part of it.",
    Reason.TOO_BIG: "It needs too much memory to be heard: send a shorter part of it.",
    Reason.TIMED_OUT: "It took too long to hear it: try a shorter part, or another format.",
    Reason.UNREADABLE: "It cannot be read.",
}


class EarSays(NamedTuple):
    """Who listens here, and what music they know; or why nobody does."""

    name: str = ""
    hears: str = ""
    n_tags: int = 0
    problem: str = ""


def ear_says() -> EarSays:
    """Ask who would hear what is sent."""
    try:
        card = listener()
    except CannotHear as error:
        return EarSays(problem=error.description or "")
    return EarSays(card.name, card.hears, len(card.tags))


class NotHeard(Exception):
    """What was sent could not be heard; the message is for whoever sent it.

    Parameters
    ----------
    status
        Of the answer.
    retry_after
        Seconds after which to send it again; 0 where that would not help.
    """

    def __init__(self, message: str, status: int, retry_after: int = 0) -> None:
        super().__init__(message)
        self.status = status
        self.headers = {"Retry-After": str(retry_after)} if retry_after else {}


def sent_upload(request: Request) -> FileStorage:
    """Return the recording of a form, unheard; the other fields can be read then.

    Raises
    ------
    NotHeard
        If none was sent, or it is too large.
    """
    allow_upload(request)
    try:
        upload = sent_recording(request, *RECORDED, CHOSEN)
    except RequestEntityTooLarge:
        raise NotHeard(TOO_LARGE, 413) from None
    if upload is None:
        raise NotHeard(NOTHING_SENT, 400)
    return upload


def hear_upload(upload: FileStorage) -> tuple[Hearing, Kind]:
    """Hear the recording of a form; returns what was heard, and whether it was a ``file`` or a ``recording``.

    Raises
    ------
    NotHeard
        If it is nothing that can be heard.
    """
    kind: Kind = "file" if upload.name == CHOSEN else "recording"
    try:
        with kept_upload(upload) as place:
            return hear(place), kind
    except AudioProblem as problem:
        raise NotHeard(_WORDS[problem.reason], 422) from None
    except CannotHear as error:
        told = error.description or ""
        raise NotHeard(f"It is not to blame: {told}.", error.code, RETRY_AFTER) from None
