"""Searches at a steady pace beside whatever happens to the servers, each answer looked at for what cannot be true."""

from __future__ import annotations

import random
import threading
import time
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Self

from search.document import Family
from search.engine import BadIndex, EngineHit, IndexBusy, NotLetIn, SearchEngine, SearchUnavailable
from search.plan import Clause, Filters, Group, Plan, Sort, Term
from search.result import SearchRequest
from search.searcher import Searcher
from search.words import fold_value
from tagmodel.model import TagModel
from tagmodel.track import Track
from tests.search.elastic import cluster_catalogue as catalogue
from tests.search.elastic.cluster_catalogue import GENRES, TAGS

SEARCHES_A_SECOND = 20
# Enough to keep the pace where an answer takes half a second.
THREADS = 10


@dataclass(frozen=True)
class Outcome:
    """What became of one search.

    Parameters
    ----------
    begun, took
        Seconds; `begun` since the first search.
    away
        What `SearchUnavailable` said; ``""`` where there was an answer.
    wrong
        What must never be: an answer that cannot be true, or any other exception.
    """

    begun: float
    took: float
    question: str
    away: str = ""
    wrong: str = ""


class Questions:
    """Things to ask, over an index that only grows.

    Parameters
    ----------
    n_rows
        How many rows of each source the index may hold by now; asked after each answer.
    """

    def __init__(self, engine: SearchEngine, model: TagModel, n_rows: Callable[[], dict[str, int]]) -> None:
        self._engine = engine
        self._searcher = Searcher(engine, model)
        self._ids = {tag: model.vocabulary.canonical_id(tag) for tag in TAGS}
        self._n_rows = n_rows
        # Tracks of the newest commit that anybody was told of: no later search may see fewer.
        self._acknowledged = 0

    def all(self) -> list[Callable[[random.Random], None]]:
        return [self.browse, self.carried, self.filtered, self.typed, self.counted, self.read_back]

    def browse(self, chance: random.Random) -> None:
        """Page through everything."""
        least = self._acknowledged
        answer = self._engine.search(Plan(k=10, offset=chance.randrange(4_000)))
        self._check_total(answer.total, max(least, answer.state.n_tracks))
        self._acknowledged = max(self._acknowledged, answer.state.n_tracks)
        assert len(answer.hits) == 10
        ids = [hit.document.track.track_id for hit in answer.hits]
        assert ids == sorted(set(ids))
        self._check_known([hit.document.track for hit in answer.hits])

    def carried(self, chance: random.Random) -> None:
        """Search for tracks of a tag, with facets."""
        tag = self._ids[chance.choice(TAGS)]
        group = Group((Clause(tag, (Term(tag, Family.TYPED, 1.0), Term(tag, Family.IMPLIED, 0.5))),))
        answer = self._engine.search(Plan(groups=(group,), k=15, outside=3, facets=True))
        self._check_total(answer.total)
        assert min(answer.carry_all, answer.carry_some, answer.carry_none) >= 0
        assert answer.carry_all + answer.carry_some + answer.carry_none == answer.total
        assert sum(value.count for value in answer.facets["genre"]) == answer.total
        assert len(answer.hits) == 15
        self._check_order(answer.hits)
        for hit in answer.hits:
            assert tag in (*hit.document.typed, *hit.document.implied)
        for hit in answer.outside:
            assert tag in hit.document.implied
        self._check_known([hit.document.track for hit in (*answer.hits, *answer.outside)])

    def filtered(self, chance: random.Random) -> None:
        """Search within a genre, by year."""
        genre = chance.choice(GENRES)
        answer = self._engine.search(Plan(filters=Filters(genre=(fold_value(genre),)), k=10, sort=Sort.NEWEST))
        self._check_total(answer.total)
        years = [hit.document.track.year or 0 for hit in answer.hits]
        assert years == sorted(years, reverse=True)
        assert {hit.document.track.genre for hit in answer.hits} == {genre}
        self._check_known([hit.document.track for hit in answer.hits])

    def typed(self, chance: random.Random) -> None:
        """Search as a person does."""
        text = " ".join(chance.sample(TAGS[:10], 2))
        result = self._searcher.search(SearchRequest(text, k=10))
        self._check_total(result.total)
        scores = [hit.score for hit in result.hits]
        assert scores == sorted(scores, reverse=True)
        assert result.total > 0
        self._check_known([hit.track for hit in result.hits])

    def counted(self, chance: random.Random) -> None:
        """Count the tracks of a tag, and those without it: together they are all."""
        least = self._acknowledged
        tag = self._ids[chance.choice(TAGS)]
        group = Group((Clause(tag, (Term(tag, Family.TYPED, 1.0),)),), required=True)
        # The first is the older one: with it, the sum may lack what came between, but nothing older.
        n_with = self._engine.count(Plan(groups=(group,)))
        n_without = self._engine.count(Plan(excluded=(tag,)))
        assert n_with > 0
        self._check_total(n_with + n_without, least)

    def read_back(self, chance: random.Random) -> None:
        """Read tracks that were there when the test began."""
        source, n_rows = next(iter(self._n_rows().items()))
        numbers = chance.sample(range(n_rows), 5)
        documents = self._engine.documents([f"{source}:{number}" for number in numbers])
        assert [document and document.track for document in documents] == [
            catalogue.track(source, number) for number in numbers
        ]

    def _check_total(self, total: int, least: int = 0) -> None:
        most = sum(self._n_rows().values())
        assert least <= total <= most, f"{total} tracks, expected {least} to {most}"

    def _check_order(self, hits: Sequence[EngineHit]) -> None:
        order = [(-hit.score, hit.document.track.track_id) for hit in hits]
        assert order == sorted(order)

    def _check_known(self, tracks: Sequence[Track]) -> None:
        n_rows = self._n_rows()
        for track in tracks:
            source, number = catalogue.place(track.track_id)
            assert number < n_rows[source]
            assert track == catalogue.track(source, number)


class Searches:
    """Asks questions at `SEARCHES_A_SECOND`, from several threads, until the context is left."""

    def __init__(self, questions: Sequence[Callable[[random.Random], None]]) -> None:
        self.outcomes: list[Outcome] = []
        self._questions = questions
        self._stopped = threading.Event()
        self._began = time.monotonic()
        self._threads = [threading.Thread(target=self._ask, args=(number,)) for number in range(THREADS)]

    def __enter__(self) -> Self:
        self._began = time.monotonic()
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._stopped.set()
        for thread in self._threads:
            thread.join()

    @property
    def now(self) -> float:
        """Seconds since the first search."""
        return time.monotonic() - self._began

    def _ask(self, number: int) -> None:
        chance = random.Random(number)
        every = THREADS / SEARCHES_A_SECOND
        turn = number / SEARCHES_A_SECOND
        while not self._stopped.wait(max(0.0, turn - self.now)):
            self.outcomes.append(self._outcome(chance.choice(self._questions), chance))
            # A thread that was held up leaves out what it has missed.
            turn = max(turn + every, self.now - every)

    def _outcome(self, question: Callable[[random.Random], None], chance: random.Random) -> Outcome:
        begun, away, wrong = self.now, "", ""
        try:
            question(chance)
        except (BadIndex, IndexBusy, NotLetIn) as error:
            wrong = f"{type(error).__name__}: {error}"  # the index is there, and ours
        except SearchUnavailable as error:
            away = str(error) or "?"
        except BaseException:  # noqa: BLE001 - whatever it is, it is what the test is about
            wrong = traceback.format_exc()
        return Outcome(begun, self.now - begun, question.__name__, away, wrong)
