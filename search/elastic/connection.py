"""The one module that speaks to the server: requests out, answers or the reason why there is none back in.

Everything that can go wrong on the way becomes `SearchUnavailable` (`search.elastic.failures` has the words). What the
server itself refuses comes as `Refusal`, for the caller to judge.
"""

from __future__ import annotations

import logging
import threading
import time
from base64 import b64encode
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

from search.elastic.address import ElasticAddress
from search.elastic.failures import Failures, HalfUp, Refusal, Unreached, no_client, words_of
from search.engine import SearchUnavailable

if TYPE_CHECKING:
    from elastic_transport import HttpHeaders, NodeConfig, Urllib3HttpNode
    from elasticsearch import Elasticsearch, TransportError

Answer = TypeVar("Answer")

_JSON = "application/json"
_LINES = "application/x-ndjson"

# Bulk requests and merges take longer than searches; a server that is silent for so long is gone.
LONG_TIMEOUT = 60.0  # seconds
# Asked before anything else, so that a server which does not answer is known soon.
SHORT_TIMEOUT = 2.0  # seconds

# Until servers that have lost one of them know of it.
_BREATH = 0.1  # seconds

# Of several servers, one that did not answer is left out for a while that doubles up to this.
_LONGEST_REST = 10.0  # seconds
# Then it has to answer to this before it is given a request.
_PROBE_TIMEOUT = 1.0  # seconds

# Connections kept open to each server.
_CONNECTIONS = 16

class Connection:
    """A way to the servers of one cluster; may be shared by threads."""

    def __init__(self, address: ElasticAddress) -> None:
        self.address = address
        self._failures = Failures(address)
        self._lock = threading.Lock()
        self._client: Elasticsearch | None = None
        self._waiting: dict[float, Elasticsearch] = {}
        self._closed = False
        self._holders = 0
        self._checked = False

    def get(self, path: str, timeout: float | None = None, **params: Any) -> Any:
        """Send a GET."""
        return self.request("GET", path, timeout=timeout, params=params)

    def post(self, path: str, body: Any = None, timeout: float | None = None, **params: Any) -> Any:
        """Send a POST; a body of bytes is sent as it is, as lines."""
        return self.request("POST", path, body, timeout=timeout, params=params)

    def put(self, path: str, body: Any = None, timeout: float | None = None, **params: Any) -> Any:
        """Send a PUT."""
        return self.request("PUT", path, body, timeout=timeout, params=params)

    def request(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        timeout: float | None = None,
        params: Mapping[str, Any] | None = None,
    ) -> Any:
        """Send a request and return the parsed answer.

        Parameters
        ----------
        timeout
            Seconds; that of a search unless given.

        Raises
        ------
        Refusal
            If the server refuses it for what it is: 4xx but for those that say who we are.
        SearchUnavailable
            If there is no answer, or none that can be used.
        """
        wait = self.address.timeout if timeout is None else timeout
        client = self._open(wait)  # which says so where there is no client

        from elasticsearch import ApiError, TransportError, UnsupportedProductError

        lines = isinstance(body, bytes)
        headers = {"accept": _JSON}
        if body is not None:
            headers["content-type"] = _LINES if lines else _JSON
        try:
            answer = client.perform_request(method, path, params=params or None, headers=headers, body=body).body
        except UnsupportedProductError:
            raise self._failures.no_elasticsearch("one that does not call itself Elasticsearch") from None
        except ApiError as error:
            self._failures.judge(error.meta.status, error.body, error.meta.headers)
        except TransportError as error:
            raise self._failures.unreached(_kind_of(error), _cause(error), wait) from error
        except ValueError as error:  # a closed pool of connections
            raise self._failures.lost(error) from error
        if not isinstance(answer, Mapping):
            raise self._failures.no_object(answer)
        return answer

    def check_version(self) -> None:
        """Look once whether the server is one that understands us.

        Raises
        ------
        SearchUnavailable
            If it cannot be reached or is of another kind or version.
        """
        if self._checked:
            return
        try:
            answer = self.get("/", timeout=SHORT_TIMEOUT)
        except Refusal as refusal:
            # A server without this page, or a key that may not see it: what it cannot do, it will say.
            if refusal.status not in {403, 404, 405}:
                raise self.refused(refusal) from None
        else:
            version = answer.get("version")
            self._failures.check_version(str(version.get("number", "")) if isinstance(version, Mapping) else "")
        self._checked = True

    def hold(self) -> None:
        """Keep the line open until `release`, whoever closes it meanwhile: what was begun is brought to its end.

        Raises
        ------
        SearchUnavailable
            If it is closed already.
        """
        with self._lock:
            self._check_open()
            self._holders += 1

    def release(self) -> None:
        """Let go of what `hold` has held."""
        with self._lock:
            self._holders -= 1
            self._hang_up()

    def close(self) -> None:
        """Hang up, as soon as nobody holds the line; every later request says so."""
        with self._lock:
            self._closed = True
            self._hang_up()

    def _hang_up(self) -> None:
        if self._closed and not self._holders and self._client is not None:
            self._client.close()

    def _check_open(self) -> None:
        if self._closed and not self._holders:
            raise self._failures.closed()

    def refused(self, refusal: Refusal) -> SearchUnavailable:
        """Return the error for a refusal that no caller knows what to do with."""
        return self._failures.refused(refusal)

    def refused_part(self, part: Mapping[str, Any]) -> SearchUnavailable:
        """Return the error for a part of an answer that says it failed."""
        return self.refused(Refusal(int(part.get("status", 500)), *words_of(part)))

    def _open(self, timeout: float) -> Elasticsearch:
        """Return the client that waits for so long; they share their connections, and to make one takes 0.1 ms."""
        self._check_open()
        if timeout not in self._waiting:
            with self._lock:
                if self._client is None:
                    self._client = _make_client(self.address)
                self._waiting[timeout] = self._client.options(request_timeout=timeout)
        return self._waiting[timeout]

