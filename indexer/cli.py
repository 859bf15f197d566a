"""`tagkin index` and `tagkin export`: options, messages and exit statuses; all work is done by the library."""

from __future__ import annotations

import errno
import io
import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import click

from audiomodel.worker import WorkerFailed
from indexer.catalogues import SourceOptions
from indexer.entries import SourceError
from indexer.export import export_csv, export_jsonl
from indexer.hearing_options import HearingOptions, hearing_options
from indexer.invented import invented_tracks
from indexer.jobs import IndexJob, run_index
from indexer.loading import BATCH_SIZE, PATIENCE, LoadOptions
from indexer.mapping import MappingError, load_mapping, parse_map_options
from indexer.progress import open_progress
from search.engine import SearchEngine, SearchUnavailable
from search.engines import open_engine
from search.generations import GenerationRefused, NoGenerations
from tagmodel.cli.options import data_dir_option, engine_option, model_option
from tagmodel.cli.stopping import stop
from tagmodel.cli.written import open_output
from tagmodel.model import ModelMissing, TagModel, load_model

REJECTS_STATUS = 1  # some rows were not indexed
# A source cannot be read, or an option or a model is wrong: nothing was written, unless a source breaks off on the way,
# as a pipe may; batches before that point stay.
USAGE_STATUS = 2
ENGINE_STATUS = 3  # the index, or a file, cannot be read or written; what was acknowledged stays
INTERRUPTED_STATUS = 130

_FILE = click.Path(dir_okay=False, path_type=Path)


@contextmanager
def exit_statuses() -> Iterator[None]:
    """Turn the named exceptions of the library into a message on stderr and an exit status.

    Who is told to end, as by `docker stop`, ends like one who is interrupted: the index is released.
    """
    try:
        with _ended_like_interrupted():
            yield
    except (SourceError, MappingError, ModelMissing, WorkerFailed, NoGenerations, GenerationRefused) as error:
        stop(str(error), USAGE_STATUS)
    except SearchUnavailable as error:
        stop(str(error), ENGINE_STATUS)
    except OSError as error:
        if error.errno == errno.EPIPE:  # `tagkin export | head`: click knows what to do
            raise
        where = f"{error.filename}:" if error.filename else "the output"
        stop(f"{where} cannot be written ({error.strerror})", ENGINE_STATUS)
    except KeyboardInterrupt:
        stop("stopped; what was committed stays, and the same command goes on from there", INTERRUPTED_STATUS)


@contextmanager
def _ended_like_interrupted() -> Iterator[None]:
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


@click.command("index")
@click.argument("sources", nargs=-1, metavar="[SOURCE]...")
@engine_option
@model_option
@data_dir_option
@click.option("--map", "maps", multiple=True, metavar="FIELD=COLUMN", help="Column of a field; tags=A+B for several.")
@click.option("--tag-separator", metavar="CHARS", help=r"Each character parts tags.  [default: , ; | tab line end]")
@click.option("--mapping", "mapping_file", type=_FILE, help="Columns as saved earlier; nothing is guessed.")
@click.option("--save-mapping", type=_FILE, help="Save the columns for the next delivery.")
@click.option("--format", "file_format", type=click.Choice(["csv", "tsv", "jsonl", "parquet"]), help="Of the file.")
@click.option("--encoding", help="Of the text.  [default: UTF-8, or what the byte order mark says]")
@click.option("--source-name", default="", help="Name of the catalogue in ids.  [default: the file's]")
@click.option("--dry-run", is_flag=True, help="Read, map and count; write nothing.")
@click.option("--prune", is_flag=True, help="Remove tracks that the source no longer has.")
@click.option("--restart", is_flag=True, help="Do not go on where an interrupted run stopped.")
@click.option("--reexpand", is_flag=True, help="Make implied tags of the whole index anew with this model.")
@click.option(
    "--rebuild",
    is_flag=True,
    help="Fill another generation beside the one that is searched, from SOURCEs or else from the index itself; "
    "check it, then have it take that one's place.",
)
@click.option(
    "--reach/--no-reach",
    default=None,
    help="Search once for each tag and pair of tags, to tell what a tag more would bring; also without a SOURCE.  "
    "[default: after a SOURCE]",
)
@click.option("--rejects", type=_FILE, help="Write bad rows to this .jsonl or .csv file.")
@click.option(
    "--batch-size", type=click.IntRange(1, 100_000), default=BATCH_SIZE, show_default=True, help="Rows a commit."
)
@click.option(
    "--patience",
    type=click.FloatRange(0),
    default=PATIENCE,
    show_default=True,
    help="Seconds to keep trying while the server of the index is away.",
)
@hearing_options
def index_command(sources: tuple[str, ...], **options: Any) -> None:
    """Bring catalogues into the index.

    SOURCE is a file (.csv, .tsv, .jsonl, .parquet; also .gz, .xz), a folder of audio files, - for JSON lines on stdin,
    a data set (mtat, fma, jamendo, ...), or "invented" for 5,000 made-up tracks.

    Exit status: 0 all rows indexed, 1 some rejected, 2 a source, option or model is wrong (nothing was written, unless
    a source broke off on the way: what came before stays), 3 the index or a file cannot be written, 130 interrupted.
    """
    _check_options(sources, options)
    with exit_statuses():
        rejected = _index(sources, options)
    sys.exit(REJECTS_STATUS if rejected else 0)


