"""`tagkin generations`, `rollback`, `prune-generations`: what `tagkin index --rebuild` has made, and the way back."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

import click

from indexer.cli import exit_statuses
from indexer.entries import counted
from search.engine import IndexState
from search.generations import GenerationInfo, Generations, open_with_generations
from tagmodel.cli.options import engine_option

_UNITS = ("B", "kB", "MB", "GB", "TB")


@contextmanager
def _opened(address: str) -> Iterator[Generations]:
    with exit_statuses():
        engine, generations = open_with_generations(address)
        try:
            yield generations
        finally:
            engine.close()


def _say(text: str) -> None:
    click.echo(text, err=True)


@click.command("generations")
@engine_option
@click.option("--json", "as_json", is_flag=True, help="For programs.")
def generations_command(engine: str, as_json: bool) -> None:
    """List the generations of the index: which is searched, which is being built, which are kept.

    Exit status: 0 listed, 2 the engine keeps one only, 3 the index cannot be read.
    """
    with _opened(engine) as generations:
        found = generations.all()
    if as_json:
        from search.output import write_json

        write_json(found)
    else:
        _print(found)


def _print(found: list[GenerationInfo]) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in ("generation", "tracks", "size"):
        table.add_column(name, justify="right")
    for name in ("made (UTC)", "model", ""):
        table.add_column(name)
    for one in found:
        made = datetime.fromtimestamp(one.made, UTC).strftime("%Y-%m-%d %H:%M:%S")
        table.add_row(str(one.number), f"{one.n_tracks:,}", _size(one.size), made, one.model_id or "none", one.role)
    Console(highlight=False, markup=False).print(table)


def _size(n_bytes: int) -> str:
    value, unit = float(n_bytes), 0
    while value >= 1_000 and unit < len(_UNITS) - 1:
        value, unit = value / 1_000, unit + 1
    return f"{value:.0f} {_UNITS[unit]}" if value >= 100 or unit == 0 else f"{value:.1f} {_UNITS[unit]}"


@click.command("rollback")
@engine_option
@click.argument("number", type=click.IntRange(1), required=False)
def rollback_command(engine: str, number: int | None) -> None:
    """Have searches read another generation: NUMBER, or else the newest that is older than the one searched now.

    What was written since that one was last searched is not in it; it stays in the generation that is left.

    Exit status: 0 done, 2 there is no such generation, 3 the index cannot be written.
    """
    with _opened(engine) as generations:
        switched = generations.roll_back(number, _say)
    _say(f"generation {switched.number} is searched from now on: {_tracks(switched.state)}")
    if switched.missing:
        are = "is" if switched.missing == 1 else "are"
        _say(f"{counted(switched.missing, 'commit')} made since it was last searched {are} not in it")


@click.command("prune-generations")
@engine_option
@click.option(
    "--keep", type=click.IntRange(0), default=1, show_default=True, help="Generations to go back to that stay."
)
def prune_command(engine: str, keep: int) -> None:
    """Remove generations that are not searched, but for those searched last; and a rebuild that was broken off.

    Exit status: 0 done, 2 the engine keeps one only, 3 the index cannot be written, or one is being built just now.
    """
    with _opened(engine) as generations:
        gone = generations.prune(keep, _say)
    if gone:
        names = ", ".join(map(str, gone))
        _say(f"removed: {'generation' if len(gone) == 1 else 'generations'} {names}")
    else:
        _say("there is nothing to remove")


def _tracks(state: IndexState) -> str:
    return counted(state.n_tracks, "track")
