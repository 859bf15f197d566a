"""Random small worlds of meaning: a vocabulary whose relations are known by heart, kin tables, tracks and queries."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

from hypothesis import strategies as st

from search.document import Document
from search.embedded import EmbeddedEngine
from search.expansion import Expander
from search.lexicon import Lexicon
from search.query import Query, parse_query
from search.searcher import Searcher
from tagmodel.model import Kin, Reason, Suggestion, TagModel
from tagmodel.track import Track
from tagmodel.vocabulary import Vocabulary
from tagmodel.vocabulary_building import build_vocabulary
from tests.search.engine_contract import fill
from tests.search.meaning import KinTable
from tests.search.small_catalogue import an_id

SPELLINGS = (
    "piano", "toy piano", "vocals", "female vocals", "male vocals", "no vocals", "fast", "slow", "jazz", "rock",
)  # fmt: skip
TAGS = tuple(map(an_id, SPELLINGS))
VOCABULARY = build_vocabulary({"mine": dict.fromkeys(SPELLINGS, 5)})


def ids(*spellings: str) -> frozenset[str]:
    return frozenset(map(an_id, spellings))


NARROWER = {an_id("piano"): ids("toy piano"), an_id("vocals"): ids("female vocals", "male vocals")}
CONTRADICTING = {
    an_id("vocals"): ids("no vocals"),
    an_id("female vocals"): ids("no vocals", "male vocals"),
    an_id("male vocals"): ids("no vocals", "female vocals"),
    an_id("no vocals"): ids("vocals", "female vocals", "male vocals"),
    an_id("fast"): ids("slow"),
    an_id("slow"): ids("fast"),
}


@dataclass
class SmallModel:
    """The part of a tag model that a searcher asks."""

    table: KinTable = field(default_factory=dict)
    suggestions: tuple[Suggestion, ...] = ()
    asked: list[list[str]] = field(default_factory=list)  # typed ids that suggestions were asked for
    vocabulary: Vocabulary = VOCABULARY

    def kin(self, tag_id: str) -> tuple[Kin, ...]:
        return tuple(Kin(kin, similarity, 0, 0, 0, None, 0) for kin, similarity in self.table.get(tag_id, ()))

    def suggest(self, typed: Sequence[str], k: int = 10) -> tuple[Suggestion, ...]:
        return self.suggest_batch([typed], k)[0]

    def suggest_batch(self, typed: Sequence[Sequence[str]], k: int = 10) -> list[tuple[Suggestion, ...]]:
        self.asked += map(list, typed)
        return [self.suggestions[:k] for _ in typed]


def a_suggestion(spelling: str, *reasons: tuple[str, float]) -> Suggestion:
    return Suggestion(an_id(spelling), 0.5, tuple(Reason(an_id(tag), share) for tag, share in reasons))


def expander(table: KinTable) -> Expander:
    return Expander(SmallModel(table).kin, VOCABULARY, VOCABULARY.narrower)


@contextmanager
def searching(documents: Sequence[Document], model: SmallModel) -> Iterator[Searcher]:
    """Index documents with the embedded engine and search them."""
    with tempfile.TemporaryDirectory() as folder:
        engine = EmbeddedEngine.open(Path(folder) / "index", create=True)
        fill(engine, *documents)
        yield Searcher(engine, cast(TagModel, model))
        engine.close()


class NoTitles:
    """An empty catalogue for a lexicon that knows the vocabulary only."""

    def state(self) -> int:
        return 0

    def tag_counts(self) -> dict[str, int]:
        return {}

    def has_word(self, word: str) -> bool:
        return False


LEXICON = Lexicon(VOCABULARY, NoTitles())  # type: ignore[arg-type] - only what a lexicon asks


def parsed(text: str) -> Query:
    return parse_query(text, LEXICON)


some_tags = st.sampled_from(TAGS)
drifts = st.sampled_from((0.0, 0.01, 0.1, 0.3, 0.6, 1.0))
kin_tables: st.SearchStrategy[KinTable] = st.fixed_dictionaries(
    {
        tag: st.dictionaries(
            st.sampled_from([other for other in TAGS if other != tag]), st.integers(1, 20).map(lambda n: n / 20)
        ).map(lambda kin: tuple(sorted(kin.items(), key=lambda item: (-item[1], item[0]))))
        for tag in TAGS
    }
)


@st.composite
def documents(draw: st.DrawFn, typed: st.SearchStrategy[list[str]] | None = None) -> Document:
    carried = draw(typed if typed is not None else st.lists(some_tags, unique=True, max_size=4))
    others = [tag for tag in TAGS if tag not in carried]
    untyped = st.lists(st.sampled_from(others), unique=True, max_size=5) if others else st.just([])
    implied, heard = draw(untyped), draw(untyped)
    units = st.sampled_from((1, 100, 256))
    return Document(
        Track(f"t:{draw(st.integers(0, 99))}", title=draw(st.sampled_from(("", "Night", "Day")))),
        typed=tuple(carried),
        implied=tuple(implied),
        implied_weights=tuple(draw(units) for _ in implied),
        heard=tuple(heard),
        heard_weights=tuple(draw(units) for _ in heard),
    )


def catalogues(min_size: int = 0) -> st.SearchStrategy[list[Document]]:
    return st.lists(documents(), min_size=min_size, max_size=10, unique_by=lambda document: document.track.track_id)


@st.composite
def texts(
    draw: st.DrawFn,
    weights: tuple[float, ...] = (0.5, 1, 2),
    max_excluded: int = 2,
    signs: tuple[str, ...] = ("", "", "+"),
    max_tags: int = 4,
) -> str:
    """Queries with single tags, alternatives, signs and weights, each tag once."""
    spellings = draw(st.permutations(SPELLINGS))
    n_excluded, n_tags = draw(st.integers(0, max_excluded)), draw(st.integers(1, max_tags))
    excluded, rest = spellings[:n_excluded], spellings[n_excluded : n_excluded + n_tags]
    parts = [f'-"{spelling}"' for spelling in excluded]
    while rest:
        size = draw(st.integers(1, len(rest)))
        members, rest = rest[:size], rest[size:]
        written = [f'"{spelling}"^{draw(st.sampled_from(weights)):g}' for spelling in members]
        parts.append(draw(st.sampled_from(signs)) + (f"({' OR '.join(written)})" if size > 1 else written[0]))
    return ", ".join(draw(st.permutations(parts)))
