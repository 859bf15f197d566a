"""What every list of hits says of a track: written by its template once, and kept for the next page that shows it.

Most of a page of hits is the same few thousand tracks over and over; only score and reasons are the search's own.
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

from flask import Flask, request
from markupsafe import Markup

from search.sound import Sound
from tagmodel.track import Track
from web.listening import Heard, heard

# Tracks whose fragments are kept, in each server process.
KEPT_TRACKS = 4096  # of some 1 kB each


class TrackFragments(NamedTuple):
    """The parts of a hit that are the track's own."""

    title: Markup
    pick: Markup
    facts: Markup
    play: Markup


def register(app: Flask) -> None:
    """Give this to the templates as ``fragments(track, sound)``."""
    environment = app.jinja_env

    @lru_cache(KEPT_TRACKS)
    def written(root: str, track: Track, sounds: Heard) -> TrackFragments:  # noqa: ARG001 (links start with the root)
        macros = environment.get_template("_track.html").module
        return TrackFragments(*(Markup(getattr(macros, part)(track, sounds)) for part in TrackFragments._fields))

    def fragments(track: Track, sound: Sound | None = None) -> TrackFragments:
        return written(request.script_root, track, heard(track, sound))

    environment.globals.update(fragments=fragments)
