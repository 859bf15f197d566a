"""The Elasticsearch profiles without containers: a node with the file's settings, both setup programs, the web server.

The page's own lines run against it too: snapshots, keys, certificates, upgrades' switches.
"""

from __future__ import annotations

import base64
import json
import os
import re
import shutil
import signal
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.deployment.commands import Done, run
from tests.deployment.compose_file import INDEXERS, PAGE, REPOSITORY, read_services
from tests.deployment.image import Image
from tests.deployment.running import SONGS, eventually, run_indexer, run_setup, web_server
from tests.faults.fake_server import FakeServer
from tests.servers.analysis.plugin import with_email_analysis
from tests.servers.fixtures import at_hand
from tests.servers.node import Node
from tests.servers.places import account
from tests.servers.releases import NEWEST, release_of
from tests.servers.starting import Program, running

pytestmark = pytest.mark.slow

SERVICES = read_services()
PASSWORD = "5f1c0d7aa0b14e6e93d2c8b7e6a5d4c3"
# Of settings that a small server lacks the module for, or that the system of the tests does not grant.
MODULES = {"ingest.geoip.downloader.enabled": "ingest-geoip"}
NOT_GRANTED = {"bootstrap.memory_lock"}
HEAP = "512m"
SONGS_ARGUMENTS = ("songs.csv", "--map", "tags=Moods+Featuring")


@dataclass(frozen=True)
class Deployed:
    """A node as the file has it, and the directories that are volumes there."""

    node: Node
    volumes: Path

    @property
    def authority(self) -> str:
        """File with the authority's certificate."""
        return str(self.node.ca_file)

    def places(self) -> dict[str, Path | str]:
        """Return what of the container is where."""
        return {
            "https://es01:9200": self.node.url,
            "/deploy": REPOSITORY / "deploy",
            "/certificates": self.node.config / "certificates",
            **{f"/{name}": self.volumes / name for name in ("authority", "snapshots", "reader", "writer")},
        }

    def certificates(self, *arguments: str) -> Done:
        """Run the program of the service `certificates`."""
        program = self.node.program
        user = account()
        owner = f"{user.uid}:{user.gid}" if user else f"{os.getuid()}:{os.getgid()}"
        return run_setup(
            SERVICES["certificates"],
            self.places(),
            *arguments,
            PATH=f"{program.home / 'bin'}:{os.environ['PATH']}",
            ES_JAVA_HOME=str(program.java),
            OWNER=owner,
        )

    def keys(self, *arguments: str, **more: str) -> Done:
        """Run the program of the service `keys`."""
        owner = f"{os.getuid()}:{os.getgid()}"
        return run_setup(
            SERVICES["keys"], self.places(), *arguments, **{"ELASTIC_PASSWORD": PASSWORD, "OWNER": owner, **more}
        )

    def key(self, role: str) -> str:
        """Return the key of a role as it stands in its file."""
        return (self.volumes / role / "api-key").read_text().strip()

    def ask(self, key: str, method: str, path: str, body: object = None) -> int:
        """Return the status of a request with a key."""
        headers = {"Authorization": f"ApiKey {key}"}
        return requests.request(
            method, self.node.url + path, json=body, headers=headers, verify=self.authority, timeout=30
        ).status_code

    def run_line(self, line: str) -> Done:
        """Run a line of the page that asks the servers."""
        text = PAGE.read_text()
        (function,) = re.findall(r"^```sh\n(es\(\) \{.*?^\}\n)```$", text, re.MULTILINE | re.DOTALL)
        function = function.replace("https://localhost:9200", self.node.url)
        function = re.sub(r"\S+/certificates/ca\.crt", self.authority, function)
        line = line.replace('"…"', f'"{PASSWORD}"').replace('"/snapshots"', f'"{self.volumes / "snapshots"}"')
        # Inside the container is here.
        inside = 'docker() { shift 4; "$@"; }\n'
        command = ["bash", "-euo", "pipefail", "-c", f"{inside}{function}{line}"]
        return run(command, {"PATH": os.environ["PATH"], "ELASTIC_PASSWORD": PASSWORD}, REPOSITORY)


