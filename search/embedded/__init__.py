"""The embedded engine: a directory with SQLite as the only truth and immutable matrices that are scored (ADR 2)."""

from search.embedded.engine import EmbeddedEngine

__all__ = ["EmbeddedEngine"]
