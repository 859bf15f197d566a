"""All engines that are held to one contract, and short ways to fill and ask them."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from pathlib import Path

from search.document import Document, Family
from search.engine import SearchEngine
from search.plan import Clause, Group, Plan, Term
from tagmodel.track import Track

_numbers = itertools.count()


def embedded_address(folder: Path) -> str:
    return str(folder / f"index{next(_numbers)}")


# A factory takes a folder of its own and returns the address of an index that does not exist yet.
FACTORIES: list[Callable[[Path], str]] = [embedded_address]


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
