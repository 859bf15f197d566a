"""What `tagkin index` is told about audio, and the ear that comes of it: opened only where there are files to hear."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple, TypeVar

import click

from audiomodel.cache import HearingCache, default_cache
from audiomodel.installed import INSTALL, missing_libraries, usable_cores
from audiomodel.remembering import RememberingEar
from audiomodel.tagger import TaggerMissing
from indexer.entries import SourceError
from indexer.heard_report import HeardReport
from indexer.listening import Listening

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


class Ears(NamedTuple):
    """Who tells which audio a file holds, and who listens; None where nobody can."""

    ear: RememberingEar | None = None
    listening: Listening | None = None


@contextmanager
def open_ears(options: HearingOptions, say: Callable[[str], None]) -> Iterator[Ears]:
    """Open what a run with audio files hears with.

    Raises
    ------
    SourceError
        If it was told to listen, and cannot.
    """
    with ExitStack() as stack:
        report = stack.enter_context(HeardReport(options.report, say))
        if (lacking := missing_libraries()) and _may_be_deaf(options, f"{', '.join(lacking)} missing: {INSTALL}", say):
            yield Ears(None, Listening(None, report))
            return
        cache = stack.enter_context(HearingCache(options.cache or default_cache(), say))
        jobs = options.jobs or usable_cores()
        ear = stack.enter_context(RememberingEar(cache, options.tagger, jobs))
        yield Ears(ear, Listening(ear if _can_hear(ear, options, say) else None, report))


def _can_hear(ear: RememberingEar, options: HearingOptions, say: Callable[[str], None]) -> bool:
    if options.hear is False:
        return False
    try:
        return bool(ear.tagger.tagger_id)
    except TaggerMissing as error:
        return not _may_be_deaf(options, str(error), say)


def _may_be_deaf(options: HearingOptions, why: str, say: Callable[[str], None]) -> bool:
    """Say that nothing is heard, and why; refuse it where it was asked for."""
    if options.hear:
        raise SourceError(f"--hear: audio files cannot be heard: {why}")
    say(f"audio files are known by their metadata only, nothing is heard: {why}")
    return True
