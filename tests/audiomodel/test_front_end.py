from __future__ import annotations

import csv
from pathlib import Path

import librosa
import numpy as np
import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st

from audiomodel.front_end import FrontEnd, levels, log_mel
from audiomodel.mel import mel_frequencies

FRONT_END = FrontEnd()
RATE = FRONT_END.sample_rate
NOISE = np.random.default_rng(7).normal(0, 0.1, 30 * RATE).astype(np.float32)


def sine(frequency: float, seconds: float) -> np.ndarray:
    return np.asarray(0.5 * np.sin(2 * np.pi * frequency * np.arange(int(seconds * RATE)) / RATE), np.float32)


def sweep() -> np.ndarray:
    return librosa.chirp(fmin=40, fmax=18_000, sr=RATE, duration=30.0).astype(np.float32)


def struck_string() -> np.ndarray:
    times = np.arange(4 * RATE) / RATE
    tone = sum(np.sin(2 * np.pi * 220 * k * times) / k for k in range(1, 9)) * np.exp(-3 * (times % 0.5))
    return (0.2 * tone).astype(np.float32)


def reference(waveform: np.ndarray) -> np.ndarray:
    """Every frame by librosa, in dB, not normalized."""
    power = librosa.feature.melspectrogram(
        y=waveform, sr=RATE, n_fft=FRONT_END.n_fft, hop_length=FRONT_END.hop_length, n_mels=FRONT_END.n_mels
    )
    return librosa.power_to_db(power, top_db=None)


def kept_hops(n_frames: int) -> np.ndarray:
    return ((np.arange(n_frames) + 0.5) * FRONT_END.frame_spacing).astype(int)


def apart(ours: np.ndarray, theirs: np.ndarray) -> float:
    """Largest difference between frames, dB; what is 80 dB below the loudest frame is rounding."""
    floor = theirs.max() - FRONT_END.top_db
    theirs = np.maximum(theirs[:, kept_hops(ours.shape[1])], floor)
    return float(np.abs(np.maximum(ours[:-1], floor) - theirs).max())


def documented_levels(every_frame: np.ndarray, n_frames: int) -> np.ndarray:
    """The recipe of the data sets' files, word by word, from all frames."""
    db = np.maximum(every_frame - every_frame.max(), -80)
    full = np.clip((db - db.min()) / (db.max() - db.min()) * 256, 0, 255).astype(np.uint8)[:, kept_hops(n_frames)]
    return np.rint(full.reshape(64, 2, -1).mean(axis=1) / 2).clip(0, 127)


def demo_waveforms(data_dir: Path) -> list[tuple[str, np.ndarray]]:
    folder = data_dir / "audio" / "demo"
    with (folder / "manifest.csv").open() as lines:
        names = [row["file"] for row in csv.DictReader(lines)]
    read = ((name, soundfile.read(folder / name, dtype="float32", always_2d=True)[0]) for name in names)
    return [(name, samples.mean(axis=1)[: 30 * RATE]) for name, samples in read]


@pytest.mark.data
def test_the_demo_recordings_look_as_the_published_ones_do(data_dir):
    published = np.load(data_dir / "audio" / "demo" / "expected_mel64.npz")
    expected = dict(zip(published["clip"], np.cumsum(published["delta"], axis=1, dtype=np.uint8), strict=True))
    full_length = {name: waveform for name, waveform in demo_waveforms(data_dir) if len(waveform) > 29 * RATE}
    assert len(full_length) == 23
    same = []
    for name, waveform in full_length.items():
        ours = levels(log_mel(waveform, FRONT_END), FRONT_END)
        difference = np.abs(ours.astype(int) - expected[name])
        assert difference.max() <= 1, name  # 2 are allowed
        same.append(np.mean(difference == 0))
    assert np.mean(same) > 0.99
    assert np.median(same) == 1.0


@pytest.mark.data
def test_frames_of_real_music_are_those_of_librosa(data_dir):
    for name, waveform in demo_waveforms(data_dir)[::5]:
        assert apart(log_mel(waveform, FRONT_END), reference(waveform)) < 0.05, name


