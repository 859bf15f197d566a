"""The lexicon over a small vocabulary: exact words, slips, offers and completions with known answers."""

from __future__ import annotations

import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from search.lexicon import Lexicon
from search.tag_table import TagTable
from tagmodel.folding import fold_tag, tag_id
from tagmodel.vocabulary_building import build_vocabulary
from tests.search.small_catalogue import OWN_TAG, TAGS, an_id, small_engine, small_lexicon, small_vocabulary

LEXICON = small_lexicon()


class TestFinding:
    @pytest.mark.parametrize("typed", ["hip hop", "Hip-Hop", "HIP HOP", "hiphop"])
    def test_every_spelling_and_alias_is_the_tag(self, typed: str) -> None:
        assert LEXICON.tag(typed.split()) == an_id("hip hop")

    def test_a_tag_of_the_catalogue_only_is_found_and_not_known(self) -> None:
        own = LEXICON.tag(["Basque", "pipe"])
        assert own == an_id(OWN_TAG)
        assert not LEXICON.knows(own)
        assert LEXICON.spelling(own) == OWN_TAG

    def test_a_catalogue_tag_without_a_spelling_is_found_by_its_words(self) -> None:
        table = TagTable(small_vocabulary(), {an_id("nose flute"): ""}, {})
        assert table.find("Nose-Flutes") == an_id("nose flute")
        assert table.longest(["nose", "flute", "sad"]) == (an_id("nose flute"), 2)

    @pytest.mark.parametrize("typed", ["", "♥", "piano sad", "pian"])
    def test_anything_else_is_no_tag(self, typed: str) -> None:
        assert LEXICON.tag([typed]) is None

    def test_an_id_that_nobody_knows_is_shown_itself(self) -> None:
        assert LEXICON.spelling("aaaaaaaa") == "aaaaaaaa"

    @pytest.mark.parametrize(
        ("words", "tag", "n_words"),
        [
            ("female vocals piano", "female vocals", 2),
            ("female piano vocals", "female", 1),
            ("drum & bass", "drum & bass", 3),
            ("Drum-and-Bass sad", "drum & bass", 1),
            ("sad & piano", "sad", 1),
        ],
    )
    def test_the_longest_tag_wins(self, words: str, tag: str, n_words: int) -> None:
        assert LEXICON.table().longest(words.split()) == (an_id(tag), n_words)

    @given(st.lists(st.sampled_from((*" ".join(TAGS).split(), "&", "n", "the")), min_size=1, max_size=5))
    def test_the_longest_tag_is_that_of_trying_every_length(self, words: list[str]) -> None:
        table = LEXICON.table()
        # No tag begins or ends with a word that folds to nothing.
        lengths = [
            n for n in range(1, len(words) + 1) if table.find(" ".join(words[:n])) and words[n - 1] != "&" != words[0]
        ]
        assert table.longest(words)[1] == max(lengths, default=0)


