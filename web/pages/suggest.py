"""The suggest page: which tags a creator probably forgot, for one track or a table of many, and why.

One track is an address, as every page; a table is sent, answered and forgotten.
"""

from __future__ import annotations

from dataclasses import replace

from flask import Blueprint, Response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import RequestEntityTooLarge

from audiomodel.hearing import likely_tags
from web.addresses import AddressError
from web.context import searcher
from web.pages.hearing_form import NotHeard, hear_upload, sent_upload
from web.pages.suggest_address import SuggestAddress, read_suggest_address
from web.pages.suggest_batch import Batch, looks_like_table, suggest_for_table, table_to_take_away
from web.pages.suggest_lists import write_csv, write_list
from web.pages.suggest_page import per_thousand, signed, suggest_page
from web.pages.suggest_table import MAX_ROWS, MAX_TABLE_BYTES, TableError, decode_table, write_table

blueprint = Blueprint("suggest", __name__)
blueprint.add_app_template_filter(per_thousand)
blueprint.add_app_template_filter(signed)

# A table, what was accepted of its suggestions, and what a form puts around each of them.
MAX_BODY = 3 * MAX_TABLE_BYTES  # bytes
MAX_PARTS = 12_000  # fields of a form
_TOO_MUCH = f"a table has at most {MAX_TABLE_BYTES // 1024 // 1024} MB and {MAX_ROWS:,} tracks: send it in parts"


@blueprint.get("/suggest")
def show() -> ResponseReturnValue:
    """Show what goes with the tags that were typed."""
    try:
        state = read_suggest_address(request.args)
    except AddressError as error:
        return _refusal(error, request.args.get("tags", ""))
    return render_template("suggest.html", page=suggest_page(state, searcher()))


@blueprint.post("/suggest/heard")
def hear() -> ResponseReturnValue:
    """Hear what was sent, and lead to the suggestions for it."""
    try:
        upload = sent_upload(request)
        state = read_suggest_address(request.form)
        hearing, _ = hear_upload(upload)
    except NotHeard as error:
        page = suggest_page(_sent_state(), searcher())
        return render_template("suggest.html", page=page, sent_problem=str(error)), error.status, error.headers
    heard = tuple((one.tag, one.probability) for one in likely_tags(hearing))
    return redirect(url_for("suggest.show") + replace(state, heard=heard).query, 303)


@blueprint.get("/suggest/heard")
def show_without_heard() -> ResponseReturnValue:
    """Lead to where a recording is sent: there is none to show."""
    return redirect(url_for("suggest.show"))


@blueprint.get("/suggest/tags.txt")
def show_text() -> Response:
    """Give the list as a text file, in the form that was asked for."""
    state = read_suggest_address(request.args)
    return _file(write_list(state.tags, state.form) + "\n", "text/plain", "tags.txt")


@blueprint.get("/suggest/tags.csv")
def show_csv() -> Response:
    """Give the list as a table of one column."""
    return _file(write_csv(read_suggest_address(request.args).tags), "text/csv", "tags.csv")


@blueprint.get("/suggest/batch")
def show_start() -> ResponseReturnValue:
    """Lead to where a table is handed in: there is none to show."""
    return redirect(url_for("suggest.show"))


@blueprint.post("/suggest/batch")
def show_batch() -> ResponseReturnValue:
    """Show suggestions for a table that was pasted or uploaded; a list of one track's tags gets its own address."""
    text, encoding = "", ""
    try:
        _allow_tables()
        text, encoding, certain = _read_sent()
        if not certain and not looks_like_table(text):
            state = read_suggest_address(request.form)
            return redirect(url_for("suggest.show") + state.query, 303)
        batch = _read_batch(text)
    except (TableError, AddressError, RequestEntityTooLarge) as error:
        return _refusal(error, text)
    return render_template("suggest_batch.html", batch=batch, text=text, encoding=encoding)


@blueprint.post("/suggest/batch.csv")
def show_batch_table() -> ResponseReturnValue:
    """Give the table back with the suggestions, and with those that were accepted, in columns of their own."""
    try:
        _allow_tables()
        text = request.form.get("table", "")
        table = table_to_take_away(_read_batch(text))
    except (TableError, RequestEntityTooLarge) as error:
        return _refusal(error, "")
    # The mark at the start tells spreadsheets that it is UTF-8.
    return _file("\N{ZERO WIDTH NO-BREAK SPACE}" + write_table(table), "text/csv", "tags-suggested.csv")


def _sent_state() -> SuggestAddress:
    """Return what else was on the page; nothing where it cannot be read."""
    try:
        return read_suggest_address(request.form)
    except (AddressError, RequestEntityTooLarge):
        return SuggestAddress()


def _allow_tables() -> None:
    """Let this one request be as long as a table."""
    request.max_content_length = MAX_BODY
    request.max_form_memory_size = MAX_BODY
    request.max_form_parts = MAX_PARTS


def _read_sent() -> tuple[str, str, bool]:
    """Return the text that was sent, its encoding, and whether it is a table for certain."""
    if data := _read_upload():
        return *decode_table(data), True
    if "table" in request.form:
        return *decode_table(request.form["table"].encode("utf-8", "replace")), True
    text, encoding = decode_table(request.form.get("tags", "").encode("utf-8", "replace"))
    return text, encoding, "pasted" in request.form


def _read_upload() -> bytes:
    """Return the bytes of the file that was sent, no more than are too many; what it is called is not looked at."""
    upload = request.files.get("file")
    if upload is None:
        return b""
    with upload.stream as stream:
        return stream.read(MAX_TABLE_BYTES + 1)


def _read_batch(text: str) -> Batch:
    numbers = [one for one in request.form.getlist("column") if one.isdecimal() and len(one) < 4]
    said = "columns" in request.form
    return suggest_for_table(
        text,
        {int(one) for one in numbers} if said else None,
        set(request.form.getlist("add")),
        searcher(),
        lines="lines" in request.form if said else None,
    )


def _refusal(error: TableError | AddressError | RequestEntityTooLarge, text: str) -> ResponseReturnValue:
    """Say what is wrong with what was sent, with the text at hand to be mended."""
    too_much = isinstance(error, RequestEntityTooLarge)
    code, what = 413 if too_much else 400, "These tags" if isinstance(error, AddressError) else "This table"
    return render_template(
        "suggest_refused.html", code=code, what=what, message=_TOO_MUCH if too_much else str(error), text=text
    ), code


def _file(text: str, kind: str, name: str) -> Response:
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(text.encode("utf-8", "replace"), content_type=f"{kind}; charset=utf-8", headers=headers)


