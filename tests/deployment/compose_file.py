"""docker-compose.yml as tests look at it: read with variables put in, and what a profile starts."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

REPOSITORY = Path(__file__).resolve().parents[2]
COMPOSE_FILE = REPOSITORY / "docker-compose.yml"
EXAMPLE = REPOSITORY / ".env.example"
PAGE = REPOSITORY / "docs" / "deployment.md"

PROFILES = ("embedded", "elasticsearch", "cluster")
# Each is run by hand, in a profile of its own.
INDEXERS = {"embedded": "indexer", "elasticsearch": "indexer-elasticsearch", "cluster": "indexer-cluster"}
WEB_SERVERS = {"embedded": ["web"], "elasticsearch": ["web-elasticsearch"], "cluster": ["web-1", "web-2"]}

# ${NAME:-default} and ${NAME:?message}, and $$ for one $.
VARIABLE = re.compile(r"\$\{([A-Z_0-9]+)(?:(:[-?])([^}]*))?\}|\$\$")
SETTING = re.compile(r"^(#?)([A-Z_0-9]+)=(.*)$", re.MULTILINE)


def put_in(text: str, values: Mapping[str, str]) -> str:
    """Put variables in as Compose does.

    Raises
    ------
    KeyError
        If one has neither value nor default.
    """

    def value_of(found: re.Match[str]) -> str:
        name, sign, default = found.groups()
        if name is None:
            return "$"
        return values.get(name) or (default if sign == ":-" else values[name])

    return VARIABLE.sub(value_of, text)


def put_in_all(node: Any, values: Mapping[str, str]) -> Any:
    if isinstance(node, dict):
        return {key: put_in_all(value, values) for key, value in node.items()}
    if isinstance(node, list):
        return [put_in_all(value, values) for value in node]
    return put_in(node, values) if isinstance(node, str) else node


def read_compose(**values: str) -> dict[str, Any]:
    """Read the file with variables put in; a password is always there."""
    raw = yaml.safe_load(COMPOSE_FILE.read_text())
    read: dict[str, Any] = put_in_all(raw, {"ELASTIC_PASSWORD": "drawn", **values})
    return read


def read_services(**values: str) -> dict[str, dict[str, Any]]:
    """Read the services by name."""
    services: dict[str, dict[str, Any]] = read_compose(**values)["services"]
    return services


def started_by(profile: str) -> dict[str, dict[str, Any]]:
    """Return the services that a profile starts."""
    return {name: service for name, service in read_services().items() if profile in service["profiles"]}


def variables() -> dict[str, set[str]]:
    """Return each variable of the file with its defaults; a required one has the default None."""
    found: dict[str, set[str]] = {}
    text = re.sub(r"^\s*#.*$", "", COMPOSE_FILE.read_text(), flags=re.MULTILINE)
    for name, sign, default in VARIABLE.findall(text):
        if name:
            found.setdefault(name, set()).add(default if sign == ":-" else "required")
    return found


def literals(node: Any, name: str = "") -> Iterator[tuple[str, str]]:
    """Yield every text of the file as it is written, with the name that it stands under."""
    if isinstance(node, dict):
        for key, value in node.items():
            yield from literals(value, str(key))
    elif isinstance(node, list):
        for value in node:
            yield from literals(value, name)
    else:
        yield name, str(node)
