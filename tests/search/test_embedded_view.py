"""Changes between snapshots: how many segments there are, when they are folded in, what is rebuilt."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from search.document import Document, Family
from search.embedded import EmbeddedEngine, view
from search.embedded.view import View
from search.plan import Clause, Group, Plan, Term
from tagmodel.track import Track

PLAN = Plan((Group((Clause("x", (Term("x", Family.TYPED, 1.0),)),)),), k=5)


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[EmbeddedEngine]:
    engine = EmbeddedEngine.open(tmp_path, create=True)
    yield engine
    engine.close()


def documents(first: int, last: int) -> list[Document]:
    return [Document(Track(f"t:{i:06}", "Title"), ("x",)) for i in range(first, last)]


def current_view(engine: EmbeddedEngine) -> View:
    with engine._reader.session() as session:
        return session.view


def test_many_small_commits_make_few_segments(engine: EmbeddedEngine) -> None:
    most = 0
    with engine.writer() as writer:
        for i in range(128):
            writer.write(documents(i * 3, i * 3 + 3))
            writer.commit()
            assert engine.search(PLAN).total == i * 3 + 3
            most = max(most, len(current_view(engine).parts))
    assert 2 <= most <= 7


def test_a_small_change_leaves_large_segments_alone(engine: EmbeddedEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[int] = []
    build = view.build_arrays
    monkeypatch.setattr(view, "build_arrays", lambda table, n_tags: read.append(len(table.n)) or build(table, n_tags))
    with engine.writer() as writer:
        writer.write(documents(0, 1_000))
        writer.commit()
        engine.state()
        writer.write(documents(500, 505))
        writer.delete(["t:000001"])
        writer.commit()
    assert engine.search(PLAN).total == 999
    assert read == [1_000, 5]


def test_the_snapshot_is_never_read_again(engine: EmbeddedEngine) -> None:
    with engine.writer() as writer:
        writer.write(documents(0, 10))
        writer.compact()
        snapshot = current_view(engine).parts[0].segment
        writer.write(documents(10, 100))
        writer.commit()
    assert [part.segment.n_rows for part in current_view(engine).parts] == [10, 90]
    assert current_view(engine).parts[0].segment is snapshot


def test_a_view_is_kept_while_nothing_is_committed(engine: EmbeddedEngine) -> None:
    with engine.writer() as writer:
        writer.write(documents(0, 10))
        writer.commit()
        before = current_view(engine)
        writer.write(documents(10, 20))
        assert current_view(engine) is before
        writer.commit()
        assert current_view(engine) is not before


def test_commits_compact_when_changes_pass_a_tenth_but_seldom_in_a_bulk_load(engine: EmbeddedEngine) -> None:
    generations = []
    with engine.writer() as writer:
        for i in range(13):
            writer.write(documents(i * 2_500, (i + 1) * 2_500))
            generations.append(writer.commit().generation)
    assert generations == [0, 0, 1, 1, 1, 1, 1, 1, 1, 1, 1, 2, 2]
    with engine.writer() as writer:
        writer.write(documents(0, 1_000))  # a replaced track is one gone and one new
        assert writer.commit().generation == 2
        writer.write(documents(0, 1_000))
        assert writer.commit().generation == 3


def test_after_compaction_there_is_one_segment_without_gaps(engine: EmbeddedEngine) -> None:
    with engine.writer() as writer:
        writer.write(documents(0, 50))
        writer.compact()
        writer.delete(["t:000003"])
        writer.write(documents(7, 9))
        writer.commit()
        assert sum(len(part.gone) for part in current_view(engine).parts) == 3
        writer.compact()
    (part,) = current_view(engine).parts
    assert part.segment.n_rows == 49
    assert part.gone.tolist() == []
