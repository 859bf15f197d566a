"""Whether what hearing needs is installed: the libraries of the extra ``audio``, which the rest does without."""

from __future__ import annotations

import os
from importlib.util import find_spec

# All of the extra, as they are imported.
LIBRARIES = ("av", "librosa", "onnxruntime", "soundfile", "soxr")
INSTALL = "pip install 'tagkin[audio]'"


def missing_libraries() -> tuple[str, ...]:
    """Return the libraries of the extra that are not there; nothing is imported."""
    return tuple(library for library in LIBRARIES if find_spec(library) is None)


def usable_cores() -> int:
    """Return how many cores this process may use."""
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # not on macOS
        return os.cpu_count() or 1
