"""Documents that searches show again and again, kept as they were decoded.

The number of a row stands for one document for good, as no number is ever given out twice; so nothing kept here can be
out of date, whatever is written.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence

from search.document import Document
from search.embedded.store import decode, read_rows
from search.embedded.view import View

# Documents kept, 2 to 3 KiB each.
_MOST_KEPT = 4_096


class DocumentCache:
    """Reads documents by row number; may be shared by threads.

    What was asked for lately is young. When the young are half of all that may be kept they become old, and the old
    ones that nobody asked for meanwhile are forgotten: nearly the least recently used, without a lock.
    """

    def __init__(self, most: int = _MOST_KEPT) -> None:
        self._most_young = most // 2
        self._kept: tuple[dict[int, Document], dict[int, Document]] = ({}, {})

    def __len__(self) -> int:
        """Return how many documents are kept."""
        young, old = self._kept
        return len(young.keys() | old.keys())

    def read(self, connection: sqlite3.Connection, numbers: Sequence[int], view: View) -> Mapping[int, Document]:
        """Return the documents of row numbers, by number; all must be there."""
        young, old = self._kept
        found, missing = {}, []
        for n in numbers:
            document = young.get(n) or old.get(n)
            if document is None:
                missing.append(n)
            else:
                found[n] = document
        if missing:
            ids, models = view.tags.ids, view.models
            found.update({n: decode(row, ids, models) for n, row in read_rows(connection, missing).items()})
        young.update(found)
        if len(young) > self._most_young:
            self._kept = ({}, young)
        return found
