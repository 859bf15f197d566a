"""Run a server for trial, in the foreground or while a command runs: `python -m tests.servers [COMMAND]...`."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import click

from tests.servers.releases import NEWEST, RELEASES, NoServer, ServerFailed
from tests.servers.starting import start_server

LOOK_SECONDS = 1


@click.command(context_settings={"show_default": True, "ignore_unknown_options": True})
@click.argument("command", nargs=-1, type=click.UNPROCESSED)
@click.option("--version", type=click.Choice(list(RELEASES)), default=NEWEST, help="The version of Elasticsearch.")
@click.option("--port", type=click.IntRange(0, 65535), default=9200, help="The port to answer at; 0: a free one.")
@click.option(
    "--data",
    type=click.Path(file_okay=False, path_type=Path),
    help="A directory for its data, which are kept; without one they go with the server.",
)
@click.option("--heap", default="1g", help="Memory for Java, as 700m or 2g; the server takes about as much again.")
def main(command: tuple[str, ...], version: str, port: int, data: Path | None, heap: str) -> None:
    """Run an Elasticsearch server for trial until Ctrl-C, or while COMMAND runs, which finds it in TAGKIN_ENGINE.

    It has no passwords, and listens to this machine alone.
    """
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    if data is not None:
        data = data.resolve()
        data.mkdir(parents=True, exist_ok=True)
    click.echo(f"Starting Elasticsearch {version}; the first time, it is fetched", err=True)
    try:
        with start_server(version, heap=heap, port=port, data=data) as server:
            click.echo(f"Elasticsearch {server.version} answers at {server.url}; its log is {server.log}")
            click.echo(f"Data are kept in {data}" if data else "Data go with the server; --data keeps them")
            if command:
                sys.stdout.flush()
                environment = {**os.environ, "TAGKIN_ENGINE": server.url}
                sys.exit(subprocess.run(command, env=environment, check=False).returncode)
            click.echo(f"Use it:  export TAGKIN_ENGINE={server.url}")
            click.echo("Ctrl-C stops it")
            sys.stdout.flush()
            while server.is_running:
                time.sleep(LOOK_SECONDS)
    except KeyboardInterrupt:
        click.echo("Stopped", err=True)
    except (NoServer, ServerFailed) as failed:
        raise click.ClickException(str(failed)) from failed


if __name__ == "__main__":
    main()
