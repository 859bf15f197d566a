from __future__ import annotations

import pytest

from search.engine import FacetValue
from search.near_values import near_values

KNOWN = [
    FacetValue("rock", 90, "Rock"),
    FacetValue("electronic", 50, "Electronic"),
    FacetValue("hip hop", 20, "Hip-Hop"),
    FacetValue("", 9),
    FacetValue("folk", 5, "Folk"),
    FacetValue("world", 4, "World"),
]


@pytest.mark.parametrize(
    ("typed", "first"),
    [("rok", "rock"), ("elec", "electronic"), ("electronc", "electronic"), ("hiphop", "hip hop"), ("Fölk music", None)],
)
def test_the_value_that_was_meant_leads(typed: str, first: str | None) -> None:
    near = near_values(typed, KNOWN)
    assert (near[0].value if near else None) == first


def test_nothing_is_near_what_is_unlike_everything() -> None:
    assert near_values("zzyzx", KNOWN) == ()
    assert near_values("", KNOWN) == ()


def test_a_value_is_not_offered_for_itself_and_never_as_not_stated() -> None:
    assert all(one.value not in {"rock", ""} for one in near_values("rock", KNOWN))


def test_at_most_k_are_offered_each_once() -> None:
    near = near_values("ro", [FacetValue(f"ro{n}", 1, f"Ro{n}") for n in range(9)], k=2)
    assert len(near) == len(set(near)) == 2
