"""What commands are told about audio: options only, so that their help needs no audio library."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import click

_Command = TypeVar("_Command", bound=Callable[..., object])

_FILE = click.Path(dir_okay=False, path_type=Path)
_FOLDER = click.Path(file_okay=False, path_type=Path)

tagger_option = click.option(
    "--tagger",
    type=_FOLDER,
    envvar="TAGKIN_TAGGER",
    show_envvar=True,
    show_default="the shipped one",
    help="Directory of a tagger, which hears tags.",
)
cache_option = click.option(
    "--hearing-cache",
    type=_FILE,
    envvar="TAGKIN_HEARING_CACHE",
    show_envvar=True,
    show_default="in your cache directory",
    help="File that remembers what was heard.",
)
jobs_option = click.option(
    "--jobs",
    type=click.IntRange(1, 1024),
    show_default="one a core",
    help="Audio files to read at once, each in a process of its own.",
)


@dataclass(frozen=True)
class HearingOptions:
    """How audio files are to be heard.

    Parameters
    ----------
    hear
        None listens where it can be done.
    cache
        None is where caches of the user lie.
    jobs
        Processes; None is one a core.
    report
        File for what could not be heard and the like.
    """

    hear: bool | None = None
    tagger: Path | None = None
    cache: Path | None = None
    jobs: int | None = None
    report: Path | None = None


def hearing_options(command: _Command) -> _Command:
    """Add the options that `HearingOptions` is made of, and those that say where audio files are."""
    for option in (
        jobs_option,
        tagger_option,
        cache_option,
        click.option("--heard-report", type=_FILE, help="Write what was not heard, and why, to a .jsonl or .csv file."),
        click.option(
            "--hear/--no-hear",
            default=None,
            help="Listen to audio files: tags, sound, tempo, key.  [default: where tagkin[audio] is installed]",
        ),
        click.option(
            "--audio-root",
            type=_FOLDER,
            envvar="TAGKIN_AUDIO_ROOT",
            show_envvar=True,
            show_default="the folder itself",
            help="Folder that audio files are played from; they lie below it.",
        ),
        click.option("--audio", type=_FOLDER, help="Folder with the audio files of the SOURCE's tracks."),
    ):
        command = option(command)
    return command
