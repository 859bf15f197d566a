"""Fold keys are fixed: a change here changes ids in every index, and needs a new FOLD_VERSION."""

from __future__ import annotations

import csv
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tagmodel import folding
from tagmodel.folding import contradicts, fold_tag, negated, split_tags, tag_id

ONE_TAG = [
    ("hip hop", "Hip-Hop", "hip_hop", "HIP/HOP", "  hip   hop "),
    (
        "drum and bass",
        "Drum & Bass",
        "drum'n'bass",
        "drum 'n' bass",
        "drum n bass",
        "Drum\u2019n\u2019Bass",
        "drum+bass",
    ),
    ("rock and roll", "rock n' roll", "rock 'n roll", "Rock&Roll", "rock n roll"),
    ("female vocal", "Female Vocals", "female-vocals"),
    ("80s", "80's", "80S"),
    ("forro", "Forró", "forró"),
    ("movie", "Movies"),
    ("melody", "melodies"),
    ("voice", "voices"),
    ("church", "churches"),
    ("remix", "remixes"),
    ("brass", "brasses"),
    ("oboe", "oboes"),
    ("bongo", "bongos"),
    ("woman", "Women", "women's"),
    ("child", "children", "children\u2019s"),
    ("chorus", "choruses"),
    ("mpb", "M.P.B."),
    ("without vocal", "w/o vocals"),
    ("straße".casefold(), "STRASSE"),
]


@pytest.mark.parametrize("spellings", ONE_TAG, ids=lambda row: row[0])
def test_spellings_of_one_tag_share_a_key(spellings: tuple[str, ...]) -> None:
    assert {fold_tag(spelling) for spelling in spellings} == {spellings[0]}


@pytest.mark.parametrize("word", ["blues", "bass", "brass", "chorus", "series", "xmas", "news", "80s", "us", "jazz"])
def test_words_that_only_look_plural_stay(word: str) -> None:
    assert fold_tag(word) == word


def test_every_listed_singular_stays_as_it_is() -> None:
    with (folding.TABLES / "plurals.csv").open(encoding="utf-8", newline="") as rows:
        listed = {row["word"]: row["singular"] for row in csv.DictReader(rows)}
    assert {word: fold_tag(word) for word in listed} == listed
    assert {word: fold_tag(word) for word in listed.values()} == {word: word for word in listed.values()}


def test_blues_is_not_the_color_blue() -> None:
    assert fold_tag("blues") != fold_tag("blue")


def test_marks_that_change_a_word_in_other_scripts_stay() -> None:
    assert fold_tag("が") != fold_tag("か")
    assert fold_tag("हिन्दी") == "हिन्दी"


@pytest.mark.parametrize("text", ["", "  ", "♥♥", "---", "'"])
def test_text_without_letters_or_digits_folds_to_nothing(text: str) -> None:
    assert fold_tag(text) == ""


@given(st.text())
def test_folding_twice_changes_nothing(text: str) -> None:
    assert fold_tag(fold_tag(text)) == fold_tag(text)


WORDS = st.sampled_from([*"sanx'&+-./ ", "men", "children", "es", "ies", "ss", "zz", "blues", "w/o"])


@given(st.lists(WORDS, max_size=8).map("".join))
def test_folding_twice_changes_nothing_where_the_rules_meet(text: str) -> None:
    assert fold_tag(fold_tag(text)) == fold_tag(text)


@given(st.text())
def test_a_key_is_words_with_single_spaces(text: str) -> None:
    key = fold_tag(text)
    assert key == " ".join(key.split())
    assert key == key.casefold()


@given(st.text())
def test_an_id_is_eight_characters_of_base32(text: str) -> None:
    assert re.fullmatch("[a-z2-7]{8}", tag_id(fold_tag(text)))


def test_ids_never_change() -> None:
    """Indexes on people's disks hold these; a failure means that every index must be rebuilt."""
    assert folding.FOLD_VERSION == 1
    assert {key: tag_id(key) for key in IDS} == IDS


IDS = {
    "piano": "qv2lf7qb",
    "female vocal": "4vkn7lge",
    "hip hop": "6wh4lidi",
    "drum and bass": "w7iqmdgw",
    "80s": "sipzpnnh",
    "no vocal": "vydxjljr",
}


@pytest.mark.parametrize(
    ("a", "b", "expected"),
    [
        ("no vocal", "vocal", True),
        ("no vocal", "female vocal", True),
        ("no vocal", "no singing", False),
        ("no vocal", "no vocal", False),
        ("no vocal", "vocalist", False),
        ("not rock", "soft rock", True),
        ("without drum", "drum machine", True),
        ("non classical", "classical guitar", True),
        ("no female vocal", "vocal", False),
        ("no wave", "new wave", False),
        ("no", "no", False),
        ("piano", "guitar", False),
    ],
)
def test_a_denial_contradicts_what_it_denies(a: str, b: str, expected: bool) -> None:
    assert contradicts(a, b) is expected
    assert contradicts(b, a) is expected


def test_the_denied_part_is_told() -> None:
    assert negated("no female vocal") == "female vocal"
    assert negated("no wave") is None
    assert negated("novelty") is None


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("rock, Hard Rock;jazz | 80's", ["rock", "Hard Rock", "jazz", "80's"]),
        ('"salt, pepper", rock', ["salt, pepper", "rock"]),
        ('"say ""hi""",x', ['say "hi"', "x"]),
        ('7" single, rock', ['7" single', "rock"]),
        ('"never closed, rock', ['"never closed', "rock"]),
        ("a\tb\nc", ["a", "b", "c"]),
        (",, ;", []),
        ("", []),
    ],
)
def test_a_line_of_tags_is_split_as_typed(line: str, expected: list[str]) -> None:
    assert split_tags(line) == expected


def test_other_separators_can_be_chosen() -> None:
    assert split_tags("a,b]c^d", separators="]^") == ["a,b", "c", "d"]


@pytest.mark.parametrize("gap", ["\t", "\n", " ", " \t", '"a,', '""'])
def test_long_runs_of_separators_are_passed_over(gap: str) -> None:
    # Reading a run anew from each of its characters would take hours.
    assert split_tags(gap * 300_000 + ",b")[-1] == "b"


@given(st.lists(st.text(alphabet="abc -'", min_size=1).map(str.strip).filter(bool)))
def test_joined_tags_come_back(tags: list[str]) -> None:
    assert split_tags(", ".join(tags)) == tags
