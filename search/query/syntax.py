"""The tokens of the query language: what the characters say before any tag is looked up.

Quotation marks and dashes are taken as phones and word processors write them. Everything that cannot be a token is
refused here, with its place.
"""

from __future__ import annotations

import enum
import re
from collections.abc import Iterator
from dataclasses import dataclass

from search.query.errors import UNREADABLE, QueryError
from search.query.values import Sign

# A request longer than this is no query (docs/query-language.md).
MAX_TEXT = 200  # characters
# Tags of one query: wanted, excluded and unknown ones together.
MAX_TAGS = 10
# Bounds of ``tag^weight``; weights are relative, so more than four digits of range say nothing.
LEAST_WEIGHT, MOST_WEIGHT = 0.001, 10.0

# Words that other search languages use as operators; only OR is one here, and only between parentheses.
OPERATORS = frozenset({"OR", "AND", "NOT"})
# Words that say nothing beside tags: who types "sad songs for the road" does not ask for "for" in a title.
FILLERS = frozenset(
    (
        *("a", "an", "are", "but", "by", "for", "in", "is", "music", "of", "song", "songs", "that", "the", "to"),
        *("track", "tracks", "with"),
    )
)
# Words that leave out the tag behind them, as a minus does, where the two are no tag together ("no vocals" is one).
NEGATIONS = frozenset(("no", "not", "without"))

_QUOTES = str.maketrans(dict.fromkeys("\u201c\u201d\u201e\u201f", '"'))
_DASHES = "-\u2212\u2013\u2014"
_TOKEN = re.compile(
    rf"""
    (?P<blank>[\s,;]+)
    | (?P<sign>[{_DASHES}+])?
      (?: (?P<open>\()
        | (?P<close>\))
        | (?P<field>[^\W\d_]+):(?:"(?P<stated>(?:[^"]|"")*)"|(?P<value>[^\s"(),;^]*))
        | "(?P<quoted>(?:[^"]|"")*)"
        | (?P<word>[^\s"(),;^]+)
      )
      (?:\^(?P<weight>[^\s"()]*))?
    """,
    re.VERBOSE,
)
_WEIGHT = re.compile(r"\d{1,2}(?:\.\d{1,3})?|\.\d{1,3}")


class Kind(enum.Enum):
    """What a token is."""

    WORD = enum.auto()
    QUOTED = enum.auto()
    FILTER = enum.auto()
    OPEN = enum.auto()
    CLOSE = enum.auto()
    OR = enum.auto()
    BREAK = enum.auto()  # a comma or semicolon: no tag goes across it


@dataclass(frozen=True, slots=True)
class Token:
    """One token.

    Parameters
    ----------
    text
        The word, the text between the quotes, or the value of a filter.
    start, stop
        Where it stands in the query, without sign, quotes and weight.
    field
        Of a filter, as typed.
    quoted
        Whether a filter's value stood in quotes.
    """

    kind: Kind
    text: str
    start: int
    stop: int
    sign: Sign = ""
    weight: float | None = None
    field: str = ""
    quoted: bool = False

    def error(self, message: str) -> QueryError:
        """Make an error that points at this token."""
        return QueryError(message, self.start, max(1, self.stop - self.start))


def read_tokens(text: str) -> list[Token]:
    """Split a query into tokens; blanks give none.

    Raises
    ------
    QueryError
        If the text is too long, has characters that cannot be seen, an open quote, or a sign, a weight or a field
        that belongs to nothing.
    """
    _check_characters(text)
    return list(_tokens(text.translate(_QUOTES)))


def _check_characters(text: str) -> None:
    if len(text) > MAX_TEXT:
        raise QueryError(
            f"expected at most {MAX_TEXT} characters, got {len(text):,}: was something else pasted here?", MAX_TEXT
        )
    unreadable = UNREADABLE.search(text)
    if unreadable:
        raise QueryError(
            f"expected text, got the unseen character U+{ord(unreadable[0]):04X}: was it copied along from elsewhere?",
            unreadable.start(),
        )