def _check_options(sources: tuple[str, ...], options: dict[str, Any]) -> None:
    """Refuse options that do not go together."""
    if not sources and not any(options[name] for name in ("reexpand", "reach", "rebuild")):
        raise click.UsageError("expected a SOURCE, got none; for example: tagkin index songs.csv")
    _check_suffix("--rejects", options["rejects"])
    _check_suffix("--heard-report", options["heard_report"])
    _check_written(sources, options)
    for needless, why in (("reexpand", "expands all anew"), ("prune", "starts with nothing")):
        if options["rebuild"] and options[needless]:
            raise click.UsageError(f"--{needless}: a --rebuild {why} anyway")
    for writing in ("reexpand", "reach", "rebuild"):
        if options[writing] and options["dry_run"]:
            raise click.UsageError(f"--{writing} writes, --dry-run does not: say one of them")
    if options["source_name"] and len(sources) > 1:
        raise click.UsageError("--source-name: expected one SOURCE with it, as it is part of the tracks' ids")


def _check_suffix(option: str, path: Path | None) -> None:
    if path is not None and path.suffix.lower() not in {".jsonl", ".csv"}:
        raise click.UsageError(f"{option} {path}: expected a name that ends in .jsonl or .csv")


def _check_written(sources: tuple[str, ...], options: dict[str, Any]) -> None:
    """Refuse to write over what is read, or to one file twice."""
    taken = {os.path.realpath(source): "a SOURCE" for source in sources if Path(source).is_file()}
    for name in ("save_mapping", "rejects", "heard_report"):
        option, path = f"--{name.replace('_', '-')}", options[name]
        if path is None:
            continue
        if (other := taken.setdefault(os.path.realpath(path), option)) != option:
            raise click.UsageError(f"{option} {path}: expected a file of its own to write to, this is {other} as well")


def _index(sources: tuple[str, ...], options: dict[str, Any]) -> int:
    """Make a job of the options and do it; return the number of rejected rows."""
    model = load_model(options["model_path"])

    job = IndexJob(
        sources=sources,
        engine=options["engine"],
        model=model,
        source_options=_source_options(options, model),
        load_options=LoadOptions(*(options[name] for name in ("batch_size", "prune", "restart", "patience"))),
        save_mapping=options["save_mapping"],
        rejects=options["rejects"],
        dry_run=options["dry_run"],
        reexpand=options["reexpand"],
        reach=options["reach"] is not False,
        rebuild=options["rebuild"],
        hearing=HearingOptions(*map(options.get, ("hear", "tagger", "hearing_cache", "jobs", "heard_report"))),
    )
    with open_progress() as progress:
        return run_index(job, progress)


def _source_options(options: dict[str, Any], model: TagModel) -> SourceOptions:
    separators = options["tag_separator"]
    return SourceOptions(
        data_dir=options["data_dir"],
        name=options["source_name"],
        file_format=options["file_format"] or "",
        encoding=options["encoding"],
        mapping=load_mapping(options["mapping_file"]) if options["mapping_file"] else None,
        columns=parse_map_options(options["maps"]),
        separators=separators.replace(r"\t", "\t").replace(r"\n", "\n") if separators else None,
        invented=lambda: invented_tracks(model),
        audio=options["audio"],
        audio_root=options["audio_root"],
    )


@click.command("export")
@engine_option
@click.option(
    *("--format", "file_format"),
    type=click.Choice(["jsonl", "csv"]),
    default="jsonl",
    show_default=True,
    help="JSON lines, or CSV with tags parted by semicolons.",
)
@click.option("-o", "--output", default="-", show_default=True, help="File, or - for stdout.")
@click.option("--with-implied", is_flag=True, help="Also write the tags that the model added, with their weights.")
def export_command(engine: str, file_format: str, output: str, with_implied: bool) -> None:
    """Write every track of the index, its tags as they were typed; `tagkin index` reads it back to the same.

    Exit status: 0 done, 3 the index cannot be read or the output not be written.
    """
    with exit_statuses():
        index = open_engine(engine)
        try:
            with open_output(output) as stream:
                _export(index, file_format, stream, with_implied)
        finally:
            index.close()


def _export(index: SearchEngine, file_format: str, stream: IO[bytes], with_implied: bool) -> None:
    spelling = index.tag_spelling if with_implied else None
    if file_format == "jsonl":
        stream.writelines(export_jsonl(index.all_documents(), spelling))
        return
    text = io.TextIOWrapper(stream, encoding="utf-8", newline="")
    export_csv(index.all_documents(), text, spelling)
    text.flush()
    text.detach()
