"""What was heard before, by audio and tagger: nothing is decoded twice, whatever a file is called and wherever it lies.

Two tables of one SQLite file. The front says which audio a file held when it had this size and this time of change, so
that an unchanged file is not even opened. Behind it stand the hearings, and the failures that would come again; values
are MessagePack, so a file from elsewhere can at worst say nonsense. Each result is committed as it comes: whoever is
killed has lost the file at hand. A cache is a convenience: one that is damaged, foreign or cannot be written to is set
aside or done without, and that is said.
"""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple, Self

import msgspec

from audiomodel.hearing import Hearing
from audiomodel.problems import AudioProblem, Reason

# Says of an SQLite file that it is such a cache ("tkHR"), and of which form; another form is set aside. The version is
# raised when the tables change, and when the same tagger hears otherwise, as after a change in decoding or tempo.
_APPLICATION_ID = 0x746B4852
_VERSION = 2

# Another run that writes is waited for so long.
_PATIENCE = 30.0  # seconds

_SCHEMA = f"""
PRAGMA application_id = {_APPLICATION_ID};
PRAGMA user_version = {_VERSION};
CREATE TABLE IF NOT EXISTS files (
    path BLOB PRIMARY KEY, size INTEGER NOT NULL, mtime_ns INTEGER NOT NULL, audio_id TEXT, reason TEXT, message TEXT
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS hearings (
    audio_id TEXT NOT NULL, tagger_id TEXT NOT NULL, hearing BLOB, reason TEXT, message TEXT,
    PRIMARY KEY (audio_id, tagger_id)
);
"""


_Row = tuple[Any, ...]  # as SQLite has it


class Stamp(NamedTuple):
    """A file as its folder knows it: while these are the same, so is what is in it."""

    path: bytes
    size: int
    mtime_ns: int


def stamp(path: Path) -> Stamp:
    """Return the stamp of a file; raises `OSError` where there is none."""
    found = path.stat()
    return Stamp(os.fsencode(path.resolve()), found.st_size, found.st_mtime_ns)


def default_cache() -> Path:
    """Return where the cache of this user is, unless another place is said."""
    folder = os.environ.get("XDG_CACHE_HOME", "")
    return (Path(folder) if Path(folder).is_absolute() else Path.home() / ".cache") / "tagkin" / "hearings.sqlite"


