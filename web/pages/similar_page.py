"""What the page “Sounds like this” shows: the references, what could be meant by a name, and what is like them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from urllib.parse import urlencode

from search.plan import SHARES
from search.query import QueryError, render_tag
from search.result import RequestError
from search.searcher import Searcher, UnknownTrack
from search.similar_hits import SimilarHit, SimilarResult
from search.similar_sound import EXCERPT_SECONDS, SimilarRequest
from search.similar_sound import Reference as Asked
from search.track_names import tracks_named
from tagmodel.track import Track
from web.links import search_link, tag_link, track_link
from web.listening import play_link
from web.pages.similar_address import COUNTS, HeardReference, Reference, SimilarAddress
from web.pages.wording import clock

_KINDS = {"file": "Your file", "recording": "Your recording"}


@dataclass(frozen=True, slots=True)
class HeardTagRow:
    """A tag that was heard in what was sent, with its page."""

    spelling: str
    probability: float
    about: str
    certain: bool


@dataclass(frozen=True, slots=True)
class ReferenceRow:
    """A reference, and the addresses that turn it around and take it away.

    Parameters
    ----------
    about
        Its page; ``""`` for what was sent.
    gone
        The index has no such track any more.
    silent
        Nobody listened to it, so only its tags can be compared.
    """

    label: str
    artist: str
    positive: bool
    flip: str
    remove: str
    about: str = ""
    play: str = ""
    track: Track | None = None
    heard: tuple[HeardTagRow, ...] = ()
    notes: tuple[str, ...] = ()
    search: str = ""
    suggest: str = ""
    gone: bool = False
    silent: bool = False


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
    asked = [(one, _asked(one, source)) for one in state.references]
    result, problem = _found(state, asked, source)
    return SimilarPage(
        state=state,
        references=tuple(_reference_row(state, *one, source) for one in asked),
        candidates=_candidates(state, source),
        rows=tuple(_row(state, hit) for hit in (result.hits if result else ())),
        without_text=replace(state, text="").query,
        counts=tuple(CountChoice(k, replace(state, k=k).query, k == state.k) for k in COUNTS),
        mix=SHARES - (result.request.share if result else SHARES) if state.mix is None else round(SHARES * state.mix),
        result=result,
        problem=problem,
        sent_problem=sent_problem,
    )


def _asked(reference: Reference, source: Searcher) -> Asked | None:
    """Return a reference as the search takes it; None where the track is gone."""
    if isinstance(reference.of, HeardReference):
        heard = reference.of
        known = source.model.vocabulary.canonical_id
        tags = tuple(dict.fromkeys(known(tag) for tag, _, certain in heard.tags if certain))
        return Asked(_KINDS[heard.kind], heard.vector, heard.seconds, tags, audio_id=heard.audio_id)
    try:
        return source.reference(reference.of)
    except UnknownTrack:
        return None


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


def _reference_row(state: SimilarAddress, one: Reference, asked: Asked | None, source: Searcher) -> ReferenceRow:
    flip, remove = state.flipping(one).query, state.removing(one).query
    if isinstance(one.of, HeardReference):
        return _heard_row(one, one.of, flip, remove)
    if asked is None:
        return ReferenceRow(one.of, "", one.positive, flip, remove, gone=True)
    document = source.document(one.of)
    track = document.track
    return ReferenceRow(
        track.display_title,
        track.artist,
        one.positive,
        flip,
        remove,
        about=track_link(track.track_id),
        play=play_link(track, document.sound),
        track=track,
        silent=not asked.vector,
    )


def _heard_row(one: Reference, heard: HeardReference, flip: str, remove: str) -> ReferenceRow:
    tags = tuple(HeardTagRow(tag, percent / 100, tag_link(tag), certain) for tag, percent, certain in heard.tags)
    sure = [one.spelling for one in tags if one.certain]
    told = ", ".join(f"{one.probability:.3g} {one.spelling}" for one in tags)
    return ReferenceRow(
        f"{_KINDS[heard.kind]}, {clock(heard.seconds)}",
        "",
        one.positive,
        flip,
        remove,
        heard=tags,
        notes=tuple(_notes(heard)),
        search=search_link(" ".join(map(render_tag, sure[:4]))) if sure else "",
        suggest="?" + urlencode([("tags", ""), ("heard", told)]) if tags else "",
    )


def _notes(heard: HeardReference) -> list[str]:
    notes = []
    if heard.status == "unlike":
        notes.append("It sounds unlike all the music that the ear was trained on, so no tag is claimed.")
    if heard.seconds < EXCERPT_SECONDS:
        notes.append("It is short, so tracks are compared by their best moment as well.")
    return notes


def _candidates(state: SimilarAddress, source: Searcher) -> tuple[Candidate, ...]:
    if not state.name:
        return ()
    found = tracks_named(source.engine, state.name)
    return tuple(Candidate(one, state.adding(one.track_id).query) for one in found)


def _row(state: SimilarAddress, hit: SimilarHit) -> SimilarRow:
    start = hit.moment.start if hit.moment else 0.0
    return SimilarRow(
        hit,
        None if hit.similarity is None else 100 * max(0.0, hit.similarity),
        play_link(hit.track, hit.sound, start),
        state.adding(hit.track.track_id).query,
    )
