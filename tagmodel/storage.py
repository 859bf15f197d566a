"""A tag model on disk: one directory that is there whole or not at all.

``vocabulary.json``, ``model.npz`` (arrays by name), ``card.json`` with the checksums of the two, and ``CARD.md``, the
same card for people. Nothing is ever unpickled. Arrays are read when first asked for, from the file that was opened: a
model that is replaced meanwhile is never mixed with its successor.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
import tempfile
import threading
import weakref
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tagmodel.card import card_markdown
from tagmodel.folding import FOLD_VERSION
from tagmodel.vocabulary import Vocabulary

# Raised whenever what stands in a model's files changes its meaning.
FORMAT_VERSION = 1

ARRAYS, CARD, READABLE_CARD, VOCABULARY = "model.npz", "card.json", "CARD.md", "vocabulary.json"

_REMEDY = "train one with `tagkin train tags --data … --out DIR`, or leave out --model to use the shipped one"


class ModelMissing(Exception):
    """There is no tag model where one was expected; the message says where and what to do."""


class BadModel(ModelMissing):
    """There is a tag model, but truncated, altered or of another version; the message says which and what to do."""


class ModelArrays(Mapping[str, NDArray[np.generic]]):
    """The arrays of a model file by name, each read once and only when asked for."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._read: dict[str, NDArray[np.generic]] = {}
        self._lock = threading.Lock()
        try:
            self._file = np.load(path, allow_pickle=False)
        except (ValueError, OSError, zipfile.BadZipFile, EOFError) as error:
            raise BadModel(f"{path} is no readable array file ({error}); {_REMEDY}") from error
        # Closed with the last use, also where a traceback kept the model alive for a while.
        weakref.finalize(self, self._file.close)

    def __getitem__(self, name: str) -> NDArray[np.generic]:
        """Return one array, read-only."""
        with self._lock:
            if name not in self._read:
                self._read[name] = self._load(name)
            return self._read[name]

    def _load(self, name: str) -> NDArray[np.generic]:
        try:
            array: NDArray[np.generic] = self._file[name]
        except (ValueError, OSError, zipfile.BadZipFile, zlib.error, EOFError) as error:
            raise BadModel(f"{name} in {self._path} cannot be read ({error}); {_REMEDY}") from error
        array.flags.writeable = False
        return array

    def __iter__(self) -> Iterator[str]:
        """Yield the names."""
        return iter(self._file.files)

    def __len__(self) -> int:
        """Return the number of arrays."""
        return len(self._file.files)


def read_model_files(directory: Path) -> tuple[Vocabulary, ModelArrays, dict[str, object]]:
    """Open the model in a directory, after checking versions and checksums.

    Raises
    ------
    ModelMissing
        If there is no model.
    BadModel
        If there is one that cannot be used.
    """
    if not directory.is_dir():
        raise ModelMissing(f"there is no tag model at {directory}: {_REMEDY}")
    card = _read_card(directory)
    for name, expected in _checksums(card, directory).items():
        if not (directory / name).is_file():
            raise BadModel(f"{directory} has no {name}; copy the whole directory again, or {_REMEDY}")
        if _sha256(directory / name) != expected:
            raise BadModel(
                f"{directory / name} is not the file its card describes (sha256 differs), was it cut short while being "
                f"copied? Copy the whole directory again, or {_REMEDY}"
            )
    return _read_vocabulary(directory / VOCABULARY), ModelArrays(directory / ARRAYS), card


def _read_card(directory: Path) -> dict[str, object]:
    """Read the card; refuse one that is not whole, or of another version."""
    path = directory / CARD
    if not path.is_file():
        raise ModelMissing(f"there is no tag model at {directory} (no {CARD} in it): {_REMEDY}")
    try:
        card = json.loads(path.read_bytes())
    except ValueError as error:
        raise BadModel(f"{path} is no JSON ({error}); copy the whole directory again, or {_REMEDY}") from error
    if not isinstance(card, dict):
        raise BadModel(f"{path} holds no card but {type(card).__name__}; {_REMEDY}")
    for field, ours in (("format_version", FORMAT_VERSION), ("fold_version", FOLD_VERSION)):
        if card.get(field) != ours:
            raise BadModel(f"{directory} has {field} {card.get(field)}, this program reads {ours}: {_REMEDY}")
    return card


def _read_vocabulary(path: Path) -> Vocabulary:
    try:
        return Vocabulary.from_json(json.loads(path.read_bytes()))
    except ValueError as error:  # no JSON, or BadVocabulary
        raise BadModel(f"{path} holds no vocabulary ({error}); {_REMEDY}") from error


