"""`tagkin similar`: the tracks most like a song by its name, a track, a file, or several of them.

Exit status 0 with an answer, 1 when nothing was found, 2 for a wrong command line, query, file or model, 3 when the
index cannot be read, or that of a folder not be written.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import click

from indexer.hearing_options import cache_option, jobs_option, tagger_option
from search.cli import AS_JSON, NOT_FOUND, UNAVAILABLE, WRONG, index_options, opened, readable
from search.similar_by import By
from tagmodel.cli.stopping import stop

if TYPE_CHECKING:
    from search.similar_hits import SimilarResult


@click.command()
@click.argument("songs", nargs=-1, metavar="SONG...", callback=readable)
@click.option("--like", multiple=True, metavar="SONG", callback=readable, help="Be like this, too; may be repeated.")
@click.option("--unlike", multiple=True, metavar="SONG", callback=readable, help="Be unlike this; may be repeated.")
@click.option("-k", type=click.IntRange(1, 100), default=5, show_default=True, help="Tracks to show.")
@click.option(
    "--by",
    type=click.Choice([by.value for by in By]),
    show_default="sound where all SONGs were listened to, else tags",
    help="What to compare.",
)
@click.option("--mix", type=click.FloatRange(0, 1), help="Share of tags, from 0 (by sound alone) to 1 (by tags alone).")
@click.option("-q", "--query", default="", callback=readable, help="What tracks must be: 'bpm:90..110 -vocals'.")
@click.option(
    "--folder",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Look in this folder of audio files instead of the index.",
)
@click.option("--explain", "explained", is_flag=True, help="Show what sound and each tag add.")
@AS_JSON
@jobs_option
@tagger_option
@cache_option
@index_options
def similar(songs: tuple[str, ...], like: tuple[str, ...], unlike: tuple[str, ...], **options: Any) -> None:
    """Find the tracks most like SONG: the name of a track, its id, or a file of sound.

    \b
    tagkin similar Empty House
    tagkin similar fma:2 --unlike fma:5 --query 'genre:rock -vocals'
    tagkin similar recording.m4a -k 10
    tagkin similar anchor.mp3 --folder ~/Music

    Words without quotes are one name. Several SONGs are each a file, an id, or a name in quotes.
    """  # noqa: D301 - the backspace keeps click from wrapping the examples
    if not songs and not like:
        raise click.UsageError("expected a SONG, got none; for example: tagkin similar Empty House")
    if options["by"] is not None and options["mix"] is not None:
        raise click.UsageError("--by and --mix: expected one of them, as --by both is --mix 0.5")
    with _place_to_look(options) as engine:
        result = _find(engine, songs, like, unlike, options)
    _print(result, options)
    sys.exit(0 if result.hits else NOT_FOUND)


def _find(
    engine: str, songs: tuple[str, ...], like: tuple[str, ...], unlike: tuple[str, ...], options: dict[str, Any]
) -> SimilarResult:
    from indexer.files_heard import FileEar, NotHeard
    from indexer.similar_references import ReferenceReader, WrongReference, signed
    from search.similar_sound import SimilarRequest

    mix = options["mix"] if options["by"] is None else By(options["by"]).mix
    with opened(engine, options["model_path"]) as searcher:
        reader = ReferenceReader(searcher, FileEar.of_command(options))
        try:
            wanted = reader.read([*reader.joined(list(signed(songs))), *like])
            unwanted = reader.read(unlike)
        except WrongReference as error:
            stop(str(error), NOT_FOUND if error.missing else WRONG)
        except NotHeard as error:
            stop(str(error), WRONG)
        return searcher.similar_sound(SimilarRequest(wanted, unwanted, options["k"], mix, options["query"]))


@contextmanager
def _place_to_look(options: dict[str, Any]) -> Iterator[str]:
    """Give the address of the index; of a folder one that is made now, and gone afterwards."""
    if options["folder"] is None:
        yield options["engine"]
        return
    with TemporaryDirectory(prefix="tagkin-folder-") as place:
        engine = str(Path(place) / "index")
        _index_folder(options, engine)
        yield engine


def _index_folder(options: dict[str, Any], engine: str) -> None:
    from audiomodel.worker import WorkerFailed
    from indexer.entries import SourceError
    from indexer.files_heard import FileEar
    from indexer.jobs import IndexJob, run_index
    from indexer.progress import open_progress
    from search.engine import SearchUnavailable
    from tagmodel.model import ModelMissing, load_model

    try:
        model = load_model(options["model_path"])
        hearing = FileEar.of_command(options).options
        # As it was written, a folder may be called like a data set.
        job = IndexJob([str(options["folder"].absolute())], engine, model, hearing=hearing, reach=False)
        with open_progress() as progress:
            run_index(job, progress)
    except (SourceError, ModelMissing, WorkerFailed) as error:
        stop(str(error).removeprefix("--hear: "), WRONG)
    except SearchUnavailable as error:
        stop(str(error), UNAVAILABLE)
    except OSError as error:
        stop(f"{error.filename or engine}: cannot be written ({error.strerror})", UNAVAILABLE)


def _print(result: SimilarResult, options: dict[str, Any]) -> None:
    from search.answers.similar import similar_answer
    from search.output import write_json
    from search.similar_output import print_similar

    if options["as_json"]:
        write_json(similar_answer(result))
    elif result.hits:
        print_similar(result, options["explained"])
    else:
        click.echo(_nothing(result), err=True)


def _nothing(result: SimilarResult) -> str:
    names = " and ".join(one.name if not one.track_id else one.track_id for one in result.request.like)
    if result.query.text:
        return f"nothing that is like {names} passes {result.query.text!r}"
    if result.by is By.TAGS:
        return f"nothing is like {names}: nobody tagged it, or nobody else uses its tags"
    return f"nothing is like {names}: no other track was listened to; index the files of sound"
