"""A table of many tracks: sent, answered, and given back with what was accepted."""

from __future__ import annotations

import io

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests.web.conftest import Page
from web.pages.suggest_batch import find_tag_columns, looks_like_lines, looks_like_table
from web.pages.suggest_table import MAX_ROWS, parse_table

TABLE = """\
title;artist;Tags;mood;bpm
Morning Raga;Anoushka;sitar, tabla;slow, fast;72
Warehouse;Kokoon;techno;;-138
"Rain; again";Björk;Sitar, sitars, melancolic;;=1+1
Silence;;;;
"""


def send(client: FlaskClient, status: int = 200, to: str = "/suggest/batch", **fields: object) -> Page:
    response = client.post(to, data=fields, content_type="multipart/form-data")
    assert response.status_code == status, response.text
    return Page("/suggest/batch", response)


def file_of(data: bytes) -> tuple[io.BytesIO, str]:
    return io.BytesIO(data), "../../my secret name.csv"


def download(client: FlaskClient, **fields: object) -> TestResponse:
    response = client.post("/suggest/batch.csv", data=fields, content_type="multipart/form-data")
    assert response.status_code == 200, response.text
    return response


def rows_of(page: Page) -> list[str]:
    return [one.name for one in page.all("tr")[1:]]


def keys_of(page: Page) -> dict[str, str]:
    """Key of each suggestion by track and spelling, as the labels say."""
    boxes = [one.attributes["value"] for one in page.all("input") if one.attributes.get("name") == "add"]
    labels = [one.name.split(" because")[0] for one in page.all("label") if " because of " in one.name]
    return {f"{key.split('.')[0]} {label}": key for key, label in zip(boxes, labels, strict=True)}


def ticked(page: Page) -> list[str]:
    boxes = [one.attributes for one in page.all("input") if one.attributes.get("name") == "add"]
    return [box["value"] for box in boxes if "checked" in box]


@pytest.mark.parametrize("how", ["pasted", "uploaded", "posted back"])
def test_a_table_gets_suggestions_for_every_track(client, how: str) -> None:
    fields = {"pasted": {"tags": TABLE}, "uploaded": {"file": file_of(TABLE.encode())}, "posted back": {"table": TABLE}}
    page = send(client, **fields[how])
    assert "4 tracks, and the tags they lack" in page.text
    raga, warehouse, rain, silence = rows_of(page)
    assert raga.startswith("Morning Raga Anoushka sitar, tabla, slow, fast")
    assert "slow and fast contradict each other" in raga
    assert "indian because of sitar, tabla 86 %" in raga
    assert "Nothing speaks for another tag" in warehouse
    assert "sitars is the same tag as Sitar" in rain
    assert "melancolic is probably melancholic" in rain
    assert "no tags" in silence
    assert not ticked(page)
    assert "secret" not in page.response.text


def test_one_tracks_tags_get_an_address_of_their_own(client) -> None:
    response = client.post("/suggest/batch", data={"tags": "sitar\ntabla", "no": "indian", "as": "lines"})
    assert response.status_code == 303
    assert response.headers["Location"] == "/suggest?tags=sitar%2C+tabla&no=indian&as=lines"


def test_the_start_of_a_batch_is_the_suggest_page(client) -> None:
    assert client.get("/suggest/batch").headers["Location"] == "/suggest"


def test_the_table_comes_back_with_suggestions_and_with_what_was_accepted(client) -> None:
    keys = keys_of(send(client, tags=TABLE))
    response = download(client, table=TABLE, add=[keys["1 indian"]])
    assert response.content_type == "text/csv; charset=utf-8"
    assert "attachment" in response.headers["Content-Disposition"]
    assert response.text.startswith("\ufeff")
    table = parse_table(response.text.removeprefix("\ufeff"))
    assert table.columns == ("title", "artist", "Tags", "mood", "bpm", "suggested tags", "accepted tags")
    assert table.rows[0] == ("Morning Raga", "Anoushka", "sitar, tabla", "slow, fast", "72", "indian", "indian")
    assert table.rows[1][4:] == ("-138", "", "")
    assert table.rows[2] == ("Rain; again", "Björk", "Sitar, sitars, melancolic", "", "'=1+1", "indian", "")


