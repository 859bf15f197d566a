"""A place to index into: the real engine, the tiny model, and the real command."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from indexer import cli
from search.document import Document
from search.engines import open_engine
from tests.indexer.tiny_model import TinyModel


class Desk:
    """Runs `tagkin index` and `tagkin export` in a folder of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.engine = folder / "index"

    def write(self, name: str, content: str | bytes) -> Path:
        path = self.folder / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    def index(self, *arguments: object, stdin: str | bytes | None = None) -> Result:
        command = [*map(str, arguments), "--engine", str(self.engine)]
        return CliRunner().invoke(cli.index_command, command, input=stdin)

    def export(self, *arguments: object) -> Result:
        return CliRunner().invoke(cli.export_command, [*map(str, arguments), "--engine", str(self.engine)])

    def documents(self) -> dict[str, Document]:
        engine = open_engine(str(self.engine))
        try:
            return {document.track.track_id: document for document in engine.all_documents()}
        finally:
            engine.close()

    def titles(self) -> list[str]:
        return sorted(document.track.title for document in self.documents().values())


@pytest.fixture(autouse=True)
def hearing_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return where what is heard is remembered: not in the cache of whoever runs the tests."""
    place = tmp_path / "hearings.sqlite"
    monkeypatch.setenv("TAGKIN_HEARING_CACHE", str(place))
    return place


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    """A desk whose command uses the tiny model."""
    models: Callable[[Path | None], TinyModel] = lambda _path: TinyModel()  # noqa: E731 - typed for the reader
    monkeypatch.setattr(cli, "load_model", models)
    return Desk(tmp_path)
