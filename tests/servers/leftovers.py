"""Indices that tests left behind on a server which outlives them, as a run that is killed does."""

from __future__ import annotations

import re
import time
from pathlib import Path

import requests

from tests.servers.node import ASK_SECONDS

# Tests name an index for what they are about, and for their process.
OURS = re.compile(r"(?:tagkin|tagkin-parity|[a-z]{3,8})-(\d+)(?:-\d+)?-(?:tracks|about)-\d{6}")
# Longer than any run: process ids say nothing where runs on several machines share a server.
OLD_SECONDS = 2 * 60 * 60


def remove_leftovers(url: str) -> list[str]:
    """Remove what a run has left that is no more; return the names of the indices."""
    listed = requests.get(f"{url}/_cat/indices?format=json&h=index,creation.date", timeout=ASK_SECONDS).json()
    removed = []
    for row in listed:
        ours = OURS.fullmatch(row["index"])
        age = time.time() - int(row["creation.date"]) / 1000
        if ours and age >= OLD_SECONDS and not Path(f"/proc/{ours[1]}").exists():
            requests.delete(f"{url}/{row['index']}?ignore_unavailable=true", timeout=ASK_SECONDS)
            removed.append(row["index"])
    return removed
