"""The ear of a run: opened only where there are files to hear, by what the command was told."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import NamedTuple

from audiomodel.cache import HearingCache, default_cache
from audiomodel.installed import INSTALL, missing_libraries, usable_cores
from audiomodel.remembering import RememberingEar
from audiomodel.tagger import TaggerMissing
from indexer.entries import SourceError
from indexer.heard_report import HeardReport
from indexer.hearing_options import HearingOptions
from indexer.listening import Listening


class Ears(NamedTuple):
    """Who tells which audio a file holds, and who listens; None where nobody can.

    Parameters
    ----------
    tagger_id
        Of who listens; ``""`` where nobody does.
    """

    ear: RememberingEar | None = None
    listening: Listening | None = None
    tagger_id: str = ""


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
        tagger_id = _who_hears(ear, options, say)
        yield Ears(ear, Listening(ear if tagger_id else None, report), tagger_id)


def _who_hears(ear: RememberingEar, options: HearingOptions, say: Callable[[str], None]) -> str:
    """Return the id of the tagger, ``""`` where nobody listens."""
    if options.hear is False:
        return ""
    try:
        return ear.tagger.tagger_id
    except TaggerMissing as error:
        _may_be_deaf(options, str(error), say)
        return ""


def _may_be_deaf(options: HearingOptions, why: str, say: Callable[[str], None]) -> bool:
    """Say that nothing is heard, and why; refuse it where it was asked for."""
    if options.hear:
        raise SourceError(f"--hear: audio files cannot be heard: {why}")
    say(f"audio files are known by their metadata only, nothing is heard: {why}")
    return True
