"""The same requests with tagkin around them and without: a connection that takes notes, and a bare HTTP client."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple
from urllib.parse import urlencode

import orjson
import urllib3

from search.elastic.address import ElasticAddress
from search.elastic.connection import Connection


class Noted(NamedTuple):
    """One request as it was sent, and the time until its answer was parsed."""

    method: str
    target: str
    body: bytes
    lines: bool
    seconds: float

    @property
    def is_state(self) -> bool:
        """Whether it asks how the index stands, before a query is parsed."""
        return "/_doc/" in self.target

    def to(self, old: str, new: str) -> Noted:
        """Return the same request to an index of another name."""
        return self._replace(target=self.target.replace(old, new))


class WatchedConnection(Connection):
    """A connection that notes every request while `notes` is a list."""

    def __init__(self, address: ElasticAddress) -> None:
        super().__init__(address)
        self.notes: list[Noted] | None = None

    def request(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        timeout: float | None = None,
        params: Mapping[str, Any] | None = None,
    ) -> Any:
        """Send a request, as any connection does."""
        if self.notes is None:
            return super().request(method, path, body, timeout=timeout, params=params)
        began = time.perf_counter()
        answer = super().request(method, path, body, timeout=timeout, params=params)
        seconds = time.perf_counter() - began
        lines = isinstance(body, bytes)
        sent = body if lines else b"" if body is None else orjson.dumps(body)
        target = path + (f"?{urlencode(params)}" if params else "")
        self.notes.append(Noted(method, target, sent, lines, seconds))
        return answer

    def noted(self) -> list[Noted]:
        """Return what was noted so far, and begin anew."""
        notes, self.notes = self.notes or [], []
        return notes


class RawServer:
    """The least that speaks HTTP to a server, over connections that stay open; for servers that let everybody in."""

    def __init__(self, address: ElasticAddress) -> None:
        self._pool = urllib3.connectionpool.connection_from_url(address.hosts[0], maxsize=16)

    def send(self, method: str, target: str, body: bytes = b"", lines: bool = False) -> bytes:
        """Send a request and return the bytes of the answer."""
        headers = {"accept": "application/json"}
        if body:
            headers["content-type"] = "application/x-ndjson" if lines else "application/json"
        answer = self._pool.urlopen(method, target, body=body or None, headers=headers, timeout=600, retries=False)
        if answer.status >= 300:
            raise RuntimeError(f"{method} {target}: {answer.status} {answer.data[:500]!r}")
        return answer.data

    def again(self, request: Noted) -> bytes:
        """Send a noted request again."""
        return self.send(request.method, request.target, request.body, request.lines)

    def ask(self, method: str, target: str, body: Any = None) -> Any:
        """Send a request of JSON and return the parsed answer."""
        return orjson.loads(self.send(method, target, b"" if body is None else orjson.dumps(body)) or b"null")

    def post_all(self, requests: Sequence[Noted], threads: int) -> float:
        """Send bulk requests from so many threads at once; return the seconds it took.

        Raises
        ------
        RuntimeError
            If the server did not take a document.
        """
        began = time.perf_counter()
        with ThreadPoolExecutor(threads) as pool:
            answers = list(pool.map(self.again, requests))
        seconds = time.perf_counter() - began
        if any(b'"errors":true' in answer for answer in answers):
            raise RuntimeError("the server refused documents of the raw load")
        return seconds

    def disk_bytes(self, index: str) -> int:
        """Return the size of an index once everything is in files."""
        self.send("POST", f"/{index}/_flush?force=true")
        # Statistics of files are remembered for seconds; those of segments are not.
        segments = self.ask("GET", f"/_cat/segments/{index}?format=json&bytes=b&h=size")
        return sum(int(segment["size"]) for segment in segments)

    def merge(self, index: str) -> float:
        """Merge an index to one segment a shard; return the seconds it took."""
        began = time.perf_counter()
        self.send("POST", f"/{index}/_forcemerge?max_num_segments=1")
        self.send("POST", f"/{index}/_refresh")
        return time.perf_counter() - began

    def heap(self) -> dict[str, int]:
        """Return the heap of the server in bytes: what is in use at this moment, and the most there may be."""
        nodes = self.ask("GET", "/_nodes/_local/stats/jvm?filter_path=nodes.*.jvm.mem")["nodes"]
        (memory,) = [node["jvm"]["mem"] for node in nodes.values()]
        return {"used_bytes": memory["heap_used_in_bytes"], "most_bytes": memory["heap_max_in_bytes"]}

    def work_seconds(self) -> float:
        """Return the processor time of the server since it began."""
        nodes = self.ask("GET", "/_nodes/_local/stats/process?filter_path=nodes.*.process.cpu")["nodes"]
        (process,) = [node["process"] for node in nodes.values()]
        return float(process["cpu"]["total_in_millis"]) / 1e3

    def machine(self) -> dict[str, Any]:
        """Return the version of the server, and its cores."""
        picked = "nodes.*.version,nodes.*.os.allocated_processors"
        (node,) = self.ask("GET", f"/_nodes/_local?filter_path={picked}")["nodes"].values()
        return {"elasticsearch": node["version"], "server_cores": node["os"]["allocated_processors"]}
