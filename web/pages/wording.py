"""How numbers and names read on a page."""

from __future__ import annotations

from functools import lru_cache
from urllib.parse import urlsplit

from flask import Flask

from search.query import render_tag
from tagmodel.track import Track


def register(app: Flask) -> None:
    """Give the templates these wordings as filters."""
    app.jinja_env.filters.update(
        grouped=grouped, clock=clock, percent=percent, amount=amount, facts=facts, link=web_link, query_tag=render_tag,
        sentence=sentence,
    )  # fmt: skip


def sentence(text: str) -> str:
    """Write what somebody else worded as a sentence, with one full stop."""
    return text if text.endswith((".", "!", "?")) else f"{text}."


def grouped(number: int) -> str:
    """Write a count with separators: ``26,475``."""
    return f"{number:,}"


def clock(seconds: float | None) -> str:
    """Write a duration as minutes and seconds, ``""`` when it is not known."""
    if seconds is None:
        return ""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def percent(probability: float) -> str:
    """Write a probability in whole percent, never claiming certainty that was rounded up."""
    return "<1 %" if probability < 0.01 else f"{min(round(100 * probability), 99)} %"


def amount(score: float) -> str:
    """Write a score, or a part of one, in thousandths of a typed tag."""
    return f"{score:.3f}"


def facts(track: Track) -> str:
    """Write what is known of a track besides title and artist, as far as it is known."""
    year = "" if track.year is None else str(track.year)
    known = (track.album, track.genre, clock(track.duration), year, track.license)
    return " · ".join(fact if fact.isascii() else _isolated(fact) for fact in known if fact)


def _isolated(text: str) -> str:
    """Keep a text that may run from right to left from turning around what stands beside it."""
    return f"\N{FIRST STRONG ISOLATE}{text}\N{POP DIRECTIONAL ISOLATE}"


@lru_cache(4096)
def web_link(address: str) -> str:
    """Return a track's address if a browser may follow it from a page, else ``""``: a catalogue may hold any text."""
    try:
        parts = urlsplit(address)
    except ValueError:
        return ""
    return address if parts.scheme in {"http", "https"} and parts.netloc else ""
