"""One search from text to result: parse, expand, execute, relax when nothing is found, explain.

Command line, pages and API all come through here, so that the same question gets the same answer everywhere.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

from search.document import Document
from search.engine import EngineAnswer, SearchEngine
from search.expansion import Expander, Expansion
from search.lexicon import Lexicon, Moment
from search.naming import Namer, excluded_chip, named_facets
from search.plan import Plan
from search.query import Query, QueryError, QueryGroup, QueryTag, parse_query
from search.reach import ReachKeeper, ReachReading
from search.reach_found import Finder
from search.relaxing import relax
from search.result import FoundBy, Hit, SearchRequest, SearchResult, SuggestResult
from search.similar_finding import SimilarFinder
from search.similar_hits import SimilarResult
from search.similar_sound import Reference, SimilarRequest
from search.suggesting import NOTHING_HEARD, Heard, IndexSide, Suggester
from search.track_names import tracks_named
from tagmodel.model import TagModel
from tagmodel.track import Track

# Most tags of a track that a search for similar ones asks for: the most telling ones.
SIMILAR_TAGS = 10


class UnknownTrack(LookupError):
    """No track of that id is in the index."""


class Searcher:
    """Searches one index with one tag model.

    Parameters
    ----------
    engine
        Any engine; it stays the caller's to close.
    model
        The tag model whose kin expand queries. Implied tags come from the index, whichever model made them.
    """

    def __init__(self, engine: SearchEngine, model: TagModel) -> None:
        self.engine = engine
        self.model = model
        self.lexicon = Lexicon(model.vocabulary, engine)
        self._namer = Namer(model.vocabulary)
        self._expander = Expander(model.kin, model.vocabulary, self.lexicon.narrower)
        self._reach = ReachKeeper(engine, model)
        self._finder = Finder(engine, self.lexicon, self._expander)
        self._similar = SimilarFinder(engine, self.lexicon, self._expander, self._namer, self._query_of_tags)
        self._suggester = Suggester(model, IndexSide(engine, self.lexicon, self._reach))

    def search(self, request: SearchRequest) -> SearchResult:
        """Run a search.

        Raises
        ------
        QueryError
            If the text is no query; it points at the place.
        SearchUnavailable
            If the engine cannot answer.
        """
        # The answer says which state it saw, so that the state need not be asked for before each search.
        moment = self.lexicon.latest()
        try:
            result = self._search_at(moment, request)
            current = moment if result.state == moment.state else self.lexicon.now()
        except QueryError:
            current = self.lexicon.now()
            if current is moment:
                raise
        return result if current is moment else self._search_at(current, request)

    def _search_at(self, moment: Moment, request: SearchRequest) -> SearchResult:
        """Search with the words of a moment; the answer may be of a later one."""
        query = parse_query(request.text, self.lexicon, literal=request.literal, table=moment.table)
        expansion = self._expander.expand(query, request.drift, request.without, request.keep)
        plan = self._plan(request, query, expansion)
        # A word that nobody uses, neither as a tag nor in a title, is asked for all the same: nothing has it.
        missing = tuple(unknown.typed for unknown in query.unknown if unknown.needed)
        lost: tuple[str, ...] = ()
        answer = self.engine.search(plan)
        if answer.total == 0 or missing:
            plan, answer, lost = relax(self.engine, query, plan, answer, missing)
        if lost:
            answer = _short_of_words(answer, plan)
        # Where nothing carries a word, the hits are outside already: a second list would repeat the first.
        outside = answer.outside if answer.carry_all or answer.carry_some else ()
        named = self._namer.hits(plan, expansion, moment)
        return SearchResult(
            request=request,
            query=query,
            chips=self._namer.chips(expansion, moment),
            excluded=tuple([excluded_chip(tag, moment) for tag in expansion.excluded]),
            hits=named(answer.hits),
            outside=named(outside),
            total=answer.total,
            carry_all=answer.carry_all,
            carry_some=answer.carry_some,
            carry_none=answer.carry_none,
            relaxed=lost,
            state=answer.state,
            facets=named_facets(answer.facets, moment),
        )

    def similar(self, track_id: str, k: int = 10, drift: float = 0.0) -> tuple[Hit, ...]:
        """Return the tracks most like a track by tags, each with the tags that make it so.

        Its own typed tags are asked for as alternatives, weighing more the fewer tracks carry them (a shared *sitar*
        says more than a shared *guitar*), at most `SIMILAR_TAGS` of them.

        Raises
        ------
        UnknownTrack
            If there is no such track.
        """
        moment = self.lexicon.now()
        query = self._query_of_tags(self.document(track_id).typed, moment)
        expansion = self._expander.expand(query, drift)
        plan = Plan(groups=expansion.plan_groups(), k=k + 1)
        if not plan.groups:
            return ()
        found = [hit for hit in self.engine.search(plan).hits if hit.document.track.track_id != track_id]
        return self._namer.hits(plan, expansion, moment)(found[:k])

    def similar_sound(self, request: SimilarRequest) -> SimilarResult:
        """Return what is like some references by sound, by tags or by both.

        Raises
        ------
        RequestError
            If the references cancel each other out.
        QueryError
            If the text of the request is no query, or holds a word that nobody uses.
        """
        return self._similar.find(request)

    def reference(self, track_id: str) -> Reference:
        """Return a track of the index as something that others may be like.

        Raises
        ------
        UnknownTrack
            If there is no such track.
        """
        return Reference.of_document(self.document(track_id))

    def tracks_named(self, text: str) -> tuple[Track, ...]:
        """Return the track that a name means; several, likeliest first, where it may mean any of them; or none."""
        return tracks_named(self.engine, text)

    def document(self, track_id: str) -> Document:
        """Return what the index stores of a track.

        Raises
        ------
        UnknownTrack
            If there is no such track.
        """
        (document,) = self.engine.documents([track_id])
        if document is None:
            raise UnknownTrack(f"no track {track_id!r} in this index")
        return document

    def found_by(self, track_id: str, k: int = 12) -> tuple[FoundBy, ...]:
        """Return the probe searches that show a track in their first 20, most used first; none without reach.

        Raises
        ------
        UnknownTrack
            If there is no such track.
        """
        document, table = self.document(track_id), self.reach().table
        return () if table is None else self._finder.found_by(document, table, k)

    def reach(self) -> ReachReading:
        """Return the probe searches of the index as it is now, or why there are none."""
        return self._reach.reading()

    def suggest(self, typed: Sequence[str], k: int = 10, heard: Heard = NOTHING_HEARD) -> SuggestResult:
        """Suggest tags by those typed and by what was heard; works while the index is away, without counts."""
        return self._suggester.suggest(typed, k, heard)

    def suggest_batch(
        self, rows: Sequence[Sequence[str]], k: int = 10, heard: Sequence[Heard] = ()
    ) -> tuple[SuggestResult, ...]:
        """Suggest tags for many tracks at once, the same as for each alone."""
        return self._suggester.suggest_batch(rows, k, heard)

    def _query_of_tags(self, tag_ids: Sequence[str], moment: Moment) -> Query:
        counts, n_tracks = moment.counts, moment.state.n_tracks
        telling = {tag_id: math.log((n_tracks + 1) / counts.get(tag_id, 1)) for tag_id in tag_ids}
        best = sorted(tag_ids, key=lambda tag_id: (-telling[tag_id], tag_id))[:SIMILAR_TAGS]
        tags = tuple(
            QueryTag(tag_id, moment.spellings[tag_id], telling[tag_id], 0, tag_id in self.model.vocabulary)
            for tag_id in best
        )
        return Query(text="", groups=(QueryGroup(tags, False),) if tags else ())

    def _plan(self, request: SearchRequest, query: Query, expansion: Expansion) -> Plan:
        return Plan(
            groups=expansion.plan_groups(),
            words=tuple(word.word for word in query.words),
            excluded=expansion.excluded_ids(),
            demoted=expansion.excluded_ids(),
            filters=query.filters,
            k=request.k,
            offset=request.offset,
            outside=request.outside if query.groups else 0,
            facets=request.facets,
            sort=request.sort,
        )


def _short_of_words(answer: EngineAnswer, left: Plan) -> EngineAnswer:
    """Count hits of a relaxed search against all that was typed: none carries it all, whatever is left of the query."""
    if left.groups:
        return replace(answer, carry_all=0, carry_some=answer.carry_all + answer.carry_some)
    return replace(answer, carry_all=0, carry_some=0, carry_none=answer.total)
