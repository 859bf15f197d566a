"""From an address to an engine: one table of schemes, so that another engine is another line."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from search.embedded import EmbeddedEngine
from search.engine import SearchEngine, SearchUnavailable

_SCHEME = re.compile(r"([a-z][a-z0-9+.-]+)://", re.IGNORECASE)


def _open_directory(address: str, create: bool) -> SearchEngine:
    path = Path(address).expanduser()
    if path.exists() and not path.is_dir():
        raise SearchUnavailable(f"expected the directory of an index: {address} is a file, not a directory")
    return EmbeddedEngine.open(path, create)


# Scheme of the address → how to open it; "" is an address without a scheme.
_OPENERS: dict[str, Callable[[str, bool], SearchEngine]] = {
    "": _open_directory,
}


def open_engine(address: str, create: bool = False) -> SearchEngine:
    """Open the engine at an address.

    Parameters
    ----------
    address
        A directory, for the embedded engine.
    create
        Make an empty index where there is none.

    Raises
    ------
    SearchUnavailable
        If the address is none that this version knows, or the engine cannot be opened.
    """
    if not address:
        raise SearchUnavailable("expected the directory of an index, got nothing. Is TAGKIN_ENGINE set, but empty?")
    found = _SCHEME.match(address)
    scheme = found.group(1).lower() if found else ""
    if scheme not in _OPENERS:
        raise SearchUnavailable(
            f"expected a directory, got {address!r}: this version knows no {scheme} engine, only the embedded one"
        )
    return _OPENERS[scheme](address, create)
