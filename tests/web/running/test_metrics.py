from __future__ import annotations

from prometheus_client.parser import text_string_to_metric_families as families

from web.app import create_app


def scrape(client) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    response = client.get("/metrics")
    assert response.content_type.startswith("text/plain")
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in families(response.text)
        for sample in family.samples
    }


def value(found, name: str, **labels: str) -> float:
    return found[f"tagkin_{name}", tuple(sorted(labels.items()))]


def test_requests_are_counted_by_route_never_by_address(client) -> None:
    for address in ("/search?q=sad", "/search?q=piano", "/nowhere/1", "/nowhere/2", "/static/mark.svg", "/search?q=("):
        client.get(address).close()
    client.open("/search", method="BREW")
    found = scrape(client)
    assert value(found, "requests_total", route="/search", method="GET", status="200") == 2
    assert value(found, "requests_total", route="/search", method="GET", status="400") == 1
    assert value(found, "requests_total", route="none", method="GET", status="404") == 2
    assert value(found, "requests_total", route="/static/<path:filename>", method="GET", status="200") == 1
    routes = {dict(labels).get("route") for _, labels in found}
    methods = {dict(labels).get("method") for _, labels in found}
    assert not any("nowhere" in (route or "") for route in routes)
    assert methods == {None, "GET", "other"}


def test_time_is_measured_by_route_and_by_what_was_asked_of_the_searcher(client) -> None:
    client.get("/search?q=sad")
    client.get("/api/v1/suggest?tags=sitar")
    client.get("/api/v1/similar?id=fma:7")
    found = scrape(client)
    assert value(found, "request_seconds_count", route="/search") == 1
    assert value(found, "request_seconds_bucket", route="/search", le="+Inf") == 1
    for operation in ("search", "suggest", "similar_sound"):
        assert value(found, "engine_seconds_count", operation=operation) == 1
        assert value(found, "engine_seconds_sum", operation=operation) > 0


def test_searches_that_found_nothing_or_let_go_are_counted(client) -> None:
    client.get("/search?q=sad+piano")
    client.get("/api/v1/search?q=%2Btechno+%2Bsitar")
    client.get("/api/v1/search?q=techno+tabla")
    found = scrape(client)
    assert value(found, "zero_hit_searches_total") == 1
    assert value(found, "relaxed_searches_total") == 1


def test_a_fault_of_ours_is_counted_and_carries_all_headers(searcher) -> None:
    app = create_app(searcher)
    app.add_url_rule("/broken", "broken", lambda: 1 / 0)
    client = app.test_client()
    response = client.get("/broken")
    assert response.status_code == 500
    assert "ETag" not in response.headers
    assert "Content-Security-Policy" in response.headers
    assert value(scrape(client), "requests_total", route="/broken", method="GET", status="500") == 1


def test_the_state_of_the_index_is_told(client, away, searcher) -> None:
    state = searcher.engine.state()
    found = scrape(client)
    assert value(found, "index_up") == 1
    assert value(found, "index_generation") == state.generation
    assert value(found, "index_delta") == state.delta
    assert value(found, "index_tracks") == 54
    assert value(scrape(away), "index_up") == 0
