"""Two hundred different questions to the API, drawn from a catalogue with a seed: what people ask, and what is hard."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from search.engine import SearchEngine


@dataclass(frozen=True)
class Words:
    """What questions are made of.

    Parameters
    ----------
    tags
        Spellings, the most used first.
    track_ids, titles
        Of some tracks, and words of their titles.
    """

    tags: Sequence[str]
    track_ids: Sequence[str]
    titles: Sequence[str]


def words_of(engine: SearchEngine, seed: int) -> Words:
    """Draw them from an index."""
    chance = random.Random(seed)
    counts = engine.tag_counts()
    best = sorted(counts, key=lambda tag_id: (-counts[tag_id], tag_id))[:400]
    documents = chance.sample(list(engine.all_documents()), 400)
    titles = sorted({word for document in documents for word in document.track.title.split() if word.isalpha()})
    return Words(
        tags=[engine.tag_spelling(tag_id) or tag_id for tag_id in best],
        track_ids=[document.track.track_id for document in documents],
        titles=chance.sample(titles, 40),
    )


def varied_requests(words: Words, seed: int) -> list[str]:
    """Return 200 addresses of the API."""
    chance = random.Random(seed)
    drawn = _Drawn(words, chance)
    asked = [make(drawn) for make, count in _KINDS.items() for _ in range(count)]
    assert len(asked) == 200
    return asked


@dataclass
class _Drawn:
    words: Words
    chance: random.Random

    def tag(self, among: int = 150) -> str:
        return quoted(self.chance.choice(self.words.tags[:among]))

    def different(self, count: int, among: int = 150) -> list[str]:
        return [quoted(tag) for tag in self.chance.sample(self.words.tags[:among], count)]

    def tags(self, count: int, among: int = 150) -> str:
        return " ".join(self.different(count, among))

    def number(self, low: int, high: int) -> int:
        return self.chance.randint(low, high)


def quoted(tag: str) -> str:
    return f'"{tag}"'


def search(q: str, **parameters: object) -> str:
    return f"/api/v1/search?{urlencode({'q': q, **parameters})}"


def two_tags(drawn: _Drawn) -> str:
    return search(drawn.tags(2), drift=drawn.number(0, 4) / 4, facets="true", k=20)


def many_tags(drawn: _Drawn) -> str:
    return search(drawn.tags(drawn.number(3, 6), 60), k=10, outside=8)


def excluded(drawn: _Drawn) -> str:
    return search("{} -{} -{}".format(*drawn.different(3)), facets="true")


def demanded_and_alternatives(drawn: _Drawn) -> str:
    return search("+{} ({} OR {}^2)".format(*drawn.different(3)), drift=0.75)


def filtered(drawn: _Drawn) -> str:
    one = drawn.chance.choice(
        ['genre:Rock', 'genre:"Hip-Hop"', "genre:none", "year:2005..2012", "duration:1:00..4:00", "license:none"]
    )
    return search(f"{drawn.tag(60)} {one}", facets="true")


def deeper(drawn: _Drawn) -> str:
    # One tag, no kin: most scores are equal, so that the edges of pages lie within ties.
    return search(drawn.tag(40), drift=0, k=drawn.number(5, 50), offset=drawn.number(1, 900))


def second_page(drawn: _Drawn) -> str:
    return search(drawn.tags(2, 40), k=20, offset=20, facets="true")


def relaxed(drawn: _Drawn) -> str:
    return search(" ".join(map(quoted, drawn.chance.sample(drawn.words.tags[-120:], 3))), drift=0)


def corrected(drawn: _Drawn) -> str:
    tag = drawn.chance.choice([tag for tag in drawn.words.tags if len(tag) > 6 and tag.isalpha()])
    at = drawn.number(1, len(tag) - 2)
    return search(tag[:at] + tag[at + 1 :])


def by_title(drawn: _Drawn) -> str:
    return search(f"{drawn.chance.choice(drawn.words.titles)} {drawn.tag(40)}")


def sorted_otherwise(drawn: _Drawn) -> str:
    order = drawn.chance.choice(["duration", "-duration", "year", "-year"])
    return search(drawn.tag(60), sort=order, facets="true", offset=drawn.number(0, 30))


def everything(drawn: _Drawn) -> str:
    return search("", facets="true", offset=drawn.number(0, 9_000))


def similar(drawn: _Drawn) -> str:
    return f"/api/v1/similar?{urlencode({'id': drawn.chance.choice(drawn.words.track_ids), 'k': 8})}"


def track(drawn: _Drawn) -> str:
    return f"/api/v1/track?{urlencode({'id': drawn.chance.choice(drawn.words.track_ids)})}"


def suggested(drawn: _Drawn) -> str:
    tags = ", ".join(drawn.chance.sample(drawn.words.tags, 3))
    return f"/api/v1/suggest?{urlencode({'tags': tags, 'k': 12})}"


def completed(drawn: _Drawn) -> str:
    return f"/api/v1/tags?{urlencode({'prefix': drawn.chance.choice(drawn.words.tags)[:3], 'k': 10})}"


def about_a_tag(drawn: _Drawn) -> str:
    kind = drawn.chance.choice(["tag", "kin"])
    return f"/api/v1/{kind}?{urlencode({'tag': drawn.chance.choice(drawn.words.tags)})}"


def stats(_: _Drawn) -> str:
    return "/api/v1/stats?k=50"


_KINDS: dict[Callable[[_Drawn], str], int] = {
    two_tags: 30, many_tags: 15, excluded: 20, demanded_and_alternatives: 15, filtered: 20, deeper: 15, second_page: 12,
    relaxed: 12, corrected: 12, by_title: 8, sorted_otherwise: 8, everything: 3, similar: 8, track: 6, suggested: 6,
    completed: 5, about_a_tag: 4, stats: 1,
}  # fmt: skip


def differences(left: object, right: object, at: str = "") -> Iterator[str]:
    """Yield where two answers differ, but for what names the state of an index."""
    if isinstance(left, dict) and isinstance(right, dict):
        for key in sorted({*left, *right}):
            if key not in {"generation", "delta", "seconds"}:
                yield from differences(left.get(key), right.get(key), f"{at}.{key}")
    elif isinstance(left, list) and isinstance(right, list) and len(left) == len(right):
        for number, (one, other) in enumerate(zip(left, right, strict=True)):
            yield from differences(one, other, f"{at}[{number}]")
    elif left != right:
        yield f"{at}: {left!r} != {right!r}"
