"""Snapshots on disk: one directory a generation, an .npy file an array, and a manifest that vouches for them.

A snapshot is written beside its place, synced and renamed, so its name exists only when all of it does; SQLite then
says which generation counts. Opening checks every size. The checksums are computed when a snapshot was not seen before:
a seal keeps the size, time and inode of each file that passed, so a copied, restored or altered file is read
through once again, and an untouched one opens in milliseconds.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import orjson
from numpy.typing import NDArray

from search.engine import BadIndex

# Raise when the arrays, or the folding of words and values, change: older snapshots are then built anew.
SNAPSHOT_FORMAT = 2

_FOLDER = "snapshots"
_MANIFEST = "manifest.json"
_SEAL = "seal.json"


def snapshot_path(directory: Path, generation: int) -> Path:
    """Return where the snapshot of a generation lies."""
    return directory / _FOLDER / f"{generation:08d}"


def write_snapshot(directory: Path, generation: int, arrays: Mapping[str, NDArray[Any]]) -> str:
    """Write a snapshot so that after a crash it is there whole or not at all; return the digest of its manifest."""
    final = snapshot_path(directory, generation)
    temporary = final.with_name(f".{final.name}.part")
    for left_over in (temporary, final):  # of a writer that died before its generation counted
        shutil.rmtree(left_over, ignore_errors=True)
    temporary.mkdir(parents=True)
    try:
        digest = _write_files(temporary, generation, arrays)
    except OSError:
        shutil.rmtree(temporary, ignore_errors=True)
        raise
    temporary.rename(final)
    _sync(final.parent)
    _sync(directory)
    return digest


def _write_files(folder: Path, generation: int, arrays: Mapping[str, NDArray[Any]]) -> str:
    for name, values in arrays.items():
        with (folder / f"{name}.npy").open("wb") as file:
            np.save(file, values, allow_pickle=False)
            file.flush()
            os.fsync(file.fileno())
    files = {f"{name}.npy": _fingerprint(folder / f"{name}.npy") for name in arrays}
    manifest = {
        "format": SNAPSHOT_FORMAT,
        "generation": generation,
        "n_tracks": len(arrays["n"]),
        "files": files,
    }
    _write_json(folder / _MANIFEST, manifest)
    _write_json(folder / _SEAL, _seal(folder, files))
    _sync(folder)
    return hashlib.sha256((folder / _MANIFEST).read_bytes()).hexdigest()


def _fingerprint(path: Path) -> dict[str, Any]:
    with path.open("rb") as file:
        return {"bytes": path.stat().st_size, "sha256": hashlib.file_digest(file, "sha256").hexdigest()}


def _write_json(path: Path, value: object) -> None:
    with path.open("wb") as file:
        file.write(orjson.dumps(value, option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS))
        file.flush()
        os.fsync(file.fileno())


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def remove_snapshots(directory: Path, keep: set[int]) -> None:
    """Remove every snapshot but these; readers that have one open keep it until they close."""
    kept = {snapshot_path(directory, generation).name for generation in keep}
    for path in (directory / _FOLDER).iterdir():
        if path.name not in kept:
            shutil.rmtree(path, ignore_errors=True)


def open_snapshot(directory: Path, generation: int, digest: str) -> dict[str, NDArray[Any]]:
    """Map the arrays of a snapshot into memory.

    Raises
    ------
    BadIndex
        If anything is missing, of another size than the manifest says, altered, or of another format or history.
    """
    folder = snapshot_path(directory, generation)
    files = _read_manifest(folder, digest)["files"]
    seal = _seal(folder, files)
    if seal != _read_seal(folder):
        verify_snapshot(directory, generation, digest)
        _write_seal(folder, seal)
    try:
        return {name.removesuffix(".npy"): np.asarray(np.load(folder / name, mmap_mode="r")) for name in files}
    except (OSError, ValueError) as error:
        raise BadIndex(f"snapshot {folder} cannot be read: {error}") from error


def verify_snapshot(directory: Path, generation: int, digest: str) -> None:
    """Read a snapshot through and compare every checksum.

    Raises
    ------
    BadIndex
        If a file is not what was written.
    """
    folder = snapshot_path(directory, generation)
    for name, expected in _read_manifest(folder, digest)["files"].items():
        try:
            got = _fingerprint(folder / name)
        except OSError as error:
            raise BadIndex(f"snapshot file {folder / name} cannot be read: {error}") from error
        if got != expected:
            raise BadIndex(f"snapshot file {folder / name} is damaged: expected {expected}, got {got}")


def _read_manifest(folder: Path, digest: str) -> dict[str, Any]:
    try:
        content = (folder / _MANIFEST).read_bytes()
    except OSError as error:
        raise BadIndex(f"snapshot {folder} has no readable manifest: {error}") from error
    if hashlib.sha256(content).hexdigest() != digest:
        raise BadIndex(f"snapshot {folder} is not the one that the database names: its manifest is another")
    manifest: dict[str, Any] = orjson.loads(content)
    found = manifest.get("format")
    if found != SNAPSHOT_FORMAT:
        raise BadIndex(f"snapshot {folder} has format {found}, expected {SNAPSHOT_FORMAT}")
    return manifest


def _seal(folder: Path, files: Mapping[str, Mapping[str, Any]]) -> dict[str, list[int]]:
    """Return what an unaltered file keeps, checking the sizes on the way."""
    seal = {}
    for name, expected in files.items():
        try:
            stat = (folder / name).stat()
        except OSError as error:
            raise BadIndex(f"snapshot file {folder / name} is missing: {error}") from error
        if stat.st_size != expected["bytes"]:
            raise BadIndex(f"snapshot file {folder / name}: expected {expected['bytes']} bytes, got {stat.st_size}")
        seal[name] = [stat.st_size, stat.st_mtime_ns, stat.st_ino]
    return seal


def _read_seal(folder: Path) -> object:
    try:
        return orjson.loads((folder / _SEAL).read_bytes())
    except (OSError, orjson.JSONDecodeError):
        return None


def _write_seal(folder: Path, seal: Mapping[str, list[int]]) -> None:
    """Remember what passed; on a disk that cannot be written to it is checked every time instead."""
    temporary = folder / f".{_SEAL}.{os.getpid()}"
    try:
        _write_json(temporary, seal)
        temporary.replace(folder / _SEAL)
    except OSError:
        temporary.unlink(missing_ok=True)
