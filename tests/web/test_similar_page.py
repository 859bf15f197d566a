"""The page “Sounds like this”: what it is asked by its address, and what it shows of that."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import pytest
from werkzeug.datastructures import MultiDict

from tests.web.sounding import direction
from web.addresses import AddressError
from web.pages.similar_address import (
    MAX_REFERENCES,
    HeardReference,
    Reference,
    SimilarAddress,
    read_heard,
    read_similar_address,
    write_heard,
)

HEARD = HeardReference("recording", 7.5, direction(1.0), "aa", (("drone", 83, True), ("vocals", 12, False)), "ok")


def address_of(state: SimilarAddress) -> str:
    return f"/similar{state.query}"


def read(query: str) -> SimilarAddress:
    values = parse_qs(query.removeprefix("?"))
    return read_similar_address(MultiDict([(name, one) for name, some in values.items() for one in some]))


def test_an_address_gives_its_state_back() -> None:
    state = SimilarAddress((Reference("s:1"), Reference("ö/2 ", False), Reference(HEARD)), 0.25, "bpm:90..110", 10)
    assert set(read(state.query).references) == set(state.references)
    assert (read(state.query).mix, read(state.query).text, read(state.query).k) == (0.25, "bpm:90..110", 10)
    assert read("") == SimilarAddress()


def test_what_was_heard_travels_in_an_address() -> None:
    assert read_heard(write_heard(HEARD)) == HEARD
    assert len(write_heard(HEARD)) < 400


@pytest.mark.parametrize(
    "query",
    [
        "?heard=abc",
        f"?heard={write_heard(HEARD)[:-8]}",
        f"?heard={'a' * 3000}",
        "?mix=2",
        "?mix=nan",
        "?k=0",
        "?k=51",
        "?q=" + "a" * 201,
        "?like=a%00b",
        "?" + "&".join(f"like={number}" for number in range(MAX_REFERENCES + 1)),
    ],
)
def test_what_cannot_be_used_is_said(listen, query: str) -> None:
    with pytest.raises(AddressError):
        read(query)
    assert "cannot be run as it stands" in listen(f"/similar{query}", 400).text


@pytest.mark.parametrize("vector", [bytes(128), b"\x7f" * 128, b"\x80" + bytes(127)], ids=["zero", "long", "beyond"])
def test_a_vector_that_no_recording_has_is_refused(listen, vector: bytes) -> None:
    token = write_heard(HeardReference("file", 1.0, vector))
    with pytest.raises(AddressError):
        read_heard(token)
    assert "was the address cut off?" in listen(f"/similar?heard={token}", 400).text


def test_without_a_reference_it_says_what_to_give(listen) -> None:
    page = listen("/similar")
    assert "A track of this catalogue" in page.text
    assert [one.name for one in page.all("button") if "hidden" not in one.attributes][:1] == ["Add"]
    assert page.titles == []


def test_the_nearest_come_first_with_likeness_and_best_moment(listen) -> None:
    page = listen("/similar?like=s:1")
    assert page.titles == ["High Hum", "Whistle"]
    assert "95 %" in page.text
    assert "best moment: ambient" in page.text
    best = page.link("Play the best moment of High Hum, from 0:06")
    assert best == "/api/v1/track/audio?id=s%3A2#t=6.0"
    assert page.link("Play High Hum") == "/api/v1/track/audio?id=s%3A2"


def test_a_minus_turns_away_from_what_it_sounds_like(listen) -> None:
    page = listen("/similar?like=s:2")
    turned = listen(page.link("Like High Hum: turn around"))
    assert "Add something to be like" in turned.text
    assert listen("/similar?like=s:3&unlike=s:1").titles == ["High Hum"]
    both = listen("/similar?like=s:1&like=s:3")
    assert both.titles == ["High Hum"]
    assert listen(both.link("Take away Whistle")).titles == ["High Hum", "Whistle"]


def test_filters_and_the_number_of_tracks_narrow_it(listen) -> None:
    assert listen("/similar?like=s:1&q=genre:folk").titles == ["Whistle"]
    none = listen("/similar?like=s:1&q=genre:jazz")
    assert "No track meets" in none.text
    assert listen(none.link("Look without it")).titles == ["High Hum", "Whistle"]
    assert listen("/similar?like=s:1&k=1").titles == ["High Hum"]
    assert "k=10" in listen("/similar?like=s:1").link("10")


def test_a_query_that_cannot_be_understood_keeps_the_page(listen) -> None:
    page = listen("/similar?like=s:1&q=(")
    assert page.all("p", "hear-problem")
    assert page.link("Low Hum") == "/track?id=s%3A1"


def test_an_excluded_tag_that_is_perhaps_there_is_said(listen) -> None:
    page = listen("/similar?like=s:1&q=-vocals")
    assert page.titles[-1] == "High Hum"
    assert "Perhaps with vocals: heard, but not surely" in page.text


def test_tags_alone_compare_what_nobody_listened_to(listen) -> None:
    page = listen("/similar?like=s:4")
    assert "only its tags can be compared" in page.text
    assert page.titles[0] in {"Low Hum", "High Hum"}
    (slider,) = (one for one in page.all("input") if one.attributes.get("id") == "mix")
    assert slider.attributes["value"] == "1.0"
    assert "nobody has listened to Unheard" in listen("/similar?like=s:4&mix=0").text.replace("Nobody", "nobody")


def test_a_recording_is_a_reference_with_what_was_heard(listen) -> None:
    page = listen(address_of(SimilarAddress((Reference(HEARD),))))
    assert page.titles[0] == "High Hum"  # its own recording is no hit
    assert "This very recording is here: Low Hum" in page.text
    assert "Your recording, 0:08" in page.text
    assert "drone 83 %" in page.text
    assert "compared by their best moment" in page.text
    suggest = urlsplit(page.link("Suggest tags for it"))
    assert parse_qs(suggest.query)["heard"] == ["0.83 drone, 0.12 vocals"]


def test_a_heard_tag_with_a_comma_is_one_tag_on_the_suggest_page(listen) -> None:
    heard = HeardReference("file", 30.0, direction(1.0), tags=(("drum, bass", 80, True),))
    page = listen(address_of(SimilarAddress((Reference(heard),))))
    assert "drum, bass 80 %" in listen(page.link("Suggest tags for it")).text


def test_why_nothing_is_found_is_said_of_what_it_is_compared_by(listen) -> None:
    untagged = SimilarAddress((Reference(HeardReference("recording", 30.0, direction(1.0))),), mix=1.0)
    by_tags = listen(address_of(untagged))
    assert by_tags.titles == []
    assert "Nothing is like it by its tags: nobody tagged it, or nobody else uses its tags." in by_tags.text
    assert "listened to" not in by_tags.text


def test_a_recording_unlike_all_music_says_so(listen) -> None:
    strange = HeardReference("file", 30.0, direction(0.0, 1.0), status="unlike")
    page = listen(address_of(SimilarAddress((Reference(strange),))))
    assert "no tag is claimed" in page.text
    assert page.titles[0] == "Whistle"


def test_a_name_is_looked_for(sounding, listen) -> None:
    taken = sounding.get("/similar?name=whistle&like=s:1")
    assert (taken.status_code, taken.location) == (303, "/similar?like=s%3A1&like=s%3A3")
    several = listen("/similar?name=hum")
    assert "Which of these do you mean?" in several.text
    assert listen(several.link("Low Hum")).titles == ["High Hum", "Whistle"]
    assert "No track here is called “zzz”" in listen("/similar?name=zzz").text


def test_a_reference_that_is_gone_can_be_taken_away(listen) -> None:
    page = listen("/similar?like=nobody")
    assert "No track nobody any more" in page.text
    assert listen(page.link("Take away nobody")).titles == []


def test_no_more_references_are_offered_than_there_can_be(listen) -> None:
    full = listen("/similar?like=s:1&" + "&".join(f"like=gone{number}" for number in range(MAX_REFERENCES - 1)))
    assert full.titles == ["High Hum", "Whistle"]
    assert "take one away to add another" in full.text
    assert not [one for one in full.all("form") if one.attributes.get("id") == "hear-form"]
    assert "like this, too" not in full.text
    assert "like this, too" in listen(full.link("Take away gone0")).text


def test_state_goes_along_with_what_is_sent(listen) -> None:
    page = listen("/similar?like=s:1&unlike=s:3&mix=0.5&k=10&q=genre:folk")
    forms = page.response.get_data(as_text=True).split("<form")
    (sent,) = (form for form in forms if 'id="hear-form"' in form)
    for name, value in {"like": "s:1", "unlike": "s:3", "mix": "0.5", "k": "10", "q": "genre:folk"}.items():
        assert f'name="{name}" value="{value}"' in sent
    assert 'enctype="multipart/form-data"' in sent


def test_the_microphone_is_allowed_only_where_something_is_recorded(sounding) -> None:
    allowed = {path: "microphone=(self)" in sounding.get(path).headers["Permissions-Policy"] for path in
               ("/similar", "/suggest", "/", "/track?id=s:1", "/api/v1/stats")}  # fmt: skip
    assert allowed == {"/similar": True, "/suggest": True, "/": False, "/track?id=s:1": False, "/api/v1/stats": False}


def test_a_track_page_tells_how_it_sounds(listen) -> None:
    page = listen("/track?id=s:1")
    assert page.link("Play Low Hum") == "/api/v1/track/audio?id=s%3A1"
    assert page.link("Search 92 bpm") == "/search?q=bpm%3A89..96"
    assert page.link("Search A minor") == "/search?q=key%3A%22A+minor%22"
    assert "The audio does not sound like: techno." in page.text
    assert page.link("Play ambient from 0:06").endswith("#t=6.0")
    assert page.link("Sounds like this") == "/similar?like=s%3A1"
    assert "no tag is claimed" in listen("/track?id=s:3").text


def test_rows_play_and_tell_tempo_and_key_where_they_are_sure(listen) -> None:
    page = listen("/search?q=drone&drift=0")
    assert "92 bpm, A minor" in page.text
    assert "140 bpm" not in page.text
    assert page.link("Play Low Hum") == "/api/v1/track/audio?id=s%3A1"
    # A recording at an origin that was set is played from there.
    assert page.link("Play Unheard") == "https://previews.example/four.mp3?x=1"


def test_sound_comes_from_here_and_from_origins_that_were_set(sounding, client) -> None:
    assert "media-src 'self' https://previews.example" in sounding.get("/similar").headers["Content-Security-Policy"]
    assert client.get("/similar").headers["Content-Security-Policy"].endswith("media-src 'self'")


def test_tempo_and_key_are_filters_that_can_be_taken_off(listen) -> None:
    page = listen('/search?q=drone+bpm:80..100+key:"A+minor"')
    assert page.titles == ["Low Hum"]
    assert "bpm: 80..100" in page.text
    assert "key: " in page.text


def test_suggestions_are_for_what_was_heard_and_typed(listen) -> None:
    page = listen("/suggest?tags=sitar&heard=0.8+indian%2C+0.3+drone")
    assert "Heard in your recording indian 80 % drone 30 %" in page.text
    assert "heard 80 %" in page.text
    assert "because of sitar" in page.text
    assert "heard=0.8+indian" in page.link("Add indian")
    assert "Heard in your recording" not in listen(page.link("Forget what was heard")).text
    assert "Tags for this track" in listen("/suggest?heard=0.8+indian").text
    assert "a probability and a tag each" in listen("/suggest?heard=indian", 400).text
