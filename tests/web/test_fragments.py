"""What is kept of a track is the track's own, and escaped as ever."""

from __future__ import annotations

from flask import render_template_string

from search.searcher import Searcher
from tagmodel.track import Track
from web.app import create_app

SHOWN = "{% set own = fragments(track) %}{{ own.title }}{{ own.pick }}{{ own.facts }}"


def shown(searcher: Searcher, track: Track, root: str = "") -> str:
    app = create_app(searcher)
    with app.test_request_context("/search", environ_overrides={"SCRIPT_NAME": root}):
        first = render_template_string(SHOWN, track=track)
        assert render_template_string(SHOWN, track=track) == first
    return first


def test_a_track_that_has_changed_is_shown_as_it_is_now(searcher: Searcher) -> None:
    app = create_app(searcher)
    with app.test_request_context("/search"):
        assert "Before" in render_template_string(SHOWN, track=Track("x:1", "Before"))
        assert "After" in render_template_string(SHOWN, track=Track("x:1", "After"))


def test_links_begin_where_the_application_does(searcher: Searcher) -> None:
    assert 'href="/track?id=x%3A1"' in shown(searcher, Track("x:1", "Rain"))
    assert 'href="/music/track?id=x%3A1"' in shown(searcher, Track("x:1", "Rain"), "/music")


def test_markup_of_a_track_is_text(searcher: Searcher) -> None:
    evil = "\"'><script>alert(1)</script>"
    page = shown(searcher, Track(evil, evil, evil, evil, evil, evil, url=f"https://example.org/{evil}"))
    assert "<script" not in page
    assert "&lt;script&gt;" in page


def test_what_is_not_known_leaves_no_gap(searcher: Searcher) -> None:
    page = shown(searcher, Track("x:1"))
    assert "<span></span>" not in page
    assert 'class="artist"' not in page
    assert "source" not in page
