"""Musical keys, however they are written."""

from __future__ import annotations

import pytest

from search.musical_key import fold_key


@pytest.mark.parametrize(
    ("typed", "folded"),
    [
        ("A minor", "a minor"), ("Am", "a minor"), ("a-minor", "a minor"), ("a moll", "a minor"), ("AMIN", "a minor"),
        ("F#m", "f# minor"), ("f♯ Minor", "f# minor"), ("F sharp minor", "f# minor"), ("f-sharp-minor", "f# minor"),
        ("Bb major", "a# major"), ("B♭ dur", "a# major"), ("bm", "b minor"), ("bbm", "a# minor"), ("Cb maj", "b major"),
        ("E-flat major", "d# major"), ("e#m", "f minor"), (" C major ", "c major"),
    ],
)  # fmt: skip
def test_a_key_has_one_spelling_however_it_is_written(typed: str, folded: str) -> None:
    assert fold_key(typed) == folded == fold_key(folded)


@pytest.mark.parametrize("typed", ["", "A", "H minor", "AM", "minor", "A minor 7", "8A", "am I"])
def test_what_is_no_key_or_does_not_say_which_is_refused(typed: str) -> None:
    assert fold_key(typed) is None
