"""Whatever comes in, a person can read what was wrong with it."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from flask import Request
from flask.testing import FlaskClient
from werkzeug.test import EnvironBuilder

from search.searcher import Searcher
from tests.web.api.conftest import Api
from web.api.app import OPERATIONS
from web.api.bodies import BodyReader
from web.api.problems import Refusal
from web.api.writing import TrackToWrite
from web.app import create_app
from web.settings import Settings

# (operation, parameters, what the detail says)
PARAMETERS = [
    ("search", {"drift": "0,5"}, "drift: expected a number from 0 to 1, with a point, not a comma, got “0,5”"),
    ("search", {"drift": "nan"}, "expected a number from 0 to 1, got “nan”"),
    ("search", {"drift": "1e999"}, "expected a number from 0 to 1, got 1e999"),
    ("search", {"drift": "-0.1"}, "expected a number from 0 to 1, got -0.1"),
    ("search", {"drift": ""}, "got nothing"),
    ("search", {"drfit": "1"}, "there is no parameter drfit: did you mean drift?"),
    ("search", {"zzz": "1"}, "there is no parameter zzz: there are q, drift, without"),
    ("search", {"drift": ["0.1", "0.2"]}, "drift: expected one value, got 2: is it in the address twice?"),
    ("search", {"k": "0"}, "k: expected a whole number from 1 to 100, got 0"),
    ("search", {"k": "101"}, "from 1 to 100, got 101"),
    ("search", {"k": "ten"}, "expected a whole number from 1 to 100, got “ten”"),
    ("search", {"k": "9" * 5_000}, "expected a whole number from 1 to 100, got “9999"),
    ("search", {"k": "\uff12"}, "expected a whole number"),
    ("search", {"offset": "9990", "k": "20"}, "pages reach hit 10,000"),
    ("search", {"literal": "maybe"}, "literal: expected true or false, got “maybe”"),
    ("search", {"sort": "loudness"}, "sort: expected one of score, duration, -duration, year, -year, got “loudness”"),
    ("search", {"q": "a" * 201}, "q: expected at most 200 characters, got 201"),
    ("search", {"q": "piano\0"}, "q: expected text, got the unseen character U+0000: was it copied from elsewhere?"),
    ("search", {"q": "\u202eonaip"}, "U+202E"),
    ("search", {"q": "piano -piano"}, "piano"),
    ("search", {"q": "(piano"}, "expected a closing parenthesis"),
    ("search", {"q": " ".join(f"tag{n}" for n in range(11)), "literal": "true"}, "at most 10"),
    ("search", {"q": "genre:a " * 21}, "at most 20 filters"),
    ("search", {"without": "komucuev." * 300}, "without: expected at most"),
    ("search", {"without": ["piano"] * 241}, "without: expected at most 240 values, got 241"),
    ("suggest", {}, "expected the parameter tags, which is not given"),
    ("suggest", {"tags": ""}, "tags: expected some text, got none"),
    ("suggest", {"tags": "a" * 4_001}, "at most 4,000 characters, got 4,001"),
    ("suggest", {"tags": ",".join(map(str, range(101)))}, "tags: expected at most 100 tags, got 101"),
    ("tags", {"prefix": "\x1b[2J"}, "U+001B"),
    ("graph", {"format": "svg"}, "expected one of json, graphml"),
    ("graph", {"tag": ["piano"] * 11}, "at most 10 values"),
    ("graph", {"min_similarity": "2"}, "from 0 to 1"),
    ("graph", {"depth": "7"}, "from 0 to 6"),
    ("path", {"source": "sitar"}, "expected the parameter target"),
    ("track", {"id": ""}, "expected some text, got none"),
    ("stats", {"k": "-1"}, "from 0 to 1,000"),
]


@pytest.mark.parametrize(("operation", "parameters", "says"), PARAMETERS)
def test_a_parameter_that_cannot_be_meant_is_refused(
    ask: Api, operation: str, parameters: dict[str, Any], says: str
) -> None:
    problem = ask.problem(operation, **parameters)
    assert problem["status"] == 400
    assert says in problem["detail"]
    assert len(problem["detail"]) < 400
    assert problem["parameter"]


def test_the_place_in_a_query_is_pointed_at(ask: Api) -> None:
    problem = ask.problem("search", q="sad OR piano")
    assert (problem["parameter"], problem["position"], problem["length"]) == ("q", 4, 2)
    assert problem["type"].endswith("#bad-query")


def test_right_to_left_text_is_no_error(ask: Api) -> None:
    assert ask("search", q="موسيقى")["unknown"][0]["typed"] == "موسيقى"
    assert ask("search", q="<b>piano</b>")["request"]["q"] == "<b>piano</b>"


# (body, content type, status, what the detail says)
BODIES = [
    (b"", "application/json", 400, "expected JSON, got something else"),
    (b"{", "application/json", 400, "expected JSON, got something else"),
    (b"\xff\xfe", "application/json", 400, "expected JSON, got something else"),
    (b"[]", "application/json", 400, "expected an object, got a list"),
    (b"{}", "application/json", 400, "expected the field tracks, which is not given"),
    (b'{"tracks": 1}', "application/json", 400, "tracks: expected a list, got a whole number"),
    (b'{"tracks": [{"tags": [1]}]}', "application/json", 400, "tracks[0].tags[0]: expected text, got a whole number"),
    (b'{"tracks": [{"tag": ["a"]}]}', "application/json", 400, "there is no field tag: did you mean tags?"),
    (b'{"tracks": [], "k": 0}', "application/json", 400, "k: expected a whole number from 1"),
    (b'{"tracks": [], "k": NaN}', "application/json", 400, "expected JSON"),
    (b'{"tracks": [], "k": 1e400}', "application/json", 400, ""),
    (b'{"tracks": ' + b"[" * 100_000, "application/json", 400, ""),
    (b'{"x": ' + b"[" * 100_000 + b"]" * 100_000 + b"}", "application/json", 400, ""),
    (b'{"tracks": [{"tags": ["' + b"a" * 5_000 + b'"]}]}', "application/json", 400, "text of at most 500 characters"),
    (b'{"tracks": [{"tags": ["' + b"a" * 3_000_000 + b'"]}]}', "application/json", 413, "larger than"),
    (b'{"tracks": [' + b",".join([b'{"tags": []}'] * 201) + b"]}", "application/json", 400, "at most 200 values"),
    (b'{"tracks": [' + b",".join([b'{"tags": [' + b",".join([b'"a"'] * 99) + b"]}"] * 21) + b"]}",
     "application/json", 400, "tracks: expected at most 2,000 tags in all, got 2,079: send fewer tracks at once"),
    (b"tracks=1", "application/x-www-form-urlencoded", 415, "Content-Type application/json"),
    (b'{"tracks": []}', "", 415, "got none"),
    (b'{"tracks": []}', "text/" + "x" * 900, 415, "expected a body with Content-Type application/json"),
]  # fmt: skip


@pytest.mark.parametrize(("body", "content_type", "status", "says"), BODIES, ids=range(len(BODIES)))
def test_a_body_that_cannot_be_used_is_refused(
    api: FlaskClient, body: bytes, content_type: str, status: int, says: str
) -> None:
    response = api.post("/api/v1/suggest", data=body, content_type=content_type)
    problem = msgspec.json.decode(response.get_data())
    assert (response.status_code, problem["status"], response.content_type) == (
        *(status, status),
        "application/problem+json",
    )
    assert says in problem["detail"]
    assert len(problem["detail"]) < 400


# (body of a track that is written, the whole detail)
TRACK_BODIES = [
    ({"title": "a\0"}, "title: expected text without NUL characters"),
    ({"tags": ["a", "b\0"]}, "tags[1]: expected text without NUL characters"),
    ({"tags": [""]}, "tags[0]: expected text of at least 1 character"),
    ({"year": "1999"}, "year: expected a whole number or null, got text"),
    ({"year": 1.5}, "year: expected a whole number or null, got a number"),
    ({"duration": 0}, "duration: expected a number above 0"),
    ({"shares": [2]}, "shares[0]: expected a number up to 1"),
    ({"shares": [True]}, "shares[0]: expected a number, got true or false"),
    ({"title": None}, "title: expected text, got null"),
]


@pytest.mark.parametrize(("body", "detail"), TRACK_BODIES, ids=range(len(TRACK_BODIES)))
def test_what_a_body_should_have_is_said_for_people(body: dict[str, Any], detail: str) -> None:
    came = EnvironBuilder(method="PUT", data=msgspec.json.encode(body), content_type="application/json")
    with pytest.raises(Refusal) as refused:
        BodyReader(TrackToWrite, 10_000).read(Request(came.get_environ()))
    assert refused.value.detail == detail


def test_a_text_may_hold_what_no_terminal_shows(api: FlaskClient) -> None:
    typed = "\x00\u202e<script>"
    answer = api.post("/api/v1/suggest", json={"tracks": [{"id": "\x00", "tags": [typed]}]}).json
    assert answer["tracks"][0]["id"] == "\x00"
    assert answer["tracks"][0]["suggestions"]["unknown"] == [typed]


def test_half_a_character_is_refused(api: FlaskClient) -> None:
    for body in (b'{"tracks": [{"tags": ["\\ud800"]}]}', b'{"tracks": [{"tags": ["\xed\xa0\x80"]}]}'):
        assert api.post("/api/v1/suggest", data=body, content_type="application/json").status_code == 400


def test_a_path_that_there_is_not_offers_those_that_there_are(ask: Api) -> None:
    problem = ask.problem("serch")
    assert (problem["status"], problem["offers"]) == (404, ["/api/v1/search"])
    assert "did you mean /api/v1/search?" in problem["detail"]
    assert ask.problem("search/")["offers"][0] == "/api/v1/search"
    assert ask.problem("x" * 3_000)["status"] == 404
    assert ask.problem("search/deeper")["status"] == 404


@pytest.mark.parametrize("path", sorted({one.path for one in OPERATIONS}))
def test_a_wrong_method_is_told_the_right_ones(api: FlaskClient, path: str) -> None:
    response = api.patch(f"/api/v1{path}")
    problem = msgspec.json.decode(response.get_data())
    assert (response.status_code, response.content_type) == (405, "application/problem+json")
    methods = {one.method for one in OPERATIONS if one.path == path}
    assert methods <= set(response.headers["Allow"].replace(" ", "").split(","))
    assert all(method in problem["detail"] for method in methods)


def test_an_address_without_end_is_refused(api: FlaskClient) -> None:
    response = api.get("/api/v1/search?q=" + "a" * 1_000_000)
    assert (response.status_code, response.content_type) == (414, "application/problem+json")


def test_bytes_that_are_no_text_do_no_harm(api: FlaskClient) -> None:
    assert api.get("/api/v1/search?q=%ff%fe").status_code == 200
    assert api.get("/api/v1/%ff").status_code == 404
    assert api.get("/api/v1/search?%00=1").status_code == 400


def test_whoever_asks_too_often_is_told_when_to_come_back(demo_searcher: Searcher) -> None:
    client = create_app(demo_searcher, Settings(rate="1/minute")).test_client()
    assert client.get("/api/v1/stats").status_code == 200
    response = client.get("/api/v1/stats")
    assert (response.status_code, response.content_type) == (429, "application/problem+json")
    assert 0 < int(response.headers["Retry-After"]) <= 60


def test_pages_keep_their_own_errors(api: FlaskClient) -> None:
    response = api.get("/search?q=(")
    assert (response.status_code, response.mimetype) == (400, "text/html")
    assert api.get("/nothing").mimetype == "text/html"
