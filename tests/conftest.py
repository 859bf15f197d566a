"""What all tests share: where the real data is, and that nothing real is skipped silently in CI."""

from __future__ import annotations

import os
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import settings

# No test is about time, on however busy a machine; in CI hypothesis' own profile for it stays underneath.
settings.register_profile("untimed", settings(), deadline=None)
settings.load_profile("untimed")

pytest_plugins = ["tests.servers.fixtures"]

REPOSITORY = Path(__file__).resolve().parent.parent


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Give every test an id of its own: of several with one id, processes that share the work would run only one."""
    for item in items:
        # pytest 9 makes ids of what its own parameters say; schemathesis' operations are in the name alone.
        if item.name.endswith("]") and not item.nodeid.endswith("]"):
            item._id = item.id.with_params(item.name.partition("[")[2].removesuffix("]"))
    doubled = [name for name, count in Counter(item.nodeid for item in items).items() if count > 1]
    if doubled:
        raise pytest.UsageError(f"expected an id of its own for each test, several have {doubled[0]}")


def in_ci() -> bool:
    """Whether a missing piece is a failure rather than a reason to skip."""
    return os.environ.get("CI", "").lower() == "true"


@pytest.fixture(scope="session")
def data_dir() -> Path:
    """Return the data directory; without one the test says what it misses, and fails in CI."""
    path = Path(os.environ.get("TAGKIN_DATA", "data"))
    path = path if path.is_absolute() else REPOSITORY / path
    if not (path / "magnatagatune").is_dir():
        message = f"needs the data sets in {path} (set TAGKIN_DATA; `tagkin data check` tells what is missing)"
        if in_ci():
            pytest.fail(message)
        pytest.skip(message)
    return path
