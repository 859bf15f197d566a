"""Documents as the server takes and gives them: features by name, folded values, and everything else as it was.

What a search reads is derived from the document here, and thrown away by the server once it is indexed; `kept` holds
the document itself, compact, so that it comes back exactly as it was written.
"""

from __future__ import annotations

import re
from base64 import b64decode, b64encode, urlsafe_b64encode
from collections.abc import Mapping
from functools import lru_cache
from hashlib import blake2b
from typing import Any

import orjson
from msgspec import structs

from search.document import DOCUMENT_UNITS, Document, Family, check_document
from search.elastic.sound_scoring import slot_of, stored_vector
from search.musical_key import fold_key
from search.sound import Sound
from search.sound_packing import pack_moments, pack_sound, unpack_moments, unpack_sound
from search.words import fold_value, fold_words
from tagmodel.track import Track

# A feature's name begins with its family.
_FAMILY_LETTER = {Family.TYPED: "t", Family.HEARD: "h", Family.IMPLIED: "i"}
# Ids of tags are hashes of eight such letters; whatever else is one, is spelled in them.
_PLAIN_ID = re.compile("[a-wyz0-9][a-z0-9]*")

_ID_BYTES = 15  # a collision among 10^9 tracks has a chance of 10^-18

# Weights as they are sent, made once, by units.
_WEIGHTS = {units: units / DOCUMENT_UNITS for units in range(1, DOCUMENT_UNITS + 1)}

# Fields of a track before its tags.
_TRACK_VALUES = 10

# Artists, genres and licenses come again and again.
_KEPT_VALUES = 30_000
_fold_value = lru_cache(_KEPT_VALUES)(fold_value)
_fold_artist = lru_cache(_KEPT_VALUES)(fold_words)


class _Names(dict[str, str]):
    """Names of the features of one family by tag id, made as they are asked for."""

    def __init__(self, family: Family) -> None:
        super().__init__()
        self._letter = _FAMILY_LETTER[family]

    def __missing__(self, tag_id: str) -> str:
        if len(self) >= _KEPT_NAMES:
            self.clear()
        self[tag_id] = name = self._letter + (
            tag_id if _PLAIN_ID.fullmatch(tag_id) else f"x{tag_id.encode().hex()}"
        )
        return name


_KEPT_NAMES = 100_000
_names = {family: _Names(family) for family in Family}


def feature(tag_id: str, family: Family) -> str:
    """Return the name of a feature; it never has a dot in it, which the server would take for a path."""
    return _names[family][tag_id]


def document_id(track_id: str) -> str:
    """Return the server's id of a track: a hash, as the server takes no id of more than 512 bytes."""
    return urlsafe_b64encode(blake2b(track_id.encode(), digest_size=_ID_BYTES).digest()).decode()


def encode_document(document: Document) -> bytes:
    """Return a document as the JSON that is sent, in one line.

    Raises
    ------
    ValueError
        If tags are doubled or do not match their weights, or text is no Unicode.
    """
    track = document.track
    source: dict[str, Any] = {
        "track_id": track.track_id,
        "untitled": track.title == "",
        "typed": document.typed,
        "words": list(dict.fromkeys((*fold_words(track.title), *_fold_artist(track.artist)))),
        "genre": _fold_value(track.genre),
        "license": _fold_value(track.license),
        "artist": _fold_value(track.artist),
        "genre_shown": track.genre,
        "license_shown": track.license,
        "artist_shown": track.artist,
        "duration": track.duration,
        "year": track.year,
        "source": track.source,
        "model": document.model_id,
        "kept": (*_track_values(track), *_tag_values(document)),
    }
    if document.heard:
        source["heard"] = document.heard
    if document.faint or document.sound is not None:
        check_document(document)
        source |= _sound_fields(track.track_id, document.faint, document.sound or Sound())
    try:
        features = _features(document)
    except (KeyError, ValueError):
        check_document(document)  # says what it is
        raise
    if features:
        source["features"] = features
    return _to_json(source)


def _features(document: Document) -> dict[str, float]:
    """Return the weights of a document by feature; an error where it is no good document, whatever it is."""
    features = dict.fromkeys(map(_names[Family.TYPED].__getitem__, document.typed), 1.0)
    given = len(document.typed)
    for family, ids, units in (
        (Family.IMPLIED, document.implied, document.implied_weights),
        (Family.HEARD, document.heard, document.heard_weights),
    ):
        if ids or units:
            features.update(zip(map(_names[family].__getitem__, ids), map(_WEIGHTS.__getitem__, units), strict=True))
            given += len(ids) + (not set(ids).isdisjoint(document.typed))
    if len(features) != given:
        raise ValueError("tags are doubled")
    return features


def _sound_fields(track_id: str, faint: tuple[str, ...], sound: Sound) -> dict[str, Any]:
    """Return the fields that say how a track sounds, those that have a value."""
    fields = {
        "faint": faint,
        "sound": stored_vector(sound.vector) if sound.vector else None,
        "bpm": sound.bpm,
        "key": fold_key(sound.key),
        "moments": b64encode(pack_moments(sound.moments)).decode(),
    }
    found = {name: value for name, value in fields.items() if value}
    return {**found, "slot": slot_of(track_id)} if sound.vector else found


def _track_values(track: Track) -> tuple[object, ...]:
    return (
        track.track_id,
        track.title,
        track.artist,
        track.album,
        track.genre,
        track.license,
        track.duration,
        track.year,
        track.url,
        track.source,
        track.tags,
        track.shares,
    )


def _tag_values(document: Document) -> tuple[object, ...]:
    return (
        document.typed,
        document.implied,
        document.implied_weights,
        document.heard,
        document.heard_weights,
        document.model_id,
        document.faint,
        b64encode(pack_sound(document.sound)).decode(),
    )


def _to_json(value: object) -> bytes:
    try:
        return orjson.dumps(value)
    except orjson.JSONEncodeError as error:
        raise ValueError(f"expected text in Unicode: {error}") from None


def decode_document(source: Mapping[str, Any]) -> Document:
    """Turn what the server stored back into the document it was made from, with moments where they were asked for."""
    kept = source["kept"]
    values, tags, shares = kept[:_TRACK_VALUES], kept[_TRACK_VALUES], kept[_TRACK_VALUES + 1]
    of_track = (*values, tuple(tags), tuple(shares))
    typed, implied, implied_weights, heard, heard_weights, model_id, faint, packed = kept[_TRACK_VALUES + 2 :]
    sound = unpack_sound(b64decode(packed))
    if sound is not None and "moments" in source:
        sound = structs.replace(sound, moments=unpack_moments(b64decode(source["moments"])))
    return Document(
        Track(*of_track),
        tuple(typed),
        tuple(implied),
        tuple(implied_weights),
        tuple(heard),
        tuple(heard_weights),
        model_id,
        tuple(faint),
        sound,
    )
