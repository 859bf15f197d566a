"""Downloading the official files, by pooch: checked against published checksums, and resumed where they broke off.

What arrived of a file waits beside its place as ``.part`` until all of it has come. Nothing that is already there is
written over unless asked for: it may be the user's own.
"""

from __future__ import annotations

import time
import zipfile
from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path
from shutil import copyfileobj, move
from tempfile import TemporaryDirectory
from typing import IO, Any

import pooch
import requests

from tagmodel.datasets.checking import FileReport, FileState, check_file
from tagmodel.datasets.dataset import DataFile, DataSet
from tagmodel.datasets.files import find_file

ATTEMPTS = 4  # at one download, each going on where the last broke off
TIMEOUT = 30  # seconds without a byte
PAUSE = 1.0  # seconds before the second attempt, twice as long before each further one
_CHUNK = 1 << 13  # bytes; a chunk that breaks off is lost

# Called with the bytes that have arrived, and the total or 0 where unknown.
Progress = Callable[[int, int], None]


class DownloadFailed(Exception):
    """A file could not be downloaded, or is not the published one; the text says why."""


def fetchable_files(data_set: DataSet) -> tuple[DataFile, ...]:
    """Return the files of a data set that have an official address to download from."""
    return tuple(file for file in data_set.files if file.url)


def wanted_files(data_set: DataSet, data_dir: Path, *, force: bool = False) -> tuple[list[DataFile], list[FileReport]]:
    """Tell which files to download, and what stays because it is there already.

    A file with another checksum than the published one stays as well, unless `force`.
    """
    wanted, kept = [], []
    for file in fetchable_files(data_set):
        path = find_file(data_dir, file)
        report = check_file(path, file) if path else None
        if report is None or (force and report.state is not FileState.OFFICIAL):
            wanted.append(file)
        else:
            kept.append(report)
    return wanted, kept


def fetch_files(files: list[DataFile], data_dir: Path, progress: Callable[[str], Progress]) -> Iterator[Path]:
    """Download files, several out of one archive at once, and yield each when it is in its place.

    Parameters
    ----------
    progress
        Called with each address, gives what is told of the bytes.

    Raises
    ------
    DownloadFailed
        If an address cannot be reached, the connection keeps breaking, or a checksum differs.
    """
    by_url: dict[str, list[DataFile]] = defaultdict(list)
    for file in files:
        by_url[file.url].append(file)
    for url, of_one in by_url.items():
        if of_one[0].member:
            yield from _fetch_archive(url, of_one, data_dir, progress(url))
        else:
            yield _download(url, data_dir / of_one[0].path, _known_hash(of_one[0]), progress(url))


def _known_hash(file: DataFile) -> str | None:
    return f"sha256:{file.sha256}" if file.sha256 else f"sha1:{file.sha1}" if file.sha1 else None


def _fetch_archive(url: str, files: list[DataFile], data_dir: Path, progress: Progress) -> Iterator[Path]:
    archive = data_dir / Path(files[0].path).parent / url.rpartition("/")[2]
    known = f"sha1:{files[0].archive_sha1}" if files[0].archive_sha1 else None
    _download(url, archive, known, progress)
    try:
        with zipfile.ZipFile(archive) as members:
            for file in files:
                yield _extract(members, file, data_dir)
    except (zipfile.BadZipFile, KeyError) as error:
        raise DownloadFailed(f"{url}: expected a zip archive with {files[0].member}, got {error}") from error
    archive.unlink()


def _extract(members: zipfile.ZipFile, file: DataFile, data_dir: Path) -> Path:
    """Unpack one member into its place once its checksum is right."""
    path = data_dir / file.path
    with TemporaryDirectory(dir=path.parent, prefix=".unpacking-") as directory:
        unpacked = Path(directory) / path.name
        with members.open(file.member) as packed, unpacked.open("wb") as plain:
            copyfileobj(packed, plain, _CHUNK)
        if check_file(unpacked, file).state is FileState.DIFFERS:
            raise DownloadFailed(f"{file.member} of the archive is not the published file: was there a new release?")
        unpacked.replace(path)
    return path


def _download(url: str, path: Path, known_hash: str | None, progress: Progress) -> Path:
    """Download one file into its place."""
    pooch.get_logger().setLevel("WARNING")
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.part")

    def resume(url: str, output_file: str | IO[bytes], _: Any) -> None:
        _download_part(url, part, progress)
        move(part, str(output_file))

    try:
        pooch.retrieve(url, known_hash, fname=path.name, path=path.parent, downloader=resume)
    except requests.RequestException as error:
        kept = part.stat().st_size if part.exists() else 0
        again = f"; {kept:,} bytes are kept, run it again to go on" if kept else ""
        raise DownloadFailed(f"{url}: {error}{again}. Is the network there?") from error
    except ValueError as error:
        raise DownloadFailed(
            f"{url}: not the published file ({error}): was there a new release, or a proxy?"
        ) from error
    except OSError as error:
        raise DownloadFailed(f"{path}: cannot be written: {error}. Is the disk full, or read-only?") from error
    return path


def _download_part(url: str, part: Path, progress: Progress) -> None:
    """Download until `part` is complete; a connection that breaks is taken up again a few times."""
    for attempt in range(1, ATTEMPTS + 1):
        try:
            _continue_part(url, part, progress)
            return
        except (requests.ConnectionError, requests.Timeout, requests.exceptions.ChunkedEncodingError):
            if attempt == ATTEMPTS:
                raise
            time.sleep(PAUSE * 2 ** (attempt - 1))


def _continue_part(url: str, part: Path, progress: Progress) -> None:
    """Ask for what is still missing of a file and append it; from the start if the server knows no ranges."""
    have = part.stat().st_size if part.exists() else 0
    headers = {"Accept-Encoding": "identity"} | ({"Range": f"bytes={have}-"} if have else {})
    with requests.get(url, headers=headers, stream=True, timeout=TIMEOUT) as response:
        if response.status_code == requests.codes.requested_range_not_satisfiable:
            if _total(response, 0) == have:
                return
            part.unlink()
            raise requests.ConnectionError("the part that was kept is longer than the file; starting again")
        response.raise_for_status()
        if response.status_code != requests.codes.partial_content:
            have = 0
        _append(response, part, have, progress)


def _append(response: requests.Response, part: Path, have: int, progress: Progress) -> None:
    total = _total(response, have)
    with part.open("ab" if have else "wb") as output:
        for chunk in response.iter_content(_CHUNK):
            output.write(chunk)
            have += len(chunk)
            progress(have, total)
    if total and have != total:
        raise requests.ConnectionError(f"expected {total:,} bytes, got {have:,}")


def _total(response: requests.Response, have: int) -> int:
    """Return the whole size of the file in bytes, 0 where the server does not say."""
    stated = response.headers.get("Content-Range", "").rpartition("/")[2]
    if stated.isdigit():
        return int(stated)
    return have + int(response.headers.get("Content-Length", -have))
