"""A list of tags as text: written so that another program takes it, and so that pasting it gives the same tags back."""

from __future__ import annotations

import enum
import re
from collections.abc import Sequence

from tagmodel.folding import split_tags
from web.pages.suggest_table import Table, write_table

# Beside the usual separators people paste lists with bullets, middle dots and hashes.
SEPARATORS = ",;|\t\n\r•·#"

_NOT_IN_HASHTAGS = re.compile(r"\W+")


class ListForm(enum.StrEnum):
    """How the tags of a list are kept apart."""

    COMMAS = "commas"
    LINES = "lines"
    HASHTAGS = "hashtags"


def read_list(text: str) -> list[str]:
    """Take a typed or pasted text apart into tags, each spelling once, in the order typed."""
    return list(dict.fromkeys(split_tags(text, SEPARATORS)))


def write_list(spellings: Sequence[str], form: ListForm = ListForm.COMMAS) -> str:
    """Write tags as a text; with commas or lines `read_list` gives them back, hashtags lose their spaces and signs."""
    if form is ListForm.HASHTAGS:
        words = (_NOT_IN_HASHTAGS.sub("", spelling) for spelling in spellings)
        return " ".join(f"#{word}" for word in dict.fromkeys(words) if word)
    return (", " if form is ListForm.COMMAS else "\n").join(_quoted(spelling) for spelling in spellings)


def write_csv(spellings: Sequence[str]) -> str:
    """Write tags as a table of one column."""
    return write_table(Table(("tag",), tuple((spelling,) for spelling in spellings)))


def _quoted(spelling: str) -> str:
    """Write a spelling so that a pasted list gives it back: in quotes where it holds a separator."""
    if not spelling.startswith('"') and not any(char in SEPARATORS for char in spelling):
        return spelling
    return '"' + spelling.replace('"', '""') + '"'
