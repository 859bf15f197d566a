"""The API as a blueprint under ``/api/v1``: one table of operations, from which everything else is made."""

from __future__ import annotations

from functools import lru_cache

import msgspec
from flask import Blueprint, Flask, Response, redirect, render_template, request
from werkzeug.wrappers import Response as BaseResponse

from web.api import (
    audio,
    graphs,
    hearing,
    indexed,
    names,
    searching,
    similar,
    similar_recording,
    suggesting,
    tags,
    writing,
)
from web.api.docs import docs_page
from web.api.openapi import BASE, openapi_document
from web.api.operations import JSON, Operation

# All operations, in the order of the docs page.
OPERATIONS: tuple[Operation, ...] = (
    *(searching.search, suggesting.suggest, suggesting.suggest_batch, tags.tags, tags.tag, tags.kin, graphs.graph),
    *(graphs.path, graphs.communities, names.names, indexed.track, similar.similar, indexed.stats),
    *(hearing.hear, similar_recording.similar_to_recording),
    *(writing.write_track, writing.remove_track),
)

blueprint = Blueprint("api", __name__, url_prefix=BASE)
for _one in OPERATIONS:
    blueprint.add_url_rule(_one.path, _one.name, _one.view(), methods=[_one.method])
blueprint.add_url_rule("/track/audio", "track_audio", audio.track_audio)


def register(app: Flask) -> None:
    """Have the application answer the API."""
    app.register_blueprint(blueprint)


@blueprint.get("/", strict_slashes=False)
def begin() -> BaseResponse:
    """Lead whoever tries the bare address to the docs page."""
    return redirect(f"{request.script_root}{BASE}/docs")


@blueprint.get("/openapi.json")
def openapi() -> Response:
    """Send the OpenAPI document."""
    return Response(_document(request.script_root), content_type=JSON)


@lru_cache(maxsize=8)
def _document(root: str) -> bytes:
    return msgspec.json.encode(openapi_document(OPERATIONS, root))


@blueprint.get("/docs")
def docs() -> str:
    """Show how to use the API."""
    return render_template("api_docs.html", page=docs_page(OPERATIONS, request.url_root.rstrip("/")))
