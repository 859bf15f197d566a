"""The one module that speaks to the server: requests out, answers or the reason why there is none back in.

Everything that can go wrong on the way becomes `SearchUnavailable` with words of its own, for whoever runs the server
and (without any address) for the public. What the server itself refuses comes as `Refusal`, for the caller to judge.
"""

from __future__ import annotations

import logging
import threading
import time
from base64 import b64encode
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar, cast

from search.elastic.address import ElasticAddress
from search.engine import BadIndex, NotLetIn, SearchUnavailable

if TYPE_CHECKING:
    from elastic_transport import HttpHeaders, NodeConfig, Urllib3HttpNode
    from elasticsearch import ApiError, Elasticsearch

Answer = TypeVar("Answer")

_JSON = "application/json"
_LINES = "application/x-ndjson"

# Bulk requests and merges take longer than searches; a server that is silent for so long is gone.
LONG_TIMEOUT = 60.0  # seconds
# Asked before anything else, so that a server which does not answer is known soon.
SHORT_TIMEOUT = 2.0  # seconds

# The oldest version that has every query we ask, and the first that nobody has tried.
_OLDEST = (8, 19)
_UNTRIED = (10, 0)

# Until servers that have lost one of them know of it.
_BREATH = 0.1  # seconds

# Of several servers, one that did not answer is left out for a while that doubles up to this.
_LONGEST_REST = 10.0  # seconds
# Then it has to answer to this before it is given a request.
_PROBE_TIMEOUT = 1.0  # seconds

# Connections kept open to each server.
_CONNECTIONS = 16

_UNREACHABLE = "the search server cannot be reached"
_SILENT = "the search server does not answer in time"
_BUSY = "the search server has too much to do"
_PARTIAL = "the search server is only half up: some of the index is missing"
_BLOCKED = "the search server keeps the index from being written"
_VERSION = "the search server is of a version that this program does not know"
_ANOTHER = "what answers in place of the search server is another program"
_CERTIFICATE = "the search server's certificate is not the one expected"
_LOGIN = "the search server refuses our password or key"
_RIGHTS = "the search server does not allow this to our user or key"
_ODD = "the search server answers what this program does not understand"
_CLOSED = "the search is being stopped"


class Refusal(Exception):
    """The server understood a request and refused it.

    Parameters
    ----------
    status
        Of HTTP.
    kind, reason
        The server's own words.
    """

    def __init__(self, status: int, kind: str, reason: str) -> None:
        super().__init__(f"{status} {kind}: {reason}")
        self.status = status
        self.kind = kind
        self.reason = reason


class HalfUp(SearchUnavailable):
    """Some of the servers are there and cannot answer for all of the index: one may just have been lost."""


