"""The document is valid, whole and true: each operation answers what it says."""

from __future__ import annotations

import json
from typing import Any

import pytest
from flask.testing import FlaskClient
from openapi_schema_validator import OAS31Validator
from openapi_spec_validator import validate

from search.query.filters import MAX_FILTERS
from search.query.syntax import MAX_TAGS
from search.result import MAX_DEPTH
from search.searcher import Searcher
from web.api.app import OPERATIONS
from web.api.graphs import MAX_NODES, NODES_AROUND
from web.api.openapi import openapi_document
from web.api.operations import Operation
from web.api.problems import KINDS
from web.api.samples import samples_of
from web.api.suggesting import MAX_BATCH_TAGS
from web.pages.suggest_address import MAX_TAGS as MAX_TRACK_TAGS

DOCUMENT = openapi_document(OPERATIONS)


def schema_of(content: dict[str, Any]) -> dict[str, Any]:
    return {**content["schema"], "components": DOCUMENT["components"]}


def check(value: object, content: dict[str, Any]) -> None:
    OAS31Validator(schema_of(content)).validate(value)


def call(client: FlaskClient, searcher: Searcher, one: Operation) -> Any:
    samples = samples_of(searcher)
    body = None if one.sample_body is None else one.sample_body(samples)
    return client.open(f"/api/v1{one.path}", method=one.method, query_string=dict(one.sample(samples)), json=body)


def test_the_document_is_openapi_3_1(api: FlaskClient) -> None:
    served = api.get("/api/v1/openapi.json").json
    validate(served)
    assert served == DOCUMENT
    assert served["openapi"] == "3.1.0"


def test_it_says_where_the_application_is_mounted(api: FlaskClient) -> None:
    served = api.get("/api/v1/openapi.json", environ_overrides={"SCRIPT_NAME": "/music"}).json
    assert served["servers"] == [{"url": "/music/api/v1"}]


def test_every_operation_parameter_and_field_is_described() -> None:
    for path, operations in DOCUMENT["paths"].items():
        for method, one in operations.items():
            assert one["summary"], (method, path)
            assert one["description"], (method, path)
            assert not [parameter["name"] for parameter in one["parameters"] if not parameter["description"]], path
    for name, schema in DOCUMENT["components"]["schemas"].items():
        assert schema["description"], name
        assert not [field for field, kind in schema.get("properties", {}).items() if not kind.get("description")], name


def test_names_of_operations_and_paths_are_unique() -> None:
    assert len({one.name for one in OPERATIONS}) == len(OPERATIONS)
    assert len({(one.method, one.path) for one in OPERATIONS}) == len(OPERATIONS)


def test_limits_in_descriptions_are_those_of_the_code() -> None:
    parameters = {one["name"]: one["description"] for one in DOCUMENT["paths"]["/search"]["get"]["parameters"]}
    assert f"{MAX_TAGS} tags and {MAX_FILTERS} filters" in parameters["q"]
    assert f"hit {MAX_DEPTH:,}" in parameters["offset"]
    (tags, _) = DOCUMENT["paths"]["/suggest"]["get"]["parameters"]
    assert f"at most {MAX_TRACK_TAGS}." in tags["description"]
    batch = DOCUMENT["components"]["schemas"]["SuggestBatch"]["properties"]["tracks"]
    assert f"{MAX_BATCH_TAGS:,} tags in all" in batch["description"]
    limit = next(one for one in DOCUMENT["paths"]["/graph"]["get"]["parameters"] if one["name"] == "limit")
    assert f"{NODES_AROUND} around a tag, else {MAX_NODES:,}" in limit["description"]


@pytest.mark.parametrize(
    "one", [one for one in OPERATIONS if not one.secured and not one.takes], ids=lambda one: one.name
)
def test_each_operation_answers_as_the_document_says(api: FlaskClient, demo_searcher: Searcher, one: Operation) -> None:
    response = call(api, demo_searcher, one)
    assert response.status_code == 200, response.get_data(as_text=True)
    described = DOCUMENT["paths"][one.path][one.method.lower()]["responses"]["200"]["content"]
    check(json.loads(response.get_data()), described[response.mimetype])


@pytest.mark.parametrize(
    "address",
    [
        *("search?q=(", "search?k=0", "search?krift=1", "tag?tag=qqqqqqq", "track?id=none", "path?source=sitar"),
        *("nothing", "suggest?tags=", "graph?format=svg"),
    ],
)
def test_each_problem_is_as_the_document_says(api: FlaskClient, address: str) -> None:
    response = api.get(f"/api/v1/{address}")
    problem = json.loads(response.get_data())
    OAS31Validator({"$ref": "#/components/schemas/Problem", "components": DOCUMENT["components"]}).validate(problem)
    assert problem["type"].rpartition("#")[2] in {kind.name for kind in KINDS}
    path = "/" + address.partition("?")[0]
    if path in DOCUMENT["paths"]:
        assert str(response.status_code) in DOCUMENT["paths"][path]["get"]["responses"]


def test_declared_problems_stand_in_the_document() -> None:
    for one in OPERATIONS:
        responses = DOCUMENT["paths"][one.path][one.method.lower()]["responses"]
        for kind in one.problems:
            assert f"`{kind.name}`" in responses[str(kind.status)]["description"]
