"""What is like some references: blocks of tracks that sound alike, so that every answer is known."""

from __future__ import annotations

from collections.abc import Iterator
from typing import cast

import numpy as np
import pytest

from search.document import Family
from search.embedded import EmbeddedEngine
from search.engine import SearchEngine
from search.query import QueryError
from search.result import RequestError
from search.searcher import Searcher
from search.similar_sound import (
    EXCERPT_SECONDS,
    MOMENT_WEIGHT,
    UNLIKE_SHARE,
    Reference,
    SimilarRequest,
    combine,
    nearest_moment,
)
from search.sound import quantize, similarity
from tagmodel.model import TagModel
from tests.search.engine_contract import fill
from tests.search.small_catalogue import an_id
from tests.search.sound_blocks import CALM, CATALOGUE, LOUD, moment
from tests.search.worlds import SmallModel


def over(engine: SearchEngine) -> Searcher:
    return Searcher(engine, cast(TagModel, SmallModel()))


@pytest.fixture(scope="module")
def searcher(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Searcher]:
    engine = EmbeddedEngine.open(tmp_path_factory.mktemp("similar") / "index", create=True)
    fill(engine, *CATALOGUE)
    yield over(engine)
    engine.close()


def test_every_engine_gives_the_same(engine: SearchEngine, searcher: Searcher) -> None:
    fill(engine, *CATALOGUE)
    calm, loud = searcher.reference("calm:1"), searcher.reference("loud:1")
    short = heard_now(quantize(CALM), 5.0, audio_id="a" * 32)
    for request in (
        SimilarRequest((calm,), k=10),
        SimilarRequest((calm, loud), (searcher.reference("odd:1"),), k=10, mix=0.3),
        SimilarRequest((short,), k=10, mix=0.6, text="-slow"),
        SimilarRequest((calm,), k=10, text="bpm:90..110 +rock", mix=0.5),
        SimilarRequest((searcher.reference("silent:1"),)),
    ):
        assert over(engine).similar_sound(request).hits == searcher.similar_sound(request).hits


def ids(searcher: Searcher, like: Reference, **asked: object) -> list[str]:
    result = searcher.similar_sound(SimilarRequest((like,), **{"k": 10, **asked}))  # type: ignore[arg-type]
    return [hit.track.track_id for hit in result.hits]


def heard_now(vector: bytes, seconds: float = 30.0, **values: object) -> Reference:
    return Reference("a file", vector, seconds, **values)  # type: ignore[arg-type]


def test_a_track_is_followed_by_what_sounds_most_like_it_and_is_not_among_the_hits(searcher: Searcher) -> None:
    result = searcher.similar_sound(SimilarRequest((searcher.reference("calm:1"),), k=2))
    assert (result.by, [hit.track.track_id for hit in result.hits]) == ("sound", ["calm:2", "calm:3"])
    first = result.hits[0]
    assert first.similarity == similarity(CATALOGUE[0].sound.vector, CATALOGUE[1].sound.vector)  # type: ignore[union-attr]
    assert first.score == pytest.approx((1 + first.similarity) / 2, abs=1e-5)
    assert first.sound_amount == first.score


def test_only_tracks_that_were_listened_to_are_found_by_sound(searcher: Searcher) -> None:
    assert "silent:1" not in ids(searcher, searcher.reference("calm:1"))
    assert ids(searcher, searcher.reference("silent:1"))[0] == "calm:1"  # by tags, as there is nothing else
    with pytest.raises(RequestError, match="nobody has listened to Silent"):
        SimilarRequest((searcher.reference("silent:1"),), mix=0.0)


def test_shared_tags_are_reasons_typed_or_heard(searcher: Searcher) -> None:
    result = searcher.similar_sound(SimilarRequest((searcher.reference("calm:1"),), k=2))
    assert [[(tag.spelling, tag.family) for tag in hit.shared] for hit in result.hits] == [
        [("piano", Family.HEARD)],
        [("jazz", Family.TYPED)],
    ]


def test_unlike_turns_away_from_what_it_resembles(searcher: Searcher) -> None:
    both = heard_now(quantize(CALM + LOUD))
    assert ids(searcher, both, unlike=(searcher.reference("loud:1"),))[0].startswith("calm")
    assert ids(searcher, both, unlike=(searcher.reference("calm:1"),))[0].startswith("loud")
    assert "loud:1" not in ids(searcher, both, unlike=(searcher.reference("loud:1"),))


def test_a_mix_with_tags_brings_what_shares_them_up_and_keeps_untagged_tracks(searcher: Searcher) -> None:
    like = heard_now(quantize(CALM), tags=(an_id("rock"),))
    by_sound, mixed = ids(searcher, like), ids(searcher, like, mix=0.6)
    assert by_sound[0] == "calm:1"
    assert mixed[0] in {"loud:1", "loud:2"}
    assert set(mixed) == set(by_sound)
    assert ids(searcher, like, mix=1.0) == ["loud:1", "loud:2"]


