"""What a person may have meant by a filter value that nothing has: values of the same field that are spelled alike."""

from __future__ import annotations

from collections.abc import Sequence

from rapidfuzz import process
from rapidfuzz.distance import OSA

from search.engine import FacetValue
from search.words import fold_value

# Less alike than this, a value is no help.
LEAST_ALIKE = 0.5  # similarity in [0, 1]
# Shorter beginnings say too little.
LEAST_BEGINNING = 3  # characters


def near_values(typed: str, known: Sequence[FacetValue], k: int = 3) -> tuple[FacetValue, ...]:
    """Return the values most like a typed one, best first: those that begin so, then those spelled alike.

    Parameters
    ----------
    known
        Values that some tracks have, most tracks first; "not stated" is nothing that can be misspelled.
    """
    value = fold_value(typed)
    values = {one.value: one for one in known if one.value and one.value != value}
    begun = [one for name, one in values.items() if len(value) >= LEAST_BEGINNING and name.startswith(value)]
    alike = process.extract(value, list(values), scorer=OSA.normalized_similarity, score_cutoff=LEAST_ALIKE, limit=k)
    near = [values[name] for name, _, _ in alike]
    return tuple(dict.fromkeys([*begun[:1], *near, *begun[1:]]))[:k]
