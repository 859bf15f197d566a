"""The OpenAPI 3.1 document, made from the types of the operations: nothing in it is written twice.

Limits and examples come from `msgspec.Meta`, descriptions of fields from the NumPy docstrings of their types,
statuses from the problems that an operation declares.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from importlib.metadata import version
from typing import Any

import msgspec

from web.api.operations import JSON, Operation
from web.api.problems import CONTENT_TYPE, TOO_LONG, Kind, Problem

OPENAPI = "3.1.0"
BASE = "/api/v1"
_REF = "#/components/schemas/{name}"

_ABOUT = """\
Tag search for music: tracks are found by the tags that people put on them, and by the kin of these tags.

Every operation takes the values of the page of the same name and gives the same answer. Reading is `GET`, and the
same address in the same state of the index gets the same answer: send `If-None-Match` with the `ETag` of the last one.
Parameters that an operation does not have are refused, and single ones may not be repeated. Every error is
`application/problem+json` (RFC 9457). Beside these operations the recording of a track, where the server plays
recordings, is at `/track/audio?id=…`, whole or in parts (`Range`).
"""
_RETRY_AFTER = {"Retry-After": {"description": "Seconds until to try again.", "schema": {"type": "string"}}}
_HEADERS: Mapping[int, Mapping[str, Any]] = {
    405: {"Allow": {"description": "Methods that the path takes.", "schema": {"type": "string"}}},
    503: _RETRY_AFTER,
}


def openapi_document(operations: Sequence[Operation], root: str = "") -> dict[str, Any]:
    """Build the document.

    Parameters
    ----------
    root
        Path under which the application is mounted.
    """
    schemas = _Schemas(operations)
    paths: dict[str, dict[str, Any]] = {}
    for one in operations:
        paths.setdefault(one.path, {})[one.method.lower()] = _operation(one, schemas)
    secured = any(one.secured for one in operations)
    token = {"token": {"type": "http", "scheme": "bearer"}} if secured else {}
    document = {
        "openapi": OPENAPI,
        "info": {"title": "tagkin", "version": version("tagkin"), "description": _ABOUT},
        "servers": [{"url": f"{root}{BASE}"}],
        "paths": paths,
        "components": {"schemas": schemas.components} | ({"securitySchemes": token} if token else {}),
    }
    # As a client reads it: defaults are tuples and enumerations here.
    plain: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(document))
    return plain


# Said by the HTTP server, before any operation is looked for.
_HEAD_TOO_LARGE = "Address and headers together are too large to be read; the answer has no body."


class _Schemas:
    """JSON schemas of all types of all operations, with the descriptions of their fields."""

    def __init__(self, operations: Sequence[Operation]) -> None:
        bodies = [one.body for one in operations if one.body is not None and not one.takes]
        taken = [*(one.parameters for one in operations), *bodies]
        given = [kind for one in operations for kind in one.answers.values()]
        _, components = msgspec.json.schema_components([*taken, *given, Problem], ref_template=_REF)
        described = {name: _described(component) for name, component in components.items()}
        parameters = {one.parameters.__name__ for one in operations}
        # Parameters stand in the operations.
        self.components = {name: one for name, one in described.items() if name not in parameters}
        self._parameters = {name: one for name, one in described.items() if name in parameters}

    def parameters(self, operation: Operation) -> list[dict[str, Any]]:
        """Return the parameters of an operation."""
        schema = self._parameters[operation.parameters.__name__]
        required = set(schema["required"])
        return [
            _parameter(name, field, name in required) for name, field in schema["properties"].items()
        ]

    def of(self, kind: Any) -> dict[str, Any]:
        """Return the schema of a type, by reference where it has a name."""
        (schema,), _ = msgspec.json.schema_components([kind], ref_template=_REF)
        return schema


def _described(component: dict[str, Any]) -> dict[str, Any]:
    """Take a docstring apart: what the type is, and what each of its fields is."""
    from docstring_parser import DocstringStyle, parse

    parsed = parse(component.get("description", ""), style=DocstringStyle.NUMPYDOC)
    fields = {
        name.strip(): _plain(one.description or "") for one in parsed.params for name in one.arg_name.split(",")
    }
    about = [text for text in (parsed.short_description, parsed.long_description) if text]
    properties = {
        name: field | ({"description": fields[name]} if name in fields else {})
        for name, field in component.get("properties", {}).items()
    }
    return component | {"description": _plain("\n\n".join(about))} | ({"properties": properties} if properties else {})


def _plain(text: str) -> str:
    """Write reStructuredText literals as CommonMark has them, and a paragraph on one line."""
    return "\n\n".join(" ".join(paragraph.split()) for paragraph in text.replace("``", "`").split("\n\n"))


def _parameter(name: str, field: dict[str, Any], required: bool) -> dict[str, Any]:
    schema = {key: value for key, value in field.items() if key not in {"description"}}
    # An address cannot say null: leaving the parameter out does.
    choices = [one for one in schema.pop("anyOf", []) if one.get("type") != "null"]
    for choice in choices:
        schema |= choice
    if schema.get("default", 0) is None:
        del schema["default"]
    parameter = {"name": name, "in": "query", "description": field.get("description", ""), "schema": schema}
    return parameter | ({"required": True} if required else {})


def _operation(one: Operation, schemas: _Schemas) -> dict[str, Any]:
    summary, _, description = one.doc.partition("\n\n")
    written: dict[str, Any] = {
        "operationId": one.name,
        "summary": summary.rstrip("."),
        "description": _plain(description),
        "parameters": schemas.parameters(one),
        "responses": _responses(one, schemas),
    }
    if one.body is not None:
        written["requestBody"] = {"required": True, "content": _body_content(one, schemas)}
    if one.secured:
        written["security"] = [{"token": []}]
    return written


def _body_content(one: Operation, schemas: _Schemas) -> dict[str, Any]:
    if one.takes:
        return {media: {"schema": {"type": "string", "format": "binary"}} for media in one.takes}
    return {JSON: {"schema": schemas.of(one.body)}}


def _responses(one: Operation, schemas: _Schemas) -> dict[str, Any]:
    content = {media: {"schema": schemas.of(kind)} for media, kind in one.answers.items() if kind is not type(None)}
    responses: dict[str, Any] = {
        str(status): {"description": meaning} | ({"content": content} if content and status != 204 else {})
        for status, meaning in one.statuses.items()
    }
    if one.method == "GET":
        responses["304"] = {"description": "Nothing has changed since the answer that `If-None-Match` names."}
    for status in sorted({kind.status for kind in one.problems}):
        responses[str(status)] = _problem_response(status, [kind for kind in one.problems if kind.status == status])
    responses["431"] = {"description": _HEAD_TOO_LARGE}
    return responses


def _problem_response(status: int, kinds: Iterable[Kind]) -> dict[str, Any]:
    described = " ".join(f"`{kind.name}`: {kind.when}" for kind in kinds)
    headers = {"headers": _HEADERS[status]} if status in _HEADERS else {}
    if status == TOO_LONG.status:  # the HTTP server itself refuses the longest, without a problem
        return {"description": f"{described} Beyond 64 KiB the answer has no body."}
    content = {CONTENT_TYPE: {"schema": {"$ref": _REF.format(name=Problem.__name__)}}}
    return {"description": described, "content": content} | headers
