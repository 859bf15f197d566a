"""The one writer of an index: operations in batches, and a commit that shows them all.

Searches see what was refreshed, and only a commit refreshes: first the tracks, then the record that says so. While a
new generation is being built, every operation goes to both.
"""

from __future__ import annotations

import threading
from base64 import b64encode
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from secrets import token_hex
from time import monotonic, time
from typing import Any, Self, TypeVar

import orjson
from msgspec.structs import replace

from search.document import Document
from search.elastic.answering import Place, search
from search.elastic.bulk import BulkSender, Line, is_later
from search.elastic.connection import LONG_TIMEOUT, Connection
from search.elastic.encoding import document_id, encode_document
from search.elastic.failures import Refusal, check_shards, missing_index
from search.elastic.lease import LEASE_SECONDS, let_go, renewed
from search.elastic.mapping import generation, writes_alias
from search.elastic.state import VERSIONS, AttachmentRecord, Lost, StateRecord, read_state, take_lease, write_state
from search.engine import BadIndex, IndexBusy, IndexState, NotLetIn, RefusedDocument, SearchUnavailable

# Between two notes of how far a load has come.
_NOTE_EVERY = 2.0  # seconds

# An attachment is cut into pieces that fit into one request.
_PIECE = 3_000_000  # bytes

# Operations in one request about what belongs to the index.
_NAMES_AT_ONCE = 5_000

# Between two tries of what the server did not answer.
_AGAIN = 0.5  # seconds

# Whoever writes one track waits for no longer than this.
_LEAST_PATIENCE = 3.0  # seconds


Answer = TypeVar("Answer")


