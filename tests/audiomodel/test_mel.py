from __future__ import annotations

import librosa
import numpy as np
import pytest

from audiomodel.mel import mel_filters, mel_frequencies


@pytest.mark.parametrize(("sample_rate", "n_fft", "n_mels"), [(44_100, 2_048, 128), (16_000, 512, 48)])
def test_mel_filters_are_those_of_librosa(sample_rate, n_fft, n_mels):
    theirs = librosa.filters.mel(sr=sample_rate, n_fft=n_fft, n_mels=n_mels)
    np.testing.assert_allclose(mel_filters(sample_rate, n_fft, n_mels), theirs, rtol=1e-4, atol=1e-9)


@pytest.mark.parametrize("highest", [800.0, 22_050.0])
def test_mel_frequencies_are_those_of_librosa(highest):
    np.testing.assert_allclose(mel_frequencies(40, highest), librosa.mel_frequencies(40, fmin=0, fmax=highest))