class Connection:
    """A way to the servers of one cluster; may be shared by threads."""

    def __init__(self, address: ElasticAddress) -> None:
        self.address = address
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
            raise self._no_elasticsearch("one that does not call itself Elasticsearch") from None
        except ApiError as error:
            self._judge(error)
        except TransportError as error:
            raise self._unavailable(error, wait) from error
        except ValueError as error:  # a closed pool of connections
            raise SearchUnavailable(f"{self.address}: {error}", public=_UNREACHABLE) from error
        if not isinstance(answer, Mapping):
            raise SearchUnavailable(
                f"{self.address}: expected an object of JSON, got {answer!r:.80}. Does something between us change it?",
                public=_ODD,
            )
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
            self._check_number(str(version.get("number", "")) if isinstance(version, Mapping) else "")
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
            raise SearchUnavailable(f"{self.address}: this connection was closed", public=_CLOSED)

    def refused_part(self, part: Mapping[str, Any]) -> SearchUnavailable:
        """Return the error for a part of an answer that says it failed."""
        return self.refused(Refusal(int(part.get("status", 500)), *_words(part)))

    def _open(self, timeout: float) -> Elasticsearch:
        """Return the client that waits for so long; they share their connections, and to make one takes 0.1 ms."""
        self._check_open()
        if timeout not in self._waiting:
            with self._lock:
                if self._client is None:
                    self._client = _make_client(self.address)
                self._waiting[timeout] = self._client.options(request_timeout=timeout)
        return self._waiting[timeout]

    def _check_number(self, number: str) -> None:
        try:
            major, minor = (int(part) for part in number.split(".")[:2])
        except ValueError:
            raise self._no_elasticsearch(f"one that names its version {number!r}") from None
        if not _OLDEST <= (major, minor) < _UNTRIED:
            raise NotLetIn(f"{self.address}: expected Elasticsearch 8.19 or 9, found {number}", public=_VERSION)

    def _judge(self, error: ApiError) -> NoReturn:
        """Raise what an answer with an error status means."""
        status, (kind, reason) = error.meta.status, _words(error.body)
        if status == 401:
            raise self._not_known() from None
        if status == 403 and kind == "security_exception":
            raise NotLetIn(
                f"{self.address} does not allow this: {reason}. Searching needs the rights of deploy/reader.json, "
                "indexing those of deploy/writer.json; they are for certain names of indices, is ours one of them?",
                public=_RIGHTS,
            ) from None
        if kind in {"media_type_header_exception", "unsupported_product"}:
            raise NotLetIn(
                f"{self.address}: expected Elasticsearch 8.19 or 9, this server answers: {reason}", public=_VERSION
            ) from None
        # It names itself in every answer, but for those to whom it does not know.
        is_itself = error.meta.headers.get("x-elastic-product") == "Elasticsearch"
        if status == 404 and not is_itself:
            raise self._no_elasticsearch("one that answers 404 and does not say which it is") from None
        if status >= 500 and not is_itself:
            raise SearchUnavailable(
                f"{self.address} cannot be reached: what is between us and it answers {status}. Is the server up?",
                public=_UNREACHABLE,
            ) from None
        if status < 500:
            raise Refusal(status, kind, reason) from None
        raise self.refused(Refusal(status, kind, reason)) from None

    def _no_elasticsearch(self, found: str) -> NotLetIn:
        return NotLetIn(
            f"{self.address}: expected an Elasticsearch server, found {found}. Are host and port right?",
            public=_ANOTHER,
        )

    def _not_known(self) -> NotLetIn:
        if self.address.api_key:
            why = "refuses the API key: is TAGKIN_ELASTICSEARCH_API_KEY right, and has the key not expired?"
        elif self.address.password:
            why = f"refuses the user {self.address.username!r}: is TAGKIN_ELASTICSEARCH_PASSWORD right?"
        else:
            why = "wants to know who asks: set TAGKIN_ELASTICSEARCH_API_KEY, or _USERNAME and _PASSWORD"
        return NotLetIn(f"{self.address} {why}", public=_LOGIN)

    def refused(self, refusal: Refusal) -> SearchUnavailable:
        """Return the error for a refusal that no caller knows what to do with."""
        words = f"{refusal.kind} {refusal.reason}".lower()
        if refusal.kind == "cluster_block_exception" and refusal.status in {403, 429}:
            return SearchUnavailable(
                f"{self.address} keeps the index from being written: {refusal.reason}. Is its disk full?",
                public=_BLOCKED,
            )
        if refusal.status in {429, 413} or "circuit_breaking" in words or "rejected_execution" in words:
            return SearchUnavailable(f"{self.address} has too much to do: {refusal.reason}", public=_BUSY)
        if refusal.status in {502, 503, 504} or refusal.kind == "index_closed_exception":
            return HalfUp(
                f"{self.address} is only half up ({refusal.kind}: {refusal.reason}); see its _cluster/health",
                public=_PARTIAL,
            )
        return SearchUnavailable(f"{self.address} answers {refusal}", public=_ODD)

    def _unavailable(self, error: Exception, wait: float) -> SearchUnavailable:
        """Return what no answer at all means, after so many seconds."""
        from elastic_transport import TlsError
        from elasticsearch import ConnectionTimeout, SerializationError

        cause = _cause(error)
        if isinstance(error, TlsError):
            return self._untrusted(cause)
        if isinstance(error, ConnectionTimeout):
            return SearchUnavailable(
                f"{self.address} did not answer within {wait:g} s. Is it busy, or something on the way to it down?",
                public=_SILENT,
            )
        if isinstance(error, SerializationError):
            return SearchUnavailable(f"{self.address} answers what is no JSON ({cause})", public=_ODD)
        slip = "Should the address begin with https://?" if self._expects_tls(cause) else "Is the server up?"
        return SearchUnavailable(
            f"{self.address} cannot be reached ({cause}). Are host and port right? {slip}", public=_UNREACHABLE
        )

    def _untrusted(self, cause: str) -> SearchUnavailable:
        if "CERTIFICATE_VERIFY_FAILED" in cause:
            file = self.address.ca_certs or "not set"
            return NotLetIn(
                f"{self.address} shows a certificate that is not trusted ({cause}). Is TAGKIN_ELASTICSEARCH_CA_CERTS "
                f"({file}) the certificate of its authority, and the host's name in the server's certificate?",
                public=_CERTIFICATE,
            )
        return SearchUnavailable(
            f"{self.address} does not speak TLS as expected ({cause}). Should the address begin with http://?",
            public=_UNREACHABLE,
        )

    def _expects_tls(self, cause: str) -> bool:
        """Whether a server hung up as those do that expect TLS and are spoken to without."""
        return self.address.hosts[0].startswith("http://") and "closed connection without response" in cause


