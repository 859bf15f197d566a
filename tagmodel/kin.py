"""The ordered kin of each tag: which other tags answer for it, how well, and by what evidence.

One table, made at training and only read afterwards. Each tag has one order of kin for good: the dial of a search
lengthens the prefix and never reorders (docs/semantics.md).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

# Further kin bring more noise than tracks, and a search sums over all of them.
MAX_KIN = 24


@dataclass(frozen=True, eq=False)
class KinTable:
    """The kin of all tags as flat arrays; the kin of tag `number` are entries ``starts[number]:starts[number + 1]``.

    Parameters
    ----------
    starts : shape (n_tags + 1,)
        First entry of each tag.
    tags : shape (n_entries,)
        Tag numbers of the kin, best first.
    similarity : shape (n_entries,)
        In (0, 1], comparable between tags.
    cooccurrence, word2vec, als : shape (n_entries,)
        What each origin says on its own, in [0, 1]; 0 where it says nothing.
    pmi : shape (n_entries,)
        Bits; NaN where there is no evidence.
    support : shape (n_entries,)
        Items that carry both tags, over all data sets.
    """

    starts: NDArray[np.int32]
    tags: NDArray[np.int32]
    similarity: NDArray[np.float32]
    cooccurrence: NDArray[np.float32]
    word2vec: NDArray[np.float32]
    als: NDArray[np.float32]
    pmi: NDArray[np.float32]
    support: NDArray[np.int32]

    def __len__(self) -> int:
        """Return the number of tags."""
        return len(self.starts) - 1

    def entries(self, number: int) -> slice:
        """Return where the kin of a tag stand in the arrays."""
        return slice(int(self.starts[number]), int(self.starts[number + 1]))

    def kin_numbers(self, number: int) -> NDArray[np.int32]:
        """Return the tag numbers of the kin of a tag, best first."""
        return self.tags[self.entries(number)]

    @classmethod
    def joined(cls, tables: Sequence[KinTable]) -> KinTable:
        """Put tables of consecutive tags into one."""
        ends = np.cumsum([0, *(table.starts[-1] for table in tables)])
        starts = [[0], *(table.starts[1:] + end for table, end in zip(tables, ends[:-1], strict=True))]
        columns = {
            field.name: np.concatenate([getattr(table, field.name) for table in tables])
            for field in fields(cls)
            if field.name != "starts"
        }
        return cls(starts=np.concatenate(starts).astype(np.int32), **columns)

    def arrays(self) -> dict[str, NDArray[np.generic]]:
        """Return the arrays by name, for storage."""
        return {field.name: getattr(self, field.name) for field in fields(self)}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[np.generic]]) -> KinTable:
        """Rebuild a table from what `arrays` gave."""
        return cls(**{field.name: arrays[field.name] for field in fields(cls)})  # type: ignore[arg-type]
