"""The application as server processes run it: each worker makes its own from the environment.

A worker shares nothing with the command that started it but the environment, so settings travel there, under the names
that `tagkin serve` documents for its options.
"""

from __future__ import annotations

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


def serve(host: str, port: int, workers: int) -> None:
    """Answer requests until the process is told to stop; what is being answered is finished first.

    Raises
    ------
    OSError
        If the address is taken or not ours.
    """
    from granian import Granian
    from granian.constants import Interfaces

    Granian(
        "web.serving:create_served_app",
        factory=True,
        address=host,
        port=port,
        workers=workers,
        interface=Interfaces.WSGI,
        blocking_threads=THREADS,
        workers_kill_timeout=STOP_SECONDS,
        websockets=False,
        respawn_failed_workers=True,
    ).serve()
