"""A new generation beside the one that lives: begun, filled, compared, and put in its place in one step.

From the moment that the state of the living generation names the new one, ordinary writers write to both, and note what
they delete. The filler writes with one fixed version, lower than all of theirs, so whatever comes later wins whichever
arrives first. What can still differ is settled at the end, while nobody else can write.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from secrets import token_hex
from typing import TYPE_CHECKING, Any, Self

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from search.document import Document
from search.elastic.answering import Place, score_of, search
from search.elastic.connection import LONG_TIMEOUT, Connection
from search.elastic.differing import differing, present, read_versions, send
from search.elastic.encoding import decode_document, document_id
from search.elastic.failures import Refusal, check_shards
from search.elastic.indices import living, make_live
from search.elastic.mapping import KEPT, Generation
from search.elastic.query import query_of
from search.elastic.scanning import scan_few
from search.elastic.state import Building, StateRecord, read_state
from search.elastic.writer import ElasticWriter, gone_id, operation
from search.engine import IndexState, RefusedDocument
from search.generations import CheckFailed, GenerationRefused, RebuildOrder, Renew, Say, Switched, Written
from search.plan import Plan

if TYPE_CHECKING:
    from search.elastic.engine import ElasticEngine

# The checkpoint that says what a generation is built from, and how far that is.
NOTE = "rebuild"

# Documents read or written in one request.
_AT_ONCE = 1_000
# Ids that a message names.
_NAMED = 5

Opener = Callable[[Place, Say], ElasticWriter]


class Note(Struct, frozen=True):
    """What is remembered of a rebuild in the new generation's state.

    Parameters
    ----------
    names, delta
        Of the living generation when the rebuild began.
    reached
        Id of the last track that is copied.
    whole
        Whether nothing is missing but that it lives.
    """

    order: RebuildOrder
    names: int
    delta: int
    reached: str = ""
    filled: bool = False
    whole: bool = False

    def to_text(self) -> str:
        """Return it as a checkpoint."""
        return msgspec.json.encode(self).decode()


def note_of(record: StateRecord) -> Note | None:
    """Return what a generation's state remembers of its rebuild, None if it was not built so, or has lived since."""
    text = record.checkpoints.get(NOTE)
    return msgspec.json.decode(text, type=Note) if text else None


class FillWriter(ElasticWriter):
    """The writer that fills a new generation."""

    def __init__(self, connection: Connection, place: Place, patience: float, version: int) -> None:
        super().__init__(connection, place, patience, version)
        self.refused: set[str] = set()

    def take_refused(self) -> Sequence[RefusedDocument]:
        """Return the documents that the server refused for good, since the last call."""
        refused = super().take_refused()
        self.refused.update(one.track_id for one in refused)
        return refused

    def show(self) -> IndexState:
        """Commit, and show and count also what others have written here."""
        self._changed = self._renamed = True
        return self.commit()


