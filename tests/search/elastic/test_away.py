"""What a person at a terminal is told of a real server that is away, half up, closed to us, or holds no index of ours.

Each cause ends `tagkin search` and `tagkin index` with 3 and one line: what was expected, what came, what to look at.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

import pytest
import requests
import trustme
from click.testing import CliRunner

from indexer.cli import index_command
from search.cli import search
from search.elastic.mapping import FORMAT_VERSION, about_alias, tracks_alias
from search.engine import SearchUnavailable
from search.engines import open_engine
from search.writing import put_track
from tagmodel.model import load_model
from tagmodel.track import Track
from tests.faults.proxy import FaultProxy
from tests.servers.node import Node
from tests.servers.starting import GivenServer, SecuredServer

pytestmark = pytest.mark.slow

REPOSITORY = Path(__file__).resolve().parents[3]
ROLES = {name: json.loads((REPOSITORY / "deploy" / f"{name}.json").read_text()) for name in ("reader", "writer")}
COMMANDS = {"search": search, "index": index_command}
PREFIX = "TAGKIN_ELASTICSEARCH_"
LOGIN = f"{PREFIX}PASSWORD"
KEY = f"{PREFIX}API_KEY"
AUTHORITY = f"{PREFIX}CA_CERTS"

_numbers = count()


@dataclass
class Desk:
    """Where commands are typed; whatever they say is kept, for secrets to be looked for in it."""

    folder: Path
    address: str = ""
    environment: dict[str, str] = field(default_factory=dict)
    said: list[str] = field(default_factory=list)

    def run(self, command: str, *words: str) -> tuple[int, str]:
        """Return the exit status and all that was said; what is not set here is not set."""
        (self.folder / "catalogue.csv").write_text("id,title,tags\n1,Night Raga,\"sitar, tabla\"\n")
        arguments = {"search": ["sitar"], "index": [str(self.folder / "catalogue.csv")]}[command]
        unset = {PREFIX + name: None for name in ("API_KEY", "USERNAME", "PASSWORD", "CA_CERTS", "TIMEOUT")}
        environment = {**unset, **self.environment, "COLUMNS": "100"}
        result = CliRunner().invoke(COMMANDS[command], [*arguments, *words, "--engine", self.address], env=environment)
        assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
        self.said.append(result.output)
        return result.exit_code, result.output

    def refused(self, command: str, *words: str) -> str:
        """Return the line with which a command ends that cannot do its work."""
        status, said = self.run(command, *words)
        assert status == 3, said
        line = said.strip().splitlines()[-1]
        assert line.startswith("tagkin: ")
        return line


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


@pytest.fixture
def name() -> str:
    return f"away-{next(_numbers)}"


@pytest.fixture
def plain(elasticsearch_9: Node | GivenServer, name: str) -> Iterator[str]:
    """Return the address of an index on a server without security, where nothing is yet."""
    yield f"{elasticsearch_9.url}/{name}"
    for index in ask(f"{elasticsearch_9.url}/", "GET", f"/{name}-*?expand_wildcards=all"):
        ask(f"{elasticsearch_9.url}/", "DELETE", f"/{index}")


def ask(plain: str, method: str, path: str, body: Any = None) -> Any:
    """Ask the server of an index something, as whoever runs it."""
    answer = requests.request(method, plain.rpartition("/")[0] + path, json=body, timeout=30)
    assert answer.ok, answer.text
    return answer.json()


def make(address: str) -> None:
    with closing(open_engine(address, create=True)) as engine:
        put_track(engine, load_model(), Track("x:1", "Night Raga", tags=("sitar",)))


# A server with security


@pytest.fixture(scope="module")
def keys(secured_elasticsearch: SecuredServer) -> dict[str, str]:
    """Return keys as deploy/ has them made."""
    keys = {role: secured_elasticsearch.api_key({role: rights}) for role, rights in ROLES.items()}
    expired = secured_elasticsearch.node.ask("/_security/api_key", "POST", {"name": "short", "expiration": "1ms"})
    return keys | {"expired": expired["encoded"]}


@pytest.fixture
def secured(desk: Desk, secured_elasticsearch: SecuredServer, keys: dict[str, str], name: str) -> Iterator[Desk]:
    """Return a desk with the rights to an index on the secured server, which is there."""
    desk.address = f"{secured_elasticsearch.url}/tagkin-{name}"
    desk.environment = {AUTHORITY: str(secured_elasticsearch.ca_file), KEY: keys["writer"]}
    assert desk.run("index")[0] == 0, desk.said
    yield desk
    for index in secured_elasticsearch.node.ask(f"/tagkin-{name}-*"):
        secured_elasticsearch.node.ask(f"/{index}", "DELETE")
    secrets = (secured_elasticsearch.password, *keys.values(), *desk.environment.get(LOGIN, "-").split())
    assert not [secret for secret in secrets if len(secret) > 5 and secret in "".join(desk.said)]


Change = Callable[[Desk, dict[str, str], SecuredServer], None]


def wrong_password(desk: Desk, keys: dict[str, str], server: SecuredServer) -> None:
    desk.environment = {AUTHORITY: str(server.ca_file), LOGIN: "hunter2hunter2"}


def wrong_password_in_the_address(desk: Desk, keys: dict[str, str], server: SecuredServer) -> None:
    desk.environment = {AUTHORITY: str(server.ca_file)}
    desk.address = desk.address.replace("https://", "https://elastic:hunter2/hunter2@")


def wrong_key(desk: Desk, keys: dict[str, str], server: SecuredServer) -> None:
    desk.environment[KEY] = "aHVudGVyMjpodW50ZXIy"


def expired_key(desk: Desk, keys: dict[str, str], server: SecuredServer) -> None:
    desk.environment[KEY] = keys["expired"]


def nobody(desk: Desk, keys: dict[str, str], server: SecuredServer) -> None:
    del desk.environment[KEY]


def no_authority(desk: Desk, keys: dict[str, str], server: SecuredServer) -> None:
    del desk.environment[AUTHORITY]


def other_authority(desk: Desk, keys: dict[str, str], server: SecuredServer) -> None:
    path = desk.folder / "other.pem"
    trustme.CA().cert_pem.write_to_path(path)
    desk.environment[AUTHORITY] = str(path)


def other_name(desk: Desk, keys: dict[str, str], server: SecuredServer) -> None:
    desk.address = f"{server.url}/music"


def without_tls(desk: Desk, keys: dict[str, str], server: SecuredServer) -> None:
    del desk.environment[AUTHORITY]
    desk.address = desk.address.replace("https://", "http://")


def without_tls_but_its_authority(desk: Desk, keys: dict[str, str], server: SecuredServer) -> None:
    desk.address = desk.address.replace("https://", "http://")


KEPT_OUT: dict[Change, str] = {
    wrong_password: "refuses the user 'elastic': is TAGKIN_ELASTICSEARCH_PASSWORD right?",
    wrong_password_in_the_address: "refuses the user 'elastic'",
    wrong_key: "refuses the API key: is TAGKIN_ELASTICSEARCH_API_KEY right, and has the key not expired?",
    expired_key: "has the key not expired?",
    nobody: "wants to know who asks: set TAGKIN_ELASTICSEARCH_API_KEY, or _USERNAME and _PASSWORD",
    no_authority: "Is TAGKIN_ELASTICSEARCH_CA_CERTS (not set) the certificate of its authority",
    other_authority: "shows a certificate that is not trusted",
    other_name: "they are for certain names of indices, is ours one of them?",
    without_tls: "cannot be reached (Remote end closed connection without response). Are host and port right? "
    "Should the address begin with https://?",
    without_tls_but_its_authority: "is set, but the address begins with http://; did you mean https://",
}


@pytest.mark.parametrize("change", KEPT_OUT)
@pytest.mark.parametrize("command", COMMANDS)
def test_whoever_is_not_let_in_learns_why(
    secured: Desk, keys: dict[str, str], secured_elasticsearch: SecuredServer, change: Change, command: str
) -> None:
    change(secured, keys, secured_elasticsearch)
    assert KEPT_OUT[change] in secured.refused(command)


def test_a_key_to_read_searches_and_does_not_write(secured: Desk, keys: dict[str, str]) -> None:
    secured.environment[KEY] = keys["reader"]
    status, said = secured.run("search")
    assert (status, "Night Raga" in said) == (0, True), said
    said = secured.refused("index")
    assert "does not allow this: action [indices:data/write/index] is unauthorized" in said
    assert "indexing those of deploy/writer.json" in said


def test_a_password_of_any_characters_lets_in(secured: Desk, secured_elasticsearch: SecuredServer) -> None:
    password, path = "gehéim/☃:@ ,x", "/_security/user/away"
    secured_elasticsearch.node.ask(path, "PUT", {"password": password, "roles": ["superuser"]})
    secured.environment = {AUTHORITY: secured.environment[AUTHORITY], LOGIN: password, f"{PREFIX}USERNAME": "away"}
    assert secured.run("search")[0] == 0
    secured_elasticsearch.node.ask(path, "DELETE")


# A server without


def test_tls_to_a_server_without_it(desk: Desk, plain: str) -> None:
    desk.address = plain.replace("http://", "https://")
    for command in COMMANDS:
        said = desk.refused(command)
        assert "does not speak TLS as expected" in said
        assert "Should the address begin with http://?" in said


def is_once(desk: Desk, command: str) -> bool:
    """Whether a command against a silent server ends before twice its patience, as it may fail to on a busy machine."""
    began = time.monotonic()
    assert "did not answer within 2 s" in desk.refused(command)
    return time.monotonic() - began < 2 * 2


def test_a_server_that_is_down_or_silent(desk: Desk, plain: str) -> None:
    make(plain)
    with FaultProxy(plain.rpartition("/")[0]) as proxy:
        desk.address = f"{proxy.url}/{plain.rpartition('/')[2]}"
        assert desk.run("search")[0] == 0
        proxy.away()
        for command in COMMANDS:
            assert "cannot be reached (Connection refused). Are host and port right? Is the server up?" in (
                desk.refused(command)
            )
        proxy.black_hole()
        for command in COMMANDS:
            assert any(is_once(desk, command) for _ in range(3)), "it waited twice"
        proxy.back()
        assert desk.run("search")[0] == 0


def test_a_command_says_one_line_and_nothing_beside_it(plain: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tagkin", "search", "sitar", "--engine", "http://me:hunter2@127.0.0.1:9/music"],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert (done.returncode, done.stdout) == (3, "")
    assert done.stderr == (
        "tagkin: http://127.0.0.1:9 (index music) cannot be reached (Connection refused). "
        "Are host and port right? Is the server up?\n"
    )


def test_an_index_that_is_not_there(desk: Desk, plain: str) -> None:
    desk.address = plain
    assert f"no index at {plain.rpartition('/')[0]} (index {plain.rpartition('/')[2]})" in desk.refused("search")
    assert desk.run("index")[0] == 0
    assert desk.run("search")[0] == 0


def halve(plain: str) -> None:
    """Put a generation in place of the living one, of which one of two shards is on no node."""
    name = plain.rpartition("/")[2]
    settings = {"number_of_shards": 2, "number_of_replicas": 0, "index.routing.allocation.total_shards_per_node": 1}
    actions = []
    for alias in (tracks_alias(name), about_alias(name)):
        (living,) = found = ask(plain, "GET", f"/{alias}")
        half = settings if alias == tracks_alias(name) else {"number_of_replicas": 0}
        new = {"settings": half, "mappings": found[living]["mappings"]}
        ask(plain, "PUT", f"/{alias}-000099?timeout=1s", new)
        actions.append({"remove": {"index": living, "alias": alias}})
        actions.append({"add": {"index": f"{alias}-000099", "alias": alias}})
    state = ask(plain, "GET", f"/{about_alias(name)}/_doc/state")["_source"]
    ask(plain, "PUT", f"/{about_alias(name)}-000099/_doc/state?refresh=true", state)
    ask(plain, "POST", "/_aliases", {"actions": actions})


def test_an_index_that_is_half_there(desk: Desk, plain: str) -> None:
    make(plain)
    desk.address = plain
    halve(plain)
    said = desk.refused("search")
    assert "is only half up" in said
    assert "shard" in said
    assert "see its _cluster/health" in said


def test_an_index_that_was_closed(desk: Desk, plain: str) -> None:
    make(plain)
    desk.address = plain
    name = plain.rpartition("/")[2]
    ask(plain, "POST", f"/{about_alias(name)},{tracks_alias(name)}/_close")
    for command in COMMANDS:
        assert "is only half up (index_closed_exception" in desk.refused(command)


def test_an_index_that_may_not_be_written_is_searched(desk: Desk, plain: str) -> None:
    make(plain)
    desk.address = plain
    # As the server does where its disk is nearly full.
    block = {"index.blocks.read_only_allow_delete": True}
    ask(plain, "PUT", f"/{plain.rpartition('/')[2]}-*/_settings", block)
    assert desk.run("search")[0] == 0
    said = desk.refused("index", "--patience", "0")
    assert "keeps the index from being written" in said
    assert "Is its disk full?" in said


def test_an_index_of_another_version(desk: Desk, plain: str) -> None:
    make(plain)
    desk.address = plain
    place = f"/{plain.rpartition('/')[2]}-about/_doc/state"
    state = ask(plain, "GET", place)["_source"]
    state["kept"]["format"] = FORMAT_VERSION + 1
    ask(plain, "PUT", f"{place}?refresh=true", state)
    for command in COMMANDS:
        said = desk.refused(command)
        assert f"has format {FORMAT_VERSION + 1}, which this version does not read" in said
        assert "Make another one beside it" in said
    desk.address = f"{plain}-other"  # as it says
    assert desk.run("index")[0] == 0
    assert desk.run("search")[0] == 0


def test_an_index_of_another_program(desk: Desk, plain: str) -> None:
    desk.address = plain
    ask(plain, "PUT", f"/{plain.rpartition('/')[2]}-about/_doc/state?refresh=true", {"title": "not ours"})
    for command in COMMANDS:
        assert "is no index of tagkin; choose another name" in desk.refused(command)
    name = plain.rpartition("/")[2]
    assert list(ask(plain, "GET", f"/{name}-*")) == [f"{name}-about"]
    assert ask(plain, "GET", f"/{name}-about/_doc/state")["_source"] == {"title": "not ours"}


def test_settings_that_make_no_sense_end_commands_before_anything_is_asked(desk: Desk) -> None:
    desk.address = "http://127.0.0.1:9"
    for setting, given in {"TIMEOUT": "abc", "CA_CERTS": "/nowhere.pem", "API_KEY_FILE": "/nowhere"}.items():
        desk.environment = {PREFIX + setting: given}
        for command in COMMANDS:
            assert desk.refused(command).startswith(f"tagkin: {PREFIX}{setting}: ")
    desk.environment = {}
    for address in ("http://127.0.0.1:99999", "http://127.0.0.1/Name", "http://a,https://b/name"):
        desk.address = address
        for command in COMMANDS:
            assert "expected" in desk.refused(command)


def test_an_engine_that_was_closed_is_not_opened_again_by_itself(plain: str) -> None:
    make(plain)
    engine = open_engine(plain)
    engine.close()
    with pytest.raises(SearchUnavailable, match="was closed"):
        engine.state()