def _checksums(card: Mapping[str, object], directory: Path) -> dict[str, str]:
    """Return the checksums a card lists, of both files that a model is made of."""
    listed = card.get("files")
    if not isinstance(listed, dict) or set(listed) != {ARRAYS, VOCABULARY}:
        raise BadModel(f"the card in {directory} lists no checksums of {ARRAYS} and {VOCABULARY}; {_REMEDY}")
    return listed


def write_model_files(
    directory: Path, vocabulary: Vocabulary, arrays: Mapping[str, NDArray[np.generic]], card: Mapping[str, object]
) -> None:
    """Write a model beside `directory`, then rename it into place; what was there before goes last.

    The same model gives the same bytes. An interruption leaves the old state.

    Raises
    ------
    BadModel
        If `directory` exists and is anything but a model or empty: it is not ours to replace.
    OSError
        If the disk is full or read-only.
    """
    check_destination(directory)
    directory.parent.mkdir(parents=True, exist_ok=True)
    work = Path(tempfile.mkdtemp(prefix=f".{directory.name}-", dir=directory.parent))
    try:
        (work / VOCABULARY).write_text(_json(vocabulary.to_json()), encoding="utf-8")
        np.savez_compressed(work / ARRAYS, **{name: arrays[name] for name in sorted(arrays)})  # type: ignore[arg-type]
        versions = {"format_version": FORMAT_VERSION, "fold_version": FOLD_VERSION}
        whole = {**card, **versions, "files": {name: _sha256(work / name) for name in (ARRAYS, VOCABULARY)}}
        _write_card(work, whole)
        _sync_files(work)
        work.chmod(0o755)
        _swap(work, directory)
    finally:
        shutil.rmtree(work, ignore_errors=True)


def _json(values: Mapping[str, object], indent: int | None = None) -> str:
    return json.dumps(values, indent=indent, ensure_ascii=False) + "\n"


def _write_card(directory: Path, card: Mapping[str, object]) -> None:
    (directory / CARD).write_text(_json(card, indent=1), encoding="utf-8")
    (directory / READABLE_CARD).write_text(card_markdown(card), encoding="utf-8")


def add_figures(
    directory: Path, question: str, figures: Mapping[str, object], of_options: Mapping[str, object] | None = None
) -> None:
    """Add measured figures to the card of a model; those of the same question are replaced.

    Parameters
    ----------
    figures
        See `tagmodel.card.card_markdown`.
    of_options
        Training options that were measured; those of the model must be the same.

    Raises
    ------
    BadModel
        If the model cannot be used, or was trained with other options.
    """
    card = read_model_files(directory)[2]
    if of_options is not None and card["options"] != json.loads(_json(of_options)):
        raise BadModel(f"the figures were measured with other options than those of {directory}; train it again first")
    measured = card.get("figures")
    _write_card(directory, {**card, "figures": {**(measured if isinstance(measured, dict) else {}), question: figures}})


def check_destination(directory: Path) -> None:
    """Check that a model may be written to `directory`.

    Raises
    ------
    BadModel
        If it holds anything but a model, or is a file.
    """
    ours = {ARRAYS, CARD, READABLE_CARD, VOCABULARY}
    if directory.is_dir():
        foreign = sorted({entry.name for entry in directory.iterdir()} - ours)
        if foreign:
            raise BadModel(
                f"{directory} holds {foreign[0]!r}, which is no part of a model; name another --out directory"
            )
    elif directory.exists():
        raise BadModel(f"{directory} is a file; --out expects a directory of the model's own")


def _swap(new: Path, directory: Path) -> None:
    """Put a new directory in the place of an old one; on failure the old one comes back."""
    old = new.with_name(f"{new.name}-old")
    if directory.exists():
        directory.rename(old)
    try:
        new.rename(directory)
    except BaseException:
        with contextlib.suppress(FileNotFoundError):
            old.rename(directory)
        raise
    shutil.rmtree(old, ignore_errors=True)


def _sync_files(directory: Path) -> None:
    """Bring the files of a directory to the disk, so that a rename never outruns their content."""
    for path in directory.iterdir():
        with path.open("rb") as file:
            os.fsync(file.fileno())


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def content_id(vocabulary: Vocabulary, arrays: Mapping[str, NDArray[np.generic]]) -> str:
    """Hash everything that decides a model's answers: 12 hexadecimal digits."""
    digest = hashlib.sha256(_json(vocabulary.to_json()).encode())
    for name in sorted(arrays):
        array = np.ascontiguousarray(arrays[name])
        digest.update(f"{name} {array.dtype.str} {array.shape}".encode())
        digest.update(array.tobytes())
    return digest.hexdigest()[:12]
