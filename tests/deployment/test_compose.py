"""The compose file holds to its own rules, and Compose takes it."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from search.elastic.address import parse_address
from tests.deployment.compose_file import (
    COMPOSE_FILE,
    EXAMPLE,
    INDEXERS,
    PAGE,
    PROFILES,
    REPOSITORY,
    SETTING,
    VARIABLE,
    WEB_SERVERS,
    literals,
    read_compose,
    read_services,
    started_by,
    variables,
)
from tests.deployment.conftest import Compose
from tests.deployment.image import environment_of_image, health_check, stages
from tests.servers.releases import NEWEST
from web.cli import serve

SERVICES = read_services()
OF_TAGKIN = sorted(name for name, service in SERVICES.items() if service["image"].startswith("tagkin:"))
NODES = ["es01", "es02", "es03"]
LASTING = sorted(name for name, service in SERVICES.items() if service["restart"] == "unless-stopped")
ALL = sorted(SERVICES)


def mounts(service: Mapping[str, Any]) -> dict[str, str]:
    """Return what a service mounts: source → the rest."""
    short = (volume for volume in service.get("volumes", []) if isinstance(volume, str))
    return dict(volume.split(":", 1) for volume in short)


@pytest.mark.parametrize("profile", [*PROFILES, *INDEXERS.values()])
def test_compose_takes_the_file(compose: Compose, profile: str) -> None:
    done = compose("--profile", profile, "config")
    assert done.returncode == 0, done.stderr
    assert sorted(yaml.safe_load(done.stdout)["services"]) == ALL


def test_compose_says_what_we_read(compose: Compose) -> None:
    """Our own way to put variables in is Compose's."""
    theirs = yaml.safe_load(compose("config").stdout)["services"]
    for name in ALL:
        for key in ("command", "entrypoint", "environment", "image", "user", "restart", "profiles", "read_only"):
            ours = SERVICES[name].get(key)
            if key == "environment":
                ours = {variable: str(value) for variable, value in ours.items() if variable != "ELASTIC_PASSWORD"}
                theirs[name][key].pop("ELASTIC_PASSWORD", None)
            assert theirs[name].get(key) == ours, (name, key)


def test_without_a_password_compose_refuses_and_says_where_to_read(compose: Compose, tmp_path: Path) -> None:
    (tmp_path / "none").write_text(EXAMPLE.read_text())
    done = compose("config", settings=tmp_path / "none")
    assert done.returncode != 0
    assert "ELASTIC_PASSWORD" in done.stderr
    assert "docs/deployment.md" in done.stderr


def test_a_slip_would_be_caught(compose: Compose, tmp_path: Path) -> None:
    slipped = tmp_path / "docker-compose.yml"
    slipped.write_text(COMPOSE_FILE.read_text().replace("    read_only: true\n", "").replace("mem_limit", "memlimit"))
    done = compose("--file", str(slipped), "config")
    assert done.returncode != 0
    assert "memlimit" in done.stderr


@pytest.mark.parametrize("name", ALL)
def test_every_service_is_limited_guarded_and_said_when_it_starts(name: str) -> None:
    service = SERVICES[name]
    assert re.fullmatch(r"tagkin:[\d.]+|elasticsearch:[\d.]+", service["image"]), "a version, never latest"
    assert service["mem_limit"]
    assert service["cpus"]
    assert service["pids_limit"]
    assert service["cap_drop"] == ["ALL"]
    assert "no-new-privileges:true" in service["security_opt"]
    assert service["logging"]["options"]["max-size"]
    assert service["profiles"], "what is in no profile starts with each"
    assert "privileged" not in service


@pytest.mark.parametrize("name", LASTING)
def test_what_lasts_tells_how_it_is(name: str) -> None:
    check = SERVICES[name]["healthcheck"]
    assert check["test"][0] in {"CMD", "CMD-SHELL"}
    assert {"interval", "timeout", "retries", "start_period"} <= set(check)


@pytest.mark.parametrize("name", sorted(set(ALL) - set(LASTING)))
def test_what_ends_is_not_asked_how_it_is_and_not_begun_again(name: str) -> None:
    assert SERVICES[name]["restart"] == "no"
    assert SERVICES[name]["healthcheck"] == {"disable": True}


@pytest.mark.parametrize("profile", PROFILES)
def test_only_web_servers_are_published_and_to_this_machine_alone(profile: str) -> None:
    published = {name: service["ports"] for name, service in started_by(profile).items() if "ports" in service}
    assert sorted(published) == WEB_SERVERS[profile]
    ports = [port for listed in published.values() for port in listed]
    assert len(set(ports)) == len(published)
    assert all(re.fullmatch(r"127\.0\.0\.1:\d+:8000", port) for port in ports)
    assert not any("expose" in service or service.get("network_mode") == "host" for service in SERVICES.values())


