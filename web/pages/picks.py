"""The picks page."""

from __future__ import annotations

from flask import Blueprint, render_template

blueprint = Blueprint("picks", __name__)


@blueprint.get("/picks")
def show() -> str:
    """Show it."""
    return render_template("picks.html")
