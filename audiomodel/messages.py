"""What a worker process and its owner say to each other: MessagePack of declared types, each with its length before it.

Nothing is unpickled on either side: a worker that a crafted file has taken over can send wrong values, never code.
"""

from __future__ import annotations

import os
import select
import time
from typing import Any

import msgspec

from audiomodel.confining import Limits
from audiomodel.problems import Reason

# An hour of moments takes 100 kB; what is longer comes from a worker that is no longer ours.
LONGEST_MESSAGE = 16_000_000  # bytes
LONGEST_TEXT = 500  # characters of a message for people
_LENGTH = 4  # bytes


class Setup(msgspec.Struct, frozen=True):
    """What a worker is to do: the factory of its task by name, with plain arguments."""

    module: str
    name: str
    arguments: tuple[Any, ...]
    keywords: dict[str, Any]
    limits: Limits


class Started(msgspec.Struct, frozen=True):
    """That a worker is ready, or why it never will be."""

    failure: str = ""


class Request(msgspec.Struct, frozen=True):
    """One file to read, as bytes because not every path is text, and how long it may take."""

    path: bytes
    seconds: float


class Answer(msgspec.Struct, frozen=True):
    """The result in the type that the owner declared, what was the matter with the file, or with the worker itself."""

    result: msgspec.Raw = msgspec.Raw(b"\xc0")  # nil
    reason: Reason | None = None
    message: str = ""
    failure: str = ""


class Hangup(Exception):
    """The other side is gone, or what it sends is no message."""


class Overdue(Exception):
    """Nothing came in time."""


def send(descriptor: int, message: msgspec.Struct) -> None:
    """Write one message.

    Raises
    ------
    Hangup
        If nobody reads any more.
    """
    body = msgspec.msgpack.encode(message)
    rest = memoryview(len(body).to_bytes(_LENGTH, "big") + body)
    try:
        while rest:
            rest = rest[os.write(descriptor, rest) :]
    except BrokenPipeError:
        raise Hangup from None


def receive(descriptor: int, seconds: float | None = None) -> bytes:
    """Return the body of one message.

    Raises
    ------
    Hangup
        If the other side is gone, or says that it will send more than `LONGEST_MESSAGE`.
    Overdue
        If the whole of it has not come within `seconds`.
    """
    until = None if seconds is None else time.monotonic() + seconds
    length = int.from_bytes(_read(descriptor, _LENGTH, until), "big")
    if length > LONGEST_MESSAGE:
        raise Hangup
    return _read(descriptor, length, until)


def _read(descriptor: int, size: int, until: float | None) -> bytes:
    parts = bytearray()
    while len(parts) < size:
        if until is not None:
            _wait(descriptor, until)
        part = os.read(descriptor, size - len(parts))
        if not part:
            raise Hangup
        parts += part
    return bytes(parts)


def _wait(descriptor: int, until: float) -> None:
    # Poll and not select, which cannot name descriptors above 1,023.
    poll = select.poll()
    poll.register(descriptor, select.POLLIN)
    if not poll.poll(max(0.0, until - time.monotonic()) * 1_000):
        raise Overdue
