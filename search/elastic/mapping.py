"""Indices as the server keeps them: names, settings, and mappings that refuse what they do not know.

A generation of an index is a pair: `tracks` has one document a track, `about` whatever belongs to the index as a whole
(its state, spellings of tags, attachments). Two aliases point to the pair that lives, and move in one step.
"""

from __future__ import annotations

import re
from typing import Any, NamedTuple

from search.document import DOCUMENT_UNITS
from search.elastic.address import ElasticAddress
from search.elastic.sound_scoring import STORED_DIMENSIONS
from search.plan import PLAN_UNITS
from tagmodel.folding import FOLD_VERSION

# Raised when an index of an earlier version can no longer be read or written.
FORMAT_VERSION = 2

# Pages end where this says so, in the contract and on the server alike.
MAX_WINDOW = 10_000  # hits

# How long the server remembers the version of what was deleted: an older request that arrives later brings it back. So
# by far longer than a lease and a request may last (a minute each); a delete takes some 150 bytes of memory meanwhile.
_DELETES_KEPT = "15m"

_KEYWORD = {"type": "keyword"}
_COUNTED = {"type": "keyword", "index": False}  # only ever aggregated
_KEPT = {"type": "object", "enabled": False}  # stored as it is, looked into by nobody

# Of a stored document what was kept of it is read, of most hits without the moments; the rest was for the index.
KEPT = ["kept", "moments"]
KEPT_OF_HITS = ["kept"]

# Servers from 9.2 on take weights out of the source unless told not to, and keep them once more to put them back: that
# takes a third of the speed of loads and of the disk.
WEIGHTS_IN_SOURCE = "index.mapping.exclude_source_vectors"

TRACK_FIELDS: dict[str, Any] = {
    "track_id": _KEYWORD,
    "untitled": {"type": "boolean"},
    # One feature for each tag and family (`search.elastic.encoding.feature`).
    "features": {"type": "sparse_vector"},
    "typed": _KEYWORD,
    "heard": _KEYWORD,
    "words": _KEYWORD,
    "genre": _KEYWORD,
    "license": _KEYWORD,
    "artist": _KEYWORD,
    "genre_shown": _COUNTED,
    "license_shown": _COUNTED,
    "artist_shown": _COUNTED,
    "duration": {"type": "double"},
    "year": {"type": "integer"},
    "source": _KEYWORD,
    "model": _KEYWORD,
    "faint": _KEYWORD,
    # Whole numbers, so that products are exact; flat, as every hit is compared, and none is left out.
    "sound": {
        "type": "dense_vector",
        "dims": STORED_DIMENSIONS,
        "element_type": "byte",
        "similarity": "max_inner_product",
        "index": True,
        "index_options": {"type": "flat"},
    },
    "slot": {"type": "integer"},
    "bpm": {"type": "double"},
    "key": _KEYWORD,
    "kept": _KEPT,
    # Apart from the rest, as only searches by sound read them.
    "moments": _KEPT,
}

ABOUT_FIELDS: dict[str, Any] = {
    "kind": _KEYWORD,
    "names": {"type": "long"},
    "tag": _KEYWORD,
    "kept": _KEPT,
    "data": {"type": "binary"},
}


class Generation(NamedTuple):
    """The pair of indices of one generation."""

    number: int
    tracks: str
    about: str


def tracks_alias(name: str) -> str:
    """Return the alias of the tracks that are searched."""
    return f"{name}-tracks"


def about_alias(name: str) -> str:
    """Return the alias of what belongs to the tracks that are searched."""
    return f"{name}-about"


def writes_alias(index: str) -> str:
    """Return the alias by which an index is written.

    Of an alias one can ask that it be there; the server makes an index that is gone anew, with fields as it guesses.
    """
    return f"{index}-writes"


def generation(name: str, number: int) -> Generation:
    """Return the names of a generation's indices."""
    return Generation(number, f"{tracks_alias(name)}-{number:06d}", f"{about_alias(name)}-{number:06d}")


def generation_number(name: str, index: str) -> int | None:
    """Return the number of the generation that an index belongs to, None where it is none of this name."""
    found = re.fullmatch(rf"{re.escape(name)}-(?:tracks|about)-(\d{{6,}})", index)
    return int(found[1]) if found else None


def meta() -> dict[str, Any]:
    """Return what is written into each mapping, to tell whether a program understands it."""
    return {
        "program": "tagkin",
        "format": FORMAT_VERSION,
        "fold": FOLD_VERSION,
        "units": {"document": DOCUMENT_UNITS, "plan": PLAN_UNITS},
    }


def tracks_body(address: ElasticAddress) -> dict[str, Any]:
    """Return settings and mapping of an index of tracks.

    Nothing is refreshed but by a commit, so that a search sees whole commits only. Of the source just `KEPT` is stored:
    everything else is derived from it, and would double the size of the index.
    """
    settings = {
        "number_of_shards": address.shards,
        "number_of_replicas": address.replicas,
        "refresh_interval": "-1",
        "max_result_window": MAX_WINDOW,
        "gc_deletes": _DELETES_KEPT,
        WEIGHTS_IN_SOURCE: False,
    }
    mapping = {
        "dynamic": "strict",
        "_meta": meta(),
        "_source": {"includes": KEPT},
        "properties": TRACK_FIELDS,
    }
    return {"settings": settings, "mappings": mapping}


def about_body(address: ElasticAddress) -> dict[str, Any]:
    """Return settings and mapping of an index of what belongs to the tracks."""
    settings = {"number_of_shards": 1, "number_of_replicas": address.replicas, "refresh_interval": "-1"}
    return {
        "settings": settings,
        "mappings": {"dynamic": "strict", "_meta": meta(), "properties": ABOUT_FIELDS},
    }