@pytest.mark.parametrize("profile", PROFILES)
def test_a_profile_starts_all_that_its_services_wait_for(profile: str) -> None:
    started = started_by(profile)
    services = {**started, INDEXERS[profile]: SERVICES[INDEXERS[profile]]}
    for name, service in services.items():
        for other, how in service.get("depends_on", {}).items():
            assert other in started, f"{name} waits for {other}"
            wanted = "service_healthy" if other in LASTING else "service_completed_successfully"
            assert how == {"condition": wanted}, f"{name} waits for {other}"


@pytest.mark.parametrize("node", NODES)
def test_no_node_waits_for_another(node: str) -> None:
    """After a stop of all, none is well before the second is there."""
    assert set(SERVICES[node]["depends_on"]) == {"certificates"}


def test_no_indexer_starts_by_itself() -> None:
    for profile in PROFILES:
        assert not set(started_by(profile)) & set(INDEXERS.values())
    assert len({tuple(SERVICES[name]["profiles"]) for name in INDEXERS.values()}) == 3


@pytest.mark.parametrize("name", OF_TAGKIN)
def test_tagkin_runs_as_nobody_on_files_that_it_cannot_change(name: str) -> None:
    service = SERVICES[name]
    _, final = stages()
    assert service["user"] == final.of("USER")[0] == "10001:10001"
    assert service["read_only"] is True
    assert [place.partition(":")[0] for place in service["tmpfs"]] == ["/tmp"]
    assert "cap_add" not in service
    for volume in service["volumes"]:
        if isinstance(volume, dict):
            assert volume.get("read_only", False) is (volume["target"] != "/reports")
        elif not volume.startswith("index:"):
            assert volume.endswith(":ro")


@pytest.mark.parametrize("name", OF_TAGKIN)
def test_indexers_alone_read_catalogues_and_can_write_reports(name: str) -> None:
    bound = {volume["target"]: volume for volume in SERVICES[name]["volumes"] if isinstance(volume, dict)}
    assert sorted(bound) == (["/catalogues", "/reports"] if name in INDEXERS.values() else [])
    assert all(volume["type"] == "bind" for volume in bound.values())
    assert bound.get("/reports", {}).get("source", "./reports") == "./reports"


def test_the_page_makes_reports_for_the_user_of_the_indexers() -> None:
    user, _, group = SERVICES["indexer"]["user"].partition(":")
    assert f"install --directory --owner {user} --group {group} reports" in PAGE.read_text()


def test_the_index_of_the_embedded_engine_is_never_mounted_read_only() -> None:
    """A reader that sees a read-only disk believes that nothing changes."""
    for name in ("web", "indexer"):
        assert mounts(SERVICES[name])["index"] == "/index"


def test_each_sees_its_own_secrets_alone() -> None:
    holders = {
        volume: sorted(name for name in ALL if volume in mounts(SERVICES[name]))
        for volume in ("authority", "reader", "writer")
    }
    assert holders["authority"] == ["certificates"]
    assert holders["reader"] == ["keys", "web-1", "web-2", "web-elasticsearch"]
    assert holders["writer"] == ["indexer-cluster", "indexer-elasticsearch", "keys"]
    writing = read_services(WEB_KEY="writer")
    assert "writer" in mounts(writing["web-1"])
    assert "reader" not in mounts(writing["web-1"])
    for name in OF_TAGKIN:
        assert "ELASTIC_PASSWORD" not in SERVICES[name]["environment"]


def test_nodes_are_in_a_network_without_a_way_out() -> None:
    assert read_compose()["networks"]["search"] == {"internal": True}
    for name in [*NODES, "keys", "indexer-elasticsearch", "indexer-cluster"]:
        assert SERVICES[name]["networks"] == ["search"]
    assert SERVICES["indexer"]["network_mode"] == "none"
    assert SERVICES["certificates"]["network_mode"] == "none"


@pytest.mark.parametrize("node", NODES)
def test_nodes_speak_in_tls_alone_and_only_the_first_begins_a_cluster(node: str) -> None:
    settings = SERVICES[node]["environment"]
    assert settings["node.name"] == node
    for layer in ("http", "transport"):
        assert settings[f"xpack.security.{layer}.ssl.enabled"] == "true"
        assert settings[f"xpack.security.{layer}.ssl.key"] == f"certificates/{node}.key"
        assert settings[f"xpack.security.{layer}.ssl.certificate"] == f"certificates/{node}.crt"
    assert settings["xpack.security.enabled"] == "true"
    assert settings.get("cluster.initial_master_nodes") == ("es01" if node == "es01" else None)
    assert SERVICES[node]["ulimits"]["memlock"] == {"soft": -1, "hard": -1}
    assert node in mounts(SERVICES[node]), "data of its own"


