"""The application as server processes run it: each worker makes its own from the environment.

A worker shares nothing with the command that started it but the environment, so settings travel there, under the names
that `tagkin serve` documents for its options.
"""

from __future__ import annotations

import os
import socket
from pathlib import Path

from flask import Config, Flask

from search.engines import open_engine
from search.searcher import Searcher
from tagmodel.model import load_model
from web.app import create_app

# Prefix of all settings in the environment.
PREFIX = "TAGKIN"

# Requests that one worker answers at once; more only take turns on the same cores.
THREADS = 4
# How long a worker may finish what it is answering when the server is stopped.
STOP_SECONDS = 10  # seconds


def create_served_app() -> Flask:
    """Make the application from ``TAGKIN_ENGINE`` and ``TAGKIN_MODEL`` (the shipped model where it is not set).

    Raises
    ------
    search.engine.SearchUnavailable
        If the index cannot be opened.
    tagmodel.model.ModelMissing, tagmodel.model.BadModel
        If there is no such model, or it is damaged.
    """
    settings = Config(Path.cwd())
    settings.from_prefixed_env(PREFIX, loads=str)
    return create_app(open_searcher(settings["ENGINE"], settings.get("MODEL")))


def open_searcher(engine: str, model: str | None) -> Searcher:
    """Open an index and a model; None is the shipped one."""
    return Searcher(open_engine(engine), load_model(Path(model) if model else None))


def count_tracks(engine: str, model: str | None) -> int:
    """Count the tracks that will be served, which shows that index and model can be opened."""
    searcher = open_searcher(engine, model)
    n_tracks = searcher.engine.state().n_tracks
    searcher.engine.close()
    return n_tracks


def serve_pages(engine: str, model: str | None, host: str, port: int, workers: int) -> None:
    """Answer requests until the process is told to stop; what is being answered is finished first.

    Raises
    ------
    OSError
        If the address is taken or not ours.
    """
    address = _listening_address(host, port)
    os.environ[f"{PREFIX}_ENGINE"] = engine
    if model:
        os.environ[f"{PREFIX}_MODEL"] = model
    from granian import Granian
    from granian.constants import Interfaces

    Granian(
        "web.serving:create_served_app",
        factory=True,
        address=address,
        port=port,
        workers=workers,
        interface=Interfaces.WSGI,
        blocking_threads=THREADS,
        workers_kill_timeout=STOP_SECONDS,
        websockets=False,
        respawn_failed_workers=True,
    ).serve()


def _listening_address(host: str, port: int) -> str:
    """Return a host as the number that the server wants, after listening there for a moment.

    The server itself would answer a name or a taken port with a backtrace.
    """
    family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    socket.create_server((host, port), family=family).close()
    return str(address[0])