class ElasticWriter:
    """`search.engine.IndexWriter` over one generation, and the one that is being built beside it.

    Parameters
    ----------
    patience
        Seconds to keep trying while the server is away.
    version
        For all documents, where a new generation is filled; None for ever higher ones.
    """

    def __init__(
        self, connection: Connection, place: Place, patience: float = 0.0, version: int | None = None
    ) -> None:
        self._connection = connection
        self._patience = max(patience, _LEAST_PATIENCE)
        self._lock = threading.Lock()
        self._failure: SearchUnavailable | None = None
        self._closed = threading.Event()
        # An engine that is closed meanwhile does not take the line away from under a writer.
        connection.hold()
        try:
            self._stored = self._patiently(lambda: take_lease(connection, place.about, self._patience))
        except BaseException:
            connection.release()
            raise
        lease = self._stored.record.lease
        self._token = lease.token if lease else ""
        # From here on the pair itself: the aliases may come to mean another one.
        self._place = self._pair(int(self._stored.index.rpartition("-")[2]))
        self._fixed = version
        self._version = self._stored.record.version - VERSIONS if version is None else version
        self._sender = BulkSender(connection, self._indices(), self._patience, self._check_lease)
        self._staged: dict[str, bytes | None] = {}
        self._spellings: dict[str, str] = {}
        self._attached: dict[str, bytes] = {}
        self._checkpoints: dict[str, str] = {}
        self._notes: deque[tuple[int, dict[str, str]]] = deque()
        self._noted_at = monotonic()
        # What an earlier writer left behind is shown by the next commit.
        self._unshown = self._stored.record.unshown
        self._changed = self._renamed = self._unshown
        self._beat = threading.Thread(target=self._keep_lease, name="lease", daemon=True)
        self._beat.start()

    @property
    def record(self) -> StateRecord:
        """The state as this writer last stored it."""
        return self._stored.record

    def _indices(self) -> tuple[str, ...]:
        """Return where documents go; first what is being built, so that it lacks nothing of what a crash leaves."""
        building = self._stored.record.building
        return (self._place.tracks,) if building is None else (self._pair(building.number).tracks, self._place.tracks)

    def _pair(self, number: int) -> Place:
        return Place(*generation(self._connection.address.name, number)[1:])

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self._closed.set()
        try:
            has_ended = self._sender.close()
            self._beat.join()
            # The lease of a writer whose last words may still arrive runs out by itself.
            if has_ended and self._failure is None:
                try:
                    self._leave()
                except SearchUnavailable:  # somebody else has the lease, or the server has not heard of its end
                    self._let_go()
        finally:
            self._connection.release()

    def _leave(self) -> None:
        """Give the lease back; what was flushed stays, with the note of how far that is."""
        changes: dict[str, Any] = {}
        if reached := self._reached():
            self._send_names()
            self._unshown = True
            changes["checkpoints"] = self._merged(reached)
        self._store(lease=None, unshown=self._unshown, **changes)

    def _let_go(self) -> None:
        if self._stored.record.lease is not None:
            let_go(self._stored.record.lease)

    def write(self, documents: Sequence[Document]) -> None:
        """Insert documents, replacing those of the same track id whole."""
        self._staged.update({document.track.track_id: encode_document(document) for document in documents})
        self._changed |= bool(documents)

    def delete(self, track_ids: Iterable[str]) -> int:
        """Remove tracks; unknown ids are no error. Returns how many were there."""
        ids = list(dict.fromkeys(track_ids))
        staged = [self._staged[track_id] for track_id in ids if track_id in self._staged]
        stored = self._are_stored([track_id for track_id in ids if track_id not in self._staged])
        there = sum(document is not None for document in staged) + len(stored)
        self._staged.update(dict.fromkeys([*stored, *(i for i in ids if i in self._staged)]))
        self._changed |= there > 0
        return there

    def name_tags(self, spellings: Mapping[str, str]) -> None:
        """Remember the displayed spelling of tag ids."""
        self._spellings.update(spellings)
        self._renamed |= bool(spellings)

    def set_checkpoint(self, name: str, value: str) -> None:
        """Store a word about progress under `name`, atomically with the next commit; ``""`` removes it."""
        self._checkpoints[name] = value

    def checkpoint(self, name: str) -> str:
        """Return the last committed value under `name`, ``""`` when none."""
        return self._stored.record.checkpoints.get(name, "")

    def attach(self, name: str, data: bytes) -> None:
        """Stage bytes that go with the index under `name`, in place of those there; ``b""`` removes them."""
        self._attached[name] = data
        self._changed = True

    def flush(self) -> None:
        """Send what is staged in the background; note how far everything has come every few seconds."""
        if self._checkpoints:
            self._notes.append((self._send_staged(), self._checkpoints))
            self._checkpoints = {}
        else:
            self._send_staged()
        if monotonic() - self._noted_at > _NOTE_EVERY:
            self._noted_at = monotonic()
            self._note()

    def take_refused(self) -> Sequence[RefusedDocument]:
        """Return the documents that the server refused for good, since the last call.

        Checkpoints that were set before, and are not stored yet, never are: they do not know of these.
        """
        if refused := self._sender.take_refused():
            self._notes.clear()
        return refused

    def commit(self) -> IndexState:
        """Acknowledge everything staged."""
        self._send_staged()
        self._sender.wait()
        self._checkpoints = self._reached() | self._checkpoints
        if self._sender.has_refused():
            # What says how far all is written would hide these from a run that resumes; what is removed may go.
            self._checkpoints = {name: value for name, value in self._checkpoints.items() if not value}
        if not (self._changed or self._renamed or self._checkpoints):
            return self._stored.record.index_state()
        changes: dict[str, Any] = {"checkpoints": self._merged(self._checkpoints), "unshown": False}
        old = self._stored.record.attachments
        if self._changed or self._renamed:
            changes |= {"delta": self._stored.record.delta + 1, "history": token_hex(8)}
        if self._changed:
            changes |= self._counts()
        if self._renamed:
            self._send_names()
            changes["names"] = self._version
            # Readers get the state the moment it is stored, and then look for the spellings that it speaks of.
            self._refresh(self._place.about)
        if self._attached:
            changes["attachments"] = self._send_attachments(old)
        self._store(**changes)
        self._refresh(self._place.about)
        self._remove_attachments(set(old.values()) - set(self._stored.record.attachments.values()))
        self._attached, self._checkpoints = {}, {}
        self._notes.clear()
        self._changed = self._renamed = self._unshown = False
        return self._stored.record.index_state()

    def compact(self) -> IndexState:
        """Commit, and begin a new generation of what readers keep; the server merges by itself."""
        self.commit()
        self._store(generation=self._stored.record.generation + 1, history=token_hex(8))
        self._refresh(self._place.about)
        return self._stored.record.index_state()

    def change_state(self, **changes: Any) -> None:
        """Store changes of the record that belong to no commit, and show them: what making generations takes."""
        self._store(**changes)
        self._refresh(self._place.about)

    def _merged(self, checkpoints: Mapping[str, str]) -> dict[str, str]:
        merged = {**self._stored.record.checkpoints, **checkpoints}
        return {name: value for name, value in merged.items() if value}

    def _send_staged(self) -> int:
        """Hand what is staged to the sender; return the number of the batch."""
        self._raise_failure()
        version = self._next_version()
        lines = [_line(track_id, source, version) for track_id, source in self._staged.items()]
        gone = [track_id for track_id, source in self._staged.items() if source is None]
        if gone and self._stored.record.building is not None:
            self._note_gone(gone, version)
        self._unshown |= bool(lines)
        self._staged = {}
        return self._sender.send(lines)

    def _next_version(self) -> int:
        if self._fixed is not None:
            return self._fixed
        if self._version >= self._stored.record.version:
            self._store(version=self._stored.record.version + VERSIONS)
        self._version += 1
        return self._version

    def _are_stored(self, track_ids: Sequence[str]) -> list[str]:
        """Return those of the ids that the server has, whether searches see them yet or not."""
        self._sender.wait()
        there: list[str] = []
        for start in range(0, len(track_ids), _NAMES_AT_ONCE):
            some = track_ids[start : start + _NAMES_AT_ONCE]
            body = {"ids": [document_id(track_id) for track_id in some]}
            path, wanted = f"/{self._place.tracks}/_mget", "docs.found,docs.error"
            found = self._ask("POST", path, body, _source="false", filter_path=wanted)["docs"]
            for one in found:
                if "error" in one:
                    raise self._connection.refused_part(one)
            there += [track_id for track_id, one in zip(some, found, strict=True) if one["found"]]
        return there

    def _note(self) -> None:
        """Store the latest checkpoint before which everything is stored, without showing anything."""
        if reached := self._reached():
            self._send_names()
            self._store(checkpoints=self._merged(reached), unshown=True)

    def _reached(self) -> dict[str, str]:
        """Return the checkpoints, and forget them, before which everything is stored and nothing is refused."""
        done = self._sender.done_through()
        reached: dict[str, str] = {}
        if self._sender.has_refused():
            return reached
        while self._notes and self._notes[0][0] <= done:
            reached |= self._notes.popleft()[1]
        return reached

    def _counts(self) -> dict[str, Any]:
        """Show what was written, and count it."""
        self._refresh(self._place.tracks)
        body = {"size": 0, "track_total_hits": True, "aggs": {"models": {"terms": {"field": "model", "size": 1_000}}}}
        answer = self._patiently(lambda: search(self._connection, self._place.tracks, body))
        models = {bucket["key"]: bucket["doc_count"] for bucket in answer["aggregations"]["models"]["buckets"]}
        return {"n_tracks": answer["hits"]["total"]["value"], "models": models}

    def _refresh(self, index: str) -> None:
        def refresh() -> None:
            answer = self._request("POST", f"/{index}/_refresh", None, LONG_TIMEOUT, {})
            check_shards(self._connection.address, answer)  # one whose server was just lost comes back elsewhere

        self._patiently(refresh)

    def _send_names(self) -> None:
        """Store the spellings; they count from the commit on that names their version."""
        version = self._next_version()
        for start in range(0, len(self._spellings), _NAMES_AT_ONCE):
            some = list(self._spellings.items())[start : start + _NAMES_AT_ONCE]
            lines: list[dict[str, Any]] = []
            for tag_id, spelling in some:
                lines.append({"index": {"_id": document_id(f"tag {tag_id}")}})
                lines.append({"kind": "tag", "names": version, "tag": tag_id, "kept": {"spelling": spelling}})
            self._send_about(self._place.about, lines)
        self._spellings = {}

    def _send_attachments(self, old: Mapping[str, AttachmentRecord]) -> dict[str, AttachmentRecord]:
        records = dict(old)
        for name, data in self._attached.items():
            records.pop(name, None)
            if data:
                records[name] = self._send_attachment(name, data)
        return records

    def _send_attachment(self, name: str, data: bytes) -> AttachmentRecord:
        key = f"{name}-{token_hex(8)}"
        pieces = [data[start : start + _PIECE] for start in range(0, len(data), _PIECE)]
        for at, piece in enumerate(pieces):
            source = {"kind": "attachment", "data": b64encode(piece).decode()}
            self._send_about(self._place.about, [{"index": {"_id": attachment_id(key, at)}}, source])
        return AttachmentRecord(key, len(pieces), len(data))

    def _remove_attachments(self, records: Iterable[AttachmentRecord]) -> None:
        lines = [
            {"delete": {"_id": attachment_id(record.key, at)}} for record in records for at in range(record.chunks)
        ]
        if lines:
            self._send_about(self._place.about, lines)

    def _note_gone(self, track_ids: Sequence[str], version: int) -> None:
        """Note what was deleted where the new generation finds it: it may be about to write it."""
        building = self._stored.record.building
        assert building is not None
        for start in range(0, len(track_ids), _NAMES_AT_ONCE):
            lines: list[dict[str, Any]] = []
            for track_id in track_ids[start : start + _NAMES_AT_ONCE]:
                lines.append({"index": {"_id": gone_id(track_id)}})
                lines.append({"kind": "gone", "kept": {"track_id": track_id, "version": version}})
            self._send_about(self._pair(building.number).about, lines)

    def _send_about(self, index: str, lines: Sequence[Mapping[str, Any]]) -> None:
        body = b"".join([orjson.dumps(line, option=orjson.OPT_APPEND_NEWLINE) for line in lines])
        wanted = "errors,items.*.error,items.*.status"
        asked = {"require_alias": "true", "filter_path": wanted}

        def send() -> None:
            # Whoever wants to leave does not wait for a server that hangs.
            timeout = None if self._closed.is_set() else LONG_TIMEOUT
            answer = self._request("POST", f"/{writes_alias(index)}/_bulk", body, timeout, asked)
            results = [result for item in answer["items"] for result in item.values() if "error" in result]
            # What is wrong in itself first: no room for others is no reason to wait then.
            for result in sorted(results, key=lambda result: is_later(result["status"])):
                raise self._judged(Refusal(result["status"], *_words(result["error"])))

        self._patiently(send)

    def _ask(self, method: str, path: str, body: Any = None, timeout: float | None = None, **params: Any) -> Any:
        """Send what may be sent again, until the server is there or patience ends."""
        return self._patiently(lambda: self._request(method, path, body, timeout, params))

    def _request(
        self, method: str, path: str, body: Any, timeout: float | None, params: Mapping[str, Any]
    ) -> Any:
        self._raise_failure()
        try:
            return self._connection.request(method, path, body, timeout=timeout, params=params)
        except Refusal as refusal:
            raise self._judged(refusal) from None

    def _judged(self, refusal: Refusal) -> SearchUnavailable:
        """Return what a refusal of other requests than for documents means: come again, or do not."""
        if refusal.status == 404:
            return missing_index(self._connection.address)
        error = self._connection.refused(refusal)
        return error if is_later(refusal.status) else NotLetIn(str(error), public=error.public)

    def _patiently(self, ask: Callable[[], Answer]) -> Answer:
        """Ask again and again while the server is away."""
        give_up = monotonic() + self._patience
        while True:
            try:
                return ask()
            except (BadIndex, IndexBusy, NotLetIn):
                raise
            except SearchUnavailable:
                if monotonic() >= give_up or self._closed.wait(_AGAIN):
                    raise

    def _store(self, patience: float | None = None, /, **changes: Any) -> None:
        """Write the state with these changes; while it is ours, nobody else can have.

        Parameters
        ----------
        patience
            Seconds; the writer's own unless given, none for one that leaves.
        """
        with self._lock:
            self._raise_failure()
            if patience is None:
                patience = 0.0 if self._closed.is_set() else self._patience
            while True:
                record = self._stored.record
                if record.lease is not None:
                    changes.setdefault("lease", renewed(record.lease))
                try:
                    self._stored = write_state(self._connection, self._stored, replace(record, **changes), patience)
                    return
                except Lost:
                    self._read_again()
                    if "delta" in changes:  # a commit of ours that had arrived is another one
                        changes["delta"] = self._stored.record.delta + 1

    def _read_again(self) -> None:
        """Take up what an earlier try of ours has written whose answer was lost; stop if it was somebody else."""
        stored = read_state(self._connection, self._stored.index)
        if stored.record.lease is None or stored.record.lease.token != self._token:
            self._failure = IndexBusy(
                f"index {self._connection.address}: another writer has taken over, as this one was not heard of "
                f"for {LEASE_SECONDS:.0f} s; what was not committed is lost"
            )
            raise self._failure
        self._stored = stored

    def _raise_failure(self) -> None:
        if self._failure is not None:
            raise self._failure

    def _check_lease(self) -> None:
        """Raise unless the lease is ours for sure: whoever slept for too long asks before writing on."""
        self._raise_failure()
        lease = self._stored.record.lease
        if lease is not None and lease.until < time():
            self._store(0.0)

    def _keep_lease(self) -> None:
        while not self._closed.wait(LEASE_SECONDS / 3):
            with suppress(SearchUnavailable):  # whoever writes next will hear of it
                self._store(0.0)


def attachment_id(key: str, piece: int) -> str:
    """Return the id of a piece of an attachment."""
    return f"attachment-{document_id(key)}-{piece}"


def gone_id(track_id: str) -> str:
    """Return the id of the note that a track was deleted."""
    return document_id(f"gone {track_id}")


def operation(track_id: str, document: Document | None, version: int) -> Line:
    """Return what puts a document in place of any of a lower or the same version; None deletes."""
    return _line(track_id, None if document is None else encode_document(document), version)


def _words(error: Mapping[str, Any]) -> tuple[str, str]:
    return str(error.get("type", "error")), str(error.get("reason", ""))


def _line(track_id: str, source: bytes | None, version: int) -> Line:
    """Return the same of a document that is encoded already."""
    head = f'{{"%s":{{"_id":"{document_id(track_id)}","version":{version},"version_type":"external_gte"}}}}\n'
    if source is None:
        return Line(track_id, (head % "delete").encode())
    return Line(track_id, (head % "index").encode(), source + b"\n")
