"""Documents as the server takes and gives them: features by name, folded values, and everything else as it was.

What a search reads is derived from the document here, and thrown away by the server once it is indexed; `kept` holds
the document itself, compact, so that it comes back exactly as it was written.
"""

from __future__ import annotations

import re
from base64 import urlsafe_b64encode
from functools import lru_cache
from hashlib import blake2b
from typing import Any, NamedTuple

import orjson

from search.document import DOCUMENT_UNITS, Document, Family, check_document
from search.words import fold_value, fold_words
from tagmodel.track import Track

# A feature's name begins with its family.
_FAMILY_LETTER = {Family.TYPED: "t", Family.HEARD: "h", Family.IMPLIED: "i"}
# Ids of tags are hashes of eight such letters; whatever else is one, is spelled in them.
_PLAIN_ID = re.compile("[a-wyz0-9][a-z0-9]*")

_ID_BYTES = 15  # a collision among 10^9 tracks has a chance of 10^-18

# Weights as they are sent, made once.
_WEIGHTS = tuple(units / DOCUMENT_UNITS for units in range(DOCUMENT_UNITS + 1))

# Fields of a track before its tags.
_TRACK_VALUES = 10

# What was worked out once is kept for so many values, or sets of tags.
_KEPT_VALUES = 30_000
_KEPT_SETS = 8_000

# Artists, genres and licenses come again and again.
_fold_value = lru_cache(_KEPT_VALUES)(fold_value)
_fold_artist = lru_cache(_KEPT_VALUES)(fold_words)


@lru_cache(100_000)
def feature(tag_id: str, family: Family) -> str:
    """Return the name of a feature; it never has a dot in it, which the server would take for a path."""
    return _FAMILY_LETTER[family] + (tag_id if _PLAIN_ID.fullmatch(tag_id) else f"x{tag_id.encode().hex()}")


def document_id(track_id: str) -> str:
    """Return the server's id of a track: a hash, as the server takes no id of more than 512 bytes."""
    return urlsafe_b64encode(blake2b(track_id.encode(), digest_size=_ID_BYTES).digest()).decode()


class _TagParts(NamedTuple):
    """A document's tags as JSON: many documents have the same, so it is made once for all of them.

    Parameters
    ----------
    kept
        Elements of the list of what is kept, one after the other without its brackets.
    """

    typed: orjson.Fragment
    features: orjson.Fragment | None
    kept: orjson.Fragment


_parts: dict[tuple[object, ...], _TagParts] = {}


def encode_document(document: Document) -> bytes:
    """Return a document as the JSON that is sent, in one line.

    Raises
    ------
    ValueError
        If tags are doubled or do not match their weights, or text is no Unicode.
    """
    track = document.track
    tags = _tag_parts(document)
    source: dict[str, Any] = {
        "track_id": track.track_id,
        "untitled": track.title == "",
        "typed": tags.typed,
        "words": list({*fold_words(track.title), *_fold_artist(track.artist)}),
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
        "kept": (*_track_values(track), tags.kept),
    }
    if document.heard:
        source["heard"] = document.heard
    if tags.features is not None:
        source["features"] = tags.features
    return _to_json(source)


def _tag_parts(document: Document) -> _TagParts:
    """Return the parts of a document that its tags make, checked."""
    weights = document.implied_weights, document.heard_weights
    key = (document.typed, document.implied, document.heard, document.model_id, weights)
    parts = _parts.get(key)
    if parts is None:
        check_document(document)
        if len(_parts) >= _KEPT_SETS:
            _parts.clear()
        kept = (document.typed, document.implied, document.implied_weights)
        kept_heard = (document.heard, document.heard_weights, document.model_id)
        features = _features(document)
        _parts[key] = parts = _TagParts(
            orjson.Fragment(_to_json(document.typed)),
            orjson.Fragment(_to_json(features)) if features else None,
            orjson.Fragment(_to_json((*kept, *kept_heard))[1:-1]),
        )
    return parts


def _features(document: Document) -> dict[str, float]:
    features = {feature(tag_id, Family.TYPED): 1.0 for tag_id in document.typed}
    for family, ids, units in (
        (Family.IMPLIED, document.implied, document.implied_weights),
        (Family.HEARD, document.heard, document.heard_weights),
    ):
        for tag_id, unit in zip(ids, units, strict=True):
            features[feature(tag_id, family)] = _WEIGHTS[unit]
    return features


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


def _to_json(value: object) -> bytes:
    try:
        return orjson.dumps(value)
    except orjson.JSONEncodeError as error:
        raise ValueError(f"expected text in Unicode: {error}") from None


def decode_document(kept: list[Any]) -> Document:
    """Turn what was kept back into the document it was made from."""
    values, tags, shares = kept[:_TRACK_VALUES], kept[_TRACK_VALUES], kept[_TRACK_VALUES + 1]
    of_track = (*values, tuple(tags), tuple(shares))
    typed, implied, implied_weights, heard, heard_weights, model_id = kept[_TRACK_VALUES + 2 :]
    return Document(
        Track(*of_track),
        tuple(typed),
        tuple(implied),
        tuple(implied_weights),
        tuple(heard),
        tuple(heard_weights),
        model_id,
    )
