"""A catalogue of invented tracks, for machines without data and without a network.

Only artists and titles are made up freely. Tags are drawn as the model says tags come: a first one as often as it is
used, then one after another by how probable the tags so far make it. So search, kin and suggestion behave as they do on
real tracks. Each track says that it is invented, in its album and in its source.

Chance is Python's `random`, seeded by a text for each track: its numbers are promised to stay the same in every
version, and the first hundred tracks of five thousand are the first hundred of a million.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate
from random import Random
from typing import TYPE_CHECKING

from indexer.invented_names import invented_artist, invented_title
from tagmodel.track import Track

if TYPE_CHECKING:
    from tagmodel.model import TagModel

SOURCE = "invented"
ALBUM = "Invented catalogue"
MIN_TAGS, MAX_TAGS = 3, 12
# How often a track has 3, 4, … 12 tags.
TAG_COUNT_WEIGHTS = (10, 16, 18, 16, 12, 9, 7, 5, 4, 3)
# Artists of a catalogue; the r-th has made 1/√r as many tracks as the first.
N_ARTISTS = 900
# Tracks that begin with the tag their artist is known for; the others begin anywhere.
AT_HOME = 0.5  # share
# Sets completed side by side: the model answers for hundreds in the time of one.
BATCH = 500  # tracks
LICENSES = ("CC BY 4.0", "CC BY-SA 4.0", "CC BY-NC 4.0", "CC BY-NC-SA 4.0", "CC0 1.0", "")
LICENSE_WEIGHTS = (5, 3, 4, 4, 2, 2)
MEDIAN_DURATION, SHORTEST, LONGEST = 215.0, 35.0, 1_200.0  # seconds
FIRST_YEAR, LAST_YEAR = 1965, 2025
YEAR_STATED = 0.9  # share
# Genres a catalogue would have; a track is in that of its first tag that is one or has one among its kin.
GENRES = (
    *("Rock", "Pop", "Electronic", "Jazz", "Classical", "Folk", "Hip-Hop", "Metal", "Ambient", "Blues"),
    *("Country", "Soul", "Punk", "Experimental", "International", "Soundtrack"),
)


def invented_tracks(model: TagModel, n: int = 5_000, seed: int = 0) -> Iterator[Track]:
    """Make up tracks, the same ones for the same model and seed.

    Parameters
    ----------
    n
        How many; ids run from ``invented:00001``.

    Yields
    ------
    Track
        With 3 to 12 tags in displayed spelling, fewer only where the model has no more to say; never two that
        contradict each other.

    Raises
    ------
    ValueError
        If the model knows no tag at all.
    """
    if not len(model.vocabulary):
        raise ValueError(
            "expected a model that knows tags, got an empty vocabulary: was it trained on an empty catalogue?"
        )
    maker = _Maker(model, seed)
    for first in range(1, n + 1, BATCH):
        yield from maker.tracks(range(first, min(first + BATCH, n + 1)))


@dataclass(frozen=True)
class _Maker:
    """A model and a seed, with what is worked out once for all tracks."""

    model: TagModel
    seed: int

    @cached_property
    def _uses(self) -> list[int]:
        """Running total of the uses of each tag, for drawing."""
        return list(accumulate(self.model.vocabulary.counts.tolist()))

    @cached_property
    def _artist_weights(self) -> list[float]:
        return list(accumulate(rank**-0.5 for rank in range(1, N_ARTISTS + 1)))

    @cached_property
    def _genres(self) -> dict[str, str]:
        """Genre by tag id, of tags that are a genre."""
        return {self.model.vocabulary.canonical_id(genre): genre for genre in GENRES}

    def tracks(self, numbers: Sequence[int]) -> Iterator[Track]:
        """Make up the tracks of some numbers."""
        chances = [Random(f"{self.seed}/track/{number}") for number in numbers]
        artists = [chance.choices(range(N_ARTISTS), cum_weights=self._artist_weights)[0] for chance in chances]
        first_tags = [self._first_tag(artist, chance) for artist, chance in zip(artists, chances, strict=True)]
        for number, artist, tags, chance in zip(
            numbers, artists, self._complete(first_tags, chances), chances, strict=True
        ):
            yield self._track(number, artist, tags, chance)

    def _first_tag(self, artist: int, chance: Random) -> str:
        if chance.random() < AT_HOME:
            chance = Random(f"{self.seed}/home/{artist}")
        return chance.choices(self.model.vocabulary.ids, cum_weights=self._uses)[0]

    def _complete(self, first_tags: Sequence[str], chances: Sequence[Random]) -> list[list[str]]:
        """Draw the tags of each track, beginning with its first."""
        sizes = [chance.choices(range(MIN_TAGS, MAX_TAGS + 1), weights=TAG_COUNT_WEIGHTS)[0] for chance in chances]
        tag_sets = [[tag] for tag in first_tags]
        growing = list(range(len(tag_sets)))
        while growing:
            implied = self.model.imply([tag_sets[track] for track in growing])
            grown = []
            for track, (tags, weights) in zip(growing, implied, strict=True):
                drawn = self._draw(tag_sets[track], dict(zip(tags, weights, strict=True)), chances[track])
                tag_sets[track] += drawn
                if drawn and len(tag_sets[track]) < sizes[track]:
                    grown.append(track)
            growing = grown
        return tag_sets

    def _draw(self, tags: Sequence[str], implied: dict[str, int], chance: Random) -> list[str]:
        """Draw one more tag that contradicts none, of the kin where nothing is implied; nothing when there is none."""
        weights: dict[str, float] = dict(implied) or {
            kin.tag_id: kin.similarity for tag in tags for kin in self.model.kin(tag)
        }
        contradicts = self.model.vocabulary.contradicts
        while weights:
            drawn = chance.choices(list(weights), weights=list(weights.values()))[0]
            if drawn not in tags and not any(contradicts(drawn, tag) or contradicts(tag, drawn) for tag in tags):
                return [drawn]
            del weights[drawn]
        return []

    def _track(self, number: int, artist: int, tags: Sequence[str], chance: Random) -> Track:
        vocabulary = self.model.vocabulary
        duration = min(max(chance.lognormvariate(0, 0.4) * MEDIAN_DURATION, SHORTEST), LONGEST)
        return Track(
            track_id=f"{SOURCE}:{number:05d}",
            title=invented_title(chance),
            artist=invented_artist(Random(f"{self.seed}/artist/{artist}")),
            album=ALBUM,
            genre=self._genre(tags),
            license=chance.choices(LICENSES, weights=LICENSE_WEIGHTS)[0],
            duration=round(duration, 1),
            year=chance.randint(FIRST_YEAR, LAST_YEAR) if chance.random() < YEAR_STATED else None,
            source=SOURCE,
            tags=tuple(vocabulary.spelling(tag) or tag for tag in tags),
        )

    def _genre(self, tags: Sequence[str]) -> str:
        related = (tag for typed in tags for tag in (typed, *(kin.tag_id for kin in self.model.kin(typed))))
        return next((self._genres[tag] for tag in related if tag in self._genres), "")
