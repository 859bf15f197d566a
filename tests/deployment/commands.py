"""Commands as tests run them: all that they say is kept, and how they end is the caller's to judge."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

Done = subprocess.CompletedProcess[str]


def run(
    command: Sequence[str], environment: Mapping[str, str] | None = None, folder: Path | None = None, seconds: int = 300
) -> Done:
    """Run a command to its end; without an environment it has ours."""
    return subprocess.run(
        command, check=False, env=environment, cwd=folder, capture_output=True, text=True, timeout=seconds
    )
