"""Documents as they are sent: what comes back is what was written, and what is no good document is not sent."""

from __future__ import annotations

import orjson
import pytest
from hypothesis import given

from search.document import DOCUMENT_UNITS, Document, Family
from search.elastic.encoding import decode_document, document_id, encode_document, feature
from tagmodel.track import Track
from tests.search.strategies import documents


@given(documents())
def test_a_document_is_read_back_from_what_is_kept_and_searched_by_its_features(document: Document) -> None:
    sent = orjson.loads(encode_document(document))
    assert decode_document(sent) == document
    weights = {feature(tag_id, Family.TYPED): 1.0 for tag_id in document.typed}
    for family, ids, units in (
        (Family.IMPLIED, document.implied, document.implied_weights),
        (Family.HEARD, document.heard, document.heard_weights),
    ):
        weights |= {feature(tag_id, family): unit / 256 for tag_id, unit in zip(ids, units, strict=True)}
    assert sent.get("features", {}) == weights
    assert (sent["typed"], sent.get("heard", [])) == (list(document.typed), list(document.heard))


@pytest.mark.parametrize(
    ("document", "problem"),
    [
        (Document(Track("a"), ("x", "x")), "different typed tags"),
        (Document(Track("a"), ("x",), ("x",), (5,)), "that nobody typed"),
        (Document(Track("a"), ("x",), (), (), ("x",), (5,)), "that nobody typed"),
        (Document(Track("a"), (), ("y", "y"), (1, 2)), "different implied tags"),
        (Document(Track("a"), (), ("y",), (0,)), "from 1 to 256"),
        (Document(Track("a"), (), ("y",), (DOCUMENT_UNITS + 1,)), "from 1 to 256"),
        (Document(Track("a"), (), ("y",), ()), "as many weights"),
        (Document(Track("a"), (), (), (), (), (1,)), "as many weights"),
        (Document(Track("a", "\ud800")), "Unicode"),
    ],
)
def test_what_is_no_good_document_is_not_sent(document: Document, problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        encode_document(document)


def test_names_of_features_hold_no_sign_that_the_server_reads() -> None:
    assert feature("abc234", Family.TYPED) == "tabc234"
    names = {feature(tag_id, Family.HEARD) for tag_id in ("r.e.m.", "x72", "*", "", "Ä", "abc")}
    assert len(names) == 6
    assert all(name.isascii() and name.isalnum() for name in names)


def test_an_id_on_the_server_is_short_however_long_the_track_s_is() -> None:
    ids = {document_id(track_id) for track_id in ("", "a", "b", "é" * 1_000, "é" * 999)}
    assert len(ids) == 5
    assert {len(one) for one in ids} == {20}
