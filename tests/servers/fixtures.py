"""The servers that tests ask for by name; each is started when first asked for, and once in a session.

Tests share them: each makes indices under a name of its own, and removes them. Without a server to run, tests that ask
for one are skipped with the reason, and fail in CI.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from typing import TypeVar

import pytest

from tests.servers.leftovers import remove_leftovers
from tests.servers.node import Node
from tests.servers.releases import NEWEST, OLDEST, NoServer
from tests.servers.starting import (
    Cluster,
    GivenServer,
    SecuredServer,
    given_server,
    start_cluster,
    start_secured,
    start_server,
)

# Addresses of servers that run already, in place of those that would be started.
GIVEN_SETTINGS = {NEWEST: "TAGKIN_TEST_ELASTICSEARCH", OLDEST: "TAGKIN_TEST_ELASTICSEARCH_8"}

Started = TypeVar("Started")


def pytest_configure() -> None:
    """Let what tests start be interrupted: as a background job of a shell all of it would ignore that, and hang."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@contextmanager
def at_hand(starting: AbstractContextManager[Started]) -> Iterator[Started]:
    """Start a server; where there is none to start, skip, or fail in CI."""
    from tests.conftest import in_ci

    with ExitStack() as stack:
        try:
            server = stack.enter_context(starting)
        except NoServer as reason:
            (pytest.fail if in_ci() else pytest.skip)(str(reason))
        yield server


@contextmanager
def plain(version: str) -> Iterator[Node | GivenServer]:
    """Return the server that a setting gives, or start one."""
    if address := os.environ.get(GIVEN_SETTINGS[version]):
        server = given_server(address, version)
        remove_leftovers(server.url)
        yield server
        return
    with at_hand(start_server(version)) as server:
        yield server


@pytest.fixture(scope="session")
def elasticsearch_9() -> Iterator[Node | GivenServer]:
    """Return a server of the newest version."""
    with plain(NEWEST) as server:
        yield server


@pytest.fixture(scope="session")
def elasticsearch_8() -> Iterator[Node | GivenServer]:
    """Return a server of the oldest version that is supported."""
    with plain(OLDEST) as server:
        yield server


@pytest.fixture(scope="session")
def secured_elasticsearch() -> Iterator[SecuredServer]:
    """Return a server with TLS, a password and API keys."""
    with at_hand(start_secured()) as server:
        yield server


@pytest.fixture(scope="session")
def cluster_of_the_session() -> Iterator[Cluster]:
    """Return the cluster as the last test left it; tests ask for `elasticsearch_cluster`."""
    with at_hand(start_cluster()) as cluster:
        yield cluster


@pytest.fixture
def elasticsearch_cluster(cluster_of_the_session: Cluster) -> Cluster:
    """Return a cluster of three nodes that is whole; a test may kill them."""
    cluster_of_the_session.heal()
    return cluster_of_the_session