def test_what_was_ticked_stays_ticked_when_other_columns_are_read(client) -> None:
    keys = keys_of(send(client, tags=TABLE))
    page = send(client, table=TABLE, columns="said", column=["2"], add=[keys["1 indian"]])
    assert "contradict" not in page.text  # the moods are read no longer
    assert ticked(page) == [keys["1 indian"]]


def test_columns_without_well_known_names_are_chosen_by_the_user(client) -> None:
    text = "Stück,Wörter\nRaga,sitar\n"
    page = send(client, file=file_of(text.encode()))
    assert "Which column holds the tags?" in page.text
    assert [one.name for one in page.all("th")] == ["Stück", "Wörter"]
    assert "Raga" in page.all("td")[0].name
    page = send(client, table=text, columns="said", column=["1", "99", "x"])
    assert rows_of(page)[0].startswith("Raga sitar")
    assert "Tags are read from Wörter" in page.text
    csv = download(client, table=text, columns="said", column=["1"])
    assert "Raga,sitar,indian," in csv.text


def test_a_pasted_text_is_a_table_where_the_user_says_so(client) -> None:
    assert "Which column holds the tags?" in send(client, tags="Stück,Wörter\nRaga,sitar\n", pasted="1").text


def test_a_file_of_windows_is_read_and_that_is_said(client) -> None:
    page = send(client, file=file_of("title,tags\nBjörk “live”,sitar\n".encode("cp1252")))
    assert "Björk “live”" in rows_of(page)[0]
    assert "read as Latin-1" in page.text
    assert "Latin-1" not in send(client, file=file_of("title,tags\nBjörk,sitar\n".encode("utf-16"))).text


def test_markup_in_a_table_is_shown_never_run(client) -> None:
    text = '"<b>t</b>",tags\n<script>alert(1)</script>,"<img src=x onerror=alert(2)>, sitar, </textarea><i>"\n'
    page = send(client, file=file_of(text.encode()))
    for markup in ("<script>alert", "<img", "<b>t", "</textarea><i>"):
        assert markup not in page.response.text
    assert "<script>alert(1)</script>" in page.text


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"title,tags\n1,2,3\n", "Line 2: expected 2 cells as in the header, got 3"),
        (b'title,tags\n1,"x\n', "Line 2: a quote is opened in this row and never closed"),
        (b"PK\x03\x04\0\0\0", "is it a spreadsheet"),
        (b"title,tags\n", "no track under it"),
        (b"title,tags\n" + b"x,y\n" * (MAX_ROWS + 1), "at most 2,000 tracks"),
        (b"title,tags\nx," + b",".join(b"t%d" % n for n in range(101)), "Line 2: expected 2 cells"),
        (b"title;tags\nx;" + b",".join(b"t%d" % n for n in range(101)), "Track 1 has 101 tags"),
        (b"title;tags\nx;" + b"t" * 501, "Track 1 has a tag of 501 characters, a tag has at most 500"),
        (b"sitar, tabla\nfast\n" + b"x," * 101 + b"y" * 501, "Track 3 has a tag of 501 characters"),
        (b"title;tags\n" + (b"x;" + b",".join(b"t%d" % n for n in range(100)) + b"\n") * 201, "this one has 20,100"),
    ],
)
def test_a_table_that_cannot_be_read_says_why_and_where(client, data: bytes, says: str) -> None:
    page = send(client, 400, file=file_of(data))
    assert "This table cannot be read" in page.text
    assert says in page.text


def test_a_pasted_table_that_cannot_be_read_stays_in_the_box(client) -> None:
    page = send(client, 400, tags="title,tags\na,b\n1,2,3")
    (box,) = (one for one in page.all("textarea") if one.attributes["id"] == "tags")
    assert box.text.splitlines()[-1] == "1,2,3"


def test_too_much_is_413_with_words_for_people(client) -> None:
    body = b'--b\r\nContent-Disposition: form-data; name="file"; filename="x"\r\n\r\n' + b"x" * (7 * 1024 * 1024)
    response = client.post(
        "/suggest/batch", input_stream=io.BytesIO(body), content_type="multipart/form-data; boundary=b"
    )
    assert response.status_code == 413
    assert "at most 2 MB" in response.text
    assert "send it in parts" in response.text


