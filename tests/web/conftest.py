"""A small catalogue, a tag model that says what a few tables say, and a reader of pages by what a person sees."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import urljoin

import numpy as np
import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from search.document import Document
from search.embedded import EmbeddedEngine
from search.searcher import Searcher
from tagmodel.folding import fold_tag, tag_id
from tagmodel.model import Kin, Reason, Suggestion, TagModel
from tagmodel.relations import HARD
from tagmodel.track import Track
from tagmodel.vocabulary import Vocabulary
from web.app import create_app
from web.settings import Settings

# Tag → its kin, nearest first.
KIN = {
    "piano": ("keyboard", "classical", "sad"),
    "sad": ("melancholic", "slow", "piano"),
    "sitar": ("tabla", "indian"),
    "tabla": ("sitar", "indian"),
    "vocals": ("singing",),
}
# (wide, narrow): an exclusion of the first takes the second along.
NARROWER = (("vocals", "female vocals"), ("vocals", "singing"))
# (typed, implied): how likely, in 1/256.
IMPLIES = {("sitar", "indian"): 220, ("tabla", "indian"): 200, ("keyboard", "piano"): 128, ("melancholic", "sad"): 100}

SPELLINGS = (
    *("ambient", "classical", "drone", "electronic", "fast", "female vocals", "indian", "keyboard", "melancholic"),
    *("piano", "sad", "singing", "sitar", "slow", "tabla", "techno", "vocals"),
)

TRACKS = (
    Track("fma:1", "Empty House", "Ehren Starks", "Lines", "Classical", "CC BY", 200, 2004, tags=("sad", "piano"),
          url="https://example.org/empty-house"),
    Track("fma:2", "Small Room", "Jami Sieber", "", "Classical", "CC BY", 61, tags=("piano", "slow", "sad")),
    Track("fma:3", "Song for Two", "Jami Sieber", "", "Pop", "CC BY-NC", 184, tags=("sad", "piano", "vocals")),
    Track("fma:4", "Choir <b>Practice</b>", "The & Band", "", "Pop", "", 75, tags=("piano", "sad", "female vocals"),
          url="javascript:alert(1)"),
    Track("fma:5", "", "Rob Costlow", "", "", "", 120, tags=("keyboard", "melancholic")),
    Track("fma:6", "Rain", "Kokoon", "", "Electronic", "CC BY", 240, tags=("keyboard", "melancholic", "electronic")),
    Track("fma:7", "Raga", "Anoushka", "", "World", "CC BY", 900, tags=("sitar", "tabla", "indian")),
    Track("fma:8", "Morning Raga", "Anoushka", "", "World", "CC BY", 3700, tags=("sitar",)),
    Track("fma:9", "Warehouse", "Kokoon", "", "Electronic", "CC BY", 300, tags=("techno", "electronic", "<i>own</i>")),
    *(Track(f"fma:{100 + n}", f"Drone {n:02}", "Long Tones", "", "Ambient", "CC0", 60 + n, tags=("drone", "ambient"))
      for n in range(45)),
)  # fmt: skip


def id_of(tag: str) -> str:
    return tag_id(fold_tag(tag))


class LiteralModel(TagModel):
    """A tag model that says what the tables above say."""

    def __init__(self) -> None:
        spelling = {fold_tag(tag): tag for tag in SPELLINGS}
        keys = tuple(sorted(spelling))
        vocabulary = Vocabulary(
            keys=keys,
            spellings=tuple(spelling[key] for key in keys),
            sets=("tiny",),
            set_counts=np.full((1, len(keys)), 9),
            set_minimum=np.array([1]),
            narrower_pairs=NARROWER,
            contradictions=(("fast", "slow", HARD),),
        )
        super().__init__(vocabulary, {}, {"model_id": "tiny"})

    def kin(self, tag_id: str) -> tuple[Kin, ...]:
        kin = KIN.get(self.vocabulary.spelling(tag_id) or "", ())
        return tuple(Kin(id_of(one), 0.9 - 0.1 * place, 0.9, 0.9, 0.9, 2.0, 9) for place, one in enumerate(kin))

    def imply(self, typed: Sequence[Sequence[str]]) -> list[tuple[tuple[str, ...], tuple[int, ...]]]:
        return [tuple(zip(*sorted(self._implied(tags).items()), strict=True)) or ((), ()) for tags in typed]

    def suggest(self, typed: Sequence[str], k: int = 10) -> tuple[Suggestion, ...]:
        def because(tag_id: str) -> tuple[Reason, ...]:
            speaking = [one for one in typed if any((id_of(a), id_of(b)) == (one, tag_id) for a, b in IMPLIES)]
            return tuple(Reason(one, 1 / len(speaking)) for one in speaking)

        implied = self._implied(typed)
        best = sorted(implied, key=lambda tag_id: (-implied[tag_id], tag_id))[:k]
        return tuple(Suggestion(tag_id, implied[tag_id] / 256, because(tag_id)) for tag_id in best)

    def suggest_heard(self, typed: Sequence[str], heard: Mapping[str, float], k: int = 10) -> tuple[Suggestion, ...]:
        said = {one.tag_id: one for one in self.suggest(typed, 99)}
        best = {tag_id: max(p, said[tag_id].probability if tag_id in said else 0) for tag_id, p in heard.items()}
        best |= {tag_id: one.probability for tag_id, one in said.items() if tag_id not in heard}
        return tuple(
            Suggestion(tag_id, p, said[tag_id].reasons if tag_id in said else (), heard.get(tag_id))
            for tag_id, p in sorted(best.items(), key=lambda pair: (-pair[1], pair[0]))[:k]
            if tag_id not in typed
        )

    def suggest_batch(self, typed: Sequence[Sequence[str]], k: int = 10) -> list[tuple[Suggestion, ...]]:
        return [self.suggest(tags, k) for tags in typed]

    def _implied(self, typed: Sequence[str]) -> dict[str, int]:
        said = {(id_of(a), id_of(b)): units for (a, b), units in IMPLIES.items()}
        found: dict[str, int] = {}
        for (one, other), units in said.items():
            if one in typed and other not in typed:
                found[other] = max(found.get(other, 0), units)
        return found


def fill(engine: EmbeddedEngine, model: TagModel, tracks: tuple[Track, ...]) -> None:
    typed = [tuple(id_of(tag) for tag in track.tags) for track in tracks]
    implied = model.imply(typed)
    documents = [
        Document(track, ids, *what, model_id=model.model_id)
        for track, ids, what in zip(tracks, typed, implied, strict=True)
    ]
    with engine.writer() as writer:
        writer.name_tags({id_of(tag): tag for track in tracks for tag in track.tags})
        writer.write(documents)
        writer.commit()


@pytest.fixture(scope="session")
def model() -> TagModel:
    return LiteralModel()


@pytest.fixture(scope="session")
def index_directory(tmp_path_factory: pytest.TempPathFactory, model: TagModel) -> Path:
    directory = tmp_path_factory.mktemp("web") / "index"
    engine = EmbeddedEngine.open(directory, create=True)
    fill(engine, model, TRACKS)
    engine.close()
    return directory


@pytest.fixture(scope="session")
def searcher(index_directory: Path, model: TagModel) -> Iterator[Searcher]:
    engine = EmbeddedEngine.open(index_directory)
    yield Searcher(engine, model)
    engine.close()


@pytest.fixture
def client(searcher: Searcher) -> FlaskClient:
    return create_app(searcher).test_client()


@pytest.fixture
def away(index_directory: Path, model: TagModel) -> FlaskClient:
    """Pages over an index that cannot answer."""
    engine = EmbeddedEngine.open(index_directory)
    searcher = Searcher(engine, model)
    engine.close()
    return create_app(searcher).test_client()


BLOCKS = {"div", "p", "li", "h1", "h2", "h3", "section", "aside", "dd", "summary"}


@dataclass
class Element:
    """An element with its attributes and all text in it."""

    tag: str
    attributes: dict[str, str]
    text: str = ""

    @property
    def name(self) -> str:
        """Accessible name."""
        return self.attributes.get("aria-label", " ".join(self.text.split()))


@dataclass
class Page(HTMLParser):
    """A page as a screen reader meets it: its text, its links by name, its elements by class."""

    address: str
    response: TestResponse
    elements: list[Element] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__()
        self._open: list[Element] = []
        self.feed(self.response.get_data(as_text=True))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in BLOCKS:
            self.handle_data(" ")
        element = Element(tag, {name: value or "" for name, value in attrs})
        self.elements.append(element)
        if tag not in {"meta", "link", "input", "br"}:
            self._open.append(element)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append(Element(tag, {name: value or "" for name, value in attrs}))

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop().tag == tag, f"</{tag}> closes nothing on {self.address}"

    def handle_data(self, data: str) -> None:
        if any(element.attributes.get("aria-hidden") == "true" for element in self._open):
            return
        for element in self._open:
            element.text += data

    @property
    def text(self) -> str:
        return self.all("main")[0].name

    def all(self, tag: str = "", of: str = "") -> list[Element]:
        """Elements of a tag and a class."""
        return [
            one
            for one in self.elements
            if (not tag or one.tag == tag) and (not of or of in one.attributes.get("class", "").split())
        ]

    def link(self, name: str) -> str:
        """Address of the one link of a name."""
        found = {one.attributes["href"] for one in self.all("a") if one.name == name}
        assert len(found) == 1, f"{len(found)} links named {name!r}: {sorted(one.name for one in self.all('a'))}"
        return urljoin(self.address, found.pop())

    def has_link(self, name: str) -> bool:
        return any(one.name == name for one in self.all("a"))

    @property
    def titles(self) -> list[str]:
        """Titles of the main list of hits."""
        outside = next((at for at, one in enumerate(self.elements) if one.attributes.get("class") == "outside"), None)
        return [one.name for one in self.elements[:outside] if one.tag == "h3"]


@pytest.fixture
def visit(client: FlaskClient) -> Callable[[str], Page]:
    def open_page(address: str, status: int | None = 200) -> Page:
        response = client.get(address)
        assert status in {None, response.status_code}, response.get_data(as_text=True)
        return Page(address, response)

    return open_page


@pytest.fixture(scope="session")
def sounding_root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from tests.web.sounding import write_recordings

    root = tmp_path_factory.mktemp("recordings") / "root"
    write_recordings(root)
    return root


@pytest.fixture(scope="session")
def sounding_index(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from tests.web.sounding import write_index

    directory = tmp_path_factory.mktemp("sounding") / "index"
    write_index(directory)
    return directory


@pytest.fixture
def sounding(sounding_index: Path, sounding_root: Path, model: TagModel) -> Iterator[FlaskClient]:
    """Pages over tracks that were listened to, whose recordings may be played."""
    engine = EmbeddedEngine.open(sounding_index)
    settings = Settings(audio_root=sounding_root, previews=("https://previews.example",))
    yield create_app(Searcher(engine, model), settings).test_client()
    engine.close()


@pytest.fixture
def listen(sounding: FlaskClient) -> Callable[[str], Page]:
    def open_page(address: str, status: int | None = 200) -> Page:
        response = sounding.get(address)
        assert status in {None, response.status_code}, response.get_data(as_text=True)
        return Page(address, response)

    return open_page