@contextmanager
def start_as_deployed(volumes: Path) -> Iterator[Deployed]:
    """Start a node with the settings and certificates that es01 has."""
    program = Program.of(release_of(NEWEST))
    program = replace(program, home=with_email_analysis(program.home, NEWEST))
    settings = {name: value for name, value in SERVICES["es01"]["environment"].items() if "." in name}
    for name, module in MODULES.items():
        if not (program.home / "modules" / module).is_dir():
            del settings[name]
    node = Node(program, heap=HEAP, settings={**settings})
    with running([node], prepare=False):
        deployed = Deployed(node, node.directory)
        for name in ("authority", "snapshots", "reader", "writer"):
            (node.directory / name).mkdir()
        (node.config / "certificates").mkdir()
        node.settings |= {"path.repo": str(node.directory / "snapshots")}
        for name in NOT_GRANTED:
            del node.settings[name]
        node.ca_file, node.auth = node.config / "certificates" / "ca.crt", ("elastic", PASSWORD)
        made = deployed.certificates()
        assert made.returncode == 0, made.stderr
        node.store_secret("bootstrap.password", PASSWORD)
        node.launch()
        node.wait_until_ready()
        yield deployed


@pytest.fixture(scope="module")
def deployed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployed]:
    with at_hand(start_as_deployed(tmp_path_factory.mktemp("volumes"))) as started:
        made = started.keys()
        assert made.returncode == 0, made.stderr
        yield started


def node_check(deployed: Deployed, url: str, password: str) -> int:
    """Run the health check of a node; returns its exit status."""
    kind, command = SERVICES["es01"]["healthcheck"]["test"]
    assert kind == "CMD-SHELL"
    command = command.replace("https://localhost:9200", url)
    command = re.sub(r"\S+/certificates/ca\.crt", deployed.authority, command)
    environment = {"PATH": os.environ["PATH"], "ELASTIC_PASSWORD": password}
    return run(["sh", "-c", command], environment).returncode


