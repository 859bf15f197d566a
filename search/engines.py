"""From an address to an engine: one table of schemes, so that another engine is another line."""

from __future__ import annotations

import re
from collections.abc import Callable, Hashable
from pathlib import Path
from typing import NamedTuple

from search.embedded import EmbeddedEngine
from search.embedded.presence import identify
from search.engine import SearchEngine, SearchUnavailable

# What is written so is meant for a server, though it could be a directory.
_SERVER = re.compile(r"[\w.-]+:\d{2,5}(/.*)?", re.ASCII)
_SCHEME = re.compile(r"([a-z][a-z0-9+.-]+)://", re.IGNORECASE)


def _open_directory(address: str, create: bool, _patience: float) -> SearchEngine:
    path = Path(address).expanduser()
    if path.exists() and not path.is_dir():
        raise SearchUnavailable(f"expected the directory of an index: {address} is a file, not a directory")
    return EmbeddedEngine.open(path, create)


def _identify_directory(address: str) -> Hashable:
    return identify(Path(address).expanduser())


def _open_server(address: str, create: bool, patience: float) -> SearchEngine:
    from search.elastic import ElasticEngine

    return ElasticEngine.open(address, create, patience)


def _identify_server(address: str) -> Hashable:
    from search.elastic.engine import identify as identify_server

    return identify_server(address)


class _Scheme(NamedTuple):
    """How an index at an address of this scheme is opened, and told from others."""

    open: Callable[[str, bool, float], SearchEngine]
    identify: Callable[[str], Hashable]


# "" is an address without a scheme.
_SCHEMES = {
    "": _Scheme(_open_directory, _identify_directory),
    "http": _Scheme(_open_server, _identify_server),
    "https": _Scheme(_open_server, _identify_server),
}


def open_engine(address: str, create: bool = False, patience: float = 0.0) -> SearchEngine:
    """Open the engine at an address.

    Parameters
    ----------
    address
        A directory, for the embedded engine; ``http(s)://host:port[,host:port]/name`` for Elasticsearch.
    create
        Make an empty index where there is none.
    patience
        Seconds that it keeps trying to search and to read all documents while the index is away, for long loads.

    Raises
    ------
    SearchUnavailable
        If the address is none that this version knows, or the engine cannot be opened.
    """
    return _scheme_of(address).open(address, create, patience)


def identify_index(address: str) -> Hashable:
    """Return what tells the index that lies at an address now from any that will lie there later.

    It may be asked many times a second. Two answers are comparable as long as an engine is open on the older one.

    Raises
    ------
    SearchUnavailable
        If no index lies there, or it cannot be reached.
    """
    return _scheme_of(address).identify(address)


def _scheme_of(address: str) -> _Scheme:
    if not address:
        raise SearchUnavailable("expected the directory of an index, got nothing. Is TAGKIN_ENGINE set, but empty?")
    if _SERVER.fullmatch(address) and not Path(address).exists():
        raise SearchUnavailable(
            f"expected a directory, or http(s)://host:port/name of Elasticsearch, got {address!r}. "
            f"Did you mean http://{address}, or the directory ./{address}?"
        )
    found = _SCHEME.match(address)
    scheme = found.group(1).lower() if found else ""
    if scheme not in _SCHEMES:
        raise SearchUnavailable(
            f"expected a directory, or http(s)://host:port/name of Elasticsearch, got {address!r}: "
            f"there is no {scheme} engine"
        )
    return _SCHEMES[scheme]
