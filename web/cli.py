"""`tagkin serve`: the pages, for browsers."""

from __future__ import annotations

import os

import click


@click.command()
@click.option(
    "--engine", envvar="TAGKIN_ENGINE", default="tagkin-index", show_default=True, help="Index to search: a directory."
)
@click.option(
    "--model", envvar="TAGKIN_MODEL", default=None, metavar="DIRECTORY", help="Tag model.  [default: the shipped one]"
)
@click.option("--host", envvar="TAGKIN_HOST", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option(
    "--port",
    envvar="TAGKIN_PORT",
    default=8000,
    show_default=True,
    type=click.IntRange(1, 65535),
    help="Port to listen on.",
)
@click.option(
    "--workers",
    envvar="TAGKIN_WORKERS",
    default=2,
    show_default=True,
    type=click.IntRange(1, 64),
    help="Server processes.",
)
def serve(engine: str, model: str | None, host: str, port: int, workers: int) -> None:
    """Serve the search and suggest pages until stopped with Ctrl-C."""
    from web.serving import open_searcher
    from web.serving import serve as serve_until_stopped

    # Opened here once, so that a missing index or model is said before any process starts.
    searcher = open_searcher(engine, model)
    n_tracks = searcher.engine.state().n_tracks
    searcher.engine.close()
    os.environ["TAGKIN_ENGINE"] = engine
    if model:
        os.environ["TAGKIN_MODEL"] = model
    click.echo(f"{n_tracks:,} tracks at http://{host}:{port} (stop with Ctrl-C)", err=True)
    try:
        serve_until_stopped(host, port, workers)
    except OSError as error:
        raise click.ClickException(
            f"cannot listen on {host}:{port}: {error}. Is another server running? Try --port."
        ) from error
