"""Folded words of titles and artists, made the same way for documents, queries and every engine.

People type ``royksopp`` and ``bjork``, so accents of Latin, Greek and Cyrillic letters go, and the few Latin letters
that have no accent to lose become the ones people type instead. Marks of other scripts change the word, and stay.
"""

from __future__ import annotations

import re
import unicodedata

# Controls and marks of direction: they cannot be seen, so nobody can have meant them.
UNSEEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]")

_ACCENTS = re.compile("[\u0300-\u036f]")
_PLAIN_WORD = re.compile("[a-z0-9]+")

# Apostrophes and quotation marks as keyboards have them.
_PLAIN_MARKS = str.maketrans(
    dict.fromkeys("\u2019\u2018\u201b\u02bc\u02b9\u00b4\u2032", "'") | dict.fromkeys("\u201c\u201d\u201e\u201f", '"')
)
# Letters that Unicode does not take apart, as people without them on their keyboard write them.
_PLAIN_LETTERS = str.maketrans(
    {"ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "æ": "ae", "œ": "oe", "ħ": "h", "\u0131": "i", "ŧ": "t"}
)
_APOSTROPHES = str.maketrans("", "", "'`")


def fold_value(text: str) -> str:
    """Fold a whole field value for filters: compatibility form, no accents, caseless, single spaces. Idempotent."""
    if text.isascii():
        return " ".join(UNSEEN.sub(" ", text).lower().split())
    caseless = unicodedata.normalize("NFKC", text.translate(_PLAIN_MARKS)).casefold()
    bare = _ACCENTS.sub("", unicodedata.normalize("NFKD", caseless).casefold())
    plain = unicodedata.normalize("NFKC", bare.translate(_PLAIN_LETTERS).translate(_PLAIN_MARKS))
    return " ".join(UNSEEN.sub(" ", plain).split())


def fold_words(text: str) -> tuple[str, ...]:
    """Split text into folded words: runs of letters and digits; an apostrophe joins (``don't`` is ``dont``).

    The words of a folded word are the word itself.
    """
    if text.isascii():
        return tuple(_PLAIN_WORD.findall(text.lower().translate(_APOSTROPHES)))
    folded = fold_value(text).translate(_APOSTROPHES)
    if folded.isascii():
        return tuple(_PLAIN_WORD.findall(folded))
    spaced = "".join(char if _in_word(char) else " " for char in folded)
    return tuple(word for word in spaced.split() if any(map(str.isalnum, word)))


def _in_word(char: str) -> bool:
    """Whether a character belongs to a word: a letter, a digit or a mark upon one (vowels of Hindi and Thai)."""
    return char.isalnum() or unicodedata.category(char) in ("Mn", "Mc")
