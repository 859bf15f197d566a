"""What the page “Sounds like this” shows: the references, what could be meant by a name, and what is like them."""

from __future__ import annotations

from dataclasses import dataclass, replace

from search.plan import SHARES
from search.query import QueryError
from search.result import RequestError
from search.searcher import Searcher
from search.similar_hits import SimilarHit, SimilarResult
from search.similar_sound import Reference as Asked
from search.similar_sound import SimilarRequest
from search.track_names import tracks_named
from tagmodel.track import Track
from web.listening import play_link
from web.pages.similar_address import COUNTS, Reference, SimilarAddress
from web.pages.similar_references import ReferenceRow, asked_for, reference_row


@dataclass(frozen=True, slots=True)
class Candidate:
    """A track that a name may mean, and the address that takes it as a reference."""

    track: Track
    address: str


@dataclass(frozen=True, slots=True)
class SimilarRow:
    """A track that is like the references, and why.

    Parameters
    ----------
    likeness
        Of sound, as a share in percent of the width of a bar; None where one side was never listened to.
    play
        Address that plays its best moment.
    more
        Address with it as a further reference; ``""`` where there is no room for one.
    """

    hit: SimilarHit
    likeness: float | None
    play: str
    more: str


@dataclass(frozen=True, slots=True)
class CountChoice:
    """How many tracks are shown, and the address that shows so many."""

    k: int
    address: str
    current: bool


@dataclass(frozen=True, slots=True)
class SimilarPage:
    """Everything the page shows.

    Parameters
    ----------
    candidates
        Tracks that the typed name may mean, likeliest first.
    mix
        Where the slider stands, in sixteenths from sound to tags.
    result
        None where nothing could be looked for; `problem` says why, unless nothing was asked.
    """

    state: SimilarAddress
    references: tuple[ReferenceRow, ...]
    candidates: tuple[Candidate, ...]
    rows: tuple[SimilarRow, ...]
    without_text: str
    counts: tuple[CountChoice, ...]
    mix: int
    result: SimilarResult | None = None
    problem: str = ""
    sent_problem: str = ""


def similar_page(state: SimilarAddress, source: Searcher, sent_problem: str = "") -> SimilarPage:
    """Look for what is like the references, and work out the page."""
    asked = [(one, asked_for(one, source)) for one in state.references]
    result, problem = _found(state, asked, source)
    return SimilarPage(
        state=state,
        references=tuple(reference_row(state, *one, source) for one in asked),
        candidates=_candidates(state, source),
        rows=tuple(_row(state, hit) for hit in (result.hits if result else ())),
        without_text=replace(state, text="").query,
        counts=tuple(CountChoice(k, replace(state, k=k).query, k == state.k) for k in COUNTS),
        mix=SHARES - (result.request.share if result else SHARES) if state.mix is None else round(SHARES * state.mix),
        result=result,
        problem=problem,
        sent_problem=sent_problem,
    )


def _found(
    state: SimilarAddress, asked: list[tuple[Reference, Asked | None]], source: Searcher
) -> tuple[SimilarResult | None, str]:
    """Search, or say why that cannot be."""
    sides = {
        side: tuple(one for reference, one in asked if one is not None and reference.positive is side)
        for side in (True, False)
    }
    if not sides[True]:
        return None, "Add something to be like: what to be unlike alone points nowhere." if sides[False] else ""
    try:
        request = SimilarRequest(sides[True], sides[False], state.k, state.mix, state.text)
        return source.similar_sound(request), ""
    except (RequestError, QueryError) as error:
        message = error.message if isinstance(error, QueryError) else str(error)
        return None, f"{message[:1].upper()}{message[1:]}."


def _candidates(state: SimilarAddress, source: Searcher) -> tuple[Candidate, ...]:
    if not state.name or state.is_full:
        return ()
    found = tracks_named(source.engine, state.name)
    return tuple(Candidate(one, state.adding(one.track_id).query) for one in found)


def _row(state: SimilarAddress, hit: SimilarHit) -> SimilarRow:
    start = hit.moment.start if hit.moment else 0.0
    return SimilarRow(
        hit,
        None if hit.similarity is None else 100 * max(0.0, hit.similarity),
        play_link(hit.track, hit.sound, start),
        "" if state.is_full else state.adding(hit.track.track_id).query,
    )
