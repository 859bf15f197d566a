"""The command `tagkin`: one table of names and the places that hold them.

A subcommand's module is imported when it is used, so that `tagkin --help` answers at once whatever is installed.
"""

from __future__ import annotations

import errno
import importlib
import os
import sys
from typing import Any, NamedTuple, NoReturn

import click

UNWRITABLE_STATUS = 3
# What writing to a full or failing stdout says; EPIPE is not here, as `tagkin export | head` is fine and click ends it.
_UNWRITABLE = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.EBADF})


class Place(NamedTuple):
    """Where a command is, and what it does in a few words for the list of commands."""

    module: str
    name: str
    help: str


COMMANDS = {
    "search": Place("search.cli", "search", "Find tracks by tags and their kin."),
    "suggest": Place("indexer.cli_suggest", "suggest", "Suggest the tags that a track's tags lack."),
    "similar": Place("indexer.cli_similar", "similar", "Find the tracks most like a song, a track or a file."),
    "stats": Place("search.cli", "stats", "Tell what is in the index."),
    "hear": Place("audiomodel.cli", "hear", "Hear what audio files sound like."),
    "index": Place("indexer.cli", "index_command", "Read catalogues into the index."),
    "export": Place("indexer.cli", "export_command", "Give everything in the index back."),
    "write-tags": Place("indexer.cli_write_tags", "write_tags_command", "Write accepted tags into audio files."),
    "generations": Place("indexer.cli_generations", "generations_command", "List the generations of the index."),
    "rollback": Place("indexer.cli_generations", "rollback_command", "Search an older generation again."),
    "prune-generations": Place("indexer.cli_generations", "prune_command", "Remove generations nobody searches."),
    "serve": Place("web.cli", "serve", "Serve the pages."),
    "kin": Place("tagmodel.cli.tags", "kin", "Show the kin of a tag."),
    "path": Place("tagmodel.cli.tags", "path", "Show the way from one tag to another."),
    "graph": Place("tagmodel.cli.tags", "graph", "Write the graph of related tags as picture or data."),
    "data": Place("tagmodel.cli.data", "data", "Check and fetch the data sets."),
}
TRAIN = {
    "tags": Place("tagmodel.cli.train", "tags", "Train the tag model."),
    "audio": Place("audiomodel.cli_train", "audio", "Train a tagger, which hears tags in recordings."),
}
EVALUATE = {
    "suggest": Place("tagmodel.cli.evaluate", "suggest", "Measure suggestions of forgotten tags."),
    "search": Place("search.cli_evaluate", "search", "Measure search for tags that nobody typed."),
    "audio": Place("audiomodel.cli_evaluate", "audio", "Measure what is heard in audio."),
}


class LazyGroup(click.Group):
    """A group whose commands are imported when they are used.

    Parameters
    ----------
    places
        Where each command is, by its name.
    """

    def __init__(self, *args: object, places: dict[str, Place] | None = None, **attrs: object) -> None:
        super().__init__(*args, **attrs)  # type: ignore[arg-type] # click's own arguments, passed through
        self.places = places or {}

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return all names, in the table's order."""
        return [*self.places, *super().list_commands(ctx)]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import a command; None for a name that is not in the table."""
        if cmd_name not in self.places:
            return super().get_command(ctx, cmd_name)
        place = self.places[cmd_name]
        command = getattr(importlib.import_module(place.module), place.name)
        if not isinstance(command, click.Command):
            raise TypeError(f"{place.module}.{place.name} is no command")
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002 - click's
        """List the commands from the table, importing none of them."""
        rows = [(name, place.help) for name, place in self.places.items()]
        rows += [(name, command.get_short_help_str()) for name, command in self.commands.items()]
        with formatter.section("Commands"):
            formatter.write_dl(rows)


class RootGroup(LazyGroup):
    """The whole command, which ends with one line and a status when its output cannot be written."""

    def main(self, *args: Any, **extra: Any) -> Any:
        """Run as click does, and write out all of stdout before the status is decided."""
        try:
            try:
                return super().main(*args, **extra)
            finally:
                if sys.stdout is not None:  # it is where the caller closed it
                    sys.stdout.flush()
        except OSError as error:
            if error.errno not in _UNWRITABLE or error.filename is not None:
                raise
            _stop_unwritable(error)


def _stop_unwritable(error: OSError) -> NoReturn:
    # A command that ended with this status has said why.
    ending = error.__context__
    if not (isinstance(ending, SystemExit) and ending.code == UNWRITABLE_STATUS):
        click.echo(f"tagkin: the output cannot be written ({error.strerror})", err=True)
    # What is still buffered goes nowhere, or Python would fail once more when it ends.
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    sys.exit(UNWRITABLE_STATUS)


@click.group(cls=RootGroup, places=COMMANDS)
@click.version_option(package_name="tagkin")
def main() -> None:
    """Find music by the kin of its tags."""


@main.group(cls=LazyGroup, places=EVALUATE)
def evaluate() -> None:
    """Measure suggestion, search and hearing."""


@main.group(cls=LazyGroup, places=TRAIN)
def train() -> None:
    """Train models."""


if __name__ == "__main__":
    main()
