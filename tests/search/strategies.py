"""Random documents and plans, small enough to collide: few tags, few words, many ties."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from hypothesis import strategies as st

from search.document import Document, Family
from search.plan import PLAN_UNITS, Clause, Filters, Group, Plan, Range, Sort, SoundTarget, Term
from search.sound import SOUND_DIMENSIONS, Moment, Sound, quantize
from search.words import fold_value
from tagmodel.track import Track

TAGS = tuple(f"tag{i}" for i in range(8))
UNKNOWN_TAG = "nowhere"  # no document has it
WORDS = ("night", "straße", "été", "don't", "9")
GENRES = ("", "Rock", "rock", "ROCK", "Hip  Hop", "hip hop", "Électro")
LICENSES = ("", "CC BY", "cc by", "CC BY-NC")
ARTISTS = ("", "Björk", "bjork", "Nina Night", "the 9")
TRACK_IDS = tuple(f"{source}:{i}" for source in ("a", "b", "ä") for i in (1, 2, 10))

# Twelve terms of at most this weight stay below 16, where sums are exact (ADR 1).
_MOST_UNITS = 5_000

_ONES = np.ones(SOUND_DIMENSIONS)
_FIRST = 4.0 * np.eye(1, SOUND_DIMENSIONS)[0]
_RANDOM = np.random.default_rng(0).normal(size=(3, SOUND_DIMENSIONS))

some_track_ids = st.sampled_from(TRACK_IDS)
titles = st.lists(st.sampled_from(WORDS), max_size=3).map(" ".join)
durations = st.none() | st.sampled_from((0.0, 29.124, 120.0, 120.00000001, 3600.5))
years = st.none() | st.integers(1998, 2003)


@st.composite
def tracks(draw: st.DrawFn, track_ids: st.SearchStrategy[str] = some_track_ids) -> Track:
    tags = tuple(draw(st.lists(st.sampled_from(("Jazz", "jazz ", "été", "")), max_size=3)))
    return Track(
        track_id=draw(track_ids),
        title=draw(titles),
        artist=draw(st.sampled_from(ARTISTS)),
        genre=draw(st.sampled_from(GENRES)),
        license=draw(st.sampled_from(LICENSES)),
        duration=draw(durations),
        year=draw(years),
        tags=tags,
        shares=draw(st.sampled_from(((), (0.1,) * len(tags)))),
    )


# Few vectors that are very like, opposite, or loud in one number, beside random ones.
VECTORS = tuple(quantize(vector) for vector in np.vstack([_ONES, -_ONES, _ONES + _FIRST, _FIRST, -_FIRST, _RANDOM]))
vectors = st.sampled_from(VECTORS)
KEYS = ("A minor", "a# major", "Bb major", "", "noise")


@st.composite
def sounds(draw: st.DrawFn) -> Sound:
    starts = sorted(draw(st.lists(st.sampled_from((0.0, 1.5, 7.125)), unique=True)))
    return Sound(
        vector=draw(st.just(b"") | vectors),
        moments=tuple(Moment(start, 15.0, draw(vectors), draw(st.sampled_from(((), TAGS[:2])))) for start in starts),
        seconds=draw(st.none() | st.just(30.000001)),
        bpm=draw(st.none() | st.sampled_from((89.9, 90.0, 120.25))),
        key=draw(st.sampled_from(KEYS)),
        key_confidence=draw(st.sampled_from((0.0, 0.1))),
        status=draw(st.sampled_from(("ok", "unlike"))),
        file=draw(st.sampled_from(("", "a/été.mp3"))),
        doubted=draw(st.sampled_from(((), TAGS[:1]))),
    )


@st.composite
def documents(draw: st.DrawFn, track_ids: st.SearchStrategy[str] = some_track_ids) -> Document:
    typed = draw(st.lists(st.sampled_from(TAGS), unique=True, max_size=4))
    untyped = st.lists(st.sampled_from([tag for tag in TAGS if tag not in typed]), unique=True, max_size=3)
    implied, heard, faint = draw(untyped), draw(untyped), draw(untyped)
    return Document(
        track=draw(tracks(track_ids)),
        typed=tuple(typed),
        implied=tuple(implied),
        implied_weights=tuple(draw(st.integers(1, 256)) for _ in implied),
        heard=tuple(heard),
        heard_weights=tuple(draw(st.integers(1, 256)) for _ in heard),
        model_id=draw(st.sampled_from(("", "model1", "model2"))),
        faint=tuple(tag for tag in faint if tag not in heard),
        sound=draw(st.none() | sounds()),
    )


def catalogues(max_size: int = 9) -> st.SearchStrategy[list[Document]]:
    """Documents with different track ids."""
    return st.lists(documents(), max_size=max_size, unique_by=lambda document: document.track.track_id)


query_tags = st.sampled_from((*TAGS, *TAGS, UNKNOWN_TAG))
weights = st.integers(1, _MOST_UNITS).map(lambda units: units / PLAN_UNITS)


@st.composite
def clauses(draw: st.DrawFn) -> Clause:
    tag_id = draw(query_tags)
    others = st.builds(Term, query_tags, st.sampled_from(Family), weights)
    return Clause(tag_id, (Term(tag_id, Family.TYPED, draw(weights)), *draw(st.lists(others, max_size=1))))


groups = st.builds(Group, st.lists(clauses(), min_size=1, max_size=2).map(tuple), st.booleans())


def values(spellings: tuple[str, ...]) -> st.SearchStrategy[tuple[str, ...]]:
    return st.lists(st.sampled_from((*spellings, "Unheard")).map(fold_value), max_size=2).map(tuple)


def ranges(limits: st.SearchStrategy[float]) -> st.SearchStrategy[Range | None]:
    return st.none() | st.builds(Range, st.none() | limits, st.none() | limits)


filters = st.builds(
    Filters,
    genre=values(GENRES),
    license=values(LICENSES),
    artist=values(ARTISTS),
    duration=ranges(st.sampled_from((0.0, 29.124, 120.0))),
    year=ranges(st.sampled_from((1999, 2001.5, 2003))),
    bpm=ranges(st.sampled_from((89.9, 90.0, 121.0))),
    key=st.lists(st.sampled_from(("a minor", "a# major", "c major", "")), max_size=2).map(tuple),
)

some_plans = st.builds(
    Plan,
    groups=st.lists(groups, max_size=3).map(tuple),
    words=st.lists(st.sampled_from(("night", "strasse", "ete", "dont", "9", "missing")), max_size=2).map(tuple),
    excluded=st.lists(query_tags, max_size=2).map(tuple),
    demoted=st.lists(query_tags, max_size=3).map(tuple),
    without_tracks=st.just(()) | st.lists(st.sampled_from((*TRACK_IDS, "unknown")), max_size=2).map(tuple),
    sound=st.none() | st.builds(SoundTarget, vectors, st.integers(1, 16)),
    filters=st.just(Filters()) | filters,
    k=st.integers(0, 10),
    offset=st.integers(0, 4),
    outside=st.integers(0, 5),
    facets=st.booleans(),
    sort=st.sampled_from(Sort),
)


def below_eight(plan: Plan) -> Plan:
    """Return a plan whose scores stay exact beside sound: all weights about half (ADR 7)."""
    if plan.sound is None:
        return plan
    groups = tuple(
        replace(group, clauses=tuple(replace(one, terms=tuple(map(_lighter, one.terms))) for one in group.clauses))
        for group in plan.groups
    )
    return replace(plan, groups=groups)


def _lighter(term: Term) -> Term:
    return replace(term, weight=(term.weight * PLAN_UNITS // 2 + 1) / PLAN_UNITS)


plans = some_plans.map(below_eight)
