"""Typed spellings become canonical tags; what they imply is added; nothing typed is lost."""

from __future__ import annotations

from dataclasses import replace

from msgspec import structs

from search.document import Document
from search.enrichment import Enricher, keep_heard
from search.sound import Sound
from tagmodel.track import Track
from tests.indexer.tiny_model import TinyModel, tag


def enrich(*tags: str, genre: str = "") -> Document:
    (document,) = Enricher(TinyModel()).enrich([Track("t:1", genre=genre, tags=tags)])
    return document


def test_typed_tags_are_canonical_unique_and_in_typed_order() -> None:
    document = enrich("Slow", "Female-Vocals", "unhappy", "sad", "SLOW")
    assert document.typed == (tag("slow"), tag("female vocal"), tag("sad"))
    assert document.track.tags == ("Slow", "Female-Vocals", "unhappy", "sad", "SLOW")


def test_a_genre_counts_as_typed_after_the_tags() -> None:
    assert enrich("slow", genre="Rock; Slow").typed == (tag("slow"), tag("rock"))


def test_a_tag_without_a_letter_stays_on_the_track_and_means_nothing() -> None:
    document = enrich("!!!", "slow")
    assert document.typed == (tag("slow"),)
    assert document.track.tags == ("!!!", "slow")


def test_implied_tags_come_from_the_model_with_its_id() -> None:
    document = enrich("sad")
    assert (document.implied, document.implied_weights, document.model_id) == ((tag("slow"),), (128,), "tiny")


def test_implied_tags_are_never_typed_ones() -> None:
    assert enrich("sad", "slow").implied == ()


def test_without_expansion_no_model_signs_the_document() -> None:
    (document,) = Enricher(TinyModel(), expand=False).enrich([Track("t:1", tags=("sad",))])
    assert (document.typed, document.implied, document.model_id) == ((tag("sad"),), (), "")


def test_tags_are_named_once_by_the_model_else_as_first_typed() -> None:
    enricher = Enricher(TinyModel())
    enricher.enrich([Track("t:1", tags=("SAD", "Zeuhl")), Track("t:2", tags=("ZEUHL",))])
    assert enricher.take_names() == {tag("sad"): "sad", tag("zeuhl"): "Zeuhl", tag("slow"): "slow"}
    enricher.enrich([Track("t:3", tags=("zeuhl", "rock"))])
    assert enricher.take_names() == {tag("rock"): "Rock", tag("female vocal"): "female vocals"}


def test_a_tag_keeps_the_spelling_it_has_in_the_index() -> None:
    enricher = Enricher(TinyModel(), known_spelling={tag("zeuhl"): "Zeuhl"}.get)
    enricher.enrich([Track("t:1", tags=("ZEUHL",))])
    assert enricher.take_names() == {tag("zeuhl"): "Zeuhl"}


def test_tags_that_the_model_does_not_know_are_counted_once() -> None:
    enricher = Enricher(TinyModel())
    enricher.enrich([Track("t:1", tags=("zeuhl", "sad", "Canterbury")), Track("t:2", tags=("Zeuhls",))])
    assert enricher.unknown == {tag("zeuhl"), tag("canterbury")}


def test_a_batch_gives_what_its_tracks_give_one_by_one() -> None:
    tracks = [Track(f"t:{at}", tags=tags) for at, tags in enumerate([("sad",), (), ("rock", "sad"), ("sad",), ("!",)])]
    single = [Enricher(TinyModel()).enrich([track])[0] for track in tracks]
    assert Enricher(TinyModel()).enrich(tracks) == single


def test_what_was_heard_stays_unless_somebody_typed_it_since() -> None:
    old = Document(Track("t:1"), heard=(tag("piano"), tag("sad")), heard_weights=(200, 100))
    renewed = keep_heard(enrich("sad"), old)
    assert (renewed.heard, renewed.heard_weights) == ((tag("piano"),), (200,))


def test_the_sound_and_what_was_heard_faintly_stay_too_unless_somebody_listened_anew() -> None:
    sound = Sound(audio_id="a", tagger_id="t", file="old.mp3", doubted=(tag("rock"), tag("sad")))
    old = Document(Track("t:1"), faint=(tag("piano"), tag("sad")), sound=sound)
    renewed = keep_heard(enrich("sad"), old)
    assert renewed.faint == (tag("piano"),)
    assert renewed.sound == structs.replace(sound, doubted=(tag("sad"),)), "rock is typed no more"
    moved = keep_heard(replace(enrich("sad"), sound=Sound(file="new.mp3")), old)
    assert moved.sound == structs.replace(sound, doubted=(tag("sad"),), file="new.mp3")
    heard = replace(enrich("sad"), sound=Sound(tagger_id="another"))
    assert keep_heard(heard, old) is heard


def test_what_is_heard_is_put_in_before_documents_are_given_out() -> None:
    enricher = Enricher(TinyModel())

    def hear(documents: list[Document]) -> list[Document]:
        zeuhl = enricher.tag_id("Zeuhl")
        assert zeuhl is not None
        return [replace(document, heard=(zeuhl,), heard_weights=(128,)) for document in documents]

    (document,) = enricher.enrich([Track("t:1", tags=("sad",))], hear)
    assert (document.heard, document.implied) == ((tag("zeuhl"),), (tag("slow"),))
    assert enricher.take_names()[tag("zeuhl")] == "Zeuhl"


def heard_as(document: Document, *pairs: tuple[str, int]) -> Document:
    ids, units = zip(*((tag(spelling), unit) for spelling, unit in pairs), strict=True)
    return replace(document, heard=ids, heard_weights=units)


def test_heard_tags_imply_as_much_less_as_they_are_doubtful() -> None:
    untagged = Document(Track("t:1"))
    (document,) = Enricher(TinyModel()).imply([heard_as(untagged, ("sad", 64))])
    assert (document.implied, document.implied_weights) == ((tag("slow"),), (128 * 64 // 256,))
    assert document.model_id == "tiny"


def test_what_typed_tags_imply_is_not_lessened_by_a_doubtful_heard_one() -> None:
    enricher = Enricher(TinyModel())
    (typed,) = enricher.enrich([Track("t:1", tags=("sad",))])
    (both,) = enricher.imply([heard_as(typed, ("rock", 128))])
    weights = dict(zip(both.implied, both.implied_weights, strict=True))
    assert weights[tag("slow")] == 128
    # One typed tag, which is sure, and one that is half sure.
    assert weights[tag("female vocal")] == 20 * 3 // 4
    assert list(both.implied_weights) == sorted(both.implied_weights, reverse=True)


def test_a_heard_tag_is_not_implied_by_being_heard() -> None:
    (document,) = Enricher(TinyModel()).imply([heard_as(Document(Track("t:1")), ("sad", 200), ("slow", 100))])
    assert document.implied == ()


def test_what_was_heard_before_implies_again_with_another_model() -> None:
    old = heard_as(Document(Track("t:1"), model_id="older"), ("sad", 256))
    (renewed,) = Enricher(TinyModel()).enrich([old.track], lambda made: [keep_heard(made[0], old)])
    assert (renewed.heard, renewed.implied, renewed.model_id) == ((tag("sad"),), (tag("slow"),), "tiny")


def test_without_expansion_heard_tags_imply_nothing() -> None:
    (document,) = Enricher(TinyModel(), expand=False).imply([heard_as(Document(Track("t:1")), ("sad", 256))])
    assert (document.implied, document.model_id) == ((), "")
