"""Generations as pairs of indices: made, found, put in each other's place in one step, removed."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from search.elastic.connection import LONG_TIMEOUT, Connection
from search.elastic.failures import Refusal, foreign_index
from search.elastic.mapping import (
    WEIGHTS_IN_SOURCE,
    Generation,
    about_alias,
    about_body,
    generation,
    generation_number,
    tracks_alias,
    tracks_body,
    writes_alias,
)
from search.elastic.state import StateRecord, create_state
from search.engine import SearchUnavailable

# Before each look at whether aliases have moved.
_LOOKS = (0.0, 0.5, 1.5)  # seconds


def ask(
    connection: Connection, method: str, path: str, body: Any = None, timeout: float = LONG_TIMEOUT, **params: Any
) -> Any:
    """Send a request, long ones as a rule; None where the server says that there is nothing of that name.

    Parameters
    ----------
    timeout
        Seconds.

    Raises
    ------
    SearchUnavailable
        If the server does not answer, or refuses for another reason.
    """
    try:
        return connection.request(method, path, body, timeout=timeout, params=params)
    except Refusal as refusal:
        if refusal.status == 404:
            return None
        raise connection.refused(refusal) from None


def refuse_foreign(connection: Connection) -> None:
    """Raise `BadIndex` where an index of something else has the name of one of our aliases."""
    name = connection.address.name
    path = f"/{tracks_alias(name)},{about_alias(name)}"
    if ask(connection, "GET", path, ignore_unavailable="true"):
        raise foreign_index(connection.address)


def create_pair(connection: Connection, number: int, record: StateRecord) -> Generation:
    """Make the indices of a generation, with its first state; what a run that died has left of them stays."""
    address = connection.address
    pair = generation(address.name, number)
    for index, body in ((pair.tracks, tracks_body(address)), (pair.about, about_body(address))):
        aliases = {writes_alias(index): {"is_hidden": True}}
        _create(connection, index, body | {"aliases": aliases})
    try:
        create_state(connection, pair.about, record)
    except Refusal as refusal:
        if refusal.status != 409:
            raise connection.refused(refusal) from None
    return pair


def _create(connection: Connection, index: str, body: dict[str, Any]) -> None:
    """Make an index, unless it is there."""
    try:
        connection.put(f"/{index}", body, timeout=LONG_TIMEOUT)
    except Refusal as refusal:
        if refusal.kind == "resource_already_exists_exception":
            return
        if WEIGHTS_IN_SOURCE not in refusal.reason:
            raise connection.refused(refusal) from None
        # A server of a version that does not know the setting, nor needs it.
        settings = {name: value for name, value in body["settings"].items() if name != WEIGHTS_IN_SOURCE}
        _create(connection, index, body | {"settings": settings})


def make_live(connection: Connection, pair: Generation, instead_of: Generation | None = None) -> None:
    """Have searches read a generation from now on: both aliases move in one step, or neither.

    Raises
    ------
    SearchUnavailable
        If they did not move, as far as can be learnt.
    """
    name = connection.address.name
    aliases = ((tracks_alias(name), "tracks"), (about_alias(name), "about"))
    actions: list[dict[str, Any]] = []
    if instead_of is not None and instead_of != pair:
        actions += [
            {"remove": {"index": getattr(instead_of, kind), "alias": alias, "must_exist": True}}
            for alias, kind in aliases
        ]
    actions += [{"add": {"index": getattr(pair, kind), "alias": alias}} for alias, kind in aliases]
    failure = SearchUnavailable(
        f"{connection.address}: generation {pair.number} was to be searched from now on; the server does not say it is",
        public="the change was not confirmed",
    )
    try:
        if connection.post("/_aliases", {"actions": actions}, timeout=LONG_TIMEOUT)["acknowledged"]:
            return
    except Refusal as refusal:  # also of the same request sent again: what it removes is gone already
        failure = connection.refused(refusal)
    except SearchUnavailable as error:  # only the answer may be lost
        failure = error
    if not _lives(connection, pair):
        raise failure


def _lives(connection: Connection, pair: Generation) -> bool:
    """Whether a generation lives, perhaps in a moment: the server that is asked may hear of it last."""
    for wait in _LOOKS:
        time.sleep(wait)
        if living(connection) == pair:
            return True
    return False


def living(connection: Connection) -> Generation | None:
    """Return the generation that searches read, None where there is none."""
    name = connection.address.name
    found: Mapping[str, Any] | None = ask(connection, "GET", f"/_alias/{about_alias(name)}")
    numbers = [generation_number(name, index) for index in found or ()]
    return next((generation(name, number) for number in numbers if number is not None), None)


def all_pairs(connection: Connection) -> list[Generation]:
    """Return all generations that there are, also halves of them, by number."""
    name = connection.address.name
    found = ask(connection, "GET", f"/{name}-tracks-*,{name}-about-*/_alias", expand_wildcards="open") or {}
    numbers = {generation_number(name, index) for index in found}
    return [generation(name, number) for number in sorted(number for number in numbers if number is not None)]


def remove_pair(connection: Connection, pair: Generation) -> None:
    """Remove the indices of a generation that no search reads."""
    for index in (pair.tracks, pair.about):
        ask(connection, "DELETE", f"/{index}")
