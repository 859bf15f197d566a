"""docs/query-language.md says what the query language does: every example on the page is run."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from search.lexicon import MAX_TAG_WORDS
from search.query import Query, QueryError, QueryGroup, QueryTag, Unknown, parse_query
from search.query.filters import FIELDS, MAX_FILTERS, write_filters
from search.query.syntax import LEAST_WEIGHT, MAX_TAGS, MAX_TEXT, MOST_WEIGHT
from search.tag_table import LEAST_CORRECTED
from tests.search.small_catalogue import small_lexicon

PAGE = (Path(__file__).parents[2] / "docs" / "query-language.md").read_text(encoding="utf-8")
LEXICON = small_lexicon()


def blocks(kind: str) -> list[str]:
    return re.findall(rf"^```{kind}\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)


QUERIES = [tuple(map(str.strip, line.split("→"))) for block in blocks("query") for line in block.splitlines()]
ERRORS = [pair for block in blocks("error") for pair in re.findall(r"(.*)\n(.*)\n", block)]


def said(query: Query) -> str:
    """Say what a query asks for, in the order of its text, as the page does."""
    parts = [(group.tags[0].position, group_said(query, group)) for group in query.groups]
    parts += [(one.position, f"not {LEXICON.spelling(one.tag_id)}") for one in query.excluded]
    parts += [(word.position, f"word: {word.word}") for word in query.words]
    parts += [(one.position, unknown_said(one)) for one in query.unknown]
    ordered = [part for _, part in sorted(parts, key=lambda part: part[0])]
    return " · ".join([*ordered, *write_filters(query.filters)])


def group_said(query: Query, group: QueryGroup) -> str:
    return ("demanded " if group.required else "") + " or ".join(tag_said(query, tag) for tag in group.tags)


def tag_said(query: Query, tag: QueryTag) -> str:
    weight = "" if tag.weight == 1 else f"^{tag.weight:g}"
    mended = next((f" (for {one.typed})" for one in query.corrections if one.position == tag.position), "")
    return LEXICON.spelling(tag.tag_id) + weight + mended


def unknown_said(unknown: Unknown) -> str:
    return f"unknown: {unknown.sign}{unknown.typed}"


def limits() -> Iterator[str]:
    yield f"{MAX_TEXT} characters, {MAX_TAGS} tags"
    yield f"{MAX_FILTERS} filters"
    yield f"from {LEAST_WEIGHT} to {MOST_WEIGHT:g}"
    yield f"up to {['', 'one', 'two', 'three', 'four', 'five', 'six'][MAX_TAG_WORDS]} words"
    yield f"have {['', 'one', 'two', 'three', 'four', 'five', 'six'][LEAST_CORRECTED]} letters or more"
    yield from (f"`{field}:`" for field in FIELDS)


@pytest.mark.parametrize(("text", "understood"), QUERIES)
def test_an_example_is_understood_as_the_page_says(text: str, understood: str) -> None:
    assert said(parse_query(text, LEXICON)) == understood


@pytest.mark.parametrize(("text", "below"), ERRORS)
def test_an_error_points_where_the_page_says(text: str, below: str) -> None:
    with pytest.raises(QueryError) as caught:
        parse_query(text, LEXICON)
    assert caught.value.pointed() == f"{text}\n{below}"


@pytest.mark.parametrize("limit", list(limits()))
def test_every_limit_and_field_is_on_the_page(limit: str) -> None:
    assert limit in " ".join(PAGE.split())


def test_the_page_has_examples() -> None:
    assert (len(QUERIES), len(ERRORS)) == (45, 9)
