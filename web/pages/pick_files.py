"""Picked tracks as files: M3U for players, CSV for spreadsheets, JSON for programs.

Titles and addresses are whatever a catalogue holds: nothing in them may add a line to a playlist or run in a
spreadsheet.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Sequence
from urllib.parse import quote

import msgspec

from search.answers.tracks import Track as TrackAnswer
from search.answers.tracks import track_answer
from tagmodel.track import Track
from web.pages.wording import web_link

CSV_COLUMNS = (
    *("track_id", "title", "artist", "album", "genre", "license"),
    *("duration", "year", "url", "source", "tags"),
)
# Between the tags of a cell.
TAG_GAP = "; "
# A spreadsheet takes a cell that begins so for a formula.
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
# Shown by spreadsheets as the sign that what follows is text.
TEXT_SIGN = "'"

# Control characters, and what Unicode counts as the end of a line or paragraph.
_BREAKS = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]+")
# Controls that turn the direction of what follows: a name may pass for another by them, and no page isolates a file.
TURNS = re.compile("[\u202a-\u202e\u2066-\u2069]+")


class PickedTracks(msgspec.Struct, frozen=True):
    """Picked tracks, in the order of the picks.

    Parameters
    ----------
    tracks
        As the API gives tracks.
    unknown
        Picked ids that the index does not hold.
    """

    tracks: tuple[TrackAnswer, ...]
    unknown: tuple[str, ...]


def write_m3u(tracks: Sequence[Track], unknown: Sequence[str]) -> bytes:
    """Write an extended M3U playlist in UTF-8; what has no address to play, or is unknown, is a comment."""
    lines = ["#EXTM3U", "#PLAYLIST:Picks from tagkin"]
    lines += [line for track in tracks for line in _entry(track)]
    lines += [f"# not in this index: {_one_line(track_id)}" for track_id in unknown]
    return _encoded("".join(f"{line}\n" for line in lines))


def _entry(track: Track) -> Iterator[str]:
    """Yield the lines of a track; players take -1 seconds for a length that is not known."""
    name = _one_line(" - ".join(filter(None, (track.artist, track.display_title))))
    address = _playable(track.url)
    if not address:
        yield f"# no address: {name} ({_one_line(track.track_id)})"
        return
    yield f"#EXTINF:{-1 if track.duration is None else round(track.duration)},{name}"
    yield address


def _playable(address: str) -> str:
    """Return a track's web address with what would end its line percent-encoded, ``""`` if it has none."""
    return _BREAKS.sub(lambda found: quote(found.group()), _seen_address(address).strip())


def _seen_address(address: str) -> str:
    """Return a web address that reads as it goes, ``""`` if it is none."""
    return TURNS.sub(lambda found: quote(found.group()), web_link(address))


def _one_line(text: str) -> str:
    return _BREAKS.sub(" ", TURNS.sub("", text)).strip()


def write_csv(tracks: Sequence[Track]) -> bytes:
    """Write CSV after RFC 4180 with a header, in UTF-8 with the mark by which spreadsheets know it.

    A text that a spreadsheet would take for a formula gets an apostrophe in front. Of addresses only those
    are passed on that a page would link to: spreadsheets make whatever looks like one a link.
    """
    text = io.StringIO()
    rows = csv.writer(text, quoting=csv.QUOTE_NONNUMERIC)
    rows.writerow(CSV_COLUMNS)
    rows.writerows([_cell(track, column) for column in CSV_COLUMNS] for track in tracks)
    return _encoded("\ufeff" + text.getvalue())


def _cell(track: Track, column: str) -> str | float | int:
    if column == "url":
        return as_text(_seen_address(track.url))
    value = TAG_GAP.join(track.tags) if column == "tags" else getattr(track, column)
    if isinstance(value, int | float):
        return value
    # An id is what finds the track again, so it stays whole.
    return as_text(value if column == "track_id" else TURNS.sub("", value or ""))


def as_text(value: str) -> str:
    """Return a cell that a spreadsheet shows and does not run."""
    return TEXT_SIGN + value if value.startswith(FORMULA_STARTS) else value


def write_json(tracks: Sequence[Track], unknown: Sequence[str]) -> bytes:
    """Write the picks with all that the API says of each track.

    Addresses come as the catalogue has them, as from the API: a program follows only what it chooses to.
    """
    return msgspec.json.encode(PickedTracks(tuple(track_answer(track) for track in tracks), tuple(unknown)))


def _encoded(text: str) -> bytes:
    """Encode as UTF-8; half a surrogate pair, which is no character, becomes a question mark."""
    return text.encode("utf-8", "replace")
