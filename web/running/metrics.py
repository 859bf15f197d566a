"""Measurements for Prometheus: one scrape of any worker tells about all of them.

Workers write their counts to files in a directory that `tagkin serve` makes for them and names in the environment;
without one, as in tests, counts stay in the process. Labels are routes, never addresses, so that nobody can make more
of them than there are.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable

from flask import Blueprint, Flask, Response, request

from search.engine import SearchUnavailable
from web.context import searcher
from web.running.observing import Notes, notes

# Name of the environment variable by which the library knows the workers' directory.
DIRECTORY = "PROMETHEUS_MULTIPROC_DIR"

_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)
_METHODS = {"GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS"}


def register(app: Flask) -> None:
    """Have the application measure itself and answer ``/metrics``."""
    measured = Measurements()
    app.extensions["measurements"] = measured
    blueprint = Blueprint("metrics", __name__)
    blueprint.add_url_rule("/metrics", "show", measured.scrape)
    app.register_blueprint(blueprint)

    @app.after_request
    def measure(response: Response) -> Response:
        measured.observe(notes(), response.status_code)
        return response


class Measurements:
    """All that is measured."""

    def __init__(self) -> None:
        # Not before a worker runs: on import the library decides whether there is a directory to share.
        from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

        own = self._registry = CollectorRegistry()

        def gauge(name: str, says: str) -> Gauge:
            return Gauge(f"tagkin_{name}", says, registry=own, multiprocess_mode="mostrecent")

        self._requests = Counter(
            "tagkin_requests", "Requests answered.", ("route", "method", "status"), registry=own
        )
        self._seconds = Histogram(
            "tagkin_request_seconds", "Seconds from request to answer.", ("route",), registry=own, buckets=_SECONDS
        )
        self._searching = Histogram(
            "tagkin_engine_seconds", "Seconds of these in search.", ("operation",), registry=own, buckets=_SECONDS
        )
        self._nothing = Counter("tagkin_zero_hit_searches", "Searches that found nothing.", registry=own)
        self._relaxed = Counter("tagkin_relaxed_searches", "Searches that let go of words.", registry=own)
        self._limited = Counter("tagkin_limited_requests", "Requests beyond the rate of a client.", registry=own)
        self._unchanged = Counter("tagkin_not_modified", "Answers that the client had already.", registry=own)
        self.shed = Counter("tagkin_shed_requests", "Requests turned away at full load.", registry=own)
        self._up = gauge("index_up", "Whether the index can be searched.")
        self._generation = gauge("index_generation", "Rebuilds of the index.")
        self._delta = gauge("index_delta", "Writes to the index.")
        self._tracks = gauge("index_tracks", "Tracks in the index.")
        self._of_request: dict[tuple[str, str, int], tuple[Callable[[], None], Callable[[float], None]]] = {}
        self._of_operation: dict[str, Callable[[float], None]] = {}

    def observe(self, noted: Notes, status: int) -> None:
        """Count a request."""
        route = request.url_rule.rule if request.url_rule else "none"
        count, measure = self._request(route, request.method, status)
        count()
        measure(time.perf_counter() - noted.began)
        if status == 304:
            self._unchanged.inc()
        elif status == 429:
            self._limited.inc()
        for operation, seconds in noted.searching.items():
            self._operation(operation)(seconds)
        if noted.found is not None:
            if noted.found.total == 0:
                self._nothing.inc()
            if noted.found.relaxed:
                self._relaxed.inc()

    def scrape(self) -> Response:
        """Answer with all measurements of all workers."""
        from prometheus_client import CollectorRegistry
        from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
        from prometheus_client.multiprocess import MultiProcessCollector

        self._look_at_index()
        registry = self._registry
        if os.environ.get(DIRECTORY):
            registry = CollectorRegistry()
            MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
        never_kept = {"Cache-Control": "no-store"}
        return Response(generate_latest(registry), content_type=CONTENT_TYPE_LATEST, headers=never_kept)

    def _look_at_index(self) -> None:
        try:
            state = searcher().engine.state()
        except SearchUnavailable:
            self._up.set(0)
            return
        self._up.set(1)
        self._generation.set(state.generation)
        self._delta.set(state.delta)
        self._tracks.set(state.n_tracks)

    def _request(self, route: str, method: str, status: int) -> tuple[Callable[[], None], Callable[[float], None]]:
        known = self._of_request.get((route, method, status))
        if known is None:
            named = method if method in _METHODS else "other"
            known = self._requests.labels(route, named, str(status)).inc, self._seconds.labels(route).observe
            if named == method:
                self._of_request[route, method, status] = known
        return known

    def _operation(self, operation: str) -> Callable[[float], None]:
        if operation not in self._of_operation:
            self._of_operation[operation] = self._searching.labels(operation).observe
        return self._of_operation[operation]