def _make_client(address: ElasticAddress) -> Elasticsearch:
    try:
        from elasticsearch import Elasticsearch, OrjsonSerializer
    except ImportError:
        raise SearchUnavailable(
            "an Elasticsearch address needs the client: pip install 'tagkin[elasticsearch]'", public=_ODD
        ) from None
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


def check_shards(address: ElasticAddress, answer: Mapping[str, Any]) -> None:
    """Raise `SearchUnavailable` unless every part of the index took part in an answer."""
    shards = answer.get("_shards", {})
    if shards.get("failed") or answer.get("timed_out"):
        missing = f"{shards.get('failed', 0)} of {shards.get('total', 0)} shards"
        raise HalfUp(f"{address} is only half up: {missing} did not answer", public=_PARTIAL)


def missing_index(address: ElasticAddress) -> BadIndex:
    """Return the error for an index that is not there."""
    return BadIndex(
        f"no index at {address}. Make one with: tagkin index SOURCE --engine URL", public="there is no index yet"
    )


def foreign_index(address: ElasticAddress) -> BadIndex:
    """Return the error for an index that bears our name and was made by something else."""
    return BadIndex(
        f"what is at {address} is no index of tagkin; choose another name, as in http://host:9200/name",
        public="what is where the index should be is no index",
    )


def other_version(address: ElasticAddress, found: object) -> BadIndex:
    """Return the error for an index that this program does not read."""
    return BadIndex(
        f"the index at {address} has format {found}, which this version does not read. Make another one beside it, "
        "tagkin index SOURCE --engine http://host:9200/other-name, or use the version that made it",
        public="the index was made by another version of this program",
    )


def _words(body: Any) -> tuple[str, str]:
    """Return kind and reason from whatever the server sent with an error status."""
    error = body.get("error", body) if isinstance(body, Mapping) else body
    if not isinstance(error, Mapping):
        return "error", str(error)[:300]
    causes: Sequence[Any] = error.get("root_cause") or ()
    cause = causes[0] if causes and isinstance(causes[0], Mapping) else error
    # Where shards are missing there is no root, and the reason is inside.
    while not cause.get("reason") and isinstance(cause.get("caused_by"), Mapping):
        cause = cause["caused_by"]
    return str(cause.get("type", "error")), str(cause.get("reason", ""))[:300]


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
