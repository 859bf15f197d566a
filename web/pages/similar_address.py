"""What the page “Sounds like this” was asked, as an address: the references with their signs, and how to look for them.

A recording that was sent is in the address as what was heard in it, not as sound: its vector and its likeliest tags in
some 400 letters. So nothing is kept here, and the page can be kept and sent like any other.
"""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass, replace
from typing import Annotated, Literal
from urllib.parse import urlencode

import msgspec
from msgspec import Meta, Struct
from werkzeug.datastructures import MultiDict

from search.sound import SOUND_DIMENSIONS, check_vector
from tagmodel.track import LONGEST_ID
from web.addresses import MAX_TEXT, AddressError, without_nul
from web.values import read_number, read_whole, unseen_character

# More would be a search for everything.
MAX_REFERENCES = 8
COUNTS = (5, 10, 20, 50)
# What was heard in one recording, written.
_LONGEST_TOKEN = 2_000  # characters
# Tags of a recording that take part.
HEARD_TAGS = 8

# Where a recording came from.
Kind = Literal["file", "recording"]
_Percent = Annotated[int, Meta(ge=1, le=100)]
_Spelling = Annotated[str, Meta(min_length=1, max_length=60)]


class HeardReference(Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """What was heard in a recording that somebody sent.

    Parameters
    ----------
    kind
        Where it came from; its name is not known here.
    vector
        As `search.sound.quantize` makes it.
    audio_id
        Which audio it is: tracks of the same audio are known by it.
    tags
        The likeliest with their probabilities in percent and whether they are certain, likeliest first.
    status
        How far it may be trusted, as `audiomodel.hearing.Status`.
    """

    kind: Kind
    seconds: Annotated[float, Meta(ge=0, le=86_400)]
    vector: Annotated[bytes, Meta(min_length=SOUND_DIMENSIONS, max_length=SOUND_DIMENSIONS)]
    audio_id: Annotated[str, Meta(pattern="^[0-9a-f]*$", max_length=64)] = ""
    tags: Annotated[tuple[tuple[_Spelling, _Percent, bool], ...], Meta(max_length=HEARD_TAGS)] = ()
    status: Literal["ok", "short", "unlike"] = "ok"


@dataclass(frozen=True, slots=True)
class Reference:
    """One thing to be like, or unlike: the id of a track, or what was heard in a recording."""

    of: str | HeardReference
    positive: bool = True


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(HeardReference)
_NAMES = {(True, True): "like", (True, False): "unlike", (False, True): "heard", (False, False): "unheard"}


@dataclass(frozen=True, slots=True)
class SimilarAddress:
    """The state of the page.

    Parameters
    ----------
    mix
        From 0, by sound alone, to 1, by tags alone; None as the references have it.
    text
        Filters, words and tags in the query language that all hits must have.
    name
        A title, and perhaps an artist, that somebody looks for to add it.
    """

    references: tuple[Reference, ...] = ()
    mix: float | None = None
    text: str = ""
    k: int = COUNTS[0]
    name: str = ""

    @property
    def pairs(self) -> list[tuple[str, str]]:
        """The references as names and values of an address or a form."""
        written = [(one.of if isinstance(one.of, str) else write_heard(one.of), one) for one in self.references]
        return [(_NAMES[isinstance(one.of, str), one.positive], value) for value, one in written]

    @property
    def settings(self) -> list[tuple[str, str]]:
        """How to look, as names and values; what is usual is left out."""
        mix = [] if self.mix is None else [("mix", f"{self.mix:g}")]
        text = [("q", self.text)] if self.text else []
        return [*mix, *text, *([("k", str(self.k))] if self.k != COUNTS[0] else [])]

    @property
    def query(self) -> str:
        """The state as a query string with its question mark; `read_similar_address` gives it back."""
        return "?" + urlencode([*self.pairs, *self.settings, *([("name", self.name)] if self.name else [])])

    @property
    def is_full(self) -> bool:
        """Whether there is no room for another reference."""
        return len(self.references) >= MAX_REFERENCES

    def adding(self, of: str | HeardReference) -> SimilarAddress:
        """Return the state with one more reference, and no name looked for."""
        others = tuple(one for one in self.references if one.of != of)
        return replace(self, references=(*others, Reference(of)), name="")

    def removing(self, reference: Reference) -> SimilarAddress:
        """Return the state without a reference."""
        return replace(self, references=tuple(one for one in self.references if one != reference))

    def flipping(self, reference: Reference) -> SimilarAddress:
        """Return the state with a reference the other way round."""
        flipped = replace(reference, positive=not reference.positive)
        return replace(self, references=tuple(flipped if one == reference else one for one in self.references))


def read_similar_address(arguments: MultiDict[str, str]) -> SimilarAddress:
    """Read the state from an address, or from the fields of a form.

    Raises
    ------
    AddressError
        If something in it cannot be used.
    """
    found = [
        Reference(_read_track(text) if is_track else read_heard(text), positive)
        for (is_track, positive), name in _NAMES.items()
        for text in arguments.getlist(name)
        if text
    ]
    if len(found) > MAX_REFERENCES:
        raise AddressError(f"at most {MAX_REFERENCES} references at once, these are {len(found)}: take some away")
    return SimilarAddress(
        tuple(dict.fromkeys(found)),
        _read_mix(arguments.get("mix", "")),
        _read_text(arguments, "q"),
        _read_count(arguments.get("k", "")),
        _read_text(arguments, "name"),
    )


def write_heard(heard: HeardReference) -> str:
    """Write what was heard as letters and digits."""
    return base64.urlsafe_b64encode(_encoder.encode(heard)).decode().rstrip("=")


def read_heard(text: str) -> HeardReference:
    """Read what `write_heard` wrote; raises `AddressError` for anything else."""
    try:
        if len(text) > _LONGEST_TOKEN:
            raise ValueError
        heard = _decoder.decode(base64.b64decode(text + "=" * (-len(text) % 4), b"-_", validate=True))
        check_vector(heard.vector)
        if any(unseen_character(tag) for tag, _, _ in heard.tags):
            raise ValueError
    except (ValueError, binascii.Error, msgspec.MsgspecError):
        raise AddressError("what was heard in the recording cannot be read: was the address cut off?") from None
    return heard


def _read_track(text: str) -> str:
    if len(text) > LONGEST_ID:
        raise AddressError(f"an id has at most {LONGEST_ID:,} characters, this one has {len(text):,}")
    return without_nul(text, "the id")


def _read_text(arguments: MultiDict[str, str], name: str) -> str:
    text = arguments.get(name, "").strip()
    if len(text) > MAX_TEXT:
        raise AddressError(f"{name} has at most {MAX_TEXT} characters, this one has {len(text):,}")
    return without_nul(text, name)


def _read_mix(text: str) -> float | None:
    number = read_number(text) if text else None
    if text and (number is None or not 0.0 <= number <= 1.0):
        raise AddressError(f"mix is a number from 0 (by sound alone) to 1 (by tags alone), not “{text[:40]}”")
    return number


def _read_count(text: str) -> int:
    number = read_whole(text) if text else COUNTS[0]
    if number is None or not 1 <= number <= COUNTS[-1]:
        raise AddressError(f"k is a number of tracks from 1 to {COUNTS[-1]}, not “{text[:40]}”")
    return number