@pytest.mark.parametrize("name", ["noise", "sweep", "sine", "quiet noise"])
def test_frames_are_those_of_librosa(name):
    waveform = {"noise": NOISE, "sweep": sweep(), "sine": sine(440, 3.21), "quiet noise": NOISE[:70_001] * 1e-3}[name]
    assert apart(log_mel(waveform, FRONT_END), reference(waveform)) < 0.05


@pytest.mark.parametrize("name", ["sweep", "sine", "struck string"])
def test_levels_are_the_documented_ones(name):
    waveform = {"sweep": sweep(), "sine": sine(440, 3.21), "struck string": struck_string()}[name]
    ours, theirs = log_mel(waveform, FRONT_END), reference(waveform)
    assert np.abs(levels(ours, FRONT_END) - documented_levels(theirs, ours.shape[1])).max() <= 2


def test_even_in_noise_the_loudest_frame_is_nearly_found():
    assert log_mel(NOISE, FRONT_END)[-1].max() == pytest.approx(reference(NOISE).max(), abs=3.0)


def test_a_tone_of_440_hertz_is_loudest_in_its_band():
    centers = mel_frequencies(FRONT_END.n_mels + 2, RATE / 2)[1:-1]
    loudest = log_mel(sine(440, 3), FRONT_END)[:-1].argmax(axis=0)
    assert set(loudest) == {np.abs(centers - 440).argmin()}


@pytest.mark.parametrize(
    ("n_samples", "n_frames"),
    [(1, 1), (2_205, 1), (RATE, 4), (3 * RATE, 13), (30 * RATE, 128), (60 * RATE, 256), (3600 * RATE, 15_360)],
)
def test_a_short_clip_gives_fewer_frames(n_samples, n_frames):
    assert FRONT_END.n_frames(n_samples) == n_frames


def test_a_frame_stays_the_same_however_long_the_rest_is():
    long, short = log_mel(NOISE, FRONT_END), log_mel(NOISE[: 10 * RATE], FRONT_END)
    n_whole = short.shape[1] - 1
    assert np.array_equal(long[:, :n_whole], short[:, :n_whole])


def test_a_peak_between_two_frames_counts():
    waveform = np.zeros(RATE, np.float32)
    click = int(10 * FRONT_END.hop_length + 6_000)  # the kept frames around it end before and begin after it
    waveform[click : click + 100] = 0.9
    ours = log_mel(waveform, FRONT_END)
    assert ours[:-1].max() == pytest.approx(-100)
    assert ours[-1].max() == pytest.approx(reference(waveform).max(), abs=1.0)


@given(n_samples=st.integers(1, 200_000))
def test_every_length_works(n_samples):
    ours = log_mel(NOISE[:n_samples], FRONT_END)
    pictures = levels(ours, FRONT_END)
    assert ours.shape == (129, FRONT_END.n_frames(n_samples))
    assert pictures.shape == (64, ours.shape[1])
    assert pictures.dtype == np.uint8
    assert pictures.max() <= 127
    assert np.isfinite(ours).all()


@given(gain=st.floats(0.01, 100), start=st.integers(0, 100_000))
def test_levels_do_not_depend_on_gain(gain, start):
    waveform = NOISE[start : start + 2 * RATE]
    louder = levels(log_mel((waveform * gain).astype(np.float32), FRONT_END), FRONT_END)
    assert np.abs(louder.astype(int) - levels(log_mel(waveform, FRONT_END), FRONT_END)).max() <= 1


def test_silence_has_no_levels():
    assert not levels(log_mel(np.zeros(RATE, np.float32), FRONT_END), FRONT_END).any()


@pytest.mark.parametrize("shape", [(0,), (2, RATE), (RATE, 1)])
def test_what_is_no_mono_waveform_is_refused(shape):
    with pytest.raises(ValueError, match="is it mono and not empty"):
        log_mel(np.zeros(shape, np.float32), FRONT_END)
