"""The application as server processes run it: each worker makes its own from the environment.

A worker shares nothing with the command that started it but the environment, so settings travel there, under the names
that `tagkin serve` documents for its options.
"""

from __future__ import annotations

import logging
import os
import socket
import ssl
import tempfile
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from flask import Config, Flask
from werkzeug.middleware.proxy_fix import ProxyFix

from search.engines import open_engine
from tagmodel.model import load_model
from web.api import audio
from web.app import create_app
from web.running import access_log, limits, overload
from web.running.keeping import SearcherKeeper
from web.running.metrics import DIRECTORY
from web.settings import PREFIX, Settings, SettingsError, read_settings

# How long a worker may finish what it is answering when the server is stopped.
STOP_SECONDS = 10  # seconds
# How long new workers have to get ready before the old ones stop; a worker on a busy machine takes some seconds.
RESPAWN_SECONDS = 5.0
# Connections that a worker holds; those of browsers are idle most of the time.
CONNECTIONS = 1024
# Room for the head of a request, address included; up to twice as much may still be read.
MAX_HEAD = 64 * 1024  # bytes
# A client that sends no whole head for so long is hung up on, and so is one that asks nothing more.
HEAD_SECONDS = 20  # seconds


class _OnPurpose(logging.Filter):
    """Keeps back the server's warning about many threads: all but a few of them wait at the gate."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether a line is written."""
        return "Python threads" not in record.getMessage()


_HANDLER = {"class": "logging.StreamHandler", "stream": "ext://sys.stderr", "filters": ["on_purpose"]}
# The server's own lines go where all talk goes.
_LOGGING = {
    "filters": {"on_purpose": {"()": _OnPurpose}},
    "handlers": {"console": {**_HANDLER, "formatter": "generic"}, "access": {**_HANDLER, "formatter": "access"}},
}


def create_served_app() -> Flask:
    """Make the application of one worker from the environment; the index need not be there at that moment.

    Raises
    ------
    tagmodel.model.ModelMissing, tagmodel.model.BadModel
        If there is no such model, or it is damaged.
    web.settings.SettingsError
        If a setting cannot be used.
    """
    tempfile.tempdir = None  # a worker may have inherited that of the command, which is another one
    values = environment()
    settings = read_settings(values)
    model = load_model(Path(values["MODEL"]) if values.get("MODEL") else None)
    keeper = SearcherKeeper(values["ENGINE"], model)
    keeper.warm_up()
    app = create_app(keeper.current, settings)
    for name in app.jinja_env.list_templates(extensions=["html"]):
        app.jinja_env.get_template(name)  # compiled now, not in front of the first who asks
    inner: Any = overload.Gate(app, int(values["THREADS"]))
    if settings.proxies:
        inner = ProxyFix(inner, x_for=settings.proxies, x_proto=settings.proxies, x_host=0)
    app.wsgi_app = inner  # type: ignore[method-assign]
    return app


def environment() -> dict[str, str]:
    """Return our variables of the environment as they stand there, named without their prefix."""
    values = Config(Path.cwd())
    values.from_prefixed_env(PREFIX, loads=str)
    return dict(values)


def check_settings(settings: Settings) -> None:
    """Try out what only shows in use, so that it is said before any process starts.

    Raises
    ------
    web.settings.SettingsError
        If the rate or its storage cannot be used, or the access log cannot be written.
    """
    limits.check_rate(settings)
    if settings.access_log:
        access_log.close_log(access_log.open_log(settings.access_log))


def count_tracks(engine: str, model: str | None) -> int:
    """Count the tracks that will be served, which shows that index and model can be opened."""
    load_model(Path(model) if model else None)
    opened = open_engine(engine)
    n_tracks = opened.state().n_tracks
    opened.close()
    return n_tracks


def serve_pages(host: str, port: int, workers: int, threads: int, values: Mapping[str, str]) -> None:
    """Answer requests until the process is told to stop; what is being answered is finished first.

    Parameters
    ----------
    values
        What the workers are to find in the environment, named as `environment` names it.

    Raises
    ------
    OSError
        If the address is taken or not ours.
    """
    address = _listening_address(host, port)
    tls = [Path(path) for path in values.get("TLS", "").split(os.pathsep) if path]
    with TemporaryDirectory(prefix="tagkin-metrics-") as directory, TemporaryDirectory(prefix="tagkin-") as temporary:
        os.environ |= {f"{PREFIX}_{name}": value for name, value in values.items()} | {DIRECTORY: directory}
        # What somebody sent to a worker goes when the server does, even if the worker was killed.
        os.environ["TMPDIR"] = temporary
        _server(address, port, workers, threads, *tls).serve()


def check_tls(values: Mapping[str, str]) -> bool:
    """Try out certificate and key, if there are any; returns whether there are.

    Raises
    ------
    web.settings.SettingsError
        If they cannot be read, or are not of each other.
    """
    if not values.get("TLS"):
        return False
    certificate, _, key = values["TLS"].partition(os.pathsep)
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(certificate, key, password="")
    except (OSError, ValueError) as error:  # errors of TLS are errors of the system here
        raise SettingsError(
            "expected a certificate and its key, without a password, as PEM files,"
            f" got {certificate} and {key or 'no key'}: {error}"
        ) from error
    return True


def _server(
    address: str, port: int, workers: int, threads: int, certificate: Path | None = None, key: Path | None = None
) -> Any:
    """Return the server, which makes its processes when it is told to serve."""
    from granian import Granian
    from granian.constants import HTTPModes, Interfaces, SSLProtocols
    from granian.http import HTTP1Settings

    return Granian(
        "web.serving:create_served_app",
        factory=True,
        address=address,
        port=port,
        workers=workers,
        interface=Interfaces.WSGI,
        http=HTTPModes.http1,
        http1_settings=HTTP1Settings(header_read_timeout=HEAD_SECONDS * 1000, max_buffer_size=MAX_HEAD),
        # Most of them wait at the gate, which decides who may.
        blocking_threads=threads + overload.WAITING + overload.SPARE + audio.WHOLE_AT_ONCE,
        backpressure=CONNECTIONS,
        workers_kill_timeout=STOP_SECONDS,
        websockets=False,
        respawn_failed_workers=True,
        respawn_interval=RESPAWN_SECONDS,
        log_dictconfig=_LOGGING,
        ssl_cert=certificate,
        ssl_key=key,
        ssl_protocol_min=SSLProtocols.tls12,
    )


def _listening_address(host: str, port: int) -> str:
    """Return a host as the number that the server wants, after listening there for a moment.

    The server itself would answer a name or a taken port with a backtrace.
    """
    family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    socket.create_server((host, port), family=family).close()
    return str(address[0])
