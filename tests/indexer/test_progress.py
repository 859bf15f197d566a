"""A run says how far it is: a bar in a terminal, lines elsewhere, never on stdout."""

from __future__ import annotations

import os
import pty
import subprocess
import sys

import pytest

from indexer import progress
from indexer.progress import ProgressBar, ProgressLines, open_progress


def test_lines_come_every_few_seconds_with_count_and_rate(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [100.0]
    monkeypatch.setattr(progress.time, "monotonic", lambda: now[0])
    with ProgressLines() as lines:
        lines.begin("a.csv")
        for _ in range(12):
            now[0] += 1
            lines.advance(2_000)
    assert capsys.readouterr() == ("", "a.csv: 10,000 rows, 2,000 a second\na.csv: 20,000 rows, 2,000 a second\n")


def test_where_the_total_is_known_it_is_told_how_long_the_rest_takes_at_the_pace_of_the_last_minute(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [100.0]
    monkeypatch.setattr(progress.time, "monotonic", lambda: now[0])
    lines = ProgressLines()
    lines.begin("music", "files", 200_000)
    lines.advance(100_000)  # remembered from an earlier run
    for _ in range(200):
        now[0] += 1
        lines.advance(4)
    said = capsys.readouterr().err.splitlines()
    assert said[-1] == "music: 100,800 of 200,000 files, 4.0 a second, 6 h 54 min left"


def test_a_file_gets_lines_and_a_terminal_a_bar(monkeypatch: pytest.MonkeyPatch) -> None:
    assert isinstance(open_progress(), ProgressLines)
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    assert isinstance(open_progress(), ProgressBar)


def test_a_bar_shows_labels_as_they_are_and_keeps_what_is_said() -> None:
    code = (
        "import time; from indexer.progress import open_progress\n"
        "with open_progress() as bar:\n"
        "    bar.begin('[red] a.csv'); bar.advance(1234); bar.say('rejected [x] line 1')\n"
        "    time.sleep(0.5)\n"
    )
    ours, theirs = pty.openpty()
    run = subprocess.run([sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=theirs, check=True, timeout=30)
    os.close(theirs)
    shown = os.read(ours, 100_000).decode()
    os.close(ours)
    assert run.stdout == b""
    assert "rejected [x] line 1" in shown
    assert "[red] a.csv" in shown
    assert "1,234 rows" in shown
