"""Which searches people make, as far as can be told before any is logged: the probe searches.

Every tag that tracks carry, and each pair of tags that people typed together often enough, the most used pairs first.
How often a search is made is not known either; the number of tracks that carry all its tags is the best proxy at hand.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import NamedTuple

import numpy as np

from search.expansion import Expander, Expansion
from search.query import Query, QueryGroup, QueryTag
from tagmodel.vocabulary import Vocabulary

# Tracks that must carry both tags of a pair: fewer are chance as likely as custom.
LEAST_SUPPORT = 5
# Pairs that become probes, the most used ones.
MOST_PAIRS = 10_000


class Probe(NamedTuple):
    """A search for one tag or two.

    Parameters
    ----------
    tags
        Ids; of two the smaller first.
    uses
        Tracks that carry them all.
    """

    tags: tuple[str, ...]
    uses: int


def choose_probes(
    counts: Mapping[str, int], typed: Iterable[Sequence[str]], vocabulary: Vocabulary
) -> tuple[Probe, ...]:
    """Choose the probe searches of an index: single tags by id, then pairs by use.

    Parameters
    ----------
    counts
        Tracks by tag id.
    typed
        The typed tag ids of each track.
    """
    singles = [Probe((tag_id,), counts[tag_id]) for tag_id in sorted(counts)]
    pairs = _pairs_by_use([tag_id for tag_id in sorted(counts) if counts[tag_id] >= LEAST_SUPPORT], typed)
    sensible = (pair for pair in pairs if not _contradict(vocabulary, *pair.tags))
    return (*singles, *islice(sensible, MOST_PAIRS))


def _pairs_by_use(tags: Sequence[str], typed: Iterable[Sequence[str]]) -> Iterator[Probe]:
    """Yield the pairs that enough tracks carry, most used first, ties by id."""
    from scipy.sparse import csr_array, triu

    place = {tag_id: at for at, tag_id in enumerate(tags)}
    columns = [[place[tag_id] for tag_id in ids if tag_id in place] for ids in typed]
    starts = np.cumsum([0, *map(len, columns)])
    flat = np.fromiter((at for row in columns for at in row), np.int32, count=starts[-1])
    carried = csr_array((np.ones(len(flat), np.int32), flat, starts), (len(columns), len(tags)))
    both = triu(carried.T @ carried, k=1, format="coo")
    enough = both.data >= LEAST_SUPPORT
    first, second = both.coords
    first, second, uses = first[enough], second[enough], both.data[enough]
    for at in np.lexsort((second, first, -uses)).tolist():
        yield Probe((tags[first[at]], tags[second[at]]), int(uses[at]))


def _contradict(vocabulary: Vocabulary, one: str, other: str) -> bool:
    return vocabulary.contradicts(one, other) or vocabulary.contradicts(other, one)


def probe_query(tags: Sequence[str], spellings: Sequence[str]) -> Query:
    """Return the query that asks for all of some tags, each weighing 1."""
    named = zip(tags, spellings, strict=True)
    return Query(text="", groups=tuple(QueryGroup((QueryTag(tag_id, spelling),)) for tag_id, spelling in named))


def expand_probe(expander: Expander, tags: Sequence[str]) -> Expansion:
    """Expand a probe as a search for its tags is expanded when nobody turns the dial."""
    return expander.expand(probe_query(tags, tags))
