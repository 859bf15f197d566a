"""The ear of a server process: one, started with the first recording that is sent, and shared by all requests.

It listens in a process of its own (`audiomodel.ear`), to one recording after the other; who waits too long for that is
told to come back.
"""

from __future__ import annotations

import threading
import weakref
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from flask import Flask, current_app
from werkzeug.exceptions import ServiceUnavailable

from audiomodel.hearing import Hearing
from audiomodel.installed import INSTALL, missing_libraries
from web.running.uploads import MAX_SECONDS
from web.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from audiomodel.ear import Ear
    from audiomodel.tagger import TaggerCard

# How long a recording waits for those before it: most take a second or two, the longest that are sent some twenty.
PATIENCE = 15.0  # seconds
RETRY_AFTER = 5  # seconds


class CannotHear(ServiceUnavailable):
    """Nothing can be heard now, whatever was sent; the message is for everybody."""

    def __init__(self, message: str) -> None:
        super().__init__(message, retry_after=RETRY_AFTER)


class SharedEar:
    """An ear that is opened when it is first needed, for one recording at a time.

    Parameters
    ----------
    tagger
        Directory of a tagger; None is the shipped one.
    patience
        Seconds that a recording waits for its turn.
    """

    def __init__(self, tagger: Path | None = None, patience: float = PATIENCE) -> None:
        self._tagger = tagger
        self._patience = patience
        self._turn, self._opening = threading.Lock(), threading.Lock()
        self._ear: Ear | None = None

    def hear(self, place: Path) -> Hearing:
        """Hear a file.

        Raises
        ------
        audiomodel.problems.AudioProblem
            If there is nothing in it to be heard.
        CannotHear
            If it is not to blame.
        """
        from audiomodel.worker import WorkerFailed

        with self.turn():
            try:
                with self._opening:
                    ear = self._opened()
                return ear.hear(place)
            except WorkerFailed as error:
                current_app.logger.error("%s", error)
                raise CannotHear("no recording can be heard now; the cause is in the server's log") from error

    @property
    def card(self) -> TaggerCard:
        """Who listens; raises `CannotHear`."""
        with self._opening:
            return self._opened().card

    @cached_property
    def names(self) -> tuple[str, ...]:
        """What the tagger can name, whether or not this server has the libraries to hear; none without a tagger."""
        from audiomodel.tagger import TaggerMissing, load_tagger

        try:
            card = load_tagger(self._tagger).card
        except TaggerMissing as error:
            current_app.logger.error("%s", error)
            return ()
        return (*card.genres, *card.tags)

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Have the ear to oneself; raises `CannotHear` when that takes too long."""
        if not self._turn.acquire(timeout=self._patience):
            raise CannotHear("too many recordings are being heard: try again in a few seconds")
        try:
            yield
        finally:
            self._turn.release()

    def _opened(self) -> Ear:
        if self._ear is not None:
            return self._ear
        if missing_libraries():
            raise CannotHear(f"this server has nothing to hear recordings with; its operator can {INSTALL}")
        from audiomodel.ear import Ear
        from audiomodel.tagger import TaggerMissing

        try:
            self._ear = Ear(self._tagger, max_seconds=MAX_SECONDS)
        except TaggerMissing as error:
            current_app.logger.error("%s", error)
            raise CannotHear("this server has no tagger to hear recordings with") from error
        # Its process ends with ours.
        weakref.finalize(self, self._ear.close)
        return self._ear

    def close(self) -> None:
        """End its process; the next recording starts another one."""
        with self._opening:
            if self._ear is not None:
                self._ear.close()
                self._ear = None


def register(app: Flask, settings: Settings) -> None:
    """Give the application an ear."""
    app.extensions["ear"] = SharedEar(settings.tagger)


def hear(place: Path) -> Hearing:
    """Hear a file that was sent, in this process' ear; raises as `SharedEar.hear` does."""
    return _ear().hear(place)


def listener() -> TaggerCard:
    """Return who hears in this process; raises `CannotHear`."""
    return _ear().card


def hearable() -> tuple[str, ...]:
    """Return what may have been heard in the index: what a tagger here can name, even where nobody can listen."""
    return _ear().names


def _ear() -> SharedEar:
    ear: SharedEar = current_app.extensions["ear"]
    return ear
