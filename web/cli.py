"""`tagkin serve`: the pages, for browsers."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from tagmodel.cli.options import engine_option, model_option

SETTINGS_STATUS = 2  # no such model, or the address cannot be listened on
ENGINE_STATUS = 3  # the index cannot be read


@click.command()
@engine_option
@model_option
@click.option(
    "--host",
    envvar="TAGKIN_HOST",
    default="127.0.0.1",
    show_default=True,
    show_envvar=True,
    help="Address to listen on.",
)
@click.option(
    "--port",
    envvar="TAGKIN_PORT",
    default=8000,
    show_default=True,
    show_envvar=True,
    type=click.IntRange(1, 65535),
    help="Port to listen on.",
)
@click.option(
    "--workers",
    envvar="TAGKIN_WORKERS",
    default=2,
    show_default=True,
    show_envvar=True,
    type=click.IntRange(1, 64),
    help="Server processes.",
)
def serve(engine: str, model_path: Path | None, host: str, port: int, workers: int) -> None:
    """Serve the search and suggest pages until stopped with Ctrl-C."""
    from search.engine import SearchUnavailable
    from tagmodel.model import BadModel, ModelMissing
    from web.serving import count_tracks, serve_pages

    model = None if model_path is None else str(model_path)
    try:
        # Opened here once, so that a missing index or model is said before any process starts.
        n_tracks = count_tracks(engine, model)
        click.echo(f"{n_tracks:,} tracks at http://{host}:{port} (stop with Ctrl-C)", err=True)
        serve_pages(engine, model, host, port, workers)
    except SearchUnavailable as error:
        _exit(str(error), ENGINE_STATUS)
    except (ModelMissing, BadModel) as error:
        _exit(str(error), SETTINGS_STATUS)
    except OSError as error:
        _exit(f"cannot listen on {host}:{port}: {error}. Is another server running? Try --port.", SETTINGS_STATUS)


def _exit(message: str, status: int) -> None:
    click.echo(f"tagkin: {message}", err=True)
    sys.exit(status)
