"""One `tagkin index` from its options to its summary: sources first, then the model, then the index.

Everything that can be wrong with the sources is found before the index is opened, so a slip on the command line
leaves nothing behind.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from indexer.audio_folder import AudioFolder
from indexer.catalogues import SourceOptions, TableCatalogue, has_audio, open_catalogue
from indexer.ears import open_ears
from indexer.entries import Catalogue, counted
from indexer.hearing_options import HearingOptions
from indexer.listening import Listening
from indexer.loading import LoadOptions, Progress, Written, load_catalogue
from indexer.mapping import FIELDS, MappingError, save_mapping
from indexer.reading import LoadSummary, survey_catalogue
from indexer.rebuilding import RebuildRun
from indexer.reexpansion import reexpand_index
from indexer.rejects import Rejects
from search.engine import IndexState, IndexWriter, SearchEngine, SearchUnavailable, without_passwords
from search.engines import open_engine
from search.enrichment import Enricher
from search.generations import RebuildOrder, open_with_generations
from search.reach_computing import update_reach
from search.writing import wait_for_writer
from tagmodel.model import TagModel


@dataclass(frozen=True)
class IndexJob:
    """What `tagkin index` was asked to do.

    Parameters
    ----------
    engine
        Address of the index; a `dry_run` opens it only to say what would be pruned.
    reexpand
        Expand the whole index anew after the sources.
    reach
        Compute at the end which searches show which tracks, unless nothing has changed since the last time.
    hearing
        How audio files are heard; None leaves them alone, and they are known by their paths.
    listening
        Who hears them in this run, which opens it.
    rebuild
        Build another generation, from the sources or else from the index itself, and have it take its place.
    """

    sources: Sequence[str]
    engine: str
    model: TagModel
    source_options: SourceOptions = field(default_factory=SourceOptions)
    load_options: LoadOptions = field(default_factory=LoadOptions)
    save_mapping: Path | None = None
    rejects: Path | None = None
    dry_run: bool = False
    reexpand: bool = False
    reach: bool = True
    rebuild: bool = False
    hearing: HearingOptions | None = None
    listening: Listening | None = None


def run_index(job: IndexJob, progress: Progress) -> int:
    """Do an index job; return the number of rejected rows.

    Raises
    ------
    SourceError, MappingError
        If a source cannot be read; nothing was written, or only whole batches when it breaks on the way.
    SearchUnavailable
        If the index cannot be written.
    """
    if job.hearing is None or not has_audio(job.sources, job.source_options):
        return _run(job, progress)
    with open_ears(job.hearing, progress.say) as ears:
        options = replace(job.source_options, ear=ears.ear, listening=ears.listening)
        load_options = replace(job.load_options, tagger_id=ears.tagger_id)
        heard = replace(job, source_options=options, load_options=load_options, listening=ears.listening)
        return _run(heard, progress)


def _run(job: IndexJob, progress: Progress) -> int:
    catalogues = [open_catalogue(source, job.source_options) for source in job.sources]
    _check_names(catalogues)
    _check_columns_wanted(job, catalogues)
    _check_audio_wanted(job, catalogues)
    for catalogue in catalogues:
        if isinstance(catalogue, TableCatalogue):
            show_mapping(catalogue, progress)
    if job.save_mapping is not None:
        save_mapping(_only_table(catalogues).mapping, job.save_mapping)
    enricher = Enricher(job.model)
    with Rejects(job.rejects, progress.say) as rejects:
        if job.rebuild:
            _rebuild(job, catalogues, enricher, rejects, progress)
        elif job.dry_run:
            _survey(job, catalogues, enricher, rejects, progress)
        else:
            _write(job, catalogues, enricher, rejects, progress)
        say_unknown_tags(len(enricher.unknown), progress)
        return rejects.count


def _check_names(catalogues: Sequence[Catalogue]) -> None:
    """Two sources of one name would prune each other's tracks and share one checkpoint."""
    names = [catalogue.name for catalogue in catalogues]
    for name in names:
        if names.count(name) > 1:
            raise MappingError(f"two sources are named {name!r}; index them one by one, each with its --source-name")


def _check_columns_wanted(job: IndexJob, catalogues: Sequence[Catalogue]) -> None:
    """Refuse words about columns that no source has: they must not be lost silently."""
    options = job.source_options
    said = options.columns or options.mapping is not None or options.separators is not None
    if said and not any(isinstance(catalogue, TableCatalogue) for catalogue in catalogues):
        raise MappingError("--map, --mapping, --tag-separator: expected a source with columns, such as a CSV file")


