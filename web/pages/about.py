"""The about page: what is indexed, which model answers, how good it is, and what may be done with it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from flask import Blueprint, render_template

from search.answers.indexed import Stats, stats_answer
from search.engine import FacetValue, SearchUnavailable
from search.result import SearchRequest
from search.searcher import Searcher
from tagmodel.model import TagModel
from web.context import searcher

blueprint = Blueprint("about", __name__)

# Values listed of each kind: enough to see what sort of music is here.
VALUES = 8
# Tags named.
TAGS = 24
# What is counted, in the words of the page.
FACETS = (("genre", "Genres"), ("license", "Licenses"), ("artist", "Artists"))


@blueprint.get("/about")
def show() -> str:
    """Show what is here; the model is known even while the index is away."""
    source = searcher()
    return render_template("about.html", index=index_figures(source), model=model_figures(source.model))


@dataclass(frozen=True, slots=True)
class Share:
    """A value with its tracks, and the width of its bar in percent of the most used one."""

    label: str
    count: int
    width: float


@dataclass(frozen=True, slots=True)
class Counted:
    """The most used values of one kind."""

    title: str
    values: tuple[Share, ...]


@dataclass(frozen=True, slots=True)
class IndexFigures:
    """What is indexed.

    Parameters
    ----------
    n_probes
        Searches whose first hits are known, 0 where reach was not computed.
    reach_generation, reach_writes
        The generation that reach was computed from, and how many writes came after.
    why_no_reach
        Why it is not known, for people.
    """

    stats: Stats
    counted: tuple[Counted, ...]
    n_probes: int
    reach_generation: int
    reach_writes: int
    why_no_reach: str


@dataclass(frozen=True, slots=True)
class DataSet:
    """A data set that the model learned from."""

    title: str
    n_items: int
    licence: str
    source: str


@dataclass(frozen=True, slots=True)
class FigureTable:
    """Measured figures: a title, what was measured, and cells."""

    title: str
    remark: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class Measurement:
    """A question that was measured, the command that does it again, and the tables that answer."""

    question: str
    command: str
    tables: tuple[FigureTable, ...]


@dataclass(frozen=True, slots=True)
class ModelFigures:
    """What the card of the model says; a model that was made by hand may say little."""

    model_id: str
    n_tags: int
    command: str
    use: str
    data: tuple[DataSet, ...]
    measured: tuple[Measurement, ...]


def index_figures(source: Searcher) -> IndexFigures | None:
    """Count what is indexed; None while the index cannot answer."""
    try:
        stats = stats_answer(source, TAGS)
        facets = source.search(SearchRequest("", k=1, outside=0)).facets
        reach = source.reach()
    except SearchUnavailable:
        return None
    counted = (Counted(title, _shares(facets.get(name, ()))) for name, title in FACETS)
    record = None if reach.table is None else reach.table.record
    return IndexFigures(
        stats=stats,
        counted=tuple(one for one in counted if one.values),
        n_probes=0 if record is None else len(record.arrays.uses),
        reach_generation=0 if record is None else record.origin.generation,
        reach_writes=reach.writes_since,
        why_no_reach=reach.why,
    )


def model_figures(model: TagModel) -> ModelFigures:
    """Read the card of a model."""
    card = cast(Mapping[str, Any], model.card)
    return ModelFigures(
        model_id=model.model_id,
        n_tags=len(model.vocabulary.keys),
        command=card.get("command", ""),
        use=card.get("use", ""),
        data=tuple(
            DataSet(one["title"], one["n_items"], one["licence"], one["source"]) for one in card.get("data", ())
        ),
        measured=tuple(
            Measurement(question, one["command"], tuple(map(_figure_table, one["tables"])))
            for question, one in card.get("figures", {}).items()
        ),
    )


def _shares(values: Sequence[FacetValue]) -> tuple[Share, ...]:
    """Draw the most used values against the first of them; tracks without one come last, without a bar."""
    stated = [one for one in values if one.value][:VALUES]
    missing = [Share("not stated", one.count, 0.0) for one in values if not one.value]
    most = max((one.count for one in stated), default=1)
    return (*(Share(one.label, one.count, 100 * one.count / most) for one in stated), *missing)


def _figure_table(table: Mapping[str, Any]) -> FigureTable:
    return FigureTable(table["title"], table["remark"], tuple(table["columns"]), tuple(map(tuple, table["rows"])))