def test_no_secret_stands_in_the_files() -> None:
    secret = re.compile(r"PASSWORD|TOKENS|API_KEY$")
    found = [(name, text) for name, text in literals(yaml.safe_load(COMPOSE_FILE.read_text())) if secret.search(name)]
    assert len(found) >= 4
    for name, text in found:
        assert VARIABLE.fullmatch(text), name
        assert text.endswith(":-}") or ":?" in text, name
    examples = {name: value for _, name, value in SETTING.findall(EXAMPLE.read_text())}
    assert examples["ELASTIC_PASSWORD"] == examples["TAGKIN_TOKENS"] == ""


def test_the_example_has_every_variable_with_its_default() -> None:
    shown = {name: value for _, name, value in SETTING.findall(EXAMPLE.read_text())}
    of_compose = {"COMPOSE_PROFILES", "COMPOSE_PROJECT_NAME"}
    assert set(shown) - of_compose == set(variables())
    assert shown["COMPOSE_PROFILES"] in PROFILES
    for name, defaults in variables().items():
        assert defaults == {shown[name] or ("required" if name == "ELASTIC_PASSWORD" else "")}, name


def test_the_settings_made_as_the_page_says_have_a_password_of_their_own(settings_file: Path) -> None:
    (password,) = re.findall(r"^ELASTIC_PASSWORD=(.*)$", settings_file.read_text(), re.MULTILINE)
    assert re.fullmatch(r"[0-9a-f]{48}", password)
    assert settings_file.stat().st_mode & 0o077 == 0
    assert settings_file.read_text().replace(password, "") == EXAMPLE.read_text()


def test_web_servers_take_every_setting_that_makes_sense_there() -> None:
    options = {str(option.envvar): option for option in serve.params if option.envvar}
    # Files or servers of their own; TLS ends in front.
    elsewhere = {"TAGKIN_MODEL", "TAGKIN_TAGGER", "TAGKIN_TOKENS_FILE", "TAGKIN_RATE_STORAGE", "TAGKIN_AUDIO_ROOT"}
    elsewhere |= {"TAGKIN_TLS"}
    given = SERVICES["web"]["environment"]
    assert set(given) == set(options) - elsewhere | {"TAGKIN_TOKENS"}
    for name in set(given) & set(variables()) - {"TAGKIN_TOKENS"}:
        default = options[name].to_info_dict()["default"]
        assert given[name] == ("" if default is None else str(default).lower()), name


@pytest.mark.parametrize("name", ["web-elasticsearch", "indexer-elasticsearch", "web-1", "indexer-cluster"])
def test_the_address_of_the_nodes_is_one_that_tagkin_reads(name: str) -> None:
    environment = SERVICES[name]["environment"]
    nodes = NODES if "cluster" in name or name == "web-1" else NODES[:1]
    assert parse_address(environment["TAGKIN_ENGINE"], {}).hosts == tuple(f"https://{node}:9200" for node in nodes)
    assert set(nodes) <= set(SERVICES[name]["depends_on"])


def test_both_web_servers_of_a_cluster_differ_in_their_port_alone() -> None:
    first, second = ({**SERVICES[name], "ports": None} for name in WEB_SERVERS["cluster"])
    assert first == second


def test_versions_have_one_home() -> None:
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]
    assert {SERVICES[name]["image"] for name in OF_TAGKIN} == {f"tagkin:{project['version']}"}
    assert variables()["ELASTIC_VERSION"] == {NEWEST}, "what tests run on"
    assert {SERVICES[name]["image"] for name in set(ALL) - set(OF_TAGKIN)} == {f"elasticsearch:{NEWEST}"}
    assert COMPOSE_FILE.read_text().count("ELASTIC_VERSION") == 1


def test_image_and_file_agree() -> None:
    check = SERVICES["web"]["healthcheck"]["test"]
    assert check == ["CMD", *health_check()]
    image = environment_of_image()
    assert SERVICES["web"]["environment"]["TAGKIN_ENGINE"] == image["TAGKIN_ENGINE"]
    _, final = stages()
    assert final.of("ENTRYPOINT") == ['["tagkin"]']
    assert json.loads(final.of("CMD")[0]) == SERVICES["web"]["command"]
