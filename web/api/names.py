"""`names`: tracks by what they are called, also while somebody is still typing."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, Struct

from search.engine import SearchEngine
from search.plan import Plan
from search.track_names import CANDIDATES, OFFERED, tracks_named
from search.words import fold_words
from tagmodel.track import Track
from web.addresses import MAX_TEXT
from web.api.operations import operation
from web.context import searcher


class NamesParameters(Struct, frozen=True):
    """What a track is called.

    Parameters
    ----------
    name
        Words of its title and artist, in any order; the last one may be unfinished.
    """

    name: Annotated[str, Meta(min_length=1, max_length=MAX_TEXT, examples=["empty house"])]


class NamedTrack(Struct, frozen=True):
    """A track that may be meant.

    Parameters
    ----------
    track_id
        Its id.
    label
        Title and artist, which as a name mean this track again.
    title
        Title to show, never empty.
    artist
        Who plays; may be empty.
    """

    track_id: str
    label: str
    title: str
    artist: str


class Names(Struct, frozen=True):
    """Tracks that a name may mean.

    Parameters
    ----------
    tracks
        The likeliest first; one where the name is clear, none where nothing is called so.
    """

    tracks: tuple[NamedTrack, ...]


@operation("GET", "/names", sample=lambda of: {"name": of.title})
def names(parameters: NamesParameters) -> Names:
    """Find tracks by their names.

    Words of title and artist, with slips mended; after a whole word the last one may be unfinished. Of words that more
    tracks have, the first 300 tracks are compared.
    """
    engine = searcher().engine
    found = tracks_named(engine, parameters.name) or _begun(engine, parameters.name)
    return Names(tuple(map(_answer, found)))


def _begun(engine: SearchEngine, text: str) -> tuple[Track, ...]:
    """Return tracks that have all words but the last one, and a word that begins like that."""
    *whole, last = fold_words(text) or ("",)
    if not whole or not last:
        return ()
    hits = engine.search(Plan(words=tuple(dict.fromkeys(whole)), k=CANDIDATES)).hits
    tracks = (hit.document.track for hit in hits)
    meant = [one for one in tracks if any(word.startswith(last) for word in fold_words(f"{one.title} {one.artist}"))]
    return tuple(meant[:OFFERED])


def _answer(track: Track) -> NamedTrack:
    label = ", ".join(filter(None, (track.display_title, track.artist)))
    return NamedTrack(track.track_id, label, track.display_title, track.artist)
