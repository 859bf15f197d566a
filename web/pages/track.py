"""The track page."""

from __future__ import annotations

from flask import Blueprint, render_template

blueprint = Blueprint("track", __name__)


@blueprint.get("/track")
def show() -> str:
    """Show it."""
    return render_template("track.html")