class ElasticRebuild:
    """`search.generations.Rebuild` on the server.

    Parameters
    ----------
    living
        The engine on the generation that lives.
    open_writer
        Opens a writer, and waits for others to close theirs.
    """

    def __init__(
        self,
        living: ElasticEngine,
        pair: Generation,
        building: Building,
        open_writer: Opener,
        resumed: bool,
        patience: float,
    ) -> None:
        self.living_engine = living
        self._connection = living.connection
        self._pair = pair
        self._place = Place(pair.tracks, pair.about)
        self._building = building
        self._open_writer = open_writer
        self.number = pair.number
        self.resumed = resumed
        self.engine = type(living)(self._connection, self._place, living.patience)
        self._suspects: list[str] = []
        self.spellings: Mapping[str, str] = living.tag_spellings()
        # Last, as nobody would give its lease back if something failed here afterwards.
        self.writer = FillWriter(self._connection, self._place, patience, building.version)
        with ExitStack() as closing:
            closing.enter_context(self.writer)
            note = note_of(self.writer.record)
            if note is None:
                raise GenerationRefused(f"generation {pair.number} was finished by another program just now")
            self._note = note
            known = self._own_spellings() if resumed else {}
            self.writer.name_tags({tag: name for tag, name in self.spellings.items() if tag not in known})
            self._closing = closing.pop_all()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self._closing.__exit__(None, None, None)

    @property
    def reached(self) -> str:
        """Id of the last track that is copied for sure."""
        return self._note.reached

    @property
    def filled(self) -> bool:
        """Whether all is copied."""
        return self._note.filled

    @property
    def refused(self) -> Collection[str]:
        """Ids of documents that the server did not take."""
        self.writer.take_refused()
        return self.writer.refused

    def living_documents(self, after: str = "") -> Iterator[Document]:
        """Return the documents of the living generation whose ids come after one, ascending."""
        return self.living_engine.documents_after(after)

    def living_state(self) -> IndexState:
        """Return the state of the living generation."""
        return self.living_engine.state()

    def note_reached(self, track_id: str, filled: bool = False) -> None:
        """Set a checkpoint with the next flush or commit: everything to this track is written."""
        self._note = replace(self._note, reached=track_id, filled=filled)
        self.writer.set_checkpoint(NOTE, self._note.to_text())

    def show(self) -> IndexState:
        """Commit, and have searches of the new generation see all of it."""
        return self.writer.show()

    def commits_since(self) -> int:
        """Return how many commits the living generation has had since the rebuild began."""
        return self.living_engine.state().delta - self._note.delta

    def n_noted(self) -> int:
        """Return how many tracks were deleted since the rebuild began."""
        self._refresh_notes()
        body = {"query": {"term": {"kind": "gone"}}, "size": 0, "track_total_hits": True}
        return int(search(self._connection, self._pair.about, body)["hits"]["total"]["value"])

    def written(self, track_ids: Sequence[str]) -> list[Written]:
        """Return documents of the new generation, as it was shown last."""
        own = self._building.version
        ids = [document_id(track_id) for track_id in track_ids]
        found = read_versions(self._connection, self._pair.tracks, ids, realtime=False, documents=True)
        absent = [track_id for track_id, one in zip(track_ids, found, strict=True) if one is None]
        deleted = present(self._connection, self._pair.about, [gone_id(track_id) for track_id in absent])
        noted = dict(zip(absent, deleted, strict=True))
        return [
            Written(None, noted[track_id]) if one is None else Written(one.document, one.version != own)
            for track_id, one in zip(track_ids, found, strict=True)
        ]

    def scores(self, plan: Plan, track_ids: Sequence[str]) -> dict[str, float]:
        """Return which of some tracks a plan finds in the new generation, with their scores."""
        ids = {"ids": {"values": [document_id(track_id) for track_id in track_ids]}}
        body = {
            "query": {"bool": {"must": [query_of(plan)], "filter": [ids]}},
            "size": len(track_ids),
            "_source": False,
            "docvalue_fields": ["track_id"],
        }
        hits = search(self._connection, self._pair.tracks, body)["hits"]["hits"]
        return {hit["fields"]["track_id"][0]: score_of(hit) for hit in hits}

    def renew_stale(self, renew: Renew) -> int:
        """Expand anew what others have written with another model; return how many documents.

        Each keeps its version, so what is written to it at the same time wins.
        """
        stale = {"bool": {"must_not": [{"term": {"model": self._note.order.model_id}}]}}
        renewed = 0
        for hits in _batches(scan_few(self._connection, self._pair.tracks, stale, version=True, _source=KEPT)):
            documents = renew([decode_document(hit["_source"]) for hit in hits])
            lines = [
                operation(document.track.track_id, document, hit["_version"])
                for document, hit in zip(documents, hits, strict=True)
            ]
            send(self._connection, self._pair.tracks, lines)
            renewed += len(hits)
        return renewed

    def go_live(self, renew: Renew, named: Callable[[str], str | None], say: Say) -> Switched:
        """Take over all that was written since, compare, and put the new generation in the place of the living one."""
        copied = not self._note.order.sources
        if copied:
            self._suspects = self._differing()
        with self._open_writer(self.living_engine.place, say) as writer:
            if writer.record.building != self._building:
                raise GenerationRefused(
                    f"generation {self.number} is no longer the one being built: it was cleared, or another lives now"
                )
            writer.commit()  # shows what a writer that died has left
            old = living(self._connection)
            assert old is not None
            self._settle_deletes(old, writer.record.version, renew)
            self._take_names(old, named)
            self.show()
            if self.renew_stale(renew):
                self.show()
            if copied:
                self._compare(old, writer.record.version)
                self._take_attachments(writer.record)
            state = self._finish(writer.record)
            make_live(self._connection, self._pair, instead_of=old)
            writer.change_state(building=None, left=True)
        self.writer.change_state(checkpoints=_without_note(self.writer.record))
        return Switched(self.number, state)

    def _settle_deletes(self, old: Generation, version: int, renew: Renew) -> None:
        """Make of every track that was ever deleted meanwhile what the living generation makes of it.

        Parameters
        ----------
        version
            No document has a higher one.
        """
        self._refresh_notes()
        for hits in _batches(scan_few(self._connection, self._pair.about, {"term": {"kind": "gone"}})):
            track_ids = [hit["_source"]["kept"]["track_id"] for hit in hits]
            ids = [document_id(track_id) for track_id in track_ids]
            there = read_versions(self._connection, old.tracks, ids, realtime=True, documents=True)
            here = present(self._connection, self._pair.tracks, ids)
            gone = [track_id for track_id, one in zip(track_ids, there, strict=True) if one is None]
            lines = [operation(track_id, None, version) for track_id in gone]
            # Deleted here and there no more: whoever wanted to delete it died between the two.
            lost = [one.document for one, is_here in zip(there, here, strict=True) if one is not None and not is_here]
            documents = renew([document for document in lost if document is not None])
            lines += [operation(document.track.track_id, document, version) for document in documents]
            send(self._connection, self._pair.tracks, lines)

    def _take_names(self, old: Generation, named: Callable[[str], str | None]) -> None:
        """Take over the spellings that were given since the rebuild began."""
        since = {"bool": {"filter": [{"term": {"kind": "tag"}}, {"range": {"names": {"gt": self._note.names}}}]}}
        hits = scan_few(self._connection, old.about, since)
        given = {hit["_source"]["tag"]: hit["_source"]["kept"]["spelling"] for hit in hits}
        known = self._own_spellings() if given else {}
        self.writer.name_tags({tag: name for tag, name in given.items() if tag not in known or named(tag) is None})

    def _own_spellings(self) -> Mapping[str, str]:
        """Return the spellings in the new generation.

        By an engine of its own: as all of them have one version, `engine` knows those that it saw first.
        """
        return type(self.engine)(self._connection, self._place).tag_spellings()

    def _take_attachments(self, record: StateRecord) -> None:
        own = self.writer.record.attachments
        for name in record.attachments.keys() - own.keys():
            self.writer.attach(name, self.living_engine.attachment(name) or b"")
        if record.attachments.keys() - own.keys():
            self.writer.commit()

    def _differing(self) -> list[str]:
        """Return ids of tracks that only one of both generations has, as far as searches see; many may just arrive."""
        old = living(self._connection)
        assert old is not None
        missing, extra = differing(self._connection, old.tracks, self._pair.tracks, self.living_engine.patience)
        return [track_id for track_id, _ in (*missing, *extra)]

    def _is_same(self, old: Generation) -> bool:
        """Whether both generations have as many tracks, and each or none has what only one had before."""
        ids = [document_id(track_id) for track_id in self._suspects]
        there, here = (present(self._connection, index, ids) for index in (old.tracks, self._pair.tracks))
        return there == here and self._count(old.tracks) == self._count(self._pair.tracks)

    def _compare(self, old: Generation, version: int) -> None:
        """Raise `CheckFailed` unless both generations have the same tracks.

        All ids were compared before, while others could write. Now, while nobody can, those that differed are looked
        at again, and the tracks are counted.
        """
        if self._is_same(old):
            return
        # A writer that died may have come as far as here and not to the living one: nobody was told that it wrote.
        _, extra = differing(self._connection, old.tracks, self._pair.tracks)
        left = [track_id for track_id, found in extra if found > self._building.version]
        send(self._connection, self._pair.tracks, [operation(track_id, None, version) for track_id in left])
        self.show()
        missing, extra = differing(self._connection, old.tracks, self._pair.tracks)
        if missing or extra:
            what = [
                f"{len(found):,} tracks {how}, such as {', '.join(repr(track_id) for track_id, _ in found[:_NAMED])}"
                for how, found in (("are missing", missing), ("are too many", extra))
                if found
            ]
            raise CheckFailed(f"generation {self.number} has not the tracks of the living one: {'; '.join(what)}")

    def _count(self, index: str) -> int:
        body = {"size": 0, "track_total_hits": True}
        return int(search(self._connection, index, body)["hits"]["total"]["value"])

    def _finish(self, record: StateRecord) -> IndexState:
        """Write the state with which the new generation begins to live."""
        own = self.writer.record
        self._note = replace(self._note, filled=True, whole=True)
        # Where a load from a source stopped holds for what is copied, not for what was built from other sources.
        checkpoints = {} if self._note.order.sources else _without_note(record)
        self.writer.change_state(
            generation=max(record.generation, own.generation, self.number) + 1,
            delta=record.delta + 1,
            names=max(record.names, own.names),
            history=token_hex(8),
            version=max(record.version, own.version),
            switches=record.switches + 1,
            checkpoints=checkpoints | {NOTE: self._note.to_text()},
        )
        return self.writer.record.index_state()

    def _refresh_notes(self) -> None:
        try:
            answer = self._connection.post(f"/{self._pair.about}/_refresh", timeout=LONG_TIMEOUT)
        except Refusal as refusal:
            raise self._connection.refused(refusal) from None
        check_shards(self._connection.address, answer)  # a note on a copy that is away would not be settled


def first_state(living: ElasticEngine, order: RebuildOrder) -> StateRecord:
    """Return the state with which a generation is begun, of the same index as the living one."""
    record = read_state(living.connection, living.place.about).record
    note = Note(order, names=record.names, delta=record.delta)
    return StateRecord(record.identity, generation=0, checkpoints={NOTE: note.to_text()})


def _without_note(record: StateRecord) -> dict[str, str]:
    return {name: value for name, value in record.checkpoints.items() if name != NOTE}


def _batches(hits: Iterable[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    batch: list[dict[str, Any]] = []
    for hit in hits:
        batch.append(hit)
        if len(batch) == _AT_ONCE:
            yield batch
            batch = []
    if batch:
        yield batch
