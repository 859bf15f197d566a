"""A small vocabulary and a catalogue of three tracks for tests of lexicon and query language."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from search.engine import IndexState, SearchEngine
from search.lexicon import Lexicon
from search.words import fold_words
from tagmodel.folding import fold_tag, tag_id
from tagmodel.vocabulary import Vocabulary
from tagmodel.vocabulary_building import build_vocabulary

TAGS = (
    "sad", "piano", "toy piano", "vocals", "female vocals", "female", "hip hop", "rock", "rock and roll", "guitar",
    "lo-fi", "drum & bass", "jazz", "jazz funk", "techno", "classical", "electronic", "1980s", "k-pop", "sitar",
)  # fmt: skip
# Known to this catalogue only: the model has never seen it.
OWN_TAG = "basque pipes"
TITLES = ("Kind of Blue", "Miles Davis", "Jean-Michel Jarre", "Requiem", "Mozart", "Love and Happiness")


@dataclass
class SmallEngine:
    """The part of a search engine that a lexicon asks."""

    spellings: dict[str, str]  # of the catalogue's tags, by id
    counts: dict[str, int]
    words: frozenset[str] = frozenset(word for title in TITLES for word in fold_words(title))
    generation: int = 1
    asked: list[str] = field(default_factory=list)  # spellings that were asked for

    def state(self) -> IndexState:
        return IndexState(self.generation, 0, 3, "")

    def tag_counts(self) -> Mapping[str, int]:
        return self.counts

    def tag_spelling(self, tag: str) -> str | None:
        self.asked.append(tag)
        return self.spellings.get(tag)

    def has_word(self, word: str) -> bool:
        return word in self.words


def an_id(spelling: str) -> str:
    return tag_id(fold_tag(spelling))


def small_vocabulary() -> Vocabulary:
    return build_vocabulary({"mine": dict.fromkeys(TAGS, 5)})


def small_engine() -> SmallEngine:
    return SmallEngine({an_id(OWN_TAG): OWN_TAG}, {an_id(OWN_TAG): 1, an_id("sad"): 2, an_id("guitar"): 3})


def small_lexicon(engine: SmallEngine | None = None) -> Lexicon:
    held: SearchEngine = engine or small_engine()  # type: ignore[assignment] - only what a lexicon asks
    return Lexicon(small_vocabulary(), held)