def _check_audio_wanted(job: IndexJob, catalogues: Sequence[Catalogue]) -> None:
    """Refuse a folder of files that no rows are there for."""
    if job.source_options.audio is not None and all(isinstance(catalogue, AudioFolder) for catalogue in catalogues):
        raise MappingError("--audio: expected a source with rows that have their files there, such as a CSV file")


def _only_table(catalogues: Sequence[Catalogue]) -> TableCatalogue:
    if len(catalogues) != 1 or not isinstance(catalogues[0], TableCatalogue):
        raise MappingError("--save-mapping: expected one source with columns, such as a CSV file")
    return catalogues[0]


def show_mapping(catalogue: TableCatalogue, progress: Progress) -> None:
    """Show which column was taken for what, and which for nothing."""
    columns = catalogue.mapping.columns
    progress.say(f"{catalogue.label}: columns")
    for name in FIELDS:
        if columns.get(name):
            progress.say(f"  {name:<12} {' + '.join(columns[name])}")
    used = {column for names in columns.values() for column in names}
    if unused := [column for column in catalogue.table.columns if column not in used]:
        progress.say(f"  {'(not used)':<12} {', '.join(unused)}")
    if not columns.get("tags"):
        progress.say("  no column of tags was recognized: say --map tags=COLUMN if there is one")


def _survey(
    job: IndexJob, catalogues: Sequence[Catalogue], enricher: Enricher, rejects: Rejects, progress: Progress
) -> None:
    with _index_to_prune(job, progress) as engine:
        for catalogue in catalogues:
            rejects.begin()
            if job.listening is not None:
                job.listening.begin(catalogue.label)
            summary = survey_catalogue(catalogue, enricher, rejects, progress, engine)
            counts = [
                counted(summary.rows - summary.rejected, "track"),
                f"{counted(summary.rejected, 'row')} rejected",
            ]
            if engine is not None:
                counts.append(f"{counted(summary.pruned, 'track')} would be pruned")
            progress.say(f"{catalogue.label}: {', '.join(counts)}; nothing was written")
            _say_remarks(summary, progress)
            if job.listening is not None:
                job.listening.say_summary(progress.say)


@contextmanager
def _index_to_prune(job: IndexJob, progress: Progress) -> Iterator[SearchEngine | None]:
    """Open the index of a dry run that is to say what would be pruned; None where there is nothing to look at."""
    if not job.load_options.prune:
        yield None
        return
    try:
        engine = open_engine(job.engine, patience=job.load_options.patience)
    except SearchUnavailable as error:
        progress.say(f"what would be pruned is not known: {error}")
        yield None
        return
    try:
        yield engine
    finally:
        engine.close()


def _write(
    job: IndexJob, catalogues: Sequence[Catalogue], enricher: Enricher, rejects: Rejects, progress: Progress
) -> None:
    patience = job.load_options.patience
    engine = open_engine(job.engine, create=bool(catalogues), patience=patience)
    try:
        with wait_for_writer(engine, patience) as writer:
            if catalogues and not job.reexpand:
                _say_other_model(engine.state(), job.model.model_id, progress)
            for catalogue in catalogues:
                _load(job, catalogue, engine, writer, enricher, rejects, progress)
            if job.reexpand:
                _reexpand(engine, writer, enricher, rejects, progress)
            if job.sources or job.reexpand:
                state = writer.compact()
                progress.say(f"the index {without_passwords(job.engine)} holds {counted(state.n_tracks, 'track')}")
            if job.reach:
                _update_reach(engine, writer, job.model, progress)
    finally:
        engine.close()


def _say_other_model(state: IndexState, model_id: str, progress: Progress) -> None:
    """Say that tracks will be expanded by another model than those of the index were, which is easily forgotten."""
    if state.n_tracks and state.model_id not in {"", model_id}:
        progress.say(
            f"the tracks of this index were expanded by the model {state.model_id}, this run expands by {model_id}: "
            "is --model missing? --reexpand makes all of them one"
        )


