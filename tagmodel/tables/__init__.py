"""Hand-made tables about tags: aliases, narrower tags, contradictions, noise.

They are written in people's spelling and folded when read. A model stores what it was built with, so editing a table
changes the next model and no index that exists. Facts about music words only; nothing is copied from a data set.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from tagmodel.folding import fold_tag

_HERE = Path(__file__).parent

# In `narrower_cuts`: no tag that begins with the broad tag's words is narrower by those words alone.
ANY_BEGINNING = "*"


def _rows(name: str) -> Iterator[list[str]]:
    with (_HERE / name).open(encoding="utf-8", newline="") as lines:
        reader = csv.reader(lines)
        next(reader)  # names of the columns
        yield from reader


@cache
def not_suggested() -> frozenset[str]:
    """Fold keys of tags that no creator forgot: about the recording, or saying nothing of the music."""
    return frozenset(fold_tag(tag) for tag, _ in _rows("not_suggested.csv"))


@cache
def alias_rows() -> tuple[tuple[str, str], ...]:
    """Variant spellings with their canonical tag, as written in the table."""
    return tuple((variant, canonical) for variant, canonical in _rows("aliases.csv"))


@cache
def alias_targets() -> frozenset[str]:
    """Fold keys of the tags that the alias table merges into: good tags by decision."""
    return frozenset(fold_tag(canonical) for _, canonical in alias_rows())


@cache
def narrower_pairs() -> tuple[tuple[str, str], ...]:
    """Fold keys of (broad, narrow) tags, where the words alone do not show it (`opera` is sung)."""
    return tuple((fold_tag(broad), fold_tag(narrow)) for broad, narrow in _rows("narrower.csv"))


@cache
def narrower_cuts() -> tuple[tuple[str, str], ...]:
    """Fold keys of (broad, narrow) where words or a genre tree mislead (`drum and bass` needs no drums).

    `ANY_BEGINNING` stands for every tag that begins with the broad tag's words (`classic rock`, `hard bop`).
    """
    rows = _rows("not_narrower.csv")
    return tuple((fold_tag(broad), narrow if narrow == ANY_BEGINNING else fold_tag(narrow)) for broad, narrow in rows)


@cache
def contradiction_rows() -> tuple[tuple[str, str, str], ...]:
    """Fold keys of two tags that contradict each other, with the kind: ``"hard"`` or ``"expansion"``.

    Hard ones cannot both be true of a moment of music. The others can (a duet is male and female), but a search for
    one is not answered by the other.
    """
    return tuple((fold_tag(tag), fold_tag(other), kind) for tag, other, kind in _rows("contradictions.csv"))


@cache
def noise_keys() -> frozenset[str]:
    """Fold keys of what people write in folksonomies that says nothing about the music."""
    return frozenset(fold_tag(text) for text, kind in _rows("noise.csv") if kind == "tag")


@cache
def noise_words() -> frozenset[str]:
    """Folded words that make any folksonomy tag noise: *my*, *favorite*, *awesome*."""
    return frozenset(fold_tag(text) for text, kind in _rows("noise.csv") if kind == "word")


@cache
def phrase_heads() -> frozenset[str]:
    """Folded last words that make two words a phrase and no tag: *piano melody* says no more than *piano*."""
    return frozenset(fold_tag(text) for text, kind in _rows("noise.csv") if kind == "head")
