"""What steers a search, as shown: the tags asked for with their kin, what is excluded and filtered, and the dial.

Each thing that can be done to a search is an address, worked out here; the templates only place it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache

import msgspec

from search.plan import Filters
from search.query import with_weight, without_excluded, without_filter, without_tag, without_word, write_range
from search.result import ExcludedChip, KinChip, SearchRequest, SearchResult, TagChip
from search.words import fold_value
from web.addresses import Changes

# Kin shown at once beside each tag, the rest being one click away; beside many tags fewer.
KIN_SHOWN = 8
KIN_SHOWN_AMONG_ALL = 18
LEAST_KIN_SHOWN = 3
# Exclusions shown at once; a broad one brings dozens of narrower tags along, most on no track at all.
EXCLUDED_SHOWN = 4
# Kin chips of all tags together: a page of ten tags, each with all its kin, would weigh more than its hits.
KIN_LISTED = 72

# Weights that a click gives a tag; any other can be typed.
_WEIGHTS = (
    ("half", "\N{MULTIPLICATION SIGN}½", 0.5),
    ("as usual", "\N{MULTIPLICATION SIGN}1", 1.0),
    ("double", "\N{MULTIPLICATION SIGN}2", 2.0),
)

# What the dial lets in when it stands above each mark.
_DIAL_WORDS = ((0.8, "far outside the box"), (0.5, "distant kin"), (0.15, "near kin"), (0.0, "closest kin only"))


class KinAction(msgspec.Struct, frozen=True):
    """A kin chip: what it is and where its clicks lead.

    Parameters
    ----------
    name
        ``"keyboard, kin of piano"``.
    known_from
        What sees the two tags together: ``"co-occurrence, ALS and word2vec"``, strongest first.
    strength
        Similarity in percent of the nearest kin on the page, for the little bar.
    toggle
        Address with this kin switched off, or on again.
    promote
        Address with it as a tag of the query; ``""`` where that would be too long.
    exclude
        Address without the tracks that carry it; ``""`` where that would be too long.
    """

    spelling: str
    name: str
    known_from: str
    strength: int
    off: bool
    toggle: str
    promote: str
    exclude: str


@dataclass(frozen=True, slots=True)
class WeightChoice:
    """A weight that a tag can be given; `current` when it has it."""

    says: str
    label: str
    address: str
    current: bool


@dataclass(frozen=True, slots=True)
class TagRow:
    """A tag of the query with its kin.

    Parameters
    ----------
    typed
        The spelling in the query where it is another one, else ``""``.
    kin_unlisted
        How many more take part without a chip of their own.
    waiting
        How many more would come at the far end of the dial.
    weights
        What it can count instead, where there are other tags to compare with.
    """

    spelling: str
    typed: str
    weight: float
    required: bool
    known: bool
    n_tracks: int
    remove: str
    weights: tuple[WeightChoice, ...]
    kin_shown: tuple[KinAction, ...]
    kin_more: tuple[KinAction, ...]
    kin_unlisted: int
    waiting: int

    @property
    def kin(self) -> tuple[KinAction, ...]:
        """All kin that are listed, nearest first."""
        return self.kin_shown + self.kin_more


class Removable(msgspec.Struct, frozen=True):
    """A word, filter or exclusion that one click takes off, or brings back when it is `off`.

    Parameters
    ----------
    because
        For a narrower exclusion, the typed one that brought it along.
    """

    label: str
    address: str
    because: str = ""
    off: bool = False


@dataclass(frozen=True, slots=True)
class Steering:
    """The whole panel."""

    rows: tuple[TagRow, ...]
    excluded: tuple[Removable, ...]
    words: tuple[Removable, ...]
    filters: tuple[Removable, ...]
    drift: float
    drift_says: str

    @property
    def any(self) -> bool:
        """Whether there is anything to steer: a search for words that nobody knows has nothing."""
        return bool(self.rows or self.excluded or self.words or self.filters)

    @property
    def excluded_shown(self) -> tuple[Removable, ...]:
        """What is left out, as far as it is shown at once."""
        return self.excluded[:EXCLUDED_SHOWN]

    @property
    def excluded_more(self) -> tuple[Removable, ...]:
        """The others."""
        return self.excluded[EXCLUDED_SHOWN:]


def steer(result: SearchResult, changes: Changes) -> Steering:
    """Work out the panel of a result; `changes` start from what `steered` returns."""
    query = result.query
    return Steering(
        rows=tuple(_tag_rows(result, changes)),
        excluded=tuple(_excluded(changes, chip) for chip in sorted(result.excluded, key=_weightiest)),
        words=tuple(Removable(word.typed, changes.text(without_word(query, word.word))) for word in query.words),
        filters=tuple(
            Removable(label, changes.text(without_filter(query, field, value)))
            for field, value, label in filter_labels(query.filters)
        ),
        drift=result.request.drift,
        drift_says=drift_says(result.request.drift),
    )


def steered(result: SearchResult) -> SearchRequest:
    """Return the search that steering starts from: at the first hit, with only those switches that still act.

    A kin that was switched off under other words is forgotten, or it would stay off unseen.
    """
    request = result.request
    off = {kin.tag_id for chip in result.chips for kin in chip.kin if kin.off} if request.without else ()
    kept = {chip.tag_id for chip in result.excluded if chip.off} if request.keep else ()
    return replace(request, offset=0, without=frozenset(off), keep=frozenset(kept))


def drift_says(drift: float) -> str:
    """Say in words where the dial stands."""
    return next((words for above, words in _DIAL_WORDS if drift > above), "only my words")


def filter_labels(filters: Filters) -> Iterator[tuple[str, str, str]]:
    """Yield each filter as (field, folded value, what to show); of a range the value is ``""``."""
    for field in ("genre", "license", "artist", "key"):
        for value in getattr(filters, field):
            yield field, value, f"{field}: {value or 'not stated'}"
    for field, unit in (("duration", " seconds"), ("year", ""), ("bpm", " beats per minute")):
        interval = getattr(filters, field)
        if interval is not None:
            yield field, "", f"{field}: {write_range(field, interval)}{unit}"


def _tag_rows(result: SearchResult, changes: Changes) -> Iterator[TagRow]:
    nearest = max((kin.similarity for chip in result.chips for kin in chip.kin), default=1.0)
    n_tags = len(result.chips)
    for chip in result.chips:
        listed = [kin for kin in chip.kin if kin.live or kin.off]
        kin = tuple(_kin_action(changes, chip, one, nearest) for one in listed[: KIN_LISTED // n_tags])
        yield _tag_row(changes, chip, kin, n_tags, len(listed))


def _tag_row(changes: Changes, chip: TagChip, kin: tuple[KinAction, ...], n_tags: int, n_listed: int) -> TagRow:
    n_shown = min(KIN_SHOWN, max(LEAST_KIN_SHOWN, KIN_SHOWN_AMONG_ALL // n_tags))
    return TagRow(
        spelling=chip.spelling,
        typed=chip.typed if fold_value(chip.typed) != fold_value(chip.spelling) else "",
        weight=chip.weight,
        required=chip.required,
        known=chip.known,
        n_tracks=chip.n_tracks,
        remove=changes.text(without_tag(changes.query, chip.tag_id)),
        weights=_weight_choices(changes, chip) if n_tags > 1 else (),
        kin_shown=kin[:n_shown],
        kin_more=kin[n_shown:],
        kin_unlisted=n_listed - len(kin),
        waiting=len(chip.kin) - n_listed,
    )


def _weight_choices(changes: Changes, chip: TagChip) -> tuple[WeightChoice, ...]:
    """Offer other weights, which mean something only beside other tags."""
    return tuple(
        WeightChoice(says, label, "", True)
        if weight == chip.weight
        else WeightChoice(says, label, changes.text(with_weight(changes.query, chip.tag_id, weight)), False)
        for says, label, weight in _WEIGHTS
    )


def _kin_action(changes: Changes, chip: TagChip, kin: KinChip, nearest: float) -> KinAction:
    return KinAction(
        spelling=kin.spelling,
        name=f"{kin.spelling}, kin of {chip.spelling}",
        known_from=_listed(kin.origins),
        strength=round(100 * kin.similarity / nearest),
        off=kin.off,
        toggle=changes.switched(kin.tag_id),
        promote=changes.with_kin(kin.tag_id, kin.spelling),
        exclude=changes.without_tag(kin.spelling),
    )


@lru_cache(64)
def _listed(names: tuple[str, ...]) -> str:
    """Write names as prose does: ``"a, b and c"``."""
    return " and ".join(filter(None, [", ".join(names[:-1]), *names[-1:]]))


def _weightiest(chip: ExcludedChip) -> tuple[bool, bool, int]:
    """Order exclusions: those typed, those brought back, then by the tracks that each leaves out."""
    return chip.narrower_of is not None, not chip.off, -chip.n_tracks


def _excluded(changes: Changes, chip: ExcludedChip) -> Removable:
    if chip.narrower_of is None:
        return Removable(chip.spelling, changes.text(without_excluded(changes.query, chip.tag_id)), "", chip.off)
    return Removable(chip.spelling, changes.kept(chip.tag_id), chip.narrower_of, chip.off)
