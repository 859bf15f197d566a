"""The API as a blueprint under ``/api/v1``: one table of operations, from which everything else is made."""

from __future__ import annotations

from flask import Blueprint, Flask

from web.api import graphs, indexed, searching, suggesting, tags
from web.api.operations import Operation

# All operations, in the order of the docs page.
OPERATIONS: tuple[Operation, ...] = (
    *(searching.search, suggesting.suggest, suggesting.suggest_batch, tags.tags, tags.tag, tags.kin, graphs.graph),
    *(graphs.path, graphs.communities, indexed.track, indexed.similar, indexed.stats),
)

blueprint = Blueprint("api", __name__, url_prefix="/api/v1")
for _one in OPERATIONS:
    blueprint.add_url_rule(_one.path, _one.name, _one.view(), methods=[_one.method])


def register(app: Flask) -> None:
    """Have the application answer the API."""
    app.register_blueprint(blueprint)
