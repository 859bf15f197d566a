"""Musical keys as people write them: ``A minor``, ``Am``, ``a-minor``, ``Bb major`` are brought to one spelling.

Stored keys and keys of filters are folded alike, flats become sharps: ``Bb major`` is ``a# major``.
"""

from __future__ import annotations

import re

KEY_EXAMPLES = '"A minor", Am, F#m or Eb-major'

_KEY = re.compile(
    r"""
    (?P<note>[A-Ga-g])
    \s*-?(?P<accidental>\#|\u266f|b|\u266d|(?i:sharp|flat)|)
    [\s-]*(?P<mode>m|(?i:minor|min|moll|major|maj|dur))
    """,
    re.VERBOSE,
)
_NOTES = ("c", "c#", "d", "d#", "e", "f", "f#", "g", "g#", "a", "a#", "b")
# All folded keys, in the order in which engines number them.
KEYS = tuple(f"{note} {mode}" for mode in ("major", "minor") for note in _NOTES)
_SHARPS, _FLATS = ("#", "\u266f", "sharp"), ("b", "\u266d", "flat")


def fold_key(text: str) -> str | None:
    """Return the one spelling of a key, such as ``f# minor``; None for what is none. Idempotent.

    A note alone is none: it does not say whether major or minor is meant.
    """
    match = _KEY.fullmatch(text.strip())
    if match is None:
        return None
    accidental = match["accidental"].lower()
    shift = (accidental in _SHARPS) - (accidental in _FLATS)
    note = _NOTES[(_NOTES.index(match["note"].lower()) + shift) % len(_NOTES)]
    is_minor = match["mode"] == "m" or match["mode"].lower() in ("minor", "min", "moll")
    return f"{note} {'minor' if is_minor else 'major'}"
