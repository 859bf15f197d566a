"""All engines that are held to one contract, and short ways to fill and ask them."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

import pytest

from search.document import Document, Family
from search.elastic.address import parse_address
from search.elastic.connection import Connection
from search.elastic.indices import all_pairs, remove_pair
from search.engine import SearchEngine
from search.plan import Clause, Group, Plan, Term
from tagmodel.track import Track
from tests.conftest import REPOSITORY

_numbers = count()


@dataclass(frozen=True)
class Row:
    """One engine in one form.

    Parameters
    ----------
    prepare
        Makes what the engine needs, such as a server, and returns a maker of addresses where no index is yet.
    share
        Of the examples that hypothesis tries: a server takes longer for one.
    """

    name: str
    prepare: Callable[[pytest.FixtureRequest, Path], Callable[[], str]]
    share: float = 1.0


@dataclass
class Addresses:
    """Addresses of indices that do not exist yet; all that was made there is removed in the end."""

    row: Row
    make: Callable[[], str]
    made: list[str] = field(default_factory=list)

    def __call__(self) -> str:
        self.made.append(self.make())
        return self.made[-1]

    def examples(self, most: int) -> int:
        """Return how many examples to try where an embedded engine tries `most`."""
        return max(1, round(most * self.row.share))

    def clear(self) -> None:
        for address in self.made:
            if "://" in address:
                remove_indices(address)


def remove_indices(address: str) -> None:
    """Remove every generation at an address of a server."""
    connection = Connection(parse_address(address))
    for pair in all_pairs(connection):
        remove_pair(connection, pair)
    connection.close()


def _embedded(_: pytest.FixtureRequest, folder: Path) -> Callable[[], str]:
    return lambda: str(folder / f"index{next(_numbers)}")


def _on_server(fixture: str, shards: int) -> Callable[[pytest.FixtureRequest, Path], Callable[[], str]]:
    def prepare(request: pytest.FixtureRequest, _: Path) -> Callable[[], str]:
        server = request.getfixturevalue(fixture)
        set_environment(request, SHARDS=str(shards), TIMEOUT="60")
        return lambda: f"{server.url}/tagkin-{os.getpid()}-{next(_numbers)}"

    return prepare


def _secured(request: pytest.FixtureRequest, folder: Path) -> Callable[[], str]:
    """Everything over TLS, with a key that has the rights of the indexer and no more."""
    server = request.getfixturevalue("secured_elasticsearch")
    writer = json.loads((REPOSITORY / "deploy" / "writer.json").read_text())
    set_environment(request, API_KEY=server.api_key({"writer": writer}), CA_CERTS=str(server.ca_file))
    return _on_server("secured_elasticsearch", 1)(request, folder)


def set_environment(request: pytest.FixtureRequest, **values: str) -> None:
    """Set our settings for a server until the test is over."""
    patch = pytest.MonkeyPatch()
    request.addfinalizer(patch.undo)
    for name, value in values.items():
        patch.setenv(f"TAGKIN_ELASTICSEARCH_{name}", value)


EMBEDDED = Row("embedded", _embedded)
SERVERS = (
    Row("secured-9-one-shard", _secured, 0.15),
    Row("9-three-shards", _on_server("elasticsearch_9", 3), 0.15),
    Row("8-one-shard", _on_server("elasticsearch_8", 1), 0.15),
    Row("8-three-shards", _on_server("elasticsearch_8", 3), 0.15),
)
ROWS = [EMBEDDED, *(pytest.param(row, marks=pytest.mark.slow) for row in SERVERS)]


def row_name(row: Row) -> str:
    """Return the name that a test's id carries."""
    return row.name


def document(track_id: str, *typed: str, **values: object) -> Document:
    """Values of a track or a document by name; the track has a title."""
    track_values = {name: values.pop(name) for name in list(values) if name in Track.__dataclass_fields__}
    return Document(Track(track_id, **{"title": "Untitled", **track_values}), typed, **values)  # type: ignore[arg-type]


def fill(engine: SearchEngine, *documents: Document) -> None:
    with engine.writer() as writer:
        writer.write(documents)
        writer.commit()


def tag_group(tag_id: str, *terms: Term, weight: float = 1.0, required: bool = False) -> Group:
    return Group((Clause(tag_id, (Term(tag_id, Family.TYPED, weight), *terms)),), required)


def found(engine: SearchEngine, plan: Plan) -> list[str]:
    return [hit.document.track.track_id for hit in engine.search(plan).hits]
