"""Hostile files: whatever a file is, there is an answer in time, and who reads it is fit for the next one."""

from __future__ import annotations

import time
from collections import Counter
from functools import partial
from pathlib import Path

import pytest

from audiomodel.confining import Limits
from audiomodel.problems import AudioProblem, Reason
from audiomodel.workers import Workers
from tests.audiomodel.mutants import mutants
from tests.audiomodel.odd_files import HEARD, ODD_FILES
from tests.audiomodel.sound_files import write_sound
from tests.audiomodel.worker_tasks import Heard, make_decoding

MAX_SECONDS = 120.0
# Of each process, at its highest: two minutes of waveform are 21 MB, the libraries some 60.
MOST_MEMORY = 300_000  # kilobytes
PATIENCE = Limits(seconds=5.0).seconds + 5.0  # with what a new process takes to start on a busy machine


@pytest.fixture(scope="module")
def workers():
    with Workers(partial(make_decoding, MAX_SECONDS), Heard) as pool:
        yield pool


def highest_memory(pool: Workers[Heard]) -> int:
    """Return the most memory that one of the processes has had so far, in kilobytes."""
    highest = 0
    for pid in pool.pids:
        status = Path(f"/proc/{pid}/status").read_text()
        highest = max(highest, int(status.partition("VmHWM:")[2].split()[0]))
    return highest


@pytest.mark.parametrize("name", ODD_FILES)
def test_an_odd_file_gets_its_reason(workers, tmp_path, name):
    odd = ODD_FILES[name]
    path = tmp_path / name
    odd.make(path)
    began = time.monotonic()
    [(_, answer)] = workers.run_all([path])
    assert time.monotonic() - began < PATIENCE
    if isinstance(answer, AudioProblem):
        assert answer.reason in odd.reasons
        assert 10 < len(answer.message) < 200
        assert str(tmp_path) not in answer.message
        assert "crash" not in answer.message
    else:
        assert HEARD in odd.reasons
        assert answer.seconds >= 0.1
    assert highest_memory(workers) < MOST_MEMORY


def read_mutants(folder: Path, count: int, seed: int) -> tuple[Counter[str], set[int]]:
    """Return how often each answer came, and the processes that were seen, which are all gone by then."""
    answers: Counter[str] = Counter()
    seen: set[int] = set()
    path, good = folder / "mutant", write_sound(folder, "u8.wav")
    with Workers(partial(make_decoding, MAX_SECONDS), Heard) as pool:
        for number, content in enumerate(mutants(folder, count, seed)):
            path.write_bytes(content)
            try:
                answers["heard"] += pool.run(path).seconds > 0
            except AudioProblem as problem:
                answers[problem.reason.value] += 1
                answers["crash"] += "crash" in problem.message or "killed" in problem.message
            seen.update(pool.pids)
            if number % 100 == 99:
                assert highest_memory(pool) < MOST_MEMORY
                assert len(pool.pids) <= 1
        assert pool.run(good).seconds == 1.0
    assert not [pid for pid in seen if Path(f"/proc/{pid}").exists()]
    return answers, seen


def check(answers: Counter[str], count: int) -> None:
    assert answers.total() == count + answers["crash"]
    assert answers["crash"] == answers[Reason.TIMED_OUT] == answers[Reason.TOO_BIG] == 0, answers
    assert answers["heard"] > count / 5, answers
    assert answers[Reason.DAMAGED] > count / 50, answers


def test_mutants_are_answered_by_processes_that_live_on(tmp_path):
    answers, seen = read_mutants(tmp_path, 300, seed=1)
    check(answers, 300)
    assert len(seen) <= 2


@pytest.mark.slow
def test_five_thousand_mutants_are_answered_by_processes_that_live_on(tmp_path):
    answers, seen = read_mutants(tmp_path, 5_000, seed=2)
    check(answers, 5_000)
    assert len(seen) <= 5_000 / Limits().files + 2
