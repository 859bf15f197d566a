"""One recording means the same tags wherever it is sent: to a page, to the API, to a command, or into an index."""

from __future__ import annotations

from pathlib import Path

import orjson
import pytest
from click.testing import CliRunner
from flask.testing import FlaskClient

from audiomodel.cache import HearingCache
from audiomodel.hearing import HeardTag, Hearing
from audiomodel.identity import audio_id
from audiomodel.tagger import load_tagger
from indexer.cli_suggest import suggest
from indexer.hearing import HeardTags
from search.document import Document
from tagmodel.model import load_model
from tagmodel.track import Track
from tests.audiomodel.hearings import make_hearing
from tests.web.sounding import write_sine
from web.api.similar_recording import heard_reference as reference_of_api
from web.pages.similar import heard_reference as reference_of_page

TAGS = {"Rock": 0.9, "Punk": 0.3}
VOCABULARY = load_model().vocabulary
ROCK = VOCABULARY.canonical_id("Rock")


@pytest.fixture
def hearing() -> Hearing:
    """Return a hearing of which only the top genre is certain, more than the tag of the same name."""
    return make_hearing(genre=HeardTag("Rock", 0.9, certain=True), tags=(HeardTag("Rock", 0.4), HeardTag("Punk", 0.3)))


def test_the_page_keeps_the_surer_of_genre_and_tag(hearing: Hearing) -> None:
    tags = reference_of_page(hearing, "file").tags
    assert [tuple(one) for one in tags] == [("Rock", 90, True), ("Punk", 30, False)]


def test_the_api_looks_by_the_tags_of_the_page(hearing: Hearing, client: FlaskClient) -> None:
    with client.application.app_context():
        assert reference_of_api(hearing).tags == (ROCK,)


def test_an_index_keeps_the_tags_of_the_page(hearing: Hearing) -> None:
    document = HeardTags(VOCABULARY, VOCABULARY.canonical_id, tuple(TAGS), ("Rock",)).put(
        Document(Track("x:1"), ()), hearing
    )
    assert dict(zip(document.heard, document.heard_weights, strict=True)) == {ROCK: 230}


def test_a_command_weighs_the_tags_of_the_page(hearing: Hearing, tmp_path: Path) -> None:
    song, cache = write_sine(tmp_path / "song.wav", 440), tmp_path / "cache.sqlite"
    with HearingCache(cache, say=pytest.fail) as memory:
        memory.keep(audio_id(song), load_tagger().tagger_id, hearing)
    places = ["--audio", str(song), "--hearing-cache", str(cache), "--engine", str(tmp_path / "none")]
    told = CliRunner().invoke(suggest, [*places, "--json", "-k40"], catch_exceptions=False)
    heard = {one["tag_id"]: one["heard"] for one in orjson.loads(told.stdout)["suggestions"] if one["heard"]}
    assert heard[ROCK] == 0.9, told.output
