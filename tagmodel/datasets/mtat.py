"""MagnaTagATune: 25,863 clips of 5,405 songs, tagged with 188 words in a game.

People tagged clips, so clips are the training items; a listener looks for songs, so songs are the tracks. A song is one
`original_url`: artist with title would merge 99 songs wrongly.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from itertools import compress
from pathlib import Path
from typing import NamedTuple

from tagmodel.datasets.dataset import BadDataSet, DataFile, DataSet, Item, Recording
from tagmodel.datasets.files import check_width, find_file, parse_number, read_columns, read_table, require_file
from tagmodel.track import Track

_ANNOTATIONS = DataFile(
    "magnatagatune/annotations_final.csv",
    sha256="99b94e95825d4fa576386a5367b9c96e0ec636e9f9c240aceb492f4728f68c3c",
    url="https://mirg.city.ac.uk/datasets/magnatagatune/annotations_final.csv",
)
_CLIP_INFO = DataFile(
    "magnatagatune/clip_info_final.csv",
    sha256="cb6108a10d3a91f0bfd7d2fbec2382559d15f20c8d28093f14e12162a47a3e78",
    url="https://mirg.city.ac.uk/datasets/magnatagatune/clip_info_final.csv",
)
# The published split, which some keep beside the data; else the folders of the clips tell it, all but three clips.
_SPLITS = DataFile("magnatagatune/splits.csv", optional=True)
_VALID_FOLDERS, _TEST_FOLDERS = "c", "def"


class _Clip(NamedTuple):
    clip_id: int
    title: str
    artist: str
    album: str
    url: str
    original_url: str


class MagnaTagATune(DataSet):
    """The MagnaTagATune annotations."""

    name = "mtat"
    title = "MagnaTagATune"
    licence = "none stated for the annotations; research, non-commercial"
    source = "https://mirg.city.ac.uk/codeapps/the-magnatagatune-dataset (Law, West, Mandel, Bay, Downie 2009)"
    files = (_ANNOTATIONS, _CLIP_INFO)
    min_count = 5

    def read_items(self, data_dir: Path) -> Iterator[Item]:
        """Yield the clips; ``group`` is the song's track id."""
        clips, songs = self._read_clips(data_dir)
        for clip_id, tags, _ in self._read_annotations(data_dir):
            clip = self._clip(clips, clip_id)
            yield Item(str(clip_id), tags, clip.artist, songs[clip.original_url])

    def read_tracks(self, data_dir: Path) -> Iterator[Track]:
        """Yield the songs in the order of their first clips; untagged ones too.

        A tag's share is that of the song's annotated clips that carry it; tags are ordered by it, ties as in the file.
        """
        clips, songs = self._read_clips(data_dir)
        tags: dict[str, Counter[str]] = defaultdict(Counter)
        annotated: Counter[str] = Counter()
        first: dict[str, _Clip] = {}
        for clip_id, clip_tags, _ in self._read_annotations(data_dir):
            clip = self._clip(clips, clip_id)
            track_id = songs[clip.original_url]
            annotated[track_id] += 1
            tags[track_id].update(clip_tags)
            first.setdefault(track_id, clip)
        for track_id, clip in first.items():
            yield _song(track_id, clip, tags[track_id], annotated[track_id])

    def read_recordings(self, data_dir: Path) -> Iterator[Recording]:
        """Yield the clips, untagged ones too, with their parts of ``split_25860``; there are no top genres.

        62 % of its test clips share an artist with its training part.

        References
        ----------
        Dieleman and Schrauwen, *End-to-end learning for music audio*, ICASSP 2014, for the split by folders: 0 to b, c,
        and d to f.
        """
        clips, _ = self._read_clips(data_dir)
        published = self._read_split(data_dir)
        for clip_id, tags, path in self._read_annotations(data_dir):
            split = _folder_split(path) if published is None else published.get(clip_id, "")
            yield Recording(str(clip_id), path, tags, "", self._clip(clips, clip_id).artist, split)

    def _read_split(self, data_dir: Path) -> dict[int, str] | None:
        path = find_file(data_dir, _SPLITS)
        if path is None:
            return None
        rows = read_columns(path, ("clip_id", "split_25860"))
        return {int(parse_number(path, line, "clip_id", clip_id)): split for line, (clip_id, split) in rows}

    def _clip(self, clips: dict[int, _Clip], clip_id: int) -> _Clip:
        if clip_id not in clips:
            raise BadDataSet(
                f"expected clip {clip_id} in {_CLIP_INFO.path}, got none: are the two files of one release?"
            )
        return clips[clip_id]

    def _read_clips(self, data_dir: Path) -> tuple[dict[int, _Clip], dict[str, str]]:
        """Read the clips by id, with the track id of each song by its original url."""
        path = require_file(data_dir, _CLIP_INFO, self.source)
        clips: dict[int, _Clip] = {}
        lowest: dict[str, int] = {}
        for line, (clip_id, *texts) in read_columns(path, ("clip_id", *_Clip._fields[1:]), delimiter="\t"):
            clip = _Clip(int(parse_number(path, line, "clip_id", clip_id)), *texts)
            clips[clip.clip_id] = clip
            lowest[clip.original_url] = min(clip.clip_id, lowest.get(clip.original_url, clip.clip_id))
        return clips, {url: f"mtat:{clip_id}" for url, clip_id in lowest.items()}

    def _read_annotations(self, data_dir: Path) -> Iterator[tuple[int, tuple[str, ...], str]]:
        """Yield the id, the tags and the path of each clip."""
        path = require_file(data_dir, _ANNOTATIONS, self.source)
        rows = read_table(path, delimiter="\t")
        _, header = next(rows, (0, []))
        names = _check_header(path, header)
        for line, row in rows:
            check_width(path, line, row, len(header))
            tags = tuple(compress(names, map("1".__eq__, row[1:-1])))
            yield int(parse_number(path, line, "clip_id", row[0])), tags, row[-1]


def _folder_split(path: str) -> str:
    return "valid" if path[:1] in _VALID_FOLDERS else "test" if path[:1] in _TEST_FOLDERS else "train"


def _check_header(path: Path, header: Sequence[str]) -> Sequence[str]:
    if len(header) < 3 or header[0] != "clip_id" or header[-1] != "mp3_path":
        raise BadDataSet(
            f"{path}, line 1: expected clip_id, tags and mp3_path parted by tabs, got {', '.join(header[:4])!r}: "
            "is it another file, or saved by a spreadsheet?"
        )
    return header[1:-1]


def _song(track_id: str, clip: _Clip, tags: Counter[str], annotated: int) -> Track:
    ranked = tags.most_common()  # equal counts keep their order
    return Track(
        track_id,
        title=clip.title,
        artist=clip.artist,
        album=clip.album,
        url=clip.url,
        source="mtat",
        tags=tuple(tag for tag, _ in ranked),
        shares=tuple(n / annotated for _, n in ranked),
    )
