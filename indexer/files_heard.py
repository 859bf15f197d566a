"""Files that somebody names on a command line, heard: all of one command together, each once and remembered."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from audiomodel.hearing import Hearing
from audiomodel.problems import AudioProblem
from audiomodel.worker import WorkerFailed
from indexer.ears import open_ears
from indexer.entries import SourceError
from indexer.hearing_options import HearingOptions

if TYPE_CHECKING:
    from audiomodel.tagger import TaggerCard


class NotHeard(Exception):
    """A file cannot be heard; the message says which, and why."""


@dataclass(frozen=True)
class FileEar:
    """Hears files for a command, as its options say.

    Parameters
    ----------
    say
        Takes a line of text for the user.
    """

    options: HearingOptions
    say: Callable[[str], None]

    @classmethod
    def of_command(cls, given: Mapping[str, Any]) -> FileEar:
        """Return who listens for a command with the options of `indexer.hearing_options`."""
        options = HearingOptions(True, given["tagger"], given["hearing_cache"], given["jobs"])
        return cls(options, lambda text: click.echo(text, err=True))

    def hear(self, paths: Sequence[Path]) -> tuple[TaggerCard, dict[Path, Hearing]]:
        """Return who listened, and what was heard in each file.

        Raises
        ------
        NotHeard
            If one of them cannot be heard, or nothing can be heard here.
        """
        try:
            with open_ears(self.options, self.say) as ears:
                if ears.ear is None:
                    raise NotHeard("files of sound cannot be heard here")
                return ears.ear.tagger.card, {path: _heard(path, what) for path, what in ears.ear.hear_all(paths)}
        except SourceError as error:
            raise NotHeard(str(error).removeprefix("--hear: ")) from None
        except WorkerFailed as error:
            raise NotHeard(str(error)) from None


def _heard(path: Path, what: Hearing | AudioProblem) -> Hearing:
    if isinstance(what, AudioProblem):
        shown = str(path).encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
        raise NotHeard(f"{shown} cannot be heard ({what.reason.value}): {what.message}")
    return what
