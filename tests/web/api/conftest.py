"""The index of invented tracks that `tagkin index invented` makes, with the shipped model: what a reader would have."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from click.testing import CliRunner
from flask import Flask
from flask.testing import FlaskClient

from indexer.cli import index_command
from search.embedded import EmbeddedEngine
from search.searcher import Searcher
from tagmodel.model import load_model
from web.app import create_app


@pytest.fixture(scope="session")
def demo_directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("api") / "demo"
    made = CliRunner().invoke(index_command, ["invented", "--engine", str(directory)], catch_exceptions=False)
    assert made.exit_code == 0, made.output
    return directory


@pytest.fixture(scope="session")
def demo_searcher(demo_directory: Path) -> Iterator[Searcher]:
    engine = EmbeddedEngine.open(demo_directory)
    yield Searcher(engine, load_model())
    engine.close()


@pytest.fixture(scope="session")
def demo_app(demo_searcher: Searcher) -> Flask:
    return create_app(demo_searcher)


@pytest.fixture
def api(demo_app: Flask) -> FlaskClient:
    return demo_app.test_client()


@pytest.fixture
def away_api(demo_directory: Path) -> FlaskClient:
    """The API over an index that cannot answer."""
    engine = EmbeddedEngine.open(demo_directory)
    searcher = Searcher(engine, load_model())
    engine.close()
    return create_app(searcher).test_client()


class Api:
    """Asks operations, and reads their answers."""

    def __init__(self, client: FlaskClient) -> None:
        self.client = client

    def __call__(self, operation: str, **parameters: Any) -> Any:
        response = self.client.get(f"/api/v1/{operation}", query_string=parameters)
        assert response.status_code == 200, response.get_data(as_text=True)
        assert response.content_type == "application/json"
        return msgspec.json.decode(response.get_data())

    def problem(self, operation: str, **parameters: Any) -> Any:
        response = self.client.get(f"/api/v1/{operation}", query_string=parameters)
        assert response.status_code >= 400
        assert response.content_type == "application/problem+json"
        problem = msgspec.json.decode(response.get_data())
        assert problem["status"] == response.status_code
        return problem


@pytest.fixture
def ask(api: FlaskClient) -> Api:
    return Api(api)
