"""What went wrong with a request, in words: for whoever runs the server, and without any address for the public.

Each way to fail has a sentence that says what was expected, what came, and what to look at.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NoReturn

from search.elastic.address import ElasticAddress
from search.engine import BadIndex, NotLetIn, SearchUnavailable

# The oldest version that has every query we ask, and the first that nobody has tried.
_OLDEST = (8, 19)
_UNTRIED = (10, 0)

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


class Unreached(enum.Enum):
    """Why there is no answer."""

    UNTRUSTED = enum.auto()  # TLS failed
    SILENT = enum.auto()  # in time
    NO_JSON = enum.auto()
    OTHER = enum.auto()


@dataclass(frozen=True)
class Failures:
    """The words for what goes wrong with requests to one address."""

    address: ElasticAddress

    def judge(self, status: int, body: object, headers: Mapping[str, str]) -> NoReturn:
        """Raise what an answer with an error status means: `Refusal`, or why there is no answer."""
        kind, reason = words_of(body)
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
        is_itself = headers.get("x-elastic-product") == "Elasticsearch"
        if status == 404 and not is_itself:
            raise self.no_elasticsearch("one that answers 404 and does not say which it is") from None
        if status >= 500 and not is_itself:
            raise SearchUnavailable(
                f"{self.address} cannot be reached: what is between us and it answers {status}. Is the server up?",
                public=_UNREACHABLE,
            ) from None
        if status < 500:
            raise Refusal(status, kind, reason) from None
        raise self.refused(Refusal(status, kind, reason)) from None

    def no_elasticsearch(self, found: str) -> NotLetIn:
        """Return the error for what is another program."""
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

    def check_version(self, number: str) -> None:
        """Raise `NotLetIn` unless a server of this version understands us."""
        try:
            major, minor = (int(part) for part in number.split(".")[:2])
        except ValueError:
            raise self.no_elasticsearch(f"one that names its version {number!r}") from None
        if not _OLDEST <= (major, minor) < _UNTRIED:
            raise NotLetIn(f"{self.address}: expected Elasticsearch 8.19 or 9, found {number}", public=_VERSION)

    def unreached(self, problem: Unreached, cause: str, wait: float) -> SearchUnavailable:
        """Return what no answer at all means, after so many seconds."""
        if problem is Unreached.UNTRUSTED:
            return self._untrusted(cause)
        if problem is Unreached.SILENT:
            return SearchUnavailable(
                f"{self.address} did not answer within {wait:g} s. Is it busy, or something on the way to it down?",
                public=_SILENT,
            )
        if problem is Unreached.NO_JSON:
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

    def closed(self) -> SearchUnavailable:
        """Return the error for a connection of ours that was closed."""
        return SearchUnavailable(f"{self.address}: this connection was closed", public=_CLOSED)

    def lost(self, error: Exception) -> SearchUnavailable:
        """Return the error for a connection that was closed under a request."""
        return SearchUnavailable(f"{self.address}: {error}", public=_UNREACHABLE)

    def no_object(self, answer: object) -> SearchUnavailable:
        """Return the error for an answer that is none of Elasticsearch's."""
        return SearchUnavailable(
            f"{self.address}: expected an object of JSON, got {answer!r:.80}. Does something between us change it?",
            public=_ODD,
        )


def no_client() -> SearchUnavailable:
    """Return the error where the client is not installed."""
    return SearchUnavailable(
        "an Elasticsearch address needs the client: pip install 'tagkin[elasticsearch]'", public=_ODD
    )


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


def words_of(body: Any) -> tuple[str, str]:
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