class TestFreshness:
    def test_a_new_tag_is_found_once_the_index_has_another_state(self) -> None:
        engine = small_engine()
        lexicon = small_lexicon(engine)
        assert lexicon.tag(["nose", "flute"]) is None
        engine.counts = {**engine.counts, an_id("nose flute"): 1}
        engine.spellings[an_id("nose flute")] = "nose flute"
        engine.generation += 1
        assert lexicon.tag(["nose", "flute"]) == an_id("nose flute")

    def test_the_table_is_kept_while_the_catalogue_has_the_same_tags(self) -> None:
        engine = small_engine()
        lexicon = small_lexicon(engine)
        table = lexicon.table()
        engine.generation += 1
        assert lexicon.table()._keys is table._keys
        assert engine.asked == [an_id(OWN_TAG)]

    def test_a_tag_spelt_anew_is_shown_so_once_the_index_has_another_state(self) -> None:
        engine = small_engine()
        lexicon = small_lexicon(engine)
        assert lexicon.now().spellings[an_id(OWN_TAG)] == OWN_TAG
        engine.spellings[an_id(OWN_TAG)] = "Basque Pipes"
        engine.generation += 1
        assert lexicon.now().spellings[an_id(OWN_TAG)] == "Basque Pipes"
        assert lexicon.spelling(an_id(OWN_TAG)) == "Basque Pipes"

    def test_an_id_that_nobody_knows_takes_no_room(self) -> None:
        spellings = small_lexicon().now().spellings
        size = len(spellings)
        assert spellings["aaaaaaaa"] == "aaaaaaaa"
        assert len(spellings) == size

    def test_counts_of_completions_are_those_of_now(self) -> None:
        engine = small_engine()
        lexicon = small_lexicon(engine)
        assert [one.n_tracks for one in lexicon.complete("sad")] == [2]
        engine.counts = {**engine.counts, an_id("sad"): 7}
        engine.generation += 1
        assert [one.n_tracks for one in lexicon.complete("sad")] == [7]


    def test_counts_that_decide_what_was_meant_are_those_of_now(self) -> None:
        engine = small_engine()
        lexicon = small_lexicon(engine)
        assert (lexicon.correct("gitar"), lexicon.offers("gitar", 1)) == ("guitar", ("guitar",))
        engine.counts = {**engine.counts, an_id("sitar"): 9}
        engine.generation += 1
        assert lexicon.correct("gitar") == "sitar" == small_lexicon(engine).correct("gitar")
        assert lexicon.offers("gitar") == small_lexicon(engine).offers("gitar")


class TestCorrection:
    @pytest.mark.parametrize(
        ("typed", "meant"),
        [
            ("paino", "piano"),
            ("guitarr", "guitar"),
            ("gitar", "guitar"),  # as near to sitar, which is on fewer tracks
            ("clasical", "classical"),
            ("female vocalz", "female vocals"),
            ("hip hpo", "hip hop"),
            ("basque pips", OWN_TAG),
        ],
    )
    def test_one_slip_is_mended(self, typed: str, meant: str) -> None:
        assert LEXICON.correct(typed) == meant

    @pytest.mark.parametrize(
        ("typed", "why"),
        [
            ("jaz", "too short"),
            ("painooo", "two slips"),
            ("1970s", "another number"),
            ("x-pop funk", "no such tag"),
            ("a pop", "another short word"),
            ("p" * 100, "too long"),
            ("", "nothing"),
        ],
    )
    def test_anything_else_is_not(self, typed: str, why: str) -> None:
        assert LEXICON.correct(typed) is None, why

    def test_an_exact_tag_is_itself(self) -> None:
        assert LEXICON.correct("Toy Pianos") == "toy piano"

    @given(st.sampled_from(TAGS), st.data())
    def test_two_letters_swapped_are_mended_to_a_tag_as_near(self, tag: str, data: st.DataObject) -> None:
        at = data.draw(st.integers(0, len(tag) - 2))
        swapped = tag[:at] + tag[at + 1] + tag[at] + tag[at + 2 :]
        meant = LEXICON.correct(swapped)
        # Signs and blanks may be swapped into another fold; then nothing is promised.
        if tag.isalpha() and len(tag) >= 5:
            assert meant == tag


