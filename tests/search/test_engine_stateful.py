"""A random life of an index against a dictionary: whatever was done, answers equal brute force."""

from __future__ import annotations

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from search.document import Document
from search.engine import IndexWriter
from search.engines import open_engine
from search.plan import Plan
from tests.search.engine_contract import Addresses
from tests.search.oracle import expected_answer, given_answer
from tests.search.strategies import TAGS, TRACK_IDS, documents, plans


class LifeOfAnIndex(RuleBasedStateMachine):
    """Two engines on one index, a writer that comes and goes, and what a dictionary says should be there."""

    def __init__(self, new_address: Addresses) -> None:
        super().__init__()
        self.new_address = new_address

    @initialize()
    def create(self) -> None:
        self.address = self.new_address()
        self.engine = open_engine(self.address, create=True)
        self.other = open_engine(self.address)
        self.writer: IndexWriter | None = None
        self.staged: dict[str, Document] = {}
        self.committed: dict[str, Document] = {}
        self.staged_names: dict[str, str] = {}
        self.committed_names: dict[str, str] = {}

    def open_writer(self) -> IndexWriter:
        if self.writer is None:
            self.writer = self.engine.writer().__enter__()
        return self.writer

    @rule(batch=st.lists(documents(), max_size=5))
    def write(self, batch: list[Document]) -> None:
        self.open_writer().write(batch)
        self.staged |= {document.track.track_id: document for document in batch}

    @rule(spellings=st.dictionaries(st.sampled_from(TAGS), st.sampled_from(("Sad", "SAD", "sád")), max_size=3))
    def name_tags(self, spellings: dict[str, str]) -> None:
        self.open_writer().name_tags(spellings)
        self.staged_names |= spellings

    @rule(track_ids=st.lists(st.sampled_from((*TRACK_IDS, "unknown")), max_size=4, unique=True))
    def delete(self, track_ids: list[str]) -> None:
        there = [self.staged.pop(track_id) for track_id in track_ids if track_id in self.staged]
        assert self.open_writer().delete(track_ids) == len(there)

    @rule()
    def commit(self) -> None:
        state = self.open_writer().commit()
        self.note_committed()
        assert self.engine.state() == state

    @rule()
    def compact(self) -> None:
        generation = self.engine.state().generation
        assert self.open_writer().compact().generation == generation + 1
        self.note_committed()

    def note_committed(self) -> None:
        self.committed = dict(self.staged)
        self.committed_names = dict(self.staged_names)

    @precondition(lambda self: self.writer is not None)
    @rule()
    def leave(self) -> None:
        self.close_writer()
        self.staged = dict(self.committed)
        self.staged_names = dict(self.committed_names)

    def close_writer(self) -> None:
        if self.writer is not None:
            self.writer.__exit__(None, None, None)
            self.writer = None

    @rule()
    def reopen(self) -> None:
        self.engine.close()
        self.engine = open_engine(self.address)

    @rule(plan=plans)
    def search(self, plan: Plan) -> None:
        expected = expected_answer(list(self.committed.values()), plan)
        assert given_answer(self.engine.search(plan)) == expected
        assert given_answer(self.other.search(plan)) == expected
        assert self.other.count(plan) == expected.total

    @invariant()
    def what_is_stored_is_what_was_committed(self) -> None:
        assert list(self.other.all_documents()) == [self.committed[track_id] for track_id in sorted(self.committed)]
        counts = {tag: sum(tag in document.typed for document in self.committed.values()) for tag in TAGS}
        assert dict(self.other.tag_counts()) == {tag: count for tag, count in counts.items() if count}
        assert self.engine.state() == self.other.state()
        assert self.engine.state().n_tracks == len(self.committed)
        names = {tag: self.committed_names.get(tag) for tag in TAGS}
        assert {tag: self.engine.tag_spelling(tag) for tag in TAGS} == names
        assert {tag: self.other.tag_spelling(tag) for tag in TAGS} == names

    def teardown(self) -> None:
        if hasattr(self, "engine"):
            self.close_writer()
            self.engine.close()
            self.other.close()


def test_life_of_an_index(new_address: Addresses) -> None:
    lives = settings(max_examples=new_address.examples(40), stateful_step_count=25, deadline=None)
    run_state_machine_as_test(lambda: LifeOfAnIndex(new_address), settings=lives)
