"""What a process that reads foreign files may do: so much memory, no writing, no network, no other programs.

The limits of `resource` hold on every system. On Linux a filter of system calls (seccomp) comes on top, for every
thread of the process: decoders are large C libraries, and one that a crafted file has taken over should find nothing to
do. Where the kernel has no such filter the limits alone hold.
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import platform
import resource
import struct
from dataclasses import dataclass


@dataclass(frozen=True)
class Limits:
    """What one file, and one process that reads files, may take.

    Parameters
    ----------
    seconds
        On the clock, for a file of no size; then the process is killed.
    seconds_per_megabyte
        Added for each megabyte of the file.
    memory
        Address space of the process in bytes. Libraries take up to 0.8 GB of it before the first file.
    files
        After so many the process is replaced, so that nothing that leaks can add up.
    start_seconds
        On the clock, until a new process is ready.
    """

    seconds: float = 5.0
    seconds_per_megabyte: float = 0.0
    memory: int = 1_500_000_000
    files: int = 500
    start_seconds: float = 120.0

    def deadline(self, size: int) -> float:
        """Return how many seconds a file of `size` bytes may take."""
        return self.seconds + self.seconds_per_megabyte * size / 1_000_000


# For files that anybody may send: ten minutes of music are some 10 MB, and take 3 to 5 seconds of a busy machine.
UPLOAD = Limits(seconds_per_megabyte=0.5)
# For files of one's own, which may last for hours: an hour of sound is 0.64 GB as samples.
LIBRARY = Limits(seconds=15.0, seconds_per_megabyte=2.0, memory=3_000_000_000)

_PR_SET_NO_NEW_PRIVS = 38
_SECCOMP_SET_MODE_FILTER, _ALL_THREADS = 1, 1
_ALLOW, _REFUSE = 0x7FFF0000, 0x00050000  # what a filter returns; the number of the error is added to the latter
_LOAD, _IF_EQUAL, _IF_AT_LEAST, _IF_ANY_BIT, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06  # instructions of BPF
_NUMBER, _ARCHITECTURE, _ARGUMENTS = 0, 4, 16  # places in struct seccomp_data, in bytes
_CLONE_THREAD = 0x10000
_OPEN_TO_WRITE = 0o1 | 0o2 | 0o100 | 0o1000 | 0o2000  # O_WRONLY, O_RDWR, O_CREAT, O_TRUNC, O_APPEND

_ANY = 0xFFFFFFFF


@dataclass(frozen=True)
class _Calls:
    """Numbers of system calls on one architecture, as in the kernel's tables."""

    architecture: int
    seccomp: int
    # Sockets, programs, other processes, files made, changed and removed, and limits lifted again.
    refused: tuple[int, ...]
    # Refused as if the kernel were too old for them, so that the C library takes the call that can be looked into.
    unknown: tuple[int, ...]
    # (call, argument, bits): refused if one of the bits is set. Limits may be asked for, but not given.
    refused_with: tuple[tuple[int, int, int], ...]
    clone: int


_X86_64 = _Calls(
    architecture=0xC000003E,
    seccomp=317,
    refused=(
        *(41, 53, 57, 58, 59, 62, 76, 77, 82, 83, 84, 85, 86, 87, 88, 90, 91, 92, 93, 94, 101, 133, 160, 165, 166),
        *(200, 258, 259, 260, 263, 264, 265, 266, 268, 310, 311, 316, 321, 322, 425, 452),
    ),
    unknown=(435, 437),
    refused_with=((2, 1, _OPEN_TO_WRITE), (257, 2, _OPEN_TO_WRITE), (302, 2, _ANY)),
    clone=56,
)
_AARCH64 = _Calls(
    architecture=0xC00000B7,
    seccomp=277,
    refused=(
        *(33, 34, 35, 36, 37, 38, 39, 40, 45, 46, 52, 53, 54, 55, 117, 129, 130, 164, 198, 199, 221, 270, 271),
        *(276, 280, 281, 425, 452),
    ),
    unknown=(435, 437),
    refused_with=((56, 2, _OPEN_TO_WRITE), (261, 2, _ANY)),
    clone=220,
)
_CALLS = {"x86_64": _X86_64, "aarch64": _AARCH64}


def confine(limits: Limits) -> bool:
    """Limit this process from now on; it cannot be undone.

    Returns
    -------
    Whether system calls are filtered, and not only memory and writing limited.
    """
    _limit(resource.RLIMIT_AS, limits.memory)
    _limit(resource.RLIMIT_FSIZE, 0)
    _limit(resource.RLIMIT_CORE, 0)
    calls = _CALLS.get(platform.machine()) if platform.system() == "Linux" else None
    return calls is not None and _filter_calls(calls)


def _limit(which: int, value: int) -> None:
    # Refused where a lower limit holds already, and for address space on macOS.
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(which, (value, value))


def _filter_calls(calls: _Calls) -> bool:
    """Install the filter for all threads of this process."""
    program = _program(calls)
    code = ctypes.create_string_buffer(program)
    described = struct.pack("HxxxxxxP", len(program) // 8, ctypes.addressof(code))
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0):
        return False
    return bool(libc.syscall(calls.seccomp, _SECCOMP_SET_MODE_FILTER, _ALL_THREADS, described) == 0)


def _program(calls: _Calls) -> bytes:
    """Return the filter as instructions of BPF, eight bytes each."""
    denied, missing = _REFUSE | errno.EPERM, _REFUSE | errno.ENOSYS
    lines = [
        *((_LOAD, 0, 0, _ARCHITECTURE), (_IF_EQUAL, 1, 0, calls.architecture), (_RETURN, 0, 0, denied)),
        # Numbers of the 32-bit table on the 64-bit kernel are another way to the same calls.
        *((_LOAD, 0, 0, _NUMBER), (_IF_AT_LEAST, 0, 1, 0x40000000), (_RETURN, 0, 0, denied)),
    ]
    for number in calls.refused:
        lines += [(_IF_EQUAL, 0, 1, number), (_RETURN, 0, 0, denied)]
    for number in calls.unknown:
        lines += [(_IF_EQUAL, 0, 1, number), (_RETURN, 0, 0, missing)]
    for number, argument, bits in calls.refused_with:
        lines += _where(number, argument, bits, if_any=denied, otherwise=_ALLOW)
    # A new thread may begin, a new process may not.
    lines += _where(calls.clone, 0, _CLONE_THREAD, if_any=_ALLOW, otherwise=denied)
    return b"".join(struct.pack("HBBI", *line) for line in [*lines, (_RETURN, 0, 0, _ALLOW)])


def _where(number: int, argument: int, bits: int, *, if_any: int, otherwise: int) -> list[tuple[int, int, int, int]]:
    """Return instructions that decide a call by bits of one of its arguments, and leave all others alone."""
    return [
        (_IF_EQUAL, 0, 4, number),
        (_LOAD, 0, 0, _ARGUMENTS + 8 * argument),
        (_IF_ANY_BIT, 0, 1, bits),
        (_RETURN, 0, 0, if_any),
        (_RETURN, 0, 0, otherwise),
    ]
