"""The benchmark of doubts hears clips as the tagger does."""

from __future__ import annotations

import numpy as np
import pytest

from audiomodel.tagger import load_tagger
from benchmarks.doubted_tags import hear

pytestmark = pytest.mark.slow


def test_clips_are_heard_with_the_shipped_tagger_and_its_cutoffs():
    tagger = load_tagger()
    rng = np.random.default_rng(0)
    hearings = hear(tagger, rng.integers(0, 128, (4, 64, 128), dtype=np.uint8))
    assert [one.status for one in hearings] == ["unlike"] * 4, "white noise is no music"
    cutoffs = dict(zip(tagger.card.tags, tagger.card.tag_cutoffs, strict=True))
    for one in hearings:
        assert one.genre is not None
        assert one.genre.tag in tagger.card.genres
        assert all(tag.certain == (tag.probability >= cutoffs[tag.tag]) for tag in one.tags)
