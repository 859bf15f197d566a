"""The about page."""

from __future__ import annotations

from flask import Blueprint, render_template

blueprint = Blueprint("about", __name__)


@blueprint.get("/about")
def show() -> str:
    """Show it."""
    return render_template("about.html")
