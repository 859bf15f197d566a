"""Commands that answer from a tag model alone: the kin of a tag, a path between two, the graph as a file.

Exit status 0 with an answer, 1 without (an unknown tag, no path), 2 for a wrong command line or model, 3 when the
output cannot be written.
"""

from __future__ import annotations

import errno
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from tagmodel.cli.options import model_option
from tagmodel.cli.stopping import stop
from tagmodel.cli.written import open_output

if TYPE_CHECKING:
    import networkx as nx
    from rich.table import Table

    from tagmodel.graph import Step
    from tagmodel.model import Kin, TagModel
    from tagmodel.vocabulary import Vocabulary

# Column of the table → field of `Kin`.
ORIGIN_HEADERS = {"co-occurrence": "cooccurrence", "word2vec": "word2vec", "ALS": "als"}
BAR_WIDTH = 20  # characters for a similarity of 1
FORMATS = ("svg", "json", "graphml")
NOT_FOUND, WRONG, UNWRITABLE = 1, 2, 3  # exit statuses

json_option = click.option("--json", "as_json", is_flag=True, show_default=True, help="Write JSON for programs.")

_WHY_NO_KIN = "it is on too few tracks, or goes with no other tag more often than by chance"


@click.command()
@click.argument("tag")
@click.option("-k", type=click.IntRange(1, 24), default=10, show_default=True, help="Kin to show, the nearest first.")
@json_option
@model_option
def kin(tag: str, k: int, as_json: bool, model_path: Path | None) -> None:
    """Show the kin of a TAG: which tags answer for it, how near they are, and on what evidence."""
    from tagmodel.answers import kin_answer, named_tag

    model = _open_model(model_path)
    tag_id = _known(model.vocabulary, tag)
    found = model.kin(tag_id)[:k]
    if as_json:
        _print_json(kin_answer(model.vocabulary, named_tag(model.vocabulary, tag_id), found))
    elif found:
        _print_table(_kin_table(model.vocabulary, tag_id, found))
    else:
        click.echo(
            f'"{model.vocabulary.spelling(tag_id)}" has no kin in this model: {_WHY_NO_KIN}.', err=True
        )


@click.command()
@click.argument("source", metavar="TAG")
@click.argument("target", metavar="TAG")
@json_option
@model_option
def path(source: str, target: str, as_json: bool, model_path: Path | None) -> None:
    """Find the way from one TAG to another, from kin to kin."""
    from tagmodel.answers import path_answer
    from tagmodel.graph import PathMissing, path_between

    model = _open_model(model_path)
    graph = model.graph()
    ends = [_in_graph(model, graph, text) for text in (source, target)]
    try:
        steps = path_between(graph, ends[0], ends[1], model.kin)
    except PathMissing as error:
        stop(str(error), NOT_FOUND)
    if as_json:
        _print_json(path_answer(model.vocabulary, steps))
    else:
        _print_table(_path_table(model.vocabulary, steps))


@click.command()
@click.argument("tags", metavar="[TAG]...", nargs=-1)
@click.option("--depth", type=click.IntRange(min=0), default=2, show_default=True, help="Steps at most from a TAG.")
@click.option(
    "--limit",
    type=click.IntRange(min=1),
    show_default="60 around a TAG, else none",
    help="Tags at most: the nearest, without a TAG those with most kin.",
)
@click.option("--min-support", type=click.IntRange(min=0), default=0, show_default=True, help="Leave out rarer pairs.")
@click.option(
    "--min-similarity", type=click.FloatRange(0, 1), default=0.0, show_default=True, help="Leave out farther pairs."
)
@click.option(
    "--format",
    "file_format",
    type=click.Choice(FORMATS),
    show_default="by the file's ending, svg without one",
    help="What to write.",
)
@click.option("-o", "--output", default="-", show_default=True, help="File to write; - is standard output.")
@model_option
def graph(
    *,
    tags: tuple[str, ...],
    depth: int,
    limit: int | None,
    min_support: int,
    min_similarity: float,
    file_format: str | None,
    output: str,
    model_path: Path | None,
) -> None:
    """Write the graph of related tags, whole or around some TAGs: a picture, node-link JSON or GraphML."""
    from tagmodel.graph import neighborhood

    file_format = file_format or _format_of(output)
    model = _open_model(model_path)
    whole = model.graph()
    asked = tuple(dict.fromkeys(_in_graph(model, whole, text) for text in tags))
    part = neighborhood(
        whole,
        asked,
        depth=depth,
        limit=limit or (60 if asked else None),
        min_support=min_support,
        min_similarity=min_similarity,
    )
    _write(_encoded(part, asked, file_format), output)


