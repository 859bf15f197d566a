"""The track page: its tags and where each comes from, the searches that show it, and the tracks most like it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue

from search.document import DOCUMENT_UNITS, Family
from search.query import render_tag
from search.query.filters import write_filter
from search.result import FoundBy, Hit, RequestError
from search.searcher import Searcher, UnknownTrack
from search.sound import Sound
from search.words import fold_value
from tagmodel.track import LONGEST_ID, Track
from web.addresses import MAX_TEXT, AddressError, without_nul
from web.context import searcher
from web.links import search_link, tag_link
from web.pages.bars import Bar, bar_scale, hit_bar
from web.pages.suggest_address import MAX_TAGS
from web.pages.track_sound import Place, TrackSound, track_sound
from web.values import read_number

blueprint = Blueprint("track", __name__)

# Similar tracks shown.
SIMILAR = 12
# Searches that find the track, shown.
SEARCHES = 12
# Heard or implied tags shown at once; the rest is one click away.
WEIGHTED_SHOWN = 10


@blueprint.get("/track")
def show() -> ResponseReturnValue:
    """Show a track."""
    track_id = read_track_id()
    drift = read_similar_drift()
    try:
        page = track_page(track_id, drift, searcher())
    except UnknownTrack:
        return render_template("track_unknown.html", track_id=track_id), 404
    return render_template("track.html", page=page)


@dataclass(frozen=True, slots=True)
class TypedTag:
    """A tag as a person wrote it, with the page of the tag and a search for it."""

    spelling: str
    about: str
    search: str


@dataclass(frozen=True, slots=True)
class WeightedTag:
    """A tag that was heard or implied, with its probability in (0, 1], and where it is heard best."""

    spelling: str
    probability: float
    about: str
    search: str
    place: Place | None = None


@dataclass(frozen=True, slots=True)
class WeightedTags:
    """The tags of one provenance, most probable first."""

    family: Family
    tags: tuple[WeightedTag, ...]

    @property
    def shown(self) -> tuple[WeightedTag, ...]:
        """Those named at once; one more is shown rather than hidden alone."""
        return self.tags if len(self.tags) <= WEIGHTED_SHOWN + 1 else self.tags[:WEIGHTED_SHOWN]

    @property
    def more(self) -> tuple[WeightedTag, ...]:
        """The rest."""
        return self.tags[len(self.shown) :]


@dataclass(frozen=True, slots=True)
class SimilarRow:
    """A track that is like this one, and why."""

    track: Track
    sound: Sound | None
    bar: Bar


@dataclass(frozen=True, slots=True)
class TrackPage:
    """Everything the page shows of a track.

    Parameters
    ----------
    found_by
        Searches that show it, most used first.
    why_unknown
        Why nobody knows which searches show it, for people; ``""`` where it is known.
    n_searched
        How many searches were tried for that.
    suggest
        The suggest page with its tags.
    """

    track: Track
    sound: TrackSound
    typed: tuple[TypedTag, ...]
    heard: WeightedTags
    implied: WeightedTags
    found_by: tuple[FoundBy, ...]
    why_unknown: str
    n_searched: int
    similar: tuple[SimilarRow, ...]
    drift: float
    suggest: str
    artist_search: str


def read_track_id() -> str:
    """Read the id of the address; raises `AddressError` where there is none, or one that nobody gives."""
    track_id = request.args.get("id", "")
    if not track_id:
        raise AddressError("the page of a track needs its id, such as /track?id=fma:2")
    if len(track_id) > LONGEST_ID:
        raise AddressError(f"an id has at most {LONGEST_ID:,} characters, this one has {len(track_id):,}")
    return without_nul(track_id, "the id")


def read_similar_drift() -> float:
    """Read how far outside its own tags similar tracks are looked for: not at all unless said."""
    text = request.args.get("drift", "") or "0"
    drift = read_number(text)
    if drift is None or not 0.0 <= drift <= 1.0:
        raise RequestError(f"drift is a number from 0 (the same tags) to 1, such as drift=0.3, not “{text[:40]}”")
    return drift


def track_page(track_id: str, drift: float, source: Searcher) -> TrackPage:
    """Work out the page of a track; raises `UnknownTrack`."""
    document = source.document(track_id)
    track, sound = document.track, track_sound(document, source)
    similar = source.similar(track_id, SIMILAR, drift)
    scale = _all_shared(similar)
    reach = source.reach()
    return TrackPage(
        track=track,
        typed=tuple(TypedTag(tag, tag_link(tag), search_link(render_tag(tag))) for tag in track.tags),
        sound=sound,
        heard=_weighted(Family.HEARD, document.heard, document.heard_weights, source, sound),
        implied=_weighted(Family.IMPLIED, document.implied, document.implied_weights, source),
        found_by=source.found_by(track_id, SEARCHES),
        why_unknown=reach.why,
        n_searched=0 if reach.table is None else len(reach.table.record.arrays.uses),
        similar=tuple(_similar_row(hit, scale) for hit in similar),
        drift=drift,
        suggest="?" + urlencode([("tag", tag) for tag in [*dict.fromkeys(track.tags)][:MAX_TAGS]]),
        artist_search=_artist_search(track.artist),
    )


def _weighted(
    family: Family, tag_ids: Sequence[str], units: Sequence[int], source: Searcher, sound: TrackSound | None = None
) -> WeightedTags:
    def row(tag_id: str, n: int) -> WeightedTag:
        name = source.lexicon.spelling(tag_id)
        place = sound.place(tag_id) if sound else None
        return WeightedTag(name, n / DOCUMENT_UNITS, tag_link(name), search_link(render_tag(name)), place)

    pairs = sorted(zip(tag_ids, units, strict=True), key=lambda pair: (-pair[1], pair[0]))
    return WeightedTags(family, tuple(row(*pair) for pair in pairs))


def _all_shared(similar: Sequence[Hit]) -> float:
    """Return what a track would score that shares every tag which any of these shares: the whole width of a bar."""
    shared = {
        one.tag_id: one.amount
        for hit in similar
        for one in hit.contributions
        if one.family is Family.TYPED and not one.is_kin
    }
    return max(sum(shared.values()), bar_scale((), similar))


def _similar_row(hit: Hit, scale: float) -> SimilarRow:
    return SimilarRow(hit.track, hit.sound, hit_bar(hit, scale))


def _artist_search(artist: str) -> str:
    """Return the address of all tracks of an artist; ``""`` where no query is long enough for the name."""
    name = fold_value(artist)
    query = write_filter("artist", name) if name else ""
    return search_link(query) if 0 < len(query) <= MAX_TEXT else ""
