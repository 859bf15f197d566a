"""The references of the page “Sounds like this”: as the search takes them, and as the page shows them."""

from __future__ import annotations

from dataclasses import dataclass

from search.query import render_tag
from search.searcher import Searcher, UnknownTrack
from search.similar_sound import EXCERPT_SECONDS
from search.similar_sound import Reference as Asked
from tagmodel.track import Track
from web.links import search_link, tag_link, track_link
from web.listening import play_link
from web.pages.similar_address import HeardReference, Reference, SimilarAddress
from web.pages.suggest_address import SuggestAddress
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


def asked_for(reference: Reference, source: Searcher) -> Asked | None:
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


def reference_row(state: SimilarAddress, one: Reference, asked: Asked | None, source: Searcher) -> ReferenceRow:
    """Return a reference as the page shows it."""
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
    suggest = SuggestAddress(heard=tuple((one.spelling, one.probability) for one in tags)).query
    return ReferenceRow(
        f"{_KINDS[heard.kind]}, {clock(heard.seconds)}",
        "",
        one.positive,
        flip,
        remove,
        heard=tags,
        notes=tuple(_notes(heard)),
        search=search_link(" ".join(map(render_tag, sure[:4]))) if sure else "",
        suggest=suggest if tags else "",
    )


def _notes(heard: HeardReference) -> list[str]:
    notes = []
    if heard.status == "unlike":
        notes.append("It sounds unlike all the music that the ear was trained on, so no tag is claimed.")
    if heard.seconds < EXCERPT_SECONDS:
        notes.append("It is short, so tracks are compared by their best moment as well.")
    return notes
