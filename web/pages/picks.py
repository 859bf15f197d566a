"""The picks page: tracks that somebody ticked, as a list that can be sent, mended and taken along.

The address holds the list, so the page is the same for whoever opens it; the browser that ticked them keeps its own
copy (picks.js). What was removed stays in the address, which makes undoing a link.
"""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlencode

from flask import Blueprint, Response, render_template, request
from werkzeug.datastructures import MultiDict

from tagmodel.track import Track
from web.addresses import AddressError
from web.context import searcher
from web.links import picks_link
from web.pages import pick_files
from web.pages.wording import web_link

blueprint = Blueprint("picks", __name__)

# Most picks of one list: its address stays short enough to be sent.
MAX_PICKS = 200


@dataclass(frozen=True, slots=True)
class Pick:
    """One picked track; None where the index does not hold it (any more)."""

    track_id: str
    track: Track | None


@dataclass(frozen=True, slots=True)
class PicksPage:
    """Everything the picks page shows.

    Parameters
    ----------
    query
        The ids as a query string, for the addresses of the files.
    n_removed
        How many were taken off the list that came.
    undo
        Address of the list as it came; ``""`` where nothing was taken off.
    seconds
        How long all tracks together play, as far as they say.
    """

    picks: tuple[Pick, ...]
    query: str
    n_removed: int
    undo: str
    seconds: float

    @property
    def tracks(self) -> tuple[Track, ...]:
        """The picked tracks that there are."""
        return tuple(pick.track for pick in self.picks if pick.track is not None)

    @property
    def unknown(self) -> tuple[str, ...]:
        """Ids that the index does not hold."""
        return tuple(pick.track_id for pick in self.picks if pick.track is None)

    @property
    def n_untimed(self) -> int:
        """How many tracks do not say how long they are."""
        return sum(track.duration is None for track in self.tracks)

    @property
    def n_silent(self) -> int:
        """How many tracks have no address that a player could open."""
        return sum(not web_link(track.url) for track in self.tracks)


@blueprint.get("/picks")
def show() -> str:
    """Show the picks that the address holds."""
    return render_template("picks.html", page=picks_page(request.args), most=MAX_PICKS)


@blueprint.get("/picks.m3u")
def m3u() -> Response:
    """Send them as a playlist."""
    page = picks_page(request.args)
    return _file(pick_files.write_m3u(page.tracks, page.unknown), "audio/x-mpegurl; charset=utf-8", "m3u8")


@blueprint.get("/picks.csv")
def csv() -> Response:
    """Send them as a table."""
    content = pick_files.write_csv(picks_page(request.args).tracks)
    return _file(content, "text/csv; charset=utf-8; header=present", "csv")


@blueprint.get("/picks.json")
def json() -> Response:
    """Send them as the API gives tracks."""
    page = picks_page(request.args)
    return _file(pick_files.write_json(page.tracks, page.unknown), "application/json", "json")


def _file(content: bytes, content_type: str, ending: str) -> Response:
    headers = {"Content-Disposition": f'attachment; filename="tagkin-picks.{ending}"'}
    return Response(content, headers=headers, content_type=content_type)


def picks_page(arguments: MultiDict[str, str]) -> PicksPage:
    """Work out the page of an address.

    Raises
    ------
    AddressError
        If the address holds more than `MAX_PICKS` ids.
    search.engine.SearchUnavailable
        If the index cannot be read now.
    """
    came = read_ids(arguments)
    removed = set(came) if arguments.get("clear") == "1" else set(arguments.getlist("remove")) & set(came)
    left = [track_id for track_id in came if track_id not in removed]
    documents = searcher().engine.documents(left) if left else ()
    tracks = [None if document is None else document.track for document in documents]
    return PicksPage(
        picks=tuple(Pick(*pair) for pair in zip(left, tracks, strict=True)),
        query=urlencode([("id", track_id) for track_id in left]),
        n_removed=len(removed),
        undo=picks_link(came) if removed else "",
        seconds=sum(track.duration or 0.0 for track in tracks if track is not None),
    )


def read_ids(arguments: MultiDict[str, str]) -> list[str]:
    """Read the picked ids of an address, each once, in order."""
    ids = list(dict.fromkeys(filter(None, arguments.getlist("id"))))
    if len(ids) > MAX_PICKS:
        raise AddressError(
            f"a list holds at most {MAX_PICKS} picks, these are {len(ids):,}: send them as two lists, or take tracks"
            " by a search"
        )
    return ids