class TestOffers:
    @pytest.mark.parametrize(
        ("typed", "first"),
        [("elec", "electronic"), ("akustic classicl", "classical"), ("jaz", "jazz"), ("techmo", "techno")],
    )
    def test_the_nearest_tag_leads(self, typed: str, first: str) -> None:
        assert LEXICON.offers(typed)[0] == first

    def test_a_compound_is_offered_its_tags(self) -> None:
        assert LEXICON.offers("piano/guitar") == ("piano", "guitar")

    @pytest.mark.parametrize("typed", ["", "x", "zzzzqqqq", "a" * 100])
    def test_what_resembles_nothing_is_offered_nothing(self, typed: str) -> None:
        assert LEXICON.offers(typed) == ()

    @given(st.text(max_size=30), st.integers(0, 5))
    def test_offers_are_different_tags_and_no_more_than_asked(self, typed: str, k: int) -> None:
        offers = LEXICON.offers(typed, k)
        assert len(set(offers)) == len(offers) <= k
        assert all(LEXICON.tag([offer]) for offer in offers)

    def test_ten_thousand_tags_take_at_most_five_milliseconds(self) -> None:
        random = np.random.default_rng(1)
        names = {"".join(random.choice(list("aeilmnorst "), 9)) for _ in range(10_000)}
        table = TagTable(build_vocabulary({"mine": {"sad": 5}}), {tag_id(name): name for name in names}, {})
        table.nearest("warm up", 3)
        took = []
        for typed in ("milonra tse", "tenorsaxx", "a string of words"):
            start = time.process_time()
            table.nearest(typed, 3)
            took.append(time.process_time() - start)
        assert min(took) < 0.005


class TestCompletion:
    def test_tags_that_begin_so_come_before_tags_with_a_word_that_does(self) -> None:
        spellings = [one.spelling for one in LEXICON.complete("pia")]
        assert spellings == ["piano", "toy piano"]

    def test_the_exact_tag_leads_whatever_its_plural(self) -> None:
        assert LEXICON.complete("Pianos")[0].spelling == "piano"

    def test_further_words_may_be_begun(self) -> None:
        assert [one.spelling for one in LEXICON.complete("hip h")] == ["hip hop"]
        assert [one.spelling for one in LEXICON.complete("jazz ")] == ["jazz", "jazz funk"]

    def test_more_tracks_come_first(self) -> None:
        engine = small_engine()
        engine.counts = {an_id("rock and roll"): 9, an_id("rock"): 4}
        assert [one.spelling for one in small_lexicon(engine).complete("ro")] == ["rock and roll", "rock"]

    @settings(max_examples=50, deadline=None)
    @given(st.sampled_from(TAGS), st.integers(1, 9), st.lists(st.integers(0, 2), min_size=len(TAGS) + 1))
    def test_completions_are_those_of_trying_every_key(self, tag: str, n_letters: int, uses: list[int]) -> None:
        engine = small_engine()
        engine.counts = dict(zip((an_id(OWN_TAG), *map(an_id, TAGS)), uses, strict=False))
        vocabulary, prefix = small_vocabulary(), tag[:n_letters]
        keys = dict(zip(vocabulary.keys, vocabulary.ids, strict=True)) | {fold_tag(OWN_TAG): an_id(OWN_TAG)}
        keys |= {alias: keys[key] for alias, key in vocabulary.aliases.items() if key in keys}
        begun, exact = fold_tag(prefix + "q")[:-1], keys.get(fold_tag(prefix))
        found = [
            (one != exact, not key.startswith(begun), -engine.counts.get(one, 0), key, one)
            for key, one in keys.items()
            if one == exact or (begun and f" {begun}" in f" {key}")
        ]
        expected = list(dict.fromkeys(one for *_, one in sorted(found)))
        assert [one.tag_id for one in small_lexicon(engine).complete(prefix, 100)] == expected

    @pytest.mark.parametrize("prefix", ["", " ", "♥", "zz"])
    def test_nothing_begins_with_nothing(self, prefix: str) -> None:
        assert LEXICON.complete(prefix) == ()

    @given(st.sampled_from(TAGS), st.integers(1, 20))
    def test_every_beginning_of_a_tag_completes_to_it(self, tag: str, n_letters: int) -> None:
        begun = tag[:n_letters]
        if begun[-1].isalpha():
            assert LEXICON.tag([tag]) in [one.tag_id for one in LEXICON.complete(begun, 100)]


def test_a_lexicon_asks_the_engine_for_words_of_titles() -> None:
    lexicon: Lexicon = LEXICON
    assert lexicon.has_word("mozart")
    assert not lexicon.has_word("paino")
