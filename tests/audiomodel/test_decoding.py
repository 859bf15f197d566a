"""Decoding: what went into a file comes out of it, from every format, rate and number of channels."""

from __future__ import annotations

import resource
from pathlib import Path

import numpy as np
import pytest
import soundfile

from audiomodel.decoding import SAMPLE_RATE, SHORTEST, Decoded, decode, mix
from audiomodel.problems import AudioProblem, Reason
from tests.audiomodel.sound_files import FORMATS, LOSSLESS, LOSSY, two_tones, write_sound

MAX_SECONDS = 60.0


def problem_of(path: Path, max_seconds: float = MAX_SECONDS) -> AudioProblem:
    with pytest.raises(AudioProblem) as caught:
        decode(path, max_seconds)
    return caught.value


def likeness(decoded: Decoded, seconds: float) -> float:
    """Return the cosine between what came and what went in, encoders' delays of up to 60 ms allowed for."""
    wanted = two_tones(seconds, SAMPLE_RATE)[:, 0]
    got = decoded.waveform
    span = 1 << (len(wanted) + len(got)).bit_length()
    products = np.fft.irfft(np.fft.rfft(got, span) * np.conj(np.fft.rfft(wanted, span)))
    near = np.concatenate([products[:2_700], products[-2_700:]])
    return float(near.max() / (np.linalg.norm(wanted) * np.linalg.norm(got)))


@pytest.mark.parametrize("name", LOSSLESS)
def test_lossless_files_give_back_every_sample(tmp_path, name):
    decoded = decode(write_sound(tmp_path, name, rate=SAMPLE_RATE), MAX_SECONDS)
    wanted = two_tones(1.0, SAMPLE_RATE)[:, 0]
    assert decoded.waveform.dtype == np.float32
    assert decoded.waveform.shape == wanted.shape
    assert np.abs(decoded.waveform - wanted).max() < (0.01 if name == "u8.wav" else 1e-4)
    assert (decoded.seconds, decoded.sample_rate, decoded.channels) == (1.0, SAMPLE_RATE, 1)


@pytest.mark.parametrize("name", LOSSY)
def test_lossy_files_give_back_what_is_heard(tmp_path, name):
    decoded = decode(write_sound(tmp_path, name, seconds=2.0), MAX_SECONDS)
    assert decoded.sample_rate == 48_000
    assert decoded.seconds == pytest.approx(2.0, abs=0.06)
    assert len(decoded.waveform) == pytest.approx(decoded.seconds * SAMPLE_RATE, abs=2)
    assert likeness(decoded, 2.0) > 0.98  # the end of an MP3 at 48 kHz is its encoder's


@pytest.mark.parametrize("channels", [2, 6])
@pytest.mark.parametrize("name", ["16.wav", "16.aiff", "a.flac", "alac.m4a", "vorbis.ogg", "a.webm", "a.m4a", "a.opus"])
def test_channels_are_mixed_to_one(tmp_path, name, channels):
    decoded = decode(write_sound(tmp_path, name, channels=channels), MAX_SECONDS)
    assert decoded.channels == channels
    # Encoders of six channels treat the last as one for basses only.
    assert likeness(decoded, 1.0) > (0.99 if channels == 2 or name in LOSSLESS else 0.97)


@pytest.mark.parametrize("rate", [8_000, 11_025, 22_050, 44_100, 48_000, 96_000, 192_000])
@pytest.mark.parametrize("name", ["16.wav", "a.flac"])
def test_any_rate_becomes_44100(tmp_path, name, rate):
    decoded = decode(write_sound(tmp_path, name, seconds=3.0, rate=rate), MAX_SECONDS)
    assert decoded.sample_rate == rate
    assert len(decoded.waveform) == pytest.approx(3 * SAMPLE_RATE, abs=1)
    assert likeness(decoded, 3.0) > 0.999


@pytest.mark.parametrize("rate", [8_000, 22_050, 48_000])
def test_mp3_of_any_rate_is_read(tmp_path, rate):
    decoded = decode(write_sound(tmp_path, "a.mp3", seconds=2.0, rate=rate), MAX_SECONDS)
    assert decoded.sample_rate == rate
    assert likeness(decoded, 2.0) > 0.98


