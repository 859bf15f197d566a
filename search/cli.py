"""Commands that ask the index and nothing else: `tagkin search` and `stats`.

Exit status 0 with an answer, 1 when nothing was found, 2 for a wrong command line, query or model, 3 when the index
cannot be read.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import click

from search.plan import Sort
from tagmodel.cli.options import engine_option, model_option
from tagmodel.cli.stopping import stop

if TYPE_CHECKING:
    from search.searcher import Searcher

NOT_FOUND, WRONG, UNAVAILABLE = 1, 2, 3  # exit statuses

_Command = TypeVar("_Command", bound=Callable[..., object])
_Typed = TypeVar("_Typed", str, tuple[str, ...])


def index_options(command: _Command) -> _Command:
    """Add the options that say which index and which model to ask."""
    return engine_option(model_option(command))


AS_JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON for programs.")


def readable(_context: click.Context, _parameter: click.Parameter, value: _Typed) -> _Typed:
    """Refuse what is no text: bytes that are no UTF-8, and characters that a terminal would obey."""
    from search.query.errors import UNREADABLE

    for text in (value,) if isinstance(value, str) else value:
        if found := UNREADABLE.search(text):
            code = f"U+{ord(found.group()):04X}"
            raise click.BadParameter(f"expected text, got the unseen character {code}: was it copied from elsewhere?")
    return value


@contextmanager
def opened(engine: str, model_path: Path | None) -> Iterator[Searcher]:
    """Open index and model for one command; what goes wrong becomes a message and an exit status."""
    from search.engine import SearchUnavailable
    from search.engines import open_engine
    from search.query import QueryError
    from search.result import RequestError
    from search.searcher import Searcher, UnknownTrack
    from tagmodel.model import ModelMissing, load_model

    try:
        index = open_engine(engine)
        try:
            yield Searcher(index, load_model(model_path))
        finally:
            index.close()
    except QueryError as error:
        stop(f"{error.message}\n{error.pointed()}", WRONG)
    except (RequestError, ModelMissing) as error:
        stop(str(error), WRONG)
    except UnknownTrack as error:
        stop(f"{error.args[0]}; `tagkin search --json` shows the ids of tracks", NOT_FOUND)
    except SearchUnavailable as error:
        stop(str(error), UNAVAILABLE)


class QueryCommand(click.Command):
    """A command whose arguments are a query: a word with a minus, such as ``-vocals``, is a part of it, no option."""

    def parse_args(self, context: click.Context, args: list[str]) -> list[str]:
        """Put the words of the query behind ``--``, in their order."""
        if "--" in args:
            return super().parse_args(context, args)
        valued = (one for one in self.params if isinstance(one, click.Option) and not one.is_flag)
        with_value = {name for one in valued for name in one.opts}
        options, words = [], []
        rest = iter(args)
        for one in rest:
            if one in with_value:
                options += [one, *islice(rest, 1)]
            elif one.startswith("--") or re.fullmatch(r"-k=?\d+", one):
                options.append(one)
            else:
                words.append(one)
        return super().parse_args(context, [*options, "--", *words])


@click.command(cls=QueryCommand)
@click.argument("query", nargs=-1)
@click.option(
    "--drift",
    type=float,
    default=0.3,
    show_default=True,
    help="How far outside the box, from 0 (only the words typed) to 1.",
)
@click.option(
    "--without",
    multiple=True,
    metavar="TAG",
    callback=readable,
    help="Do not let this tag answer as kin; may be repeated.",
)
@click.option(
    "--keep",
    multiple=True,
    metavar="TAG",
    callback=readable,
    help="Keep tracks of this narrower tag of an excluded one; may be repeated.",
)
@click.option("--literal", is_flag=True, help="Take words as typed; correct nothing.")
@click.option("-k", default=10, show_default=True, help="Tracks to show, at most 100.")
@click.option("--offset", default=0, show_default=True, help="Tracks to pass over first.")
@click.option("--outside", default=5, show_default=True, help="Length of the second list, outside your words.")
@click.option(
    "--sort",
    type=click.Choice([sort.value for sort in Sort]),
    default=Sort.SCORE.value,
    show_default=True,
    help="Order of the tracks; - is descending. The second list stays by score.",
)
@click.option("--explain", "explained", is_flag=True, help="Show what each tag adds to each score.")
@AS_JSON
@index_options
def search(
    query: tuple[str, ...],
    drift: float,
    without: tuple[str, ...],
    keep: tuple[str, ...],
    literal: bool,
    k: int,
    offset: int,
    outside: int,
    sort: str,
    explained: bool,
    as_json: bool,
    engine: str,
    model_path: Path | None,
) -> None:
    """Find tracks by a QUERY of tags, and by the kin of these tags.

    \b
    tagkin search 'sad piano -vocals'
    tagkin search '"hip hop" (jazz OR funk) year:2005..2010' --drift 0.6

    Quote the query, so that the shell leaves its signs alone.
    """  # noqa: D301 - the backspace keeps click from wrapping the examples
    from search.answers.searches import found_answer
    from search.output import print_result, write_json
    from search.result import SearchRequest

    with opened(engine, model_path) as searcher:
        request = SearchRequest(
            " ".join(query),
            drift,
            _tag_ids(searcher, "--without", without),
            _tag_ids(searcher, "--keep", keep),
            literal,
            k,
            offset,
            outside,
            sort=Sort(sort),
        )
        result = searcher.search(request)
    if as_json:
        write_json(found_answer(result))
    else:
        print_result(result, explained)
    sys.exit(0 if result.total else NOT_FOUND)


def _tag_ids(searcher: Searcher, option: str, spellings: Sequence[str]) -> frozenset[str]:
    ids = {spelling: searcher.lexicon.tag(spelling.split()) for spelling in spellings}
    for spelling in (spelling for spelling, tag_id in ids.items() if tag_id is None):
        offers = searcher.lexicon.offers(spelling)
        near = f"; near it: {', '.join(offers)}" if offers else ", nor any that is spelled like it"
        raise click.BadParameter(f"no tag {spelling!r} in model or index{near}", param_hint=option)
    return frozenset(tag_id for tag_id in ids.values() if tag_id is not None)


@click.command()
@click.option("-k", type=click.IntRange(0, 1000), default=15, show_default=True, help="Most used tags to list.")
@AS_JSON
@index_options
def stats(k: int, as_json: bool, engine: str, model_path: Path | None) -> None:
    """Tell how many tracks and tags are in the index, its generation, and by which model it was expanded."""
    from search.answers.indexed import stats_answer
    from search.output import print_stats, write_json

    with opened(engine, model_path) as searcher:
        figures = stats_answer(searcher, k)
    if as_json:
        write_json(figures)
    else:
        print_stats(figures)
