"""The generations of an index on the server: listed, begun, gone back to, removed.

Whatever changes which of them lives, or which is being built, is done by the one writer of the living generation: so
nobody writes meanwhile, and of two that want the same one waits for the other.
"""

from __future__ import annotations

import dataclasses
import random
import time
from collections.abc import Mapping
from secrets import token_hex
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from search.elastic.answering import Place
from search.elastic.failures import missing_index
from search.elastic.indices import all_pairs, ask, create_pair, living, make_live, remove_pair
from search.elastic.mapping import Generation, generation
from search.elastic.rebuild import ElasticRebuild, first_state, note_of
from search.elastic.state import Building, StateRecord, read_state
from search.elastic.writer import ElasticWriter
from search.engine import BadIndex, IndexBusy
from search.generations import GenerationInfo, GenerationRefused, RebuildOrder, Say, Switched
from search.reach_record import REACH, BadReach, ReachRecord

if TYPE_CHECKING:
    from search.elastic.engine import ElasticEngine

_AGAIN = 0.05  # seconds between two tries to become the writer
# Whoever waits for longer is told for whom.
_SILENT = 2.0  # seconds


# The checkpoint that says how far a generation was before it was made ready to live again.
_LIVED = "lived"


class _Lived(msgspec.Struct, frozen=True):
    """Commits and switches of the index up to when a generation was left."""

    delta: int
    switches: int


class _Found(NamedTuple):
    """A generation as it lies on the server.

    Parameters
    ----------
    record
        None where it cannot be read: half of the pair is missing, or it is of another version.
    role
        As `GenerationInfo`.
    """

    pair: Generation
    record: StateRecord | None
    role: str


class _StateWriter(ElasticWriter):
    """The writer that changes what a generation is."""

    def change_with(self, attached: Mapping[str, bytes], **changes: Any) -> None:
        """Store attachments and changes of the state in one step."""
        old = self.record.attachments
        self._attached = dict(attached)
        records = self._send_attachments(old)
        self.change_state(attachments=records, **changes)
        self._attached = {}
        self._remove_attachments(set(old.values()) - set(records.values()))


