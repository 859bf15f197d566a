from __future__ import annotations

import time

import numpy as np
import pytest

from audiomodel.rhythm import Key, Tempo, hear_rhythm
from tests.audiomodel.played import NOTES, RATE, chords, clicks, drums

KEYS = [(tonic, minor) for tonic in range(12) for minor in (False, True)]


def noise(seconds: float, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(0, 0.1, int(seconds * RATE)).astype(np.float32)


def tempo(waveform: np.ndarray) -> Tempo:
    found = hear_rhythm(waveform, RATE).tempo
    assert found is not None
    return found


def key(waveform: np.ndarray) -> Key:
    found = hear_rhythm(waveform, RATE).key
    assert found is not None
    return found


@pytest.mark.parametrize("bpm", [84.0, 97.3, 120.0, 133.5])
def test_the_tempo_of_a_beat_is_told_to_half_a_percent(bpm):
    for played in (clicks(bpm), drums(bpm), drums(bpm) + chords(2, minor=True, bpm=bpm, seconds=20)):
        found = tempo(played)
        assert found.bpm == pytest.approx(bpm, rel=0.005)
        assert found.confidence > 0.7


@pytest.mark.parametrize("bpm", [45.0, 210.0])
def test_a_very_slow_or_fast_beat_may_be_told_as_its_double_or_half(bpm):
    assert any(tempo(clicks(bpm)).bpm == pytest.approx(bpm * factor, rel=0.01) for factor in (0.5, 1, 2))


@pytest.mark.parametrize(("tonic", "minor"), KEYS)
def test_the_key_of_chords_is_told(tonic, minor):
    found = key(chords(tonic, minor=minor))
    assert found.name == f"{NOTES[tonic]} {'minor' if minor else 'major'}"
    assert 0.4 < found.confidence <= 1


def test_the_key_is_told_beside_drums_and_out_of_tune():
    played = chords(4, minor=False)
    bent = np.interp(np.arange(0, len(played), 1.015), np.arange(len(played)), played).astype(np.float32)
    assert key(bent).name == "E major"
    assert key(played + drums(100, 12)).name == "E major"


def test_noise_lowers_confidence():
    played = drums(110) + chords(0, minor=False, bpm=110, seconds=20)
    loud = tempo(played + 2 * noise(20)).confidence
    assert loud < tempo(played).confidence


@pytest.mark.parametrize("seed", range(5))
def test_noise_has_neither_beat_nor_key(seed):
    assert hear_rhythm(noise(20, seed), RATE) == (None, None)


@pytest.mark.parametrize("waveform", [np.zeros(20 * RATE, np.float32), np.full(20 * RATE, 0.3, np.float32)])
def test_silence_has_neither_beat_nor_key(waveform):
    assert hear_rhythm(waveform, RATE) == (None, None)


def test_a_lasting_chord_has_no_beat():
    held = chords(0, minor=False, bpm=6.0, seconds=30)
    assert hear_rhythm(held, RATE).tempo is None


@pytest.mark.parametrize("seconds", [0.001, 0.5, 3.9, 4.0, 4.5, 6.0, 300.0])
def test_any_length_is_taken(seconds):
    found = hear_rhythm(clicks(120, seconds + 0.1)[: int(seconds * RATE)], RATE)
    if seconds < 4:
        assert found == (None, None)
    else:
        assert found.tempo is not None
        assert found.tempo.bpm == pytest.approx(120, rel=0.02)


def test_half_a_minute_takes_little_time():
    played = drums(120, 30) + chords(0, minor=False, seconds=30)
    hear_rhythm(played, RATE)
    start = time.process_time()
    for _ in range(3):
        hear_rhythm(played, RATE)
    assert (time.process_time() - start) / 3 < 0.1  # 0.02 on a quiet core
