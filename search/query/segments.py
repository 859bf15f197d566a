"""Which words of a query stand together: the longest tags, words of titles, mended slips, and what nobody knows.

In this order, word by word (docs/semantics.md, "Words"): a tag or alias by its exact words; a word of a title or
artist; a tag one slip away; unknown.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from search.lexicon import MAX_TAG_WORDS
from search.query.errors import QueryError
from search.query.syntax import MAX_TAGS, Kind, Token
from search.tag_table import TagTable
from search.words import fold_words

# Most words of one tag in which a slip is looked for.
_MENDED_WORDS = 3


@dataclass(frozen=True, slots=True)
class Segment:
    """Some words of the query that mean one thing; with neither tag nor words, nothing.

    Parameters
    ----------
    start, stop
        Place in the text.
    text
        The words as typed, with single blanks.
    tag_id
        The tag that they are.
    words
        Folded words of titles or artists that they are.
    mended
        Whether they are the tag but for one slip.
    apart_from
        The longer tag, as typed, and its place, of which they are a part that stands for itself; None: of none.
    """

    start: int
    stop: int
    text: str
    tag_id: str | None = None
    words: tuple[str, ...] = ()
    mended: bool = False
    apart_from: tuple[str, int] | None = None

    @property
    def is_unknown(self) -> bool:
        """Whether nobody knows the words."""
        return self.tag_id is None and not self.words

    def error(self, message: str) -> QueryError:
        """Make an error that points at these words."""
        return QueryError(message, self.start, self.stop - self.start)


@dataclass(frozen=True, slots=True)
class Segmenter:
    """Cuts runs of words into segments.

    Parameters
    ----------
    has_word
        Whether a folded word is in any title or artist.
    literal
        Mend nothing, and take nothing apart.
    apart
        Whether a tag that no track has may be taken apart.
    """

    table: TagTable
    has_word: Callable[[str], bool]
    literal: bool
    apart: bool = True

    def cut(self, run: Sequence[Token]) -> list[Segment]:
        """Cut a run of words, or take one quoted phrase whole, which is never mended.

        A tag that no track here has is taken apart where tracks have all of its parts: *slow rock* is *slow* and *rock*
        then, unless a sign or a weight means it as a whole. An *and* between two tags says nothing new, and is left
        out.

        Raises
        ------
        QueryError
            If a word has no letter or digit, or is an operator of other search languages.
        """
        segments = self._mended(run)
        kept = [segment for at, segment in enumerate(segments) if not _joins_tags(segments, at)]
        for segment in kept:
            if segment.is_unknown or segment.words:
                _check_word(segment, is_quoted=run[0].kind is Kind.QUOTED)
        return kept

    def as_tag(self, segment: Segment) -> Segment:
        """Take words of a title for a tag after all, where only tags can stand; mended, or unknown."""
        if not segment.words:
            return segment
        tag_id = None if self.literal else self.table.correct(segment.text)
        return Segment(segment.start, segment.stop, segment.text, tag_id, mended=tag_id is not None)

    def _mended(self, run: Sequence[Token]) -> list[Segment]:
        segments = self._exact(run)
        n_unknown = sum(segment.is_unknown for segment in segments)
        # More than a query may have are refused anyway: no time is spent on them.
        if self.literal or run[0].kind is Kind.QUOTED or not 0 < n_unknown <= MAX_TAGS:
            return segments
        for window in _windows(run, segments):
            meant = self.table.correct(_text(run[window]))
            if meant is not None:
                left, right = run[: window.start], run[window.stop :]
                here = _segment(run[window], tag_id=meant, mended=True)
                return [*(self._mended(left) if left else ()), here, *(self._mended(right) if right else ())]
        return segments

    def _exact(self, run: Sequence[Token]) -> list[Segment]:
        segments: list[Segment] = []
        at = 0
        while at < len(run):
            tag_id, n_words = self._longest(run[at : at + MAX_TAG_WORDS])
            if tag_id is not None and (parts := self._parts(tag_id, run[at : at + n_words])):
                segments += parts
            elif tag_id is not None:
                segments.append(_segment(run[at : at + n_words], tag_id))
            else:
                segments += self._tags_inside(run[at]) or [self._word(run[at])]
            at += n_words or 1
        return segments

    def comes_apart(self, tag_id: str, words: Sequence[str]) -> bool:
        """Whether a tag of several words that no track has is all made of tags that tracks have."""
        if self.literal or not self.apart or len(words) == 1 or self.table.count(tag_id):
            return False
        return bool(self._used_tags(words, len(words) - 1))

    def _parts(self, tag_id: str, run: Sequence[Token]) -> list[Segment]:
        """Take a tag apart that comes apart, unless a sign or a weight means all of it; empty where it stays whole."""
        words = [token.text for token in run]
        if any(token.sign or token.weight is not None for token in run) or not self.comes_apart(tag_id, words):
            return []
        parts, at = [], 0
        for part_id, n_words in self._used_tags(words, len(words) - 1):
            parts.append(replace(_segment(run[at : at + n_words], part_id), apart_from=(_text(run), run[0].start)))
            at += n_words
        return parts

    def _used_tags(self, words: Sequence[str], most: int) -> list[tuple[str, int]]:
        """Cut words into tags that tracks have, the longest first, with their lengths; empty where some are none."""
        for n_words in range(min(most, len(words)), 0, -1):
            tag_id = self.table.find(" ".join(words[:n_words])) if fold_words(words[n_words - 1]) else None
            if tag_id is None or not self.table.count(tag_id):
                continue
            rest = self._used_tags(words[n_words:], most)
            if rest or n_words == len(words):
                return [(tag_id, n_words), *rest]
        return []

    def _tags_inside(self, token: Token) -> list[Segment]:
        """Take ``piano-guitar`` apart, when nothing but tags are in it and no sign or weight may mean them all."""
        if token.kind is not Kind.WORD or token.sign or token.weight is not None:
            return []
        parts = [
            Token(Kind.WORD, part[0], token.start + part.start(), token.start + part.end())
            for part in _PART.finditer(token.text)
        ]
        segments, at = [], 0
        while at < len(parts):
            tag_id, n_words = self.table.longest([part.text for part in parts[at:]])
            if tag_id is None:
                return []
            segments.append(_segment(parts[at : at + n_words], tag_id))
            at += n_words
        return segments

    def _longest(self, run: Sequence[Token]) -> tuple[str | None, int]:
        if run[0].kind is Kind.QUOTED:
            return self.table.find(run[0].text), 1
        return self.table.longest([token.text for token in run])

    def _word(self, token: Token) -> Segment:
        """Look a word up in titles and artists."""
        words = fold_words(token.text)
        return _segment([token], words=words if all(map(self.has_word, words)) else ())


_PART = re.compile(r"[^\W_]+")
_CONJUNCTIONS = frozenset({"and", "&"})
_OPERATOR_SLIPS = {
    "AND": "expected tags on both sides of AND: leave it out, tags side by side are all asked for",
    "NOT": "expected a tag, got NOT: a minus leaves a tag out, such as -vocals",
}


def _joins_tags(segments: Sequence[Segment], at: int) -> bool:
    """Whether a segment is the *and* between two tags, which are both asked for anyway."""
    if segments[at].tag_id is not None or segments[at].text.casefold() not in _CONJUNCTIONS:
        return False
    return 0 < at < len(segments) - 1 and None not in (segments[at - 1].tag_id, segments[at + 1].tag_id)


def _check_word(segment: Segment, is_quoted: bool) -> None:
    if segment.text in _OPERATOR_SLIPS and not is_quoted:
        raise segment.error(_OPERATOR_SLIPS[segment.text])
    if not fold_words(segment.text):
        raise segment.error(f"expected a word, got {segment.text}, which has no letter or digit: leave it out")


def _windows(run: Sequence[Token], segments: Sequence[Segment]) -> Iterator[slice]:
    """Yield the places around each unknown word that may be a tag with a slip, longest first."""
    unknown = {segment.start for segment in segments if segment.is_unknown}
    for at, token in enumerate(run):
        for n_words in range(_MENDED_WORDS, 0, -1) if token.start in unknown else ():
            for first in range(max(0, at - n_words + 1), min(at, len(run) - n_words) + 1):
                if _can_end_tag(run[first]) and _can_end_tag(run[first + n_words - 1]):
                    yield slice(first, first + n_words)


def _can_end_tag(token: Token) -> bool:
    """Whether a tag may begin or end with a word: *and* joins two, and a sign without letters would be swallowed."""
    return token.text.casefold() not in _CONJUNCTIONS and bool(fold_words(token.text))


def _segment(
    tokens: Sequence[Token], tag_id: str | None = None, words: tuple[str, ...] = (), mended: bool = False
) -> Segment:
    return Segment(tokens[0].start, tokens[-1].stop, _text(tokens), tag_id, words, mended)


def _text(tokens: Sequence[Token]) -> str:
    return " ".join(" ".join(token.text.split()) for token in tokens)