class ElasticGenerations:
    """`search.generations.Generations` of the index that an engine reads."""

    def __init__(self, engine: ElasticEngine) -> None:
        self._engine = engine
        self._connection = engine.connection

    def all(self) -> list[GenerationInfo]:
        """Return all generations, by number."""
        name = self._connection.address.name
        indices = f"/{name}-tracks-*,{name}-about-*"
        sizes = (ask(self._connection, "GET", f"{indices}/_stats/store,docs") or {}).get("indices", {})
        settings = ask(self._connection, "GET", f"{indices}/_settings/index.creation_date") or {}
        infos = []
        for pair, record, role in self._find():
            own = [index for index in pair[1:] if index in sizes]
            made = [int(settings[index]["settings"]["index"]["creation_date"]) for index in own if index in settings]
            n_tracks = sizes[pair.tracks]["primaries"]["docs"]["count"] if pair.tracks in sizes else 0
            if record is not None and role in {"living", "kept"}:
                n_tracks = record.n_tracks
            infos.append(
                GenerationInfo(
                    number=pair.number,
                    made=min(made, default=0) / 1_000,
                    n_tracks=n_tracks,
                    size=sum(sizes[index]["total"]["store"]["size_in_bytes"] for index in own),
                    model_id=_model_of(record),
                    role=role,
                    delta=record.delta if record is not None else 0,
                )
            )
        return infos

    def rebuild(
        self, order: RebuildOrder, say: Say, restart: bool = False, patience: float = 0.0
    ) -> ElasticRebuild:
        """Begin to build a generation, or go on with one that was begun."""
        if restart:
            self._clear(say)
        building = read_state(self._connection, self._engine.place.about).record.building
        if building is not None:
            return self._open(building, order, True, patience)
        building, resumed = self._begin(order, say)
        return self._open(building, order, resumed, patience)

    def roll_back(self, number: int | None, say: Say) -> Switched:
        """Have searches read another generation; the newest older one, unless it is named."""
        with self._open_writer(self._engine.place, say) as writer:
            if writer.record.building is not None:
                raise GenerationRefused(
                    f"generation {writer.record.building.number} is being built: let `tagkin index --rebuild` finish, "
                    "or clear it with: tagkin prune-generations"
                )
            writer.commit()
            found = self._find()
            target = _target(found, number)
            old = next(one.pair for one in found if one.role == "living")
            records = [one.record for one in found if one.record is not None]
            with self._open_writer(Place(*target[1:]), say) as back:
                back.commit()  # shows what was left when it stopped living
                now, then = writer.record, back.record
                lived = _last_lived(then, now)
                delta = max(now.delta, *(_last_lived(record, now).delta for record in records)) + 1
                back.change_with(
                    self._reach_at(target, delta - then.delta),
                    generation=max(record.generation for record in records) + 1,
                    delta=delta,
                    switches=now.switches + 1,
                    history=token_hex(8),
                    building=None,
                    left=False,
                    checkpoints={**then.checkpoints, _LIVED: msgspec.json.encode(lived).decode()},
                )
                make_live(self._connection, target, instead_of=old)
                writer.change_state(left=True)
                missing = (now.delta - lived.delta) - (now.switches - lived.switches)
                return Switched(target.number, back.record.index_state(), missing)

    def prune(self, keep: int, say: Say) -> list[int]:
        """Remove generations that are not searched, but for those that lived last; and what died being built."""
        with self._open_writer(self._engine.place, say) as writer:
            found = [one for one in self._find() if one.role != "living"]
            for one in found:
                self._check_idle(one)
            kept = [one for one in found if one.role == "kept"]
            kept.sort(key=lambda one: (one.record.generation if one.record else 0, one.pair.number), reverse=True)
            self._forget_building(writer)
            gone = [one.pair for one in found if one.role != "kept"] + [one.pair for one in kept[keep:]]
            for pair in gone:
                remove_pair(self._connection, pair)
            return sorted(pair.number for pair in gone)

    def _begin(self, order: RebuildOrder, say: Say) -> tuple[Building, bool]:
        """Have ordinary writers write to a new generation, too; return it, and whether somebody else began it."""
        pair = self._create(order)
        with self._open_writer(self._engine.place, say) as writer:
            writer.commit()  # shows what a writer that died has left, so that it is copied
            building = writer.record.building
            if building is not None:
                if building.number != pair.number:
                    remove_pair(self._connection, pair)
                return building, True
            try:
                read_state(self._connection, pair.about)  # who prunes may have taken it for one that is left over
            except BadIndex:
                raise GenerationRefused(
                    f"generation {pair.number} was removed before it was begun, by another program that pruned; "
                    "run this again"
                ) from None
            building = Building(pair.number, writer.record.version + 1)
            writer.change_state(building=building, version=building.version)
            return building, False

    def _create(self, order: RebuildOrder) -> Generation:
        """Make the pair of a generation under a number that nobody has ever filled.

        Those of generations that lived, or were begun and cleared, are no higher than the count in the living state.
        """
        record = read_state(self._connection, self._engine.place.about).record
        numbers = [pair.number for pair in all_pairs(self._connection)]
        state = first_state(self._engine, order)
        return create_pair(self._connection, max([record.generation, *numbers]) + 1, state)

    def _open(self, building: Building, order: RebuildOrder, resumed: bool, patience: float) -> ElasticRebuild:
        """Open the generation that is being built, if it is what was asked for."""
        pair = generation(self._connection.address.name, building.number)
        clear = "clear it with --restart or tagkin prune-generations"
        try:
            note = note_of(read_state(self._connection, pair.about).record)
        except BadIndex as error:
            raise GenerationRefused(f"generation {pair.number} was begun, but is damaged ({error}); {clear}") from None
        if note is None or note.order != order:
            begun = "with another order" if note is None else _order_words(note.order)
            asked = _order_words(order)
            raise GenerationRefused(
                f"generation {pair.number} was begun {begun}, this is {asked}: finish that one, or {clear}"
            )
        return ElasticRebuild(self._engine, pair, building, self._open_writer, resumed, patience)

    def _clear(self, say: Say) -> None:
        """Remove a generation that was begun and not finished, if there is one."""
        with self._open_writer(self._engine.place, say) as writer:
            building = writer.record.building
            if building is None:
                return
            for one in self._find():
                if one.pair.number == building.number:
                    self._check_idle(one)
            self._forget_building(writer)
            remove_pair(self._connection, generation(self._connection.address.name, building.number))

    @staticmethod
    def _forget_building(writer: ElasticWriter) -> None:
        """Have nobody write any more to what was being built, nor ever to another generation of its number.

        Whoever filled it may only sleep, and would go on with whatever has the same name then.
        """
        now = writer.record
        if now.building is not None:
            writer.change_state(building=None, generation=max(now.generation, now.building.number))

    def _check_idle(self, one: _Found) -> None:
        if one.record is not None and one.record.lease is not None and one.record.lease.is_held():
            raise IndexBusy(
                f"generation {one.pair.number} of {self._connection.address} is being written by "
                f"{one.record.lease.holder}; wait until it is done, or stop it"
            )

    def _find(self) -> list[_Found]:
        """Return all generations with their states and roles, by number."""
        alive = living(self._connection)
        if alive is None:
            raise missing_index(self._connection.address)
        building = read_state(self._connection, alive.about).record.building
        return [self._look(pair, alive, building) for pair in all_pairs(self._connection)]

    def _look(self, pair: Generation, alive: Generation, building: Building | None) -> _Found:
        try:
            record = read_state(self._connection, pair.about).record
        except BadIndex:
            record = None
        note = note_of(record) if record is not None else None
        if pair == alive:
            return _Found(pair, record, "living")
        if building is not None and building.number == pair.number:
            return _Found(pair, record, "building")
        whole = record is not None and (note is None or note.whole)
        return _Found(pair, record, "kept" if whole else "left over")

    def _reach_at(self, pair: Generation, later: int) -> dict[str, bytes]:
        """Return the reach of a generation, if it has one, as if it had been computed some commits later."""
        data = type(self._engine)(self._connection, Place(pair.tracks, pair.about)).attachment(REACH)
        try:
            record = ReachRecord.from_bytes(data or b"")
        except BadReach:
            return {}
        origin = dataclasses.replace(record.origin, delta=record.origin.delta + later)
        return {REACH: dataclasses.replace(record, origin=origin).to_bytes()}

    def _open_writer(self, place: Place, say: Say) -> _StateWriter:
        """Become the writer, as soon as nobody else is."""
        silent_until = time.monotonic() + _SILENT
        while True:
            try:
                return _StateWriter(self._connection, place)
            except IndexBusy as busy:
                if time.monotonic() > silent_until:
                    say(f"waiting: {busy}")
                    silent_until = float("inf")
            time.sleep(random.uniform(_AGAIN / 2, _AGAIN))


