"""The page “Sounds like this”: tracks like a track by its name, a file, or what the microphone hears.

What is sent is heard, told in an address, and deleted; the answer leads to that address, which is a page as any other.
"""

from __future__ import annotations

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import RequestEntityTooLarge

from audiomodel.hearing import Hearing, likely_tags, unpack_vector
from search.sound import quantize
from web.addresses import AddressError
from web.context import searcher
from web.pages.hearing_form import NotHeard, ear_says, hear_upload, sent_upload
from web.pages.similar_address import (
    HEARD_TAGS,
    MAX_REFERENCES,
    HeardReference,
    Kind,
    SimilarAddress,
    read_similar_address,
)
from web.pages.similar_page import similar_page

blueprint = Blueprint("similar", __name__)
blueprint.add_app_template_global(ear_says)

_FULL = f"There are {MAX_REFERENCES} references already, which is the most: take one away first."


@blueprint.get("/similar")
def show() -> ResponseReturnValue:
    """Show what is like the references."""
    state = read_similar_address(request.args)
    page = similar_page(state, searcher())
    # A name that means one track is taken at once.
    if state.name and len(page.candidates) == 1:
        return redirect(url_for("similar.show") + page.candidates[0].address, 303)
    return render_template("similar.html", page=page)


@blueprint.post("/similar")
def hear() -> ResponseReturnValue:
    """Hear what was sent, and lead to the page on which it is a reference."""
    try:
        upload = sent_upload(request)
        state = _sent_state()
        if state.is_full:
            raise NotHeard(_FULL, 400)
        hearing, kind = hear_upload(upload)
    except NotHeard as error:
        page = similar_page(_sent_state(), searcher(), str(error))
        return render_template("similar.html", page=page), error.status, error.headers
    return redirect(url_for("similar.show") + state.adding(heard_reference(hearing, kind)).query, 303)


def heard_reference(hearing: Hearing, kind: Kind) -> HeardReference:
    """Return what was heard as a reference of an address."""
    likely = likely_tags(hearing)[:HEARD_TAGS]
    tags = tuple((one.tag, max(1, round(100 * one.probability)), one.certain) for one in likely)
    vector = quantize(unpack_vector(hearing.vector))
    return HeardReference(kind, round(hearing.seconds, 1), vector, hearing.audio_id, tags, hearing.status)


def _sent_state() -> SimilarAddress:
    """Return what else was on the page; nothing where the form was too large to be read."""
    try:
        return read_similar_address(request.form)
    except (AddressError, RequestEntityTooLarge):
        return SimilarAddress()
