from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import soundfile

from audiomodel.ear import Ear
from audiomodel.hearing import DIMENSIONS, Hearing, unpack_vector
from audiomodel.problems import AudioProblem, Reason
from audiomodel.tagger import TaggerMissing
from tests.audiomodel.played import RATE, chords, drums


@pytest.fixture(scope="module")
def ear() -> Iterator[Ear]:
    with Ear(max_seconds=60) as opened:
        yield opened


def write(path: Path, seconds: float, rate: int = RATE, channels: int = 1) -> Path:
    sound = 0.4 * (drums(110, seconds + 1) + chords(9, minor=True, bpm=110, seconds=seconds + 1))
    sound = np.interp(np.arange(int(seconds * rate)) * RATE / rate, np.arange(len(sound)), sound)
    soundfile.write(path, np.repeat(sound[:, None], channels, axis=1), rate)
    return path


def test_a_file_is_heard_whole(ear, tmp_path):
    heard = ear.hear(write(tmp_path / "song.flac", 40))
    assert isinstance(heard, Hearing)
    assert (heard.seconds, heard.container, heard.sample_rate, heard.channels) == (40.0, "flac", RATE, 1)
    assert heard.bpm == pytest.approx(110, rel=0.01)
    assert heard.key == "A minor"
    assert heard.tagger_id == ear.tagger_id
    assert np.linalg.norm(unpack_vector(heard.vector)) == pytest.approx(1, abs=0.01)
    assert len(heard.vector) == 2 * DIMENSIONS
    assert heard.moments[0].start == 0
    assert heard.moments[-1].start + heard.moments[-1].seconds == pytest.approx(40, abs=1)
    assert (heard.status == "unlike") == (not heard.tags)


@pytest.mark.parametrize("seconds", [0.11, 0.5, 3.0, 9.0])
def test_a_short_file_is_heard_and_said_to_be_short(ear, tmp_path, seconds):
    heard = ear.hear(write(tmp_path / "short.wav", seconds))
    assert heard.status in {"short", "unlike"}
    assert heard.moments


def test_any_rate_and_number_of_channels_is_heard(ear, tmp_path):
    for rate, channels in ((8_000, 1), (48_000, 6), (96_000, 2)):
        heard = ear.hear(write(tmp_path / "odd.wav", 12, rate, channels))
        assert (heard.sample_rate, heard.channels) == (rate, channels)
        assert heard.bpm == pytest.approx(110, rel=0.01)


def test_the_same_sound_is_heard_the_same(ear, tmp_path):
    file = write(tmp_path / "one.wav", 12)
    heard = ear.hear(file)
    assert ear.hear(file.rename(tmp_path / "other.wav")) == heard


def test_of_several_files_each_is_heard_or_has_its_reason(ear, tmp_path):
    text = tmp_path / "letter.mp3"
    text.write_text("Dear Sir or Madam, " * 100)
    silent = tmp_path / "silent.wav"
    soundfile.write(silent, np.zeros(RATE), RATE)
    paths = [write(tmp_path / "a.wav", 2), text, silent, write(tmp_path / "long.wav", 61), tmp_path / "none.wav"]
    found = list(ear.hear_all(paths))
    assert [path for path, _ in found] == paths
    reasons = [result.reason if isinstance(result, AudioProblem) else "heard" for _, result in found]
    assert reasons == ["heard", Reason.NOT_AUDIO, Reason.SILENT, Reason.TOO_LONG, Reason.UNREADABLE]


def test_without_a_tagger_there_is_no_ear(tmp_path):
    with pytest.raises(TaggerMissing):
        Ear(tmp_path)


@pytest.mark.data
def test_every_demo_recording_is_heard(data_dir):
    paths = sorted((data_dir / "audio" / "demo").glob("*.mp3"))
    assert len(paths) == 26
    with Ear() as ear:
        found = dict(ear.hear_all(paths))
    assert all(isinstance(heard, Hearing) for heard in found.values())
    by_name = {path.stem: heard for path, heard in found.items()}
    # Vivaldi's spring is in E; the others are from a sequencer, at whole tempos.
    assert by_name["vivaldi_spring"].key == "E major"
    for name, bpm in (("lofi_oceanside", 85), ("gold_rush", 120), ("piloting_waves", 140), ("ds10_courtyard", 110)):
        assert by_name[name].bpm == pytest.approx(bpm, abs=0.3)
        assert by_name[name].bpm_confidence > 0.8
