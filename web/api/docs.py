"""The docs page of the API, made from the OpenAPI document; it needs nothing but this server."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup, escape

from search.engine import SearchUnavailable
from web.api.examples import Example, example
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
    example: Example


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


def docs_page(operations: Sequence[Operation], site: str) -> DocsPage:
    """Work out the page, trying each operation on the index that is there."""
    document = openapi_document(operations)
    try:
        samples, is_away = samples_of(searcher()), False
    except SearchUnavailable:
        samples, is_away = Samples(), True
    return DocsPage(
        site=site,
        version=document["info"]["version"],
        operations=tuple(_operation(one, document, example(one, samples, site)) for one in operations),
        types=tuple(_type(name, schema) for name, schema in sorted(document["components"]["schemas"].items())),
        problems=tuple(
            ProblemDoc(kind.name, kind.status, kind.title, _rich(kind.when), kind.members) for kind in KINDS
        ),
        samples=samples,
        is_away=is_away,
    )


def _operation(one: Operation, document: Mapping[str, Any], called: Example) -> OperationDoc:
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
        example=called,
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
        most = f"up to {schema['maxItems']:,}, each " if "maxItems" in schema else "list of "
        return Markup(most) + _kind(schema.get("items", {}))
    if isinstance(schema.get("additionalProperties"), dict):
        return Markup("object of {}").format(_kind(schema["additionalProperties"]))
    return Markup("{}{}").format(_NAMES.get(schema.get("type", ""), "any"), ", ".join(["", *_limits(schema)]))


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
