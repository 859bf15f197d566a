"""What the suggest page shows: the typed tags, what is odd about them, what goes with them, what that would bring."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from search.engine import SearchUnavailable
from search.query import render_tag
from search.result import NamedReason, NamedSuggestion, Reach, SuggestResult
from search.searcher import Searcher
from tagmodel.vocabulary import Vocabulary
from web.pages.suggest_address import Order, SuggestAddress
from web.pages.suggest_lists import ListForm, write_list
from web.pages.suggest_warnings import Oddity, Warner, Warning

# Suggestions shown.
SUGGESTIONS = 15
# Reasons named for each.
REASONS = 3
# Known tags that a search takes.
QUERY_TAGS = 10


@dataclass(frozen=True, slots=True)
class TypedRow:
    """A typed tag and the address without it."""

    spelling: str
    known: bool
    remove: str


@dataclass(frozen=True, slots=True)
class Mend:
    """A change of the typed tags: in words for a link, its address, and how many tracks carry the word it brings."""

    label: str
    address: str
    n_tracks: int | None = None


@dataclass(frozen=True, slots=True)
class WarningRow:
    """Something odd, and what mends it in one click."""

    warning: Warning
    mends: tuple[Mend, ...]


@dataclass(frozen=True, slots=True)
class SuggestionRow:
    """A suggestion with the addresses that accept it and turn it down."""

    spelling: str
    probability: float
    reasons: tuple[NamedReason, ...]
    n_tracks: int | None
    reach: Reach | None
    accept: str
    reject: str
    heard: float | None = None


@dataclass(frozen=True, slots=True)
class RejectedRow:
    """A suggestion that was turned down and the address that lets it come again."""

    spelling: str
    allow: str


@dataclass(frozen=True, slots=True)
class ListView:
    """A form of the list and its address."""

    form: ListForm
    address: str
    current: bool


@dataclass(frozen=True, slots=True)
class OrderView:
    """An order of the suggestions and its address."""

    order: Order
    address: str
    current: bool


@dataclass(frozen=True, slots=True)
class IndexSays:
    """What an index can say about suggestions.

    Parameters
    ----------
    away
        It cannot answer now: suggestions come from the model alone.
    n_probes
        Searches whose first hits are known, 0 where reach is not.
    why
        Then why not, for people.
    """

    away: bool = False
    n_probes: int = 0
    why: str = ""


@dataclass(frozen=True, slots=True)
class SuggestPage:
    """Everything the suggest page shows.

    Parameters
    ----------
    listed
        The typed tags as one line, as they stand in the box.
    copied
        The typed tags in the form that was asked for.
    query
        A search for tracks with the known tags.
    index
        What the index could say.
    n_known
        Typed tags that the model knows.
    forget
        The address without what was heard; ``""`` where nothing was.
    example
        An address to try.
    """

    state: SuggestAddress
    typed: tuple[TypedRow, ...]
    warnings: tuple[WarningRow, ...]
    suggestions: tuple[SuggestionRow, ...]
    rejected: tuple[RejectedRow, ...]
    reached: int | None
    listed: str
    copied: str
    views: tuple[ListView, ...]
    orders: tuple[OrderView, ...]
    query: str
    index: IndexSays
    n_known: int
    forget: str = ""
    example: str = SuggestAddress(("sitar", "tabla", "india")).query

    @property
    def brings_none(self) -> bool:
        """Whether reach is known and no suggestion brings the track into a list by itself."""
        known = [one.reach for one in self.suggestions if one.reach is not None]
        return bool(known) and all(reach.searches <= 0 for reach in known)


def suggest_page(state: SuggestAddress, source: Searcher) -> SuggestPage:
    """Ask for suggestions and work out the page; those turned down make room for the next ones."""
    result = source.suggest(state.tags, SUGGESTIONS + len(state.rejected), dict(state.heard))
    known = {tag.typed: tag.known for tag in result.typed}
    kept = _chosen(state, result.suggestions, source.model.vocabulary)
    return SuggestPage(
        state=state,
        typed=tuple(TypedRow(one, known.get(one, False), state.replacing(one).query) for one in state.tags),
        warnings=tuple(WarningRow(one, _mends(state, one)) for one in Warner(source).warn(state.tags, result)),
        suggestions=tuple(_suggestion_row(state, one) for one in kept),
        rejected=tuple(RejectedRow(one, state.allowing(one).query) for one in state.rejected),
        reached=result.reached,
        listed=write_list(state.tags),
        copied=write_list(state.tags, state.form),
        views=tuple(ListView(form, state.written_as(form).query, form is state.form) for form in ListForm),
        orders=tuple(OrderView(one, state.ordered_by(one).query, one is state.order) for one in Order),
        query=known_tags_query(result),
        index=index_says(source),
        n_known=sum(known.values()),
        forget=state.without_heard().query if state.heard else "",
    )


def index_says(source: Searcher) -> IndexSays:
    """Ask whether the index is there, and how many searches its reach is made of."""
    try:
        reading = source.reach()
    except SearchUnavailable:
        return IndexSays(away=True)
    return IndexSays(False, 0 if reading.table is None else len(reading.table.record.arrays.uses), reading.why)


def per_thousand(share: float) -> str:
    """Write how many of 1,000 searches something is, with its sign and no more digits than say anything."""
    if abs(share) < 0.05:
        return "<0.1"
    return signed(share, 1 if abs(share) < 10 else 0)


def signed(number: float, digits: int = 0) -> str:
    """Write a number with its sign, as typographers do: ``+3``, ``±0``, and a true minus."""
    sign = "+" if number > 0 else "\N{MINUS SIGN}" if number < 0 else "±"
    return f"{sign}{abs(number):,.{digits}f}"


def known_tags_query(result: SuggestResult) -> str:
    """Return the search for tracks with the typed tags that the model knows, as many as one search takes."""
    spellings = dict.fromkeys(tag.spelling for tag in result.typed if tag.known)
    return " ".join(render_tag(spelling) for spelling in list(spellings)[:QUERY_TAGS])


def _mends(state: SuggestAddress, warning: Warning) -> tuple[Mend, ...]:
    """Offer to remove what is one too many, to part what was written together, or to write another word."""
    typed, other, words = warning.typed, warning.other, warning.instead
    match warning.oddity:
        case Oddity.CONTRADICTION:
            return tuple(Mend(f"Remove {one}", state.replacing(one).query) for one in (typed, other))
        case Oddity.DUPLICATE:
            return (Mend(f"Remove {typed}", state.replacing(typed).query),)
        case Oddity.SEVERAL:
            parts = [word.spelling for word in words]
            return (Mend(f"Read it as {', '.join(parts)}", state.replacing(typed, *parts).query),)
    return tuple(
        Mend(f"Write {word.spelling}", state.replacing(typed, word.spelling).query, word.n_tracks) for word in words
    )


def _chosen(
    state: SuggestAddress, suggestions: Sequence[NamedSuggestion], vocabulary: Vocabulary
) -> list[NamedSuggestion]:
    """Leave out what was turned down, and put first what shall come first; equals stay as probable as they are."""
    turned_down = {vocabulary.canonical_key(spelling) for spelling in state.rejected}
    kept = [one for one in suggestions if vocabulary.canonical_key(one.spelling) not in turned_down]
    shown = kept[:SUGGESTIONS]
    if state.order is Order.REACH:
        shown.sort(key=lambda one: -(one.reach.searches if one.reach else 0))
    return shown


def _suggestion_row(state: SuggestAddress, one: NamedSuggestion) -> SuggestionRow:
    accept, reject = state.accepting(one.spelling).query, state.rejecting(one.spelling).query
    return SuggestionRow(
        one.spelling, one.probability, one.reasons[:REASONS], one.n_tracks, one.reach, accept, reject, one.heard
    )
