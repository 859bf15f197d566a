"""The lease of an index: who writes, for how long, and whether they may still be alive.

A writer of the same machine and container is judged by its process; any other one by the clock alone.
"""

from __future__ import annotations

import os
import socket
import time
from functools import cache
from pathlib import Path

from msgspec import Struct

# A writer that was not heard of for so long is taken for dead; clocks of machines may differ by less.
LEASE_SECONDS = 60.0

# Leases of writers of this process that have ended, which the server may not have heard of.
_let_go: set[str] = set()


class Lease(Struct, frozen=True):
    """Who writes, and until when nobody else may.

    Parameters
    ----------
    token
        Drawn at random by the writer.
    started
        When the process began, in the machine's own count, as process ids come again; and before that, which of the
        worlds of process ids it lives in, as each container has its own.
    until
        Seconds since 1970.
    """

    token: str
    host: str
    pid: int
    started: str
    until: float

    @property
    def holder(self) -> str:
        """Who it is, to show."""
        return f"process {self.pid} on {self.host}"

    def is_held(self) -> bool:
        """Whether the writer may still be at work."""
        if self.until < time.time() or self.token in _let_go:
            return False
        world, _, start = self.started.partition("#")
        if self.host != socket.gethostname() or not world or world != _world():
            return True  # as far as can be told from here
        return _start_of(self.pid) == start or _is_hidden(self.pid)


def let_go(lease: Lease) -> None:
    """Note that a lease of this process is nobody's any more, whether the server hears of it or not."""
    _let_go.add(lease.token)


def renewed(lease: Lease) -> Lease:
    """Return our own lease with its full time before it."""
    return own_lease(lease.token)


def own_lease(token: str) -> Lease:
    """Return a lease of this process, with its full time before it."""
    pid = os.getpid()
    return Lease(token, socket.gethostname(), pid, f"{_world()}#{_start_of(pid)}", time.time() + LEASE_SECONDS)


@cache
def _world() -> str:
    """Return what tells the process ids that can be seen from here from those of other machines and containers."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
        return f"{boot} {Path('/proc/self/ns/pid').readlink()}"
    except OSError:
        return ""


def _start_of(pid: int) -> str:
    """Return when a process of this world began, ``""`` when there is none."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
    except OSError:
        return ""
    return "" if fields[0] == "Z" else fields[19]


def _is_hidden(pid: int) -> bool:
    """Whether there is a process of somebody else's, whose beginning we may not be allowed to see."""
    try:
        os.kill(pid, 0)
    except PermissionError:
        return not _start_of(pid)
    except OSError:
        return False
    return False
