"""The tokens of the query language, and the one error that points at a place in a query."""

from __future__ import annotations


class QueryError(ValueError):
    """A query that cannot be understood: what was expected, what came, the likely slip, and where.

    Parameters
    ----------
    position, length
        Characters of the query that the message is about; they lie within it.
    text
        The query, for `pointed`.
    """

    def __init__(self, message: str, position: int, length: int = 1, text: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.position = position
        self.length = length
        self.text = text
