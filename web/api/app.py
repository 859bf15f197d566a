"""The API as a blueprint under ``/api/v1``."""

from __future__ import annotations

from flask import Blueprint, Flask

blueprint = Blueprint("api", __name__, url_prefix="/api/v1")


def register(app: Flask) -> None:
    """Have the application answer the API."""
    app.register_blueprint(blueprint)
