"""Tasks for worker processes: one that decodes, and one that does what the name of the file tells it to."""

from __future__ import annotations

import os
import resource
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import msgspec

from audiomodel.decoding import decode
from audiomodel.identity import audio_id
from audiomodel.problems import AudioProblem, Reason


class Heard(msgspec.Struct, frozen=True):
    seconds: float
    audio_id: str


def make_decoding(max_seconds: float) -> Callable[[Path], Heard]:
    def hear(path: Path) -> Heard:
        return Heard(decode(path, max_seconds).seconds, audio_id(path))

    return hear


class Told(msgspec.Struct, frozen=True):
    name: str
    pid: int
    note: str = ""


def make_obeying(note: str = "") -> Callable[[Path], Told]:
    def obey(path: Path) -> Told:
        word = path.name.partition(".")[0]
        said = ORDERS[word](path) if word in ORDERS else note
        return Told(path.name, os.getpid(), str(said))

    return obey


def make_nothing() -> Callable[[Path], Told]:
    raise RuntimeError("there is no model")


def make_unequipped() -> Callable[[Path], Told]:
    import a_library_that_is_not_there

    return a_library_that_is_not_there


def make_late() -> Callable[[Path], Told]:
    time.sleep(60)
    return make_obeying()


def _problem(path: Path) -> str:
    raise AudioProblem(Reason.SILENT, "nothing to be heard")


def _wrong(path: Path) -> str:
    raise ValueError(f"surprised by {path}")


def _lack(path: Path) -> str:
    import a_library_that_is_not_there

    return str(a_library_that_is_not_there)


def _lie(path: Path) -> str:
    """Send an answer of our own to the owner, in place of a worker's."""
    for descriptor in range(3, 20):
        try:
            os.write(descriptor, b"\0\0\0\x05" + b"\xc1" * 5)
        except OSError:
            continue
    time.sleep(60)
    return ""


def _boast(path: Path) -> str:
    """Announce an answer of 4 GB."""
    for descriptor in range(3, 20):
        try:
            os.write(descriptor, b"\xff\xff\xff\xff")
        except OSError:
            continue
    time.sleep(60)
    return ""


def _print(path: Path) -> str:
    print("talk " * 30_000)
    sys.stderr.write("talk " * 30_000)
    os.write(1, b"talk " * 30_000)
    return "printed"


def _in_thread(path: Path) -> str:
    seen: list[int] = []
    thread = threading.Thread(target=lambda: seen.append(1))
    thread.start()
    thread.join()
    return str(seen)


def _forbidden(act: Callable[[Path], object]) -> Callable[[Path], str]:
    def attempt(path: Path) -> str:
        try:
            act(path)
        except (OSError, ValueError) as error:
            return f"refused: {error}"
        return "done"

    return attempt


ORDERS: dict[str, Callable[[Path], object]] = {
    "hang": lambda path: time.sleep(600),
    "spin": lambda path: sum(iter(lambda: 1, 0)),
    "abort": lambda path: os.abort(),
    "exit": lambda path: os._exit(3),
    "crash": lambda path: os.kill(os.getpid(), 11),
    "hoard": lambda path: len(bytearray(4_000_000_000)),
    "problem": _problem,
    "wrong": _wrong,
    "lack": _lack,
    "lie": _lie,
    "boast": _boast,
    "print": _print,
    "nap": lambda path: time.sleep(0.3),
    "thread": _in_thread,
    "settings": lambda path: " ".join(sorted(os.environ)),
    "threads": lambda path: os.environ["OMP_NUM_THREADS"],
    "memory": lambda path: resource.getrlimit(resource.RLIMIT_AS)[0],
    "core": lambda path: resource.getrlimit(resource.RLIMIT_CORE)[0],
    "read": lambda path: path.read_text(),
    "write": _forbidden(lambda path: path.with_name("new").write_text("x")),
    "append": _forbidden(lambda path: path.open("a").write("x")),
    "remove": _forbidden(lambda path: path.unlink()),
    "rename": _forbidden(lambda path: path.rename(path.with_name("new"))),
    "link": _forbidden(lambda path: path.with_name("new").symlink_to(path)),
    "folder": _forbidden(lambda path: path.with_name("new").mkdir()),
    "socket": _forbidden(lambda path: socket.socket()),
    "program": _forbidden(lambda path: subprocess.run(["true"], check=True)),
    "fork": _forbidden(lambda path: os.fork() or os._exit(0)),
    "kill": _forbidden(lambda path: os.kill(os.getppid(), 9)),
    "lift": _forbidden(lambda path: resource.setrlimit(resource.RLIMIT_AS, (-1, -1))),
}
