"""Broken CSV costs the broken rows only, each told with its line."""

from __future__ import annotations

import csv
import io

from hypothesis import given
from hypothesis import strategies as st

from indexer.csv_rows import MAX_ROW_LINES, read_csv
from indexer.entries import RawRow, Reject
from indexer.source_text import MAX_ROW


def read(text: str, delimiter: str | None = None) -> list[RawRow | Reject]:
    return list(read_csv(io.StringIO(text, newline=""), delimiter))


def good(text: str) -> list[dict[str, object]]:
    return [dict(row.cells) for row in read(text) if isinstance(row, RawRow)]


def bad(text: str) -> list[tuple[int, str]]:
    return [(row.line, row.reason) for row in read(text) if isinstance(row, Reject)]


def test_a_quoted_cell_may_hold_commas_quotes_and_line_ends() -> None:
    assert good('a,b\n"x,""y""\nz",2\n') == [{"a": 'x,"y"\nz', "b": "2"}]


def test_the_delimiter_is_the_one_that_the_header_holds_most() -> None:
    assert good("a;b;c\n1,5;2;3\n") == [{"a": "1,5", "b": "2", "c": "3"}]
    assert good("a\tb\n1,5\t2\n") == [{"a": "1,5", "b": "2"}]


def test_a_first_line_of_excel_says_by_what_cells_are_parted() -> None:
    assert good("sep=;\r\na;b,c\r\n1;2\r\n") == [{"a": "1", "b,c": "2"}]
    assert good("SEP=|\na|b\n1|2\n") == [{"a": "1", "b": "2"}]
    assert good("sep=;\n") == []


def test_a_row_with_too_many_or_too_few_fields_is_rejected_with_its_line() -> None:
    text = "a,b\n1,2\n1,2,3\n1\n4,5\n"
    assert good(text) == [{"a": "1", "b": "2"}, {"a": "4", "b": "5"}]
    assert bad(text) == [
        (3, "expected 2 fields, got 3; is a comma in a value without quotes around it?"),
        (4, "expected 2 fields, got 1; is the row cut off?"),
    ]


def test_a_wrong_count_names_the_delimiter_of_the_file() -> None:
    assert bad("a;b\n1;2;3\n") == [(2, "expected 2 fields, got 3; is a semicolon in a value without quotes around it?")]


def test_a_quote_that_is_never_closed_costs_one_row_and_not_the_file() -> None:
    rows = "".join(f"{at},x\n" for at in range(3 * MAX_ROW_LINES))
    text = f'a,b\n"open,1\n{rows}'
    assert bad(text) == [(2, "a quote is opened here and never closed")]
    assert len(good(text)) == 3 * MAX_ROW_LINES


def test_two_stray_quotes_do_not_swallow_the_rows_between_them() -> None:
    text = 'a,b\n"one,1\ntwo,2\nthree,3\n"four,4\nfive,5\n'
    assert [row["a"] for row in good(text)] == ["two", "three", "five"]
    assert [line for line, _ in bad(text)] == [2, 5]


def test_a_nul_byte_is_rejected_with_the_likely_cause() -> None:
    assert bad("a,b\n1,\0\n") == [(2, "expected text, got a NUL byte; is the file UTF-16 or damaged?")]


def test_a_ten_megabyte_cell_is_rejected_and_reading_goes_on() -> None:
    text = "a,b\n" + "x" * 10_000_000 + ",1\n2,3\n"
    assert good(text) == [{"a": "2", "b": "3"}]
    ((line, reason),) = bad(text)
    assert line == 2
    assert f"{MAX_ROW:,} characters" in reason


def test_blank_lines_and_rows_of_empty_cells_are_no_rows() -> None:
    assert good("\na,b\n\n1,2\n,\n   \n3,4") == [{"a": "1", "b": "2"}, {"a": "3", "b": "4"}]
    assert bad("\na,b\n\n1,2\n,\n") == []


def test_columns_without_a_name_or_with_the_same_name_stay_apart() -> None:
    assert good("tags,tags,\n1,2,3\n") == [{"tags": "1", "tags.2": "2", "column 3": "3"}]


@given(
    st.lists(
        st.lists(st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"])), min_size=2, max_size=2)
    )
)
def test_whatever_the_csv_module_writes_is_read_back(rows: list[list[str]]) -> None:
    stream = io.StringIO(newline="")
    csv.writer(stream).writerows([["left", "right"], *rows])
    expected = [{"left": left, "right": right} for left, right in rows if left or right]
    assert [dict(row.cells) for row in read(stream.getvalue()) if isinstance(row, RawRow)] == [
        row for row in expected if f"{row['left']},{row['right']}".strip()
    ]


@given(st.text(st.sampled_from('ab,"\n\r\0;')))
def test_no_text_makes_the_reader_fail_or_lose_count(text: str) -> None:
    lines = io.StringIO("left,right\n" + text, newline="").readlines()
    found = read("left,right\n" + text)
    assert [row.line for row in found] == sorted(row.line for row in found)
    assert all(1 < row.line <= len(lines) for row in found)
