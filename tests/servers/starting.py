"""Start real Elasticsearch servers: a plain one, a secured one, a cluster of three.

Each is a context manager that yields a server which answers, and leaves nothing behind. What is fetched on first use is
in `distribution` and `java`; the versions in `releases`.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import requests

from tests.servers.analysis.plugin import with_email_analysis
from tests.servers.node import ASK_SECONDS, POLL_SECONDS, START_SECONDS, Node, Program
from tests.servers.releases import NEWEST, ServerFailed, release_of

# Enough for the largest index of a test, and little enough for all servers of a session at once.
HEAP = "512m"
CLUSTER_HEAP = "512m"  # of each node
CLUSTER_NODES = 3


@dataclass(frozen=True)
class GivenServer:
    """A server that somebody else runs; nothing is known of its process."""

    url: str
    version: str
    pid: int | None = None
    log: Path | None = None


@dataclass(frozen=True)
class SecuredServer:
    """A server with TLS, passwords and API keys."""

    node: Node
    password: str
    ca_file: Path
    user: str = "elastic"

    @property
    def url(self) -> str:
        """The address that it answers at, without the password."""
        return self.node.url

    @property
    def version(self) -> str:
        """The version of Elasticsearch."""
        return self.node.version

    @property
    def pid(self) -> int:
        """The process id of the server itself."""
        return self.node.pid

    @property
    def log(self) -> Path:
        """What it said on its output."""
        return self.node.log

    def api_key(self, role_descriptors: dict[str, Any] | None = None) -> str:
        """Make an API key, in the form that clients take.

        Parameters
        ----------
        role_descriptors
            Name of a role → what it may do, as Elasticsearch writes it; None: all that the administrator may.
        """
        body = {"name": secrets.token_hex(8), "role_descriptors": role_descriptors or {}}
        encoded: str = self.node.ask("/_security/api_key", "POST", body)["encoded"]
        return encoded


@dataclass(frozen=True)
class Cluster:
    """Three servers that are one; each may be killed and restarted."""

    nodes: list[Node]

    @property
    def urls(self) -> list[str]:
        """The addresses of all nodes, those that are down too."""
        return [node.url for node in self.nodes]

    @property
    def version(self) -> str:
        """The version of Elasticsearch."""
        return self.nodes[0].version

    @property
    def running(self) -> list[Node]:
        """The nodes whose process is there."""
        return [node for node in self.nodes if node.is_running]

    def master(self) -> Node:
        """Return the node that leads, as the others have it.

        Raises
        ------
        ServerFailed
            If none is elected in time.
        """
        end = time.monotonic() + START_SECONDS
        while time.monotonic() < end:
            try:
                (row,) = self.running[0].ask("/_cat/master?format=json")
                (leader,) = (node for node in self.running if node.name == row["node"])
                return leader
            except (requests.RequestException, ValueError):
                time.sleep(POLL_SECONDS)  # one was lost, and the next is being elected
        raise ServerFailed(f"no master within {START_SECONDS} s:\n{self.running[0].tail()}")

    def wait_for_green(self, seconds: float = START_SECONDS) -> None:
        """Wait until all running nodes are one cluster and every copy of every shard is there.

        Raises
        ------
        ServerFailed
            If that takes longer; with the health as it was last.
        """
        path = f"/_cluster/health?wait_for_status=green&wait_for_nodes={len(self.running)}&timeout=5s"
        end, last = time.monotonic() + seconds, "no answer"
        while time.monotonic() < end:
            try:
                self.running[0].ask(path)
                return
            except requests.RequestException as failed:
                last = failed.response.text if failed.response is not None else str(failed)
                time.sleep(POLL_SECONDS)
        raise ServerFailed(f"not green within {seconds:g} s: {last}")

    def heal(self) -> None:
        """Restart the nodes that are down, and wait until all is well."""
        down = [node for node in self.nodes if not node.is_running]
        for node in down:
            node.launch()
        for node in down:
            node.wait_until_ready()
        self.wait_for_green()


@contextmanager
def start_server(
    version: str = NEWEST,
    *,
    heap: str = HEAP,
    port: int = 0,
    data: Path | None = None,
    settings: dict[str, object] | None = None,
) -> Iterator[Node]:
    """Start a server without security.

    Parameters
    ----------
    port
        Of HTTP; 0: a free one.
    data
        A directory that is kept; None: one that is removed with the server.
    settings
        Of Elasticsearch, beside those that make a single node.

    Raises
    ------
    NoServer
        If this machine has nothing to run it from.
    ServerFailed
        If it does not start, or has stopped by itself by the end.
    """
    program, single = Program.of(release_of(version)), {"discovery.type": "single-node"}
    node = Node(program, heap=heap, http_port=port, data=data, settings=single | (settings or {}))
    with running([node]):
        yield node


@contextmanager
def start_secured(version: str = NEWEST, *, heap: str = HEAP) -> Iterator[SecuredServer]:
    """Start a server that speaks TLS alone, with a certificate of its own authority, and knows users and API keys.

    Raises
    ------
    NoServer, ServerFailed
        As `start_server`.
    """
    import trustme

    settings: dict[str, object] = {
        "discovery.type": "single-node",
        "xpack.security.enabled": True,
        "xpack.security.authc.api_key.enabled": True,
        "xpack.security.http.ssl.enabled": True,
        "xpack.security.http.ssl.key": "certs/key.pem",
        "xpack.security.http.ssl.certificate": "certs/certificate.pem",
    }
    program = Program.of(release_of(version))
    program = replace(program, home=with_email_analysis(program.home, version))
    node = Node(program, heap=heap, settings=settings)
    with running([node], prepare=False):
        certificates = node.config / "certs"
        certificates.mkdir()
        authority = trustme.CA()
        certificate = authority.issue_cert("127.0.0.1", "localhost")
        certificate.private_key_pem.write_to_path(certificates / "key.pem")
        for part in certificate.cert_chain_pems:
            part.write_to_path(certificates / "certificate.pem", append=True)
        server = SecuredServer(node, password=secrets.token_urlsafe(16), ca_file=certificates / "ca.pem")
        authority.cert_pem.write_to_path(server.ca_file)
        node.store_secret("bootstrap.password", server.password)
        node.ca_file, node.auth = server.ca_file, (server.user, server.password)
        node.launch()
        node.wait_until_ready()
        settle_users(server)
        yield server


def settle_users(server: SecuredServer) -> None:
    """Have the index of users made now: while it is, and the first login starts it, logins are refused.

    Raises
    ------
    ServerFailed
        If that takes too long.
    """
    end = time.monotonic() + START_SECONDS
    while True:
        try:
            server.node.ask(f"/_security/user/{server.user}/_password", "POST", {"password": server.password})
            return
        except requests.RequestException as failed:
            if time.monotonic() > end:
                raise ServerFailed(f"no users within {START_SECONDS} s: {failed}\n{server.node.tail()}") from failed
            time.sleep(POLL_SECONDS)


@contextmanager
def start_cluster(version: str = NEWEST, *, heap: str = CLUSTER_HEAP) -> Iterator[Cluster]:
    """Start three nodes that are one cluster, all of them data nodes and fit to lead.

    Raises
    ------
    NoServer, ServerFailed
        As `start_server`.
    """
    program = Program.of(release_of(version))
    nodes = [Node(program, name=f"node-{number}", heap=heap) for number in range(1, CLUSTER_NODES + 1)]
    for node in nodes:
        node.settings |= {
            "cluster.name": f"tagkin-{nodes[0].http_port}",
            "cluster.initial_master_nodes": [one.name for one in nodes],
            "discovery.seed_hosts": [f"127.0.0.1:{one.transport_port}" for one in nodes],
        }
    with running(nodes):
        cluster = Cluster(nodes)
        cluster.wait_for_green()
        yield cluster


@contextmanager
def running(nodes: list[Node], *, prepare: bool = True) -> Iterator[None]:
    """Start servers together unless the caller does, and close them whatever happens."""
    with ExitStack() as stack:
        for node in nodes:
            stack.callback(node.close)
        if prepare:
            for node in nodes:
                node.launch()
            for node in nodes:
                node.wait_until_ready()
        yield


def given_server(address: str, series: str) -> GivenServer:
    """Return a server that is there already, after a look at its version.

    Parameters
    ----------
    series
        The version that is wanted; the major one has to be the same.

    Raises
    ------
    ServerFailed
        If it does not answer, or is of another major version.
    """
    url = address.rstrip("/")
    named = urlsplit(url).netloc.rpartition("@")[2]  # a password is for nobody's log
    try:
        with requests.get(f"{url}/_nodes/_local?filter_path=nodes.*.version", timeout=ASK_SECONDS) as answer:
            answer.raise_for_status()
            (node,) = answer.json()["nodes"].values()
    except (requests.RequestException, KeyError, ValueError) as failed:
        raise ServerFailed(f"the server given at {named} does not answer as Elasticsearch: {failed}") from failed
    if node["version"].partition(".")[0] != series.partition(".")[0]:
        raise ServerFailed(f"expected Elasticsearch {series.partition('.')[0]} at {named}, got {node['version']}")
    return GivenServer(url, node["version"])
