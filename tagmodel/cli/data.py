"""`tagkin data`: which data sets are there, and getting the official ones."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tagmodel.cli.options import data_dir_option
from tagmodel.datasets import DATA_SETS

if TYPE_CHECKING:
    from tagmodel.datasets.checking import SetReport
    from tagmodel.datasets.fetching import Progress

NAMES = click.argument("names", nargs=-1, type=click.Choice(sorted(DATA_SETS)))


@click.group()
def data() -> None:
    """Look after the data sets that models are trained on."""


@data.command()
@NAMES
@data_dir_option
@click.option("--strict", is_flag=True, help="Exit with 1 unless every data set is there and as published.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of a table.")
def check(names: tuple[str, ...], data_dir: Path, strict: bool, as_json: bool) -> None:
    """Say what is there, what is missing and where it comes from.

    Exits with 1 if nothing is there, or something that is there cannot be read.
    """
    from tagmodel.datasets.checking import check_data_set

    reports = [check_data_set(DATA_SETS[name], data_dir) for name in names or DATA_SETS]
    if as_json:
        click.echo(json.dumps([_report_to_json(report) for report in reports], indent=2))
    else:
        _print_reports(reports, data_dir)
    broken = any(report.present and report.problem for report in reports)
    faulty = strict and not all(report.faultless for report in reports)
    if broken or faulty or not any(report.present for report in reports):
        click.get_current_context().exit(1)


@data.command()
@NAMES
@data_dir_option
@click.option("--force", is_flag=True, help="Replace files that are there but not as published.")
def fetch(names: tuple[str, ...], data_dir: Path, force: bool) -> None:
    """Download the official metadata (MTAT, FMA); a download that broke off goes on where it stopped."""
    from tagmodel.datasets.fetching import DownloadFailed, fetch_files, fetchable_files, wanted_files

    for name in names or [name for name in DATA_SETS if fetchable_files(DATA_SETS[name])]:
        data_set = DATA_SETS[name]
        if not fetchable_files(data_set):
            raise click.ClickException(f"{data_set.title} cannot be downloaded directly; get it from {data_set.source}")
        wanted, kept = wanted_files(data_set, data_dir, force=force)
        for report in kept:
            hint = "" if report.state == "official" else ", not as published (--force replaces it)"
            click.echo(f"{report.path}: already there{hint}", err=True)
        try:
            with _progress_bars() as progress:
                for path in fetch_files(wanted, data_dir, progress):
                    click.echo(str(path))
        except DownloadFailed as error:
            raise click.ClickException(str(error)) from error


@contextmanager
def _progress_bars() -> Iterator[Callable[[str], Progress]]:
    """Show one bar an address on stderr; gives what fetching calls with each address."""
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn, TransferSpeedColumn

    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn())
    with Progress(*columns, TimeRemainingColumn(), console=Console(stderr=True)) as bars:

        def start(url: str) -> Callable[[int, int], None]:
            task = bars.add_task(url.rpartition("/")[2], total=None)
            return lambda done, total: bars.update(task, completed=done, total=total or None)

        yield start


def _report_to_json(report: SetReport) -> dict[str, Any]:
    data_set = report.data_set
    return {
        "name": data_set.name,
        "title": data_set.title,
        "licence": data_set.licence,
        "source": data_set.source,
        "problem": report.problem,
        "files": [
            {"path": found.file.path, "found": str(found.path or ""), "size": found.size, "state": str(found.state)}
            for found in report.files
        ],
    }


def _print_reports(reports: Sequence[SetReport], data_dir: Path) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table("Data set", "File", "Size", "State", "Licence", box=None, pad_edge=False)
    for report in reports:
        for row, found in enumerate(report.files):
            heading = (report.data_set.name, report.data_set.licence) if row == 0 else ("", "")
            size = f"{found.size / 1e6:,.1f} MB" if found.path else ""
            shown = str(found.path.relative_to(data_dir)) if found.path else found.file.path
            table.add_row(heading[0], shown, size, _STATES[found.state], heading[1])
    console = Console(width=None if Console().is_terminal else 160, highlight=False)
    console.print(table)
    console.print()
    for report in reports:
        if report.present and report.problem:
            console.print(f"{report.data_set.name} cannot be read: {report.problem}", markup=False, soft_wrap=True)
        fetching = (
            f"; tagkin data fetch {report.data_set.name}" if any(file.url for file in report.data_set.files) else ""
        )
        console.print(f"{report.data_set.name}: {report.data_set.source}{fetching}", markup=False, soft_wrap=True)
    if not any(report.present for report in reports):
        console.print(f"\nNothing is in {data_dir}. Another directory: --data-dir, TAGKIN_DATA.", markup=False)


_STATES = {
    "official": "official",
    "differs": "not the official file (a part of it can be read)",
    "unverified": "there, no checksum published",
    "unreadable": "cannot be read",
    "missing": "missing",
    "absent": "not there, not needed",
}
