"""What every list of hits says of a track: written by its template once, and kept for the next page that shows it.

Most of a page of hits is the same few thousand tracks over and over; only score and reasons are the search's own.
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

from flask import Flask, request
from markupsafe import Markup

from tagmodel.track import Track

# Tracks whose fragments are kept, in each server process.
KEPT_TRACKS = 4096  # of some 1 kB each


class TrackFragments(NamedTuple):
    """The parts of a hit that are the track's own."""

    title: Markup
    pick: Markup
    facts: Markup


def register(app: Flask) -> None:
    """Give this to the templates as ``fragments(track)``."""
    environment = app.jinja_env

    @lru_cache(KEPT_TRACKS)
    def written(root: str, track: Track) -> TrackFragments:  # noqa: ARG001 (links start with the root)
        macros = environment.get_template("_track.html").module
        return TrackFragments(*(Markup(getattr(macros, part)(track)) for part in TrackFragments._fields))

    def fragments(track: Track) -> TrackFragments:
        return written(request.script_root, track)

    environment.globals.update(fragments=fragments)
