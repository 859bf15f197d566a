"""Addresses of servers and the settings beside them: what is understood, what is refused, and what is never shown."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest
import trustme

from search.elastic.address import ElasticAddress, parse_address
from search.engine import SearchUnavailable

PREFIX = "TAGKIN_ELASTICSEARCH_"
SECRET = "geheim"


def refusal(text: str, environment: Mapping[str, str]) -> SearchUnavailable:
    with pytest.raises(SearchUnavailable) as raised:
        parse_address(text, environment)
    return raised.value


@pytest.fixture
def authority(tmp_path: Path) -> str:
    path = tmp_path / "ca.pem"
    trustme.CA().cert_pem.write_to_path(path)
    return str(path)


@pytest.mark.parametrize(
    ("text", "hosts", "name"),
    [
        ("http://es1", ["http://es1:9200"], "tagkin"),
        ("http://es1:9201/", ["http://es1:9201"], "tagkin"),
        ("HTTPS://ES1:9200/music", ["https://es1:9200"], "music"),
        ("http://es_1:9200,es-2.example:9201/music/", ["http://es_1:9200", "http://es-2.example:9201"], "music"),
        ("http://[::1]:9200/a.b-c_1", ["http://[::1]:9200"], "a.b-c_1"),
    ],
)
def test_an_address_names_servers_and_an_index(text: str, hosts: list[str], name: str) -> None:
    address = parse_address(text, {})
    assert (list(address.hosts), address.name) == (hosts, name)


@pytest.mark.parametrize(
    ("login", "username", "password"),
    [
        ("", "elastic", ""),
        ("me:geheim@", "me", SECRET),
        ("me:%67eheim%40x@", "me", f"{SECRET}@x"),
        # A password may hold any character, as people forget to write them as %XX.
        ("me:geheim@x@", "me", f"{SECRET}@x"),
        ("me:geheim/x@", "me", f"{SECRET}/x"),
        ("me:geheim:x@", "me", f"{SECRET}:x"),
        ("me:geheim#?x@", "me", f"{SECRET}#?x"),
        ("me:geheim://x@", "me", f"{SECRET}://x"),
    ],
)
def test_who_asks_may_stand_in_the_address_and_is_not_shown(login: str, username: str, password: str) -> None:
    text = f"https://{login}es1:9200,es2:9200/music"
    address = parse_address(text, {})
    assert (address.username, address.password) == (username, password)
    assert address.hosts == ("https://es1:9200", "https://es2:9200")
    assert str(address) == "https://es1:9200, https://es2:9200 (index music)"
    assert SECRET not in f"{address} {address!r}"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("http://", "expected the name of a server"),
        ("http://:9200", "expected the name of a server"),
        ("http://es1:9200,", "expected the name of a server"),
        ("http://es1 es2:9200", "expected the name of a server"),
        ("http://es1:99999", "'es1:99999': the port is a number from 1 to 65535"),
        ("http://es1:0", "'es1:0': the port is a number from 1 to 65535"),
        ("http://es1:ninety", "the port is a number"),
        ("http://::1:9200", "the port is a number"),
        ("http://es1:9200/Music", "a name of lower-case letters, digits, - _ . after the servers"),
        ("http://es1:9200/music/tracks", "got 'music/tracks'"),
        ("http://es1:9200/music?x=1", "got 'music?x=1'"),
        ("http://es1:9200/_all", "got '_all'"),
        ("http://es1:9200/a,b", "got 'a,b'"),
        ("http://es1:9200/*", "got '*'"),
        ("http://es1:9200,https://es2:9200/music", "expected http:// once, before all servers"),
        ("http://me:geheim@es1:9200,me:geheim@es2:9200", "expected a user and password once"),
        ("http://me:geheim@es1:99999", "'es1:99999'"),
        ("http://me:geheim/@es1:9200/Music", "'Music'"),
    ],
)
def test_an_address_that_cannot_be_used_is_refused_with_what_was_expected(text: str, says: str) -> None:
    error = refusal(text, {})
    assert says in str(error)
    assert error.public == "the server of the search is not set up rightly"
    assert SECRET not in str(error)


@pytest.mark.parametrize(
    ("setting", "given", "says"),
    [
        ("TIMEOUT", "abc", "expected a number of seconds from 0.1 to 600, got 'abc'"),
        ("TIMEOUT", "5000", "expected a number of seconds from 0.1 to 600, got '5000'"),
        ("TIMEOUT", "nan", "got 'nan'"),
        ("TIMEOUT", "0", "got '0'"),
        ("TIMEOUT", " ", "got ' '"),
        ("SHARDS", "1.5", "expected a whole number from 1 to 1024"),
        ("REPLICAS", "-1", "expected a whole number from 0 to 10"),
        ("REQUESTS", "many", "expected a whole number from 1 to 64"),
        ("CA_CERTS", "/nowhere/ca.pem", "/nowhere/ca.pem cannot be read (No such file or directory)"),
        ("CA_CERTS", "/", "cannot be read"),
        ("CA_CERTS", __file__, "expected a PEM file of certificates"),
        ("API_KEY", "id:geheim", "under \"encoded\""),
        ("API_KEY", "geheim geheim", "expected a key in one word"),
        ("API_KEY", "geheimnis-mit-ü", "expected a key in one word"),
        ("API_KEY_FILE", "/nowhere/key", "/nowhere/key cannot be read (No such file or directory)"),
        ("API_KEY_FILE", "/", "cannot be read (Is a directory)"),
        ("PASSWORD_FILE", "/dev/null", "/dev/null is empty"),
    ],
)
def test_a_setting_that_makes_no_sense_is_refused_by_its_name(setting: str, given: str, says: str) -> None:
    error = refusal("https://es1:9200", {PREFIX + setting: given})
    assert str(error).startswith(f"{PREFIX}{setting}: ")
    assert says in str(error)
    assert error.public == "the server of the search is not set up rightly"
    assert SECRET not in str(error)


def test_a_secret_in_a_file_that_is_no_text_is_refused(tmp_path: Path) -> None:
    (tmp_path / "key").write_bytes(b"\xff\xfe\x00geheim")
    error = refusal("https://es1", {f"{PREFIX}PASSWORD_FILE": str(tmp_path / "key")})
    assert "expected a file of text" in str(error)
    assert SECRET not in str(error)


def test_an_authority_without_tls_is_taken_for_a_slip(authority: str) -> None:
    error = refusal("http://me:geheim@es1:9200/music", {f"{PREFIX}CA_CERTS": authority})
    assert "did you mean https://es1:9200/music?" in str(error)
    assert parse_address("https://es1:9200", {f"{PREFIX}CA_CERTS": authority}).ca_certs == authority


def test_settings_are_those_of_the_environment(tmp_path: Path) -> None:
    (tmp_path / "password").write_text(" päss wörd\n", encoding="utf-8")
    settings = {"USERNAME": "me", "PASSWORD_FILE": str(tmp_path / "password"), "API_KEY": "bWU6Z2VoZWlt"}
    settings |= {"TIMEOUT": "0.5", "SHARDS": "3", "REPLICAS": "1", "REQUESTS": "4"}
    environment = {PREFIX + name: value for name, value in settings.items()}
    assert parse_address("http://es1/music", environment) == ElasticAddress(
        hosts=("http://es1:9200",),
        name="music",
        api_key="bWU6Z2VoZWlt",
        username="me",
        password="päss wörd",
        timeout=0.5,
        shards=3,
        replicas=1,
        requests=4,
    )


def test_an_address_goes_before_the_environment() -> None:
    environment = {f"{PREFIX}USERNAME": "other", f"{PREFIX}PASSWORD": "other"}
    address = parse_address("http://me:geheim@es1", environment)
    assert (address.username, address.password) == ("me", SECRET)
