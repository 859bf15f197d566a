"""What steers a search, as shown: the tags asked for with their kin, what is excluded and filtered, and the dial.

Each thing that can be done to a search is an address, worked out here; the templates only place it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from search.plan import Filters
from search.query import Query, with_tag, without_excluded, without_filter, without_tag, without_word, write_range
from search.result import ExcludedChip, KinChip, SearchRequest, SearchResult, TagChip
from search.words import fold_value
from web.addresses import query_string

# Kin shown at once beside each tag; the rest is one click away.
KIN_SHOWN = 8
# Exclusions shown at once; a broad one brings dozens of narrower tags along, most on no track at all.
EXCLUDED_SHOWN = 8
# Kin chips of all tags together: a page of ten tags, each with all its kin, would weigh more than its hits.
KIN_LISTED = 72

# What the dial lets in when it stands above each mark.
_DIAL_WORDS = ((0.8, "far outside the box"), (0.5, "distant kin"), (0.15, "near kin"), (0.0, "closest kin only"))


@dataclass(frozen=True, slots=True)
class KinAction:
    """A kin chip: what it is and where its two clicks lead.

    Parameters
    ----------
    strength
        Similarity in percent of the nearest kin on the page, for the little bar.
    toggle
        Address with this kin switched off, or on again.
    promote
        Address with it as a tag of the query.
    """

    tag_id: str
    spelling: str
    strength: int
    off: bool
    toggle: str
    promote: str


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
    """

    tag_id: str
    spelling: str
    typed: str
    weight: float
    required: bool
    known: bool
    n_tracks: int
    remove: str
    kin: tuple[KinAction, ...]
    kin_unlisted: int
    waiting: int

    @property
    def kin_shown(self) -> tuple[KinAction, ...]:
        """The nearest kin."""
        return self.kin[:KIN_SHOWN]

    @property
    def kin_more(self) -> tuple[KinAction, ...]:
        """The others."""
        return self.kin[KIN_SHOWN:]


@dataclass(frozen=True, slots=True)
class Removable:
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
    def excluded_shown(self) -> tuple[Removable, ...]:
        """What is left out, as far as it is shown at once."""
        return self.excluded[:EXCLUDED_SHOWN]

    @property
    def excluded_more(self) -> tuple[Removable, ...]:
        """The others."""
        return self.excluded[EXCLUDED_SHOWN:]


def steer(result: SearchResult) -> Steering:
    """Work out the panel of a result."""
    request, query = steered(result), result.query
    return Steering(
        rows=tuple(_tag_rows(request, result)),
        excluded=tuple(_excluded(request, query, chip) for chip in sorted(result.excluded, key=_weightiest)),
        words=tuple(
            Removable(word.typed, query_string(replace(request, text=without_word(query, word.word))))
            for word in query.words
        ),
        filters=tuple(
            Removable(label, query_string(replace(request, text=without_filter(query, field, value))))
            for field, value, label in filter_labels(query.filters)
        ),
        drift=request.drift,
        drift_says=drift_says(request.drift),
    )


def steered(result: SearchResult) -> SearchRequest:
    """Return the search that steering starts from: at the first hit, with only those switches that still act.

    A kin that was switched off under other words is forgotten, or it would stay off unseen.
    """
    off = {kin.tag_id for chip in result.chips for kin in chip.kin if kin.off}
    kept = {chip.tag_id for chip in result.excluded if chip.off}
    return replace(result.request, offset=0, without=frozenset(off), keep=frozenset(kept))


def drift_says(drift: float) -> str:
    """Say in words where the dial stands."""
    return next((words for above, words in _DIAL_WORDS if drift > above), "only my words")


def filter_labels(filters: Filters) -> Iterator[tuple[str, str, str]]:
    """Yield each filter as (field, folded value, what to show); of a range the value is ``""``."""
    for field in ("genre", "license", "artist"):
        for value in getattr(filters, field):
            yield field, value, f"{field}: {value or 'not stated'}"
    for field, unit in (("duration", " seconds"), ("year", "")):
        interval = getattr(filters, field)
        if interval is not None:
            yield field, "", f"{field}: {write_range(field, interval)}{unit}"


def _tag_rows(request: SearchRequest, result: SearchResult) -> Iterator[TagRow]:
    nearest = max((kin.similarity for chip in result.chips for kin in chip.kin), default=1.0)
    for chip in result.chips:
        listed = [kin for kin in chip.kin if kin.live or kin.off]
        shown = listed[: KIN_LISTED // len(result.chips)]
        actions = tuple(_kin_action(request, result.query, kin, nearest) for kin in shown)
        yield _tag_row(request, result.query, chip, actions, len(listed))


def _tag_row(request: SearchRequest, query: Query, chip: TagChip, kin: tuple[KinAction, ...], n_listed: int) -> TagRow:
    return TagRow(
        tag_id=chip.tag_id,
        spelling=chip.spelling,
        typed=chip.typed if fold_value(chip.typed) != fold_value(chip.spelling) else "",
        weight=chip.weight,
        required=chip.required,
        known=chip.known,
        n_tracks=chip.n_tracks,
        remove=query_string(replace(request, text=without_tag(query, chip.tag_id))),
        kin=kin,
        kin_unlisted=n_listed - len(kin),
        waiting=len(chip.kin) - n_listed,
    )


def _kin_action(request: SearchRequest, query: Query, kin: KinChip, nearest: float) -> KinAction:
    switched = request.without - {kin.tag_id} if kin.off else request.without | {kin.tag_id}
    return KinAction(
        tag_id=kin.tag_id,
        spelling=kin.spelling,
        strength=round(100 * kin.similarity / nearest),
        off=kin.off,
        toggle=query_string(replace(request, without=switched)),
        promote=query_string(
            replace(request, text=with_tag(query, kin.spelling), without=request.without - {kin.tag_id})
        ),
    )


def _weightiest(chip: ExcludedChip) -> tuple[bool, bool, int]:
    """Order exclusions: those typed, those brought back, then by the tracks that each leaves out."""
    return chip.narrower_of is not None, not chip.off, -chip.n_tracks


def _excluded(request: SearchRequest, query: Query, chip: ExcludedChip) -> Removable:
    if chip.narrower_of is None:
        address = query_string(replace(request, text=without_excluded(query, chip.tag_id)))
    else:
        kept = request.keep - {chip.tag_id} if chip.off else request.keep | {chip.tag_id}
        address = query_string(replace(request, keep=kept))
    return Removable(chip.spelling, address, chip.narrower_of or "", chip.off)