def _tokens(text: str) -> Iterator[Token]:
    if text.count('"') % 2:
        raise QueryError(
            'expected a second quote, got only one: close it, or leave it out of names such as 7" single',
            text.rindex('"'),
        )
    at = 0
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None:  # only a caret can begin no token
            raise QueryError("expected a tag before ^, got none: is there a blank before it?", at)
        at = match.end()
        if match["blank"] is None:
            if match["weight"] is not None:  # the comma after a weight is no part of it
                at -= len(match["weight"]) - len(match["weight"].rstrip(",;"))
            yield _token(match)
        elif match["blank"].strip():
            start = match.start() + len(match["blank"]) - len(match["blank"].lstrip())
            yield Token(Kind.BREAK, text[start], start, start + 1)


def _token(match: re.Match[str]) -> Token:
    if match["word"] is not None:
        return _word(match)
    sign, weight = _sign(match), _weight(match)
    if match["quoted"] is not None:
        if not match["quoted"].strip():
            raise QueryError(
                "expected a tag between the quotes, got nothing", match.start(), match.end() - match.start()
            )
        start, stop = match.span("quoted")
        return Token(Kind.QUOTED, match["quoted"].replace('""', '"'), start, stop, sign, weight)
    if match["field"] is not None:
        return _filter(match, sign, weight)
    kind = Kind.OPEN if match["open"] else Kind.CLOSE
    start, stop = match.span("open" if match["open"] else "close")
    if kind is Kind.CLOSE and sign:
        raise QueryError(f"expected a tag after {match['sign']}, got a parenthesis", match.start(), 2)
    if kind is Kind.OPEN and weight is not None:
        raise QueryError("expected a tag after the parenthesis, got a weight", *_place(match, "weight"))
    return Token(kind, match[0], start, stop, sign, weight)


def _word(match: re.Match[str]) -> Token:
    start, stop = match.span("word")
    word = match["word"]
    if word[0] in "+" + _DASHES:
        alone = stop - start == 1 and match["sign"] is None
        slip = "is there a blank after it?" if alone else "one sign is enough"
        raise QueryError(f"expected a tag after {word[0]}, got {_got(word, alone)}: {slip}", match.start(), 1)
    token = Token(Kind.WORD, word, start, stop, _sign(match), _weight(match))
    if word != "OR":
        return token
    if token.sign or token.weight is not None:
        raise token.error("expected a tag, got the operator OR: write it in lower case to search for the word")
    return Token(Kind.OR, word, start, stop)


def _got(word: str, alone: bool) -> str:
    return "nothing" if alone else f"another {word[0]}"


def _filter(match: re.Match[str], sign: Sign, weight: float | None) -> Token:
    quoted = match["stated"] is not None
    start, stop = match.start("field"), match.end("stated") + 1 if quoted else match.end("value")
    text = match["stated"].replace('""', '"') if quoted else match["value"]
    return Token(Kind.FILTER, text, start, stop, sign, weight, match["field"], quoted)


def _sign(match: re.Match[str]) -> Sign:
    if match["sign"] is None:
        return ""
    return "+" if match["sign"] == "+" else "-"


def _weight(match: re.Match[str]) -> float | None:
    if match["weight"] is None:
        return None
    typed = match["weight"].rstrip(",;")
    if _WEIGHT.fullmatch(typed) and LEAST_WEIGHT <= float(typed) <= MOST_WEIGHT:
        return float(typed)
    slip = f", did you mean ^{typed.replace(',', '.')}?" if _WEIGHT.fullmatch(typed.replace(",", ".")) else ""
    raise QueryError(
        f"expected a weight from {LEAST_WEIGHT} to {MOST_WEIGHT:g} with at most three decimals, such as ^0.5, "
        f"got {typed or 'nothing'}{slip if ',' in typed else ''}",
        *_place(match, "weight"),
    )


def _place(match: re.Match[str], group: str) -> tuple[int, int]:
    """Return position and length of a group with the caret before it."""
    start, stop = match.span(group)
    return start - 1, stop - start + 1
