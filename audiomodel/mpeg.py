"""Frames of MPEG audio: recognized by headers that follow one another at the distance they state.

References
----------
ISO/IEC 11172-3 and 13818-3, section 2.4.1.3 (header); ISO/IEC 13818-7, table 8 (ADTS).
"""

from __future__ import annotations

# Junk before the first frame is skipped this far.
FIRST_FRAME_WITHIN = 65_536  # bytes
# So many headers in a row are no coincidence.
ENOUGH_FRAMES = 3

_V1, _V2 = 3, 2  # the field "version"; 0 is the unofficial 2.5
_LAYER_I, _LAYER_II, _LAYER_III = 3, 2, 1  # the field "layer"
_RATES = {_V1: (44_100, 48_000, 32_000), _V2: (22_050, 24_000, 16_000), 0: (11_025, 12_000, 8_000)}
_KILOBITS = {
    (True, _LAYER_I): (32, 64, 96, 128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448),
    (True, _LAYER_II): (32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384),
    (True, _LAYER_III): (32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    (False, _LAYER_I): (32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256),
    (False, _LAYER_II): (8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
    (False, _LAYER_III): (8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
}


def frame_length(header: bytes) -> int:
    """Return the length in bytes that a frame's first four bytes state; 0 if they begin no frame."""
    if len(header) < 4 or header[0] != 0xFF or header[1] < 0xE0:
        return 0
    version, layer = header[1] >> 3 & 3, header[1] >> 1 & 3
    bitrate, rate, padding = header[2] >> 4, header[2] >> 2 & 3, header[2] >> 1 & 1
    if version == 1 or layer == 0 or bitrate in {0, 15} or rate == 3:
        return 0
    bits, samples_a_second = _KILOBITS[version == _V1, layer][bitrate - 1] * 1_000, _RATES[version][rate]
    if layer == _LAYER_I:
        return (12 * bits // samples_a_second + padding) * 4
    samples = 576 if layer == _LAYER_III and version != _V1 else 1_152
    return samples // 8 * bits // samples_a_second + padding


def first_frame(data: bytes) -> int | None:
    """Return where the first of `ENOUGH_FRAMES` frames in a row begins, or of as many as the data has room for."""
    place = data.find(b"\xff")
    while 0 <= place <= len(data) - 4:
        if _frames_follow(data, place):
            return place
        place = data.find(b"\xff", place + 1)
    return None


def _frames_follow(data: bytes, place: int) -> bool:
    begin = place
    for _ in range(ENOUGH_FRAMES):
        length = frame_length(data[place : place + 4])
        if not length:
            # The data ran out, which proves nothing far from its beginning.
            return place > begin and place >= len(data) - 3 and begin == 0
        place += length
    return True


def is_adts(data: bytes) -> bool:
    """Whether AAC frames with headers of their own begin here."""
    place = 0
    for _ in range(ENOUGH_FRAMES):
        head = data[place : place + 7]
        if len(head) < 7:
            return place > 0
        if head[0] != 0xFF or head[1] & 0xF6 != 0xF0:
            return False
        length = (head[3] & 3) << 11 | head[4] << 3 | head[5] >> 5
        if length < 7:
            return False
        place += length
    return True