@pytest.mark.parametrize("mix", [0.0, 0.25, 0.5, 0.9, 1.0])
def test_tags_and_sound_add_up_to_the_score(searcher: Searcher, mix: float) -> None:
    result = searcher.similar_sound(SimilarRequest((searcher.reference("calm:1"),), k=10, mix=mix))
    share = round(16 * (1 - mix))
    for hit in result.hits:
        expected = share / 16 * (1 + hit.similarity) / 2 if hit.similarity is not None and share else 0.0
        assert hit.sound_amount == pytest.approx(expected, abs=1e-5)
        assert hit.sound_amount + sum(bar.amount for bar in hit.contributions) == pytest.approx(hit.score)
        assert mix == 1.0 or hit.score <= 1.0 + 1e-9
    scores = [hit.score for hit in result.hits]
    assert scores == sorted(scores, reverse=True)


def test_by_tags_alone_is_what_similar_tracks_always_were(searcher: Searcher) -> None:
    result = searcher.similar_sound(SimilarRequest((searcher.reference("calm:1"),), mix=1.0))
    before = searcher.similar("calm:1", 5)
    assert [(hit.track.track_id, hit.score, hit.contributions) for hit in result.hits] == [
        (hit.track.track_id, hit.score, hit.contributions) for hit in before
    ]


def test_filters_tags_and_exclusions_of_the_query_language_hold(searcher: Searcher) -> None:
    like = searcher.reference("calm:1")
    assert ids(searcher, like, text="genre:jazz") == ["calm:3"]
    assert ids(searcher, like, text="-piano") == ["calm:3", "odd:1", "loud:1"]
    assert ids(searcher, like, text="bpm:90..110") == ["loud:2"]
    assert ids(searcher, like, text="+rock") == ["loud:2", "loud:1"]
    with pytest.raises(QueryError, match="got zeuhl, which nobody uses"):
        ids(searcher, like, text="zeuhl")


def test_tags_typed_with_the_search_are_mixed_in_instead_of_those_of_the_reference(searcher: Searcher) -> None:
    result = searcher.similar_sound(SimilarRequest((searcher.reference("calm:1"),), k=10, mix=0.5, text="+rock"))
    assert [[bar.spelling for bar in hit.contributions] for hit in result.hits] == [["rock"], ["rock"]]


def test_an_excerpt_is_ranked_by_the_best_moment_too_and_the_moment_is_shown(searcher: Searcher) -> None:
    calm = quantize(CALM)
    whole = searcher.similar_sound(SimilarRequest((heard_now(calm, EXCERPT_SECONDS),), k=10))
    short = searcher.similar_sound(SimilarRequest((heard_now(calm, 5.0),), k=10))
    assert (whole.by_moment, short.by_moment) == (False, True)
    before, after = ({hit.track.track_id: hit for hit in result.hits} for result in (whole, short))
    odd = after["odd:1"]
    assert odd.moment is not None
    assert (odd.moment.start, odd.moment.seconds, odd.moment_tags) == (15, 15, ("piano",))
    assert odd.moment.similarity == similarity(calm, calm)
    assert odd.similarity is not None
    gained = MOMENT_WEIGHT * (odd.moment.similarity - odd.similarity) / 2
    assert odd.score == pytest.approx(before["odd:1"].score + gained)
    assert list(after).index("odd:1") <= list(before).index("odd:1")
    assert odd.moment == before["odd:1"].moment


def test_the_very_audio_of_a_file_is_named_and_is_no_hit(searcher: Searcher) -> None:
    given = heard_now(quantize(CALM), audio_id="a" * 32)
    result = searcher.similar_sound(SimilarRequest((given,), k=2))
    assert [track.track_id for track in result.same] == ["calm:1"]
    assert [hit.track.track_id for hit in result.hits] == ["calm:2", "calm:3"]


def test_what_cannot_be_asked_is_refused_with_the_likely_slip(searcher: Searcher) -> None:
    calm = heard_now(quantize(CALM))
    for asked, said in (
        ({"like": ()}, "unlike alone points nowhere"),
        ({"like": (calm,), "k": 0}, "from 1 to"),
        ({"like": (calm,), "mix": float("nan")}, "from 0"),
        ({"like": (calm,), "mix": 1.0, "unlike": (calm,)}, "tags are left out with -tag"),
    ):
        with pytest.raises(RequestError, match=said):
            SimilarRequest(**asked)  # type: ignore[arg-type]


class TestCombining:
    def test_one_reference_is_itself(self) -> None:
        vector = quantize(np.arange(1.0, 129.0))
        assert combine([vector]) == vector

    def test_several_meet_in_the_middle(self) -> None:
        assert similarity(combine([quantize(CALM), quantize(LOUD)]), quantize(CALM + LOUD)) > 0.99

    def test_unlike_counts_its_share(self) -> None:
        less = combine([quantize(CALM)], [quantize(LOUD)])
        assert similarity(less, quantize(CALM - UNLIKE_SHARE * LOUD)) > 0.98

    def test_what_cancels_out_is_refused(self) -> None:
        with pytest.raises(RequestError, match="cancel each other out"):
            combine([quantize(CALM), quantize(-CALM)])


def test_of_equally_near_moments_the_first_is_shown() -> None:
    moments = (moment(0, quantize(LOUD)), moment(15, quantize(CALM)), moment(30, quantize(CALM)))
    near = nearest_moment(quantize(CALM), moments)
    assert near is not None
    assert near.start == 15
    assert nearest_moment(quantize(CALM), ()) is nearest_moment(b"", moments) is None