def test_resampling_in_blocks_is_resampling_at_once(tmp_path):
    import soxr

    samples = np.random.default_rng(1).uniform(-0.5, 0.5, 300_000).astype(np.float32)
    path = tmp_path / "noise.wav"
    soundfile.write(path, samples, 48_000, subtype="FLOAT")
    whole = soxr.resample(samples, 48_000, SAMPLE_RATE)
    waveform = decode(path, MAX_SECONDS).waveform
    assert len(waveform) == len(whole)
    assert np.abs(waveform - whole).max() < 1e-4


@pytest.mark.parametrize("channels", [1, 2, 6, 8])
def test_mixing_is_the_mean_of_the_channels(channels):
    block = np.random.default_rng(2).uniform(-1, 1, (500, channels)).astype(np.float32)
    assert mix(block) == pytest.approx(block.mean(axis=1), abs=1e-6)


def test_a_name_says_nothing_about_what_is_in_a_file(tmp_path):
    path = write_sound(tmp_path, "a.flac").rename(tmp_path / "a.mp3")
    assert decode(path, MAX_SECONDS).container == "flac"


@pytest.mark.parametrize("name", ["16.wav", "a.flac", "a.mp3", "a.webm", "a.m4a", "a.opus"])
def test_a_file_that_is_too_long_is_stopped_on_the_way(tmp_path, name):
    path = write_sound(tmp_path, name, seconds=3.0)
    assert problem_of(path, 2.5).reason is Reason.TOO_LONG
    assert "2.5 seconds" in problem_of(path, 2.5).message
    assert decode(path, 3.1).seconds == pytest.approx(3.0, abs=0.06)


def test_a_small_file_that_stands_for_much_is_stopped_in_little_memory(tmp_path):
    path = tmp_path / "bomb.flac"
    with soundfile.SoundFile(path, "w", 48_000, 2, format="FLAC", subtype="PCM_16") as bomb:
        silence = np.zeros((960_000, 2), np.int16)
        for _ in range(20):
            bomb.write(silence)
    assert path.stat().st_size < 200_000
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert problem_of(path, 60.0).reason is Reason.TOO_LONG
    # A minute of waveform is 11 MB; the whole file would be 154 MB as it is, and 71 MB as a waveform.
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 40_000


def test_a_file_may_be_as_long_as_its_caller_says(tmp_path):
    path = tmp_path / "long.flac"
    soundfile.write(path, np.tile(two_tones(10.0, 8_000), (30, 1)), 8_000)
    decoded = decode(path, 3_600.0)
    assert decoded.seconds == 300.0
    assert len(decoded.waveform) == pytest.approx(300 * SAMPLE_RATE, abs=2)


def test_what_is_shorter_than_a_tenth_of_a_second_is_too_short(tmp_path):
    assert problem_of(write_sound(tmp_path, "16.wav", seconds=0.05)).reason is Reason.TOO_SHORT
    assert len(decode(write_sound(tmp_path, "16.wav", seconds=SHORTEST), MAX_SECONDS).waveform) == SAMPLE_RATE // 10


@pytest.mark.parametrize(("level", "offset"), [(0.0, 0.0), (0.0, 0.5), (0.0004, 0.0), (0.0004, 0.9)])
def test_what_nobody_hears_is_silent(tmp_path, level, offset):
    path = tmp_path / "quiet.wav"
    soundfile.write(path, two_tones(1.0, 44_100) / 0.6 * level + offset, 44_100, subtype="FLOAT")
    problem = problem_of(path)
    assert problem.reason is Reason.SILENT
    assert "66 dB" in problem.message


def test_a_quiet_recording_is_heard(tmp_path):
    path = tmp_path / "quiet.wav"
    soundfile.write(path, two_tones(1.0, 44_100) * 0.002, 44_100, subtype="PCM_16")
    assert decode(path, MAX_SECONDS).waveform.max() < 0.002


def test_samples_that_are_no_numbers_are_silenced(tmp_path):
    samples = two_tones(1.0, 44_100)
    samples[1_000:1_100] = np.nan
    samples[5_000], samples[6_000], samples[7_000] = np.inf, -np.inf, 1e38
    path = tmp_path / "holes.wav"
    soundfile.write(path, samples, 44_100, subtype="FLOAT")
    waveform = decode(path, MAX_SECONDS).waveform
    assert np.isfinite(waveform).all()
    assert not waveform[1_000:1_100].any()
    assert np.abs(waveform[10_000:] - samples[10_000:, 0]).max() < 1e-6


