import dataclasses

from tagmodel.broader import broader
from tests.tagmodel.tag_blocks import block_vocabulary, tag

VOCABULARY = dataclasses.replace(block_vocabulary(), narrower_pairs=(("chamber", "cello"), ("slow", "cello")))


def test_a_tag_is_a_kind_of_what_it_is_narrower_than():
    assert broader(VOCABULARY, tag("cello")) == (tag("chamber"), tag("slow"))
    for broad in broader(VOCABULARY, tag("cello")):
        assert tag("cello") in VOCABULARY.narrower(broad)


def test_a_tag_that_nobody_knows_is_a_kind_of_nothing():
    assert broader(VOCABULARY, "aaaaaaaa") == ()
    assert broader(VOCABULARY, tag("chamber")) == ()
