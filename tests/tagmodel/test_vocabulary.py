"""The vocabulary on tag sets with known answers, and its hand-made tables against the vocabulary of the real data."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tagmodel import tables
from tagmodel.datasets import DATA_SETS, Item
from tagmodel.datasets.corpus import Corpus, build_corpus, read_corpus, read_items_by_set
from tagmodel.folding import fold_tag, tag_id
from tagmodel.vocabulary import BadVocabulary, TagCollision, Vocabulary
from tagmodel.vocabulary_building import SetRules, build_vocabulary, encode_items, recount


def vocabulary_of(*spellings: str, **options: object) -> Vocabulary:
    return build_vocabulary({"mine": dict.fromkeys(spellings, 1)}, **options)  # type: ignore[arg-type]


def spelled(vocabulary: Vocabulary, ids: object) -> set[str | None]:
    return {vocabulary.spelling(tag) for tag in ids}  # type: ignore[attr-defined]


def narrower(vocabulary: Vocabulary, spelling: str) -> set[str | None]:
    return spelled(vocabulary, vocabulary.narrower(vocabulary.canonical_id(spelling)))


def contradicting(vocabulary: Vocabulary, spelling: str) -> set[str | None]:
    return spelled(vocabulary, vocabulary.contradicting(vocabulary.canonical_id(spelling)))


class TestBuilding:
    def test_spellings_and_aliases_are_one_tag_with_their_uses_summed(self) -> None:
        vocabulary = build_vocabulary({"a": {"Hip-Hop": 3, "hip hop": 2}, "b": {"hiphop": 4, "piano": 1}})
        assert vocabulary.keys == ("hip hop", "piano")
        assert vocabulary.counts.tolist() == [9, 1]
        assert vocabulary.set_counts.tolist() == [[5, 0], [4, 1]]

    def test_the_most_common_form_is_shown_without_capitals(self) -> None:
        vocabulary = build_vocabulary({"a": {"Female Vocals": 3, "female vocal": 2, "female voice": 9}})
        assert vocabulary.spellings == ("female vocals",)

    def test_one_data_set_does_not_decide_how_a_tag_is_written(self) -> None:
        uses = {"a": {"Indie-Rock": 1500}, "b": {"indie rock": 9, "indie-rock": 1}, "c": {"indie rock": 2}}
        assert build_vocabulary(uses).spellings == ("indie rock",)

    def test_equally_common_forms_are_decided_by_code_point(self) -> None:
        assert build_vocabulary({"a": {"lo fi": 2, "lo-fi": 2}}).spellings == ("lo fi",)

    def test_a_tag_only_ever_written_by_an_alias_shows_its_key(self) -> None:
        assert build_vocabulary({"a": {"acousticguitar": 5}}).spellings == ("acoustic guitar",)

    def test_a_set_admits_by_its_own_count(self) -> None:
        vocabulary = build_vocabulary(
            {"a": {"piano": 4, "oboe": 5}, "b": {"piano": 1, "lute": 1}},
            rules={"a": SetRules(min_count=5), "b": SetRules(min_count=2)},
        )
        assert vocabulary.keys == ("oboe",)

    def test_a_set_has_in_its_own_vocabulary_what_it_uses_often_enough(self) -> None:
        vocabulary = build_vocabulary(
            {"a": {"piano": 5, "oboe": 5}, "b": {"piano": 1, "oboe": 2}},
            rules={"a": SetRules(min_count=5), "b": SetRules(min_count=2)},
        )
        assert vocabulary.in_set.tolist() == [[True, True], [True, False]]

    @pytest.mark.parametrize("noise", ["seen live", "My Favorites", "songs i love", "2009", "awesome", "the beatles"])
    def test_a_folksonomy_is_cleaned(self, noise: str) -> None:
        uses = {"a": {noise: 99, "shoegaze": 1}}
        assert build_vocabulary(uses, rules={"a": SetRules(folksonomy=True)}).keys == ("shoegaze",)

    def test_what_is_noise_in_a_folksonomy_counts_once_another_set_has_it(self) -> None:
        uses = {"a": {"perfect": 7}, "b": {"perfect": 1}}
        vocabulary = build_vocabulary(uses, rules={"a": SetRules(folksonomy=True)})
        assert vocabulary.counts.tolist() == [8]

    def test_an_artist_is_no_tag_unless_the_word_is_common(self) -> None:
        rules = SetRules(folksonomy=True, names=frozenset({"mya", "emo"}), name_limit=60)
        assert build_vocabulary({"a": {"Mya": 30, "emo": 180}}, rules={"a": rules}).keys == ("emo",)

    def test_what_a_genre_tree_names_is_never_noise(self) -> None:
        rules = {"a": SetRules(folksonomy=True, names=frozenset({"banter"}))}
        tree = (("Spoken", "Banter"), ("Rock", "Great Track"))
        vocabulary = build_vocabulary({"a": {"Banter": 1, "Great Track": 1, "great": 1}}, rules=rules, genre_tree=tree)
        assert vocabulary.keys == ("banter", "great track")

    def test_long_spellings_are_phrases_unless_the_alias_table_knows_them(self) -> None:
        uses = {"a": {"slow tempo": 1, "mellow piano melody": 9, "piano melody": 9, "4 on the floor": 1}}
        assert build_vocabulary(uses, rules={"a": SetRules(max_words=2)}).keys == ("four on the floor", "slow tempo")

    def test_no_tag_at_all_is_an_error(self) -> None:
        with pytest.raises(BadVocabulary, match="too few tracks"):
            build_vocabulary({"a": {"piano": 1}}, rules={"a": SetRules(min_count=2)})

    def test_two_tags_with_one_id_are_an_error(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("tagmodel.vocabulary.tag_id", lambda key: key[:1])
        with pytest.raises(TagCollision, match="'piano' and 'pipe'"):
            vocabulary_of("piano", "pipe")

    def test_without_folding_every_spelling_is_its_own_tag(self) -> None:
        vocabulary = vocabulary_of("vocals", "vocal", "Hip-Hop", "no vocal", folding=False)
        assert vocabulary.keys == ("Hip-Hop", "no vocal", "vocal", "vocals") == vocabulary.spellings
        assert vocabulary.canonical_id("vocals") != vocabulary.canonical_id("vocal")
        assert contradicting(vocabulary, "no vocal") == {"vocal"}

    def test_aliases_of_a_data_set_never_move_a_tag_that_exists(self) -> None:
        given = (("punk", "punkrock"), ("guitare", "guitar"), ("violon", "violin"), ("rnb", "soul"))
        vocabulary = build_vocabulary({"a": {"punk": 2, "violin": 1}}, more_aliases=given)
        assert vocabulary.canonical_key("violon") == "violin"
        assert vocabulary.canonical_key("punk") == "punk"
        assert vocabulary.canonical_key("rnb") == "r and b"

    def test_uses_after_encoding_count_an_item_once(self) -> None:
        items = [Item("1", ("female voice", "female vocals")), Item("2", ("piano",))]
        vocabulary = vocabulary_of("female voice", "female vocals", "piano")
        recounted = recount(vocabulary, {"mine": encode_items(vocabulary, items)})
        assert vocabulary.counts.tolist() == [2, 1]
        assert recounted.counts.tolist() == [1, 1]


class TestLookup:
    def test_ids_do_not_depend_on_the_vocabulary(self) -> None:
        small, large = vocabulary_of("piano"), vocabulary_of("piano", "oboe", "lute")
        assert small.canonical_id("Pianos") == large.canonical_id("piano") == small.canonical_id("grand piano")

    def test_an_unknown_tag_has_an_id_and_nothing_else(self) -> None:
        vocabulary = vocabulary_of("piano")
        unknown = vocabulary.canonical_id("Phonk")
        assert unknown == tag_id("phonk")
        assert unknown not in vocabulary
        assert vocabulary.number(unknown) is None
        assert vocabulary.spelling(unknown) is None
        assert vocabulary.narrower(unknown) == ()
        assert not vocabulary.contradicts(unknown, vocabulary.canonical_id("piano"))

    def test_text_without_words_has_no_id(self) -> None:
        with pytest.raises(ValueError, match="only punctuation"):
            vocabulary_of("piano").canonical_id("!!!")

    def test_aliases_can_be_read_back_as_given(self) -> None:
        vocabulary = vocabulary_of("hip hop")
        assert "hip-hop/rap" in vocabulary.variants(vocabulary.canonical_id("hip hop"))

    def test_an_alias_works_behind_a_denial(self) -> None:
        assert vocabulary_of("piano").canonical_key("no hiphop") == "no hip hop"

    @pytest.mark.parametrize(
        ("phrase", "expected"),
        [
            ("mellow piano melody", {"mellow", "piano"}),
            ("slow tempo", {"slow tempo"}),
            ("a female singer humming", {"female vocals"}),
            ("no piano melody", set()),
            ("no piano", {"no piano"}),
            ("unheard of", set()),
        ],
    )
    def test_phrases_are_taken_apart_into_the_longest_known_tags(self, phrase: str, expected: set[str]) -> None:
        vocabulary = vocabulary_of(
            "mellow", "piano", "slow", "tempo", "slow tempo", "female vocals", "female", "no piano"
        )
        assert {vocabulary.spellings[number] for number in vocabulary.find_tags(phrase)} == expected

    def test_only_phrases_are_taken_apart(self) -> None:
        vocabulary = vocabulary_of("mellow", "piano")
        items = [Item("1", ("mellow piano", "piano")), Item("2", ("mellow piano",), phrases=True), Item("3", ())]
        assert encode_items(vocabulary, items) == [(1,), (0, 1), ()]


class TestNarrower:
    def test_words_tables_and_genre_tree_are_followed_in_steps(self) -> None:
        vocabulary = vocabulary_of(
            "vocals", "opera", "male opera", "female vocals", "Chamber Music", "Symphony", "piano",
            genre_tree=(("Vocals", "Chamber Music"), ("Chamber Music", "Symphony")),
        )  # fmt: skip
        assert narrower(vocabulary, "voice") == {"opera", "male opera", "female vocals", "chamber music", "symphony"}

    def test_words_of_an_alias_count_as_the_tags_own(self) -> None:
        assert narrower(vocabulary_of("synthesizer", "synth pad", "synthetic"), "synthesizer") == {"synth pad"}

    def test_a_denial_is_not_narrower_than_what_it_denies(self) -> None:
        assert narrower(vocabulary_of("vocals", "no vocals", "female vocals"), "vocals") == {"female vocals"}

    def test_whole_words_only(self) -> None:
        assert narrower(vocabulary_of("art", "party", "art rock"), "art") == {"art rock"}

    def test_names_that_only_begin_like_a_tag_are_cut(self) -> None:
        vocabulary = vocabulary_of("bass", "drum and bass", "bass guitar", "classic", "classic rock", "drums")
        assert narrower(vocabulary, "bass") == {"bass guitar"}
        assert narrower(vocabulary, "classic") == set()
        assert narrower(vocabulary, "drums") == set()

    def test_an_unknown_broad_tag_finds_known_ones_by_words(self) -> None:
        vocabulary = vocabulary_of("jazz funk", "acid jazz", "piano")
        assert spelled(vocabulary, vocabulary.narrower_than("jazz")) == {"jazz funk", "acid jazz"}

    def test_circles_end(self) -> None:
        vocabulary = vocabulary_of("a", "b", genre_tree=(("a", "b"), ("b", "a")))
        assert narrower(vocabulary, "a") == {"b"}


class TestContradictions:
    KNOWN = (
        "vocals", "no vocals", "female vocals", "male vocals", "opera", "instrumental", "instrumental rock", "rap",
        "slow", "slow tempo", "fast", "fast beat", "male", "female", "male and female vocals", "quiet", "no piano",
        "piano solo", "not rock", "soft rock", "ambient", "rock",
    )  # fmt: skip

    @pytest.mark.parametrize(
        ("spelling", "expected"),
        [
            ("no voice", {"vocals", "female vocals", "male vocals", "male and female vocals", "opera", "rap"}),
            ("opera", {"no vocals", "instrumental", "instrumental rock"}),
            ("slow", {"fast", "fast beat"}),
            ("slow tempo", {"fast", "fast beat"}),
            ("fast beat", {"slow", "slow tempo"}),
            ("male", {"female", "female vocals"}),
            ("male and female vocals", {"no vocals", "instrumental", "instrumental rock"}),
            ("piano solo", {"no piano"}),
            ("soft rock", {"not rock"}),
            ("ambient", set()),
        ],
    )
    def test_words_and_table_tell_what_contradicts(self, spelling: str, expected: set[str]) -> None:
        assert contradicting(vocabulary_of(*self.KNOWN), spelling) == expected

    def test_contradiction_is_mutual_and_never_with_itself(self) -> None:
        vocabulary = vocabulary_of(*self.KNOWN)
        for a in vocabulary.ids:
            assert not vocabulary.contradicts(a, a)
            for b in vocabulary.ids:
                assert vocabulary.contradicts(a, b) == vocabulary.contradicts(b, a)

    def test_male_and_female_contradict_in_expansion_only(self) -> None:
        vocabulary = vocabulary_of(*self.KNOWN)
        male, female, slow, fast = map(vocabulary.canonical_id, ("male", "female", "slow", "fast"))
        assert vocabulary.contradicts(male, female)
        assert not vocabulary.contradicts_hard(male, female)
        assert vocabulary.contradicts_hard(slow, fast)


class TestStorage:
    def test_json_gives_the_same_vocabulary_back(self) -> None:
        vocabulary = vocabulary_of("hip hop", "piano", "no piano", "opera")
        text = json.dumps(vocabulary.to_json())
        again = Vocabulary.from_json(json.loads(text))
        assert json.dumps(again.to_json()) == text
        assert again.ids == vocabulary.ids
        assert again.contradicts(again.canonical_id("piano"), again.canonical_id("no piano"))

    def test_the_order_of_reading_changes_nothing(self) -> None:
        one = build_vocabulary({"a": {"piano": 2, "Piano": 2}, "b": {"oboe": 1}})
        other = build_vocabulary({"b": {"oboe": 1}, "a": {"Piano": 2, "piano": 2}})
        assert json.dumps(one.to_json()) == json.dumps(other.to_json())

    @pytest.mark.parametrize(
        ("change", "message"),
        [
            ({"fold_version": 0}, "Train it again"),
            ({"keys": ["piano"]}, "cut off"),
            ({"keys": ["piano", "oboe"]}, "sorted"),
            ({"keys": ["oboe", "pianos"]}, "canonical"),
            ({"spellings": ["oboe"]}, "expected 2 spellings"),
            ({"set_counts": [[1, 2], [3]]}, "cut off"),
            ({"contradictions": [["a", "b"]]}, "cut off"),
        ],
    )
    def test_a_damaged_vocabulary_is_refused(self, change: dict[str, object], message: str) -> None:
        with pytest.raises(BadVocabulary, match=message):
            Vocabulary.from_json(vocabulary_of("oboe", "piano").to_json() | change)

    @given(st.dictionaries(st.text(max_size=12), st.integers(1, 9), min_size=1, max_size=12))
    def test_any_spellings_make_a_vocabulary_that_finds_them(self, counts: dict[str, int]) -> None:
        meaningful = {spelling: n for spelling, n in counts.items() if fold_tag(spelling)}
        if not meaningful:
            return
        vocabulary = build_vocabulary({"mine": counts})
        assert vocabulary.counts.sum() == sum(meaningful.values())
        assert all(vocabulary.canonical_id(spelling) in vocabulary for spelling in meaningful)
        assert Vocabulary.from_json(json.loads(json.dumps(vocabulary.to_json()))).keys == vocabulary.keys


class TestTables:
    def test_an_alias_leads_to_its_tag_in_one_step(self) -> None:
        variants = {fold_tag(variant) for variant, _ in tables.alias_rows()}
        assert not variants & tables.alias_targets()

    def test_no_alias_row_is_needless_or_said_twice(self) -> None:
        rows = [(fold_tag(variant), fold_tag(canonical)) for variant, canonical in tables.alias_rows()]
        assert not [row for row in rows if row[0] == row[1] or "" in row]
        assert not [variant for variant, n in Counter(variant for variant, _ in rows).items() if n > 1]

    def test_narrower_pairs_are_not_circular(self) -> None:
        aliases = dict(tables.alias_rows())
        keys = {key for pair in tables.narrower_pairs() for key in pair} - {fold_tag(variant) for variant in aliases}
        vocabulary = vocabulary_of(*keys)
        for key in vocabulary.keys:
            below = vocabulary.relations.narrower(key)
            circular = [narrow for narrow in below if key in vocabulary.relations.narrower(narrow)]
            assert not circular or key in ("choir", "choral"), (key, circular)

    def test_contradictions_have_a_known_kind_and_two_sides(self) -> None:
        assert {kind for _, _, kind in tables.contradiction_rows()} == {"hard", "expansion"}
        assert not [row for row in tables.contradiction_rows() if row[0] == row[1] or not row[0] or not row[1]]

    def test_nothing_narrower_contradicts(self) -> None:
        keys = {key for pair in tables.narrower_pairs() for key in pair}
        keys |= {key for tag, other, _ in tables.contradiction_rows() for key in (tag, other)}
        vocabulary = vocabulary_of(*keys)
        for tag in vocabulary.ids:
            clash = set(vocabulary.narrower(tag)) & vocabulary.contradicting(tag)
            assert not clash, (vocabulary.spelling(tag), spelled(vocabulary, clash))


@pytest.fixture(scope="module")
def corpus(data_dir: Path) -> Corpus:
    return read_corpus(DATA_SETS, data_dir)


@pytest.mark.data
class TestRealData:
    def test_the_default_vocabulary_has_its_size(self, corpus: Corpus) -> None:
        assert 900 <= len(corpus.vocabulary) <= 2200

    @pytest.mark.parametrize(
        "noise", ["seen live", "awesome", "favorite", "lady gaga", "song", "2008", "4m4zinq", "baltimore"]
    )
    def test_noise_is_out(self, corpus: Corpus, noise: str) -> None:
        assert corpus.vocabulary.canonical_id(noise) not in corpus.vocabulary

    def test_good_tags_of_every_set_are_in(self, corpus: Corpus) -> None:
        for tag in ("sitar", "no vocals", "Old-Time / Historic", "corporate", "shoegaze", "love", "punchy kick", "mpb"):
            assert corpus.vocabulary.canonical_id(tag) in corpus.vocabulary, tag

    def test_most_uses_survive_encoding(self, corpus: Corpus) -> None:
        for name, floor in {"mtat": 0.93, "fma": 0.99, "jamendo": 0.99, "lastfm": 0.85, "musiccaps": 0.75}.items():
            typed = sum(len(item.tags) for item in corpus.items[name])
            kept = sum(map(len, corpus.encoded[name]))
            assert kept / typed >= floor, (name, kept / typed)

    def test_fold_keys_of_real_spellings_are_stable(self, corpus: Corpus) -> None:
        for items in corpus.items.values():
            for spelling in {tag for item in items for tag in item.tags}:
                assert fold_tag(fold_tag(spelling)) == fold_tag(spelling)

    def test_excluding_vocals_covers_the_singing_of_piano_songs(self, corpus: Corpus) -> None:
        """A bare ``piano -vocals`` would leave 97 of 811 MTAT piano songs with singing and the like."""
        below = narrower(corpus.vocabulary, "vocals")
        assert {"singing", "female vocal", "male vocal", "opera", "choir", "soprano", "chanting", "singer"} <= below

    def test_one_set_alone_makes_a_vocabulary(self, data_dir: Path) -> None:
        for name, n_tags in {"mtat": 157, "fma": 157}.items():
            assert len(read_corpus([name], data_dir).vocabulary) == n_tags

    def test_without_folding_all_188_tags_of_mtat_are_there(self, data_dir: Path) -> None:
        corpus = build_corpus(read_items_by_set(["mtat"], data_dir), folding=False)
        assert len(corpus.vocabulary) == 188
        assert int(corpus.vocabulary.counts.sum()) == 89_395
        assert np.array_equal(corpus.vocabulary.set_counts[0], corpus.vocabulary.counts)