class HearingCache:
    """Keeps hearings, failures and identities; a context manager that threads may share.

    Parameters
    ----------
    place
        The file, made with its folder where there is none.
    say
        Takes a line of text for the user: what is the matter with the cache.
    """

    def __init__(self, place: Path, say: Callable[[str], None]) -> None:
        self._place = place
        self._say = say
        self._turn = threading.RLock()
        self._connection = self._open()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._connection.close()

    def identity(self, file: Stamp) -> str | AudioProblem | None:
        """Return the audio of a file, or why it has none; None where the file is not known as it is now."""
        query = "SELECT audio_id, reason, message FROM files WHERE path = ? AND size = ? AND mtime_ns = ?"
        found = self._ask(query, file)
        if found is None:
            return None
        audio_id: str | None
        audio_id, reason, message = found
        return audio_id if audio_id is not None else _problem(reason, message)

    def note_identity(self, file: Stamp, identity: str | AudioProblem) -> None:
        """Remember which audio a file holds, or why none."""
        if isinstance(identity, str):
            self._tell("INSERT OR REPLACE INTO files VALUES (?, ?, ?, ?, NULL, NULL)", (*file, identity))
        elif not identity.passing:
            row = (*file, identity.reason.value, identity.message)
            self._tell("INSERT OR REPLACE INTO files VALUES (?, ?, ?, NULL, ?, ?)", row)

    def recall(self, audio_id: str, tagger_id: str) -> Hearing | AudioProblem | None:
        """Return what a tagger heard in some audio, or why nothing; None where it has not listened yet."""
        query = "SELECT hearing, reason, message FROM hearings WHERE audio_id = ? AND tagger_id = ?"
        found = self._ask(query, (audio_id, tagger_id))
        if found is None:
            return None
        packed, reason, message = found
        if packed is None:
            return _problem(reason, message)
        with suppress(msgspec.MsgspecError, TypeError):
            return msgspec.msgpack.decode(packed, type=Hearing)
        return None

    def keep(self, audio_id: str, tagger_id: str, heard: Hearing | AudioProblem) -> None:
        """Remember what a tagger heard, or that it could not; what may go better next time is not remembered."""
        if isinstance(heard, Hearing):
            row = (audio_id, tagger_id, msgspec.msgpack.encode(heard))
            self._tell("INSERT OR REPLACE INTO hearings VALUES (?, ?, ?, NULL, NULL)", row)
        elif not heard.passing:
            failed = (audio_id, tagger_id, heard.reason.value, heard.message)
            self._tell("INSERT OR REPLACE INTO hearings VALUES (?, ?, NULL, ?, ?)", failed)

    def _ask(self, query: str, values: tuple[object, ...]) -> _Row | None:
        with self._guarded():
            found: _Row | None = self._connection.execute(query, values).fetchone()
            return found
        return None

    def _tell(self, statement: str, values: tuple[object, ...]) -> None:
        with self._guarded():
            self._connection.execute(statement, values)

    @contextmanager
    def _guarded(self) -> Iterator[None]:
        """Go on without what a faulty file knows."""
        with self._turn:
            try:
                yield
            except sqlite3.OperationalError as error:
                if "malformed" not in str(error):
                    self._do_without(error)
                    return
                self._set_aside("damaged")
                self._connection = self._open()
            except sqlite3.DatabaseError:
                self._set_aside("damaged")
                self._connection = self._open()

    def _open(self) -> sqlite3.Connection:
        """Open the file, anew if it is none of ours."""
        try:
            self._place.parent.mkdir(parents=True, exist_ok=True)
            connection = _connect(str(self._place))
        except (OSError, sqlite3.OperationalError) as error:
            return self._without_file(error)
        try:
            if (fault := _fault(connection)) is None:
                return connection
        except sqlite3.OperationalError as error:
            connection.close()
            return self._without_file(error)
        except sqlite3.DatabaseError:
            fault = "damaged, or no cache at all"
        connection.close()
        self._set_aside(fault)
        return self._open() if not self._place.exists() else self._without_file(OSError(fault))

    def _set_aside(self, fault: str) -> None:
        """Rename the file, so that whoever wants can look at it, and begin another."""
        with suppress(AttributeError):  # while it is being opened, there is no connection
            self._connection.close()
        aside = next(
            path
            for n in range(1, 1_000_000)
            if not (path := self._place.with_name(f"{self._place.name}.aside-{n}")).exists()
        )
        try:
            self._place.replace(aside)
        except OSError as error:
            self._say(f"the cache of hearings {self._place} is {fault}, and cannot be renamed ({error.strerror})")
            return
        for suffix in ("-wal", "-shm"):
            self._place.with_name(self._place.name + suffix).unlink(missing_ok=True)
        self._say(f"the cache of hearings {self._place} is {fault}: renamed to {aside.name}, and begun anew")

    def _do_without(self, error: Exception) -> None:
        """Go on with a cache that ends with the run, as the disk is full, read-only or the file taken."""
        with suppress(sqlite3.Error):
            self._connection.close()
        self._connection = self._without_file(error)

    def _without_file(self, error: Exception) -> sqlite3.Connection:
        reason = getattr(error, "strerror", None) or str(error)
        self._say(f"the cache of hearings {self._place} cannot be used ({reason}): what is heard now is not remembered")
        connection = _connect("")  # private, on disk only when large, and gone in the end
        _fault(connection)
        return connection


def _connect(place: str) -> sqlite3.Connection:
    return sqlite3.connect(place, timeout=_PATIENCE, isolation_level=None, check_same_thread=False)


def _fault(connection: sqlite3.Connection) -> str | None:
    """Say why a file is no such cache; make one of a file that is empty."""
    connection.execute("PRAGMA synchronous = NORMAL")
    (application,) = connection.execute("PRAGMA application_id").fetchone()
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    (tables,) = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    if tables == 0:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.executescript(f"BEGIN IMMEDIATE; {_SCHEMA} COMMIT;")
        return None
    if application != _APPLICATION_ID:
        return "some other database"
    return None if version == _VERSION else f"of another form ({version}, here {_VERSION})"


def _problem(reason: str, message: str) -> AudioProblem | None:
    """Return a failure as it was; None for a reason that is not known here."""
    with suppress(ValueError):
        return AudioProblem(Reason(reason), message)
    return None