def _open_model(model_path: Path | None) -> TagModel:
    from tagmodel.model import ModelMissing, load_model

    try:
        return load_model(model_path)
    except ModelMissing as error:
        stop(str(error), WRONG)


def _known(vocabulary: Vocabulary, text: str) -> str:
    from tagmodel.offers import UnknownTag, known_tag

    try:
        return known_tag(vocabulary, text)
    except UnknownTag as error:
        stop(str(error), NOT_FOUND)


def _in_graph(model: TagModel, graph: nx.Graph, text: str) -> str:
    tag_id = _known(model.vocabulary, text)
    if tag_id not in graph:
        stop(f'"{text}" has no kin in this model, so no way leads to it: {_WHY_NO_KIN}', NOT_FOUND)
    return tag_id


def _print_json(answer: object) -> None:
    import msgspec

    click.echo(msgspec.json.format(msgspec.json.encode(answer), indent=2))


def _print_table(table: Table) -> None:
    from rich.console import Console

    Console(highlight=False).print(table)


def _bar(similarity: float) -> str:
    return "━" * max(1, round(BAR_WIDTH * similarity))


def _plain_table(title: str, columns: Sequence[tuple[str, str]]) -> Table:
    from rich.table import Table

    table = Table(title=title, title_justify="left", title_style="bold", box=None, pad_edge=False, header_style="dim")
    for name, style in columns:
        table.add_column(name, style=style, justify="left" if name in {"tag", ""} else "right", no_wrap=name != "tag")
    return table


def _kin_table(vocabulary: Vocabulary, tag_id: str, found: Sequence[Kin]) -> Table:
    from rich.text import Text

    headers = ["near", *ORIGIN_HEADERS, "pmi", "support"]
    columns = [("tag", "bold"), ("", "cyan"), *((header, "") for header in headers)]
    table = _plain_table(f"Kin of {vocabulary.spelling(tag_id)}", columns)
    for one in found:
        evidence = [_share(getattr(one, origin)) for origin in ORIGIN_HEADERS.values()]
        pmi = "·" if one.pmi is None else f"{one.pmi:+.1f}"
        name = Text(vocabulary.spelling(one.tag_id) or one.tag_id)
        table.add_row(name, _bar(one.similarity), _share(one.similarity), *evidence, pmi, f"{one.support:,}")
    return table


def _share(value: float) -> str:
    """Write a similarity in two digits, a dot for none."""
    return f"{value:.2f}" if value else "·"


def _path_table(vocabulary: Vocabulary, steps: Sequence[Step]) -> Table:
    from rich.text import Text

    spellings = [vocabulary.spelling(step.tag_id) or step.tag_id for step in steps]
    title = f"From {spellings[0]} to {spellings[-1]}"
    table = _plain_table(title, [("tag", "bold"), ("", "cyan"), ("near", "")])
    table.add_row(Text(spellings[0]))
    for spelling, step in zip(spellings[1:], steps[1:], strict=True):
        table.add_row(Text(spelling), _bar(step.similarity), _share(step.similarity))
    return table


def _format_of(output: str) -> str:
    ending = Path(output).suffix.removeprefix(".").lower()
    if ending and ending not in FORMATS:
        raise click.BadParameter(
            f"expected a name that ends in .svg, .json or .graphml, got {output}; or say --format", param_hint="-o"
        )
    return ending or "svg"


def _encoded(part: nx.Graph, asked: Sequence[str], file_format: str) -> bytes:
    from tagmodel.graph import graph_to_graphml, graph_to_json

    if file_format == "json":
        return graph_to_json(part)
    if file_format == "graphml":
        return graph_to_graphml(part)
    return _picture(part, asked).encode()


def _picture(part: nx.Graph, asked: Sequence[str]) -> str:
    from tagmodel.map_picture import draw_map
    from tagmodel.neighborhood_picture import draw_neighborhood

    return draw_neighborhood(part, asked) if asked else draw_map(part)


def _write(data: bytes, output: str) -> None:
    try:
        with open_output(output) as stream:
            stream.write(data)
    except OSError as error:
        if error.errno == errno.EPIPE:  # `tagkin graph | head`: click knows what to do
            raise
        where = f"{error.filename}:" if error.filename else "the output"
        stop(f"{where} cannot be written ({error.strerror})", UNWRITABLE)
