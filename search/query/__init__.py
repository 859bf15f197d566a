"""The query language: text → frozen `Query`, and back. docs/query-language.md describes it for users.

A `Query` says what a person asked for; what may stand in for a tag is decided later, by search/expansion.py. Nothing
vanishes silently: a mended slip is in `Query.corrections`, what nobody knows in `Query.unknown`.
"""

from search.query.errors import QueryError
from search.query.filters import write_range
from search.query.parser import parse_query
from search.query.text import (
    Addition,
    Additions,
    render_query,
    render_tag,
    with_excluded,
    with_filter,
    with_offer,
    with_required,
    with_tag,
    with_weight,
    without_excluded,
    without_filter,
    without_tag,
    without_unknown,
    without_word,
)
from search.query.values import Correction, Excluded, Query, QueryGroup, QueryTag, Unknown, Word

__all__ = [
    "Addition",
    "Additions",
    "Correction",
    "Excluded",
    "Query",
    "QueryError",
    "QueryGroup",
    "QueryTag",
    "Unknown",
    "Word",
    "parse_query",
    "render_query",
    "render_tag",
    "with_excluded",
    "with_filter",
    "with_offer",
    "with_required",
    "with_tag",
    "with_weight",
    "without_excluded",
    "without_filter",
    "without_tag",
    "without_unknown",
    "without_word",
    "write_range",
]
