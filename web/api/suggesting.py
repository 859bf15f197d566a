"""`suggest`: what the suggest page says, for one track or for many."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, Struct

from search.answers.suggestions import SuggestedTrack, SuggestedTracks, Suggestions, suggestions_answer
from search.result import MAX_K
from tagmodel.track import LONGEST_ID, LONGEST_TAG
from web.api.operations import operation
from web.api.problems import BAD_BODY, BAD_PARAMETER, Refusal
from web.context import searcher
from web.pages.suggest_address import MAX_TAGS, MAX_TAGS_TEXT
from web.pages.suggest_lists import read_list

# Suggestions unless asked for otherwise.
SUGGESTIONS = 15
# A batch is worked on in one go: a track takes a millisecond, a tag that nobody knows two, for which to find offers.
MAX_BATCH = 200  # tracks
MAX_BATCH_TAGS = 2_000  # tags, of all tracks
MAX_BATCH_BYTES = 1024 * 1024

Count = Annotated[int, Meta(ge=1, le=MAX_K)]
TypedTag = Annotated[str, Meta(max_length=LONGEST_TAG, examples=["sitar"])]
Probability = Annotated[float, Meta(ge=0, le=1, examples=[0.71])]


class SuggestParameters(Struct, frozen=True):
    """The tags of one track.

    Parameters
    ----------
    tags
        As people paste them: between commas, semicolons, tabs, lines and the like; at most 100.
    k
        Suggestions at most.
    """

    tags: Annotated[str, Meta(min_length=1, max_length=MAX_TAGS_TEXT, examples=["sitar, tabla"])]
    k: Count = SUGGESTIONS


@operation("GET", "/suggest", sample=lambda of: {"tags": f"{of.tag}, {of.far}", "k": "3"})
def suggest(parameters: SuggestParameters) -> Suggestions:
    """Suggest tags that a track probably lacks.

    Each with its probability, the typed tags that speak for it, and how many more searches would show the track. What
    is odd about the typed tags is said too: unknown ones, duplicates, contradictions, and tags that nobody else uses.
    Works while the index is away, without counts.
    """
    typed = read_list(parameters.tags)
    if len(typed) > MAX_TAGS:
        came = f"{len(typed):,}: is it a whole catalogue?"
        raise Refusal(BAD_PARAMETER, f"tags: expected at most {MAX_TAGS} tags, got {came}", "tags")
    return suggestions_answer(searcher().suggest(typed, parameters.k))


class TypedTrack(Struct, frozen=True, forbid_unknown_fields=True):
    """A track with its typed tags.

    Parameters
    ----------
    tags
        As typed, one each.
    id
        Whatever tells the track from the others; it comes back with its suggestions.
    heard
        What was heard in its recording: probability by tag. It is weighed together with the typed tags, into one list.
    """

    tags: Annotated[tuple[TypedTag, ...], Meta(max_length=MAX_TAGS)]
    id: Annotated[str, Meta(max_length=LONGEST_ID, examples=["my-1"])] = ""
    heard: Annotated[dict[TypedTag, Probability], Meta(max_length=MAX_TAGS)] = {}


class SuggestBatch(Struct, frozen=True, forbid_unknown_fields=True):
    """Many tracks at once.

    Parameters
    ----------
    tracks
        In any order, which the answer keeps; 2,000 tags in all at most.
    k
        Suggestions for each at most.
    """

    tracks: Annotated[tuple[TypedTrack, ...], Meta(max_length=MAX_BATCH)]
    k: Count = SUGGESTIONS


@operation(
    "POST",
    "/suggest",
    max_body=MAX_BATCH_BYTES,
    sample_body=lambda of: {"tracks": [{"id": "a", "tags": [of.tag, of.kin]}, {"id": "b", "tags": [of.far]}], "k": 2},
)
def suggest_batch(body: SuggestBatch) -> SuggestedTracks:
    """Suggest tags for many tracks at once.

    The same answer for each as it would have alone; nothing is stored.
    """
    n_tags = sum(len(one.tags) + len(one.heard) for one in body.tracks)
    if n_tags > MAX_BATCH_TAGS:
        came = f"{n_tags:,}: send fewer tracks at once"
        raise Refusal(BAD_BODY, f"tracks: expected at most {MAX_BATCH_TAGS:,} tags in all, got {came}")
    typed, heard = [one.tags for one in body.tracks], [one.heard for one in body.tracks]
    results = searcher().suggest_batch(typed, body.k, heard)
    return SuggestedTracks(
        tuple(
            SuggestedTrack(one.id, suggestions_answer(result))
            for one, result in zip(body.tracks, results, strict=True)
        )
    )
