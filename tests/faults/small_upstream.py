"""A small server behind the proxy, by Python's own ``http.server``: takes bulk requests, and remembers what it saw."""

from __future__ import annotations

import gzip
import json
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

MANY_WORDS = json.dumps({"words": ["abc"] * 100}).encode()


def wait_until(condition: Callable[[], bool]) -> None:
    """Wait for what another thread is about to do."""
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.005)


class SmallUpstream(ThreadingHTTPServer):
    """Stores documents by index and ``_id``; answers anything else with `MANY_WORDS`, in chunks under ``/chunks``.

    Under ``/slow`` it answers when `released` is set; after ``/bye`` it closes the connection without a word of it.
    """

    request_queue_size = 64  # connections; with 5, some of twenty at once wait a second

    def __init__(self, port: int = 0) -> None:
        super().__init__(("127.0.0.1", port), _Handler)
        self.lock = threading.Lock()
        self.seen: list[tuple[str, str, bytes]] = []
        self.headers: list[list[tuple[str, str]]] = []
        self.n_closed = 0
        self.released = threading.Event()
        self.clients: set[tuple[str, int]] = set()
        self.documents: dict[tuple[str, str], Any] = {}
        self.thread = threading.Thread(target=self.serve_forever, args=(0.01,), daemon=True)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def __enter__(self) -> Self:
        self.thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.shutdown()
        self.thread.join()
        self.server_close()

    def shutdown_request(self, request: Any) -> None:
        super().shutdown_request(request)
        self.n_closed += 1

    def wait_until_seen(self, n_requests: int) -> None:
        wait_until(lambda: len(self.seen) >= n_requests)

    def wait_until_closed(self, n_connections: int) -> None:
        wait_until(lambda: self.n_closed >= n_connections)

    def bulk(self, index: str, lines: list[bytes]) -> dict[str, Any]:
        rows, items = iter(lines), []
        for row in rows:
            action, about = next(iter(json.loads(row).items()))
            key = (about.get("_index", index), about["_id"])
            with self.lock:
                if action == "delete":
                    status = 200 if self.documents.pop(key, None) else 404
                else:
                    status = 200 if key in self.documents else 201
                    self.documents[key] = json.loads(next(rows))
            items.append({action: {"_index": key[0], "_id": key[1], "status": status}})
        return {"took": 3, "errors": False, "items": items}


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # head and body are written one after the other: 40 ms an answer with it
    server: SmallUpstream

    def answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        with self.server.lock:
            self.server.seen.append((self.command, self.path, body))
            self.server.headers.append(self.headers.items())
            self.server.clients.add(self.client_address)
        path = self.path.partition("?")[0]
        if path == "/slow":
            self.server.released.wait(60)
        self.close_connection = path == "/bye"
        if path.endswith("/_bulk"):
            lines = (gzip.decompress(body) if self.headers.get("Content-Encoding") == "gzip" else body).splitlines()
            answer = json.dumps(self.server.bulk(path.removesuffix("_bulk").strip("/"), lines)).encode()
            if "gzip" in self.headers.get("Accept-Encoding", ""):
                self.send(gzip.compress(answer), {"Content-Encoding": "gzip"})
            else:
                self.send(answer, {})
        elif path == "/gzip":
            self.send(gzip.compress(MANY_WORDS), {"Content-Encoding": "gzip"})
        else:
            self.send(b"" if path == "/empty" else MANY_WORDS, {})

    do_GET = do_POST = do_PUT = do_HEAD = answer  # noqa: N815 - names of http.server

    def send(self, body: bytes, headers: dict[str, str]) -> None:
        chunked = self.path.startswith("/chunks")
        framing = {"Transfer-Encoding": "chunked"} if chunked else {"Content-Length": str(len(body))}
        self.send_response(200)
        for key, value in {"X-Elastic-Product": "Elasticsearch", **headers, **framing}.items():
            self.send_header(key, value)
        self.end_headers()
        if chunked:
            parts = [body[at : at + 100] for at in range(0, len(body), 100)]
            body = b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in parts) + b"0\r\n\r\n"
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        pass
