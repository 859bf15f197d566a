"""From tokens to a `Query`: runs of words, alternatives in parentheses, signs, weights and filters."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from search.lexicon import Lexicon
from search.query.building import QueryBuilder
from search.query.errors import QueryError
from search.query.filters import FIELDS, nearest_field, read_filters
from search.query.segments import Segmenter
from search.query.syntax import MAX_TEXT, Kind, Token, read_tokens
from search.query.values import Query
from search.tag_table import TagTable


@dataclass(frozen=True, slots=True)
class _Alternatives:
    """``(a OR b)``: the tokens of each member, between the two parentheses."""

    opening: Token
    members: tuple[tuple[Token, ...], ...]
    closing: Token


def parse_query(text: str, lexicon: Lexicon, *, literal: bool = False, table: TagTable | None = None) -> Query:
    """Read a query.

    Parameters
    ----------
    text
        At most `MAX_TEXT` characters of the language of docs/query-language.md; blank text gives an empty query.
    literal
        Take words as they are typed: nothing is corrected.
    table
        The tags of the lexicon, where the caller has just looked; unless given they are looked up.

    Raises
    ------
    QueryError
        If the text cannot be understood; it points at the place.
    SearchUnavailable
        If the index cannot be read.
    """
    try:
        return _parse(text, lexicon, literal, lexicon.table() if table is None else table)
    except QueryError as error:
        error.text = text[: 2 * MAX_TEXT]
        error.length = min(error.length, len(error.text) - error.position)
        raise


def _parse(text: str, lexicon: Lexicon, literal: bool, table: TagTable) -> Query:
    tokens = [_as_word(token, text, table) for token in read_tokens(text)]
    filters = read_filters([token for token in tokens if token.kind is Kind.FILTER])
    builder = QueryBuilder(text, lexicon, Segmenter(table, lexicon.has_word, literal))
    for item in _items(tokens):
        if isinstance(item, _Alternatives):
            builder.add_alternatives(item.opening, item.members, item.closing)
        else:
            builder.add_run(item)
    return builder.query(filters)


def _as_word(token: Token, text: str, table: TagTable) -> Token:
    """Take ``Requiem:`` and tags with a colon for words; refuse any other field that there is not."""
    if token.kind is not Kind.FILTER:
        return token
    if token.field.casefold() in FIELDS:
        if token.sign or token.weight is not None:
            raise token.error(_why_bare(token))
        return token
    whole = text[token.start : token.stop]
    if not token.quoted and (not token.text or table.find(whole) is not None):
        return Token(Kind.WORD, whole, token.start, token.stop, token.sign, token.weight)
    likely = nearest_field(token.field)
    slip = f"did you mean {likely}:?" if likely else f'to search for the words, write "{token.field} {token.text}"'
    raise QueryError(
        f"expected a filter {', '.join(f'{field}:' for field in FIELDS)}, got {token.field}: - {slip}",
        token.start,
        len(token.field) + 1,
    )


def _why_bare(token: Token) -> str:
    if token.weight is not None:
        return "expected a filter without a weight: filters score nothing, only tags have weights"
    if token.sign == "-":
        return f"expected a filter without a sign: only tags can be left out, such as -{token.text or 'rock'}"
    return "expected a filter without a sign: filters are always demanded, leave the + out"


def _items(tokens: Sequence[Token]) -> Iterator[tuple[Token, ...] | _Alternatives]:
    """Put tokens together: words that may be one tag, and alternatives; filters and commas only part them."""
    at = 0
    while at < len(tokens):
        token = tokens[at]
        if token.kind is Kind.OPEN:
            stop = _closing(tokens, at)
            yield _Alternatives(token, tuple(_members(tokens[at : stop + 1])), tokens[stop])
            at = stop + 1
        elif token.kind in (Kind.FILTER, Kind.BREAK):
            at += 1
        elif token.kind in (Kind.WORD, Kind.QUOTED):
            stop = _run_stop(tokens, at)
            yield tuple(tokens[at:stop])
            at = stop
        else:
            raise token.error(_STRAY[token.kind])


_STRAY = {
    Kind.OR: "expected a tag, got OR: alternatives stand in parentheses, such as (piano OR guitar)",
    Kind.CLOSE: "expected an opening parenthesis before this one, got none: is one missing, or this one too many?",
}


def _run_stop(tokens: Sequence[Token], start: int) -> int:
    """Return where a run of words ends: at anything else, at a sign, and after a weight."""
    stop = start + 1
    if tokens[start].kind is Kind.QUOTED:
        return stop
    while (
        stop < len(tokens)
        and tokens[stop].kind is Kind.WORD
        and not tokens[stop].sign
        and tokens[stop - 1].weight is None
    ):
        stop += 1
    return stop


def _closing(tokens: Sequence[Token], opening: int) -> int:
    """Return where the parenthesis closes; inside stand only tags with weights and OR."""
    for at in range(opening + 1, len(tokens)):
        token = tokens[at]
        if token.kind is Kind.CLOSE:
            return at
        if token.kind is Kind.OPEN:
            raise token.error("expected tags between parentheses, got another parenthesis: one level is enough")
        if token.kind is Kind.FILTER:
            raise token.error("expected tags between parentheses, got a filter: filters of one field are alternatives")
        if token.kind is Kind.BREAK:
            raise token.error("expected OR between alternatives, got a comma: write (piano OR guitar)")
        if token.sign:
            raise token.error(f"expected a tag without a sign, got {token.sign}: put it before the parenthesis")
    raise tokens[opening].error("expected a closing parenthesis, got none: add ) after the last alternative")


def _members(tokens: Sequence[Token]) -> Iterator[tuple[Token, ...]]:
    """Yield the words of each alternative, from the opening to the closing parenthesis."""
    member: list[Token] = []
    for before, token in pairwise(tokens):
        if token.kind in (Kind.OR, Kind.CLOSE):
            if not member:
                raise before.error(f"expected a tag after {before.text.strip()}, got none: is one missing?")
            yield tuple(member)
            member = []
        else:
            member.append(token)