def listens(node: Node) -> bool:
    """Whether a node takes connections."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", node.http_port)) == 0


def test_a_node_is_well_when_it_answers_and_only_then(deployed: Deployed) -> None:
    assert node_check(deployed, deployed.node.url, PASSWORD) == 0
    assert node_check(deployed, deployed.node.url, "wrong") != 0
    assert node_check(deployed, "https://127.0.0.1:1", PASSWORD) != 0
    assert node_check(deployed, deployed.node.url.replace("https", "http"), PASSWORD) != 0


def test_a_node_without_a_master_is_not_well(deployed: Deployed) -> None:
    """As after a stop of all nodes, before the second is there."""
    alone = Node(deployed.node.program, heap=HEAP, settings=dict(deployed.node.settings))
    del alone.settings["cluster.initial_master_nodes"]
    with running([alone], prepare=False):
        shutil.copytree(deployed.node.config / "certificates", alone.config / "certificates")
        alone.settings["path.repo"] = str(alone.directory)
        alone.settings["discovery.initial_state_timeout"] = "1s"  # how long it looks for others before it listens
        alone.ca_file = deployed.node.ca_file
        alone.store_secret("bootstrap.password", PASSWORD)
        alone.launch()
        eventually(lambda: listens(alone), 120)
        assert node_check(deployed, alone.url, PASSWORD) != 0


def test_certificates_are_of_one_authority_and_name_each_node(deployed: Deployed) -> None:
    folder = deployed.node.config / "certificates"
    for node in ("es01", "es02", "es03"):
        command = ["openssl", "verify", "-CAfile", "ca.crt", "-verify_hostname", node, f"{node}.crt"]
        done = run(command, folder=folder)
        assert done.returncode == 0, done.stderr
        assert (folder / f"{node}.key").stat().st_mode & 0o777 == 0o440
    assert not (folder / "ca.key").exists()
    assert (deployed.volumes / "authority" / "ca.key").stat().st_mode & 0o007 == 0


def test_certificates_are_kept_and_renewed_on_demand_without_a_restart(deployed: Deployed) -> None:
    port = deployed.node.http_port

    def served() -> str:
        return ssl.get_server_certificate(("127.0.0.1", port))

    before, pid = served(), deployed.node.pid
    again = deployed.certificates()
    assert (again.returncode, again.stdout) == (0, "")
    wrong = deployed.certificates("renw")
    assert wrong.returncode == 2
    assert "renw" in wrong.stderr
    renewed = deployed.certificates("renew")
    assert renewed.returncode == 0, renewed.stderr
    assert renewed.stdout.count("made a certificate") == 3
    eventually(lambda: served() != before)
    assert deployed.node.pid == pid
    assert deployed.ask(deployed.key("reader"), "GET", "/_cluster/health") == 200


def test_keys_are_kept_rotated_and_retired(deployed: Deployed) -> None:
    first = {role: deployed.key(role) for role in ("reader", "writer")}
    assert deployed.keys().stdout == ""
    assert {role: deployed.key(role) for role in first} == first
    for role in first:
        assert (deployed.volumes / role / "api-key").stat().st_mode & 0o777 == 0o440
        assert (deployed.volumes / role / "ca.crt").read_text() == Path(deployed.authority).read_text()
    rotated = deployed.keys("rotate")
    assert rotated.returncode == 0, rotated.stderr
    for role, old in first.items():
        assert deployed.key(role) != old
        assert deployed.ask(old, "GET", "/_security/_authenticate") == 200
    retired = deployed.keys("retire")
    assert retired.returncode == 0, retired.stderr
    for role, old in first.items():
        assert base64.b64decode(old).decode().partition(":")[0] in retired.stdout
        assert deployed.ask(old, "GET", "/_security/_authenticate") == 401
        assert deployed.ask(deployed.key(role), "GET", "/_security/_authenticate") == 200
    # A key that the servers do not know, as after a loss of theirs, is made anew.
    (deployed.volumes / "reader" / "api-key").unlink()
    assert deployed.keys().stdout == "made a key: tagkin-reader\n"


def test_what_goes_wrong_with_keys_is_said(deployed: Deployed) -> None:
    before = deployed.key("reader")
    for arguments, more, status, words in (
        ([], {"ELASTIC_PASSWORD": "wrong"}, 22, "401"),
        ([], {"ELASTIC_PASSWORD": 'a"b'}, 2, "expected letters, digits"),
        (["rotat"], {}, 2, "got: rotat"),
        ([], {"ELASTICSEARCH_URL": "https://127.0.0.1:1"}, 7, "Failed to connect"),
        ([], {"ROLES_DIR": "/nowhere"}, 0, ""),  # nothing is missing
    ):
        done = deployed.keys(*arguments, **more)
        assert done.returncode == status, done.stderr
        assert words in done.stderr
        assert more.get("ELASTIC_PASSWORD", PASSWORD) not in done.stdout + done.stderr
    assert deployed.key("reader") == before


def test_keys_that_cannot_be_listed_or_ended_are_no_success(tmp_path: Path) -> None:
    """Or whoever retires them takes a stolen key for ended."""
    for name in ("reader", "writer"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "api-key").write_text(base64.b64encode(b"newest:secret").decode())
    (tmp_path / "ca.crt").touch()
    places = {"/deploy": REPOSITORY / "deploy", "/reader": tmp_path / "reader", "/writer": tmp_path / "writer"}
    more = {"ELASTIC_PASSWORD": PASSWORD, "OWNER": "0:0", "CA_FILE": str(tmp_path / "ca.crt")}
    listed = {"api_keys": [{"id": "old", "name": "tagkin-reader"}, {"id": "newest", "name": "tagkin-reader"}]}
    with FakeServer() as server:
        server.answers("GET", "/_cluster/health", {})

        def retire() -> Done:
            return run_setup(SERVICES["keys"], places, "retire", ELASTICSEARCH_URL=server.url, **more)

        server.answers("GET", "/_security/api_key", {"error": "all shards failed"}, status=503)
        done = retire()
        assert done.returncode != 0
        assert "all shards failed" in done.stderr
        server.answers("GET", "/_security/api_key", {"api_keys": listed["api_keys"][:1]})
        done = retire()
        assert done.returncode != 0
        assert "expected the key of" in done.stderr, "else none would be left"
        server.answers("GET", "/_security/api_key", listed)
        assert retire().returncode != 0, "it was not ended: there is no rule for that"
        server.answers("DELETE", "/_security/api_key", {})
        done = retire()
        assert done.returncode == 0, done.stderr
        assert "ended a key: tagkin-reader old\n" in done.stdout
        assert "ended 1 of the keys of tagkin-reader" in done.stdout
        ended = [json.loads(one.body) for one in server.requests if one.method == "DELETE"]
        assert {"ids": ["newest"]} not in ended


OWN, OTHER = "/tagkin-tracks-900001", "/other-900001"
SETTINGS: dict[str, Any] = {"settings": {"number_of_replicas": 0}}


def test_each_key_may_do_what_it_needs_and_no_more(deployed: Deployed) -> None:
    reader, writer = deployed.key("reader"), deployed.key("writer")
    alias = {"actions": [{"add": {"index": OWN[1:], "alias": "tagkin-tried"}}]}
    may: list[tuple[str, str, str, object]] = [
        (writer, "PUT", OWN, SETTINGS),
        (writer, "PUT", f"{OWN}/_doc/1?refresh=true", {"n": 1}),
        (writer, "PUT", f"{OWN}/_settings", {"index": {"refresh_interval": "-1"}}),
        (writer, "POST", "/_aliases", alias),
        (writer, "POST", f"{OWN}/_refresh", None),
        *((key, "GET", "/_cluster/health", None) for key in (reader, writer)),
        *((key, "GET", "/_nodes/http", None) for key in (reader, writer)),
        *((key, "GET", "/tagkin-tried/_search", None) for key in (reader, writer)),
        (reader, "GET", "/tagkin-tried/_doc/1", None),
        (reader, "GET", "/_alias/tagkin-tried", None),
        (reader, "POST", f"{OWN}/_pit?keep_alive=1s", None),
    ]
    may_not: list[tuple[str, str, str, object]] = [
        (reader, "PUT", f"{OWN}/_doc/2", {"n": 2}),
        (reader, "POST", f"{OWN}/_refresh", None),
        (reader, "PUT", "/tagkin-tracks-900002", SETTINGS),
        (reader, "DELETE", OWN, None),
        (reader, "POST", "/_aliases", alias),
        (writer, "PUT", OTHER, SETTINGS),
        (writer, "DELETE", "/.security-7", None),
        *(
            (key, *asked)
            for key in (reader, writer)
            for asked in (
                ("GET", f"{OTHER}/_search", None),
                ("PUT", "/_cluster/settings", {"persistent": {"action.auto_create_index": "true"}}),
                ("POST", "/_security/api_key", {"name": "another"}),
                ("GET", "/_security/user", None),
                ("PUT", "/_snapshot/other", {"type": "fs", "settings": {"location": "x"}}),
            )
        ),
    ]
    deployed.node.ask(OTHER, "PUT", SETTINGS)
    try:
        assert [(path, deployed.ask(key, how, path, body)) for key, how, path, body in may if key] == [
            (path, 201 if "_doc/1?" in path else 200) for _, _, path, _ in may
        ]
        assert {(how, path, deployed.ask(key, how, path, body)) for key, how, path, body in may_not} == {
            (how, path, 403) for _, how, path, _ in may_not
        }
    finally:
        deployed.node.ask(OTHER, "DELETE")
        assert deployed.ask(writer, "DELETE", OWN) == 200


def lines_of_the_page() -> list[str]:
    """Return the lines that ask the servers, in order."""
    return [
        line[2:]
        for line in PAGE.read_text().splitlines()
        if re.match(r"\$ (es |for index in )", line)
    ]


def test_tagkin_indexes_serves_and_comes_back_from_a_snapshot(deployed: Deployed, image: Image, tmp_path: Path) -> None:
    indexer, web = SERVICES["indexer-elasticsearch"], SERVICES["web-elasticsearch"]
    places = {"https://es01:9200": deployed.node.url, "/catalogues": tmp_path}
    (tmp_path / "songs.csv").write_text(SONGS)
    writing = {**places, "/key": deployed.volumes / "writer"}
    done = run_indexer(indexer, image, tmp_path, writing, *SONGS_ARGUMENTS)
    assert done.returncode == 0, done.stderr
    reading = {**places, "/key": deployed.volumes / "reader"}
    refused = run_indexer(indexer, image, tmp_path, reading, *SONGS_ARGUMENTS, "--restart")
    assert refused.returncode == 3, "the key of the web server cannot write"
    with web_server(web, image, tmp_path, reading) as server:
        eventually(server.is_well)
        ready = server.ask("/readyz")[1]["index"]
        assert ready["tracks"] == 3
        found = server.ask("/api/v1/search?q=sad+piano")[1]
        assert found["total"] == 2
        # New keys while pages are served: workers that read the new one take the place of the others.
        assert deployed.keys("rotate").returncode == 0
        server.process.send_signal(signal.SIGHUP)
        eventually(lambda: server.log.read_text().count("Stopped old worker") == 2)
        assert deployed.keys("retire").returncode == 0
        for _ in range(8):  # of either worker
            assert server.ask("/api/v1/search?q=sad+piano")[1] == found
        ran = []
        for line in lines_of_the_page():
            done = deployed.run_line(line)
            assert done.returncode == 0, f"{line}\n{done.stdout}{done.stderr}"
            ran.append(line)
            if "number_of_replicas" in line:  # this cluster has one node
                deployed.node.ask("/tagkin-*/_settings", "PUT", {"index": {"number_of_replicas": 0}})
            if line.startswith("for index"):
                assert deployed.node.ask("/_cat/indices/tagkin-*?format=json") == []
                eventually(lambda: not server.is_well())
                assert server.ask("/api/v1/search?q=sad+piano")[0] == 503
            if "_snapshot/backup/_all?" in line:
                assert [one["state"] for one in json.loads(done.stdout)["snapshots"]] == ["SUCCESS"]
        assert any("_restore" in line for line in ran)
        eventually(server.is_well)
        assert server.ask("/readyz")[1]["index"] == ready
        assert server.ask("/api/v1/search?q=sad+piano")[1] == found
    # And it can be written to again.
    (tmp_path / "songs.csv").write_text(f"{SONGS}Sea,Ana Lund,sad,piano\n")
    done = run_indexer(indexer, image, tmp_path, writing, *SONGS_ARGUMENTS)
    assert done.returncode == 0, done.stderr
    assert "holds 4 tracks" in done.stderr


def test_the_page_names_services_that_are_there() -> None:
    options = r"(?: --signal HUP| --?\w[\w-]*)*"
    line = re.compile(rf"^\$ docker compose (?:run|up|exec|kill){options}((?: [a-z][\w-]*)*)", re.MULTILINE)
    named = {words.split()[0] for words in line.findall(PAGE.read_text()) if words}
    assert {*INDEXERS.values(), "web", "web-1", "web-2", "es03", "keys", "certificates"} <= named <= set(SERVICES)
