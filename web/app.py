"""The web application: a factory that is given its searcher, so that tests pass a small one.

Pages are blueprints, each in the file that is named after it; the JSON twins of the pages will stand beside them and
take the same values.
"""

from __future__ import annotations

from flask import Flask

from search.searcher import Searcher
from web import error_pages, home_page, search_page, security, suggest_page, wording

# Longest body that is read: pages take their state from the address, so there is nothing to send.
MAX_BODY = 64 * 1024  # bytes


def create_app(searcher: Searcher) -> Flask:
    """Build the application.

    Parameters
    ----------
    searcher
        What answers all questions; it stays the caller's to close.
    """
    app = Flask(__name__)
    app.config.from_mapping(MAX_CONTENT_LENGTH=MAX_BODY)
    app.extensions["searcher"] = searcher
    app.jinja_options = {"trim_blocks": True, "lstrip_blocks": True}
    for page in (home_page, search_page, suggest_page):
        app.register_blueprint(page.blueprint)
    wording.register(app)
    error_pages.register(app)
    security.register(app)
    return app
