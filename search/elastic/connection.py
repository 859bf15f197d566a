"""The one module that speaks to the server: requests out, answers or the reason why there is none back in.

Everything that can go wrong on the way becomes `SearchUnavailable` with words of its own, for whoever runs the server
and (without any address) for the public. What the server itself refuses comes as `Refusal`, for the caller to judge.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NoReturn

from search.elastic.address import ElasticAddress
from search.engine import BadIndex, SearchUnavailable

if TYPE_CHECKING:
    from elasticsearch import ApiError, Elasticsearch

_JSON = "application/json"
_LINES = "application/x-ndjson"

# Bulk requests and merges take longer than searches; a server that is silent for so long is gone.
LONG_TIMEOUT = 60.0  # seconds
# Asked before anything else, so that a server which does not answer is known soon.
SHORT_TIMEOUT = 2.0  # seconds

# The oldest version that has every query we ask, and the first that nobody has tried.
_OLDEST = (8, 19)
_UNTRIED = (10, 0)

# Connections kept open to each server.
_CONNECTIONS = 16

_UNREACHABLE = "the search server cannot be reached"
_SILENT = "the search server does not answer in time"
_BUSY = "the search server has too much to do"
_PARTIAL = "the search server is only half up: some of the index is missing"
_VERSION = "the search server is of a version that this program does not know"
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


class NotLetIn(SearchUnavailable):
    """The server is there and does not let us in, or is none of ours: asking again does not help."""


class Connection:
    """A way to the servers of one cluster; may be shared by threads."""

    def __init__(self, address: ElasticAddress) -> None:
        self.address = address
        self._lock = threading.Lock()
        self._client: Elasticsearch | None = None
        self._waiting: dict[float, Elasticsearch] = {}
        self._closed = False
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
        from elasticsearch import ApiError, TransportError

        client = self._open(self.address.timeout if timeout is None else timeout)
        lines = isinstance(body, bytes)
        headers = {"accept": _JSON}
        if body is not None:
            headers["content-type"] = _LINES if lines else _JSON
        try:
            return client.perform_request(method, path, params=params or None, headers=headers, body=body).body
        except ApiError as error:
            self._judge(error)
        except TransportError as error:
            raise self._unavailable(error) from error
        except ValueError as error:  # a closed pool of connections
            raise SearchUnavailable(f"{self.address}: {error}", public=_UNREACHABLE) from error

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
            self._check_number(str(answer.get("version", {}).get("number", "")))
        self._checked = True

    def close(self) -> None:
        """Hang up; every later request says so."""
        with self._lock:
            self._closed = True
            if self._client is not None:
                self._client.close()

    def refused_part(self, part: Mapping[str, Any]) -> SearchUnavailable:
        """Return the error for a part of an answer that says it failed."""
        return self.refused(Refusal(int(part.get("status", 500)), *_words(part)))

    def _open(self, timeout: float) -> Elasticsearch:
        """Return the client that waits for so long; they share their connections, and to make one takes 0.1 ms."""
        if self._closed:
            raise SearchUnavailable(f"{self.address}: this connection was closed", public=_CLOSED)
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
            raise NotLetIn(
                f"{self.address}: expected an Elasticsearch server, got one that names its version {number!r}",
                public=_VERSION,
            ) from None
        if not _OLDEST <= (major, minor) < _UNTRIED:
            raise NotLetIn(
                f"{self.address}: expected Elasticsearch 8.19 or 9, found {number}", public=_VERSION
            )

    def _judge(self, error: ApiError) -> NoReturn:
        """Raise what an answer with an error status means."""
        status, (kind, reason) = error.meta.status, _words(error.body)
        if status == 401:
            raise NotLetIn(
                f"{self.address} refuses the user {self.address.username!r} or the API key: "
                "is TAGKIN_ELASTICSEARCH_PASSWORD or _API_KEY right?",
                public=_LOGIN,
            ) from None
        if status == 403 and kind == "security_exception":
            raise NotLetIn(f"{self.address} does not allow this: {reason}", public=_RIGHTS) from None
        if kind in {"media_type_header_exception", "unsupported_product"}:
            raise NotLetIn(
                f"{self.address}: expected Elasticsearch 8.19 or 9, this server answers: {reason}", public=_VERSION
            ) from None
        if status < 500:
            raise Refusal(status, kind, reason) from None
        raise self.refused(Refusal(status, kind, reason)) from None

    def refused(self, refusal: Refusal) -> SearchUnavailable:
        """Return the error for a refusal that no caller knows what to do with."""
        words = f"{refusal.kind} {refusal.reason}".lower()
        if refusal.status in {429, 413} or "circuit_breaking" in words or "rejected_execution" in words:
            return SearchUnavailable(f"{self.address} has too much to do: {refusal.reason}", public=_BUSY)
        if refusal.status in {502, 503, 504}:
            return SearchUnavailable(
                f"{self.address} is only half up ({refusal.kind}: {refusal.reason}); see its _cluster/health",
                public=_PARTIAL,
            )
        return SearchUnavailable(f"{self.address} answers {refusal}", public=_ODD)

    def _unavailable(self, error: Exception) -> SearchUnavailable:
        """Return what no answer at all means."""
        from elastic_transport import TlsError
        from elasticsearch import ConnectionTimeout, SerializationError, UnsupportedProductError

        causes = _causes(error)
        if isinstance(error, UnsupportedProductError):
            return NotLetIn(f"{self.address} is no Elasticsearch server", public=_VERSION)
        if isinstance(error, TlsError) or "certificate" in causes or "ssl" in causes.lower():
            return SearchUnavailable(
                f"{self.address}: the connection is not trusted ({causes}). Is TAGKIN_ELASTICSEARCH_CA_CERTS the "
                "certificate of its authority, and does the address begin as it should, with https or http?",
                public=_CERTIFICATE,
            )
        if isinstance(error, ConnectionTimeout):
            return SearchUnavailable(f"{self.address} does not answer in time ({causes})", public=_SILENT)
        if isinstance(error, SerializationError):
            return SearchUnavailable(f"{self.address} answers what is no JSON ({causes})", public=_ODD)
        return SearchUnavailable(f"{self.address} cannot be reached ({causes}). Is the server up?", public=_UNREACHABLE)


def _make_client(address: ElasticAddress) -> Elasticsearch:
    try:
        from elasticsearch import Elasticsearch, OrjsonSerializer
    except ImportError:
        raise SearchUnavailable(
            "an Elasticsearch address needs the client: pip install 'tagkin[elasticsearch]'", public=_ODD
        ) from None
    settings: dict[str, Any] = {}
    if address.api_key:
        settings["api_key"] = address.api_key
    elif address.password:
        settings["basic_auth"] = (address.username, address.password)
    if address.ca_certs:
        settings["ca_certs"] = address.ca_certs
    return Elasticsearch(
        list(address.hosts),
        serializers={_JSON: OrjsonSerializer()},
        connections_per_node=_CONNECTIONS,
        # Another server is asked where one cannot be reached; a slow one is not asked twice.
        max_retries=len(address.hosts),
        retry_on_status=(),
        retry_on_timeout=False,
        # A server that comes back is asked again soon, as there may be no other.
        max_dead_node_backoff=2.0,
        **settings,
    )


def check_shards(address: ElasticAddress, answer: Mapping[str, Any]) -> None:
    """Raise `SearchUnavailable` unless every part of the index took part in an answer."""
    shards = answer.get("_shards", {})
    if shards.get("failed") or answer.get("timed_out"):
        missing = f"{shards.get('failed', 0)} of {shards.get('total', 0)} shards"
        raise SearchUnavailable(f"{address} is only half up: {missing} did not answer", public=_PARTIAL)


def missing_index(address: ElasticAddress) -> BadIndex:
    """Return the error for an index that is not there."""
    return BadIndex(
        f"no index at {address}. Make one with: tagkin index SOURCE --engine URL", public="there is no index yet"
    )


def other_version(address: ElasticAddress, found: object) -> BadIndex:
    """Return the error for an index that this program does not read."""
    return BadIndex(
        f"the index at {address} has format {found}, which this version does not read; make it anew with: "
        "tagkin index SOURCE --rebuild, or use the version that made it",
        public="the index was made by another version of this program",
    )


def _words(body: Any) -> tuple[str, str]:
    """Return kind and reason from whatever the server sent with an error status."""
    error = body.get("error", body) if isinstance(body, Mapping) else body
    if not isinstance(error, Mapping):
        return "error", str(error)[:300]
    cause = error
    causes: Sequence[Any] = error.get("root_cause") or ()
    if causes and isinstance(causes[0], Mapping):
        cause = causes[0]
    return str(cause.get("type", "error")), str(cause.get("reason", ""))[:300]


def _causes(error: Exception) -> str:
    """Return the innermost words of an error of the transport, which repeats itself on the way out."""
    nested = getattr(error, "errors", ())
    inner = nested[-1] if nested else error
    message = str(getattr(inner, "message", inner))
    return message.rpartition("caused by: ")[2].strip(") ")[:300] or type(error).__name__
