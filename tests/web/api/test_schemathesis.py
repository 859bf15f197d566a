"""Requests made up from the document, right ones and wrong ones, writes included: nothing breaks or surprises."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
import schemathesis
from hypothesis import HealthCheck, settings

from search.embedded import EmbeddedEngine
from search.searcher import Searcher
from tagmodel.model import load_model
from web.api.app import OPERATIONS
from web.api.openapi import openapi_document
from web.app import create_app
from web.settings import Settings


@schemathesis.serializer("audio/*", "video/webm", "video/mp4")
def as_it_is(_context: schemathesis.SerializationContext, value: object) -> bytes:
    """Send the bytes that were made up for a recording."""
    return value if isinstance(value, bytes) else str(value).encode()


# More of them by hand: TAGKIN_TEST_EXAMPLES=2000.
USUAL_EXAMPLES = 8
EXAMPLES = int(os.environ.get("TAGKIN_TEST_EXAMPLES", USUAL_EXAMPLES))
TOKEN = "a token of the tests"

searchers: list[Searcher] = []
app = create_app(lambda: searchers[-1], Settings(tokens=(TOKEN,)))
config = schemathesis.Config.from_dict(
    {
        "checks": {
            # The query language and the tags of an index are no matter of types, so right types may be refused.
            "positive_data_acceptance": {"enabled": False},
            # Wrong ones may be so long that nobody looks at them.
            "negative_data_rejection": {"expected-statuses": ["400", "401", "403", "404", "405", "413", "414", "415"]},
        }
    }
)
schema = schemathesis.openapi.from_dict(openapi_document(OPERATIONS), config=config)
schema.app = app


@pytest.fixture(scope="module", autouse=True)
def index_to_write(demo_directory: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """An index of its own behind the application, since writes are tried as well."""
    directory = tmp_path_factory.mktemp("written") / "demo"
    shutil.copytree(demo_directory, directory)
    engine = EmbeddedEngine.open(directory)
    searchers.append(Searcher(engine, load_model()))
    yield
    engine.close()


@schema.parametrize()
@settings(
    max_examples=EXAMPLES,
    deadline=None,
    derandomize=EXAMPLES == USUAL_EXAMPLES,
    suppress_health_check=list(HealthCheck),
)
def test_every_operation_answers_as_documented_whatever_comes(case: schemathesis.Case) -> None:
    case.call_and_validate(headers={"Authorization": f"Bearer {TOKEN}"})
