"""`tagkin serve`: the pages and the API, for browsers and programs."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from tagmodel.cli.options import engine_option, model_option
from tagmodel.cli.stopping import stop

SETTINGS_STATUS = 2  # no such model, a setting is wrong, or the address cannot be listened on
ENGINE_STATUS = 3  # the index cannot be read


def _setting(name: str, variable: str, **given: Any) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Declare an option that can stand in the environment as well."""
    return click.option(name, envvar=variable, show_envvar=True, show_default="default" in given, **given)


@click.command()
@engine_option
@model_option
@_setting(
    "--host",
    "TAGKIN_HOST",
    default="127.0.0.1",
    help="Address to listen on.",
)
@_setting(
    "--port",
    "TAGKIN_PORT",
    default=8000,
    type=click.IntRange(1, 65535),
    help="Port to listen on.",
)
@_setting(
    "--workers",
    "TAGKIN_WORKERS",
    default=2,
    type=click.IntRange(1, 64),
    help="Server processes; as many as cores.",
)
@_setting(
    "--threads",
    "TAGKIN_THREADS",
    default=2,
    type=click.IntRange(1, 32),
    help="Requests that each worker works on at once.",
)
@_setting(
    "--origins",
    "TAGKIN_ORIGINS",
    help="Origins, separated by spaces, whose scripts may read the API; * is any.  [default: none]",
)
@_setting(
    "--rate",
    "TAGKIN_RATE",
    help="Requests that one client address may make, e.g. 600/minute.  [default: any number]",
)
@_setting(
    "--rate-storage",
    "TAGKIN_RATE_STORAGE",
    default="memory://",
    help="Where they are counted: in each worker by itself, or in redis://HOST for all together.",
)
@_setting(
    "--tokens-file",
    "TAGKIN_TOKENS_FILE",
    type=click.Path(dir_okay=False, path_type=Path),
    help="File of tokens, one a line, with which programs may write.  [default: none may]",
)
@_setting(
    "--access-log",
    "TAGKIN_ACCESS_LOG",
    help="File for a line of JSON about each request; - is standard error.  [default: none]",
)
@_setting(
    "--log-searches/--no-log-searches",
    "TAGKIN_LOG_SEARCHES",
    default=True,
    help="Whether these lines say what was searched for and by whom.",
)
@_setting(
    "--proxies",
    "TAGKIN_PROXIES",
    default=0,
    type=click.IntRange(0, 8),
    help="Reverse proxies in front, to be believed about clients' addresses and TLS.",
)
@_setting(
    "--hsts",
    "TAGKIN_HSTS",
    default=0,
    type=click.IntRange(min=0),
    help="Seconds for which browsers are told, over TLS, to use nothing else.",
)
@_setting(
    "--tls",
    "TAGKIN_TLS",
    nargs=2,
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="CERT KEY",
    help="Serve over TLS with a certificate and its key, two PEM files.  [default: plain HTTP]",
)
@_setting(
    "--audio-root",
    "TAGKIN_AUDIO_ROOT",
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder of the recordings that may be played.  [default: none may]",
)
@_setting(
    "--previews",
    "TAGKIN_PREVIEWS",
    help="Origins, separated by spaces, whose recordings the pages may play.  [default: none]",
)
@_setting(
    "--tagger",
    "TAGKIN_TAGGER",
    type=click.Path(file_okay=False, path_type=Path),
    help="Directory of the tagger that hears recordings.  [default: the shipped one]",
)
def serve(engine: str, model_path: Path | None, host: str, port: int, workers: int, threads: int, **_: object) -> None:
    """Serve the pages and the API until stopped with Ctrl-C."""
    from search.engine import SearchUnavailable
    from tagmodel.model import BadModel, ModelMissing
    from web.serving import check_settings, check_tls, count_tracks, environment, serve_pages
    from web.settings import SettingsError, read_settings

    values = _values(click.get_current_context())
    try:
        # All is tried here once, so that what is missing or wrong is said before any process starts.
        check_settings(read_settings({**environment(), **values}))
        scheme = "https" if check_tls(values) else "http"
        n_tracks = count_tracks(engine, None if model_path is None else str(model_path))
        click.echo(f"{n_tracks:,} tracks at {scheme}://{host}:{port} (stop with Ctrl-C)", err=True)
        serve_pages(host, port, workers, threads, values)
    except SearchUnavailable as error:
        stop(str(error), ENGINE_STATUS)
    except (ModelMissing, BadModel, SettingsError) as error:
        stop(str(error), SETTINGS_STATUS)
    except OSError as error:
        stop(f"cannot listen on {host}:{port}: {error}. Is another server running? Try --port.", SETTINGS_STATUS)


def _values(context: click.Context) -> dict[str, str]:
    """Return the values of all options under the names that they have in the environment, without the prefix."""
    from web.settings import PREFIX

    values = {option.envvar: context.params[option.name or ""] for option in context.command.params}
    return {
        name.removeprefix(f"{PREFIX}_"): _text(value)
        for name, value in values.items()
        if isinstance(name, str) and value is not None
    }


def _text(value: object) -> str:
    """Write a value as its variable has it: several paths as a search path of the system is written."""
    if isinstance(value, tuple):
        return os.pathsep.join(map(str, value))
    return str(int(value)) if isinstance(value, bool) else str(value)