def _make_client(address: ElasticAddress) -> Elasticsearch:
    try:
        from elasticsearch import Elasticsearch, OrjsonSerializer
    except ImportError:
        raise no_client() from None
    # It would say at each try what we say once, in words of our own.
    logging.getLogger("elastic_transport").setLevel(logging.ERROR)
    settings: dict[str, Any] = {}
    if address.api_key:
        settings["api_key"] = address.api_key
    elif address.password:
        # Made here, as the client takes ASCII only.
        login = b64encode(f"{address.username}:{address.password}".encode()).decode()
        settings["headers"] = {"authorization": f"Basic {login}"}
    if address.ca_certs:
        settings["ca_certs"] = address.ca_certs
    if len(address.hosts) > 1:
        settings["node_class"] = _careful_node()
    return Elasticsearch(
        list(address.hosts),
        serializers={_JSON: OrjsonSerializer()},
        connections_per_node=_CONNECTIONS,
        # Another server is asked where one cannot be reached; a slow one is not asked twice.
        max_retries=len(address.hosts),
        retry_on_status=(),
        retry_on_timeout=False,
        # One that did not answer gets its next request by and by, but is not forgotten.
        max_dead_node_backoff=_LONGEST_REST,
        **settings,
    )


def _careful_node() -> type[Urllib3HttpNode]:
    """Return what speaks to one server of several: after silence, it makes sure that there is somebody.

    A machine that hangs, or is cut off, refuses nothing. Each request that it is tried with would be a search that
    fails, one after the other; a short question shows the same, and another server is asked instead.
    """
    from elastic_transport import ConnectionError, ConnectionTimeout, Urllib3HttpNode
    from elastic_transport.client_utils import DEFAULT

    class CarefulNode(Urllib3HttpNode):
        """Held by the client for each server, and used by all threads."""

        def __init__(self, config: NodeConfig) -> None:
            super().__init__(config)
            self._silent = False
            self._asking = threading.Lock()

        def perform_request(
            self,
            method: str,
            target: str,
            body: bytes | None = None,
            headers: HttpHeaders | None = None,
            request_timeout: Any = DEFAULT,
        ) -> Any:
            if self._silent:
                self._make_sure(headers)
            try:
                return super().perform_request(method, target, body, headers, request_timeout)
            except ConnectionTimeout:
                self._silent = True
                raise

        def _make_sure(self, headers: HttpHeaders | None) -> None:
            if not self._asking.acquire(blocking=False):
                raise ConnectionError("it did not answer, and is being asked whether it is there")
            try:
                super().perform_request("GET", "/", headers=headers, request_timeout=_PROBE_TIMEOUT)
                self._silent = False
            except ConnectionTimeout:
                raise ConnectionError("it did not answer, and still does not") from None
            finally:
                self._asking.release()

    return CarefulNode


def ask_twice(ask: Callable[[], Answer]) -> Answer:
    """Ask for what changes nothing; where a server was lost over the answer, once more, as others have copies.

    The servers themselves pass a search on to another copy, but not once a copy has begun to answer.
    """
    try:
        return ask()
    except HalfUp:
        time.sleep(_BREATH)
        return ask()


def _kind_of(error: TransportError) -> Unreached:
    from elastic_transport import TlsError
    from elasticsearch import ConnectionTimeout, SerializationError

    if isinstance(error, TlsError):
        return Unreached.UNTRUSTED
    if isinstance(error, ConnectionTimeout):
        return Unreached.SILENT
    return Unreached.NO_JSON if isinstance(error, SerializationError) else Unreached.OTHER


def _cause(error: BaseException) -> str:
    """Return the words of the innermost error: the ones around it repeat them, among names of classes."""
    inner: BaseException = error
    while (nested := _inside(inner)) is not None:
        inner = nested
    words = getattr(inner, "strerror", None) or getattr(inner, "message", None) or str(inner)
    return words[:300] or type(inner).__name__


def _inside(error: BaseException) -> BaseException | None:
    tried = getattr(error, "errors", ())
    if tried:
        return cast(BaseException, tried[-1])
    return error.__cause__ or (None if error.__suppress_context__ else error.__context__)