def _last_lived(then: StateRecord, now: StateRecord) -> _Lived:
    """Return how far a generation was when it was left.

    Parameters
    ----------
    then, now
        Of that generation, and of the living one. One that has seen more switches was to live again already, by a run
        that died before the switch: it has noted what it found.
    """
    noted = then.checkpoints.get(_LIVED)
    if noted and then.switches > now.switches:
        return msgspec.json.decode(noted, type=_Lived)
    return _Lived(then.delta, then.switches)


def _target(found: list[_Found], number: int | None) -> Generation:
    """Return the generation to go back to."""
    alive = next(one.pair.number for one in found if one.role == "living")
    ready = [one.pair for one in found if one.role == "kept" and one.record is not None]
    if number is None:
        older = [pair for pair in ready if pair.number < alive]
        if not older:
            raise GenerationRefused(f"there is no generation older than {alive}, which is searched, to go back to")
        return older[-1]
    if number == alive:
        raise GenerationRefused(f"generation {number} is the one that is searched")
    for pair in ready:
        if pair.number == number:
            return pair
    names = ", ".join(str(pair.number) for pair in ready) or "none"
    raise GenerationRefused(f"there is no generation {number} to go back to; there are: {names}")


def _model_of(record: StateRecord | None) -> str:
    return "" if record is None else record.index_state().model_id


def _order_words(order: RebuildOrder) -> str:
    of = f"from {' '.join(order.sources)}" if order.sources else "from the index itself"
    return f"{of} with model {order.model_id or 'none'}"
