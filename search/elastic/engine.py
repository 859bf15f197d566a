"""The engine on Elasticsearch behind the contract of `search.engine`: one node or a cluster, the same answers."""

from __future__ import annotations

import logging
import secrets
import threading
from base64 import b64decode
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Self, TypeVar

from search.document import Document
from search.elastic.address import ElasticAddress, parse_address
from search.elastic.answering import Moved, Place, answer_plan, count_hits, read_documents, search, tracks_of
from search.elastic.connection import LONG_TIMEOUT, SHORT_TIMEOUT, Connection
from search.elastic.encoding import decode_document, document_id
from search.elastic.facets import FacetSizes
from search.elastic.generations import ElasticGenerations
from search.elastic.indices import ask, create_pair, living, make_live, refuse_foreign
from search.elastic.mapping import KEPT, about_alias, tracks_alias
from search.elastic.scanning import Tries, scan
from search.elastic.state import StateRecord, Stored, read_state
from search.elastic.writer import ElasticWriter, attachment_id
from search.engine import BadIndex, EngineAnswer, IndexState, SearchUnavailable, TagCounts
from search.plan import Plan

_log = logging.getLogger(__name__)

Answer = TypeVar("Answer")

# How often another generation may come to live while one search is answered.
_MOVES = 5
# The server allows 65,536 values in one answer.
_MOST_TAGS = 60_000
# Tags counted in one request where there are more.
_TAGS_AT_ONCE = 10_000

# An attachment that is replaced while it is read is read again, so often.
_TRIES = 5


