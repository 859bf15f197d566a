"""The one way from a view to the domain."""

from __future__ import annotations

from collections.abc import Callable
from typing import cast

from flask import current_app

from search.searcher import Searcher


def searcher() -> Searcher:
    """Return the searcher of the index that is there now."""
    current = cast(Callable[[], Searcher], current_app.extensions["searcher"])
    return current()
