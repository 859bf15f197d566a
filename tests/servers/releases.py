"""The versions of Elasticsearch that tests run on, and what is said when there is none to run.

Both ends of what the project supports: the last minor version of the 8 series and the current major one.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Release:
    """A version of Elasticsearch; `java` is the oldest major version of Java that runs it."""

    version: str
    java: int


NEWEST = "9.2.0"
OLDEST = "8.19.3"
RELEASES = {release.version: release for release in (Release(NEWEST, java=21), Release(OLDEST, java=17))}


class NoServer(Exception):
    """This machine has nothing to run a server from; the message says what was tried."""

    @classmethod
    def after(cls, wanted: str, tried: list[str]) -> NoServer:
        """Say what was wanted, and why each way to it led nowhere."""
        return cls("\n".join([f"found no {wanted}:", *(f"  - {reason}" for reason in tried)]))


class ServerFailed(Exception):
    """A server did not start, or stopped by itself; the message ends with what it said last."""


def release_of(version: str) -> Release:
    """Return what is known of a version.

    Raises
    ------
    ValueError
        If tests do not know this version.
    """
    if version not in RELEASES:
        raise ValueError(f"expected one of the versions {', '.join(RELEASES)}, got {version!r}")
    return RELEASES[version]