def _load(
    job: IndexJob,
    catalogue: Catalogue,
    engine: SearchEngine,
    writer: IndexWriter,
    enricher: Enricher,
    rejects: Rejects,
    progress: Progress,
    written: Written = lambda _documents: None,
) -> None:
    rejects.begin()
    started = time.monotonic()
    summary = load_catalogue(
        *(catalogue, engine, writer, enricher),
        rejects=rejects,
        progress=progress,
        listening=job.listening,
        options=job.load_options,
        written=written,
    )
    say_summary(catalogue.label, summary, time.monotonic() - started, progress)
    if job.listening is not None:
        job.listening.say_summary(progress.say)


def _rebuild(
    job: IndexJob,
    catalogues: Sequence[Catalogue],
    enricher: Enricher,
    rejects: Rejects,
    progress: Progress,
) -> None:
    options = job.load_options
    engine, generations = open_with_generations(job.engine, create=bool(catalogues), patience=options.patience)
    order = RebuildOrder(tuple(catalogue.label for catalogue in catalogues), job.model.model_id)
    try:
        with generations.rebuild(order, progress.say, options.restart, options.patience) as rebuild:
            run = RebuildRun(rebuild, enricher, progress)
            if catalogues:
                run.load(
                    catalogues,
                    lambda catalogue, into, writer, written: _load(
                        *(job, catalogue, into, writer, enricher, rejects, progress), written=written
                    ),
                )
            else:
                run.fill(options.batch_size)
            run.check()
            if job.reach:
                run.note_reach()
            switched = run.go_live()
        progress.say(
            f"generation {switched.number} is searched from now on: {counted(switched.state.n_tracks, 'track')}; "
            "`tagkin rollback` goes back"
        )
    finally:
        engine.close()


def _reexpand(
    engine: SearchEngine, writer: IndexWriter, enricher: Enricher, rejects: Rejects, progress: Progress
) -> None:
    summary = reexpand_index(engine, writer, enricher, progress)
    rejects.count += summary.refused
    refused = f", {summary.refused:,} refused by the index" if summary.refused else ""
    said = f"{counted(summary.changed, 'track')} expanded anew, {summary.unchanged:,} already were by this model"
    progress.say(said + refused)


def _update_reach(engine: SearchEngine, writer: IndexWriter, model: TagModel, progress: Progress) -> None:
    """Bring the reach up to date; the index is whole without it, so stopping here loses nothing else."""
    started = time.monotonic()
    progress.begin("reach", "searches")
    searches = update_reach(engine, writer, model, progress.advance)
    if searches is None:
        progress.say("reach: nothing has changed")
    else:
        seconds = time.monotonic() - started
        progress.say(f"reach: {searches:,} searches tried ({seconds:.1f} s)")


def say_summary(label: str, summary: LoadSummary, seconds: float, progress: Progress) -> None:
    """Say what became of the rows of one source."""
    counts = {
        "added": summary.added,
        "changed": summary.changed,
        "unchanged": summary.unchanged,
        "written by the earlier run": summary.skipped,
        "pruned": summary.pruned,
        "rejected": summary.rejected,
    }
    said = ", ".join(f"{count:,} {what}" for what, count in counts.items() if count or what == "added")
    progress.say(f"{label}: {said} ({seconds:.1f} s, {summary.rows / max(seconds, 1e-9):,.0f} rows a second)")
    for source, count in sorted(summary.taken_over.items()):
        progress.say(f"  {count:,} of the changed tracks belonged to the source {source!r} before; they share ids")
    _say_remarks(summary, progress)


def _say_remarks(summary: LoadSummary, progress: Progress) -> None:
    if summary.untagged:
        carry = "carries" if summary.untagged == 1 else "carry"
        progress.say(f"  {counted(summary.untagged, 'track')} {carry} no tags")
    if summary.renamed:
        tracks = counted(summary.renamed, "track")
        progress.say(f"  {tracks} went by the path of their file, and go by its audio from now on")
    if summary.unpruned:
        progress.say(f"  nothing is pruned: {summary.unpruned}")


def say_unknown_tags(n_unknown: int, progress: Progress) -> None:
    """Say how many tags have no kin yet, and how they would get some."""
    if n_unknown:
        are, they, them = ("is", "it is", "it") if n_unknown == 1 else ("are", "they are", "them")
        progress.say(
            f"{counted(n_unknown, 'tag')} {are} not in the model: {they} found literally; "
            f"`tagkin export -o FILE.jsonl` and `tagkin train tags --catalogue FILE.jsonl` give {them} kin"
        )
