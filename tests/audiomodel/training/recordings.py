"""Short invented recordings as files: a low genre and a high one, in the layouts of FMA and MagnaTagATune."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from pathlib import Path

import mutagen
import numpy as np
import soundfile

RATE = 44_100
SECONDS = 6
FORMATS = {".mp3": ("MP3", "MPEG_LAYER_III"), ".ogg": ("OGG", "VORBIS"), ".wav": ("WAV", "PCM_16")}


def write_recording(path: Path, number: int, seconds: float = SECONDS) -> None:
    """Write a recording: low for even numbers, high for odd ones."""
    path.parent.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(number)
    times = np.arange(int(seconds * RATE)) / RATE
    frequency = (110 if number % 2 == 0 else 2200) * rng.uniform(0.9, 1.1)
    tone = 0.3 * np.sin(2 * np.pi * frequency * times) * (1 + 0.5 * np.sin(2 * np.pi * 3 * times))
    container, coding = FORMATS[path.suffix]
    sound = (tone + rng.normal(0, 0.01, len(times))).astype(np.float32)
    soundfile.write(path, sound, RATE, format=container, subtype=coding)


def tag_file(path: Path, **texts: str) -> None:
    """Write texts into an mp3 or ogg file as its owner would."""
    file = mutagen.File(path, easy=True)
    if file.tags is None:
        file.add_tags()
    for name, text in texts.items():
        file[name] = text
    file.save()


def part_of(number: int) -> str:
    """Return the part of a split: half to learn from, a quarter to choose by, a quarter for testing."""
    return ("train", "valid", "train", "test")[number // 2 % 4]


FMA_COLUMNS = (
    "album.date_released", "album.id", "album.title", "artist.id", "artist.name", "set.split", "set.subset",
    "track.date_recorded", "track.duration", "track.genre_top", "track.genres", "track.genres_all", "track.license",
    "track.tags", "track.title",
)  # fmt: skip
FMA_SPLITS = {"train": "training", "valid": "validation", "test": "test"}


def write_fma(data_dir: Path, numbers: Iterable[int]) -> None:
    """Write fma_small in its official layout, with one track that is in a larger subset only."""
    numbers = list(numbers)
    (data_dir / "fma").mkdir(parents=True)
    (data_dir / "fma" / "genres.csv").write_text(
        "genre_id,#tracks,parent,title,top_level\n1,1,0,Low,1\n2,1,0,High,2\n3,1,1,Very Low,1\n"
    )
    with (data_dir / "fma" / "tracks.csv").open("w", newline="") as file:
        table = csv.writer(file, lineterminator="\n")
        table.writerow(["", *(column.partition(".")[0] for column in FMA_COLUMNS)])
        table.writerow(["", *(column.partition(".")[2] for column in FMA_COLUMNS)])
        table.writerow(["track_id", *("" for _ in FMA_COLUMNS)])
        table.writerows(_fma_row(number, "small") for number in numbers)
        table.writerow(_fma_row(9_999, "medium"))
    for number in numbers:
        write_recording(data_dir / "fma_small" / f"{number // 1000:03d}" / f"{number:06d}.mp3", number)


def _fma_row(number: int, subset: str) -> list[str]:
    low = number % 2 == 0
    values = {
        "artist.id": str(number // 2), "artist.name": f"Artist {number // 2}", "set.subset": subset,
        "set.split": FMA_SPLITS[part_of(number)], "track.genre_top": "Low" if low else "High",
        "track.genres": "[3]" if low else "[2]", "track.genres_all": "[1, 3]" if low else "[2]",
        "track.tags": "['free tag']", "track.title": f"Track {number}",
    }  # fmt: skip
    return [str(number), *(values.get(column, "") for column in FMA_COLUMNS)]


MTAT_FOLDERS = {"train": "0", "valid": "c", "test": "f"}


def write_mtat(data_dir: Path, numbers: Iterable[int]) -> None:
    """Write MagnaTagATune as its archive is unzipped, without a file of splits."""
    home = data_dir / "magnatagatune"
    home.mkdir(parents=True)
    paths = {number: f"{MTAT_FOLDERS[part_of(number)]}/clip-{number}-0-29.mp3" for number in numbers}
    header = (
        "clip_id", "track_number", "title", "artist", "album", "url", "segmentStart", "segmentEnd", "original_url",
        "mp3_path",
    )  # fmt: skip
    clips = [(str(n), "1", f"Song {n}", f"Artist {n // 2}", "", "", "0", "29", f"http://x/{n}", path)
             for n, path in paths.items()]  # fmt: skip
    tags = [(str(n), "1" if n % 2 == 0 else "0", "0" if n % 2 == 0 else "1", path) for n, path in paths.items()]
    _write_tabs(home / "clip_info_final.csv", [header, *clips])
    _write_tabs(home / "annotations_final.csv", [("clip_id", "low", "high", "mp3_path"), *tags])
    for number, path in paths.items():
        write_recording(home / path, number)


def _write_tabs(path: Path, rows: Iterable[tuple[str, ...]]) -> None:
    path.write_text("".join("\t".join(f'"{field}"' for field in row) + "\n" for row in rows))


def write_folder(folder: Path, numbers: Iterable[int]) -> None:
    """Write a folder of one's own: mp3 and ogg files with genre and artist in them."""
    for number in numbers:
        path = folder / f"artist {number // 2}" / f"song {number}{'.mp3' if number % 3 else '.ogg'}"
        write_recording(path, number)
        genre = "Low" if number % 2 == 0 else "High"
        tag_file(path, genre=f"{genre}; Invented", artist=f"Artist {number // 2}", title=f"Song {number}")
