"""The invariants of docs/semantics.md over random kin tables, tracks and queries, against plans and against hits."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from search.document import Document, Family
from search.expansion import (
    DEFAULT_DRIFT,
    HEARD_SHARE,
    IMPLIED_SHARE,
    KIN_SHARE,
    LEAST_WEIGHT,
    SPILL_BUDGET,
    Expansion,
    dial_gain,
)
from search.plan import PLAN_UNITS, Clause, Plan, Term
from search.query import Query
from search.result import SearchRequest
from tagmodel.track import Track
from tests.search.meaning import TOLERANCE, KinTable, Meaning
from tests.search.oracle import expected_answer, is_hit, score
from tests.search.small_catalogue import an_id
from tests.search.worlds import (
    CONTRADICTING,
    NARROWER,
    TAGS,
    SmallModel,
    catalogues,
    documents,
    drifts,
    expander,
    kin_tables,
    parsed,
    searching,
    some_tags,
    texts,
)

ALL_WEIGHTS = (0.001, 0.01, 0.3, 1, 10)
PIANO, JAZZ, ROCK, FAST, SLOW = map(an_id, ("piano", "jazz", "rock", "fast", "slow"))


def plan_of(expansion: Expansion) -> Plan:
    return Plan(groups=expansion.plan_groups(), excluded=expansion.excluded_ids(), k=100)


def clauses(expansion: Expansion) -> Iterator[Clause]:
    return (member.clause for members in expansion.groups for member in members)


def live(expansion: Expansion) -> list[dict[str, float]]:
    """For each query tag, its live kin with their weights."""
    return [
        {one.kin.tag_id: one.weight for one in member.kin if one.weight > 0}
        for members in expansion.groups
        for member in members
    ]


def asked(query: Query) -> list[str]:
    return [tag.tag_id for group in query.groups for tag in group.tags]


def a_track(typed: tuple[str, ...] = (), heard: tuple[str, ...] = (), implied: tuple[str, ...] = ()) -> Document:
    full = {"heard_weights": (256,) * len(heard), "implied_weights": (256,) * len(implied)}
    return Document(Track("t:1"), typed, heard=heard, implied=implied, **full)


class TestPeopleComeFirst:
    @given(st.data(), texts(ALL_WEIGHTS, max_tags=10), kin_tables, drifts)
    @example(None, "(piano^10 OR jazz^0.001)", {}, 1.0)
    @example(None, "(piano^0.001 OR jazz^0.001 OR rock^0.001) fast^10", {}, 0.01)
    @settings(max_examples=300, deadline=None)
    def test_who_was_given_a_tag_of_each_group_outranks_whoever_was_given_none(
        self, data: st.DataObject | None, text: str, table: KinTable, drift: float
    ) -> None:
        query = parsed(text)
        plan = plan_of(expander(table).expand(query, drift))
        tags = asked(query)
        # The worst of those tagged: the lightest member of each group, and nothing else to speak for it.
        lightest = [min(group.tags, key=lambda tag: tag.weight).tag_id for group in query.groups]
        everything_else = tuple(tag for tag in TAGS if tag not in tags)
        rivals = [a_track(everything_else, tuple(tags), tuple(tags)), a_track((), TAGS, TAGS)]
        if data is not None:
            rivals.append(data.draw(documents(st.lists(some_tags.filter(lambda tag: tag not in tags), unique=True))
                                    if everything_else else documents(st.just([]))))  # fmt: skip
        worst = score(a_track(tuple(lightest)), plan)
        assert all(worst > score(rival, plan) for rival in rivals)

    @given(texts(ALL_WEIGHTS, max_tags=10), kin_tables, drifts)
    @example("piano^10 jazz^0.001", {}, 1.0)
    @settings(deadline=None)
    def test_all_that_nobody_typed_stays_under_half_of_a_tag(self, text: str, table: KinTable, drift: float) -> None:
        for clause in clauses(expander(table).expand(parsed(text), drift)):
            own, *rest = clause.terms
            # A kin counts once: it is typed or heard on a track, never both.
            spill = sum(term.weight for term in rest if term.tag_id == own.tag_id or term.family is Family.TYPED)
            assert spill <= 0.49 * own.weight

    @given(texts(ALL_WEIGHTS), kin_tables, drifts)
    @settings(deadline=None)
    def test_terms_are_what_an_engine_takes(self, text: str, table: KinTable, drift: float) -> None:
        for clause in clauses(expander(table).expand(parsed(text), drift)):
            assert (clause.terms[0].tag_id, clause.terms[0].family) == (clause.tag_id, Family.TYPED)
            assert all(0 < term.weight <= 1 and (term.weight * PLAN_UNITS).is_integer() for term in clause.terms)
            assert len({(term.tag_id, term.family) for term in clause.terms}) == len(clause.terms)

    def test_only_the_proportion_of_weights_matters(self) -> None:
        first, second = (expander({}).expand(parsed(text)) for text in ("piano^2 jazz", "piano^0.2 jazz^0.1"))
        assert plan_of(first) == plan_of(second)


class TestDial:
    @given(texts(ALL_WEIGHTS), kin_tables, drifts, drifts)
    @settings(deadline=None)
    def test_turning_it_up_adds_kin_and_lowers_no_weight(
        self, text: str, table: KinTable, one: float, two: float
    ) -> None:
        low, high = (expander(table).expand(parsed(text), drift) for drift in sorted((one, two)))
        for before, after in zip(live(low), live(high), strict=True):
            assert before.keys() <= after.keys()
            assert all(after[tag] >= weight for tag, weight in before.items())
        for before, after in zip(clauses(low), clauses(high), strict=True):
            weights = {(term.tag_id, term.family): term.weight for term in after.terms}
            assert all(weights[term.tag_id, term.family] >= term.weight for term in before.terms)

    @given(texts(ALL_WEIGHTS), kin_tables, drifts)
    @settings(deadline=None)
    def test_the_order_of_kin_is_the_models_at_any_drift(self, text: str, table: KinTable, drift: float) -> None:
        for members in expander(table).expand(parsed(text), drift).groups:
            for member in members:
                shown = [one.kin.tag_id for one in member.kin]
                assert shown == [tag for tag, _ in table.get(member.tag.tag_id, ()) if tag in shown]
                states = [one.weight > 0 for one in member.kin]
                assert states == sorted(states, reverse=True)

    @given(texts(), kin_tables, catalogues(), drifts, drifts)
    @settings(deadline=None)
    def test_turning_it_up_loses_no_hit(
        self, text: str, table: KinTable, catalogue: list[Document], one: float, two: float
    ) -> None:
        low, high = (plan_of(expander(table).expand(parsed(text), drift)) for drift in sorted((one, two)))
        assert all(is_hit(document, high) for document in catalogue if is_hit(document, low))

    @given(texts(), kin_tables)
    @settings(deadline=None)
    def test_at_zero_only_typed_tags_are_read(self, text: str, table: KinTable) -> None:
        for clause in clauses(expander(table).expand(parsed(text), 0.0)):
            assert clause.terms == (Term(clause.tag_id, Family.TYPED, clause.terms[0].weight),)

    @given(texts(), kin_tables, drifts)
    @settings(deadline=None)
    def test_implied_tags_answer_for_themselves_only(self, text: str, table: KinTable, drift: float) -> None:
        for clause in clauses(expander(table).expand(parsed(text), drift)):
            assert {term.tag_id for term in clause.terms if term.family is Family.IMPLIED} <= {clause.tag_id}

    def test_kin_of_the_longest_list_all_live_at_one(self) -> None:
        table = {PIANO: tuple((f"kin{i:02}", 1 - i / 30) for i in range(24))}
        assert [len(live(expander(table).expand(parsed("piano"), drift))[0]) for drift in (0, 0.01, 0.5, 1)] == [
            0, 1, 12, 24,
        ]  # fmt: skip


class TestKin:
    @given(texts(), kin_tables, drifts, st.frozensets(some_tags, max_size=3))
    @settings(deadline=None)
    def test_switching_kin_off_removes_just_their_terms(
        self, text: str, table: KinTable, drift: float, off: frozenset[str]
    ) -> None:
        query = parsed(text)
        before, after = (expander(table).expand(query, drift, without) for without in (frozenset(), off))
        for was, now in zip(clauses(before), clauses(after), strict=True):
            assert now.terms == tuple(term for term in was.terms if term.tag_id == was.tag_id or term.tag_id not in off)
        chips = [one for members in after.groups for member in members for one in member.kin]
        assert all(one.off == (one.kin.tag_id in off) for one in chips)

    @given(texts(), kin_tables, drifts)
    @settings(deadline=None)
    def test_asked_excluded_and_contradicting_tags_are_nobodys_kin(
        self, text: str, table: KinTable, drift: float
    ) -> None:
        query = parsed(text)
        expansion = expander(table).expand(query, drift)
        against = {other for tag in asked(query) for other in CONTRADICTING.get(tag, ())}
        for kin in live(expansion):
            assert not kin.keys() & {*asked(query), *expansion.excluded_ids(), *against}

    def test_kin_of_an_excluded_tag_weigh_less(self) -> None:
        table = {PIANO: ((JAZZ, 0.8), (FAST, 0.5)), ROCK: ((JAZZ, 0.6),)}
        (plain,), (wary,) = (live(expander(table).expand(parsed(text), 1.0)) for text in ("piano", "piano -rock"))
        assert 0.65 * plain[JAZZ] < wary[JAZZ] <= 0.7 * plain[JAZZ]
        assert wary[FAST] == plain[FAST]


class TestExclusion:
    @given(texts(max_excluded=4), kin_tables, st.frozensets(some_tags, max_size=3))
    @settings(deadline=None)
    def test_it_takes_typed_and_narrower_tags_but_none_that_is_asked_for_or_kept(
        self, text: str, table: KinTable, keep: frozenset[str]
    ) -> None:
        query = parsed(text)
        expansion = expander(table).expand(query, keep=keep)
        typed = {tag.tag_id for tag in query.excluded}
        narrower = {narrow for tag in typed for narrow in NARROWER.get(tag, ())}
        assert set(expansion.excluded_ids()) == (typed | (narrower - keep)) - set(asked(query))
        assert {tag.tag_id for tag in expansion.excluded if tag.off} == (narrower & keep) - typed - set(asked(query))

    def test_what_contradicts_an_excluded_tag_stays(self) -> None:
        expansion = expander({}).expand(parsed("piano -vocals"))
        assert an_id("no vocals") not in expansion.excluded_ids()
        assert an_id("female vocals") in expansion.excluded_ids()

    def test_chips_say_which_exclusion_brought_a_tag_along(self) -> None:
        expansion = expander({}).expand(parsed("jazz -piano"))
        chips = [(tag.tag_id, tag.narrower_of) for tag in expansion.excluded]
        assert chips == [(PIANO, None), (an_id("toy piano"), PIANO)]


class TestWholePath:
    """From text to hits with a real index, against brute force that knows neither plans nor engines."""

    @given(
        texts(), kin_tables, catalogues(min_size=3), drifts, st.frozensets(some_tags, max_size=2),
        st.frozensets(some_tags, max_size=2),
    )  # fmt: skip
    @settings(max_examples=150, deadline=None)
    def test_hits_and_scores_are_those_of_brute_force(
        self, text: str, table: KinTable, catalogue: list[Document], drift: float, without: frozenset[str],
        keep: frozenset[str],
    ) -> None:  # fmt: skip
        with searching(catalogue, SmallModel(table)) as searcher:
            result = searcher.search(SearchRequest(text, drift, without, keep, k=100))
        meaning = Meaning(result.query, table, NARROWER, CONTRADICTING, drift, without, keep)
        expected = meaning.hits(catalogue)
        assume(expected)  # else the query is relaxed: test_relaxing
        assert {hit.track.track_id for hit in result.hits} == expected.keys()
        assert result.relaxed == ()
        for hit in result.hits:
            assert abs(hit.score - expected[hit.track.track_id]) <= TOLERANCE * len(meaning.asked)

    @given(texts(), kin_tables, catalogues(), drifts)
    @settings(max_examples=60, deadline=None)
    def test_the_order_is_score_then_a_title_then_the_id(
        self, text: str, table: KinTable, catalogue: list[Document], drift: float
    ) -> None:
        with searching(catalogue, SmallModel(table)) as searcher:
            hits = searcher.search(SearchRequest(text, drift, k=100)).hits
        keys = [(-hit.score, hit.track.title == "", hit.track.track_id) for hit in hits]
        assert all(before < after for before, after in pairwise(keys))

    @given(texts(), kin_tables, catalogues(), drifts)
    @settings(max_examples=60, deadline=None)
    def test_the_engine_does_what_the_plan_says(
        self, text: str, table: KinTable, catalogue: list[Document], drift: float
    ) -> None:
        plan = plan_of(expander(table).expand(parsed(text), drift))
        with searching(catalogue, SmallModel(table)) as searcher:
            answer = searcher.engine.search(plan)
        expected = expected_answer(catalogue, plan)
        assert [(hit.document, hit.score) for hit in answer.hits] == expected.hits

    def test_a_demanded_tag_is_reached_by_being_typed_only(self) -> None:
        catalogue = [
            Document(Track("t:heard"), heard=(JAZZ,), heard_weights=(256,)),
            Document(Track("t:implied"), implied=(JAZZ,), implied_weights=(256,)),
            Document(Track("t:kin"), typed=(ROCK,)),
            Document(Track("t:typed"), typed=(JAZZ,)),
        ]
        with searching(catalogue, SmallModel({JAZZ: ((ROCK, 1.0),)})) as searcher:
            demanded, plain = (searcher.search(SearchRequest(text, 1.0)) for text in ("+jazz", "jazz"))
        assert [hit.track.track_id for hit in demanded.hits] == ["t:typed"]
        assert [hit.track.track_id for hit in plain.hits] == ["t:typed", "t:implied", "t:heard", "t:kin"]


def test_the_page_on_semantics_has_todays_figures() -> None:
    page = (Path(__file__).parents[2] / "docs" / "semantics.md").read_text(encoding="utf-8")
    assert f"{IMPLIED_SHARE:.2f} · implied(q) + {HEARD_SHARE:.2f} · heard(q)" in page
    assert f"similarity(r) / Σ similarity · {KIN_SHARE:.2f}" in page
    assert f"at least 1/{1 / LEAST_WEIGHT:.0f}" in page
    assert f"stands at {DEFAULT_DRIFT:g}" in page
    assert f"stays within {SPILL_BUDGET:g}" in page
    assert round(IMPLIED_SHARE + HEARD_SHARE + KIN_SHARE, 9) == SPILL_BUDGET
    assert f"{dial_gain(0.0):g} at drift 0 and else 0.4 + 0.6 · drift" in page
    assert [dial_gain(drift) for drift in (0.0, 0.5, 1.0)] == [0.0, 0.7, 1.0]
