"""What a plan must find, by brute force over documents in float64: no index, no engine, no shortcut."""

from __future__ import annotations

import math
import struct
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction

from msgspec import structs

from search.document import Document, Family
from search.engine import FACET_VALUES, TAG_FACET_HITS, EngineAnswer, FacetValue
from search.musical_key import fold_key
from search.plan import Filters, Group, Plan, Range, Sort, SoundTarget
from search.sound import Sound
from search.words import fold_value, fold_words


@dataclass(frozen=True)
class Expected:
    """An answer without its state; hits as (document, score)."""

    hits: list[tuple[Document, float]]
    outside: list[tuple[Document, float]]
    total: int
    carry_all: int
    carry_some: int
    carry_none: int
    facets: dict[str, tuple[FacetValue, ...]] = field(default_factory=dict)


def expected_answer(documents: Sequence[Document], plan: Plan) -> Expected:
    """Return what a search over exactly these documents must answer."""
    hits = [(document, score(document, plan)) for document in documents if is_hit(document, plan)]
    hits.sort(key=lambda hit: (-hit[1], hit[0].track.title == "", hit[0].track.track_id))
    n_groups = len(plan.groups)
    carried = [sum(carries(document, group) for group in plan.groups) for document, _ in hits]
    carry_all = sum(count == n_groups for count in carried)
    carry_none = sum(count == 0 for count in carried) if n_groups else 0
    outside = [hit for hit, count in zip(hits, carried, strict=True) if count == 0] if n_groups else []
    return Expected(
        hits=shown(sorted(hits, key=lambda hit: sort_key(hit[0], plan.sort))[plan.offset : plan.offset + plan.k], plan),
        outside=shown(outside[: plan.outside], plan),
        total=len(hits),
        carry_all=carry_all,
        carry_some=len(hits) - carry_all - carry_none,
        carry_none=carry_none,
        facets=facets([document for document, _ in hits]) if plan.facets else {},
    )


def shown(hits: list[tuple[Document, float]], plan: Plan) -> list[tuple[Document, float]]:
    """Return hits as a search brings them: with the moments of their sound only where it asked for sound."""
    return hits if plan.sound is not None else [(without_moments(document), score) for document, score in hits]


def without_moments(document: Document) -> Document:
    sound = document.sound
    return document if sound is None else replace(document, sound=structs.replace(sound, moments=()))


def sort_key(document: Document, sort: Sort) -> tuple[bool, float]:
    """Return what comes before the score; missing values last."""
    if sort is Sort.SCORE:
        return False, 0.0
    value = getattr(document.track, sort.removeprefix("-"))
    if value is None:
        return True, 0.0
    return False, -value if sort.startswith("-") else value


def given_answer(answer: EngineAnswer) -> Expected:
    """Bring an engine's answer into the same form."""
    return Expected(
        hits=[(hit.document, hit.score) for hit in answer.hits],
        outside=[(hit.document, hit.score) for hit in answer.outside],
        total=answer.total,
        carry_all=answer.carry_all,
        carry_some=answer.carry_some,
        carry_none=answer.carry_none,
        facets=dict(answer.facets),
    )


def weight(document: Document, tag_id: str, family: Family) -> float:
    """Return how strongly a feature is on a document."""
    if family is Family.TYPED:
        return float(tag_id in document.typed)
    ids, units = {
        Family.HEARD: (document.heard, document.heard_weights),
        Family.IMPLIED: (document.implied, document.implied_weights),
    }[family]
    return dict(zip(ids, units, strict=True)).get(tag_id, 0) / 256


def score(document: Document, plan: Plan) -> float:
    terms = [term for group in plan.groups for clause in group.clauses for term in clause.terms]
    share = 0 if plan.sound is None else plan.sound.share
    total = sum((scaled(term.weight, share) * weight(document, term.tag_id, term.family) for term in terms), 0.0)
    if plan.sound is not None and document.sound is not None and document.sound.vector:
        total += likeness(plan.sound, document.sound.vector)
    return total / 2 if set(plan.demoted).intersection(document.faint) else total


def scaled(of_term: float, share: int) -> float:
    """Return the weight of a term beside sound, rounded half up to 1/4096 but never to nothing."""
    if share in (0, 16):
        return 0.0 if share else of_term
    return max(1, math.floor(of_term * 4096 * (16 - share) / 16 + 0.5)) / 4096


def likeness(target: SoundTarget, vector: bytes) -> float:
    """Return what sound adds: its share of the mean of 1 and the cosine."""
    product = sum(a * b for a, b in zip(signed(target.vector), signed(vector), strict=True))
    return float(Fraction(target.share, 16) * (1 + Fraction(product, 65536)) / 2)


def signed(vector: bytes) -> tuple[int, ...]:
    return struct.unpack(f"{len(vector)}b", vector)


def carries(document: Document, group: Group) -> bool:
    """Whether people typed one of the group's own tags."""
    return any(clause.tag_id in document.typed for clause in group.clauses)


def reaches(document: Document, group: Group) -> bool:
    if group.required:
        return carries(document, group)
    terms = [term for clause in group.clauses for term in clause.terms]
    return any(weight(document, term.tag_id, term.family) > 0 for term in terms)


def is_hit(document: Document, plan: Plan) -> bool:
    words = {*fold_words(document.track.title), *fold_words(document.track.artist)}
    return (
        (plan.sound is None or (document.sound is not None and document.sound.vector != b""))
        and document.track.track_id not in plan.without_tracks
        and all(reaches(document, group) for group in plan.groups)
        and all(word in words for word in plan.words)
        and not any(tag_id in document.typed or tag_id in document.heard for tag_id in plan.excluded)
        and passes(document, plan.filters)
    )


def passes(document: Document, filters: Filters) -> bool:
    track, sound = document.track, document.sound or Sound()
    wanted = ((filters.genre, track.genre), (filters.license, track.license), (filters.artist, track.artist))
    return (
        all(not values or fold_value(stored) in values for values, stored in wanted)
        and inside(track.duration, filters.duration)
        and inside(track.year, filters.year)
        and inside(sound.bpm, filters.bpm)
        and (not filters.key or (fold_key(sound.key) or "") in filters.key)
    )


def inside(value: float | None, limits: Range | None) -> bool:
    if limits is None:
        return True
    if value is None:
        return False
    return (limits.low is None or value >= limits.low) and (limits.high is None or value <= limits.high)


def facets(hits: Sequence[Document]) -> dict[str, tuple[FacetValue, ...]]:
    tags = Counter(tag_id for document in hits[:TAG_FACET_HITS] for tag_id in document.typed)
    return {
        "genre": facet([document.track.genre for document in hits]),
        "license": facet([document.track.license for document in hits]),
        "artist": facet([document.track.artist for document in hits]),
        "tag": tuple(FacetValue(tag_id, count) for count, tag_id in best(tags)),
    }


def facet(spellings: Sequence[str]) -> tuple[FacetValue, ...]:
    counts = Counter(fold_value(spelling) for spelling in spellings)
    return tuple(FacetValue(value, count, label(value, spellings)) for count, value in best(counts))


def best(counts: Counter[str]) -> list[tuple[int, str]]:
    ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return [(count, value) for value, count in ordered[:FACET_VALUES]]


def label(value: str, spellings: Sequence[str]) -> str:
    counts = Counter(spelling for spelling in spellings if fold_value(spelling) == value)
    return min(counts, key=lambda spelling: (-counts[spelling], spelling))
