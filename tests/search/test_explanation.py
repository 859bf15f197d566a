"""Explanations add up: to the score, and under taking things away."""

from __future__ import annotations

from dataclasses import replace
from itertools import groupby

from hypothesis import given, settings
from hypothesis import strategies as st

from search.document import Document, Family
from search.explanation import Contribution, explain
from search.plan import Clause, Group, Plan, Term
from search.result import SearchRequest
from tagmodel.track import Track
from tests.search.meaning import KinTable
from tests.search.oracle import score
from tests.search.strategies import documents as any_documents
from tests.search.strategies import plans
from tests.search.worlds import (
    SmallModel,
    catalogues,
    documents,
    drifts,
    expander,
    kin_tables,
    parsed,
    searching,
    texts,
)


def without_feature(document: Document, tag_id: str, family: Family) -> Document:
    """Take one stored feature out."""
    if family is Family.TYPED:
        return replace(document, typed=tuple(tag for tag in document.typed if tag != tag_id))
    name = family.value
    tags = getattr(document, name)
    pairs = [pair for pair in zip(tags, getattr(document, f"{name}_weights"), strict=True) if pair[0] != tag_id]
    left = {name: tuple(tag for tag, _ in pairs), f"{name}_weights": tuple(units for _, units in pairs)}
    return replace(document, **left)  # type: ignore[arg-type]


def features_of(document: Document) -> set[tuple[str, Family]]:
    has = {Family.TYPED: document.typed, Family.HEARD: document.heard, Family.IMPLIED: document.implied}
    return {(tag_id, family) for family, tag_ids in has.items() for tag_id in tag_ids}


@given(texts(), kin_tables, drifts, catalogues())
@settings(max_examples=60, deadline=None)
def test_the_bars_of_a_hit_add_up_to_the_engines_score_exactly(
    text: str, table: KinTable, drift: float, catalogue: list[Document]
) -> None:
    with searching(catalogue, SmallModel(table)) as searcher:
        result = searcher.search(SearchRequest(text, drift, k=100, outside=100))
    for hit in (*result.hits, *result.outside):
        assert sum(bar.amount for bar in hit.contributions) == hit.score
        assert all(bar.amount > 0 for bar in hit.contributions)


@given(texts(), kin_tables, drifts, documents())
@settings(deadline=None)
def test_taking_a_feature_out_lowers_the_score_by_exactly_its_bars(
    text: str, table: KinTable, drift: float, document: Document
) -> None:
    plan = Plan(groups=expander(table).expand(parsed(text), drift).plan_groups())
    bars = explain(plan, document)
    for tag_id, family in features_of(document):
        amount = sum(bar.amount for bar in bars if (bar.tag_id, bar.family) == (tag_id, family))
        assert score(document, plan) - score(without_feature(document, tag_id, family), plan) == amount


@given(plans, any_documents())
@settings(deadline=None)
def test_bars_are_the_terms_that_the_document_answers(plan: Plan, document: Document) -> None:
    bars = explain(plan, document)
    terms = [term for group in plan.groups for clause in group.clauses for term in clause.terms]
    answered = [term for term in terms if (term.tag_id, term.family) in features_of(document)]
    assert sorted((bar.tag_id, bar.family) for bar in bars) == sorted((term.tag_id, term.family) for term in answered)
    of_tags = sum(bar.amount for bar in bars)
    without = replace(document, sound=None, faint=())
    assert of_tags == score(without, plan)
    halved = bool(set(plan.demoted).intersection(document.faint))
    assert (of_tags / 2 if halved else of_tags) == score(replace(document, sound=None), plan)


@given(texts(), kin_tables, st.just(1.0), documents())
@settings(deadline=None)
def test_bars_stand_in_query_order_the_largest_of_each_tag_first(
    text: str, table: KinTable, drift: float, document: Document
) -> None:
    plan = Plan(groups=expander(table).expand(parsed(text), drift).plan_groups())
    runs = [(serves, list(bars)) for serves, bars in groupby(explain(plan, document), key=lambda bar: bar.serves)]
    served = [serves for serves, _ in runs]
    asked = [clause.tag_id for group in plan.groups for clause in group.clauses]
    assert served == [tag for tag in asked if tag in served]
    for _, bars in runs:
        amounts = [bar.amount for bar in bars]
        assert amounts == sorted(amounts, reverse=True)


def test_a_bar_says_what_the_track_has_how_and_for_what() -> None:
    own = (Term("sad", Family.TYPED, 1.0), Term("sad", Family.IMPLIED, 0.25))
    kin = (Term("melancholic", Family.TYPED, 0.125), Term("melancholic", Family.HEARD, 0.125))
    plan = Plan(groups=(Group((Clause("sad", own + kin),)),))
    document = Document(
        Track("t:1"), implied=("sad",), implied_weights=(128,), heard=("melancholic", "piano"), heard_weights=(256, 9)
    )
    bars = explain(plan, document)
    assert bars == (
        Contribution("melancholic", Family.HEARD, "sad", 0.125),
        Contribution("sad", Family.IMPLIED, "sad", 0.125),
    )
    assert [bar.is_kin for bar in bars] == [True, False]


def test_a_tag_that_serves_two_query_tags_has_two_bars() -> None:
    groups = tuple(
        Group((Clause(tag, (Term(tag, Family.TYPED, 1.0), Term("kin", Family.TYPED, weight))),))
        for tag, weight in (("a", 0.25), ("b", 0.5))
    )
    bars = explain(Plan(groups=groups), Document(Track("t:1"), typed=("kin",)))
    assert [(bar.serves, bar.amount) for bar in bars] == [("a", 0.25), ("b", 0.5)]
