"""Suggestions for a creator: what is odd about the typed tags, and which tags they lack.

The model alone suggests. The index, where there is one, says how many tracks carry a tag, which typed tags nobody uses,
and how many more searches would show the track; so suggestions work while no index does. Where somebody listened, what
was heard is weighed together with what was typed, into one list.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from search.engine import SearchEngine, SearchUnavailable
from search.lexicon import Lexicon
from search.reach import Gains, ReachKeeper, ReachTable
from search.result import NamedReason, NamedSuggestion, Reach, SuggestResult, TypedTag
from search.typed_tags import UsedTags, Words
from tagmodel.model import Suggestion, TagModel

# What was heard in a recording: probability in [0, 1] by tag as the tagger spells it.
Heard = Mapping[str, float]
NOTHING_HEARD: Heard = MappingProxyType({})


@dataclass(frozen=True)
class IndexSide:
    """The index as suggestions ask it."""

    engine: SearchEngine
    lexicon: Lexicon
    reach: ReachKeeper


@dataclass(frozen=True)
class Suggester:
    """Suggests tags by one model, with what an index knows of them; may be shared by threads.

    Parameters
    ----------
    index
        None where there is none. While it is away, what it would say is unknown.
    """

    model: TagModel
    index: IndexSide | None = None

    def suggest(self, typed: Sequence[str], k: int = 10, heard: Heard = NOTHING_HEARD) -> SuggestResult:
        """Suggest tags to a creator who typed some, or whose recording was listened to.

        Parameters
        ----------
        typed
            Spellings as typed; what holds no letter or digit is no tag and passed over.
        """
        return self.suggest_batch([typed], k, [heard])[0]

    def suggest_batch(
        self, rows: Sequence[Sequence[str]], k: int = 10, heard: Sequence[Heard] = ()
    ) -> tuple[SuggestResult, ...]:
        """Suggest tags for many tracks at once: for each the same as for it alone.

        Parameters
        ----------
        heard
            Parallel to `rows`, or empty where nobody listened.
        """
        heard = heard or [NOTHING_HEARD] * len(rows)
        if self.index is not None:
            try:
                used = UsedTags(self.index.lexicon, self.index.engine.tag_counts())
                return self._suggest(rows, k, heard, Words(self.model, used), self.index.reach.reading().table)
            except SearchUnavailable:
                pass  # the model alone can answer
        return self._suggest(rows, k, heard, Words(self.model), None)

    def _suggest(
        self,
        rows: Sequence[Sequence[str]],
        k: int,
        heard: Sequence[Heard],
        words: Words,
        reach: ReachTable | None,
    ) -> tuple[SuggestResult, ...]:
        typed = [words.typed_tags(row) for row in rows]
        spelled = [{words.tag_id(tag): tag for tag in one if words.tag_id(tag)} for one in heard]
        found = self._found(typed, k, heard, spelled)
        tracks = [
            ([tag.tag_id for tag in tags], [one.tag_id for one in added])
            for tags, added in zip(typed, found, strict=True)
        ]
        gains = [None] * len(rows) if reach is None else reach.gains(self.model, tracks)
        return tuple(_result(words, *track) for track in zip(typed, found, gains, spelled, strict=True))

    def _found(
        self,
        typed: Sequence[Sequence[TypedTag]],
        k: int,
        heard: Sequence[Heard],
        spelled: Sequence[Mapping[str, str]],
    ) -> list[tuple[Suggestion, ...]]:
        """Ask the model for each track; where nobody listened, by what was typed, for all of those at once."""
        known = [[tag.tag_id for tag in tags if tag.known] for tags in typed]
        silent = iter(self.model.suggest_batch([ids for ids, one in zip(known, heard, strict=True) if not one], k))
        return [
            self.model.suggest_heard(ids, {tag_id: one[tag] for tag_id, tag in names.items()}, k)
            if one
            else next(silent)
            for ids, one, names in zip(known, heard, spelled, strict=True)
        ]


def _result(
    words: Words,
    typed: tuple[TypedTag, ...],
    found: Sequence[Suggestion],
    gains: Gains | None,
    spelled: Mapping[str, str],
) -> SuggestResult:
    reaches: Sequence[Reach | None] = [None] * len(found) if gains is None else gains.added
    return SuggestResult(
        typed=typed,
        unknown=tuple(tag.typed for tag in typed if not tag.known),
        offers=words.offers(typed),
        duplicates=words.duplicates(typed),
        contradictions=words.contradictions(typed),
        suggestions=tuple(_named(words, one, reach, spelled) for one, reach in zip(found, reaches, strict=True)),
        reached=None if gains is None else gains.reached,
        unused=words.unused(typed),
    )


def _named(words: Words, one: Suggestion, reach: Reach | None, spelled: Mapping[str, str]) -> NamedSuggestion:
    reasons = (NamedReason(reason.tag_id, words.spelling(reason.tag_id), reason.share) for reason in one.reasons)
    return NamedSuggestion(
        one.tag_id,
        words.spelling(one.tag_id, spelled.get(one.tag_id, "")),
        one.probability,
        tuple(reasons),
        words.n_tracks(one.tag_id),
        reach,
        one.heard,
    )
