"""Operations on tags: completion, one tag, its kin."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, Struct

from search.answers.tags import CompletedTags, TagAnswer, completed_answer, tag_answer
from search.result import MAX_K
from tagmodel.answers import KinOfTag, kin_answer
from tagmodel.model import MAX_KIN
from web.addresses import MAX_TEXT
from web.api.naming import TagName, known_tag
from web.api.operations import operation
from web.api.problems import UNKNOWN_TAG
from web.context import searcher


class TagsParameters(Struct, frozen=True):
    """The beginning of a tag.

    Parameters
    ----------
    prefix
        What was typed so far; without it the most used tags come.
    k
        Tags at most.
    """

    prefix: Annotated[str, Meta(max_length=MAX_TEXT, examples=["pia"])] = ""
    k: Annotated[int, Meta(ge=1, le=MAX_K)] = 10


@operation("GET", "/tags", sample=lambda of: {"prefix": of.tag[:3], "k": "3"})
def tags(parameters: TagsParameters) -> CompletedTags:
    """Complete a tag.

    Tags that begin as typed, or have a word that does: the tag itself first, then those that begin so as a whole, then
    by use. Each with the number of its tracks and its nearest kin.
    """
    return completed_answer(searcher(), parameters.prefix, parameters.k)


class TagParameters(Struct, frozen=True):
    """Which tag.

    Parameters
    ----------
    tag
        Any spelling of it, or its id.
    """

    tag: TagName


@operation("GET", "/tag", refusals=(UNKNOWN_TAG,), sample=lambda of: {"tag": of.tag})
def tag(parameters: TagParameters) -> TagAnswer:
    """Show a tag.

    How it is written, how many tracks have it, what is narrower, what it contradicts, and where it lies on the map.
    """
    return tag_answer(searcher(), known_tag(parameters.tag, "tag"))


class KinParameters(Struct, frozen=True):
    """The kin of which tag.

    Parameters
    ----------
    tag
        Any spelling of it, or its id.
    k
        Kin at most.
    """

    tag: TagName
    k: Annotated[int, Meta(ge=1, le=MAX_KIN)] = 10


@operation("GET", "/kin", refusals=(UNKNOWN_TAG,), sample=lambda of: {"tag": of.tag, "k": "2"})
def kin(parameters: KinParameters) -> KinOfTag:
    """List the kin of a tag: which tags answer for it, how near they are, and on what evidence.

    In their one order, which every drift keeps. A tag that only the catalogue knows has none until the model is trained
    on it.
    """
    named, model = known_tag(parameters.tag, "tag"), searcher().model
    return kin_answer(model.vocabulary, named, model.kin(named.tag_id)[: parameters.k])
