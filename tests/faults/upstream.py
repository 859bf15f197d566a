"""The proxy's connections to the server behind it: kept alive, shared by all threads, cut when the proxy ends."""

from __future__ import annotations

import select
import socket
import threading
from contextlib import suppress
from http.client import HTTPConnection, HTTPException
from urllib.parse import urlsplit

from tests.faults.http_messages import HOP_BY_HOP, Answer, Request, header

TIMEOUT = 120.0  # seconds; far beyond any client's own


class UpstreamLost(Exception):
    """The server behind the proxy could not be reached, or broke off by itself."""


class Upstream:
    """A server at ``http://host:port``.

    Raises
    ------
    ValueError
        If the address is none of plain HTTP.
    """

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        if parts.scheme != "http" or not parts.hostname:
            raise ValueError(f"expected http://host:port, got {url!r}; encrypted servers are not supported")
        self._address = (parts.hostname, parts.port or 80)
        self._lock = threading.Lock()
        self._idle: list[HTTPConnection] = []
        self._busy: set[HTTPConnection] = set()

    def send(self, request: Request) -> Answer:
        """Forward a request and return the whole answer.

        Raises
        ------
        UpstreamLost
            If there is no answer, or no whole one.
        """
        connection = self._take()
        try:
            answer = _exchange(connection, request)
        except (OSError, HTTPException) as error:
            self._drop(connection)
            raise UpstreamLost(str(error)) from error
        with self._lock:
            self._busy.discard(connection)
            self._idle.append(connection)
        return answer

    def close(self) -> None:
        """Close all connections; requests under way are lost."""
        with self._lock:
            connections = [*self._idle, *self._busy]
            self._idle.clear()
        for connection in connections:
            if (open_socket := connection.sock) is not None:
                with suppress(OSError):
                    open_socket.shutdown(socket.SHUT_RDWR)  # wakes who waits for an answer, which closing does not
            connection.close()

    def _take(self) -> HTTPConnection:
        with self._lock:
            while self._idle:
                connection = self._idle.pop()
                if connection.sock is None or not select.select([connection.sock], [], [], 0)[0]:
                    self._busy.add(connection)
                    return connection
                connection.close()  # the server closed it meanwhile: that is not a fault to pass on
            connection = HTTPConnection(*self._address, timeout=TIMEOUT)
            self._busy.add(connection)
            return connection

    def _drop(self, connection: HTTPConnection) -> None:
        connection.close()
        with self._lock:
            self._busy.discard(connection)


def _exchange(connection: HTTPConnection, request: Request) -> Answer:
    connection.putrequest(request.method, request.target, skip_host=True, skip_accept_encoding=True)
    for key, value in request.headers:
        if key.lower() not in HOP_BY_HOP:
            connection.putheader(key, value)
    if request.body or header(request.headers, "Content-Length") or request.method in ("POST", "PUT"):
        connection.putheader("Content-Length", str(len(request.body)))
    connection.endheaders(request.body or None)
    response = connection.getresponse()
    body = response.read()
    dropped = HOP_BY_HOP - {"content-length"} if request.method == "HEAD" else HOP_BY_HOP
    headers = tuple((key, value) for key, value in response.getheaders() if key.lower() not in dropped)
    return Answer(response.status, headers, body, chunked=bool(response.chunked))
