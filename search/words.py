"""Folded words of titles and artists, made the same way for documents, queries and every engine."""

from __future__ import annotations

import re
import unicodedata

_WORD = re.compile(r"[^\W_]+")


def fold_value(text: str) -> str:
    """Fold a whole field value for filters: compatibility form, no accents, caseless, single spaces."""
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    bare = "".join(char for char in decomposed if not unicodedata.combining(char))
    return " ".join(unicodedata.normalize("NFKC", bare).split())


def fold_words(text: str) -> tuple[str, ...]:
    """Split text into folded words: runs of letters and digits; an apostrophe joins (``don't`` is ``dont``)."""
    return tuple(_WORD.findall(fold_value(text).replace("'", "").replace("’", "")))
