"""What pages say of how a track sounds: where to hear it, from which second on, its tempo and its key.

A play button is a link to the recording, so it plays without scripts too; web/static/player.js has it play in place.
"""

from __future__ import annotations

from typing import NamedTuple
from urllib.parse import quote_plus, urlsplit

from flask import Flask, current_app, request

from search.sound import Sound
from tagmodel.track import Track
from web.recordings import audio_root, is_playable

# Below it, tempo and key are no more than a guess, which lists of hits leave out.
SURE = 0.5
# What addresses of recordings end with.
_ENDINGS = (".mp3", ".ogg", ".opus", ".flac", ".wav", ".m4a", ".aac", ".aiff", ".webm")


class Heard(NamedTuple):
    """What a row says of the sound of its track.

    Parameters
    ----------
    play
        Address of the recording; ``""`` where nothing can be played.
    beat
        Tempo and key in a few words; ``""`` where neither is sure.
    """

    play: str = ""
    beat: str = ""


def register(app: Flask) -> None:
    """Give these to the templates by their names."""
    app.jinja_env.globals.update(can_play=can_play, play_link=play_link)


def can_play() -> bool:
    """Whether any track may have something to play."""
    return audio_root() is not None or bool(current_app.extensions["settings"].previews)


def heard(track: Track, sound: Sound | None) -> Heard:
    """Say in short how a track sounds."""
    return Heard(play_link(track, sound), beat(sound)) if sound or can_play() else Heard()


def play_link(track: Track, sound: Sound | None, start: float = 0.0) -> str:
    """Return the address that plays a track from a second on; ``""`` where nothing does."""
    where = f"#t={start:.1f}" if start else ""
    if is_playable(sound):
        return f"{request.script_root}/api/v1/track/audio?id={quote_plus(track.track_id)}{where}"
    return f"{track.url}{where}" if is_preview(track.url) else ""


def is_preview(address: str) -> bool:
    """Whether an address is a recording at an origin from which the pages may play."""
    origins = current_app.extensions["settings"].previews
    if not origins or not address.lower().startswith(("https://", "http://")):
        return False
    try:
        parts = urlsplit(address)
    except ValueError:  # such as a bracket that opens no IPv6 address
        return False
    origin = f"{parts.scheme}://{parts.netloc}".lower()
    return origin in map(str.lower, origins) and parts.path.lower().endswith(_ENDINGS)


def beat(sound: Sound | None, least: float = SURE) -> str:
    """Write tempo and key as far as they are at least so sure: ``92 bpm, A minor``."""
    if sound is None:
        return ""
    bpm = f"{sound.bpm:.0f} bpm" if sound.bpm is not None and sound.bpm_confidence >= least else ""
    return ", ".join(filter(None, (bpm, sound.key if sound.key_confidence >= least else "")))
