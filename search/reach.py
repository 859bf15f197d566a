"""How many more searches would show a track: the probe searches of an index, asked about a track that is not in it.

A track is seen in a search when it reaches every group and scores more than the last hit that is seen; at an equal
score it stands behind those that are there. Sums are of whole numbers, so a real search does the same to the last bit.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from functools import cached_property
from itertools import pairwise, repeat
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from search.document import DOCUMENT_UNITS, Document
from search.engine import IndexState, SearchEngine
from search.expansion import DEFAULT_DRIFT
from search.reach_record import FIRST_N, REACH, BadReach, ReachRecord
from search.result import Reach
from tagmodel.model import TagModel

if TYPE_CHECKING:
    from scipy.sparse import csr_array

# Sets of tags scored at once: their scores in 10,000 searches take a few megabytes.
_SETS_AT_ONCE = 64

# What to do where there is none.
_HOW = "compute it with: tagkin index --reach"

# Tag ids typed; heard, with their units of 1/256; implied, with theirs.
_Features = tuple[Sequence[str], Sequence[str], Sequence[int], Sequence[str], Sequence[int]]


class Gains(NamedTuple):
    """What more tags would do for a track.

    Parameters
    ----------
    reached
        Probe searches that show it as it is.
    added
        For each tag: how many more would with that tag.
    """

    reached: int
    added: tuple[Reach, ...]


class ReachTable:
    """The probe searches of an index, ready to be asked; may be shared by threads.

    Parameters
    ----------
    record
        Its arrays are used as they are: some megabytes at the most probes that there can be.
    """

    def __init__(self, record: ReachRecord) -> None:
        self.record = record
        self._place = {tag_id: at for at, tag_id in enumerate(record.tags)}
        self._n_singles = int((record.arrays.probes[:, 1] < 0).sum())

    @cached_property
    def _clauses(self) -> csr_array:
        """What each feature adds to each clause."""
        from scipy.sparse import csr_array

        arrays, n_tags = self.record.arrays, len(self.record.tags)
        shape = (3 * n_tags, int(arrays.clauses.max(initial=-1)) + 1)
        return csr_array((arrays.weights, arrays.columns, arrays.starts), shape)

    def gains(self, model: TagModel, tracks: Sequence[tuple[Sequence[str], Sequence[str]]]) -> tuple[Gains, ...]:
        """Say for tracks how many probe searches would show them, as they are and with one tag more.

        Parameters
        ----------
        tracks
            For each the tag ids that people typed, and those that might be added.
        """
        sets = [tuple(dict.fromkeys((*typed, *more))) for typed, added in tracks for more in _one_more(added)]
        searches, uses = self._count_seen(model, sets)
        ends = np.cumsum([0, *(1 + len(added) for _, added in tracks)]).tolist()
        return tuple(self._gains(searches[start:end], uses[start:end]) for start, end in pairwise(ends))

    def _gains(self, searches: NDArray[np.int64], uses: NDArray[np.int64]) -> Gains:
        """Compare the sets of one track with the first, which adds nothing."""
        whole = max(int(self.record.arrays.uses.sum(dtype=np.int64)), 1)
        more = zip((searches[1:] - searches[0]).tolist(), (uses[1:] - uses[0]).tolist(), strict=True)
        return Gains(int(searches[0]), tuple(Reach(n, 1_000 * used / whole) for n, used in more))

    def _count_seen(self, model: TagModel, sets: Sequence[tuple[str, ...]]) -> tuple[NDArray[np.int64], ...]:
        """Return in how many probes a track with each set of typed tags is seen, and how often these are made."""
        searches, uses = np.zeros((2, len(sets)), np.int64)
        for start in range(0, len(sets), _SETS_AT_ONCE):
            batch = slice(start, start + _SETS_AT_ONCE)
            implied = model.imply(sets[batch])
            features = [(typed, (), (), *more) for typed, more in zip(sets[batch], implied, strict=True)]
            seen = self._scores(features) > self.record.arrays.thresholds
            searches[batch] = np.count_nonzero(seen, axis=1)
            uses[batch] = seen.astype(np.float64) @ self.record.arrays.uses
        return searches, uses

    def seen_by(self, document: Document) -> list[int]:
        """Return the probes that show a track which is in the index, most used first.

        True as long as the index is the one that the record is of.
        """
        arrays = self.record.arrays
        typed, implied = document.typed, (document.implied, document.implied_weights)
        scores = self._scores([(typed, document.heard, document.heard_weights, *implied)])[0]
        seen = scores > arrays.thresholds
        tied = np.flatnonzero((scores == arrays.thresholds) & (scores > 0))
        seen[[at for at in tied.tolist() if not self._stands_behind(document, at)]] = True
        shown = np.flatnonzero(seen)
        by_use: list[int] = shown[np.argsort(-arrays.uses[shown], kind="stable")].tolist()
        return by_use

    def _stands_behind(self, document: Document, probe: int) -> bool:
        """Whether a track comes after the last hit that is seen, at the same score."""
        last = (not self.record.arrays.last_titled[probe], self.record.last_ids[probe])
        return (document.track.title == "", document.track.track_id) > last

    def _scores(self, tracks: Sequence[_Features]) -> NDArray[np.int32]:
        """Return the scores in all probes, shape (n_tracks, n_probes), 0 where a group is not reached."""
        clauses = self.record.arrays.clauses
        by_clause = (self._encode(tracks) @ self._clauses).toarray()
        scores: NDArray[np.int32] = by_clause[:, clauses[:, 0]]
        first, second = scores[:, self._n_singles :], by_clause[:, clauses[self._n_singles :, 1]]
        reached = (first > 0) & (second > 0)
        first += second
        first *= reached
        return scores

    def _encode(self, tracks: Sequence[_Features]) -> csr_array:
        """Write tracks as weights of features, in units of 1/256; tags that no clause has are passed over."""
        from scipy.sparse import csr_array

        rows = [dict(self._entries(track)) for track in tracks]
        starts = np.cumsum([0, *map(len, rows)])
        columns = np.fromiter((column for row in rows for column in row), np.int32, count=starts[-1])
        weights = np.fromiter((units for row in rows for units in row.values()), np.int32, count=starts[-1])
        return csr_array((weights, columns, starts), (len(rows), 3 * len(self.record.tags)))

    def _entries(self, track: _Features) -> Iterator[tuple[int, int]]:
        typed, heard, heard_units, implied, implied_units = track
        families = ((typed, repeat(DOCUMENT_UNITS)), (heard, heard_units), (implied, implied_units))
        for family, (tags, units) in enumerate(families):
            for tag_id, weight in zip(tags, units, strict=False):
                if (at := self._place.get(tag_id)) is not None:
                    yield family * len(self.record.tags) + at, weight


def _one_more(added: Sequence[str]) -> Iterator[tuple[str, ...]]:
    """Yield what may be added to a track: nothing, then each tag alone."""
    yield ()
    yield from ((tag_id,) for tag_id in added)


class ReachReading(NamedTuple):
    """What an index says about reach to the users of one model.

    Parameters
    ----------
    table
        None where there is none that fits.
    why
        Then why not, for people, with what to do.
    writes_since
        Commits after the one that brought it: so far it is the reach of an earlier state.
    """

    table: ReachTable | None = None
    why: str = ""
    writes_since: int = 0


class ReachKeeper:
    """Reads the reach of an index once for each of its states; may be shared by threads."""

    def __init__(self, engine: SearchEngine, model: TagModel) -> None:
        self._engine = engine
        self._model = model
        self._lock = threading.Lock()
        self._seen: tuple[IndexState, bytes | None, ReachReading] | None = None

    def reading(self) -> ReachReading:
        """Return the reach of the index as it is now.

        Raises
        ------
        SearchUnavailable
            If the index cannot be read.
        """
        state, seen = self._engine.state(), self._seen
        if seen is not None and seen[0] == state:
            return seen[2]
        with self._lock:
            data, seen = self._engine.attachment(REACH), self._seen
            if seen is not None and seen[1] == data:  # other writes: the same record, older by now
                reading = _dated(seen[2], state)
            else:
                reading = _read(data, state, self._model)
            self._seen = state, data, reading
        return reading


def read_reach(engine: SearchEngine, model: TagModel) -> ReachReading:
    """Return the reach of an index, or why there is none that fits the model."""
    return ReachKeeper(engine, model).reading()


def _read(data: bytes | None, state: IndexState, model: TagModel) -> ReachReading:
    if data is None:
        return ReachReading(why=f"the index has no reach yet; {_HOW}")
    try:
        record = ReachRecord.from_bytes(data)
    except BadReach as error:
        return ReachReading(why=f"{error}; {_HOW}")
    origin = record.origin
    if origin.model_id != model.model_id:
        return ReachReading(
            why=f"the reach of the index is by the model {origin.model_id}, not by {model.model_id}; {_HOW}"
        )
    if (origin.drift, origin.first_n) != (DEFAULT_DRIFT, FIRST_N):
        return ReachReading(why=f"the reach of the index is by another version of tagkin; {_HOW}")
    return _dated(ReachReading(ReachTable(record)), state)


def _dated(reading: ReachReading, state: IndexState) -> ReachReading:
    """Say how many commits came after the record; its own is the first after the state it was computed from."""
    if reading.table is None:
        return reading
    return reading._replace(writes_since=state.delta - reading.table.record.origin.delta - 1)
