"""What a killed run left on a server that was given goes with the next run, and nothing else does."""

from __future__ import annotations

import os
import time
from pathlib import Path

from tests.faults.fake_server import FakeServer
from tests.servers.leftovers import OLD_SECONDS, remove_leftovers

# No process has such a number.
NOBODY = int(Path("/proc/sys/kernel/pid_max").read_text()) + 1
LEFT = [f"fence-{NOBODY}-3-tracks-000001", f"tagkin-parity-{NOBODY}-about-000002"]
OTHERS = [f"fence-{os.getpid()}-3-tracks-000001", f"music-of-{NOBODY}", f"music{NOBODY}-tracks-000001"]


def test_only_what_is_of_a_run_that_is_no_more_and_old_goes() -> None:
    old = int((time.time() - OLD_SECONDS) * 1000) - 1
    rows = [{"index": name, "creation.date": str(old)} for name in (*LEFT, *OTHERS)]
    rows.append({"index": f"bulk-{NOBODY}-1-tracks-000001", "creation.date": str(old + 60_000)})
    with FakeServer() as server:
        server.answers("GET", "/_cat/indices", rows)
        server.answers("DELETE", "/*", {"acknowledged": True})
        assert remove_leftovers(server.url) == LEFT
        assert [one.path for one in server.requests if one.method == "DELETE"] == [f"/{name}" for name in LEFT]
