"""Clips know their targets; files become clips once, whatever is the matter with some of them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile

from audiomodel.front_end import FrontEnd, levels, log_mel
from audiomodel.training.audio_clips import PictureMemory, Progress
from audiomodel.training.clips import Clips
from audiomodel.training.picturing import Picture, picture_task, repeat
from audiomodel.training.sources import artist_split, find_source
from audiomodel.windows import TAG_FRAMES
from tests.audiomodel.training.miniature import make_clips
from tests.audiomodel.training.recordings import tag_file, write_fma, write_folder, write_mtat, write_recording

THREE = Clips(
    name="three",
    levels=np.zeros((3, 2, 4), np.uint8),
    ids=("1", "2", "3"),
    tags=(("a", "b"), ("b",), ()),
    genres=("X", "", "Y"),
    artists=("p", "q", "q"),
    splits=("train", "valid", "train"),
)


def test_targets_are_those_of_the_clips() -> None:
    assert THREE.tag_names(1) == ("a", "b")
    assert THREE.tag_names(2) == ("b",)
    assert THREE.tag_targets(("a", "b")).tolist() == [[1, 1], [0, 1], [0, 0]]
    assert THREE.genre_names() == ("X", "Y")
    assert THREE.genre_targets(("X", "Y")).tolist() == [0, -1, 1]
    assert THREE.of("train").tolist() == [0, 2]


def test_each_clip_has_one_of_everything() -> None:
    with pytest.raises(ValueError, match="expected 3 ids, one a clip, got 2"):
        Clips("three", THREE.levels, ("1", "2"), THREE.tags, THREE.genres, THREE.artists, THREE.splits)
    with pytest.raises(ValueError, match="expected splits of train, valid, test, got training"):
        Clips("three", THREE.levels, THREE.ids, THREE.tags, THREE.genres, THREE.artists, ("train", "valid", "training"))


def test_other_clips_have_another_digest() -> None:
    assert make_clips().digest() == make_clips().digest()
    assert len({make_clips().digest(), make_clips(seed=1).digest(), make_clips(genres=False).digest()}) == 3
    assert replace(THREE, artists=("p", "q", "r")).digest() != THREE.digest()


@pytest.mark.parametrize("n_frames", [1, 5, 64, 127, 128])
def test_short_levels_are_repeated_and_never_stretched(n_frames: int) -> None:
    short = np.arange(2 * n_frames, dtype=np.uint8).reshape(2, n_frames)
    long = repeat(short)
    assert long.shape == (2, TAG_FRAMES)
    assert np.array_equal(long[:, :n_frames], short)
    assert np.array_equal(long[:, n_frames:], long[:, : TAG_FRAMES - n_frames])


def test_a_file_becomes_the_levels_of_its_first_thirty_seconds(tmp_path: Path) -> None:
    write_recording(tmp_path / "long.wav", 1, seconds=33)
    waveform = soundfile.read(tmp_path / "long.wav", dtype="float32")[0][: 30 * 44_100]
    picture = picture_task()(tmp_path / "long.wav")
    ours = np.frombuffer(picture.levels, np.uint8).reshape(64, TAG_FRAMES).astype(int)
    assert picture.n_frames == TAG_FRAMES
    assert np.abs(ours - levels(log_mel(waveform, FrontEnd())[:, :TAG_FRAMES], FrontEnd())).max() <= 1


@pytest.mark.slow
def test_what_was_decoded_is_not_decoded_again(tmp_path: Path) -> None:
    paths = [tmp_path / f"{number}.wav" for number in range(3)]
    for number, path in enumerate(paths[:2]):
        write_recording(path, number, seconds=1)
    paths[2].write_text("no sound")
    decoded: list[tuple[str, int, int]] = []

    def pictures() -> list[Picture | str]:
        decoded.clear()
        memory = PictureMemory(tmp_path / "kept" / "pictures.npz")
        return list(memory.pictures(paths, 1, lambda *report: decoded.append(report)).values())

    first = pictures()
    assert [type(one) for one in first] == [Picture, Picture, str]
    assert decoded == [("decoding", 1, 3), ("decoding", 2, 3), ("decoding", 3, 3)]
    assert pictures() == first
    assert decoded == []
    write_recording(paths[0], 7, seconds=1)
    os.utime(paths[0], ns=(1, 1))
    assert pictures()[1:] == first[1:]
    assert decoded == [("decoding", 1, 1)]
    (tmp_path / "kept" / "pictures.npz").write_bytes(b"PK\x03\x04 cut off")
    assert pictures()[1:] == first[1:]
    assert len(decoded) == 3


@pytest.mark.slow
def test_what_another_day_may_bring_is_tried_again_until_a_network_has_learned_without_it(tmp_path: Path) -> None:
    paths = [tmp_path / f"{number}.wav" for number in range(3)]
    write_recording(paths[0], 0, seconds=1)
    noise = np.tile(np.random.default_rng(0).normal(0, 0.1, 8_000), 1_800)
    soundfile.write(paths[1], noise, 8_000)  # takes a while
    kept = tmp_path / "kept" / "pictures.npz"

    def kinds(progress: Progress, *, begun: bool = False) -> list[type]:
        return [type(one) for one in PictureMemory(kept, begun=begun).pictures(paths, 1, progress).values()]

    def kill_after_the_first(_stage: str, done: int, _of: int) -> None:
        if done == 1:
            (pid,) = own_workers()
            os.kill(pid, signal.SIGKILL)

    def nothing_is_decoded(_stage: str, _done: int, _of: int) -> None:
        pytest.fail("a file was decoded")

    assert kinds(kill_after_the_first) == [Picture, str, str]
    write_recording(paths[2], 2, seconds=1)
    assert kinds(nothing_is_decoded, begun=True) == [Picture, str, str]
    assert kinds(lambda *_: None) == [Picture, Picture, Picture]
    paths[0].rename(tmp_path / "elsewhere.wav")
    assert kinds(lambda *_: None, begun=True) == [str, Picture, Picture]
    (tmp_path / "elsewhere.wav").rename(paths[0])
    assert kinds(nothing_is_decoded, begun=True) == [Picture, Picture, Picture]


def own_workers() -> list[int]:
    children = [int(pid) for file in Path("/proc/self/task").glob("*/children") for pid in file.read_text().split()]
    return [pid for pid in children if b"audiomodel.working" in Path(f"/proc/{pid}/cmdline").read_bytes()]


def test_fma_small_is_read_with_its_tree_and_split(tmp_path: Path) -> None:
    write_fma(tmp_path, range(2, 10))
    source = find_source("fma-small", tmp_path)
    assert len(source.recordings) == 8
    first = source.recordings[0]
    assert (first.path, first.tags, first.genre, first.split) == ("000/000002.mp3", ("Very Low", "Low"), "Low", "valid")
    assert all((source.folder / one.path).is_file() for one in source.recordings)


def test_magnatagatune_is_read_with_its_split_by_folders_or_as_published(tmp_path: Path) -> None:
    write_mtat(tmp_path, range(8))
    by_folder = find_source("mtat", tmp_path).recordings
    assert [one.split for one in by_folder] == ["train", "train", "valid", "valid", "train", "train", "test", "test"]
    assert by_folder[0].tags == ("low",)
    splits = [f"{number},{'test' if number < 2 else 'train'},train\n" for number in range(7)]
    (tmp_path / "magnatagatune" / "splits.csv").write_text("".join(["clip_id,split_25860,split_21108\n", *splits]))
    assert [one.split for one in find_source("mtat", tmp_path).recordings] == ["test"] * 2 + ["train"] * 5


@pytest.mark.data
def test_the_published_split_of_magnatagatune_is_that_of_its_folders(data_dir: Path) -> None:
    from tagmodel.datasets.mtat import MagnaTagATune, _folder_split

    clips = [one for one in MagnaTagATune().read_recordings(data_dir) if one.split]
    assert len(clips) == 25_860
    assert all(one.split == _folder_split(one.path) for one in clips)


@pytest.mark.data
def test_fma_small_is_read_as_the_prepared_labels_have_it(data_dir: Path) -> None:
    from audiomodel.training.prepared import prepared_fma_small
    from tagmodel.datasets.fma import FreeMusicArchive

    ours = {one.track_id: one for one in FreeMusicArchive().read_recordings(data_dir, "small")}
    assert len(ours) == 8_000
    clips = prepared_fma_small(data_dir / "audio")
    for number, tags, genre, artist, split in zip(
        clips.ids, clips.tags, clips.genres, clips.artists, clips.splits, strict=True
    ):
        one = ours[number]
        assert (set(one.tags), one.genre, one.artist, one.split) == (set(tags), genre, artist, split)


def test_a_folder_is_read_with_what_is_written_in_its_files(tmp_path: Path) -> None:
    write_folder(tmp_path / "music", range(3))
    write_recording(tmp_path / "music" / "alone.mp3", 5, seconds=1)
    tag_file(tmp_path / "music" / "alone.mp3", genre="high")
    write_recording(tmp_path / "music" / ".hidden" / "x.mp3", 5, seconds=1)
    write_recording(tmp_path / "music" / "nothing is said.mp3", 5, seconds=1)
    (tmp_path / "music" / "broken.mp3").write_text("text")
    source = find_source(str(tmp_path / "music"), tmp_path)
    found = {one.path: (one.tags, one.genre) for one in source.recordings}
    assert found == {
        "alone.mp3": (("High",), "High"),  # as most files spell it, or the first by the alphabet
        "artist 0/song 0.ogg": (("Low", "Invented"), "Low"),
        "artist 0/song 1.mp3": (("High", "Invented"), "High"),
        "artist 1/song 2.mp3": (("Low", "Invented"), "Low"),
    }


COUNT = """
import sys
from pathlib import Path
from audiomodel.training.sources import find_source
print(len(find_source(sys.argv[1], Path()).recordings))
"""


def test_a_pipe_among_the_files_is_not_waited_for(tmp_path: Path) -> None:
    write_folder(tmp_path / "music", range(2))
    os.mkfifo(tmp_path / "music" / "pipe.mp3")
    command = [sys.executable, "-c", COUNT, str(tmp_path / "music")]
    assert subprocess.run(command, capture_output=True, timeout=60, check=True).stdout == b"2\n"


def test_an_artist_is_in_one_part_whoever_else_there_is() -> None:
    parts = [artist_split(f"artist {number}") for number in range(2_000)]
    assert parts == [artist_split(f"artist {number}") for number in range(2_000)]
    assert 0.77 < parts.count("train") / 2_000 < 0.83
    assert 0.08 < parts.count("valid") / 2_000 < 0.12
