from __future__ import annotations

import json
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from web.serving import create_served_app
from web.settings import Settings, SettingsError, read_settings


def test_without_settings_nothing_is_switched_on() -> None:
    assert read_settings({}) == Settings()


def test_settings_are_read_from_the_environment(tmp_path: Path) -> None:
    tokens = tmp_path / "tokens"
    tokens.write_text("# ours\n0123456789abcdef\n\nfedcba9876543210==\n")
    read = read_settings(
        {
            "ORIGINS": "https://a.example, http://localhost:3000",
            "RATE": "600/minute",
            "RATE_STORAGE": "redis://localhost",
            "TOKENS": "abcdefabcdefabcdef 0123456789abcdef",
            "TOKENS_FILE": str(tokens),
            "ACCESS_LOG": "-",
            "LOG_SEARCHES": "0",
            "PROXIES": "1",
            "HSTS": "86400",
        }
    )
    assert read == Settings(
        origins=("https://a.example", "http://localhost:3000"),
        rate="600/minute",
        rate_storage="redis://localhost",
        tokens=("abcdefabcdefabcdef", "0123456789abcdef", "fedcba9876543210=="),
        access_log="-",
        log_searches=False,
        proxies=1,
        hsts=86_400,
    )


def test_tokens_are_not_shown() -> None:
    assert "secret" not in repr(Settings(tokens=("secret-secret-secret",)))


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ({"ORIGINS": "music.example"}, "expected origins"),
        ({"ORIGINS": "https://music.example/"}, "no path"),
        ({"TOKENS": "short"}, "token 1 of 1"),
        ({"TOKENS": "0123456789abcdef with-a-(bracket)-in-it"}, "token 2 of 2"),
        ({"TOKENS_FILE": "/nowhere/tokens"}, "expected a file of tokens"),
    ],
)
def test_what_cannot_be_used_is_said(values: dict[str, str], says: str) -> None:
    with pytest.raises(SettingsError) as caught:
        read_settings(values)
    assert says in str(caught.value)
    assert "bracket" not in str(caught.value)


def test_an_empty_file_of_tokens_is_a_slip(tmp_path: Path) -> None:
    (tmp_path / "tokens").write_text("# none yet\n")
    with pytest.raises(SettingsError, match="got none"):
        read_settings({"TOKENS_FILE": str(tmp_path / "tokens")})


@pytest.fixture
def served(tmp_path: Path, index_directory: Path, monkeypatch: pytest.MonkeyPatch):
    """Makes the application as a worker does."""

    def make(**values: str) -> FlaskClient:
        common = {"ENGINE": str(index_directory), "THREADS": "1", "ACCESS_LOG": str(tmp_path / "access.log")}
        for name, value in {**common, **values}.items():
            monkeypatch.setenv(f"TAGKIN_{name}", value)
        return create_served_app().test_client()

    return make


FORWARDED = {"X-Forwarded-For": "198.51.100.9, 192.0.2.7", "X-Forwarded-Proto": "https", "X-Forwarded-Host": "evil"}


def test_a_worker_makes_its_application_from_the_environment(served) -> None:
    client = served(RATE="2/hour", ORIGINS="*")
    assert client.get("/api/v1/stats").headers["Access-Control-Allow-Origin"] == "*"
    assert [client.get("/api/v1/stats").status_code for _ in range(2)] == [200, 429]


def test_a_proxy_is_believed_as_far_as_it_is_ours(served, tmp_path: Path) -> None:
    response = served(PROXIES="1", HSTS="60").get("/", headers=FORWARDED)
    assert response.headers["Strict-Transport-Security"] == "max-age=60"
    assert json.loads((tmp_path / "access.log").read_text())["client"] == "192.0.2.7"
    assert "evil" not in response.text


def test_without_a_proxy_nobody_is_believed(served, tmp_path: Path) -> None:
    response = served(HSTS="60").get("/", headers=FORWARDED)
    assert "Strict-Transport-Security" not in response.headers
    assert json.loads((tmp_path / "access.log").read_text())["client"] == "127.0.0.1"


def test_a_worker_starts_without_an_index(served, tmp_path: Path) -> None:
    client = served(ENGINE=str(tmp_path / "nowhere"))
    assert client.get("/healthz").status_code == 200
    response = client.get("/search?q=sad")
    assert response.status_code == 503
    assert str(tmp_path) not in response.text
