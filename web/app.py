"""The web application: a factory that is given its searcher, so that tests pass a small one.

Pages are blueprints, each in the file of `web.pages` that is named after it; their JSON twins in `web.api` take
the same values.
"""

from __future__ import annotations

from flask import Flask

from search.searcher import Searcher
from web import links, security
from web.api import app as api_app
from web.pages import about, errors, graph, home, picks, search, suggest, tag, track, wording
from web.settings import Settings

# Longest body that is read: pages take their state from the address, so there is nothing to send.
MAX_BODY = 64 * 1024  # bytes


# Nothing is switched on.
_QUIET = Settings()


def create_app(searcher: Searcher, settings: Settings = _QUIET) -> Flask:
    """Build the application.

    Parameters
    ----------
    searcher
        What answers all questions; it stays the caller's to close.
    settings
        What is switched on.
    """
    app = Flask(__name__)
    app.config.from_mapping(MAX_CONTENT_LENGTH=MAX_BODY)
    app.extensions["searcher"] = searcher
    app.extensions["settings"] = settings
    app.jinja_options = {"trim_blocks": True, "lstrip_blocks": True}
    for page in (home, search, track, suggest, tag, graph, about, picks):
        app.register_blueprint(page.blueprint)
    api_app.register(app)
    links.register(app)
    wording.register(app)
    errors.register(app)
    security.register(app)
    return app
