"""Finding what is like some references: by sound, by tags, or by both, on any engine.

Tags of the references are wishes: a track that sounds right and was never tagged is found, too. An engine demands what
a plan asks for, so it is asked twice, with the tags and without; a track's score is the better of the two. Tags typed
with the search are demands, as in any search.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from search.engine import EngineHit, SearchEngine
from search.expansion import DEFAULT_DRIFT, Expander, Expansion, in_units
from search.lexicon import Lexicon, Moment
from search.naming import Namer
from search.plan import SHARES, Clause, Group, Plan, SoundTarget
from search.query import Query, QueryError, parse_query
from search.similar_hits import Describer, SimilarHit, SimilarResult, scored_by_moment
from search.similar_sound import RERANKED, SimilarRequest
from tagmodel.track import Track

# A file may lie in a catalogue several times; so many copies of each reference are passed over.
_COPIES = 4


@dataclass(frozen=True)
class SimilarFinder:
    """Finds what is like some references in one index; may be shared by threads.

    Parameters
    ----------
    query_of_tags
        Makes the query that asks for the telling ones of some tags, as alternatives.
    """

    engine: SearchEngine
    lexicon: Lexicon
    expander: Expander
    namer: Namer
    query_of_tags: Callable[[Sequence[str], Moment], Query]

    def find(self, request: SimilarRequest) -> SimilarResult:
        """Find what is like the references.

        Raises
        ------
        RequestError
            If the references cancel each other out.
        QueryError
            If the text is no query, or holds a word that nobody uses.
        SearchUnavailable
            If the engine cannot answer.
        """
        moment = self.lexicon.now()
        query = _understood(parse_query(request.text, self.lexicon, table=moment.table))
        wished = self._wished(request, query, moment)
        expansion = self.expander.expand(wished or query, _drift(request))
        plan = _plan(request, query, expansion)
        if not (plan.groups or plan.sound):  # nobody put a tag on any of them
            return SimilarResult(request, query, request.by, (), (), False, 0, moment.state)
        plans = [plan, replace(plan, groups=())] if wished and plan.groups and plan.sound else [plan]
        answers = [self.engine.search(one) for one in plans]
        same, found = _parted(request, _best_of(hit for answer in answers for hit in answer.hits))
        describer = Describer(request, moment, self.namer.hits(plan, expansion, moment))
        hits = list(map(describer.hit, found))
        by_moment = request.is_excerpt and plan.sound is not None
        if by_moment:
            hits = sorted((scored_by_moment(hit, request.share) for hit in hits), key=_order)
        n_compared = max(answer.total for answer in answers)
        best = tuple(hits[: request.k])
        return SimilarResult(request, query, request.by, best, same, by_moment, n_compared, moment.state)

    def _wished(self, request: SimilarRequest, query: Query, moment: Moment) -> Query | None:
        """Return the query with the tags of the references; None where it has tags itself, or sound has it all."""
        if query.groups or request.share == SHARES:
            return None
        tags = tuple(dict.fromkeys(tag for one in request.like for tag in one.tags))
        # Narrower tags of an excluded one are out as well, unless they are asked for: so they must not be.
        excluded = set(self.expander.expand(query, 0.0).excluded_ids())
        wished = self.query_of_tags([tag for tag in tags if tag not in excluded], moment)
        return replace(query, groups=wished.groups)


def _understood(query: Query) -> Query:
    """Return a query of which every word means something: there is no second best to relax to."""
    for unknown in query.unknown:
        if unknown.needed:
            offers = f"; did you mean {' or '.join(unknown.offers)}?" if unknown.offers else ""
            message = f"expected tags, filters or words of titles, got {unknown.typed}, which nobody uses{offers}"
            raise QueryError(message, unknown.position, len(unknown.typed), query.text)
    return query


def _drift(request: SimilarRequest) -> float:
    if request.drift is not None:
        return request.drift
    # Beside sound most tracks have only tags that were heard, which count from the first step of the dial.
    return DEFAULT_DRIFT if request.share else 0.0


def _plan(request: SimilarRequest, query: Query, expansion: Expansion) -> Plan:
    references = (*request.like, *request.unlike)
    groups, excluded = expansion.plan_groups(), expansion.excluded_ids()
    k = request.k + _COPIES * sum(bool(one.audio_id) for one in references)
    return Plan(
        groups=_weighing_one(groups) if request.share else groups,
        words=tuple(word.word for word in query.words),
        excluded=excluded,
        demoted=excluded,
        without_tracks=tuple(dict.fromkeys(one.track_id for one in references if one.track_id)),
        sound=SoundTarget(request.target(), request.share) if request.share else None,
        filters=query.filters,
        k=max(k, RERANKED) if request.is_excerpt else k,
    )


def _weighing_one(groups: tuple[Group, ...]) -> tuple[Group, ...]:
    """Scale the weights of tags such that a track with all of them scores 1, as one that sounds the same does."""
    whole = sum(clause.terms[0].weight for group in groups for clause in group.clauses)
    return tuple(
        replace(group, clauses=tuple(_weighed(clause, 1.0 / whole) for clause in group.clauses)) for group in groups
    )


def _weighed(clause: Clause, factor: float) -> Clause:
    terms = (replace(term, weight=in_units(term.weight * factor)) for term in clause.terms)
    return replace(clause, terms=tuple(terms))


def _best_of(hits: Iterable[EngineHit]) -> list[EngineHit]:
    """Return hits of several searches as one list, each track with its best score."""
    best: dict[str, EngineHit] = {}
    for hit in hits:
        track_id = hit.document.track.track_id
        if track_id not in best or hit.score > best[track_id].score:
            best[track_id] = hit
    return sorted(best.values(), key=lambda hit: _place(hit.score, hit.document.track))


def _order(hit: SimilarHit) -> tuple[float, bool, str]:
    return _place(hit.score, hit.track)


def _place(score: float, track: Track) -> tuple[float, bool, str]:
    """Order as engines do: by score, those with a title first, by id."""
    return -score, not track.title, track.track_id


def _parted(request: SimilarRequest, hits: Iterable[EngineHit]) -> tuple[tuple[Track, ...], list[EngineHit]]:
    """Part tracks of the very audio that was given from all others."""
    given = {one.audio_id for one in (*request.like, *request.unlike) if one.audio_id}
    same: list[EngineHit] = []
    others: list[EngineHit] = []
    for hit in hits:
        sound = hit.document.sound
        (same if sound is not None and sound.audio_id in given else others).append(hit)
    return tuple(hit.document.track for hit in same), others
