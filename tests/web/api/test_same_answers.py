"""Command line, API and library give the same values, from the same code."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import click
import msgspec
import networkx as nx
import pytest
from click.testing import CliRunner
from flask.testing import FlaskClient

from indexer.cli_similar import similar
from indexer.cli_suggest import suggest
from search.cli import search, stats
from search.result import SearchRequest
from search.searcher import Searcher
from tagmodel.cli.tags import graph, kin, path
from tests.web.api.conftest import Api
from web.api.samples import samples_of

TRACK = "invented:00007"
OF_THE_INDEX = {search, suggest, similar, stats}
SAME: list[tuple[click.Command, list[str], str, dict[str, Any]]] = [
    (search, ["sad piano -vocals", "-k", "20"], "search", {"q": "sad piano -vocals", "facets": "true"}),
    (search, ["rokc", "--drift", "1", "-k", "3", "--offset", "3"], "search",
     {"q": "rokc", "drift": "1", "k": "3", "offset": "3", "facets": "true"}),
    (search, ["ambient", "--without", "drone", "--literal", "-k", "2"], "search",
     {"q": "ambient", "without": "drone", "literal": "true", "k": "2", "facets": "true"}),
    (search, ["qqzzqq", "-k", "2"], "search", {"q": "qqzzqq", "k": "2", "facets": "true"}),
    (suggest, ["sitar", "tabla", "fast", "slow", "qqzz", "-k", "5"], "suggest",
     {"tags": "sitar, tabla, fast, slow, qqzz", "k": "5"}),
    (similar, [TRACK, "-k", "4"], "similar", {"id": TRACK, "k": "4"}),
    (stats, ["-k", "4"], "stats", {"k": "4"}),
    (kin, ["sitar", "-k", "24"], "kin", {"tag": "Sitars", "k": "24"}),
    (path, ["sitar", "techno"], "path", {"source": "sitar", "target": "techno"}),
]  # fmt: skip


@pytest.mark.parametrize(("command", "arguments", "operation", "parameters"), SAME)
def test_the_command_line_prints_what_the_api_answers(
    ask: Api,
    demo_directory: Path,
    command: click.Command,
    arguments: list[str],
    operation: str,
    parameters: dict[str, Any],
) -> None:
    engine = ["--engine", str(demo_directory)] if command in OF_THE_INDEX else []
    printed = CliRunner().invoke(command, [*arguments, "--json", *engine], catch_exceptions=False).stdout_bytes
    answer = ask(operation, **parameters)
    answer.pop("links", None)
    assert msgspec.json.decode(printed) == answer


def test_the_graph_is_the_same_to_the_byte(api: FlaskClient) -> None:
    for file_format in ("json", "graphml"):
        printed = CliRunner().invoke(graph, ["sitar", "--limit", "30", "--format", file_format], catch_exceptions=False)
        answer = api.get("/api/v1/graph", query_string={"tag": "sitar", "limit": 30, "format": file_format})
        assert printed.stdout_bytes == answer.get_data()


def test_contributions_add_up_to_the_score(ask: Api) -> None:
    found = ask("search", q="sad (piano OR guitar) rain", drift="1", k="50", outside="50")
    assert len(found["hits"]) + len(found["outside"]) > 50
    for hit in found["hits"] + found["outside"]:
        assert sum(bar["amount"] for bar in hit["contributions"]) == hit["score"]


def test_only_kin_that_are_live_or_off_are_listed_and_the_others_counted(ask: Api, demo_searcher: Searcher) -> None:
    whole = ask("kin", tag="piano", k="24")["kin"]
    (tag,) = ask("search", q="piano", without=whole[0]["spelling"])["tags"]
    assert all(one["live"] or one["off"] for one in tag["kin"])
    assert tag["kin"][0]["off"]
    assert len(tag["kin"]) + tag["kin_waiting"] == len(whole)
    (chip,) = demo_searcher.search(SearchRequest("piano")).chips
    assert tag["n_tracks"] == chip.n_tracks


def test_kin_are_switched_off_by_spelling_by_id_or_by_many_ids(ask: Api) -> None:
    first, second = ask("kin", tag="piano", k="2")["kin"]
    by_spelling = ask("search", q="piano", without=[first["spelling"], second["spelling"]])
    by_id = ask("search", q="piano", without=[first["tag_id"], second["tag_id"]])
    together = ask("search", q="piano", without=f"{first['tag_id']}.{second['tag_id']}")
    assert ask("search", q="piano", without=f"{first['tag_id']}.")["request"]["without"] == [first["tag_id"]]
    assert by_spelling["request"]["without"] == sorted([first["tag_id"], second["tag_id"]])
    assert by_spelling["hits"] == by_id["hits"] == together["hits"]
    problem = ask.problem("search", q="piano", without="paino")
    assert (problem["status"], problem["parameter"]) == (404, "without")
    assert "piano" in problem["offers"]


def test_pages_follow_each_other_and_never_overlap(api: FlaskClient, ask: Api) -> None:
    address, seen = "/api/v1/search?q=sitar&k=25&drift=0.1", []
    while address:
        page = api.get(address).json
        seen += [hit["track"]["track_id"] for hit in page["hits"]]
        address = page["links"]["next"]
    assert len(seen) == len(set(seen)) == page["total"] > 25
    assert page["links"]["previous"].endswith(f"offset={page['request']['offset'] - 25}")
    assert ask("search", q="rock", k="100", offset="9900")["links"]["next"] is None
    assert ask("search", q="rock", k="10", offset="5")["links"]["previous"].endswith("k=10&offset=0")


def test_the_order_of_hits_can_be_chosen(ask: Api) -> None:
    found = ask("search", q="piano", sort="-year", k="50")
    years = [hit["track"]["year"] for hit in found["hits"]]
    stated = [year for year in years if year is not None]
    assert stated == sorted(stated, reverse=True)
    assert years == stated + [None] * (len(years) - len(stated))


def test_facets_are_counted_when_asked_for(ask: Api) -> None:
    assert ask("search", q="piano")["facets"] == {}
    assert set(ask("search", q="piano", facets="1")["facets"]) == {"genre", "license", "artist", "tag"}


def test_networkx_reads_the_graph_back_in_both_forms(api: FlaskClient, demo_searcher: Searcher) -> None:
    address = "/api/v1/graph?tag=sitar&tag=tabla&depth=1&min_similarity=0.05"
    data = msgspec.json.decode(api.get(address).get_data())
    from_json = nx.node_link_graph(data, edges="edges")
    graphml = api.get(address, headers={"Accept": "application/graphml+xml"})
    assert graphml.content_type == "application/graphml+xml"
    from_graphml = nx.read_graphml(io.BytesIO(graphml.get_data()))
    whole = demo_searcher.model.graph()
    assert set(from_json) == set(from_graphml) <= set(whole)
    assert len(from_json.edges) == len(from_graphml.edges) > 5
    for a, b, edge in from_json.edges(data=True):
        assert edge == whole.edges[a, b] == from_graphml.edges[a, b]
        assert {"cooccurrence", "word2vec", "als", "support"} <= set(edge)


def test_the_form_of_the_graph_is_the_parameters_then_the_headers(api: FlaskClient) -> None:
    wanted = {"Accept": "application/graphml+xml, application/json;q=0.5"}
    assert api.get("/api/v1/graph?limit=1", headers=wanted).mimetype == "application/graphml+xml"
    assert api.get("/api/v1/graph?limit=1&format=json", headers=wanted).mimetype == "application/json"
    assert api.get("/api/v1/graph?limit=1", headers={"Accept": "text/html, */*;q=0.8"}).mimetype == "application/json"
    assert api.get("/api/v1/graph?limit=1").headers["Vary"] == "Accept"


def test_both_forms_have_entity_tags_of_their_own(api: FlaskClient) -> None:
    tag = api.get("/api/v1/graph?limit=1").headers["ETag"]
    assert api.get("/api/v1/graph?limit=1", headers={"If-None-Match": tag}).status_code == 304
    graphml = {"If-None-Match": tag, "Accept": "application/graphml+xml"}
    assert api.get("/api/v1/graph?limit=1", headers=graphml).status_code == 200


def test_the_whole_graph_and_its_communities_agree(ask: Api) -> None:
    nodes = ask("graph")["nodes"]
    communities = ask("communities", k="2000")["communities"]
    assert {node["id"] for node in nodes} == {tag["tag_id"] for one in communities for tag in one["tags"]}
    assert [one["n_tags"] for one in communities] == [len(one["tags"]) for one in communities]
    by_id = {node["id"]: node for node in nodes}
    for one in communities:
        assert {by_id[tag["tag_id"]]["community_name"] for tag in one["tags"]} == {one["name"]}
    assert [len(one["tags"]) for one in ask("communities", k="1")["communities"]] == [1] * len(communities)


def test_a_tag_is_named_by_spelling_alias_or_id(ask: Api) -> None:
    shown = ask("tag", tag="Hip Hop")
    assert ask("tag", tag=shown["tag_id"]) == ask("tag", tag="hip-hop") == shown
    assert shown["known"]
    assert shown["n_kin"] == len(ask("kin", tag="hip hop", k="24")["kin"])
    problem = ask.problem("tag", tag="hip hpo")
    assert (problem["status"], problem["parameter"]) == (404, "tag")
    assert problem["offers"][0] == shown["spelling"]


def test_tags_complete_with_their_counts_and_kin(ask: Api, demo_searcher: Searcher) -> None:
    tags = ask("tags", prefix="pia", k="5")["tags"]
    assert tags[0]["spelling"] == "piano"
    assert tags[0]["n_tracks"] == demo_searcher.engine.tag_counts()[tags[0]["tag_id"]]
    assert tags[0]["kin"] == [one["spelling"] for one in ask("kin", tag="piano", k="3")["kin"]]
    most_used = ask("stats", k="5")["tags"]
    assert [one["tag_id"] for one in ask("tags", k="5")["tags"]] == [one["tag_id"] for one in most_used]


def test_a_tag_without_kin_is_not_in_the_graph(ask: Api, demo_searcher: Searcher) -> None:
    vocabulary, whole = demo_searcher.model.vocabulary, demo_searcher.model.graph()
    alone = [vocabulary.spelling(tag_id) for tag_id in vocabulary.ids if tag_id not in whole]
    if alone:
        assert ask.problem("graph", tag=alone[0])["type"].endswith("#tag-without-kin")


def test_a_track_shows_its_tags_by_provenance_and_what_finds_it(ask: Api, demo_searcher: Searcher) -> None:
    document = demo_searcher.document(TRACK)
    shown = ask("track", id=TRACK)
    assert [one["tag_id"] for one in shown["typed"]] == list(document.typed)
    assert {one["tag_id"] for one in shown["implied"]} == set(document.implied)
    probabilities = [one["probability"] for one in shown["implied"]]
    assert probabilities == sorted(probabilities, reverse=True)
    assert "found_by" not in shown
    for search_found in ask("track", id=TRACK, found_by="true")["found_by"][:3]:
        hits = ask("search", q=search_found["query"], k="20")["hits"]
        assert hits[search_found["rank"] - 1]["track"]["track_id"] == TRACK
    assert ask.problem("track", id="nope")["type"].endswith("#unknown-track")
    assert ask.problem("similar", id="nope")["type"].endswith("#unknown-track")


def test_a_batch_gets_what_each_track_gets_alone(api: FlaskClient, ask: Api) -> None:
    rows = [{"id": "a", "tags": ["sitar", "tabla"]}, {"tags": []}, {"id": "a", "tags": ["fast", "slow", "??"]}]
    batch = api.post("/api/v1/suggest", json={"tracks": rows, "k": 4}).json["tracks"]
    assert [one["id"] for one in batch] == ["a", "", "a"]
    assert batch[0]["suggestions"] == ask("suggest", tags="sitar; tabla", k="4")
    assert batch[2]["suggestions"] == ask("suggest", tags="fast, slow, ??", k="4")
    assert batch[2]["suggestions"]["contradictions"] == [["fast", "slow"]]


def test_what_was_heard_comes_into_the_same_list(api: FlaskClient, ask: Api) -> None:
    rows = [{"tags": ["sitar"], "heard": {"Rock": 0.9, "unheard of": 0.4}}]
    (batch,) = api.post("/api/v1/suggest", json={"tracks": rows, "k": 50}).json["tracks"]
    found = {one["spelling"]: one for one in batch["suggestions"]["suggestions"]}
    alone = {one["spelling"]: one for one in ask("suggest", tags="sitar", k="100")["suggestions"]}
    assert found["rock"]["heard"] == 0.9
    assert found["rock"]["probability"] > alone["rock"]["probability"]
    assert (found["unheard of"]["probability"], found["unheard of"]["reasons"]) == (0.4, [])
    wrong = api.post("/api/v1/suggest", json={"tracks": [{"tags": [], "heard": {"rock": 71}}]})
    assert (wrong.status_code, wrong.json["detail"]) == (400, "tracks[0].heard[...]: expected a number up to 1")


def test_without_an_index_the_model_still_answers(away_api: FlaskClient) -> None:
    for address in ("suggest?tags=sitar", "kin?tag=sitar", "path?source=sitar&target=techno", "graph?tag=sitar"):
        assert away_api.get(f"/api/v1/{address}").status_code == 200, address
    assert away_api.get("/api/v1/communities").status_code == 200
    assert away_api.get("/api/v1/kin?tag=sittar").json["offers"][0] == "sitar"
    assert away_api.get("/api/v1/openapi.json").status_code == 200
    assert "cannot answer just now" in away_api.get("/api/v1/docs").text
    for address in ("search?q=piano", "tags?prefix=p", "tag?tag=piano", "track?id=x", "similar?id=x", "stats"):
        response = away_api.get(f"/api/v1/{address}")
        assert (response.status_code, response.content_type) == (503, "application/problem+json")
        assert int(response.headers["Retry-After"]) > 0
        assert response.headers["Cache-Control"] == "no-store"


def test_samples_are_of_the_index(demo_searcher: Searcher) -> None:
    samples = samples_of(demo_searcher)
    assert demo_searcher.search(SearchRequest(samples.query)).total > 0
    assert demo_searcher.document(samples.track_id).track.tags
