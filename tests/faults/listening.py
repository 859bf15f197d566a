"""A server on loopback that can go away, swallow everything, and come back: a thread for each connection."""

from __future__ import annotations

import socket
import struct
import threading
from abc import ABC, abstractmethod
from contextlib import suppress
from enum import Enum
from typing import BinaryIO, Self, cast

from tests.faults.http_messages import Answer, Request, answer_bytes, json_answer, read_request

JOIN_TIMEOUT = 10.0  # seconds that a thread has to end

RESET = struct.pack("ii", 1, 0)  # SO_LINGER: on, 0 seconds: closing sends RST in place of FIN


class Mode(Enum):
    """What the whole server does."""

    THERE = "answers"
    AWAY = "refuses connections"
    BLACK_HOLE = "accepts and never answers"


class LoopbackServer(ABC):
    """A context manager that serves HTTP/1.1 on a free port of loopback; what is answered is a subclass's matter.

    Entering starts it, leaving cuts all connections and waits for their threads. The port stays its own while it is
    away: it is bound and does not listen.
    """

    def __init__(self) -> None:
        self._mode = Mode.AWAY
        self._changed = threading.Condition()
        self._closing = threading.Event()
        self._connections: dict[socket.socket, threading.Thread] = {}
        self._accepting: threading.Thread | None = None
        self._socket = _bound(0)
        self._port: int = self._socket.getsockname()[1]

    @abstractmethod
    def answer(self, request: Request) -> Answer | None:
        """Return what is answered; nothing for a reset of the connection. Called by many threads at once."""

    @property
    def url(self) -> str:
        """The address for clients; it stays the same while the server is away."""
        return f"http://127.0.0.1:{self._port}"

    def __enter__(self) -> Self:
        self.back()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def away(self) -> None:
        """Refuse connections from now on, and cut those that are open."""
        with self._changed:
            if self._mode is not Mode.AWAY:
                self._shut_down_listening()
                self._socket = _bound(self._port)
            self._switch(Mode.AWAY)
            _shut_down(*self._connections)

    def black_hole(self) -> None:
        """Accept connections and requests from now on, and answer none: neither new ones nor those under way."""
        self._listen(Mode.BLACK_HOLE)

    def back(self) -> None:
        """Answer again; connections with a request that was swallowed are reset."""
        self._listen(Mode.THERE)

    def close(self) -> None:
        """End for good: no connection and no thread is left."""
        self._closing.set()
        self.away()
        self._socket.close()
        with self._changed:
            threads = list(self._connections.values())
        for thread in threads:
            thread.join(JOIN_TIMEOUT)

    def wait(self, seconds: float) -> None:
        """Wait, unless the server ends before."""
        self._closing.wait(seconds)

    def _listen(self, mode: Mode) -> None:
        with self._changed:
            if self._mode is Mode.AWAY:
                self._socket.listen(128)
                self._accepting = threading.Thread(target=self._accept, args=(self._socket,), daemon=True)
                self._accepting.start()
            self._switch(mode)

    def _shut_down_listening(self) -> None:
        _shut_down(self._socket)  # wakes the thread that accepts, which closing alone does not
        self._socket.close()

    def _switch(self, mode: Mode) -> None:
        self._mode = mode
        self._changed.notify_all()

    def _accept(self, listening: socket.socket) -> None:
        while True:
            try:
                client, _ = listening.accept()
            except OSError:
                return
            with self._changed:
                if self._mode is Mode.AWAY:
                    client.close()
                    return
                thread = threading.Thread(target=self._converse, args=(client,), daemon=True)
                self._connections[client] = thread
                thread.start()

    def _converse(self, client: socket.socket) -> None:
        """Answer the requests of one connection until either side ends it."""
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        reader = cast(BinaryIO, client.makefile("rb"))
        try:
            with suppress(OSError):  # the client left, or this server cut the connection
                while self._respond(client, reader):
                    pass
        finally:
            reader.close()
            client.close()
            with self._changed:
                del self._connections[client]

    def _respond(self, client: socket.socket, reader: BinaryIO) -> bool:
        """Answer one request; whether the connection may bring another."""
        try:
            request = read_request(reader)
        except ValueError as error:
            client.sendall(answer_bytes(json_answer(400, {"error": str(error), "status": 400}), close=True))
            return False
        if request is None:
            return False
        answer = None if self._swallowed() else self.answer(request)
        if answer is None or self._swallowed():
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
            return False
        close = request.is_last
        client.sendall(answer_bytes(answer, to_head=request.method == "HEAD", close=close))
        return not (close or answer.truncated)

    def _swallowed(self) -> bool:
        """Hold a connection for as long as the server is a black hole; whether it was one."""
        with self._changed:
            if self._mode is not Mode.BLACK_HOLE:
                return False
            self._changed.wait_for(lambda: self._mode is not Mode.BLACK_HOLE)
            return True


def _bound(port: int) -> socket.socket:
    """Return a socket that holds a port of loopback and refuses connections until it listens."""
    bound = socket.socket()
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    bound.bind(("127.0.0.1", port))
    return bound


def _shut_down(*sockets: socket.socket) -> None:
    for each in sockets:
        with suppress(OSError):  # the other side was quicker
            each.shutdown(socket.SHUT_RDWR)