class ElasticEngine:
    """`search.engine.SearchEngine` over the indices of one name; may be shared by threads.

    Parameters
    ----------
    place
        Where to read and write; the aliases of the living generation unless given.
    patience
        Seconds to keep trying to read all documents, to search and to count tags while the server is away: for long
        loads, as what single requests ask for is asked again by whoever needs it.
    """

    def __init__(self, connection: Connection, place: Place | None = None, patience: float = 0.0) -> None:
        name = connection.address.name
        self.connection = connection
        self.patience = patience
        self.place = place or Place(tracks_alias(name), about_alias(name))
        self._tracks = ""
        self._sizes = FacetSizes()
        self._counting = threading.Lock()
        self._counted: TagCounts | None = None
        self._not_counted: SearchUnavailable | None = None
        self._naming = threading.Lock()
        self._spellings: tuple[str, int, Mapping[str, str]] = ("", 0, {})
        self._names_seen: tuple[str, int] = ("", 0)

    @classmethod
    def open(cls, address: str, create: bool = False, patience: float = 0.0) -> Self:
        """Open the index at an address.

        Parameters
        ----------
        create
            Make an empty index where there is none.
        patience
            As above; it opens at once or not.

        Raises
        ------
        BadIndex
            If there is no index, or none that this version reads.
        SearchUnavailable
            If the server cannot be reached or used.
        """
        connection = Connection(parse_address(address))
        try:
            connection.check_version()
            if create and living(connection) is None:
                refuse_foreign(connection)
                make_live(connection, create_pair(connection, 1, StateRecord(secrets.token_hex(8), generation=0)))
            engine = cls(connection, patience=patience)
            read_state(connection, engine.place.about, SHORT_TIMEOUT)
        except BaseException:
            connection.close()
            raise
        return engine

    def search(self, plan: Plan) -> EngineAnswer:
        """Execute a plan; all of the answer comes from one generation, whatever happens meanwhile."""
        return self._patiently(lambda: self._search(plan))

    def _search(self, plan: Plan) -> EngineAnswer:
        for _ in range(_MOVES):
            tracks = self._tracks or self._find_tracks()
            try:
                return answer_plan(self.connection, Place(tracks, self.place.about), plan, self._sizes)
            except Moved:
                self._find_tracks()
            except BadIndex:
                if self._find_tracks() == tracks:
                    raise
        raise SearchUnavailable(f"{self.connection.address}: generations change faster than they can be searched")

    def _patiently(self, ask: Callable[[], Answer]) -> Answer:
        """Ask again and again while the server is away."""
        if not self.patience:
            return ask()
        tries = Tries(self.patience)
        while True:
            try:
                return ask()
            except SearchUnavailable as error:
                tries.wait(error)

    def _find_tracks(self) -> str:
        """Learn which index of tracks is searched now."""
        self._tracks = tracks_of(self.connection, read_state(self.connection, self.place.about).index)
        return self._tracks

    def count(self, plan: Plan) -> int:
        """Return the number of hits."""
        return count_hits(self.connection, self.place, plan)

    def documents(self, track_ids: Sequence[str]) -> tuple[Document | None, ...]:
        """Return stored documents in the order asked; None where there is no such track."""
        return tuple(read_documents(self.connection, self.place, [document_id(track_id) for track_id in track_ids]))

    def all_documents(self) -> Iterator[Document]:
        """Yield every document, by track id ascending, all as the index is when the first is asked for."""
        return self.documents_after("")

    def documents_after(self, track_id: str) -> Iterator[Document]:
        """Return the documents whose track ids come after one, ascending."""
        query: dict[str, Any] = {"match_all": {}}
        hits = scan(self.connection, self.place.tracks, query, "track_id", track_id, self.patience, _source=KEPT)
        return (decode_document(hit["_source"]) for hit in hits)

    def tag_counts(self) -> Mapping[str, int]:
        """Return how many tracks each tag was typed on, by tag id.

        While one thread counts, others are given the counts of before, where there are any. Without, they wait for it,
        and what keeps it from counting keeps them too: each trying for itself would take the time of all of them.
        """
        return self._patiently(self._tag_counts)

    def _tag_counts(self) -> TagCounts:
        stored = self._read()
        state = stored.record.index_state()
        counted, failure = self._counted, self._not_counted
        if counted is not None and _is_of(counted, state):
            return counted
        if counted is None or counted.state == state:
            self._counting.acquire()
        elif not self._counting.acquire(blocking=False):
            return counted
        try:
            return self._count_once(stored, failure)
        finally:
            self._counting.release()

    def _count_once(self, stored: Stored, failure: SearchUnavailable | None) -> TagCounts:
        """Count unless somebody has since; raise what has kept others from it since `failure`."""
        state = stored.record.index_state()
        if self._counted is not None and _is_of(self._counted, state):
            return self._counted
        if (other := self._not_counted) is not None and other is not failure:
            raise SearchUnavailable(str(other), public=other.public)
        try:
            self._counted = TagCounts(self._count_tags(tracks_of(self.connection, stored.index)), state)
        except SearchUnavailable as error:
            self._not_counted = error.with_traceback(None)
            raise
        return self._counted

    def _count_tags(self, tracks: str) -> dict[str, int]:
        # By far the fastest way to count, as long as all tags fit into one answer.
        whole = {"field": "typed", "size": _MOST_TAGS, "order": {"_key": "asc"}}
        answer = self._aggregate_tags(tracks, {"terms": whole})
        if not answer["sum_other_doc_count"]:
            return {bucket["key"]: bucket["doc_count"] for bucket in answer["buckets"]}
        counts: dict[str, int] = {}
        tags: dict[str, Any] = {"size": _TAGS_AT_ONCE, "sources": [{"tag": {"terms": {"field": "typed"}}}]}
        while True:
            answer = self._aggregate_tags(tracks, {"composite": tags})
            counts |= {bucket["key"]["tag"]: bucket["doc_count"] for bucket in answer["buckets"]}
            if len(answer["buckets"]) < _TAGS_AT_ONCE:
                return counts
            tags["after"] = answer["after_key"]

    def _aggregate_tags(self, tracks: str, asked: Mapping[str, Any]) -> Any:
        """Ask for something about all tracks, which takes longer than a search."""
        body = {"size": 0, "track_total_hits": False, "aggs": {"tags": asked}}
        return search(self.connection, tracks, body, timeout=LONG_TIMEOUT)["aggregations"]["tags"]

    def tag_spelling(self, tag_id: str) -> str | None:
        """Return the spelling given by `ElasticWriter.name_tags`, None for an unknown id.

        Of a known tag it is that of the state which was read last, as a search reads the state before it names tags:
        asking for each name would be a request for each.
        """
        *named, known = self._spellings
        if tag_id in known and tuple(named) == self._names_seen:
            return known[tag_id]
        return self.tag_spellings().get(tag_id)

    def tag_spellings(self) -> Mapping[str, str]:
        """Return all spellings given by `ElasticWriter.name_tags`, by tag id; treat as read-only."""
        stored = self._read()
        identity, through = self._names_of(stored)
        with self._naming:
            known_of, names, known = self._spellings
            if (known_of, names) != (identity, through):
                fresh = self._read_spellings(stored.index, names if known_of == identity else 0, through)
                self._spellings = identity, through, {**(known if known_of == identity else {}), **fresh}
            return self._spellings[2]

    def _read_spellings(self, about: str, after: int, through: int) -> dict[str, str]:
        query = {"bool": {"filter": [{"term": {"kind": "tag"}}, {"range": {"names": {"gt": after, "lte": through}}}]}}
        hits = scan(self.connection, about, query, "tag", patience=self.patience)
        return {hit["sort"][0]: hit["_source"]["kept"]["spelling"] for hit in hits}

    def has_word(self, word: str) -> bool:
        """Whether a folded word is in any title or artist."""
        body = {"query": {"term": {"words": word}}, "size": 0, "track_total_hits": 1}
        return bool(search(self.connection, self.place.tracks, body)["hits"]["total"]["value"])

    def attachment(self, name: str) -> bytes | None:
        """Return what `ElasticWriter.attach` last committed under `name`, None when nothing, or no longer all of it."""
        for _ in range(_TRIES):
            record = read_state(self.connection, self.place.about).record.attachments.get(name)
            if record is None:
                return None
            pieces = [self._read_piece(attachment_id(record.key, at)) for at in range(record.chunks)]
            if None not in pieces:
                return b"".join([b64decode(piece["_source"]["data"]) for piece in pieces])
        # Searches need none of it: that it is not there is no reason to answer none of them.
        _log.warning("the index at %s lacks a part of its attachment %r", self.connection.address, name)
        return None

    def _read_piece(self, chunk_id: str) -> Any:
        path = f"/{self.place.about}/_doc/{chunk_id}"
        return ask(self.connection, "GET", path, timeout=self.connection.address.timeout)

    def state(self) -> IndexState:
        """Return what a search would see now."""
        return self._read().record.index_state()

    def _read(self) -> Stored:
        stored = read_state(self.connection, self.place.about)
        self._names_seen = self._names_of(stored)
        return stored

    @staticmethod
    def _names_of(stored: Stored) -> tuple[str, int]:
        """Return what tells one set of spellings from another."""
        return f"{stored.record.identity} {stored.index}", stored.record.names

    def writer(self, patience: float = 0.0) -> ElasticWriter:
        """Open the index for writing.

        Parameters
        ----------
        patience
            Seconds to keep trying while the server is away.

        Raises
        ------
        SearchUnavailable
            If another process is writing; the message names it.
        """
        return ElasticWriter(self.connection, self.place, patience)

    def generations(self) -> ElasticGenerations:
        """Return the generations of this index."""
        return ElasticGenerations(self)

    def close(self) -> None:
        """Close the connections."""
        self.connection.close()


def _is_of(counts: TagCounts, state: IndexState) -> bool:
    """Whether tags were counted of this very state, and not of one of another index that looks the same."""
    return (counts.state, counts.state.history) == (state, state.history)


def identify(address: str) -> tuple[str, str]:
    """Return what tells the index at an address from any other that will be there later.

    Raises
    ------
    BadIndex
        If there is no index.
    SearchUnavailable
        If the server does not answer.
    """
    connection = _probe(address)
    connection.check_version()  # before what another program answers is taken for an index that is not there
    record = read_state(connection, about_alias(connection.address.name), SHORT_TIMEOUT).record
    return connection.address.name, record.identity


_probes: dict[ElasticAddress, Connection] = {}
_making_probe = threading.Lock()


def _probe(address: str) -> Connection:
    """Return the connection by which an address is looked at again and again."""
    parsed = parse_address(address)
    with _making_probe:
        if parsed not in _probes:
            _probes[parsed] = Connection(parsed)
        return _probes[parsed]
