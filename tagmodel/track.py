"""The one value that describes a recording on its way from a catalogue into an index and back out.

Tags stay exactly as they were typed; what they mean (canonical tag, kin, implied tags) is derived later and can
always be derived anew.
"""

from __future__ import annotations

from dataclasses import dataclass

# What a track of an index can have, whoever brings it.
LONGEST_ID = 1_000  # characters
# A longer tag is a sentence, or several tags with another separator between them.
LONGEST_TAG = 500  # characters
# A longer title is a text, or a picture, that got into the column.
LONGEST_TEXT = 10_000  # characters
# Longer "tracks" are milliseconds or slips.
LONGEST_TRACK = 24 * 3600  # seconds
# Composition years are welcome in a year column, so long before the first recording.
YEARS = range(1000, 2101)


@dataclass(frozen=True, slots=True)
class Track:
    """A recording with what people say about it.

    Parameters
    ----------
    track_id
        Unique in an index, stable between imports, e.g. ``"mtat:2"``.
    tags
        Typed spellings, byte for byte and in the order typed.
    shares
        Parallel to `tags`, or empty: the share in (0, 1] of clips or users that carry the tag. Provenance only, never a
        weight: kin would outvote people.
    duration
        Seconds.
    source
        Name of the catalogue the track came from, e.g. ``"fma"``.
    genre
        The catalogue's own top genre, shown as a facet; ``""`` where not stated.
    """

    track_id: str
    title: str = ""
    artist: str = ""
    album: str = ""
    genre: str = ""
    license: str = ""
    duration: float | None = None
    year: int | None = None
    url: str = ""
    source: str = ""
    tags: tuple[str, ...] = ()
    shares: tuple[float, ...] = ()

    @property
    def display_title(self) -> str:
        """Title to show: the track's own, else its catalogue and number (``"FMA track 1234"``)."""
        if self.title:
            return self.title
        source, _, number = self.track_id.rpartition(":")
        return f"{source.upper()} track {number}" if source else f"Track {number}"
