"""From a `Query` back to text: the canonical form, and the changes that one click makes.

The text keeps the order and, where it can, the blanks of what was typed. A comma parts tags that might otherwise run
together, quotes keep unknown words from being corrected; so the text parses back to an equal query.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import groupby, pairwise
from typing import NamedTuple

from search.lexicon import MAX_TAG_WORDS
from search.plan import Filters
from search.query.filters import FIELDS, add_filter, drop_filter, write_filter, write_filters
from search.query.syntax import FILLERS, LEAST_WEIGHT, MOST_WEIGHT, OPERATORS
from search.query.values import Excluded, Query, QueryGroup, QueryTag, Unknown
from search.words import UNSEEN, fold_words

# Words that mean the same with and without quotes around them.
_PLAIN_WORDS = re.compile(r"[^\W_]+(?:(?:[-'&./+]+| | & )[^\W_]+)*")
_TYPOGRAPHIC_QUOTES = re.compile("[\u201c\u201d\u201e\u201f]")


@dataclass(frozen=True, slots=True)
class _Piece:
    """A part of the text.

    Parameters
    ----------
    position
        Where the spelling stood in the text before, or its end.
    spelling
        The spelling as it was typed there.
    begins_bare, ends_bare
        Whether a word without sign or quotes stands at that end, so that it may run together with the next.
    """

    position: int
    text: str
    spelling: str
    begins_bare: bool = False
    ends_bare: bool = False


def render_query(query: Query) -> str:
    """Write a query so that it parses to an equal one, as long as tags and titles stay what they are."""
    text = _joined(query.text, _pieces(query, beside_tags=bool(query.groups or query.excluded)))
    return " ".join(filter(None, [text, *write_filters(query.filters)]))


def render_tag(spelling: str) -> str:
    """Write a tag so that it can stand beside others: in quotes unless it is one plain word."""
    return spelling if _is_plain(spelling) and " " not in spelling else _quoted(spelling)


class Addition(NamedTuple):
    """A query with something added: what stands before it, the thing itself, and what comes after."""

    before: str
    added: str
    after: str

    @property
    def text(self) -> str:
        """The query."""
        return f"{self.before}{self.added}{self.after}"


class Additions:
    """What a click may add to a query. What stays is written once, for a page that offers a hundred additions."""

    def __init__(self, query: Query) -> None:
        self._query = query
        pieces = _pieces(query, beside_tags=True)
        text = _joined(query.text, pieces)
        self._before = f"{text} " if pieces else ""
        self._before_bare = f"{text}, " if pieces and pieces[-1].ends_bare else self._before
        self._filters = "".join(f" {one}" for one in write_filters(query.filters))
        self._around: dict[str, tuple[str, str]] = {}

    def tag(self, spelling: str) -> Addition:
        """Ask for one more tag."""
        # Words side by side may be several tags; in quotes they are one.
        text, is_bare = render_tag(spelling), _is_plain(spelling) and " " not in spelling
        return Addition(self._before_bare if is_bare else self._before, text, self._filters)

    def excluded(self, spelling: str) -> Addition:
        """Leave out tracks with a tag."""
        return Addition(self._before, f"-{_bare_text(spelling)[0]}", self._filters)

    def filter_value(self, field: str, value: str) -> Addition:
        """Add one alternative, a folded value, to the filter of a value field."""
        if value in getattr(self._query.filters, field):
            return Addition(render_query(self._query), "", "")
        before, after = self._around.get(field) or self._around.setdefault(field, self._around_filter(field))
        return Addition(before, write_filter(field, value), after)

    def _around_filter(self, field: str) -> tuple[str, str]:
        """Write what stands before one more value of a field, and what after it."""
        query, at = self._query, FIELDS.index(field) + 1
        before = render_query(replace(query, filters=Filters()))
        values = "".join(f"{one} " for one in write_filters(query.filters, FIELDS[:at]))
        after = "".join(f" {one}" for one in write_filters(query.filters, FIELDS[at:]))
        return f"{before} {values}" if before else values, after


def with_tag(query: Query, spelling: str) -> str:
    """Ask for one more tag."""
    return Additions(query).tag(spelling).text


def without_tag(query: Query, tag_id: str) -> str:
    """No longer ask for a tag."""
    left = [replace(group, tags=tuple(tag for tag in group.tags if tag.tag_id != tag_id)) for group in query.groups]
    numbers = {old: new for new, old in enumerate(number for number, group in enumerate(left) if group.tags)}
    unknown = tuple(replace(one, group=None if one.group is None else numbers.get(one.group)) for one in query.unknown)
    return render_query(replace(query, groups=tuple(group for group in left if group.tags), unknown=unknown))


def with_required(query: Query, tag_id: str, required: bool = True) -> str:
    """Demand a tag itself, typed by a person, or no longer; of alternatives, any of them."""
    groups = tuple(
        replace(group, required=required) if any(tag.tag_id == tag_id for tag in group.tags) else group
        for group in query.groups
    )
    return render_query(replace(query, groups=groups))


def with_weight(query: Query, tag_id: str, weight: float) -> str:
    """Let a tag weigh more or less than the others; 1 is what it weighs unless said.

    Raises
    ------
    ValueError
        If the weight cannot be written in a query.
    """
    if not LEAST_WEIGHT <= weight <= MOST_WEIGHT:
        raise ValueError(f"expected a weight from {LEAST_WEIGHT} to {MOST_WEIGHT:g}, got {weight:g}")
    groups = tuple(
        replace(group, tags=tuple(replace(tag, weight=weight) if tag.tag_id == tag_id else tag for tag in group.tags))
        for group in query.groups
    )
    return render_query(replace(query, groups=groups))


def with_excluded(query: Query, spelling: str) -> str:
    """Leave out tracks with a tag."""
    return Additions(query).excluded(spelling).text


def without_excluded(query: Query, tag_id: str) -> str:
    """No longer leave a tag out."""
    return render_query(replace(query, excluded=tuple(one for one in query.excluded if one.tag_id != tag_id)))


def without_word(query: Query, word: str) -> str:
    """No longer demand a folded word, nor the others that were typed as one word with it."""
    return render_query(replace(query, words=tuple(one for one in query.words if word not in fold_words(one.typed))))


def without_unknown(query: Query, unknown: Unknown) -> str:
    """Drop words that mean nothing."""
    return render_query(replace(query, unknown=tuple(one for one in query.unknown if one != unknown)))


def with_offer(query: Query, unknown: Unknown, spelling: str) -> str:
    """Put a tag in the place of words that mean nothing."""
    rest = replace(query, unknown=tuple(one for one in query.unknown if one != unknown))
    if unknown.sign == "-":
        return render_query(replace(rest, excluded=(*rest.excluded, Excluded("", spelling, unknown.position))))
    tag = QueryTag("", spelling, position=unknown.position, comes_apart=" " in spelling)
    if unknown.group is None:
        return render_query(replace(rest, groups=(*rest.groups, QueryGroup((tag,), unknown.sign == "+"))))
    groups = list(rest.groups)
    groups[unknown.group] = replace(groups[unknown.group], tags=(*groups[unknown.group].tags, tag))
    return render_query(replace(rest, groups=tuple(groups)))


def with_filter(query: Query, field: str, value: str) -> str:
    """Add an alternative value to a filter, or set a range; values and errors are those of `add_filter`."""
    return render_query(replace(query, filters=add_filter(query.filters, field, value)))


def without_filter(query: Query, field: str, value: str | None = None) -> str:
    """Take one value off a filter; a range, or with None the filter, goes whole."""
    return render_query(replace(query, filters=drop_filter(query.filters, field, value)))


def _pieces(query: Query, beside_tags: bool) -> list[_Piece]:
    """Return all parts but the filters in their order; beside tags only quotes keep a filler as a word of a title."""
    words = _word_pieces(query, beside_tags)
    parts = [*_group_pieces(query), *words, *_excluded_pieces(query), *_unknown_pieces(query)]
    return sorted(parts, key=lambda piece: piece.position)


def _joined(text: str, pieces: list[_Piece]) -> str:
    return "".join(_gap(text, before, piece) + piece.text for before, piece in pairwise([None, *pieces]) if piece)


def _group_pieces(query: Query) -> Iterator[_Piece]:
    for number, group in enumerate(query.groups):
        more = [_quoted(unknown.typed) for unknown in query.unknown if unknown.group == number]
        sign = "+" if group.required else ""
        first = group.tags[0]
        if len(group.tags) > 1 or more:
            members = " OR ".join([*map(_weighted, group.tags), *more])
            yield _Piece(first.position, f"{sign}({members})", "")
        elif first.comes_apart:
            yield _Piece(first.position, sign + _quoted(first.typed) + _weight(first), first.typed)
        elif first.weight != 1.0:
            yield _bare_piece(first.position, sign, first.typed, _weight(first))
        else:
            yield _bare_piece(first.position, sign, first.typed)


def _word_pieces(query: Query, beside_tags: bool) -> Iterator[_Piece]:
    """Yield one piece for all words that were typed as one."""
    for (position, typed), _ in groupby(query.words, key=lambda word: (word.position, word.typed)):
        if " " in typed or (beside_tags and typed.casefold() in FILLERS):
            yield _Piece(position, _quoted(typed), "")
        else:
            yield _bare_piece(position, "", typed)


def _excluded_pieces(query: Query) -> Iterator[_Piece]:
    return (_bare_piece(one.position, "-", one.typed) for one in query.excluded)


def _unknown_pieces(query: Query) -> Iterator[_Piece]:
    return (_Piece(one.position, one.sign + _quoted(one.typed), "") for one in query.unknown if one.group is None)


def _bare_piece(position: int, sign: str, spelling: str, weight: str = "") -> _Piece:
    text, is_plain = _bare_text(spelling)
    return _Piece(position, sign + text + weight, spelling, is_plain and not sign, is_plain and not weight)


@lru_cache(4096)
def _bare_text(spelling: str) -> tuple[str, bool]:
    """Write a spelling, in quotes where it needs them, and tell whether it stands without."""
    is_plain = _is_plain(spelling)
    return " ".join(spelling.split()) if is_plain else _quoted(spelling), is_plain


def _gap(text: str, before: _Piece | None, piece: _Piece) -> str:
    """Return what parts two pieces: a comma where bare words might run together that did not before."""
    if before is None:
        return ""
    if not (before.ends_bare and piece.begins_bare):
        return " "
    stop = before.position + len(before.spelling)
    as_typed = _stands_alone(text, before) and _stands_alone(text, piece) and text[stop : piece.position].isspace()
    return " " if as_typed else ", "


def _stands_alone(text: str, piece: _Piece) -> bool:
    """Whether a piece was whole words of the text, and not a part of ``piano-guitar``."""
    stop = piece.position + len(piece.spelling)
    before, after = text[: piece.position][-1:], text[stop : stop + 1]
    is_whole = (not piece.begins_bare or not before.strip(" \t\r\n,;")) and not after.strip(" \t\r\n,;")
    return is_whole and text.startswith(piece.spelling, piece.position)


def _weighted(tag: QueryTag) -> str:
    return _bare_text(tag.typed)[0] + _weight(tag)


def _weight(tag: QueryTag) -> str:
    return "" if tag.weight == 1.0 else f"^{tag.weight:.3f}".rstrip("0").rstrip(".")


def _is_plain(spelling: str) -> bool:
    """Whether a spelling can stand without quotes: few words without signs of the language."""
    words = spelling.split()
    return (
        len(words) <= MAX_TAG_WORDS
        and OPERATORS.isdisjoint(words)
        and _PLAIN_WORDS.fullmatch(" ".join(words)) is not None
    )


def _quoted(spelling: str) -> str:
    seen = " ".join(UNSEEN.sub(" ", spelling).split())
    return '"' + _TYPOGRAPHIC_QUOTES.sub('"', seen).replace('"', '""') + '"'
