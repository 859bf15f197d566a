"""The one document that says how an index stands, and who writes to it.

Every change of it is a compare-and-set on the sequence number that the server gave it: a commit, the lease of the one
writer and the fence against a writer whose lease ran out are all the same step.
"""

from __future__ import annotations

import secrets
import time
from dataclasses import dataclass
from typing import Any

import msgspec
from msgspec import Struct

from search.elastic.connection import Connection, ask_twice
from search.elastic.failures import Refusal, foreign_index, missing_index, other_version
from search.elastic.lease import LEASE_SECONDS, Lease, let_go, own_lease
from search.elastic.mapping import FORMAT_VERSION, writes_alias
from search.engine import BadIndex, IndexBusy, IndexState, NotLetIn, SearchUnavailable

STATE_ID = "state"

# Versions of documents are taken from blocks of this many, so that no two writers ever use the same one.
VERSIONS = 1_000_000


class Building(Struct, frozen=True):
    """A generation that is being built beside the one that lives.

    Parameters
    ----------
    version
        Of all its documents but those that were written to the living generation since.
    """

    number: int
    version: int


class AttachmentRecord(Struct, frozen=True):
    """Where the bytes of an attachment are: `chunks` documents under `key`, of `size` bytes in all."""

    key: str
    chunks: int
    size: int


class StateRecord(Struct):
    """What is stored of the state of an index.

    Parameters
    ----------
    identity
        Drawn when the index was made; generations of one index share it.
    names
        Counts changes of the spellings of tags.
    models
        Tracks by the tag model that expanded them.
    version
        The highest version that a document may have.
    switches
        How often another generation was put in place of the one that lived; of the index, not of the generation.
    unshown
        Whether documents were stored since the last commit, which searches do not see yet.
    left
        Whether another generation has taken its place. A server that lags may still say that this one lives.
    stamp
        Drawn with each write, to recognize one whose answer was lost.
    """

    identity: str
    generation: int
    format: int = FORMAT_VERSION
    delta: int = 0
    names: int = 0
    history: str = ""
    n_tracks: int = 0
    models: dict[str, int] = {}
    checkpoints: dict[str, str] = {}
    attachments: dict[str, AttachmentRecord] = {}
    version: int = 0
    lease: Lease | None = None
    building: Building | None = None
    switches: int = 0
    unshown: bool = False
    left: bool = False
    stamp: str = ""

    def index_state(self) -> IndexState:
        """Return what a search is told of it."""
        model_id = "mixed" if len(self.models) > 1 else next(iter(self.models), "")
        return IndexState(self.generation, self.delta, self.n_tracks, model_id, self.history)


@dataclass(frozen=True)
class Stored:
    """A record as it was read, with the place to write it back to.

    Parameters
    ----------
    index
        The index itself, also where an alias was asked.
    """

    record: StateRecord
    index: str
    seq_no: int
    primary_term: int


class Lost(Exception):
    """Somebody else has written the state since it was read."""


def read_state(connection: Connection, about: str, timeout: float | None = None) -> Stored:
    """Read the state.

    Parameters
    ----------
    about
        Index or alias.

    Raises
    ------
    BadIndex
        If there is no index, or one of another version.
    SearchUnavailable
        If the server does not answer.
    """
    try:
        found = ask_twice(lambda: connection.get(f"/{about}/_doc/{STATE_ID}", timeout=timeout))
    except Refusal as refusal:
        if refusal.status == 404:
            raise missing_index(connection.address) from None
        raise connection.refused(refusal) from None
    record = parse_record(connection, found.get("_source"))
    return Stored(record, found["_index"], found["_seq_no"], found["_primary_term"])


def parse_record(connection: Connection, source: Any) -> StateRecord:
    """Read a record out of its document.

    Raises
    ------
    BadIndex
        If it is of another version, or none of ours.
    """
    kept = source.get("kept") if isinstance(source, dict) else None
    if not isinstance(kept, dict) or "format" not in kept:
        raise foreign_index(connection.address)
    if kept.get("format") != FORMAT_VERSION:
        raise other_version(connection.address, kept.get("format"))
    try:
        return msgspec.convert(kept, StateRecord)
    except msgspec.ValidationError as error:
        raise other_version(connection.address, f"{FORMAT_VERSION}, but {error}") from None


def write_state(connection: Connection, stored: Stored, record: StateRecord, patience: float = 0.0) -> Stored:
    """Write a record in place of the one that was read.

    Parameters
    ----------
    patience
        Seconds to keep trying while the server is away.

    Raises
    ------
    Lost
        If somebody else has written since.
    SearchUnavailable
        If the server stays away; whether the record was written is then not known.
    """
    record.stamp = secrets.token_hex(8)
    give_up = time.monotonic() + patience
    while True:
        try:
            return _put(connection, stored, record)
        except (BadIndex, NotLetIn):
            raise
        except SearchUnavailable:
            if time.monotonic() >= give_up:
                raise
            time.sleep(0.5)


def _put(connection: Connection, stored: Stored, record: StateRecord) -> Stored:
    path = f"/{writes_alias(stored.index)}/_doc/{STATE_ID}"
    body = {"kind": "state", "kept": msgspec.to_builtins(record)}
    at = {"if_seq_no": stored.seq_no, "if_primary_term": stored.primary_term}
    try:
        done = connection.put(path, body, require_alias="true", **at)
    except Refusal as refusal:
        if refusal.status == 404:
            raise missing_index(connection.address) from None
        if refusal.status != 409:
            raise connection.refused(refusal) from None
        now = read_state(connection, stored.index)
        if now.record.stamp != record.stamp:
            raise Lost from None
        return now  # an earlier try had arrived, only its answer had not
    return Stored(record, stored.index, done["_seq_no"], done["_primary_term"])


def create_state(connection: Connection, about: str, record: StateRecord) -> None:
    """Write the first record of an index."""
    record.stamp = secrets.token_hex(8)
    body = {"kind": "state", "kept": msgspec.to_builtins(record)}
    connection.put(f"/{about}/_doc/{STATE_ID}", body, op_type="create", refresh="true")


def take_lease(connection: Connection, about: str, patience: float = 0.0) -> Stored:
    """Become the one writer, with a block of versions.

    Parameters
    ----------
    about
        Index or alias; by the alias, only of what lives.
    patience
        Seconds to keep trying once it is known that nobody else writes.

    Raises
    ------
    IndexBusy
        If another one writes, or the alias still leads to a generation that lives no more.
    """
    stored = read_state(connection, about)
    if stored.record.left and stored.index != about:
        raise IndexBusy(f"index {connection.address}: another generation takes its place; try again")
    lease = stored.record.lease
    if lease is not None and lease.is_held():
        raise _busy(connection, lease)
    record = msgspec.structs.replace(
        stored.record,
        lease=own_lease(secrets.token_hex(8)),
        version=stored.record.version + VERSIONS,
        # A writer that died may have stored documents without saying so.
        unshown=stored.record.unshown or lease is not None,
    )
    assert record.lease is not None
    try:
        return write_state(connection, stored, record, patience)
    except Lost:
        lease = read_state(connection, about).record.lease
        raise _busy(connection, lease) from None
    except BaseException:
        let_go(record.lease)  # it may have arrived, or arrive yet
        raise


def _busy(connection: Connection, lease: Lease | None) -> IndexBusy:
    holder = "another writer" if lease is None else lease.holder
    return IndexBusy(
        f"index {connection.address} is being written by {holder}; wait until it is done, or stop it "
        f"(one that died elsewhere is forgotten after {LEASE_SECONDS:.0f} s)"
    )
