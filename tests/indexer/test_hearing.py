"""What was heard goes into documents beside what people typed, never over it."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from audiomodel.hearing import HeardTag, Hearing, unpack_vector
from audiomodel.windows import MAX_MOMENTS
from indexer.hearing import HeardTags
from search.document import Document, check_document
from search.engines import open_engine
from search.output import print_hits
from search.result import SearchRequest
from search.searcher import Searcher
from search.sound import MOST_MOMENTS, quantize
from tagmodel.folding import fold_tag, tag_id
from tagmodel.model import load_model
from tagmodel.track import Track
from tests.audiomodel.hearings import make_hearing

VOCABULARY = load_model().vocabulary
GENRES = ("Hip-Hop", "Rock", "Folk", "Electronic")
TAGS = (*GENRES, "Punk", "vocal", "instrumental")
HEARD_TAGS = HeardTags(VOCABULARY, VOCABULARY.canonical_id, TAGS, GENRES)


def tag(spelling: str) -> str:
    return VOCABULARY.canonical_id(spelling)


def put(hearing: Hearing, *typed: str, file: str = "a/b.mp3") -> Document:
    document = Document(Track("x:1", tags=typed), tuple(map(tag, typed)))
    put_in = HEARD_TAGS.put(document, hearing, file)
    check_document(put_in)
    assert put_in.typed == document.typed
    assert put_in.track == document.track
    return put_in


def heard(*tags: tuple[str, float, bool], genre: tuple[str, float, bool] | None = None, **more: object) -> Hearing:
    top = None if genre is None else HeardTag(*genre)
    return make_hearing(tags=tuple(HeardTag(*one) for one in tags), genre=top, **more)


def test_certain_tags_are_heard_as_heavy_as_they_are_probable_and_others_are_faint_or_nothing() -> None:
    document = put(heard(("Rock", 0.75, True), ("Punk", 0.3, False), ("Folk", 0.1, False)))
    assert dict(zip(document.heard, document.heard_weights, strict=True)) == {tag("rock"): 192}
    assert document.faint == (tag("punk"),)


def test_a_typed_tag_is_never_written_over_nor_counted_twice() -> None:
    document = put(heard(("Rock", 0.75, True), ("Punk", 0.3, False)), "rock", "punk")
    assert document.heard == document.faint == ()


def test_the_spellings_of_a_tagger_mean_the_tags_of_the_model() -> None:
    document = put(heard(("Hip Hop", 0.9, True), genre=("Hip-Hop", 0.95, True)))
    assert (document.heard, document.heard_weights) == ((tag("hiphop"),), (243,))
    assert document.sound is not None
    assert document.sound.genre == "Hip-Hop"


def test_one_probability_more_or_less_than_all_stays_within_the_units() -> None:
    document = put(heard(("Rock", 1.0, True), ("Punk", 0.0001, True)))
    assert document.heard_weights == (256, 1)


def test_where_the_tagger_abstains_the_sound_is_kept_and_no_tags() -> None:
    document = put(heard(status="unlike", unlikeness=1.4))
    assert document.heard == document.faint == ()
    assert document.sound is not None
    assert (document.sound.status, document.sound.genre) == ("unlike", "")


def test_the_sound_says_what_was_heard_beside_tags() -> None:
    hearing = make_hearing("b" * 32, bpm=98.0, bpm_confidence=0.7, key="A minor", key_confidence=0.5)
    sound = put(hearing).sound
    assert sound is not None
    assert (sound.audio_id, sound.tagger_id, sound.file, sound.seconds) == ("b" * 32, "tagger", "a/b.mp3", 30.0)
    assert (sound.bpm, sound.bpm_confidence, sound.key, sound.key_confidence) == (98.0, 0.7, "A minor", 0.5)
    assert sound.vector == quantize(unpack_vector(hearing.vector))
    assert [moment.start for moment in sound.moments] == [0.0, 15.0]
    assert sound.moments[0].tags == (tag("rock"),)


def test_an_index_keeps_every_moment_that_is_heard() -> None:
    assert MOST_MOMENTS == MAX_MOMENTS


@pytest.mark.parametrize("n", [0, 1, MOST_MOMENTS, MOST_MOMENTS + 1, 500])
def test_moments_of_a_long_recording_are_spread_evenly(n: int) -> None:
    sound = put(make_hearing(n_moments=n)).sound
    assert sound is not None
    starts = [moment.start / 15.0 for moment in sound.moments]
    assert len(starts) == min(n, MOST_MOMENTS)
    if n > 1:
        assert (starts[0], starts[-1]) == (0, n - 1)
        assert np.ptp(np.diff(starts)) <= 1


def doubted(hearing: Hearing, *typed: str) -> set[str]:
    sound = put(hearing, *typed).sound
    assert sound is not None
    return set(sound.doubted)


ROCK = heard(("Rock", 0.9, True), ("Punk", 0.5, False), genre=("Rock", 0.9, True))


def test_another_top_genre_than_the_one_that_is_surely_heard_is_doubted() -> None:
    assert doubted(ROCK, "Hip-Hop", "1990s") == {tag("hiphop")}


@pytest.mark.parametrize(
    ("hearing", "typed"),
    [
        pytest.param(ROCK, ("rock", "folk"), id="people typed what is heard, too"),
        pytest.param(ROCK, ("punk", "folk"), id="something of what people typed is heard, if not surely"),
        pytest.param(ROCK, ("tango",), id="the tagger does not know the tag"),
        pytest.param(heard(("Rock", 0.6, True), genre=("Rock", 0.6, True)), ("folk",), id="it is not sure"),
        pytest.param(
            heard(("Rock", 0.9, True), genre=("Rock", 0.9, True), status="short"), ("folk",), id="it is short"
        ),
        pytest.param(heard(status="unlike"), ("folk",), id="the tagger abstains"),
    ],
)
def test_nothing_is_doubted_without_need(hearing: Hearing, typed: tuple[str, ...]) -> None:
    assert not doubted(hearing, *typed)


def test_a_tag_that_contradicts_a_surely_heard_one_is_doubted_whatever_else_agrees() -> None:
    assert VOCABULARY.contradicts_hard(tag("instrumental"), tag("vocal"))
    hearing = heard(("vocal", 0.95, True), ("Rock", 0.9, True))
    assert doubted(hearing, "instrumental", "rock") == {tag("instrumental")}
    assert not doubted(heard(("vocal", 0.6, False)), "instrumental")


def test_a_spelling_that_means_nothing_is_passed_over() -> None:
    heard_tags = HeardTags(VOCABULARY, lambda text: tag_id(fold_tag(text)) if fold_tag(text) else None, TAGS, GENRES)
    document = heard_tags.put(Document(Track("x:1")), heard(("!!!", 0.9, True), ("Rock", 0.8, True)))
    assert document.heard == (tag("rock"),)


def test_a_search_without_a_tag_leaves_out_what_was_heard_surely_and_halves_what_was_heard_faintly(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    hearings = {
        "surely": heard(("Rock", 0.9, True)),
        "faintly": heard(("Rock", 0.3, False)),
        "hardly": heard(("Rock", 0.1, False)),
    }
    with closing(open_engine(str(tmp_path / "index"), create=True)) as engine:
        with engine.writer() as writer:
            for title, hearing in hearings.items():
                writer.write([HEARD_TAGS.put(Document(Track(title, title=title), (tag("sad"),)), hearing)])
            writer.write([Document(Track("typed", title="typed"), (tag("sad"), tag("rock")))])
            writer.name_tags({tag("sad"): "sad", tag("rock"): "rock"})
            writer.commit()
        result = Searcher(engine, load_model()).search(SearchRequest("sad -rock"))
    hits = {hit.track.title: hit for hit in result.hits}
    assert set(hits) == {"faintly", "hardly"}
    assert hits["faintly"].score == hits["hardly"].score / 2
    assert (hits["faintly"].demoted_by, hits["hardly"].demoted_by) == (("rock",), ())
    print_hits(result.hits, explained=False)
    assert "half its score: perhaps rock" in " ".join(capsys.readouterr().out.split())
