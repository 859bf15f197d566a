"""The tag page."""

from __future__ import annotations

from flask import Blueprint, render_template

blueprint = Blueprint("tag", __name__)


@blueprint.get("/tag")
def show() -> str:
    """Show it."""
    return render_template("tag.html")
