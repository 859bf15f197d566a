"""What a SOURCE on the command line stands for: a table file, stdin, a data set, invented tracks, a folder of audio."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from audiomodel.remembering import RememberingEar
from indexer.audio_folder import AudioFolder, path_below, walk_audio
from indexer.entries import Catalogue, Entry, Found, SourceError
from indexer.joining import AudioJoin, Keys
from indexer.listening import Listening
from indexer.mapping import ColumnMapping, check_columns, check_seconds, guess_mapping, is_export
from indexer.row_files import column_keys, data_set_keys
from indexer.tables import READERS, STDIN, Table, table_format
from indexer.track_rows import TrackRows
from tagmodel.datasets import DATA_SETS, BadDataSet
from tagmodel.datasets.files import require_file

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tagmodel.datasets import DataSet
    from tagmodel.track import Track

INVENTED = "invented"


@dataclass(frozen=True)
class SourceOptions:
    """How sources are to be read.

    Parameters
    ----------
    name
        The tracks' source; ``""`` takes the file's, folder's or data set's own name.
    file_format
        A key of `indexer.tables.READERS`; ``""`` goes by the file's name.
    mapping
        A saved mapping, used instead of a guess.
    columns
        What was said by hand, over guess and saved mapping.
    separators
        Between tags; None for those of the mapping.
    invented
        Makes the invented catalogue; called only when that is the source.
    audio
        Folder with the audio files of the tracks; None looks for none.
    audio_root
        Folder that audio files are played from; None is the folder that is indexed.
    ear
        Tells which audio a file holds; None where nothing can.
    listening
        Takes note of what becomes of audio files.
    """

    data_dir: Path = Path("data")
    name: str = ""
    file_format: str = ""
    encoding: str | None = None
    mapping: ColumnMapping | None = None
    columns: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    separators: str | None = None
    invented: Callable[[], Iterator[Track]] | None = None
    audio: Path | None = None
    audio_root: Path | None = None
    ear: RememberingEar | None = None
    listening: Listening | None = None


@dataclass(frozen=True)
class TableCatalogue:
    """Tracks in a file of rows."""

    name: str
    label: str
    table: Table
    mapping: ColumnMapping
    join: AudioJoin | None = None

    @property
    def rereadable(self) -> bool:
        """Whether the entries can be had again."""
        return self.table.rereadable

    @property
    def n_files(self) -> int | None:
        """How many audio files there are; None where none are looked for."""
        return None if self.join is None else self.join.n_files

    def entries(self) -> Iterator[Entry]:
        """Yield a track or a reject for each row."""
        entries = TrackRows(self.mapping, self.name, is_export(self.table.columns)).entries(self.table.rows())
        return entries if self.join is None else self.join.entries(entries, column_keys(self.mapping))


@dataclass(frozen=True)
class TrackCatalogue:
    """Tracks that come ready-made: those of a data set, or invented ones."""

    name: str
    label: str
    read: Callable[[], Iterator[Track]]
    rereadable: bool = True
    join: AudioJoin | None = None
    keys: Callable[[Found], Keys] = lambda _found: Keys()

    @property
    def n_files(self) -> int | None:
        """How many audio files there are; None where none are looked for."""
        return None if self.join is None else self.join.n_files

    def entries(self) -> Iterator[Entry]:
        """Yield the tracks."""
        return self._entries() if self.join is None else self.join.entries(self._entries(), self.keys)

    def _entries(self) -> Iterator[Entry]:
        try:
            for number, track in enumerate(self.read(), 1):
                yield Found(number, track)
        except (BadDataSet, OSError) as error:
            raise SourceError(f"{self.label}: {error}") from error


def has_audio(sources: Sequence[str], options: SourceOptions) -> bool:
    """Whether there are audio files among the sources, or beside them."""
    return options.audio is not None or any(
        source not in {*DATA_SETS, INVENTED} and Path(source).is_dir() for source in sources
    )


def _check_root(folder: Path, root: Path | None) -> None:
    if root is not None and not path_below(root, folder):
        raise SourceError(f"{folder}: expected a folder below --audio-root {root}, which its files are played from")


def open_catalogue(source: str, options: SourceOptions) -> Catalogue:
    """Open what a SOURCE stands for, far enough to know that it can be read.

    A name of a data set comes first; a folder of that name is written ``./fma``.

    Raises
    ------
    SourceError
        If there is nothing of that name, or it cannot be read.
    MappingError
        If its columns cannot be told.
    """
    path = Path(source)
    if source == INVENTED and options.invented is not None:
        return TrackCatalogue(options.name or INVENTED, "invented tracks (none of them exists)", options.invented)
    if source in DATA_SETS:
        if options.name:
            raise SourceError(
                f"--source-name {options.name}: the data set {source} goes by its own name, as its ids do"
            )
        return _open_data_set(DATA_SETS[source], options)
    if path == STDIN or (path.exists() and not path.is_dir()):
        return _open_table(path, options)
    if path.is_dir():
        _check_root(path, options.audio_root)
        return AudioFolder(path, options.name or source_name(path.resolve()), options.ear, options.audio_root)
    names = ", ".join([*DATA_SETS, INVENTED])
    raise SourceError(f"{source}: there is no such file, folder or data set; data sets are: {names}")


def _open_table(path: Path, options: SourceOptions) -> TableCatalogue:
    file_format = options.file_format or ("jsonl" if path == STDIN else table_format(path))
    if file_format is None:
        kinds = ", ".join(f".{name}" for name in READERS)
        raise SourceError(
            f"{path}: expected a file named {kinds} (also .gz or .xz), got {path.suffix or 'no ending'!r}; "
            "say what it is with --format, or save a spreadsheet as CSV"
        )
    table = Table(path, file_format, options.encoding)
    mapping = options.mapping or ColumnMapping()
    if options.mapping is None:
        by_hand = {column for columns in options.columns.values() for column in columns}
        mapping = guess_mapping([column for column in table.columns if column not in by_hand], table.sample)
    mapping = mapping.updated(options.columns, options.separators)
    check_columns(mapping, table.columns, table.columns_certain)
    if "duration" not in options.columns and not is_export(table.columns):
        check_seconds(mapping, table.sample)
    label = "stdin" if path == STDIN else str(path)
    return TableCatalogue(options.name or source_name(path), label, table, mapping, _join(options))


def _open_data_set(data_set: DataSet, options: SourceOptions) -> TrackCatalogue:
    """Open a data set whose files are there; it goes by its own name, which its track ids hold."""
    try:
        for file in data_set.files:
            if not file.optional:
                require_file(options.data_dir, file, data_set.source)
    except BadDataSet as error:
        raise SourceError(f"{data_set.name}: {error}") from error
    return TrackCatalogue(
        data_set.name,
        data_set.name,
        lambda: data_set.read_tracks(options.data_dir),
        join=_join(options),
        keys=data_set_keys(data_set.name, options.data_dir),
    )


def _join(options: SourceOptions) -> AudioJoin | None:
    """Return what finds the files of rows; None where nobody said where they are."""
    if options.audio is None or options.listening is None:
        return None
    _check_root(options.audio, options.audio_root)
    if not options.audio.is_dir():
        raise SourceError(f"--audio {options.audio}: expected a folder with audio files, found none of that name")
    if next(walk_audio(options.audio), None) is None:
        raise SourceError(f"--audio {options.audio}: expected audio files, found none")
    listening = options.listening
    return AudioJoin(options.audio, options.audio_root, options.ear, listening.report, listening.joined)


def source_name(path: Path) -> str:
    """Name a source after its file or folder: ``Sync Pool.v2.csv.gz`` → ``sync-pool-v2``."""
    if path == STDIN:
        return "stdin"
    stem = path.name if path.is_dir() else re.sub(r"(\.(gz|xz|csv|tsv|jsonl|ndjson|parquet))+$", "", path.name.lower())
    return re.sub(r"[\W_]+", "-", stem.lower()).strip("-") or "catalogue"
