"""What of a data set is in the data directory, and whether it is what was published."""

from __future__ import annotations

import enum
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tagmodel.datasets.dataset import BadDataSet, DataFile, DataSet
from tagmodel.datasets.files import find_file, plain_digest


class FileState(enum.StrEnum):
    """What was found of a data file."""

    OFFICIAL = "official"  # the published checksum
    DIFFERS = "differs"  # another one: part of the file, another release, or damage
    UNVERIFIED = "unverified"  # there, but no checksum is published
    UNREADABLE = "unreadable"
    MISSING = "missing"
    ABSENT = "absent"  # missing, and not needed


@dataclass(frozen=True, slots=True)
class FileReport:
    """A data file as found.

    Parameters
    ----------
    path
        Where it is; None where it is not.
    size
        Of the plain content, bytes.
    """

    file: DataFile
    state: FileState
    path: Path | None = None
    size: int = 0


@dataclass(frozen=True, slots=True)
class SetReport:
    """A data set as found; `problem` says why it cannot be read, ``""`` where it can."""

    data_set: DataSet
    files: tuple[FileReport, ...]
    problem: str

    @property
    def present(self) -> bool:
        """Whether any of its files is there."""
        return any(report.path is not None for report in self.files)

    @property
    def faultless(self) -> bool:
        """Whether it can be read, and every file that has a published checksum matches it."""
        faults = (FileState.DIFFERS, FileState.UNREADABLE, FileState.MISSING)
        return not self.problem and not any(report.state in faults for report in self.files)


def check_data_set(data_set: DataSet, data_dir: Path) -> SetReport:
    """Look for the files of a data set, compare checksums, read its first training item."""
    files = tuple(check_files(data_set, data_dir))
    damaged = next((found.path for found in files if found.state is FileState.UNREADABLE), None)
    problem = f"{damaged} cannot be read to its end: is it cut off?" if damaged else _find_problem(data_set, data_dir)
    return SetReport(data_set, files, problem)


def check_files(data_set: DataSet, data_dir: Path) -> Iterator[FileReport]:
    """Yield what is found of each file of a data set."""
    for file in data_set.files:
        path = find_file(data_dir, file)
        if path is None:
            yield FileReport(file, FileState.ABSENT if file.optional else FileState.MISSING)
        else:
            yield check_file(path, file)


def check_file(path: Path, file: DataFile) -> FileReport:
    """Compare a file with its published checksum."""
    published = file.sha256 or file.sha1
    try:
        digest, size = plain_digest(path, "sha256" if file.sha256 else "sha1")
    except BadDataSet:
        return FileReport(file, FileState.UNREADABLE, path)
    if not published:
        return FileReport(file, FileState.UNVERIFIED, path, size)
    return FileReport(file, FileState.OFFICIAL if digest == published else FileState.DIFFERS, path, size)


def _find_problem(data_set: DataSet, data_dir: Path) -> str:
    try:
        next(data_set.read_items(data_dir), None)
    except BadDataSet as error:
        return str(error)
    return ""
