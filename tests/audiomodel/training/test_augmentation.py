"""What is done to clips does what it says: levels are the front end's, filters and noise as strong as stated."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from audiomodel.front_end import FrontEnd, levels
from audiomodel.training import augmentation
from audiomodel.training.augmentation import Channel, db_to_levels, levels_to_db

CHANNEL = Channel.of(FrontEnd())


@pytest.fixture(autouse=True)
def _seed() -> None:
    torch.manual_seed(0)


def full(value: float, n: int = 1) -> torch.Tensor:
    return torch.full((n,), value)


def test_levels_are_those_of_the_front_end() -> None:
    """Of sound whose neighboring mel bands are alike, so that their mean is each of them."""
    rng = np.random.default_rng(0)
    db = np.repeat(rng.uniform(-70, -3, (64, 30)), 2, axis=0).astype(np.float32)
    window = np.concatenate([db, db.max(axis=0, keepdims=True)])
    ours = db_to_levels(torch.from_numpy(db[::2])[None])[0].numpy()
    # The front end counts 128 steps, cuts off the last and rounds.
    assert np.abs(ours - levels(window, FrontEnd())).max() <= 1.5


def test_levels_come_back_from_decibels() -> None:
    there = torch.randint(0, 128, (5, 64, 20))
    there[:, 0, 0], there[:, 1, 0] = 0, 127
    torch.testing.assert_close(db_to_levels(levels_to_db(there)), there.float(), atol=1e-3, rtol=0)


def test_levels_depend_on_the_range_of_a_clip_only() -> None:
    db = torch.rand(3, 64, 10) * 40 - 50
    torch.testing.assert_close(db_to_levels(db + 17), db_to_levels(db), atol=1e-3, rtol=0)
    assert db_to_levels(db).amin() == 0
    assert db_to_levels(db).amax() == pytest.approx(127)


def test_silence_is_no_division_by_zero() -> None:
    assert torch.isfinite(db_to_levels(torch.zeros(1, 64, 4))).all()


def test_bands_are_ordered_over_the_whole_range_and_cover_it() -> None:
    assert len(CHANNEL.centers) == 64
    assert (CHANNEL.centers.diff() > 0).all()
    assert CHANNEL.centers[0] < 120
    assert CHANNEL.centers[-1] > 20_000
    # Each band is two triangles of half-width, so the widths add up to about half of the range.
    assert float(CHANNEL.widths.sum()) == pytest.approx(22_050 / 2, rel=0.05)


def test_a_band_pass_is_flat_inside_and_falls_by_its_slope_per_octave() -> None:
    gain = CHANNEL.band_pass(full(300.0), full(3400.0), full(24.0))[0]
    inside = (CHANNEL.centers >= 300) & (CHANNEL.centers <= 3400)
    assert (gain[inside] == 0).all()
    at = {float(center): float(value) for center, value in zip(CHANNEL.centers, gain, strict=True)}
    for center, value in at.items():
        expected = -24 * max(np.log2(300 / center), np.log2(center / 3400), 0)
        assert value == pytest.approx(expected, abs=1e-3)


@pytest.mark.parametrize("snr", [0.0, 10.0, 30.0])
@pytest.mark.parametrize("tilt", [-6.0, 0.0, 1.0])
def test_noise_is_as_loud_as_its_ratio_says(snr: float, tilt: float) -> None:
    power = 10 ** ((torch.rand(4, 64, 128) * 60 - 60) / 10)
    noise = CHANNEL.noise(power, full(snr, 4), full(tilt, 4))
    loudness = lambda part: (part.mean(dim=2) * CHANNEL.widths).sum(dim=1)  # noqa: E731
    ratio = 10 * torch.log10(loudness(power) / loudness(noise))
    torch.testing.assert_close(ratio, full(snr, 4), atol=0.5, rtol=0)


def test_noise_has_its_tilt_per_octave() -> None:
    power = torch.ones(1, 64, 4000)
    level = 10 * torch.log10(CHANNEL.noise(power, full(10.0), full(-6.0))[0].mean(dim=1))
    octaves = torch.log2(CHANNEL.centers)
    slope = float(((level - level.mean()) * (octaves - octaves.mean())).sum() / ((octaves - octaves.mean()) ** 2).sum())
    assert slope == pytest.approx(-6, abs=0.1)


def test_each_clip_is_masked_in_its_own_bands_and_frames_and_no_more_than_stated() -> None:
    before = torch.full((200, 64, 100), 100.0)
    after = augmentation.mask(before, n_masks=1, bands=10, share=0.12)
    blank = after != 100
    assert (blank.all(dim=2).sum(dim=1) <= 10).all()
    assert (blank.all(dim=1).sum(dim=1) <= 12).all()
    assert len({tuple(row.flatten().nonzero().flatten().tolist()) for row in blank}) > 150
    # Whole stripes only: a blank place lies in a blank band or a blank frame.
    stripes = blank.all(dim=2)[:, :, None] | blank.all(dim=1)[:, None, :]
    assert torch.equal(stripes, blank)
    assert (after[blank] == 127 * 0.375).all()


def test_an_excerpt_is_a_stretch_of_its_clip() -> None:
    clips = torch.arange(5 * 64 * 128).reshape(5, 64, 128)
    excerpts = augmentation.crop(clips, 21)
    assert excerpts.shape == (5, 64, 21)
    starts = excerpts[:, 0, 0] - clips[:, 0, 0]
    assert len(set(starts.tolist())) > 1
    for clip, excerpt, start in zip(clips, excerpts, starts.tolist(), strict=True):
        assert torch.equal(excerpt, clip[:, start : start + 21])
    assert torch.equal(augmentation.crop(clips, 128), clips)


def test_another_pitch_moves_bands_and_another_speed_frames() -> None:
    clip = torch.arange(64.0)[None, :, None].expand(1, 64, 10)
    assert augmentation.shift_bands(clip, 2)[0, :, 0].tolist() == [0, 0, *range(62)]
    assert augmentation.shift_bands(clip, -2)[0, :, 0].tolist() == [*range(2, 64), 63, 63]
    ramp = torch.arange(100.0).expand(1, 64, 100)
    slower = augmentation.stretch(ramp, 1.5)
    assert slower.shape == (1, 64, 150)
    assert float(slower[0, 0].diff()[20:-20].mean()) == pytest.approx(1 / 1.5, rel=1e-3)


def test_an_equalizer_is_constant_over_time_and_smooth_over_bands() -> None:
    response = augmentation.equalize(torch.zeros(300, 64, 5), full(4.0, 300))
    assert torch.equal(response[:, :, 0], response[:, :, 4])
    assert float(response[:, 0, 0].std()) == pytest.approx(4, abs=0.6)
    assert float(response[:, :, 0].diff(dim=1).abs().max()) < 2.5
    assert not augmentation.equalize(torch.zeros(1, 64, 5), full(0.0)).any()


def test_recordings_made_again_are_finite_and_differ_from_clip_to_clip() -> None:
    db = levels_to_db(torch.randint(0, 128, (16, 64, 21)))
    again = CHANNEL.degrade(db)
    assert again.shape == db.shape
    assert torch.isfinite(db_to_levels(again)).all()
    assert not torch.allclose(again, db, atol=1)


def test_the_same_seed_gives_the_same_degradations() -> None:
    db = levels_to_db(torch.randint(0, 128, (4, 64, 21)))
    once, twice = [(torch.manual_seed(3), CHANNEL.degrade(db))[1] for _ in range(2)]
    assert torch.equal(once, twice)
