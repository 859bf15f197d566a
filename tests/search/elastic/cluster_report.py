"""What a cluster under blows looked like to those who searched: gaps, a table for programs, a picture for people."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from html import escape
from pathlib import Path
from typing import Any

import orjson

from tests.search.elastic.cluster_searches import Outcome

REPORTS = "TAGKIN_REPORTS"

_WIDTH, _HEIGHT, _MARGIN = 960, 320, 48  # pixels
_ANSWERED, _AWAY, _LINE = "#4a7fb0", "#c0392b", "#444444"


@dataclass(frozen=True)
class Event:
    """What was done to the servers; `at` in seconds since the first search."""

    at: float
    what: str


@dataclass(frozen=True)
class Gap:
    """Some time without answers.

    Parameters
    ----------
    begun
        When the first search that failed was asked, in seconds since the first search.
    seconds
        Until the next answer to a search that was asked later.
    failed
        Searches.
    after
        What was done last before.
    """

    begun: float
    seconds: float
    failed: int
    after: str


def gaps(outcomes: Sequence[Outcome], events: Sequence[Event]) -> list[Gap]:
    """Return the times in which searches failed."""
    found: list[Gap] = []
    answered = sorted((one.begun, one.begun + one.took) for one in outcomes if not one.away)
    for failed in sorted((one for one in outcomes if one.away), key=lambda one: one.begun):
        if found and failed.begun < found[-1].begun + found[-1].seconds:
            last = found[-1]
            found[-1] = Gap(last.begun, last.seconds, last.failed + 1, last.after)
            continue
        later = [ended for begun, ended in answered if begun > failed.begun]
        end = min(later, default=float("inf"))
        before = [event.what for event in events if event.at <= failed.begun]
        found.append(Gap(failed.begun, end - failed.begun, 1, before[-1] if before else ""))
    return found


def write_report(folder: Path, name: str, outcomes: Sequence[Outcome], events: Sequence[Event], **more: Any) -> str:
    """Write the report into a folder, and where `TAGKIN_REPORTS` says; return it as text."""
    ordered = sorted(outcomes, key=lambda one: one.begun)
    text = _text(ordered, events, more)
    values = {
        **more,
        "events": [asdict(event) for event in events],
        "gaps": [asdict(gap) for gap in gaps(ordered, events)],
        "outcomes": [asdict(one) for one in ordered],
    }
    folders = [folder, *([Path(os.environ[REPORTS])] if os.environ.get(REPORTS) else [])]
    for each in folders:
        each.mkdir(parents=True, exist_ok=True)
        (each / f"{name}.json").write_bytes(orjson.dumps(values, option=orjson.OPT_INDENT_2))
        (each / f"{name}.txt").write_text(text, encoding="utf-8")
        (each / f"{name}.svg").write_text(_picture(ordered, events), encoding="utf-8")
    return text


def _text(outcomes: Sequence[Outcome], events: Sequence[Event], more: dict[str, Any]) -> str:
    failed = [one for one in outcomes if one.away]
    lines = [f"{name}: {value}" for name, value in more.items()]
    lines.append(f"searches: {len(outcomes)}, of which {len(failed)} failed")
    times = sorted(one.took for one in outcomes if not one.away) or [0.0]
    lines.append(
        f"answers after: median {times[len(times) // 2]:.3f} s, 99 % {times[len(times) * 99 // 100]:.3f} s, "
        f"longest {times[-1]:.2f} s"
    )
    for event, until in zip(events, [*[event.at for event in events[1:]], float("inf")], strict=True):
        between = [one for one in outcomes if event.at <= one.begun < until]
        longest = max((one.took for one in between), default=0.0)
        n_failed = sum(bool(one.away) for one in between)
        lines.append(f"{event.at:7.1f} s  {event.what}: {n_failed} of {len(between)} failed, longest {longest:.2f} s")
    for gap in gaps(outcomes, events):
        lines.append(f"gap at {gap.begun:.1f} s, {gap.seconds:.2f} s, {gap.failed} failed (after: {gap.after})")
    lines += [f"  {count} x {words[:300]}" for words, count in Counter(one.away for one in failed).most_common(20)]
    return "\n".join(lines) + "\n"


def _picture(outcomes: Sequence[Outcome], events: Sequence[Event]) -> str:
    """Return searches per second as bars, failed ones on top in red, and a line for each event."""
    seconds = int(max((one.begun for one in outcomes), default=0)) + 1
    answered = Counter(int(one.begun) for one in outcomes if not one.away)
    away = Counter(int(one.begun) for one in outcomes if one.away)
    most = max([answered[at] + away[at] for at in range(seconds)] or [1])
    across, up = (_WIDTH - 2 * _MARGIN) / seconds, (_HEIGHT - 3 * _MARGIN) / most
    floor = _HEIGHT - _MARGIN
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" font-family="sans-serif" '
        f'font-size="11"><title>What became of the searches of each second while servers die</title>'
        f'<rect width="{_WIDTH}" height="{_HEIGHT}" fill="white"/>'
    ]
    for at in range(seconds):
        bottom = float(floor)
        for count, color in ((answered[at], _ANSWERED), (away[at], _AWAY)):
            height = count * up
            bottom -= height
            if count:
                parts.append(
                    f'<rect x="{_MARGIN + at * across:.1f}" y="{bottom:.1f}" width="{across * 0.9:.1f}" '
                    f'height="{height:.1f}" fill="{color}"/>'
                )
    for row, event in enumerate(events):
        x, y = _MARGIN + event.at * across, 14 + row % 5 * 14
        parts.append(f'<path d="M{x:.1f} {y}V{floor}" stroke="{_LINE}" stroke-dasharray="3 3"/>')
        anchor = "end" if x > _WIDTH * 0.8 else "start"
        parts.append(f'<text x="{x:.1f}" y="{y}" text-anchor="{anchor}" dx="{-3 if anchor == "end" else 3}">')
        parts.append(f"{escape(event.what)}</text>")
    parts.append(f'<text x="4" y="{floor - most * up:.0f}">{most}/s</text><text x="4" y="{floor}">0</text>')
    for at in range(0, seconds, max(10, seconds // 100 * 10)):
        parts.append(f'<text x="{_MARGIN + at * across:.1f}" y="{floor + 16}">{at} s</text>')
    parts.append(f'<text x="{_MARGIN}" y="{floor + 34}" fill="{_ANSWERED}">answered</text>')
    parts.append(f'<text x="{_MARGIN + 70}" y="{floor + 34}" fill="{_AWAY}">failed</text></svg>')
    return "".join(parts)
