"""What tracks are compared by: how they sound, their tags, or both."""

from __future__ import annotations

import enum


class By(enum.StrEnum):
    """What tracks are compared by."""

    SOUND = "sound"
    BOTH = "both"
    TAGS = "tags"

    @property
    def mix(self) -> float:
        """The share of tags; of both, in equal parts."""
        return {By.SOUND: 0.0, By.BOTH: 0.5, By.TAGS: 1.0}[self]
