from __future__ import annotations

import re

import pytest

from search.result import SearchRequest
from web.app import create_app
from web.running.observing import ObservedSearcher
from web.settings import Settings


def test_every_answer_has_an_id_of_its_own(client) -> None:
    ids = {client.get(address).headers["X-Request-ID"] for address in ("/", "/", "/nowhere", "/healthz")}
    assert len(ids) == 4
    assert all(re.fullmatch(r"[0-9a-f]{16}", one) for one in ids)


def test_the_id_of_a_proxy_is_taken_over(searcher) -> None:
    client = create_app(searcher, Settings(proxies=1)).test_client()
    assert client.get("/", headers={"X-Request-ID": "edge-7"}).headers["X-Request-ID"] == "edge-7"


@pytest.mark.parametrize("given", ["a b", "x" * 65, "é", '"', ""])
def test_an_odd_id_is_not(searcher, given: str) -> None:
    client = create_app(searcher, Settings(proxies=1)).test_client()
    assert client.get("/", headers={"X-Request-ID": given}).headers["X-Request-ID"] != given


def test_without_a_proxy_nobody_names_requests(client) -> None:
    assert client.get("/", headers={"X-Request-ID": "mine"}).headers["X-Request-ID"] != "mine"


def test_an_observed_searcher_answers_the_same_outside_of_requests(searcher) -> None:
    observed = ObservedSearcher(searcher.engine, searcher.model)
    assert observed.search(SearchRequest("sad piano")) == searcher.search(SearchRequest("sad piano"))
    assert observed.similar("fma:7", 3) == searcher.similar("fma:7", 3)
    assert observed.suggest(["sitar"]) == searcher.suggest(["sitar"])


def test_tls_is_insisted_on_only_over_tls(searcher) -> None:
    client = create_app(searcher, Settings(hsts=86_400)).test_client()
    assert client.get("/", base_url="https://x").headers["Strict-Transport-Security"] == "max-age=86400"
    assert "Strict-Transport-Security" not in client.get("/").headers
