"""A catalogue is brought in once, however often the run is broken off or repeated."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from indexer.entries import AudioFile, Entry, Found, Reject, SourceError
from indexer.loading import LoadOptions, load_catalogue
from indexer.reading import LoadSummary
from indexer.rejects import Rejects
from search.document import Document
from search.engine import SearchEngine
from search.engines import open_engine
from search.enrichment import Enricher
from tagmodel.track import Track
from tests.indexer.tiny_model import TinyModel, tag


@dataclass
class Shelf:
    """A catalogue of literals; reading breaks after `breaks_after` entries. Its tracks lie in the folder `audio`."""

    content: list[Track | Reject]
    name: str = "shelf"
    label: str = "shelf"
    rereadable: bool = True
    breaks_after: int | None = None
    audio: str = ""

    def entries(self) -> Iterator[Entry]:
        for line, entry in enumerate(self.content, 1):
            if self.breaks_after is not None and line > self.breaks_after:
                raise KeyboardInterrupt
            yield Found(line, entry, audio=self.file(line)) if isinstance(entry, Track) else entry

    def file(self, line: int) -> AudioFile | None:
        return AudioFile(Path(self.audio, f"{line}.flac"), f"{line}.flac") if self.audio else None


@dataclass
class Journal:
    """Progress that is kept."""

    said: list[str] = field(default_factory=list)

    def say(self, text: str) -> None:
        self.said.append(text)

    def begin(self, label: str, unit: str = "rows") -> None: ...

    def advance(self, n: int) -> None: ...


def tracks(n: int, source: str = "shelf", tags: tuple[str, ...] = ("sad",)) -> list[Track]:
    return [Track(f"{source}:{at:03}", title=f"Song {at}", source=source, tags=tags) for at in range(n)]


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[SearchEngine]:
    opened = open_engine(str(tmp_path / "index"), create=True)
    yield opened
    opened.close()


def load(engine: SearchEngine, shelf: Shelf, model: TinyModel | None = None, **options: object) -> LoadSummary:
    journal = Journal()
    with engine.writer() as writer, Rejects(None, journal.say) as rejects:
        rejects.begin()
        summary = load_catalogue(
            *(shelf, engine, writer, Enricher(model or TinyModel())),  # type: ignore[arg-type]
            rejects=rejects,
            progress=journal,
            options=replace(LoadOptions(batch_size=3), **options),  # type: ignore[arg-type]
        )
    summary.said = journal.said  # type: ignore[attr-defined]
    return summary


def stored(engine: SearchEngine) -> dict[str, Document]:
    return {document.track.track_id: document for document in engine.all_documents()}


def break_off(engine: SearchEngine, content: list[Track | Reject], after: int, **shelf: object) -> None:
    with pytest.raises(KeyboardInterrupt):
        load(engine, Shelf(content, breaks_after=after, **shelf))  # type: ignore[arg-type]


def test_every_track_is_stored_enriched_and_its_tags_are_named(engine: SearchEngine) -> None:
    summary = load(engine, Shelf([*tracks(7)]))
    assert (summary.rows, summary.added) == (7, 7)
    assert [document.typed for document in stored(engine).values()] == [(tag("sad"),)] * 7
    assert engine.tag_spelling(tag("slow")) == "slow"


def test_a_second_run_changes_nothing_and_writes_nothing(engine: SearchEngine) -> None:
    load(engine, Shelf([*tracks(7)]))
    before = engine.state()
    summary = load(engine, Shelf([*tracks(7)]))
    assert (summary.added, summary.changed, summary.unchanged) == (0, 0, 7)
    assert engine.state() == before


def test_a_track_that_changed_is_replaced_whole(engine: SearchEngine) -> None:
    load(engine, Shelf([*tracks(4)]))
    content = [*tracks(4)]
    content[2] = replace(content[2], title="New", tags=("rock",))
    summary = load(engine, Shelf([*content]))
    assert (summary.changed, summary.unchanged) == (1, 3)
    assert stored(engine)["shelf:002"].track == content[2]
    assert stored(engine)["shelf:002"].typed == (tag("rock"),)


def test_what_was_heard_outlives_a_new_delivery(engine: SearchEngine) -> None:
    load(engine, Shelf([*tracks(1)]))
    with engine.writer() as writer:
        writer.write([replace(stored(engine)["shelf:000"], heard=(tag("piano"),), heard_weights=(99,))])
        writer.commit()
    load(engine, Shelf([*tracks(1, tags=("rock",))]))
    document = stored(engine)["shelf:000"]
    assert (document.typed, document.heard, document.heard_weights) == ((tag("rock"),), (tag("piano"),), (99,))


@pytest.mark.parametrize("after", range(11))
def test_a_run_that_was_broken_off_anywhere_ends_like_one_that_was_not(engine: SearchEngine, after: int) -> None:
    content: list[Track | Reject] = [*tracks(5), Reject(6, "bad", "x"), *tracks(5)[:2], *tracks(9)[5:]]
    break_off(engine, content, after)
    committed = after // 3 * 3
    assert len(stored(engine)) <= committed
    summary = load(engine, Shelf(content))
    assert list(stored(engine)) == [track.track_id for track in tracks(9)]
    assert summary.rejected == 3
    assert summary.skipped + summary.added == 9
    assert summary.skipped == len([entry for entry in content[:committed] if isinstance(entry, Track)]) - max(
        0, min(committed - 6, 2)
    )
    resumed = [said for said in summary.said if said.startswith("resuming")]  # type: ignore[attr-defined]
    assert resumed == ([f"resuming shelf: an earlier run stopped after {committed} rows"] if committed else [])


def test_resuming_does_not_depend_on_the_batch_size(engine: SearchEngine) -> None:
    break_off(engine, [*tracks(10)], 7)
    assert load(engine, Shelf([*tracks(10)]), batch_size=4).skipped == 6
    assert len(stored(engine)) == 10


def test_a_source_that_changed_meanwhile_is_read_from_its_start(engine: SearchEngine) -> None:
    content = [*tracks(10)]
    break_off(engine, [*content], 7)
    content[1] = replace(content[1], title="Mended")
    summary = load(engine, Shelf([*content]))
    assert "shelf has changed since then: beginning at its start" in summary.said  # type: ignore[attr-defined]
    assert (summary.added, summary.changed, summary.unchanged) == (4, 1, 5)
    assert stored(engine)["shelf:001"].track.title == "Mended"


def test_a_source_that_became_shorter_is_read_from_its_start(engine: SearchEngine) -> None:
    break_off(engine, [*tracks(10)], 7)
    summary = load(engine, Shelf([*tracks(2)]), prune=True)
    assert (summary.unchanged, summary.pruned) == (2, 4)
    assert len(stored(engine)) == 2


def test_a_source_that_grew_meanwhile_is_resumed(engine: SearchEngine) -> None:
    break_off(engine, [*tracks(7)], 6)
    assert load(engine, Shelf([*tracks(9)])).skipped == 6
    assert len(stored(engine)) == 9


def test_another_stream_under_the_same_name_is_refused_and_told_how(engine: SearchEngine) -> None:
    break_off(engine, [*tracks(7)], 6, rereadable=False)
    other = Shelf([*tracks(7, tags=("rock",))], rereadable=False)
    with pytest.raises(SourceError, match="not the same stream; say --restart"):
        load(engine, other)
    assert load(engine, other, restart=True).changed == 6


def test_a_new_model_does_not_resume_the_work_of_another(engine: SearchEngine) -> None:
    break_off(engine, [*tracks(7)], 6)
    assert load(engine, Shelf([*tracks(7)]), TinyModel("other")).skipped == 0
    assert {document.model_id for document in stored(engine).values()} == {"other"}


def test_nobody_who_listens_resumes_the_work_of_who_did_not_or_heard_otherwise(engine: SearchEngine) -> None:
    for before, now in (("", "one"), ("one", "another"), ("another", "")):
        with pytest.raises(KeyboardInterrupt):
            load(engine, Shelf([*tracks(7)], breaks_after=6), tagger_id=before)
        assert load(engine, Shelf([*tracks(7)], breaks_after=7), tagger_id=now).skipped == 0
        break_off(engine, [*tracks(7)], 6)
        assert load(engine, Shelf([*tracks(7)])).skipped == 6


@pytest.mark.parametrize(("before", "now"), [("", "music"), ("music", "other"), ("music", "")])
def test_tracks_with_other_files_are_not_resumed(engine: SearchEngine, before: str, now: str) -> None:
    break_off(engine, [*tracks(7)], 6, audio=before)
    summary = load(engine, Shelf([*tracks(7)], audio=now))
    assert (summary.skipped, summary.unchanged, summary.added) == (0, 6, 1)
    break_off(engine, [*tracks(7)], 6, audio=now)
    assert load(engine, Shelf([*tracks(7)], audio=now)).skipped == 6


def test_what_an_earlier_version_noted_is_begun_anew(engine: SearchEngine) -> None:
    break_off(engine, [*tracks(7)], 6)
    with engine.writer() as writer:
        note = '{"rows":6,"digest":"0123","model_id":"tiny","version":1}'
        writer.set_checkpoint("index:shelf", note)
        writer.commit()
    assert load(engine, Shelf([*tracks(7)])).unchanged == 6


def test_a_finished_source_leaves_no_checkpoint(engine: SearchEngine) -> None:
    load(engine, Shelf([*tracks(7)]))
    with engine.writer() as writer:
        assert writer.checkpoint("index:shelf") == ""


def test_the_first_of_two_rows_with_one_id_is_kept(engine: SearchEngine) -> None:
    twice = [*tracks(2), replace(tracks(1)[0], title="Again")]
    summary = load(engine, Shelf([*twice]))
    assert summary.rejected == 1
    assert summary.said == [  # type: ignore[attr-defined]
        "rejected shelf line 3: duplicate id shelf:000, first on line 1; the first one is kept"
    ]
    assert stored(engine)["shelf:000"].track.title == "Song 0"


def test_pruning_removes_what_the_source_no_longer_has_and_nothing_else(engine: SearchEngine) -> None:
    load(engine, Shelf([*tracks(5)]))
    load(engine, Shelf([*tracks(3, source="other")], name="other"))
    summary = load(engine, Shelf(tracks(5)[1:3]), prune=True)
    assert summary.pruned == 3
    assert list(stored(engine)) == ["other:000", "other:001", "other:002", "shelf:001", "shelf:002"]


@pytest.mark.parametrize("after", [2, 4, 8])
def test_pruning_knows_what_the_broken_off_run_has_read(engine: SearchEngine, after: int) -> None:
    load(engine, Shelf([*tracks(10)]))
    left = tracks(10)[::2] + tracks(14)[10:]
    break_off(engine, [*left], after)
    load(engine, Shelf([*left]), prune=True)
    assert list(stored(engine)) == [track.track_id for track in left]


def test_a_rejected_row_with_an_id_keeps_its_track(engine: SearchEngine) -> None:
    load(engine, Shelf([*tracks(3)]))
    summary = load(engine, Shelf([tracks(1)[0], Reject(2, "bad year", "", "shelf:001")]), prune=True)
    assert summary.pruned == 1
    assert list(stored(engine)) == ["shelf:000", "shelf:001"]


def test_nothing_is_pruned_when_a_row_could_not_be_read_at_all(engine: SearchEngine) -> None:
    load(engine, Shelf([*tracks(3)]))
    summary = load(engine, Shelf([tracks(1)[0], Reject(2, "broken CSV", "")]), prune=True)
    assert (summary.pruned, len(stored(engine))) == (0, 3)
    assert "cannot be read" in summary.unpruned


def test_a_source_of_bad_rows_only_prunes_nothing(engine: SearchEngine) -> None:
    load(engine, Shelf([*tracks(3)]))
    summary = load(engine, Shelf([Reject(1, "bad", "", "shelf:000")]), prune=True)
    assert (summary.pruned, len(stored(engine))) == (0, 3)


def test_tracks_that_change_their_source_are_counted(engine: SearchEngine) -> None:
    load(engine, Shelf([*tracks(2)]))
    moved = [replace(track, source="new") for track in tracks(2)]
    assert load(engine, Shelf([*moved], name="new")).taken_over == {"shelf": 2}
