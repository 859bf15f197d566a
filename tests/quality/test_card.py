"""The shipped model's card says what was measured, and nothing else."""

from __future__ import annotations

import shutil
from pathlib import Path

from benchmarks.card_figures import add_committed_figures
from tagmodel.model import SHIPPED_MODEL


def test_the_card_has_the_committed_figures(tmp_path: Path):
    copy = shutil.copytree(SHIPPED_MODEL, tmp_path / "model")
    add_committed_figures(copy)
    for name in ("card.json", "CARD.md"):
        assert (copy / name).read_bytes() == (SHIPPED_MODEL / name).read_bytes()
