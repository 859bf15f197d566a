from __future__ import annotations

from pathlib import Path

import pytest

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
