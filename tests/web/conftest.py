"""A small catalogue, a tag model made of literals, and a reader of pages by what a person sees on them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
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
from tagmodel.kin import KinTable
from tagmodel.model import TagModel
from tagmodel.relations import HARD
from tagmodel.track import Track
from tagmodel.vocabulary import Vocabulary
from web.app import create_app

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
# What a typed tag says about another one, in log-odds over a bias of -3.
IMPLIES = {("sitar", "indian"): 4.0, ("tabla", "indian"): 3.0, ("keyboard", "piano"): 3.5, ("melancholic", "sad"): 3.0}

SPELLINGS = (
    "ambient", "classical", "drone", "electronic", "fast", "female vocals", "indian", "keyboard", "melancholic", "piano",
    "sad", "singing", "sitar", "slow", "tabla", "techno", "vocals",
)  # fmt: skip

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


def tiny_model() -> TagModel:
    keys = tuple(sorted(map(fold_tag, SPELLINGS)))
    spelling = {fold_tag(tag): tag for tag in SPELLINGS}
    number = {key: at for at, key in enumerate(keys)}
    vocabulary = Vocabulary(
        keys=keys,
        spellings=tuple(spelling[key] for key in keys),
        sets=("tiny",),
        set_counts=np.full((1, len(keys)), 9),
        set_minimum=np.array([1]),
        narrower_pairs=NARROWER,
        contradictions=(("fast", "slow", HARD),),
    )
    kin = [[number[fold_tag(one)] for one in KIN.get(spelling[key], ())] for key in keys]
    arrays = {f"kin/{name}": array for name, array in _kin_table(kin).arrays().items()}
    arrays |= {f"implication/{name}": array for name, array in _implication(number).items()}
    return TagModel(vocabulary, arrays, {"model_id": "tiny"})


def _kin_table(kin: list[list[int]]) -> KinTable:
    lengths = [len(row) for row in kin]
    similarity = np.array([0.9 - 0.1 * place for row in kin for place in range(len(row))], np.float32)
    return KinTable(
        starts=np.concatenate([[0], np.cumsum(lengths)]).astype(np.int32),
        tags=np.array([one for row in kin for one in row], np.int32),
        similarity=similarity,
        cooccurrence=similarity,
        word2vec=similarity,
        als=similarity,
        pmi=np.full(sum(lengths), 2, np.float32),
        support=np.full(sum(lengths), 9, np.int32),
    )


def _implication(number: dict[str, int]) -> dict[str, np.ndarray]:
    rows: list[list[tuple[int, float]]] = [[] for _ in number]
    for (typed, implied), weight in IMPLIES.items():
        rows[number[fold_tag(typed)]].append((number[fold_tag(implied)], weight))
    lengths = [len(row) for row in rows]
    return {
        "n_tags": np.array(len(number), np.int32),
        "tags": np.arange(len(number), dtype=np.int32),
        "bias": np.full(len(number), -3, np.float32),
        "starts": np.concatenate([[0], np.cumsum(lengths)]).astype(np.int32),
        "targets": np.array([target for row in rows for target, _ in row], np.uint16),
        "weights": np.array([weight for row in rows for _, weight in row], np.float16),
        "contradictions": np.zeros((0, 2), np.int32),
    }


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
    return tiny_model()


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
    """A page as a person meets it: its text, its links by name, its elements by class."""

    address: str
    response: TestResponse
    elements: list[Element] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__()
        self._open: list[Element] = []
        self.feed(self.response.get_data(as_text=True))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        element = Element(tag, {name: value or "" for name, value in attrs})
        self.elements.append(element)
        if tag not in {"meta", "link", "input", "br"}:
            self._open.append(element)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append(Element(tag, {name: value or "" for name, value in attrs}))

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop().tag == tag, f"</{tag}> closes nothing on {self.address}"

    def handle_data(self, data: str) -> None:
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
        return [one.name.removesuffix(" source ↗").strip() for one in self.elements[:outside] if one.tag == "h3"]


@pytest.fixture
def visit(client: FlaskClient) -> Callable[[str], Page]:
    def open_page(address: str, status: int | None = 200) -> Page:
        response = client.get(address)
        assert status in {None, response.status_code}, response.get_data(as_text=True)
        return Page(address, response)

    return open_page
