"""`QueryError`: a query that cannot be understood, and the place in it."""

from __future__ import annotations

import re
import unicodedata

from search.words import UNSEEN

# Characters that no query may have, and no terminal shall get; lone surrogates are half a character.
UNREADABLE = re.compile(f"{UNSEEN.pattern}|[\ud800-\udfff]")

# Characters shown before and after the place, so that the line fits a terminal.
_AROUND = 36


class QueryError(ValueError):
    """The message says what was expected, what came and the likely slip.

    Parameters
    ----------
    position, length
        The characters of the query that the message is about; they lie within it.
    text
        The query, cut off where it is far too long.
    """

    def __init__(self, message: str, position: int, length: int = 1, text: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.position = position
        self.length = length
        self.text = text

    def pointed(self) -> str:
        """Return the query with ``^`` below the place, two lines for a terminal."""
        start = max(0, self.position - _AROUND)
        stop = self.position + min(self.length, _AROUND)
        before, place = _shown(self.text[start : self.position]), _shown(self.text[self.position : stop])
        after = _shown(self.text[stop : stop + _AROUND])
        if start:
            before = "…" + before
        if stop + _AROUND < len(self.text):
            after += "…"
        return f"{before}{place}{after}\n{' ' * _columns(before)}{'^' * max(1, _columns(place))}"


def _shown(text: str) -> str:
    """Put a replacement for what a terminal would not show, or would obey."""
    return UNREADABLE.sub("\N{REPLACEMENT CHARACTER}", re.sub(r"\s", " ", text))


def _columns(text: str) -> int:
    """Count the columns of a terminal that text takes."""
    return sum(_width(char) for char in text)


def _width(char: str) -> int:
    if unicodedata.category(char) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if unicodedata.east_asian_width(char) in "WF" else 1
