"""`FakeServer` answers what a test says, and remembers what it was asked: servers that nobody could install here."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

from tests.faults.http_messages import Answer, Headers, Request, json_answer
from tests.faults.listening import LoopbackServer

ELASTICSEARCH = {"X-Elastic-Product": "Elasticsearch"}


@dataclass
class _Rule:
    method: str
    path: str
    answer: Callable[[Request], Answer | None]
    times: int | None

    def meets(self, request: Request) -> bool:
        return self.times != 0 and self.method in ("*", request.method) and fnmatchcase(request.path, self.path)


class FakeServer(LoopbackServer):
    """A server of rules; what none of them is for is answered with 404.

    Parameters
    ----------
    headers
        Sent with each answer: those of Elasticsearch unless others are given, ``{}`` for another product.
    """

    def __init__(self, headers: Mapping[str, str] = ELASTICSEARCH) -> None:
        super().__init__()
        self._headers: Headers = tuple(headers.items())
        self._rules: list[_Rule] = []
        self._requests: list[Request] = []
        self._lock = threading.Lock()

    @property
    def requests(self) -> list[Request]:
        """All requests so far, in the order in which they came."""
        with self._lock:
            return list(self._requests)

    def answers(
        self, method: str, path: str, content: Any = None, *, status: int = 200, times: int | None = None
    ) -> None:
        """Answer requests with JSON from now on; of the rules that meet a request, the newest holds.

        Parameters
        ----------
        method
            Or ``*``.
        path
            A pattern for the path without its query: ``/*/_bulk``.
        times
            How often, before older rules hold again; always without it.
        """
        self.answers_by(method, path, lambda _: json_answer(status, content, self._headers), times=times)

    def answers_by(
        self, method: str, path: str, answer: Callable[[Request], Answer | None], *, times: int | None = None
    ) -> None:
        """Answer with what a function makes of a request, sent as it is; nothing is a reset of the connection."""
        with self._lock:
            self._rules.insert(0, _Rule(method, path, answer, times))

    def answer(self, request: Request) -> Answer | None:
        """Return what the newest rule says that meets the request."""
        with self._lock:
            self._requests.append(request)
            rule = next((rule for rule in self._rules if rule.meets(request)), None)
            if rule is not None and rule.times is not None:
                rule.times -= 1
        if rule is None:
            unknown = {"error": f"no rule for {request.method} {request.path}", "status": 404}
            return json_answer(404, unknown, self._headers)
        return rule.answer(request)
