"""How a track sounds, as its page shows it: tempo and key, where each tag is heard best, what the audio contradicts."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlencode

from search.document import Document
from search.searcher import Searcher
from search.sound import Sound
from web.links import search_link, tag_link
from web.listening import play_link
from web.pages.wording import percent

# Tracks of about the same tempo: as far as people tap along differently.
_TEMPO_ROOM = 0.04


@dataclass(frozen=True, slots=True)
class SoundFact:
    """Something that was heard, how sure it is in words, and a search for tracks that have it too."""

    name: str
    value: str
    sure: str
    search: str


@dataclass(frozen=True, slots=True)
class Place:
    """A second of a recording, and the address that plays it from there."""

    start: float
    address: str


@dataclass(frozen=True, slots=True)
class Doubt:
    """A typed tag that the audio contradicts, with its page."""

    spelling: str
    about: str


@dataclass(frozen=True, slots=True)
class TrackSound:
    """How a track sounds.

    Parameters
    ----------
    play
        Address of the recording; ``""`` where nothing can be played.
    alike
        Tracks that sound like it; ``""`` where nobody listened.
    places
        Where each tag is heard best, by tag id.
    unlike
        Whether it is so unlike the music that the network knows that it said nothing of tags.
    """

    play: str
    alike: str = ""
    facts: tuple[SoundFact, ...] = ()
    doubts: tuple[Doubt, ...] = ()
    places: tuple[tuple[str, Place], ...] = ()
    unlike: bool = False

    def place(self, tag_id: str) -> Place | None:
        """Return where a tag is heard best; None where nobody knows, or nothing can be played."""
        return dict(self.places).get(tag_id)


def track_sound(document: Document, source: Searcher) -> TrackSound:
    """Say how a track sounds."""
    sound, track = document.sound, document.track
    play = play_link(track, sound)
    if sound is None:
        return TrackSound(play)
    spelled = [source.lexicon.spelling(tag_id) for tag_id in sound.doubted]
    places = {one: Place(start, play_link(track, sound, start)) for one, start in best_places(sound).items()}
    return TrackSound(
        play,
        f"?{urlencode({'like': track.track_id})}" if sound.vector else "",
        tuple(filter(None, (_tempo(sound), _key(sound)))),
        tuple(Doubt(one, tag_link(one)) for one in spelled),
        tuple(places.items()) if play else (),
        sound.status == "unlike",
    )


def best_places(sound: Sound) -> dict[str, float]:
    """Return the second from which each tag is heard best, by tag id; the earliest of equals."""
    best: dict[str, tuple[int, float]] = {}
    for moment in sound.moments:
        for rank, tag_id in enumerate(moment.tags):
            best[tag_id] = min(best.get(tag_id, (rank, moment.start)), (rank, moment.start))
    return {tag_id: start for tag_id, (_, start) in best.items()}


def _tempo(sound: Sound) -> SoundFact | None:
    if sound.bpm is None:
        return None
    low, high = round(sound.bpm * (1 - _TEMPO_ROOM)), round(sound.bpm * (1 + _TEMPO_ROOM))
    return SoundFact("Tempo", f"{sound.bpm:.0f} bpm", percent(sound.bpm_confidence), search_link(f"bpm:{low}..{high}"))


def _key(sound: Sound) -> SoundFact | None:
    if not sound.key:
        return None
    return SoundFact("Key", sound.key, percent(sound.key_confidence), search_link(f'key:"{sound.key}"'))
