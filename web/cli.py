"""`tagkin serve`: the pages and the API, for browsers and programs."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from tagmodel.cli.options import engine_option, model_option

SETTINGS_STATUS = 2  # no such model, a setting is wrong, or the address cannot be listened on
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
    help="Server processes; as many as cores.",
)
@click.option(
    "--threads",
    envvar="TAGKIN_THREADS",
    default=2,
    show_default=True,
    show_envvar=True,
    type=click.IntRange(1, 32),
    help="Requests that each worker works on at once.",
)
@click.option(
    "--origins",
    envvar="TAGKIN_ORIGINS",
    show_envvar=True,
    help="Origins, separated by spaces, whose scripts may read the API; * is any.  [default: none]",
)
@click.option(
    "--rate",
    envvar="TAGKIN_RATE",
    show_envvar=True,
    help="Requests that one client address may make, e.g. 600/minute.  [default: any number]",
)
@click.option(
    "--rate-storage",
    envvar="TAGKIN_RATE_STORAGE",
    default="memory://",
    show_default=True,
    show_envvar=True,
    help="Where they are counted: in each worker by itself, or in redis://HOST for all together.",
)
@click.option(
    "--tokens-file",
    envvar="TAGKIN_TOKENS_FILE",
    show_envvar=True,
    type=click.Path(dir_okay=False, path_type=Path),
    help="File of tokens, one a line, with which programs may write.  [default: none may]",
)
@click.option(
    "--access-log",
    envvar="TAGKIN_ACCESS_LOG",
    show_envvar=True,
    help="File for a line of JSON about each request; - is standard error.  [default: none]",
)
@click.option(
    "--log-searches/--no-log-searches",
    envvar="TAGKIN_LOG_SEARCHES",
    default=True,
    show_default=True,
    show_envvar=True,
    help="Whether these lines say what was searched for and by whom.",
)
@click.option(
    "--proxies",
    envvar="TAGKIN_PROXIES",
    default=0,
    show_default=True,
    show_envvar=True,
    type=click.IntRange(0, 8),
    help="Reverse proxies in front, to be believed about clients' addresses and TLS.",
)
@click.option(
    "--hsts",
    envvar="TAGKIN_HSTS",
    default=0,
    show_default=True,
    show_envvar=True,
    type=click.IntRange(min=0),
    help="Seconds for which browsers are told, over TLS, to use nothing else.",
)
def serve(engine: str, model_path: Path | None, host: str, port: int, workers: int, threads: int, **_: object) -> None:
    """Serve the pages and the API until stopped with Ctrl-C."""
    from search.engine import SearchUnavailable
    from tagmodel.model import BadModel, ModelMissing
    from web.serving import check_settings, count_tracks, environment, serve_pages
    from web.settings import SettingsError, read_settings

    values = _values(click.get_current_context())
    try:
        # All is tried here once, so that what is missing or wrong is said before any process starts.
        check_settings(read_settings({**environment(), **values}))
        n_tracks = count_tracks(engine, None if model_path is None else str(model_path))
        click.echo(f"{n_tracks:,} tracks at http://{host}:{port} (stop with Ctrl-C)", err=True)
        serve_pages(host, port, workers, threads, values)
    except SearchUnavailable as error:
        _exit(str(error), ENGINE_STATUS)
    except (ModelMissing, BadModel, SettingsError) as error:
        _exit(str(error), SETTINGS_STATUS)
    except OSError as error:
        _exit(f"cannot listen on {host}:{port}: {error}. Is another server running? Try --port.", SETTINGS_STATUS)


def _values(context: click.Context) -> dict[str, str]:
    """Return the values of all options under the names that they have in the environment, without the prefix."""
    from web.settings import PREFIX

    values = {option.envvar: context.params[option.name or ""] for option in context.command.params}
    return {
        name.removeprefix(f"{PREFIX}_"): str(int(value)) if isinstance(value, bool) else str(value)
        for name, value in values.items()
        if isinstance(name, str) and value is not None
    }


def _exit(message: str, status: int) -> None:
    click.echo(f"tagkin: {message}", err=True)
    sys.exit(status)
