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
