"""The docs page of the API, made from the OpenAPI document; it needs nothing but this server."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, NamedTuple

from markupsafe import Markup, escape

from search.engine import SearchUnavailable
from web.api.examples import NO_EXAMPLE, Example, example, try_out
from web.api.openapi import openapi_document
from web.api.operations import Operation
from web.api.problems import KINDS, Kind
from web.api.samples import Samples, samples_of
from web.context import searcher

_CODE = re.compile(r"`([^`]+)`")


@dataclass(frozen=True, slots=True)
class FieldDoc:
    """A parameter, or a field of a type.

    Parameters
    ----------
    kind
        What it is and within which limits, as HTML.
    usual
        Its value when it is left out; ``""`` without.
    """

    name: str
    kind: Markup
    required: bool
    usual: str
    about: Markup


@dataclass(frozen=True, slots=True)
class TypeDoc:
    """A type of answers or bodies."""

    name: str
    about: Markup
    fields: tuple[FieldDoc, ...]


@dataclass(frozen=True, slots=True)
class OperationDoc:
    """One operation.

    Parameters
    ----------
    answers
        Media type with the type of the answer, as HTML.
    """

    name: str
    method: str
    path: str
    summary: str
    about: tuple[Markup, ...]
    secured: bool
    parameters: tuple[FieldDoc, ...]
    body: Markup | None
    answers: tuple[tuple[str, Markup], ...]
    problems: tuple[Kind, ...]
    example: Example = NO_EXAMPLE


@dataclass(frozen=True, slots=True)
class ProblemDoc:
    """A kind of problem, and the members that it carries beside the usual ones."""

    name: str
    status: int
    title: str
    when: Markup
    members: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class DocsPage:
    """Everything the docs page shows.

    Parameters
    ----------
    site
        Scheme, host and mount point of this server.
    is_away
        Whether the index could not be asked.
    """

    site: str
    version: str
    operations: tuple[OperationDoc, ...]
    types: tuple[TypeDoc, ...]
    problems: tuple[ProblemDoc, ...]
    samples: Samples
    is_away: bool


def docs_page(operations: tuple[Operation, ...], site: str) -> DocsPage:
    """Work out the page, with what each operation answers on the index that is there.

    Only `site` is whatever somebody asked by, so all that is dear is remembered without it.
    """
    written = _written(operations)
    try:
        samples, answers = _tried(operations, str(searcher().engine.state()), searcher().model.model_id)
        is_away = False
    except SearchUnavailable:
        samples, is_away = Samples(), True
        answers = tuple(_answer_without_index(one, samples) for one in operations)
    return DocsPage(
        site=site,
        version=written.version,
        operations=tuple(
            replace(doc, example=example(one, samples, site, answer))
            for one, doc, answer in zip(operations, written.operations, answers, strict=True)
        ),
        types=written.types,
        problems=written.problems,
        samples=samples,
        is_away=is_away,
    )


class _Written(NamedTuple):
    """What the page shows whoever asks, of whatever index; the examples are still to come."""

    version: str
    operations: tuple[OperationDoc, ...]
    types: tuple[TypeDoc, ...]
    problems: tuple[ProblemDoc, ...]


@lru_cache(maxsize=2)
def _written(operations: tuple[Operation, ...]) -> _Written:
    document = openapi_document(operations)
    return _Written(
        version=document["info"]["version"],
        operations=tuple(_operation(one, document) for one in operations),
        types=tuple(_type(name, schema) for name, schema in sorted(document["components"]["schemas"].items())),
        problems=tuple(
            ProblemDoc(kind.name, kind.status, kind.title, _rich(kind.when), kind.members) for kind in KINDS
        ),
    )


# The index of now, and one more while it is replaced.
@lru_cache(maxsize=2)
def _tried(operations: tuple[Operation, ...], _state: str, _model_id: str) -> tuple[Samples, tuple[str, ...]]:
    """Try all operations; raises `SearchUnavailable`, so that half of the answers are never remembered as all.

    Parameters
    ----------
    _state, _model_id
        What the answers hang on (docs/semantics.md): remembered by.
    """
    samples = samples_of(searcher())
    return samples, tuple(try_out(one, samples) for one in operations)


def _answer_without_index(one: Operation, samples: Samples) -> str:
    try:
        return try_out(one, samples)
    except SearchUnavailable:
        return ""


def _operation(one: Operation, document: Mapping[str, Any]) -> OperationDoc:
    written = document["paths"][one.path][one.method.lower()]
    usual_status = str(next(iter(one.statuses)))
    answers = written["responses"][usual_status].get("content", {})
    body = written.get("requestBody")
    return OperationDoc(
        name=one.name,
        method=one.method,
        path=one.path,
        summary=written["summary"],
        about=tuple(_rich(paragraph) for paragraph in written["description"].split("\n\n") if paragraph),
        secured=one.secured,
        parameters=tuple(_parameter(field) for field in written["parameters"]),
        body=_kind(next(iter(body["content"].values()))["schema"]) if body else None,
        answers=tuple((media, _kind(content["schema"])) for media, content in answers.items()),
        problems=one.problems,
    )


def _parameter(parameter: Mapping[str, Any]) -> FieldDoc:
    schema = parameter["schema"]
    return FieldDoc(
        name=parameter["name"],
        kind=_kind(schema),
        required=parameter.get("required", False),
        usual=_usual(schema),
        about=_rich(parameter["description"]),
    )


def _type(name: str, schema: Mapping[str, Any]) -> TypeDoc:
    required = schema.get("required", ())
    fields = (
        FieldDoc(field, _kind(kind), field in required, _usual(kind), _rich(kind.get("description", "")))
        for field, kind in schema.get("properties", {}).items()
    )
    about = schema.get("description", "")
    values = " It is one of " + ", ".join(f"`{value}`" for value in schema["enum"]) + "." if "enum" in schema else ""
    return TypeDoc(name, _rich(about + values), tuple(fields))


def _usual(schema: Mapping[str, Any]) -> str:
    usual = schema.get("default")
    if usual is None or usual in ([], ""):
        return ""
    return str(usual).lower() if isinstance(usual, bool) else str(usual)


def _kind(schema: Mapping[str, Any]) -> Markup:
    """Say what a value is, with links to the types."""
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return Markup('<a href="#type-{0}">{0}</a>').format(name)
    if "anyOf" in schema:
        return Markup(" or ").join(_kind(one) for one in schema["anyOf"])
    if "prefixItems" in schema:
        return Markup("[") + Markup(", ").join(_kind(one) for one in schema["prefixItems"]) + "]"
    if schema.get("type") == "array":
        return _list_kind(schema)
    if isinstance(schema.get("additionalProperties"), dict):
        return Markup("object of {}").format(_kind(schema["additionalProperties"]))
    return Markup("{}{}").format(_NAMES.get(schema.get("type", ""), "any"), ", ".join(["", *_limits(schema)]))


def _list_kind(schema: Mapping[str, Any]) -> Markup:
    if "maxItems" not in schema:
        return Markup("list of ") + _kind(schema.get("items", {}))
    most = f"up to {schema['maxItems']:,}"
    if "title" in schema:
        return escape(f"{most} {schema['title']}")
    return Markup(f"{most}, each ") + _kind(schema.get("items", {}))


_NAMES = {
    "string": "text",
    "integer": "whole number",
    "number": "number",
    "boolean": "true or false",
    "null": "null",
    "object": "object",
}


def _limits(schema: Mapping[str, Any]) -> Iterator[str]:
    low, high = schema.get("minimum"), schema.get("maximum")
    if low is not None:
        yield f"from {low:,}" + (f" to {high:,}" if high is not None else "")
    if "maxLength" in schema:
        yield f"at most {schema['maxLength']:,} characters"


def _rich(text: str) -> Markup:
    """Write CommonMark's code spans as HTML."""
    return Markup(_CODE.sub(r"<code>\1</code>", str(escape(text))))
