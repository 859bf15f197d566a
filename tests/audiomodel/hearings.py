"""Hearings made of numbers, for tests of what becomes of them."""

from __future__ import annotations

import numpy as np

from audiomodel.hearing import HeardTag, Hearing, Moment, pack_vector


def make_hearing(audio_id: str = "a" * 32, tagger_id: str = "tagger", n_moments: int = 2, **values: object) -> Hearing:
    """Return a hearing of a piece of rock, and whatever is said otherwise."""
    dice = np.random.default_rng(int(audio_id[:8], 16))
    vectors = dice.normal(size=(n_moments + 1, 128))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    packed = [pack_vector(vector) for vector in vectors]
    said: dict[str, object] = {
        "seconds": 30.0,
        "status": "ok",
        "genre": HeardTag("Rock", 0.75, certain=True),
        "tags": (HeardTag("Rock", 0.75, certain=True), HeardTag("Punk", 0.3), HeardTag("Folk", 0.06)),
        "vector": packed[0],
        "moments": tuple(
            Moment(15.0 * at, 30.0, vector, (HeardTag("Rock", 0.8, certain=True), HeardTag("Punk", 0.1)))
            for at, vector in enumerate(packed[1:])
        ),
        "container": "mp3",
        **values,
    }
    return Hearing(audio_id=audio_id, tagger_id=tagger_id, **said)  # type: ignore[arg-type]
