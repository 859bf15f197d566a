"""What an index knows about its probe searches: the score to beat in each, and how any track would score in them.

Computed with the index and kept with it as one attachment, so every process and every engine reads the same. The
clauses of the probes are stored expanded: whoever reads them needs neither the model's kin nor the time to ask for
them, and a threshold cannot come to lie beside clauses of another kind.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, fields

import numpy as np
import orjson
from numpy.typing import NDArray

from search.document import DOCUMENT_UNITS
from search.plan import PLAN_UNITS

# The name of the attachment.
REACH = "reach"

# Raised when the layout below changes, or what a search means: shares, budgets, which searches are probes.
FORMAT = 1

# Scores are whole multiples of this (ADR 1), so thresholds are compared without a doubt.
SCORE_UNITS = PLAN_UNITS * DOCUMENT_UNITS  # units per 1.0

# Hits that somebody looks at.
FIRST_N = 20


class BadReach(ValueError):
    """Stored bytes are no record that this version reads."""


@dataclass(frozen=True, slots=True)
class ReachOrigin:
    """What a record was computed from.

    Parameters
    ----------
    generation, delta
        The state of the index; storing the record raises its delta by one.
    model_id
        The tag model that expanded the probes.
    drift, first_n
        How the probes are searched, and which hits count as seen.
    """

    generation: int
    delta: int
    model_id: str
    drift: float
    first_n: int
    format: int = FORMAT


@dataclass(frozen=True, eq=False)
class ReachArrays:
    """Probe searches as arrays; single tags first, then pairs.

    Parameters
    ----------
    probes : int32, shape (n_probes, 2)
        Places in the record's tags; -1 for the second tag of a single.
    uses : int32, shape (n_probes,)
        Tracks that carry all tags of the probe.
    thresholds : int32, shape (n_probes,)
        Score of the last hit that is seen, in units of 1 / `SCORE_UNITS`; 0 where there are fewer hits.
    last_titled : bool, shape (n_probes,)
        Whether that hit has a title: it comes before those without at the same score.
    clauses : int32, shape (n_probes, 2)
        Columns of the matrix below; -1 for the second tag of a single.
    starts, columns, weights : int32, shapes (3 n_tags + 1,), (n_entries,), (n_entries,)
        Sparse rows: what a tag adds to each clause when typed (row of its place), heard (n_tags further) and implied
        (2 n_tags further), in units of 1 / `PLAN_UNITS`.
    """

    probes: NDArray[np.int32]
    uses: NDArray[np.int32]
    thresholds: NDArray[np.int32]
    last_titled: NDArray[np.bool_]
    clauses: NDArray[np.int32]
    starts: NDArray[np.int32]
    columns: NDArray[np.int32]
    weights: NDArray[np.int32]


@dataclass(frozen=True, eq=False)
class ReachRecord:
    """All of it.

    Parameters
    ----------
    tags
        Ids of all tags that a clause has.
    last_ids
        By probe: id of the last hit that is seen, ``""`` where there are fewer hits.
    """

    origin: ReachOrigin
    tags: tuple[str, ...]
    last_ids: tuple[str, ...]
    arrays: ReachArrays

    def to_bytes(self) -> bytes:
        """Return the record as an .npz file: numbers as arrays, the rest as JSON, nothing that runs."""
        head = orjson.dumps({"origin": self.origin, "tags": self.tags, "last_ids": self.last_ids})
        stream = io.BytesIO()
        arrays = {field.name: getattr(self.arrays, field.name) for field in fields(ReachArrays)}
        np.savez_compressed(stream, head=np.frombuffer(head, np.uint8), **arrays)
        return stream.getvalue()

    @classmethod
    def from_bytes(cls, data: bytes) -> ReachRecord:
        """Read what `to_bytes` gave.

        Raises
        ------
        BadReach
            If the bytes are cut off, altered, or of another version.
        """
        try:
            with np.load(io.BytesIO(data), allow_pickle=False) as stored:
                head = orjson.loads(stored["head"].tobytes())
                origin = _origin(head["origin"])
                arrays = ReachArrays(**{field.name: stored[field.name] for field in fields(ReachArrays)})
                return cls(origin, tuple(head["tags"]), tuple(head["last_ids"]), arrays)
        except (OSError, EOFError, KeyError, TypeError, ValueError, zipfile.BadZipFile) as error:
            raise BadReach(f"the stored reach cannot be read ({error})") from error


def _origin(values: Mapping[str, object]) -> ReachOrigin:
    if values["format"] != FORMAT:
        raise BadReach(f"expected reach of format {FORMAT}, got {values['format']}")
    return ReachOrigin(**values)  # type: ignore[arg-type] # names and kinds as `to_bytes` wrote them
