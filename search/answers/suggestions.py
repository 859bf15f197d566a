"""Suggestions for programs: what is odd about typed tags, and which tags they lack."""

from __future__ import annotations

from msgspec import Struct

from search.result import NamedSuggestion, SuggestResult


class TypedTag(Struct, frozen=True, gc=False):
    """A tag that was typed, and what it was taken for.

    Parameters
    ----------
    typed
        As typed.
    tag_id
        The same on every machine and with every model.
    spelling
        The form to show.
    known
        Whether the tag model knows it; otherwise it takes no part.
    n_tracks
        Tracks of the index that people put it on; null while there is no index to ask.
    """

    typed: str
    tag_id: str
    spelling: str
    known: bool
    n_tracks: int | None


class UsedWord(Struct, frozen=True, gc=False):
    """A tag that people use.

    Parameters
    ----------
    spelling
        The form to show.
    n_tracks
        Tracks of the index that people put it on.
    """

    spelling: str
    n_tracks: int


class UnusedTag(Struct, frozen=True, gc=False):
    """A typed tag that no track of the index carries.

    Parameters
    ----------
    typed
        As typed.
    instead
        Near words that people do use, best first.
    """

    typed: str
    instead: tuple[UsedWord, ...]


class SuggestionReason(Struct, frozen=True, gc=False):
    """A typed tag that speaks for a suggestion.

    Parameters
    ----------
    tag_id
        The typed tag.
    spelling
        Its form to show.
    share
        Of the evidence; the shares of one suggestion add up to 1.
    """

    tag_id: str
    spelling: str
    share: float


class Reach(Struct, frozen=True, gc=False):
    """How much further a track would be seen with one tag more.

    Parameters
    ----------
    searches
        How many more searches, of one tag or two, would show the track in their first 20; below 0 where more are lost.
    per_thousand
        The same, of 1,000 searches that are made as often as tracks carry their tags.
    """

    searches: int
    per_thousand: float


class SuggestedTag(Struct, frozen=True, gc=False):
    """A tag that was probably forgotten.

    Parameters
    ----------
    tag_id
        The same on every machine and with every model.
    spelling
        The form to show.
    probability
        Calibrated, in (0, 1), by all that was typed and heard.
    reasons
        The typed tags that speak for it, strongest first.
    n_tracks
        Tracks of the index that people put it on; null while there is no index to ask.
    reach
        Null while the index knows no reach.
    heard
        How probable it is by the audio alone; null where nobody listened for it.
    """

    tag_id: str
    spelling: str
    probability: float
    reasons: tuple[SuggestionReason, ...]
    n_tracks: int | None
    reach: Reach | None
    heard: float | None


class Suggestions(Struct, frozen=True):
    """Suggestions for the typed tags of one track.

    Parameters
    ----------
    typed
        What each typed tag was taken for.
    unknown
        Typed tags that the model has never seen; they take no part.
    duplicates
        Pairs of typed tags that are the same tag.
    contradictions
        Pairs of typed tags that cannot both be true.
    offers
        For each of `unknown`: known tags that are spelled alike, best first.
    suggestions
        The most probable first.
    reached
        How many searches, of one tag or two, would show the track in their first 20 with just the typed tags; null
        when unknown.
    unused
        Typed tags that no track of the index carries, with words that people do use.
    """

    typed: tuple[TypedTag, ...]
    unknown: tuple[str, ...]
    duplicates: tuple[tuple[str, str], ...]
    contradictions: tuple[tuple[str, str], ...]
    offers: dict[str, tuple[str, ...]]
    suggestions: tuple[SuggestedTag, ...]
    reached: int | None
    unused: tuple[UnusedTag, ...]


class SuggestedTrack(Struct, frozen=True):
    """One track of a batch.

    Parameters
    ----------
    id
        As it was given.
    suggestions
        For its tags.
    """

    id: str
    suggestions: Suggestions


class SuggestedTracks(Struct, frozen=True):
    """A batch of suggestions.

    Parameters
    ----------
    tracks
        In the order in which they were given.
    """

    tracks: tuple[SuggestedTrack, ...]


def suggestions_answer(result: SuggestResult) -> Suggestions:
    """Return suggestions for programs."""
    return Suggestions(
        typed=tuple(TypedTag(tag.typed, tag.tag_id, tag.spelling, tag.known, tag.n_tracks) for tag in result.typed),
        unknown=result.unknown,
        duplicates=result.duplicates,
        contradictions=result.contradictions,
        offers=dict(result.offers),
        suggestions=tuple(map(_suggested, result.suggestions)),
        reached=result.reached,
        unused=tuple(
            UnusedTag(tag.typed, tuple(UsedWord(word.spelling, word.n_tracks) for word in tag.instead))
            for tag in result.unused
        ),
    )


def _suggested(one: NamedSuggestion) -> SuggestedTag:
    return SuggestedTag(
        one.tag_id,
        one.spelling,
        one.probability,
        tuple(SuggestionReason(reason.tag_id, reason.spelling, reason.share) for reason in one.reasons),
        one.n_tracks,
        None if one.reach is None else Reach(one.reach.searches, one.reach.per_thousand),
        one.heard,
    )
