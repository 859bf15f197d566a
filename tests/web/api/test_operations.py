"""An operation is declared once: its types check, answer and document it."""

from __future__ import annotations

from typing import Annotated

import msgspec
import pytest
from flask import Flask
from flask.testing import FlaskClient
from msgspec import Meta

from web.api.openapi import openapi_document
from web.api.operations import Operation, Reply, operation
from web.api.problems import UNKNOWN_TRACK, Refusal
from web.pages import errors


class Where(msgspec.Struct, frozen=True):
    """Which thing.

    Parameters
    ----------
    name
        What it is called.
    near, far
        How near or far.
    """

    name: Annotated[str, Meta(min_length=1, max_length=5)]
    near: Annotated[int, Meta(ge=1, le=3)] | None = None
    far: bool = False


class Thing(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A thing.

    Parameters
    ----------
    weight
        In grams.
    """

    weight: float


@operation("PUT", "/thing", refusals=(UNKNOWN_TRACK,), secured=True, statuses={200: "Kept.", 201: "New."}, max_body=40)
def put_thing(parameters: Where, body: Thing) -> Reply[Thing]:
    """Keep a thing.

    It stays.
    """
    if parameters.name == "none":
        raise Refusal(UNKNOWN_TRACK, "no such thing", "name", ("one",))
    return Reply(body, status=201, headers={"Location": parameters.name})


@operation("DELETE", "/thing", statuses={204: "Gone."})
def delete_thing(parameters: Where) -> Reply[None]:
    """Forget a thing."""
    if parameters.name == "crash":
        raise ValueError("a slip of ours")
    return Reply(None, status=204)


@pytest.fixture
def things() -> FlaskClient:
    app = Flask(__name__)
    for one in (put_thing, delete_thing):
        app.add_url_rule(f"/api/v1{one.path}", one.name, one.view(), methods=[one.method])
    errors.register(app)
    return app.test_client()


def test_what_comes_in_is_checked_and_what_goes_out_is_written(things: FlaskClient) -> None:
    answer = things.put("/api/v1/thing?name=a&near=2", json={"weight": 3})
    assert (answer.status_code, answer.json) == (201, {"weight": 3.0})
    assert answer.headers["Location"] == "a"
    assert things.put("/api/v1/thing?name=abcdef", json={"weight": 3}).status_code == 400
    assert things.put("/api/v1/thing?name=a&near=4", json={"weight": 3}).status_code == 400
    assert things.put("/api/v1/thing?name=a", json={"weight": "heavy"}).status_code == 400
    for length in ({}, {"Transfer-Encoding": "chunked"}):
        much = {"json": {"weight": 3, "note": "x" * 40}, "headers": length}
        server = {"wsgi.input_terminated": True}
        assert things.put("/api/v1/thing?name=a", **much, environ_overrides=server).status_code == 413


def test_an_answer_may_be_empty(things: FlaskClient) -> None:
    answer = things.delete("/api/v1/thing?name=a")
    assert (answer.status_code, answer.get_data()) == (204, b"")


def test_a_slip_of_ours_is_a_problem_too_and_tells_nothing_of_it(things: FlaskClient) -> None:
    answer = things.delete("/api/v1/thing?name=crash")
    assert (answer.status_code, answer.content_type) == (500, "application/problem+json")
    assert answer.json["detail"] == "It was written to the log; the other operations still work."


def test_a_refusal_is_a_problem_with_its_members(things: FlaskClient) -> None:
    answer = things.put("/api/v1/thing?name=none", json={"weight": 3})
    assert answer.content_type == "application/problem+json"
    assert msgspec.json.decode(answer.get_data()) == {
        "type": "/api/v1/docs#unknown-track",
        "title": "There is no such track",
        "status": 404,
        "detail": "no such thing",
        "parameter": "name",
        "offers": ["one"],
    }


def documented(*operations: Operation) -> dict[str, dict[str, object]]:
    paths: dict[str, dict[str, object]] = openapi_document(operations)["paths"]["/thing"]
    return paths


def test_the_document_is_made_from_the_declaration() -> None:
    paths = documented(put_thing, delete_thing)
    put = paths["put"]
    assert (put["summary"], put["description"]) == ("Keep a thing", "It stays.")
    assert put["parameters"] == [
        {
            "name": "name",
            "in": "query",
            "description": "What it is called.",
            "schema": {"type": "string", "minLength": 1, "maxLength": 5},
            "required": True,
        },
        {
            "name": "near",
            "in": "query",
            "description": "How near or far.",
            "schema": {"type": "integer", "minimum": 1, "maximum": 3},
        },
        {
            "name": "far",
            "in": "query",
            "description": "How near or far.",
            "schema": {"type": "boolean", "default": False},
        },
    ]
    assert set(put["responses"]) == {  # type: ignore[call-overload]
        *("200", "201", "400", "401", "403", "404", "413", "414", "415", "429", "431", "500", "503")
    }
    assert put["security"] == [{"token": []}]
    assert "content" not in paths["delete"]["responses"]["204"]  # type: ignore[index]


def test_an_operation_can_be_called_as_a_function() -> None:
    assert delete_thing(Where("a")) == Reply(None, status=204)
