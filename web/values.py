"""Single values as people write them in an address: numbers in plain digits, text of characters that can be seen."""

from __future__ import annotations

import re

from search.query.errors import UNREADABLE

_WHOLE = re.compile(r"-?[0-9]{1,18}")
_NUMBER = re.compile(r"-?([0-9]{1,40}\.?[0-9]{0,40}|\.[0-9]{1,40})([eE][+-]?[0-9]{1,3})?")


def read_whole(text: str) -> int | None:
    """Read a whole number of at most 18 digits; None for anything else, such as ``1_0`` or other scripts' digits."""
    return int(text) if _WHOLE.fullmatch(text) else None


def read_number(text: str) -> float | None:
    """Read a number in decimal digits with a point; None for anything else, such as ``nan``; ``1e999`` is infinite."""
    return float(text) if _NUMBER.fullmatch(text) else None


def unseen_character(text: str) -> str:
    """Return the first character that cannot be seen, so that nobody typed it, as ``U+0000``; ``""`` without any."""
    found = UNREADABLE.search(text)
    return f"U+{ord(found.group()):04X}" if found else ""
