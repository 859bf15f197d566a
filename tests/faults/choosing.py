"""Which fault befalls a request, and which documents a server refuses: by seed, so that a run can be run again."""

from __future__ import annotations

import random
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from fnmatch import fnmatchcase
from hashlib import blake2b

from tests.faults.http_messages import Request


class Fault(StrEnum):
    """What is done to one request as a whole."""

    NONE = "none"
    BUSY = "429"  # answered so, nothing forwarded
    UNAVAILABLE = "503"  # answered so, nothing forwarded
    RESET_BEFORE = "reset before"  # the server never saw it
    RESET_AFTER = "reset after"  # the server did the work, and the client does not learn of it
    STALL = "stall"  # the server did the work, its answer comes late
    TRUNCATED = "truncated"  # the server did the work, half of its answer comes


def everything(request: Request) -> bool:
    """Whether a request may meet a fault: any."""
    return True


def to(*patterns: str) -> Callable[[Request], bool]:
    """Return a condition for `Faults.where`: the path without its query matches a pattern (``*/_bulk``)."""
    return lambda request: any(fnmatchcase(request.path, pattern) for pattern in patterns)


BULK = to("/_bulk", "/*/_bulk")


@dataclass(frozen=True, kw_only=True)
class Faults:
    """How often which fault occurs.

    At most one fault of a whole request befalls each, so the first six shares add up to 1 at most. Items of bulk
    requests are refused beside that, by a hash of their ``_id``: `share_refused` for good, with 400; `share_busy` the
    first time that they come after the faults were set, with 429.

    Parameters
    ----------
    share_429, share_503, share_reset_before, share_reset_after, share_stall, share_truncated
        Of the requests that `where` lets through, in [0, 1].
    stall_seconds
        How long an answer is held back.
    share_refused, share_busy
        Of the documents in bulk requests that `where` lets through, in [0, 1].
    where
        Which requests may meet a fault.
    items_in
        Only items of indices whose name, as the request says it, matches this pattern are refused.

    Raises
    ------
    ValueError
        If a share is outside [0, 1], or those of whole requests add up to more than 1.
    """

    share_429: float = 0.0
    share_503: float = 0.0
    share_reset_before: float = 0.0
    share_reset_after: float = 0.0
    share_stall: float = 0.0
    share_truncated: float = 0.0
    stall_seconds: float = 1.0
    share_refused: float = 0.0
    share_busy: float = 0.0
    where: Callable[[Request], bool] = everything
    items_in: str = "*"

    def __post_init__(self) -> None:
        shares = [*self.shares().values(), self.share_refused, self.share_busy]
        if not all(0 <= share <= 1 for share in shares) or sum(self.shares().values()) > 1 + 1e-9:
            raise ValueError(f"expected shares in [0, 1], and not more than 1 of all requests, got {shares}")

    def shares(self) -> dict[Fault, float]:
        """Return the share of each fault of whole requests."""
        return {
            Fault.BUSY: self.share_429,
            Fault.UNAVAILABLE: self.share_503,
            Fault.RESET_BEFORE: self.share_reset_before,
            Fault.RESET_AFTER: self.share_reset_after,
            Fault.STALL: self.share_stall,
            Fault.TRUNCATED: self.share_truncated,
        }

    def at(self, draw: float) -> Fault:
        """Return the fault that a number in [0, 1) falls upon."""
        for fault, share in self.shares().items():
            if draw < share:
                return fault
            draw -= share
        return Fault.NONE


class Dice:
    """Draws faults, one a request: those that were told first, then by chance. Many threads may draw."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)
        self._told: deque[Fault] = deque()
        self._lock = threading.Lock()

    def tell(self, *faults: Fault) -> None:
        """Say what befalls the next requests, in order, whatever the shares are."""
        with self._lock:
            self._told.extend(faults)

    def draw(self, faults: Faults) -> Fault:
        """Return what befalls the next request."""
        with self._lock:
            return self._told.popleft() if self._told else faults.at(self._random.random())


def is_among(share: float, seed: int, kind: str, document: str) -> bool:
    """Whether a document is in a share of all documents: always the same answer for the same words."""
    digest = blake2b(f"{seed}\n{kind}\n{document}".encode(), digest_size=8).digest()
    return int.from_bytes(digest) < share * 2**64
