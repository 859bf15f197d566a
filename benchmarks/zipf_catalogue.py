"""Invented tracks whose tags follow Zipf's law, as arrays or as documents, for benchmarks of speed.

Every track has 36 different tags of 2,000: the first 12 drawn count as typed, the others as implied. Query tags and
their kin are drawn by the same law, so that popular tags are asked for often, as people do.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from search.document import Document, Family
from search.embedded.build import Codes, Column, Features, Table
from search.plan import PLAN_UNITS, Clause, Group, Plan, Term
from tagmodel.track import Track

N_TAGS = 2_000
TAGS_PER_TRACK = 36
TYPED_PER_TRACK = 12
# Chosen so that the 15 tags of a query have about 270,000 postings at 106,574 tracks.
EXPONENT = 1.0
GROUPS = 3
KIN_PER_GROUP = 4

_DRAWS = 160  # enough to find 36 different tags in nearly every track
_TRACKS_AT_ONCE = 20_000
_FACET_SIZES = {"genre": 16, "license": 8, "artist": 8_000}


TAG_IDS = tuple(f"t{number:07}" for number in range(N_TAGS + 1))


@dataclass(frozen=True)
class ZipfCatalogue:
    """Tags of invented tracks by number, end to end.

    Parameters
    ----------
    typed, implied : int32
    typed_lengths, implied_lengths : int64, shape (n_tracks,)
    units : uint16
        Weights of `implied`.
    facet_codes : shape (n_tracks,) each
    """

    typed: NDArray[np.int32]
    typed_lengths: NDArray[np.int64]
    implied: NDArray[np.int32]
    implied_lengths: NDArray[np.int64]
    units: NDArray[np.uint16]
    facet_codes: dict[str, NDArray[np.int32]]

    def table(self) -> Table:
        """Return the catalogue as the columns that a segment is built from."""
        n_tracks = len(self.typed_lengths)
        nothing = np.zeros(n_tracks, np.int64)
        return Table(
            n=np.arange(1, n_tracks + 1),
            track_ids=[_track_id(i) for i in range(n_tracks)],
            has_title=np.ones(n_tracks, np.bool_),
            typed=Features(self.typed_lengths, self.typed),
            implied=Features(self.implied_lengths, self.implied, self.units),
            heard=Features(nothing, np.empty(0, np.int32), np.empty(0, np.uint16)),
            words=Features(nothing, np.empty(0, np.int32)),
            word_codes=Codes(),
            facets={name: self._column(name) for name in _FACET_SIZES},
            duration=np.full(n_tracks, np.nan),
            year=np.full(n_tracks, np.nan),
        )

    def _column(self, name: str) -> Column:
        spellings = Codes({_value(name, code): code for code in range(_FACET_SIZES[name])})
        return Column(spellings, array("i", self.facet_codes[name].tobytes()))

    def documents(self, ids: Sequence[str]) -> Iterator[Document]:
        """Yield the catalogue as documents whose tag number n has the id ``ids[n]``."""
        typed_ends, implied_ends = np.cumsum(self.typed_lengths), np.cumsum(self.implied_lengths)
        for i in range(len(typed_ends)):
            typed = self.typed[typed_ends[i] - self.typed_lengths[i] : typed_ends[i]].tolist()
            span = slice(implied_ends[i] - self.implied_lengths[i], implied_ends[i])
            values = {name: _value(name, codes[i]) for name, codes in self.facet_codes.items()}
            yield Document(
                Track(_track_id(i), title=f"Title {i}", **values),
                typed=tuple(ids[number] for number in typed),
                implied=tuple(ids[number] for number in self.implied[span].tolist()),
                implied_weights=tuple(self.units[span].tolist()),
                model_id="zipf",
            )


def _track_id(number: int) -> str:
    return f"zipf:{number:07}"


def _value(name: str, code: int) -> str:
    return f"{name} {code:04}"


def draw_catalogue(n_tracks: int, seed: int = 0) -> ZipfCatalogue:
    """Draw a catalogue."""
    rng = np.random.default_rng(seed)
    parts = [_draw_tracks(rng, min(_TRACKS_AT_ONCE, n_tracks - i)) for i in range(0, n_tracks, _TRACKS_AT_ONCE)]
    typed, typed_lengths, implied, implied_lengths = (np.concatenate(columns) for columns in zip(*parts, strict=True))
    units = rng.integers(20, 257, len(implied)).astype(np.uint16)
    codes = {name: _zipf(rng, size, n_tracks) for name, size in _FACET_SIZES.items()}
    return ZipfCatalogue(typed, typed_lengths, implied, implied_lengths, units, codes)


def _draw_tracks(rng: np.random.Generator, n_tracks: int) -> tuple[NDArray[np.int32], ...]:
    """Draw with repetition, then keep the first 36 different tags of each track."""
    drawn = _zipf(rng, N_TAGS, n_tracks * _DRAWS).reshape(n_tracks, _DRAWS) + 1
    order = np.argsort(drawn, axis=1, kind="stable")
    ordered = np.take_along_axis(drawn, order, axis=1)
    first = np.ones_like(ordered, dtype=np.bool_)
    first[:, 1:] = ordered[:, 1:] != ordered[:, :-1]
    fresh = np.zeros_like(first)
    np.put_along_axis(fresh, order, first, axis=1)
    rank = np.cumsum(fresh, axis=1)
    typed, implied = fresh & (rank <= TYPED_PER_TRACK), fresh & (rank > TYPED_PER_TRACK) & (rank <= TAGS_PER_TRACK)
    return drawn[typed], typed.sum(axis=1), drawn[implied], implied.sum(axis=1)


def _zipf(rng: np.random.Generator, n_values: int, size: int) -> NDArray[np.int32]:
    shares = np.arange(1, n_values + 1) ** -EXPONENT
    borders = np.cumsum(shares / shares.sum())
    return np.minimum(np.searchsorted(borders, rng.random(size)), n_values - 1).astype(np.int32)


def draw_plans(n_plans: int, seed: int = 1) -> list[Plan]:
    """Draw plans of three groups of five tags: the tag itself, what implies it, and four kin."""
    rng = np.random.default_rng(seed)
    return [_draw_plan(rng) for _ in range(n_plans)]


def _draw_plan(rng: np.random.Generator) -> Plan:
    drawn = dict.fromkeys(_zipf(rng, N_TAGS, 200).tolist())
    ids = [TAG_IDS[number + 1] for number in drawn][: GROUPS * (1 + KIN_PER_GROUP)]
    groups = []
    for own in ids[:GROUPS]:
        kin = [ids.pop() for _ in range(KIN_PER_GROUP)]
        terms = [Term(one, Family.TYPED, int(rng.integers(50, 400)) / PLAN_UNITS) for one in kin]
        groups.append(
            Group((Clause(own, (Term(own, Family.TYPED, 1.0), Term(own, Family.IMPLIED, 901 / PLAN_UNITS), *terms)),))
        )
    return Plan(tuple(groups))


def draw_tag_sets(n_sets: int, n_tags: int, seed: int = 2) -> list[list[int]]:
    """Draw sets of query tags by number, from 1 to `n_tags`."""
    rng = np.random.default_rng(seed)
    return [[number + 1 for number in dict.fromkeys(_zipf(rng, n_tags, 50).tolist())][:GROUPS] for _ in range(n_sets)]
