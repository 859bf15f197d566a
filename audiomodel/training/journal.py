"""The log of a training: a row of figures for each epoch that was measured, as CSV."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any


def append_row(path: Path, row: dict[str, Any]) -> None:
    """Write a row, and the header before the first."""
    fresh = not path.exists()
    with path.open("a", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(row))
        if fresh:
            writer.writeheader()
        writer.writerow(row)


def cut_log(path: Path, last_epoch: int) -> None:
    """Take epochs out that were measured, but interrupted before they were saved: they come again."""
    if not path.exists():
        return
    with path.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    path.unlink()
    for row in rows:
        if int(row["epoch"]) <= last_epoch:
            append_row(path, row)
