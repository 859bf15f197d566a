"""What whoever runs the server asks it: whether the process is alive, and whether it can answer searches."""

from __future__ import annotations

from flask import Blueprint, Flask, jsonify
from flask.typing import ResponseReturnValue

from search.engine import SearchUnavailable
from search.plan import Plan
from web.api.problems import public_words
from web.context import searcher

blueprint = Blueprint("health", __name__)

_NEVER_KEPT = {"Cache-Control": "no-store"}
# An index that comes back is noticed within a second.
RETRY_AFTER = 1  # seconds


def register(app: Flask) -> None:
    """Have the application answer them."""
    app.register_blueprint(blueprint)


@blueprint.get("/healthz")
def alive() -> ResponseReturnValue:
    """Say that the process answers; it needs neither index nor model for that."""
    return jsonify(status="ok"), 200, _NEVER_KEPT


@blueprint.get("/readyz")
def ready() -> ResponseReturnValue:
    """Say whether index and model answer, and in which state they are."""
    source = searcher()
    try:
        state = source.engine.state()
        source.engine.count(Plan())  # an engine may know its state with parts of its index missing
    except SearchUnavailable as error:
        refused = {**_NEVER_KEPT, "Retry-After": str(RETRY_AFTER)}
        return jsonify(status="unavailable", why=public_words(error), model=source.model.model_id), 503, refused
    index = {"generation": state.generation, "delta": state.delta, "tracks": state.n_tracks, "model": state.model_id}
    return jsonify(status="ready", index=index, model=source.model.model_id), 200, _NEVER_KEPT
