"""Options that several commands share: one name, one variable, one help text."""

from __future__ import annotations

from pathlib import Path

import click

model_option = click.option(
    "--model",
    "model_path",
    type=click.Path(path_type=Path),
    envvar="TAGKIN_MODEL",
    show_envvar=True,
    show_default="the shipped model",
    help="Directory of a trained tag model.",
)
data_dir_option = click.option(
    "--data-dir",
    envvar="TAGKIN_DATA",
    show_envvar=True,
    default="data",
    show_default=True,
    type=click.Path(path_type=Path, file_okay=False),
    help="Directory of the data sets' official files.",
)
# The tag model knows no index; the option stands here because every package above may use it.
engine_option = click.option(
    "--engine",
    envvar="TAGKIN_ENGINE",
    default="tagkin-index",
    show_default=True,
    show_envvar=True,
    help="Where the index is: a directory, or http(s)://host:port/name of Elasticsearch.",
)
