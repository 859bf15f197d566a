import pytest
from hypothesis import given
from hypothesis import strategies as st

from search.words import fold_value, fold_words


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("  Drum   &\tBass ", "drum & bass"),
        ("Björk", "bjork"),
        ("Røyksopp", "royksopp"),
        ("Łódź", "lodz"),
        ("Straße", "strasse"),
        ("İstanbul", "istanbul"),
        ("ﬁn", "fin"),
        ("Σίσυφος", "σισυφοσ"),
        ("ᴬ", "a"),
        ("\u201cWeird Al\u201d Yankovic", '"weird al" yankovic'),
        ("\u200eRock\x00and Roll\u202c", "rock and roll"),
        ("", ""),
    ],
)
def test_a_value_folds_to_what_people_type_without_their_accents(text: str, folded: str) -> None:
    assert fold_value(text) == folded


@pytest.mark.parametrize("text", ["がガ", "नमस्ते", "ประเทศ", "שָׁלוֹם"])
def test_marks_that_change_a_word_stay(text: str) -> None:
    assert fold_words(text) == (text,)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Jean-Michel Jarre", ("jean", "michel", "jarre")),
        ("AC/DC_live (1979)", ("ac", "dc", "live", "1979")),
        ("Don't Don\u2019t Don`t", ("dont", "dont", "dont")),
        ("नमस्ते, दुनिया!", ("नमस्ते", "दुनिया")),
        ("♥ -- …", ()),
        ("\N{COMBINING ENCLOSING KEYCAP}", ()),
    ],
)
def test_words_are_runs_of_letters_and_digits(text: str, words: tuple[str, ...]) -> None:
    assert fold_words(text) == words


@given(st.text())
def test_folding_a_folded_value_changes_nothing(text: str) -> None:
    assert fold_value(fold_value(text)) == fold_value(text)


@given(st.text())
def test_every_folded_word_is_its_own_only_word(text: str) -> None:
    assert all(fold_words(word) == (word,) for word in fold_words(text))


@given(st.text(st.characters(codec="ascii")))
def test_plain_text_folds_like_any_other(text: str) -> None:
    # The accent at the end leads around the short way for plain text, then goes.
    assert fold_value(text + "x") == fold_value(text + "x\u0301")


@given(st.text(), st.text())
def test_words_of_two_texts_side_by_side_are_the_words_of_each(left: str, right: str) -> None:
    assert fold_words(f"{left}\n{right}") == fold_words(left) + fold_words(right)
