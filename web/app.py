"""The web application: a factory that is given its searcher, so that tests pass a small one.

Pages are blueprints, each in the file of `web.pages` that is named after it; their JSON twins in `web.api` take
the same values. What surrounds every answer is in `web.running`.
"""

from __future__ import annotations

from collections.abc import Callable

from flask import Flask

from search.searcher import Searcher
from web import fragments, hearing, links, listening, security
from web.api import app as api_app
from web.pages import about, errors, graph, home, picks, search, similar, suggest, tag, track, wording
from web.running import access_log, cross_origin, freshness, health, limits, metrics, observing, static_files, tokens
from web.settings import Settings

# Nothing is switched on.
_QUIET = Settings()


def create_app(searcher: Searcher | Callable[[], Searcher], settings: Settings = _QUIET) -> Flask:
    """Build the application.

    Parameters
    ----------
    searcher
        What answers all questions, or where to get it anew for each request; it stays the caller's to close.
    settings
        What is switched on.
    """
    app = Flask(__name__)
    app.extensions["searcher"] = searcher if callable(searcher) else observing.always(searcher)
    app.extensions["settings"] = settings
    app.jinja_options = {"trim_blocks": True, "lstrip_blocks": True}
    _surround(app, settings)
    for page in (home, search, track, similar, suggest, tag, graph, about, picks):
        app.register_blueprint(page.blueprint)
    api_app.register(app)
    hearing.register(app, settings)
    links.register(app)
    listening.register(app)
    fragments.register(app)
    wording.register(app)
    errors.register(app)
    return app


def _surround(app: Flask, settings: Settings) -> None:
    """Register what comes before and after every view: before it in this order, after it in the opposite one."""
    observing.register(app, trusted=settings.proxies > 0)
    metrics.register(app)
    access_log.register(app, settings)
    security.register(app, settings)
    cross_origin.register(app, settings)
    limits.register(app, settings)
    tokens.register(app, settings)
    health.register(app)
    static_files.register(app)
    freshness.register(app, settings)
