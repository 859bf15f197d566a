"""The one way from a view to the domain."""

from __future__ import annotations

from typing import cast

from flask import current_app

from search.searcher import Searcher


def searcher() -> Searcher:
    """Return the searcher that the application was made with."""
    return cast(Searcher, current_app.extensions["searcher"])
