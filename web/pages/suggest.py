"""The suggest page: which tags a creator probably forgot, and why the model thinks so."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlencode

from flask import Blueprint, render_template, request
from werkzeug.datastructures import MultiDict

from search.query import render_tag
from search.result import NamedReason, NamedSuggestion, SuggestResult
from tagmodel.folding import split_tags
from tagmodel.vocabulary import Vocabulary
from web.addresses import AddressError
from web.context import searcher

blueprint = Blueprint("suggest", __name__)

# A page of tags; what is longer is no list of tags of one track.
MAX_TAGS_TEXT = 4_000  # characters
MAX_TAGS = 100  # tags
# Suggestions shown.
SUGGESTIONS = 15
# Reasons named for each.
REASONS = 3
# Beside the usual separators people paste lists with bullets, middle dots and hashes.
_SEPARATORS = ",;|\t\n\r•·#"


@blueprint.get("/suggest")
def show() -> str:
    """Show what goes with the tags that were typed."""
    spellings = read_tags(request.args)
    result = searcher().suggest(spellings, SUGGESTIONS)
    return render_template("suggest.html", page=suggest_page(spellings, result, searcher().model.vocabulary))


@dataclass(frozen=True, slots=True)
class TypedRow:
    """A typed tag and the address without it."""

    spelling: str
    known: bool
    remove: str


@dataclass(frozen=True, slots=True)
class UnknownTag:
    """A tag that the model has never seen.

    Parameters
    ----------
    holds
        Known tags among its words: several were probably typed without anything between them.
    split
        Address with those in its place.
    """

    spelling: str
    holds: tuple[str, ...]
    split: str


@dataclass(frozen=True, slots=True)
class SuggestionRow:
    """A suggestion and the address that accepts it."""

    spelling: str
    probability: float
    reasons: tuple[NamedReason, ...]
    n_tracks: int | None
    accept: str


@dataclass(frozen=True, slots=True)
class SuggestPage:
    """Everything the suggest page shows.

    Parameters
    ----------
    listed
        The typed tags as one line, to copy.
    query
        A search for tracks with the known tags.
    """

    typed: tuple[TypedRow, ...]
    unknown: tuple[UnknownTag, ...]
    duplicates: tuple[tuple[str, str], ...]
    contradictions: tuple[tuple[str, str], ...]
    suggestions: tuple[SuggestionRow, ...]
    listed: str
    query: str


def read_tags(arguments: MultiDict[str, str]) -> list[str]:
    """Read the typed tags of an address: ``tags`` is a pasted text, ``tag`` one tag each.

    Raises
    ------
    AddressError
        If there is more than one track's worth of tags.
    """
    text = arguments.get("tags", "")
    if len(text) > MAX_TAGS_TEXT:
        raise AddressError(f"the tags of one track have at most {MAX_TAGS_TEXT:,} characters, these have {len(text):,}")
    spellings = list(dict.fromkeys([*(arguments.getlist("tag")), *split_tags(text, _SEPARATORS)]))
    if len(spellings) > MAX_TAGS:
        raise AddressError(
            f"one track has at most {MAX_TAGS} tags, these are {len(spellings)}: is it a whole catalogue?"
        )
    return spellings


def suggest_page(spellings: list[str], result: SuggestResult, vocabulary: Vocabulary) -> SuggestPage:
    """Work out the page of a result."""
    known = {tag.typed: tag.known for tag in result.typed}
    return SuggestPage(
        typed=tuple(
            TypedRow(spelling, known.get(spelling, False), _address([s for s in spellings if s != spelling]))
            for spelling in spellings
        ),
        unknown=tuple(_unknown_tag(spellings, spelling, vocabulary) for spelling in result.unknown),
        duplicates=result.duplicates,
        contradictions=result.contradictions,
        suggestions=tuple(_suggestion_row(spellings, one) for one in result.suggestions),
        listed=", ".join(_quoted(spelling) for spelling in spellings),
        query=" ".join(render_tag(tag.spelling) for tag in result.typed if tag.known),
    )


def _unknown_tag(spellings: list[str], spelling: str, vocabulary: Vocabulary) -> UnknownTag:
    holds = tuple(vocabulary.spellings[number] for number in vocabulary.find_tags(spelling))
    return UnknownTag(spelling, holds, _address([*(one for one in spellings if one != spelling), *holds]))


def _suggestion_row(spellings: list[str], one: NamedSuggestion) -> SuggestionRow:
    accept = _address([*spellings, one.spelling])
    return SuggestionRow(one.spelling, one.probability, one.reasons[:REASONS], one.n_tracks, accept)


def _quoted(spelling: str) -> str:
    """Write a spelling so that a pasted list gives it back: in quotes where it holds a separator."""
    if not spelling.startswith('"') and not any(char in _SEPARATORS for char in spelling):
        return spelling
    return '"' + spelling.replace('"', '""') + '"'


def _address(spellings: list[str]) -> str:
    return "?" + urlencode([("tag", spelling) for spelling in spellings])
