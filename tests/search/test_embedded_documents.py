"""Documents kept by the embedded engine: always those of the rows, and never more than may be kept."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from search.embedded.documents import DocumentCache
from search.embedded.reader import Reader, Session
from search.engines import open_engine
from search.plan import Plan
from tests.search.engine_contract import document, fill, found, tag_group

N_TRACKS = 120


@pytest.fixture
def session(tmp_path: Path) -> Iterator[Session]:
    engine = open_engine(str(tmp_path / "index"), create=True)
    fill(engine, *[document(f"t:{n:03}", "x", title=f"Title {n}") for n in range(N_TRACKS)])
    engine.close()
    reader = Reader(tmp_path / "index")
    with reader.session() as session:
        yield session
    reader.close()


def read(cache: DocumentCache, session: Session, numbers: list[int]) -> dict[int, str]:
    return {n: one.track.title for n, one in cache.read(session.connection, numbers, session.view).items()}


def test_documents_are_those_of_their_rows_whether_kept_or_read(session: Session) -> None:
    cache = DocumentCache()
    titles = {n: f"Title {n - 1}" for n in range(1, N_TRACKS + 1)}
    assert read(cache, session, [5, 3, 5, 9]) == {n: titles[n] for n in (5, 3, 9)}
    assert read(cache, session, list(titles)) == titles
    assert read(cache, session, list(titles)) == titles
    assert read(cache, session, []) == {}


def test_what_was_read_is_not_read_again(session: Session) -> None:
    cache = DocumentCache()
    first = cache.read(session.connection, [1, 2], session.view)
    again = cache.read(session.connection, [2, 3], session.view)
    assert again[2] is first[2]


def test_no_more_are_kept_than_may_be(session: Session) -> None:
    cache = DocumentCache(most=20)
    for start in range(1, N_TRACKS - 5):
        read(cache, session, list(range(start, start + 5)))
        assert len(cache) <= 20 + 5


def test_one_that_is_asked_for_all_the_time_is_kept(session: Session) -> None:
    cache = DocumentCache(most=20)
    first = cache.read(session.connection, [1], session.view)[1]
    for n in range(2, N_TRACKS):
        assert cache.read(session.connection, [1, n], session.view)[1] is first


def test_a_track_that_was_written_again_is_shown_as_it_is_now(tmp_path: Path) -> None:
    engine = open_engine(str(tmp_path / "index"), create=True)
    for title in ("Before", "After"):
        fill(engine, document("t:1", "x", title=title))
        assert [hit.document.track.title for hit in engine.search(Plan((tag_group("x"),))).hits] == [title]
    with engine.writer() as writer:
        writer.delete(["t:1"])
        writer.commit()
    assert found(engine, Plan((tag_group("x"),))) == []
    engine.close()
