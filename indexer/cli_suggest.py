"""`tagkin suggest`: the tags that a track lacks, by those it has, by what is heard in its recording, or by both.

Exit status 0 with suggestions, 1 without any, 2 for a wrong command line, file or model.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from indexer.hearing_options import cache_option, jobs_option, tagger_option
from search.cli import AS_JSON, NOT_FOUND, WRONG, index_options, readable
from tagmodel.cli.stopping import stop

if TYPE_CHECKING:
    from search.searcher import Searcher
    from search.suggesting import Heard, Suggester


@click.command()
@click.argument("tags", nargs=-1, callback=readable)
@click.option(
    "--audio",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Recording of the track: what is heard in it is weighed together with TAGS.",
)
@click.option("-k", type=click.IntRange(1, 100), default=10, show_default=True, help="Suggestions to show.")
@AS_JSON
@jobs_option
@tagger_option
@cache_option
@index_options
def suggest(tags: tuple[str, ...], audio: Path | None, k: int, **options: Any) -> None:
    """Suggest the tags that a track with these TAGS, or with this recording, is likely to have, too, and why.

    The models alone answer; an index, where there is one, tells how many tracks carry each tag.

    \b
    tagkin suggest sitar tabla "slow, calm"
    tagkin suggest sitar --audio raga.mp3
    """  # noqa: D301 - the backspace keeps click from wrapping the examples
    from search.answers.suggestions import suggestions_answer
    from search.output import print_suggestions, write_json
    from tagmodel.folding import split_tags

    if not tags and audio is None:
        raise click.UsageError("expected TAGS, or a recording with --audio; got neither")
    suggester = _suggester(options)
    heard = {} if audio is None else _heard(audio, options)
    result = suggester.suggest([tag for line in tags for tag in split_tags(line)], k, heard)
    if options["as_json"]:
        write_json(suggestions_answer(result))
    else:
        print_suggestions(result)
    sys.exit(0 if result.suggestions else NOT_FOUND)


def _suggester(options: dict[str, Any]) -> Suggester | Searcher:
    from search.engine import SearchEngine, SearchUnavailable
    from search.engines import open_engine
    from search.searcher import Searcher
    from search.suggesting import Suggester
    from tagmodel.model import ModelMissing, load_model

    try:
        index: SearchEngine | None = open_engine(options["engine"])
    except SearchUnavailable as error:
        click.echo(f"tracks are not counted: {error}", err=True)
        index = None
    try:
        model = load_model(options["model_path"])
    except ModelMissing as error:
        stop(str(error), WRONG)
    return Suggester(model) if index is None else Searcher(index, model)


def _heard(audio: Path, options: dict[str, Any]) -> Heard:
    """Listen to a recording, and say where what was heard is not to be trusted."""
    from audiomodel.hearing import likely_tags
    from indexer.files_heard import FileEar, NotHeard

    try:
        _, hearings = FileEar.of_command(options).hear([audio])
    except NotHeard as error:
        stop(str(error), WRONG)
    hearing = hearings[audio]
    if hearing.status == "unlike":
        click.echo("the recording is unlike the music that the tagger knows: it names no tags", err=True)
    elif hearing.status == "short":
        click.echo("the recording is short: what is heard in it is less sure", err=True)
    return {tag.tag: tag.probability for tag in likely_tags(hearing)}
