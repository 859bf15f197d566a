"""`QueryBuilder`: gathers what the parts of a query ask for.

What is said twice is merged; what cannot be meant is refused, with its place.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import groupby, pairwise

from search.lexicon import Lexicon
from search.plan import Filters
from search.query.errors import QueryError
from search.query.segments import Segment, Segmenter
from search.query.syntax import FILLERS, LEAST_WEIGHT, MAX_TAGS, MOST_WEIGHT, NEGATIONS, Kind, Token
from search.query.text import render_tag
from search.query.values import Correction, Excluded, Query, QueryGroup, QueryTag, Sign, Unknown, Word


class QueryBuilder:
    """Collects a query in the order of its text."""

    def __init__(self, text: str, lexicon: Lexicon, segmenter: Segmenter) -> None:
        self._text = text
        self._lexicon = lexicon
        self._segmenter = segmenter
        self._groups: list[QueryGroup] = []
        self._excluded: dict[str, Excluded] = {}
        self._words: dict[str, Word] = {}
        self._corrections: list[Correction] = []
        self._unknown: dict[Unknown, Unknown] = {}
        self._fillers: list[Segment] = []

    def add_run(self, run: Sequence[Token]) -> None:
        """Add words side by side: the sign belongs to the first tag, the weight to the last."""
        segments = self._segmenter.cut(run)
        self._note_apart(segments)
        negated = set() if run[0].sign or run[-1].weight is not None else set(self._negated(segments))
        for at, segment in enumerate(segments):
            sign: Sign = run[0].sign if at == 0 else ""
            weight = run[-1].weight if at == len(segments) - 1 else None
            if at in negated:
                self._exclude_negated(segments[at - 1], segment)
            elif at + 1 in negated:
                continue
            elif sign == "-":
                self._exclude(segment, weight)
            elif not sign and weight is None and run[0].kind is not Kind.QUOTED and self._is_filler(segment):
                self._fillers.append(segment)
            else:
                self._want(segment, sign, weight)

    def _note_apart(self, segments: Sequence[Segment]) -> None:
        """Say which longer tags, that no track has, were taken apart."""
        for whole, parts in groupby(segments, key=lambda segment: segment.apart_from):
            if whole is not None:
                used = ", ".join(part.text for part in parts)
                self._corrections.append(Correction(whole[0], used, whole[1]))

    def _negated(self, segments: Sequence[Segment]) -> Iterator[int]:
        """Yield the places of tags behind *without* or *not*, which mean a minus to whoever writes as people speak."""
        for at, (before, segment) in enumerate(pairwise(segments), 1):
            is_negation = before.tag_id is None and before.text.casefold() in NEGATIONS
            if is_negation and segment.tag_id is not None and not self._segmenter.literal:
                yield at

    def _exclude_negated(self, negation: Segment, segment: Segment) -> None:
        self._exclude(segment, None)
        used = f"-{render_tag(segment.text)}"
        self._corrections.append(Correction(f"{negation.text} {segment.text}", used, negation.start))

    def add_alternatives(self, opening: Token, members: Sequence[Sequence[Token]], closing: Token) -> None:
        """Add ``(a OR b)``, one tag a member; ``-(a OR b)`` excludes both."""
        segments = [self._member(member) for member in members]
        if opening.sign == "-":
            for segment, member in zip(segments, members, strict=True):
                self._exclude(segment, closing.weight if closing.weight is not None else member[-1].weight)
            return
        tags = tuple(
            self._tag(segment, self._weight_inside(member[-1], closing))
            for segment, member in zip(segments, members, strict=True)
            if segment.tag_id is not None
        )
        group = self._add_group(QueryGroup(tags, opening.sign == "+")) if tags else None
        for segment in segments:
            if segment.tag_id is None:
                self._add_unknown(segment, opening.sign if group is None else "", group)

    def query(self, filters: Filters) -> Query:
        """Return what was collected.

        Raises
        ------
        QueryError
            If a tag is asked for and excluded at once.
        """
        ignored = self._settle_fillers()
        for group in self._groups:
            for tag in group.tags:
                if tag.tag_id in self._excluded:
                    raise self._both(tag, self._excluded[tag.tag_id])
        return Query(
            text=self._text,
            groups=tuple(self._groups),
            excluded=tuple(self._excluded.values()),
            words=tuple(sorted(self._words.values(), key=lambda word: word.position)),
            filters=filters,
            corrections=tuple(self._corrections),
            unknown=tuple(sorted(self._unknown.values(), key=_group_order)),
            ignored=ignored,
        )

    def _is_filler(self, segment: Segment) -> bool:
        """Whether words say nothing beside tags: no tag themselves, and not to be taken literally."""
        return segment.tag_id is None and segment.text.casefold() in FILLERS and not self._segmenter.literal

    def _settle_fillers(self) -> tuple[str, ...]:
        """Leave fillers out beside tags, and return them; alone they are words of titles like any other."""
        if self._groups or self._excluded:
            return tuple(dict.fromkeys(segment.text for segment in self._fillers))
        for segment in self._fillers:
            self._want(segment, "", None)
        return ()

    def _want(self, segment: Segment, sign: Sign, weight: float | None) -> None:
        if segment.words:
            if weight is not None:
                raise segment.error(f"expected a tag before ^, got {segment.text}, a word of titles: it scores nothing")
            for word in segment.words:
                self._words.setdefault(word, Word(word, segment.text, segment.start))
        elif segment.tag_id is None:
            self._add_unknown(segment, sign, None)
        else:
            self._add_group(QueryGroup((self._tag(segment, 1.0 if weight is None else weight),), sign == "+"))

    def _exclude(self, segment: Segment, weight: float | None) -> None:
        if weight is not None:
            raise segment.error("expected no weight on an excluded tag: it is out altogether")
        segment = self._segmenter.as_tag(segment)
        if segment.tag_id is None:
            self._add_unknown(segment, "-", None)
            return
        excluded = Excluded(segment.tag_id, self._typed(segment), segment.start)
        self._excluded.setdefault(excluded.tag_id, excluded)
        self._check_number(segment)

    def _member(self, member: Sequence[Token]) -> Segment:
        for token, after in pairwise(member):
            if token.weight is not None or Kind.QUOTED in (token.kind, after.kind):
                raise after.error(f"expected OR after {token.text}, got {after.text}: alternatives are single tags")
        segments = replace(self._segmenter, apart=False).cut(member)
        if len(segments) > 1:
            raise segments[1].error(
                f"expected OR after {segments[0].text}, got {segments[1].text}: alternatives are single tags"
            )
        return self._segmenter.as_tag(segments[0])

    def _weight_inside(self, member: Token, closing: Token) -> float:
        """Multiply the weights of a member and of its parentheses."""
        weight = 1.0 if member.weight is None else member.weight
        if closing.weight is not None:
            weight = round(weight * closing.weight, 3)
        if not LEAST_WEIGHT <= weight <= MOST_WEIGHT:
            raise closing.error(
                f"expected a weight from {LEAST_WEIGHT:g} to {MOST_WEIGHT:g}, got {weight:g} for {member.text}:"
                " weights inside and after parentheses are multiplied"
            )
        return weight

    def _tag(self, segment: Segment, weight: float) -> QueryTag:
        tag_id = segment.tag_id or ""
        typed = self._typed(segment)
        apart = self._segmenter.comes_apart(tag_id, typed.split())
        return QueryTag(tag_id, typed, weight, segment.start, self._lexicon.knows(tag_id), apart)

    def _typed(self, segment: Segment) -> str:
        """Return the spelling that stands for a tag, and note where it is another than was typed."""
        if not segment.mended or segment.tag_id is None:
            return segment.text
        used = self._lexicon.spelling(segment.tag_id)
        self._corrections.append(Correction(segment.text, used, segment.start))
        return used

    def _add_group(self, group: QueryGroup) -> int:
        """Add a group, or merge it into an equal one; returns its number."""
        ids = {tag.tag_id for tag in group.tags}
        if len(ids) < len(group.tags):
            group = replace(group, tags=_merged(group.tags))
        for number, other in enumerate(self._groups):
            shared = ids.intersection(tag.tag_id for tag in other.tags)
            if shared and ids == {tag.tag_id for tag in other.tags}:
                required = group.required or other.required
                self._groups[number] = QueryGroup(_merged((*other.tags, *group.tags)), required)
                return number
            if shared:
                twice = next(tag for tag in group.tags if tag.tag_id in shared)
                raise _tag_error(twice, f"expected {twice.typed} once, got it here and among other alternatives")
        self._groups.append(group)
        self._check_number(group.tags[-1])
        return len(self._groups) - 1

    def _add_unknown(self, segment: Segment, sign: Sign, group: int | None) -> None:
        offers = self._lexicon.offers(segment.text)
        unknown = Unknown(segment.text, segment.start, offers, sign, group)
        self._unknown.setdefault(unknown, unknown)
        self._check_number(segment)

    def _check_number(self, last: Segment | QueryTag) -> None:
        n_tags = sum(len(group.tags) for group in self._groups) + len(self._excluded) + len(self._unknown)
        if n_tags <= MAX_TAGS:
            return
        message = f"expected at most {MAX_TAGS} tags, got {n_tags} or more: leave some out"
        raise last.error(message) if isinstance(last, Segment) else _tag_error(last, message)

    @staticmethod
    def _both(tag: QueryTag, excluded: Excluded) -> QueryError:
        later = max(tag.position, excluded.position)
        typed = tag.typed if later == tag.position else excluded.typed
        message = f"expected {tag.typed} to be asked for or excluded, got both: leave one out"
        return QueryError(message, later, len(typed))


def _group_order(unknown: Unknown) -> int:
    """Put alternatives of known tags first, by group, so that equal queries have their unknown words in equal order."""
    return MAX_TAGS if unknown.group is None else unknown.group


def _merged(tags: Sequence[QueryTag]) -> tuple[QueryTag, ...]:
    """Keep the first of each tag, with the greatest of its weights."""
    first: dict[str, QueryTag] = {}
    for tag in tags:
        known = first.setdefault(tag.tag_id, tag)
        first[tag.tag_id] = replace(known, weight=max(known.weight, tag.weight))
    return tuple(first.values())


def _tag_error(tag: QueryTag, message: str) -> QueryError:
    return QueryError(message, tag.position, len(tag.typed))
