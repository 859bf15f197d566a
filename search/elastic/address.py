"""Where the servers are and who asks: read from an address such as ``https://es1:9200,es2:9200/tagkin`` and settings.

Passwords may stand in the address, but belong into the environment or a file; no message ever shows one.
"""

from __future__ import annotations

import os
import re
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import unquote, urlsplit

from search.engine import SearchUnavailable

DEFAULT_NAME = "tagkin"
_PORT = 9200

# What the server allows at the beginning of the name of an index.
_NAME = re.compile(r"[a-z0-9][a-z0-9_.-]{0,99}")

# Of names and addresses, of IPv6 too.
_HOST = re.compile(r"[\w.:%-]+")
# In what stands before the last @: servers that follow another @.
_SECOND_LOGIN = re.compile(r"@.*,")
# Keys as the server gives them out, `encoded`.
_KEY = re.compile(r"[!-9;-~]+")

_EXAMPLE = "as in https://es1:9200,es2:9200/name"

_BAD_SETTING = "the server of the search is not set up rightly"


@dataclass(frozen=True)
class ElasticAddress:
    """Servers, the name before all indices, and settings.

    Parameters
    ----------
    hosts
        ``https://host:port`` each, of one cluster.
    name
        Begins the name of every index and alias.
    api_key, username, password
        Who asks; all empty where the servers let everybody in.
    ca_certs
        File with the certificates to trust; ``""`` for those of the system.
    timeout
        Seconds that a search may take.
    shards, replicas
        Of indices made from now on.
    requests
        Bulk requests in flight.
    """

    hosts: tuple[str, ...]
    name: str = DEFAULT_NAME
    api_key: str = field(default="", repr=False)
    username: str = ""
    password: str = field(default="", repr=False)
    ca_certs: str = ""
    timeout: float = 5.0
    shards: int = 1
    replicas: int = 0
    requests: int = 2

    def __str__(self) -> str:
        """Return the address to show: no user, no password."""
        return f"{', '.join(self.hosts)} (index {self.name})"


def parse_address(text: str, environment: Mapping[str, str] = os.environ) -> ElasticAddress:
    """Read an address and the settings that go with it.

    Raises
    ------
    SearchUnavailable
        If one of them cannot be used; the message says what was expected, and shows no password.
    """
    settings = _Settings(environment)
    scheme, _, rest = text.partition("://")
    # Up to the last @, as a password may hold any character; what comes after it may be shown.
    login, _, shown = rest.rpartition("@")
    username, password = _read_login(login)
    if "://" in shown:
        raise _refuse(f"expected {scheme}:// once, before all servers: {_EXAMPLE}; got {scheme}://{shown}")
    servers, _, path = shown.partition("/")
    hosts = tuple(_host(scheme.lower(), server) for server in servers.split(","))
    name = path.strip("/") or DEFAULT_NAME
    if not _NAME.fullmatch(name):
        raise _refuse(
            f"expected a name of lower-case letters, digits, - _ . after the servers, {_EXAMPLE}; got {name!r}"
        )
    address = ElasticAddress(
        hosts=hosts,
        name=name,
        api_key=settings.key("TAGKIN_ELASTICSEARCH_API_KEY"),
        username=username or settings.text("TAGKIN_ELASTICSEARCH_USERNAME") or "elastic",
        password=password or settings.text("TAGKIN_ELASTICSEARCH_PASSWORD"),
        ca_certs=settings.certificates("TAGKIN_ELASTICSEARCH_CA_CERTS"),
        timeout=settings.number("TAGKIN_ELASTICSEARCH_TIMEOUT", 5.0, 0.1, 600.0, what="seconds"),
        shards=int(settings.number("TAGKIN_ELASTICSEARCH_SHARDS", 1, 1, 1024, whole=True)),
        replicas=int(settings.number("TAGKIN_ELASTICSEARCH_REPLICAS", 0, 0, 10, whole=True)),
        requests=int(settings.number("TAGKIN_ELASTICSEARCH_REQUESTS", 2, 1, 64, whole=True)),
    )
    if address.ca_certs and scheme.lower() == "http":
        raise _refuse(f"TAGKIN_ELASTICSEARCH_CA_CERTS is set, but the address begins with http://; did you mean https://{shown}?")
    return address


def _read_login(login: str) -> tuple[str, str]:
    """Return user and password, both empty where there is none."""
    if _SECOND_LOGIN.search(login):
        raise _refuse(
            "expected a user and password once, before all servers, got several; "
            "in a password, @ is written %40 and a comma %2C"
        )
    username, _, password = (unquote(part) for part in login.partition(":"))
    return username, password


def _host(scheme: str, server: str) -> str:
    try:
        parts = urlsplit(f"{scheme}://{server.strip()}")
        port = _PORT if parts.port is None else parts.port
    except ValueError:
        port = 0
    if not port:
        raise _refuse(f"expected {scheme}://host:port, got {server!r}: the port is a number from 1 to 65535") from None
    if not parts.hostname or not _HOST.fullmatch(parts.hostname) or parts.query or parts.fragment or parts.path:
        raise _refuse(f"expected the name of a server, {_EXAMPLE}; got {server!r}")
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    return f"{scheme}://{host}:{port}"


@dataclass(frozen=True)
class _Settings:
    """Our variables of an environment.

    Secrets may also be given as the file they are in, as containers do: ``TAGKIN_ELASTICSEARCH_API_KEY_FILE``,
    ``TAGKIN_ELASTICSEARCH_PASSWORD_FILE``, ``TAGKIN_ELASTICSEARCH_USERNAME_FILE``.
    """

    environment: Mapping[str, str]

    def text(self, name: str) -> str:
        path = self.environment.get(f"{name}_FILE")
        if not path:
            return self.environment.get(name, "")
        try:
            text = Path(path).read_text(encoding="utf-8").strip()
        except UnicodeDecodeError:
            raise _refuse(f"{name}_FILE: expected a file of text, {path} is none") from None
        except OSError as error:
            raise _refuse(f"{name}_FILE: {path} cannot be read ({error.strerror})") from None
        if not text:
            raise _refuse(f"{name}_FILE: {path} is empty")
        return text

    def key(self, name: str) -> str:
        key = self.text(name)
        if key and not _KEY.fullmatch(key):
            raise _refuse(
                f"{name}: expected a key in one word without a colon, as the server gives it out under "
                '"encoded" (base64 of id:key)'
            )
        return key

    def certificates(self, name: str) -> str:
        path = self.environment.get(name, "")
        if path:
            try:
                ssl.create_default_context(cafile=path)
            except ssl.SSLError:
                raise _refuse(f"{name}: expected a PEM file of certificates, {path} has none") from None
            except OSError as error:
                raise _refuse(f"{name}: {path} cannot be read ({error.strerror})") from None
        return path

    def number(
        self, name: str, default: float, least: float, most: float, *, whole: bool = False, what: str = ""
    ) -> float:
        given = self.environment.get(name)
        if not given:
            return default
        try:
            value = int(given) if whole else float(given)
        except ValueError:
            value = least - 1
        if not least <= value <= most:
            kind = "a whole number" if whole else "a number"
            of = f" of {what}" if what else ""
            raise _refuse(f"{name}: expected {kind}{of} from {least:g} to {most:g}, got {given!r}")
        return value


def _refuse(message: str) -> SearchUnavailable:
    return SearchUnavailable(message, public=_BAD_SETTING)
