"""Addresses of the pages that stand for one thing: a track, a tag, a search, some picked tracks.

Ids and spellings are free text and may hold slashes and dots, which a path would not keep; they go into the query.
Written without ``url_for``, which costs more than the rest of a row of hits.
"""

from __future__ import annotations

from collections.abc import Iterable
from urllib.parse import quote_plus, urlencode

from flask import Flask, request


def register(app: Flask) -> None:
    """Give these to the templates by their names."""
    app.jinja_env.globals.update(
        track_link=track_link,
        tag_link=tag_link,
        search_link=search_link,
        picks_link=picks_link,
        completion_link=completion_link,
    )


def track_link(track_id: str) -> str:
    """Return the address of the page of a track."""
    return f"{request.script_root}/track?id={quote_plus(track_id)}"


def tag_link(spelling: str) -> str:
    """Return the address of the page of a tag, by any spelling of it."""
    return f"{request.script_root}/tag?name={quote_plus(spelling)}"


def search_link(text: str) -> str:
    """Return the address of a search as people type it, steered no further."""
    return f"{request.script_root}/search?q={quote_plus(text)}"


def picks_link(track_ids: Iterable[str]) -> str:
    """Return the address of the page of some picked tracks, in this order."""
    return f"{request.script_root}/picks?{urlencode([('id', track_id) for track_id in track_ids])}"


def completion_link() -> str:
    """Return the address that completes a tag, for the boxes where tags are typed."""
    return f"{request.script_root}/api/v1/tags"
