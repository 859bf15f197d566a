"""A small server, and a proxy before it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.faults.proxy import FaultProxy
from tests.faults.small_upstream import SmallUpstream


@pytest.fixture
def upstream() -> Iterator[SmallUpstream]:
    with SmallUpstream() as server:
        yield server


@pytest.fixture
def proxy(upstream: SmallUpstream) -> Iterator[FaultProxy]:
    with FaultProxy(upstream.url, seed=1) as proxy:
        yield proxy
