"""An ear that remembers decodes each audio once, in whatever files it lies."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from audiomodel.cache import HearingCache
from audiomodel.hearing import Hearing
from audiomodel.identity import audio_id
from audiomodel.problems import AudioProblem, Reason
from audiomodel.remembering import RememberingEar
from tests.audiomodel.tones import write_tone


@pytest.fixture
def cache(tmp_path: Path) -> Iterator[HearingCache]:
    with HearingCache(tmp_path / "hearings.sqlite", print) as cache:
        yield cache


def test_each_audio_is_decoded_once_and_results_come_in_order(tmp_path: Path, cache: HearingCache) -> None:
    one, copy, two, gone, text = (tmp_path / name for name in ("1.flac", "copy.flac", "2.mp3", "gone.mp3", "text.mp3"))
    write_tone(one, 1)
    write_tone(two, 2)
    shutil.copy(one, copy)
    text.write_text("no audio at all")
    paths = [one, text, copy, gone, two, one]
    with RememberingEar(cache) as ear:
        heard = list(ear.hear_all(paths))
        assert ear.decoded == 3
    assert [path for path, _ in heard] == paths
    results = [result for _, result in heard]
    assert results[0] == results[2] == results[5]
    assert isinstance(results[0], Hearing)
    assert isinstance(results[4], Hearing)
    assert results[0].audio_id != results[4].audio_id
    problems = [result.reason for result in results if isinstance(result, AudioProblem)]
    assert problems == [Reason.NOT_AUDIO, Reason.UNREADABLE]
    shutil.move(two, tmp_path / "moved.mp3")
    with RememberingEar(cache) as ear:
        ((_, again),) = ear.hear_all([tmp_path / "moved.mp3"])
        assert (again, ear.decoded) == (results[4], 0)
        assert ear.recall(one) == results[0]
        recalled = ear.recall(text)
        assert isinstance(recalled, AudioProblem)
        assert recalled.reason is Reason.NOT_AUDIO
        write_tone(one, 3)
        assert ear.recall(one) is None


def test_a_file_that_is_replaced_before_its_turn_leaves_no_false_memory(tmp_path: Path, cache: HearingCache) -> None:
    paths = [tmp_path / f"{number}.wav" for number in range(9)]
    for number, path in enumerate(paths):
        write_tone(path, number, seconds=0.5)
    *_, other, broken = paths
    shutil.copy(broken, tmp_path / "copy.wav")
    shutil.copy(other, tmp_path / "another copy.wav")
    with RememberingEar(cache) as ear:
        hearings = ear.hear_all([*paths, tmp_path / "copy.wav"])
        next(hearings)  # by now all are identified, and the last ones are not heard
        write_tone(other, 20, seconds=0.5)
        broken.write_text("no audio at all")
        *_, replaced, problem, copy = [heard for _, heard in hearings]
        assert isinstance(replaced, Hearing)
        assert isinstance(problem, AudioProblem)
        assert isinstance(copy, Hearing)
        assert (replaced.audio_id, copy.audio_id) == (audio_id(other), audio_id(tmp_path / "copy.wav"))
        assert ear.recall(tmp_path / "copy.wav") == copy
        ((_, original),) = ear.hear_all([tmp_path / "another copy.wav"])
        assert isinstance(original, Hearing)
        assert original.audio_id == audio_id(tmp_path / "another copy.wav")
