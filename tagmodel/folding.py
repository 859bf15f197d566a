"""Fold keys and ids of tags: which spellings are one tag, as far as the writing alone can tell.

The rules are fixed and versioned, and a tag's id is a hash of its fold key, so that any machine, model or vocabulary
gives the same id to the same tag. Synonyms are not decided here but in the vocabulary's alias table, where they can be
taken back. Rules in order: compatibility form and case; accents of Latin, Greek and Cyrillic letters go, because the
same people write *forró* and *forro*, and titles are folded so as well (marks of other scripts change the word, and
stay); ``&``, ``+``, ``'n'`` and a lone inner ``n`` are *and*; an apostrophe joins, any other sign parts; every word is
put into the singular, by rule or by ``tables/plurals.csv``.
"""

from __future__ import annotations

import base64
import csv
import hashlib
import re
import unicodedata
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path

# Raised whenever a rule below changes a key; a vocabulary made under another version is refused.
FOLD_VERSION = 1

# Hand-made tables, shipped with the package.
TABLES = Path(__file__).with_name("tables")

# Hash of a fold key: collisions among 50,000 tags have a chance of about 0.1 %, and are checked for.
ID_BYTES = 5  # 40 bits, 8 base32 characters

# Between the tags of one line, unless said otherwise.
TAG_SEPARATORS = ",;|\t\n"

# First words that turn a tag into the claim that something is absent.
NEGATIONS = frozenset({"no", "not", "without", "non"})

# Names of styles and set phrases that only look like such a claim.
NOT_NEGATED = frozenset({"no wave", "no depression", "non stop", "no age", "no fun", "no fi", "not safe for work"})

_APOSTROPHES = str.maketrans(dict.fromkeys("\u2019\u2018\u201b\u02bc\u02b9\u0060\u00b4\u2032\uff07", "'"))
_WITHOUT = re.compile(r"\bw/o\b")
_AND = re.compile(r"(?<=\w)(?:\s*(?:[&+]|'n')\s*|'n\s+|\s+n')(?=\w)")
_DOTTED_LETTER = re.compile(r"\b([^\W\d_])\.(?=[^\W\d_]\b)")
_ACCENTS = re.compile("[\u0300-\u036f]")


def _read_plurals() -> dict[str, str]:
    """Read the words whose singular the rule would miss, with their singular: themselves where they are no plural."""
    with (TABLES / "plurals.csv").open(encoding="utf-8", newline="") as rows:
        return {row["word"]: row["singular"] for row in csv.DictReader(rows)}


_PLURALS = _read_plurals()


def _singular(word: str) -> str:
    """Put one folded word into the singular; names and words that only look plural may come out odd but alike."""
    if word in _PLURALS:
        return _PLURALS[word]
    if len(word) < 4 or not word.endswith("s") or word.endswith(("ss", "us", "is")) or not word.isalpha():
        return word
    if word.endswith("ies"):
        return word[:-3] + "y"
    return word[:-2] if word.endswith(("sses", "xes", "ches", "shes", "zzes")) else word[:-1]


def _bare(text: str) -> str:
    """Compatibility form, caseless, without the accents of Latin, Greek and Cyrillic letters."""
    caseless = unicodedata.normalize("NFKC", text.translate(_APOSTROPHES)).casefold()
    return unicodedata.normalize("NFKC", _ACCENTS.sub("", unicodedata.normalize("NFKD", caseless)))


def _is_word_character(char: str) -> bool:
    return char.isalnum() or unicodedata.category(char).startswith("M")


@lru_cache(maxsize=1 << 16)
def fold_tag(text: str) -> str:
    """Fold a spelling to its key: words of letters and digits with single spaces between them.

    Idempotent; ``""`` where no letter or digit is left. ``fold_tag("Female-Vocals") == "female vocal"``,
    ``fold_tag("Drum 'n' Bass") == "drum and bass"``.
    """
    joined = _AND.sub(" and ", _WITHOUT.sub("without", _bare(text)))
    joined = _DOTTED_LETTER.sub(r"\1", joined).replace("'", "")
    words = "".join(char if _is_word_character(char) else " " for char in joined).split()
    inner = range(1, len(words) - 1)
    return " ".join("and" if word == "n" and at in inner else _singular(word) for at, word in enumerate(words))


@lru_cache(maxsize=1 << 16)
def tag_id(key: str) -> str:
    """Hash a fold key into the tag's id: 8 characters of lower-case base32 (a-z, 2-7)."""
    digest = hashlib.blake2b(key.encode(), digest_size=ID_BYTES).digest()
    return base64.b32encode(digest).decode().lower()


def negated(key: str) -> str | None:
    """Tell what a fold key says is absent (``"no vocal"`` → ``"vocal"``); None where it claims no absence."""
    first, _, rest = key.partition(" ")
    return rest if first in NEGATIONS and rest and key not in NOT_NEGATED else None


def resolve_alias(key: str, aliases: Mapping[str, str]) -> str:
    """Follow a fold key's alias, also behind a denial: ``"no rnb"`` denies what *rnb* stands for."""
    if key in aliases:
        return aliases[key]
    absent = negated(key)
    return f"{key.partition(' ')[0]} {aliases[absent]}" if absent is not None and absent in aliases else key


def holds_words(key: str, part: str) -> bool:
    """Whether the words of `part` stand in `key`, whole and side by side."""
    return f" {part} " in f" {key} "


def contradicts(a: str, b: str) -> bool:
    """Whether one fold key denies the other by its words: ``"no vocal"`` against ``"vocal"`` and ``"female vocal"``.

    Two denials never contradict each other.
    """
    absent_a, absent_b = negated(a), negated(b)
    if absent_a is not None:
        return absent_b is None and holds_words(b, absent_a)
    return absent_b is not None and holds_words(a, absent_b)


def split_tags(line: str, separators: str = TAG_SEPARATORS) -> list[str]:
    r"""Split a line of typed tags into the spellings as typed, outer space trimmed, empty ones left out.

    A double quote at the start of a tag protects separators up to the closing quote (``""`` inside is one quote); a
    quote elsewhere (``7" single``) or never closed is an ordinary character.
    """
    parts = "[" + re.escape(separators) + "]"
    # Tabs and line ends part tags too: taken for the space before a quote, a long run of them would be read again and
    # again.
    space = rf"(?:(?!{parts})\s)*"
    tag = re.compile(rf'{space}"((?:[^"]|"")*)"\s*(?=$|{parts})|([^{re.escape(separators)}]*)', re.DOTALL)
    spellings, at = [], 0
    while at <= len(line):
        match = tag.match(line, at)
        assert match is not None  # the second branch matches anything, even nothing
        quoted, plain = match.groups()
        spellings.append((plain if quoted is None else quoted.replace('""', '"')).strip())
        at = match.end() + 1
    return [spelling for spelling in spellings if spelling]
