"""The inside of a worker process: sets itself up, gives up its rights, and answers one file after the other."""

from __future__ import annotations

import contextlib
import importlib
import math
import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec

from audiomodel.confining import confine
from audiomodel.messages import LONGEST_TEXT, Answer, Hangup, Request, Setup, Started, receive, send
from audiomodel.problems import AudioProblem, Reason

# The owner kills a worker in time; an orphan has nobody to do so, and kills itself so much later.
GRACE = 2  # seconds


def main() -> None:
    """Answer requests on standard input until there are no more."""
    # Ctrl-C reaches all processes of a terminal; what to do about it is the owner's to decide.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    requests, answers = _take_pipes()
    setup = msgspec.msgpack.decode(receive(requests), type=Setup)
    try:
        task = getattr(importlib.import_module(setup.module), setup.name)(*setup.arguments, **setup.keywords)
    except Exception as error:  # noqa: BLE001 - whatever it is, the owner has to be told
        send(answers, Started(failure=_failure(error)))
        return
    confine(setup.limits)
    send(answers, Started())
    while True:
        request = msgspec.msgpack.decode(receive(requests), type=Request)
        signal.alarm(math.ceil(request.seconds) + GRACE)
        send(answers, _answer(task, Path(os.fsdecode(request.path))))
        signal.alarm(0)


def _take_pipes() -> tuple[int, int]:
    """Return the pipes as descriptors of our own: what libraries print on 1 must not get between messages."""
    requests, answers = os.dup(0), os.dup(1)
    nowhere = os.open(os.devnull, os.O_RDWR)
    os.dup2(nowhere, 0)
    os.dup2(nowhere, 1)
    return requests, answers


def _answer(task: Callable[[Path], Any], path: Path) -> Answer:
    try:
        return Answer(result=msgspec.Raw(msgspec.msgpack.encode(task(path))))
    except AudioProblem as problem:
        return Answer(reason=problem.reason, message=problem.message[:LONGEST_TEXT])
    except ImportError as error:
        return Answer(failure=_failure(error))
    except MemoryError:
        return Answer(reason=Reason.TOO_BIG, message="reading it takes more memory than one file may have")
    except Exception as error:  # noqa: BLE001 - one odd file must not end a run over a library
        # The name alone, for its text may tell the path.
        return Answer(reason=Reason.DAMAGED, message=f"it could not be heard ({type(error).__name__})")


def _failure(error: Exception) -> str:
    """Return why no file can be read at all."""
    if isinstance(error, ImportError):
        return f"{error}; the libraries for audio come with: pip install 'tagkin[audio]'"[:LONGEST_TEXT]
    return f"{type(error).__name__}: {error}"[:LONGEST_TEXT]


if __name__ == "__main__":
    with contextlib.suppress(Hangup):
        main()
