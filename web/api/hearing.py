"""`hear`: what a recording that is sent sounds like."""

from __future__ import annotations

from werkzeug.datastructures import FileStorage
from werkzeug.exceptions import RequestEntityTooLarge

from audiomodel.answers import Heard, heard_answer
from audiomodel.hearing import Hearing
from web import hearing as ears
from web.api.bodies import RawBody
from web.api.operations import operation
from web.api.problems import CANNOT_HEAR, UNHEARD
from web.running.uploads import MAX_UPLOAD, kept_upload

RECORDINGS = ("audio/*", "video/webm", "video/mp4", "application/octet-stream")


@operation("POST", "/hear", max_body=MAX_UPLOAD, takes=RECORDINGS, refusals=(UNHEARD, CANNOT_HEAR))
def hear(body: RawBody) -> Heard:
    """Hear a recording.

    The body is the file as it is: mp3, flac, ogg, opus, wav, aiff, m4a or webm, of at most 30 MB and ten minutes. The
    answer has the top genre, tags with their probabilities, tempo and key with how sure they are, and what is heard at
    which moment; where the recording is not like the music that the tagger learned from, no tags. What was sent is
    deleted as soon as it was heard.
    """
    return heard_answer(hear_body(body), ears.listener())


def hear_body(body: RawBody) -> Hearing:
    """Hear a body that is a recording, and delete it."""
    with kept_upload(FileStorage(body.stream)) as place:
        if place.stat().st_size > MAX_UPLOAD:
            raise RequestEntityTooLarge
        return ears.hear(place)