def test_a_table_is_longer_than_other_requests_may_be(client) -> None:
    text = "title,tags\n" + "".join(f"{'x' * 60},sitar\n" for _ in range(1_500))
    assert len(text) > 64 * 1024
    assert "1,500 tracks" in send(client, file=file_of(text.encode())).text
    assert "1,500 tracks" in send(client, tags=text).text
    keys = [f"{n}.aaaaaaaa" for n in range(1, 1_501)]
    assert download(client, table=text, add=keys).text.count("\r\n") == 1_501


def test_suggestions_for_a_table_work_while_the_index_is_away(away) -> None:
    page = send(away, tags="title,tags\nx,sitar\n")
    assert "indian because of sitar" in rows_of(page)[0]
    assert "The index cannot answer now" in page.text


@pytest.mark.parametrize(
    ("text", "is_table"),
    [
        ("title,tags\nx,sad", True),
        ("Keywords\tname\nsad\tx", True),
        ("tags\nsad, piano", True),
        ("sad, piano\nslow, soft", False),
        ("mood\nsad\npiano", False),
        ("title,tags", False),
        ("", False),
    ],
)
def test_a_pasted_text_is_a_table_where_its_first_line_names_columns(text: str, is_table: bool) -> None:
    assert looks_like_table(text) is is_table


def test_columns_of_tags_are_known_by_their_names() -> None:
    table = parse_table("Track Title,User_Tags,MOODS,tags,tags,BPM,Genre\n1,2,3,4,5,6,7")
    assert [table.columns[at] for at in find_tag_columns(table)] == ["User_Tags", "MOODS", "tags", "tags.2", "Genre"]


LINES = "sitar, tabla, slow\nfast, drum\nindian\n"


@pytest.mark.parametrize("how", ["pasted", "uploaded"])
def test_lines_of_tags_without_a_header_are_a_track_each(client, how: str) -> None:
    fields = {"pasted": {"tags": LINES, "pasted": "1"}, "uploaded": {"file": file_of(LINES.encode())}}
    page = send(client, **fields[how])
    assert "3 tracks, and the tags they lack" in page.text
    assert "each line was read as one track" in page.text
    raga, drum, _ = rows_of(page)
    assert raga.startswith("Track 1 sitar, tabla, slow")
    assert drum.startswith("Track 2 fast, drum")


def test_lines_of_tags_come_back_in_a_column_of_tags(client) -> None:
    keys = keys_of(send(client, file=file_of(LINES.encode())))
    response = download(client, table=LINES, columns="said", lines="1", add=[keys["line1 indian"]])
    table = parse_table(response.text.removeprefix("\ufeff"))
    assert table.columns == ("tags", "suggested tags", "accepted tags")
    assert [row[0] for row in table.rows] == LINES.splitlines()
    assert table.rows[0][2] == "indian"


def test_the_user_says_whether_there_is_a_header(client) -> None:
    even = "sitar, tabla\nfast, drum\n"
    assert "Which column holds the tags?" in send(client, file=file_of(even.encode())).text
    page = send(client, table=even, columns="said", lines="1")
    assert rows_of(page)[0].startswith("Track 1 sitar, tabla")
    ticks = keys_of(page)
    page = send(client, table=even, columns="said", column=["0", "1"], add=list(ticks.values()))
    assert "Tags are read from sitar, tabla" in page.text
    assert rows_of(page)[0].startswith("Track 1 fast, drum")
    assert not ticked(page)  # the first track is another one now


@pytest.mark.parametrize(
    ("text", "is_list"),
    [
        (LINES, True),
        ("a; b\nc; d; e", True),
        ("a, b\nc; d; e", True),
        ("a,b\nc,d\n", False),
        ("a,b\nc,d,,\n", False),
        ("title,words\n1,2,3", False),
        ("words,band\n1,2,3", False),
        ("tags\na,b\n", False),
        ('a,b\n1,"never closed', False),
        ("", False),
    ],
)
def test_a_text_has_no_header_where_its_first_line_names_nothing_and_its_rows_differ(text: str, is_list: bool) -> None:
    assert looks_like_lines(text) is is_list
