from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from web.values import read_number, read_whole, unseen_character


@given(st.integers(-(10**18) + 1, 10**18 - 1))
def test_whole_numbers_are_read_as_python_writes_them(number: int) -> None:
    assert read_whole(str(number)) == number


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_numbers_are_read_as_python_writes_them(number: float) -> None:
    assert read_number(str(number)) == number


@pytest.mark.parametrize(
    "text", ["", " ", "1_0", " 1", "1\n", "+1", "nan", "inf", "0x1", "\u0661", "\uff11", "²", "9" * 5_000]
)
def test_what_only_a_parser_takes_is_no_number(text: str) -> None:
    assert (read_whole(text), read_number(text)) == (None, None)


def test_a_number_out_of_all_ranges_is_infinite() -> None:
    assert read_number("1e999") == math.inf


def test_the_first_unseen_character_is_named() -> None:
    assert [unseen_character(text) for text in ("", "süß", "a\0\u202e", "\ud800")] == ["", "", "U+0000", "U+D800"]
