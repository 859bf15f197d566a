"""Fixtures give a server that runs, take one that is given, and say why there is none."""

from __future__ import annotations

import os

import pytest

from tests.servers.fixtures import GIVEN_SETTINGS, at_hand, plain
from tests.servers.node import Node
from tests.servers.releases import NEWEST, OLDEST, NoServer, ServerFailed
from tests.servers.starting import Cluster, GivenServer, SecuredServer, start_server


@pytest.fixture
def nothing_to_run(bare_home: os.PathLike[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TAGKIN_TEST_ELASTICSEARCH", raising=False)
    monkeypatch.delenv("CI", raising=False)


@pytest.mark.usefixtures("nothing_to_run")
def test_without_a_server_tests_are_skipped_with_the_reason() -> None:
    with pytest.raises(pytest.skip.Exception, match="found no Elasticsearch"), at_hand(start_server()):
        pytest.fail("it started")


@pytest.mark.usefixtures("nothing_to_run")
def test_without_a_server_tests_fail_in_ci(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CI", "true")
    with pytest.raises(pytest.fail.Exception, match="found no Elasticsearch"), at_hand(start_server()):
        pytest.fail("it started")


def test_what_a_test_raises_is_its_own() -> None:
    """A test that finds no server of its own making is no reason to skip."""
    from contextlib import nullcontext

    with pytest.raises(NoServer), at_hand(nullcontext()):
        raise NoServer("from the test")


def test_a_given_server_that_does_not_answer_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(GIVEN_SETTINGS[NEWEST], "http://127.0.0.1:1")
    with pytest.raises(ServerFailed, match="does not answer as Elasticsearch"), plain(NEWEST):
        pytest.fail("it was there")


@pytest.mark.slow
def test_a_given_server_is_used_as_it_is(
    elasticsearch_9: Node | GivenServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(GIVEN_SETTINGS[NEWEST], elasticsearch_9.url)
    with plain(NEWEST) as server:
        assert server == GivenServer(elasticsearch_9.url, elasticsearch_9.version)
    monkeypatch.setenv(GIVEN_SETTINGS[OLDEST], elasticsearch_9.url)
    with pytest.raises(ServerFailed, match="expected Elasticsearch 8"), plain(OLDEST):
        pytest.fail("it was taken")


@pytest.mark.slow
def test_all_servers_of_a_session_run_at_once(
    elasticsearch_9: Node | GivenServer,
    elasticsearch_8: Node | GivenServer,
    secured_elasticsearch: SecuredServer,
    elasticsearch_cluster: Cluster,
) -> None:
    assert elasticsearch_9.version.startswith("9.")
    assert elasticsearch_8.version.startswith("8.19.")
    assert secured_elasticsearch.node.ask("/_security/_authenticate")["username"] == secured_elasticsearch.user
    assert len(elasticsearch_cluster.running) == 3
    elasticsearch_cluster.nodes[0].kill()


@pytest.mark.slow
def test_a_cluster_that_a_test_hurt_is_whole_for_the_next(elasticsearch_cluster: Cluster) -> None:
    assert len(elasticsearch_cluster.nodes[1].ask("/_nodes")["nodes"]) == 3
