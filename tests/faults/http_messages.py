"""HTTP/1.1 as bytes and as values: just as much of it as stands between a client and a search server in tests."""

from __future__ import annotations

import json
from dataclasses import dataclass
from http.client import parse_headers
from typing import Any, BinaryIO
from urllib.parse import urlsplit

LONGEST_LINE = 65_536  # bytes

# What belongs to one connection and to the way a body is framed there, not to the message.
HOP_BY_HOP = frozenset({"connection", "keep-alive", "transfer-encoding", "content-length", "expect", "te", "trailer"})

Headers = tuple[tuple[str, str], ...]


def header(headers: Headers, name: str) -> str:
    """Return the value of a header, whatever its case; empty without one."""
    return next((value for key, value in headers if key.lower() == name.lower()), "")


@dataclass(frozen=True)
class Request:
    """A request as it came, its body whole and unframed; `target` is the path with its query."""

    method: str
    target: str
    headers: Headers
    body: bytes = b""
    version: str = "HTTP/1.1"

    @property
    def path(self) -> str:
        """The target without its query."""
        return urlsplit(self.target).path

    @property
    def json(self) -> Any:
        """The body read as JSON."""
        return json.loads(self.body)

    @property
    def is_last(self) -> bool:
        """Whether the client wants the connection closed after the answer."""
        wish = header(self.headers, "Connection").lower()
        return wish == "close" or (self.version == "HTTP/1.0" and wish != "keep-alive")


@dataclass(frozen=True)
class Answer:
    """An answer with its body whole; `truncated`: only half of the body is sent, and the connection closed."""

    status: int
    headers: Headers = ()
    body: bytes = b""
    chunked: bool = False
    truncated: bool = False


def json_answer(status: int, content: Any, headers: Headers = (("X-Elastic-Product", "Elasticsearch"),)) -> Answer:
    """Return JSON as an answer; unless told otherwise it comes from Elasticsearch."""
    return Answer(status, (*headers, ("Content-Type", "application/json")), json.dumps(content).encode())


def read_request(reader: BinaryIO) -> Request | None:
    """Read one request from a connection; nothing when the client has closed it.

    Raises
    ------
    ValueError
        If what came is not HTTP.
    ConnectionError
        If the connection ended within a request.
    """
    line = reader.readline(LONGEST_LINE)
    if not line:
        return None
    words = line.decode("latin-1").split()
    if len(words) != 3:
        raise ValueError(f"expected METHOD TARGET VERSION, got {line[:80]!r}")
    headers = tuple((key, str(value)) for key, value in parse_headers(reader).items())
    return Request(words[0], words[1], headers, read_body(reader, headers), words[2])


def read_body(reader: BinaryIO, headers: Headers) -> bytes:
    """Read a body framed by chunks or by its length; empty without either."""
    if header(headers, "Transfer-Encoding").lower() == "chunked":
        return _read_chunks(reader)
    return _read_exactly(reader, int(header(headers, "Content-Length") or 0))


def _read_chunks(reader: BinaryIO) -> bytes:
    chunks = []
    while size := int(reader.readline(LONGEST_LINE).split(b";")[0], 16):
        chunks.append(_read_exactly(reader, size))
        reader.readline(LONGEST_LINE)
    while reader.readline(LONGEST_LINE).strip():
        pass  # trailers
    return b"".join(chunks)


def _read_exactly(reader: BinaryIO, size: int) -> bytes:
    body = reader.read(size)
    if len(body) < size:
        raise ConnectionError(f"the connection ended after {len(body)} of {size} bytes of a body")
    return body


def answer_bytes(answer: Answer, *, to_head: bool = False, close: bool = False) -> bytes:
    """Return what is sent for an answer: framed as it says, cut in the middle of the body where it is `truncated`.

    A truncated answer is framed by its length, with at least one byte missing; the answer to a HEAD keeps the length
    that it states.
    """
    lines = [f"HTTP/1.1 {answer.status} -", *(f"{key}: {value}" for key, value in answer.headers)]
    chunked = answer.chunked and not answer.truncated
    if close:
        lines.append("Connection: close")
    if chunked:
        lines.append("Transfer-Encoding: chunked")
    elif not (to_head and header(answer.headers, "Content-Length")):
        lines.append(f"Content-Length: {max(len(answer.body), int(answer.truncated))}")
    head = ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")
    if to_head:
        return head
    if answer.truncated:
        return head + answer.body[: len(answer.body) // 2]
    return head + (_as_chunks(answer.body) if chunked else answer.body)


def _as_chunks(body: bytes) -> bytes:
    """Frame a body as two chunks, so that readers have something to put together."""
    halves = [half for half in (body[: len(body) // 2], body[len(body) // 2 :]) if half]
    return b"".join(b"%x\r\n%s\r\n" % (len(half), half) for half in halves) + b"0\r\n\r\n"
