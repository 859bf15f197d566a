from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from web.pages.suggest_lists import ListForm, read_list, write_csv, write_list
from web.pages.suggest_table import (
    DELIMITERS,
    MAX_ROWS,
    MAX_TABLE_BYTES,
    Table,
    TableError,
    decode_table,
    find_delimiter,
    guarded,
    parse_table,
    with_columns,
    write_table,
)

# The machine may be busy with other things.
UNTIMED = settings(deadline=None)

# What a spreadsheet may hold: anything but surrogates and NUL.
TEXT = st.text(st.characters(blacklist_categories=("Cs",), blacklist_characters="\0"), max_size=12)
NAMES = TEXT.map(str.strip).filter(bool)


@st.composite
def tables(draw: st.DrawFn) -> Table:
    """Tables of at least two columns without formulas, whose rows all hold something."""
    columns = draw(st.lists(NAMES.filter(lambda name: guarded(name) == name), min_size=2, max_size=5, unique=True))
    cell = TEXT.filter(lambda text: guarded(text) == text)
    row = st.tuples(*[cell] * len(columns)).filter(lambda cells: any(one.strip() for one in cells))
    rows = draw(st.lists(row, min_size=1, max_size=6))
    return Table(tuple(columns), tuple(rows), draw(st.sampled_from(DELIMITERS)))


@UNTIMED
@given(tables())
def test_what_is_written_is_read_back_the_same(table: Table) -> None:
    assert parse_table(write_table(table)) == table


@UNTIMED
@given(tables(), st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]))
def test_every_encoding_with_a_mark_gives_the_same_table(table: Table, encoding: str) -> None:
    text, _ = decode_table(write_table(table).encode(encoding))
    assert parse_table(text.removeprefix("\ufeff")) == parse_table(write_table(table).removeprefix("\ufeff"))


@UNTIMED
@given(st.text(max_size=300))
def test_any_text_is_a_table_or_a_table_error(text: str) -> None:
    try:
        table = parse_table(text)
    except TableError:
        return
    assert table.rows
    assert len(set(table.columns)) == len(table.columns)
    assert {len(row) for row in table.rows} == {len(table.columns)}


@UNTIMED
@given(st.binary(max_size=300))
def test_any_bytes_are_text_or_a_table_error(data: bytes) -> None:
    try:
        text, encoding = decode_table(data)
    except TableError:
        return
    assert "\0" not in text
    assert encoding in {"UTF-8", "UTF-16", "Latin-1"}


@UNTIMED
@given(st.lists(TEXT.map(str.strip).filter(bool), unique=True, max_size=8))
def test_a_list_that_is_pasted_back_gives_the_same_tags(spellings: list[str]) -> None:
    for form in (ListForm.COMMAS, ListForm.LINES):
        assert read_list(write_list(spellings, form)) == spellings


@UNTIMED
@given(st.lists(TEXT, max_size=5))
def test_hashtags_are_one_word_each(spellings: list[str]) -> None:
    written = write_list(spellings, ListForm.HASHTAGS)
    assert all(word.startswith("#") and len(word) > 1 for word in written.split())


def test_hashtags_that_are_alike_stand_once() -> None:
    assert write_list(["trip-hop", "trip hop", "80's", "!"], ListForm.HASHTAGS) == "#triphop #80s"


@pytest.mark.parametrize("delimiter", DELIMITERS)
def test_the_delimiter_is_found_in_the_header(delimiter: str) -> None:
    text = f'title{delimiter}"tags, and more; of | them\t"\none{delimiter}two'
    assert find_delimiter(text) == delimiter
    assert parse_table(text).rows == (("one", "two"),)


def test_a_table_of_one_column_takes_lines_whole() -> None:
    table = parse_table('tags\nsad, piano\n"a, b"; c\n\n')
    assert table == Table(("tags",), (("sad, piano",), ('"a, b"; c',)), "")


def test_rows_that_stop_early_or_go_on_empty_are_made_whole() -> None:
    assert parse_table("a,b,c\n1\n1,2,3,,\n").rows == (("1", "", ""), ("1", "2", "3"))


def test_names_of_columns_are_made_unlike() -> None:
    assert parse_table("a,,a\n1,2,3").columns == ("a", "column 2", "a.2")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "the table is empty"),
        ("\n \n", "the table is empty"),
        ("title,tags\n", "line 1: there is a header, but no track under it"),
        ("a,b\n1,2\n1,2,3\n", "line 3: expected 2 cells as in the header, got 3: is a comma in a cell without quotes?"),
        ("a;b\n1;2;3\n", "is a semicolon in a cell without quotes?"),
        ('a,b\n1,"x\ny"\n\n"never,closed\nthe end', "line 5: a quote is opened in this row and never closed"),
        ('a,b\n1,"x" y\n', "line 2: a quote ends inside a cell"),
        ("a,b\n1," + "x" * 30_000, "line 2: a cell has at most 20,000 characters, got 30,000"),
        ("a,b\n1," + "x" * 200_000, "line 2: a cell has at most 20,000 characters, got "),
        ("a,b\n" + "1,2\n" * (MAX_ROWS + 1), "line 2,002: a table has at most 2,000 tracks"),
        (",".join("x" * 201), "at most 200 columns"),
    ],
)
def test_what_is_wrong_is_said_with_its_line(text: str, says: str) -> None:
    with pytest.raises(TableError, match=r".") as caught:
        parse_table(text)
    assert says in str(caught.value)


def test_encodings_are_told_by_their_mark_else_utf_8_else_latin_1() -> None:
    assert decode_table("Björk".encode()) == ("Björk", "UTF-8")
    assert decode_table("Björk".encode("utf-8-sig")) == ("Björk", "UTF-8")
    assert decode_table("Björk".encode("utf-16")) == ("Björk", "UTF-16")
    assert decode_table("Björk “x”".encode("cp1252")) == ("Björk “x”", "Latin-1")
    assert decode_table(b"\xe9\x81") == ("é\x81", "Latin-1")


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"PK\x03\x04\0\0", "is it a spreadsheet"),
        (b"\xef\xbb\xbfa\xff", "begins as UTF-8, but byte"),
        (b"x" * (MAX_TABLE_BYTES + 1), "at most 2 MB"),
    ],
)
def test_what_is_no_text_is_refused(data: bytes, says: str) -> None:
    with pytest.raises(TableError, match=says):
        decode_table(data)


@pytest.mark.parametrize(
    ("cell", "written"),
    [
        ("=1+1", "'=1+1"),
        ("@SUM(1)", "'@SUM(1)"),
        ("-2+3", "'-2+3"),
        ("\tx", "'\tx"),
        ("+49 30", "'+49 30"),
        ("-5", "-5"),
        ("+1.5", "+1.5"),
        ("-3,5%", "-3,5%"),
        ("1-2", "1-2"),
        ("", ""),
    ],
)
def test_what_a_spreadsheet_would_run_is_guarded(cell: str, written: str) -> None:
    assert guarded(cell) == written


def test_columns_are_added_at_the_right_under_new_names() -> None:
    table = with_columns(Table(("a", "tags"), (("1", "x"),), ";"), ("tags", "more"), (["y"], ["z"]))
    assert table == Table(("a", "tags", "tags.2", "more"), (("1", "x", "y", "z"),), ";")
    assert write_table(table) == "a;tags;tags.2;more\r\n1;x;y;z\r\n"


def test_a_list_is_written_as_a_table_of_one_column() -> None:
    assert write_csv(["sitar", "a,b", '"q"']) == 'tag\r\nsitar\r\n"a,b"\r\n"""q"""\r\n'