@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.parametrize("value", [1e9, -1e7])
def test_one_sample_beyond_all_measure_turns_nothing_down(tmp_path, value, channels):
    samples = two_tones(1.0, 44_100, channels)
    path = tmp_path / "plain.wav"
    soundfile.write(path, samples, 44_100, subtype="FLOAT")
    wanted = decode(path, MAX_SECONDS).waveform
    samples[7_000, 0] = value
    soundfile.write(path, samples, 44_100, subtype="FLOAT")
    wanted[7_000] = 0
    assert np.array_equal(decode(path, MAX_SECONDS).waveform, wanted)


@pytest.mark.parametrize("scale", [2**15, 2**23, 2**31])
def test_music_that_counts_to_more_than_one_is_turned_down_whole(tmp_path, scale):
    swelling = np.linspace(0, 1, 44_100)[:, None] ** 8 * two_tones(1.0, 44_100, 1)
    path = tmp_path / "scaled.wav"
    soundfile.write(path, swelling / np.abs(swelling).max(), 44_100, subtype="FLOAT")
    wanted = decode(path, MAX_SECONDS).waveform
    soundfile.write(path, scale * (swelling / np.abs(swelling).max()), 44_100, subtype="FLOAT")
    assert np.abs(decode(path, MAX_SECONDS).waveform - wanted).max() < 1e-6


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 3e38])
@pytest.mark.parametrize("channels", [1, 2, 6])
def test_a_file_of_no_numbers_is_damaged(tmp_path, value, channels):
    path = tmp_path / "nothing.wav"
    soundfile.write(path, np.full((44_100, channels), value, np.float32), 44_100, subtype="FLOAT")
    assert problem_of(path).reason is Reason.DAMAGED


def test_a_file_louder_than_full_scale_is_turned_down_as_a_whole(tmp_path):
    path = tmp_path / "loud.wav"
    samples = two_tones(1.0, 44_100)
    soundfile.write(path, samples * 32_768, 44_100, subtype="FLOAT")
    waveform = decode(path, MAX_SECONDS).waveform
    assert np.abs(waveform).max() == pytest.approx(1.0)
    assert waveform == pytest.approx(samples[:, 0] / np.abs(samples).max(), abs=1e-5)


@pytest.mark.parametrize("name", ["a.mp3", "a.flac", "vorbis.ogg", "16.wav", "a.aac", "a.webm"])
def test_a_file_that_breaks_off_is_heard_as_far_as_it_goes(tmp_path, name):
    path = write_sound(tmp_path, name, seconds=12.0)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    assert 3.0 < decode(path, MAX_SECONDS).seconds < 9.0


@pytest.mark.parametrize("name", ["a.mp3", "a.flac", "a.aac", "16.wav"])
def test_tags_before_the_sound_do_not_hide_it(tmp_path, name):
    from mutagen.id3 import ID3, TIT2

    path = write_sound(tmp_path, name)
    plain = decode(path, MAX_SECONDS)
    tag = tmp_path / "tag"
    tags = ID3()
    tags.add(TIT2(text="x" * 3_000))
    tags.save(tag)
    path.write_bytes(tag.read_bytes() + path.read_bytes())
    assert decode(path, MAX_SECONDS).waveform == pytest.approx(plain.waveform, abs=1e-6)


def test_junk_before_an_mp3_is_skipped(tmp_path):
    path = write_sound(tmp_path, "a.mp3", seconds=2.0)
    path.write_bytes(b"\0" * 3_000 + path.read_bytes())
    assert likeness(decode(path, MAX_SECONDS), 2.0) > 0.99


def test_decoding_twice_gives_the_same_bits(tmp_path):
    for name in FORMATS:
        path = write_sound(tmp_path, name)
        assert np.array_equal(decode(path, MAX_SECONDS).waveform, decode(path, MAX_SECONDS).waveform), name


@pytest.mark.data
def test_the_demo_recordings_are_decoded_as_libsndfile_reads_them_at_once(data_dir):
    for name in ("solo_trumpet.mp3", "ds10_courtyard.mp3", "vivaldi_spring.mp3"):
        path = data_dir / "audio" / "demo" / name
        wanted, rate = soundfile.read(path, dtype="float32")
        assert rate == SAMPLE_RATE
        wanted /= max(1.0, np.abs(wanted).max())
        assert np.abs(decode(path, MAX_SECONDS).waveform - wanted).max() < 1e-6
