"""What a deployment decides about the application: nothing is on unless it was set."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

# Prefix of all settings in the environment.
PREFIX = "TAGKIN"
# Where each worker counts by itself.
IN_MEMORY = "memory://"
# Shorter tokens can be tried out.
TOKEN_LENGTH = 16  # characters

_ORIGIN = re.compile(r"\*|https?://[^/\s?#]+")
_TOKEN = re.compile(r"[A-Za-z0-9._~+/-]+=*")  # as RFC 6750 has them


class SettingsError(ValueError):
    """A setting cannot be used; the message names it and says what was expected."""


@dataclass(frozen=True, slots=True)
class Settings:
    """Settings of one application; `tagkin serve` fills them in from its options.

    Parameters
    ----------
    origins
        Origins whose scripts may read the API, exactly as browsers send them; ``"*"`` is any.
    rate
        Requests that one client address may make, e.g. ``"600/minute"``; ``""`` is no limit.
    rate_storage
        Where those are counted: ``memory://`` in each worker by itself, or ``redis://…`` for all of them together.
    tokens
        Whoever presents one of these may write; without any, nobody may.
    access_log
        Where a line for each request goes: a file, ``-`` for standard error, ``""`` for nowhere.
    log_searches
        Whether those lines say what was searched for and who asked: personal data.
    proxies
        Reverse proxies in front, whose word on a client's address and on TLS is taken.
    hsts
        Seconds for which browsers are to come back over TLS only; said only over TLS, 0 is not at all.
    audio_root
        Folder below which the files of tracks may be played; None: nothing is.
    previews
        Origins from which the pages may play a track whose address is a recording there.
    tagger
        Directory of what hears recordings that are sent; None: the shipped one.
    """

    origins: tuple[str, ...] = ()
    rate: str = ""
    rate_storage: str = IN_MEMORY
    tokens: tuple[str, ...] = field(default=(), repr=False)
    access_log: str = ""
    log_searches: bool = True
    proxies: int = 0
    hsts: int = 0
    audio_root: Path | None = None
    previews: tuple[str, ...] = ()
    tagger: Path | None = None


def read_settings(values: Mapping[str, str]) -> Settings:
    """Read settings from the environment's variables of ours, named without `PREFIX`.

    The values of options come this way too: that is how they reach the workers.

    Raises
    ------
    SettingsError
        If one cannot be used.
    """
    return Settings(
        origins=_origins(values.get("ORIGINS", "")),
        rate=values.get("RATE", "").strip(),
        rate_storage=values.get("RATE_STORAGE", "").strip() or IN_MEMORY,
        tokens=_tokens(values),
        access_log=values.get("ACCESS_LOG", "").strip(),
        log_searches=values.get("LOG_SEARCHES", "").strip().lower() not in {"0", "false", "no", "off"},
        proxies=int(values.get("PROXIES") or 0),
        hsts=int(values.get("HSTS") or 0),
        audio_root=_audio_root(values.get("AUDIO_ROOT", "")),
        previews=_origins(values.get("PREVIEWS", "")),
        tagger=_tagger(values.get("TAGGER", "")),
    )


def _audio_root(text: str) -> Path | None:
    if not text:
        return None
    root = Path(text)
    if not root.is_dir():
        raise SettingsError(f"expected a folder of recordings, got {text}: is it mounted?")
    return root


def _tagger(text: str) -> Path | None:
    if not text:
        return None
    folder = Path(text)
    if not (folder / "card.json").is_file():
        raise SettingsError(f"expected the folder of a tagger, with a card.json, got {text}")
    return folder


def _origins(text: str) -> tuple[str, ...]:
    origins = tuple(text.replace(",", " ").split())
    for origin in origins:
        if not _ORIGIN.fullmatch(origin):
            raise SettingsError(
                f"expected origins such as https://music.example, or *, got {origin!r}: an origin has no path"
            )
    return origins


def _tokens(values: Mapping[str, str]) -> tuple[str, ...]:
    """Return the tokens of ``TAGKIN_TOKENS`` and of the file that ``TAGKIN_TOKENS_FILE`` names, one a line."""
    lines = values.get("TOKENS", "").split()
    path = values.get("TOKENS_FILE", "")
    if path:
        try:
            text = Path(path).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise SettingsError(f"expected a file of tokens, one a line: {path}: {error}") from error
        lines += [line.strip() for line in text.splitlines() if line.strip() and not line.startswith("#")]
        if not lines:
            raise SettingsError(f"expected tokens, one a line, got none in {path}")
    for place, token in enumerate(lines, 1):
        if len(token) < TOKEN_LENGTH or not _TOKEN.fullmatch(token):
            raise SettingsError(
                f"token {place} of {len(lines)} cannot be used: expected at least {TOKEN_LENGTH} letters, digits and"
                " any of . _ ~ + / -, as from: openssl rand -hex 32"
            )
    return tuple(dict.fromkeys(lines))
