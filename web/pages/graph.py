"""The graph page."""

from __future__ import annotations

from flask import Blueprint, render_template

blueprint = Blueprint("graph", __name__)


@blueprint.get("/graph")
def show() -> str:
    """Show it."""
    return render_template("graph.html")
