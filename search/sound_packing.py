"""Sound as bytes, for engines to keep: a track's own values, and apart from them its moments.

Moments are twenty times as large as the rest, and only a search by sound or a track's own page shows them; so engines
keep them where reading a page of hits does not touch them.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
from msgspec import structs

from search.sound import Moment, Sound

_VALUES = tuple(name for name in Sound.__struct_fields__ if name != "moments")
_SoundRow = tuple[
    bytes, float | None, float | None, float, str, float, str, str, str, str, str, tuple[str, ...]
]  # types of `_VALUES`
_MomentRow = tuple[float, float, bytes, tuple[str, ...]]

_encoder = msgspec.msgpack.Encoder()
_sound_decoder = msgspec.msgpack.Decoder(_SoundRow)
_moments_decoder = msgspec.msgpack.Decoder(tuple[_MomentRow, ...])


def pack_sound(sound: Sound | None) -> bytes:
    """Return all of a sound but its moments; ``b""`` for none."""
    return b"" if sound is None else _encoder.encode([getattr(sound, name) for name in _VALUES])


def unpack_sound(packed: bytes) -> Sound | None:
    """Return the sound that `pack_sound` packed, without moments."""
    if not packed:
        return None
    vector, *values = _sound_decoder.decode(packed)
    return Sound(vector, (), *values)


def pack_moments(moments: Sequence[Moment]) -> bytes:
    """Return moments; ``b""`` for none."""
    return _encoder.encode([structs.astuple(moment) for moment in moments]) if moments else b""


def unpack_moments(packed: bytes) -> tuple[Moment, ...]:
    """Return the moments that `pack_moments` packed."""
    return tuple([Moment(*values) for values in _moments_decoder.decode(packed)]) if packed else ()
