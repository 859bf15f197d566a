"""`tagkin write-tags`: accepted tags into audio files, shown first and written when that is confirmed."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import click

from audiomodel.metadata import BadAudio
from indexer.accepted_tags import AcceptedTags, read_accepted
from indexer.entries import SourceError, counted
from indexer.tag_writing import Change, WriteFailed, backup_place, plan_change, write_change
from tagmodel.cli.stopping import stop
from tagmodel.folding import fold_tag, split_tags

FAILED_STATUS = 1  # some files were not changed
USAGE_STATUS = 2


@click.command("write-tags")
@click.argument("file", required=False, type=click.Path(path_type=Path))
@click.argument("tags", nargs=-1)
@click.option(
    *("--from", "source"),
    type=click.Path(path_type=Path, allow_dash=True),
    help="Files with their tags: .jsonl, .json or .csv with the columns file and tags; - is JSON lines on stdin.",
)
@click.option("--dry-run", is_flag=True, help="Show what would change; write nothing.")
@click.option("--yes", is_flag=True, help="Write without asking.")
@click.option("--backup", type=click.Path(file_okay=False, path_type=Path), help="Folder for the files as they were.")
def write_tags_command(
    file: Path | None, tags: tuple[str, ...], source: Path | None, dry_run: bool, yes: bool, backup: Path | None
) -> None:
    """Write TAGS into the audio file FILE, or into many files at once; nothing else in them changes.

    What is to change is shown first. Tags that a file has already, in whatever field, are not written again.

    \b
    tagkin write-tags song.mp3 drone "slow, deep" --backup originals
    tagkin hear song.mp3 --json | tagkin write-tags --from - --dry-run

    Exit status: 0 done or nothing to do, 1 some files were not changed, 2 the command line or the list is wrong.
    """  # noqa: D301 - the backspace keeps click from wrapping the examples
    _check_options(file, tags, source)
    try:
        accepted = list(read_accepted(source)) if source is not None else [_typed(file, tags)]
    except SourceError as error:
        stop(str(error), USAGE_STATUS)
    changes, failed = _plan(accepted)
    if changes and not dry_run and not yes and (source == Path("-") or not sys.stdin.isatty()):
        raise click.UsageError("there is nobody to ask: say --yes to write, or --dry-run to look only")
    if changes and not dry_run and (yes or click.confirm("Write them?", err=True)):
        failed += _write(changes, backup)
    sys.exit(FAILED_STATUS if failed else 0)


def _check_options(file: Path | None, tags: tuple[str, ...], source: Path | None) -> None:
    if (file is None) == (source is None):
        raise click.UsageError("expected a FILE with TAGS, or --from LIST; for example: tagkin write-tags a.mp3 drone")
    if file is not None and not any(map(fold_tag, tags)):
        raise click.UsageError(f"expected tags to write into {file}, got none with a letter or a digit")


def _typed(file: Path | None, tags: Sequence[str]) -> AcceptedTags:
    assert file is not None  # checked with the options
    return AcceptedTags(file, tuple(tag for text in tags for tag in split_tags(text)))


def _plan(accepted: Sequence[AcceptedTags]) -> tuple[list[Change], int]:
    """Show what would change in each file; return that, and how many files cannot be changed."""
    changes, failed = [], 0
    wanted: dict[Path, list[str]] = {}
    for path, tags in accepted:
        wanted.setdefault(path, []).extend(tags)
    for path, all_tags in wanted.items():
        try:
            if not path.exists():
                raise BadAudio("there is no such file; is its path right?")
            change = plan_change(path, all_tags)
        except (BadAudio, OSError) as error:
            click.echo(f"{path}: {error}", err=True)
            failed += 1
            continue
        _show(change)
        changes += [change] if change.added else []
    n_tags = sum(len(change.added) for change in changes)
    click.echo(f"{counted(len(changes), 'file')} to change, {counted(n_tags, 'tag')} to add", err=True)
    return changes, failed


def _show(change: Change) -> None:
    click.echo(str(change.path))
    if change.added:
        click.echo(f"  + {change.field}: {'; '.join(change.added)}")
    if change.present:
        click.echo(f"  already there: {'; '.join(change.present)}")


def _write(changes: Sequence[Change], backup: Path | None) -> int:
    """Write all changes; return how many files were not changed."""
    failed = 0
    with _identifying() as identify:
        for change in changes:
            try:
                write_change(change, None if backup is None else backup_place(backup, change.path), identify)
            except WriteFailed as error:
                click.echo(f"{change.path}: not changed: {error}", err=True)
                failed += 1
    click.echo(f"{counted(len(changes) - failed, 'file')} changed", err=True)
    return failed


@contextmanager
def _identifying() -> Iterator[Callable[[Path], str]]:
    """Give what tells that the audio is the same afterwards, as far as that can be told here."""
    from audiomodel.confining import LIBRARY
    from audiomodel.installed import INSTALL, missing_libraries
    from audiomodel.problems import AudioProblem
    from audiomodel.remembering import identify_task
    from audiomodel.workers import Workers

    if missing_libraries():
        click.echo(f"that the audio stays the same cannot be checked here: {INSTALL}", err=True)
        yield lambda _path: ""
        return
    with Workers(identify_task, str, limits=LIBRARY) as workers:

        def identify(path: Path) -> str:
            try:
                return workers.run(path)
            except AudioProblem as problem:
                raise WriteFailed(problem.message) from problem

        yield identify
