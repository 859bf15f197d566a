"""The web side under load: how many searches a second, how soon, and whether it stays that way.

    python -m benchmarks.http_load --soak 10 > http_load.json

`tagkin serve` with its own processes, and wrk, which asks for 2,000 different searches in turn: single tags, and pairs
that stand together on a track, as often as they do. *constant* is Flask under the same server in the same run,
answering as many bytes without any search. Load and server share the machine, so the server's own time per request is
told as well. *overload* is three times the connections that can be served; *soak* mixes API and pages and watches
errors and memory. Exit status 1 if a load saw an error that it should not, or memory grew over the soak.
"""

from __future__ import annotations

import json
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Sequence
from itertools import islice
from pathlib import Path
from typing import Any
from urllib.parse import quote_plus

import click

from benchmarks.http_catalogues import COMPLETED_TAGS, catalogue_index, completion_index, draw_queries
from benchmarks.http_server import Server, constants, pages
from benchmarks.search_latency import machine
from web.running.overload import WAITING

LUA = Path(__file__).with_name("http_load.lua")
API, PAGE = "/api/v1/search?q={}", "/search?q={}"
THREADS = 2  # of a worker, as by default
WARM_SECONDS = 3
RECOVERY_SECONDS = 10
PREFIXES = ("b", "ba", "bab", "z", "zu", "lo", "lom", "ri", "r", "te")
# Memory may grow by so much from the second fifth of a soak to the last: allocators take some minutes to settle.
FLAT_SHARE, FLAT_MB = 0.05, 8.0

Figures = dict[str, Any]


def load(server: Server, paths: Sequence[str], seconds: float, connections: int, statuses: bool = False) -> Figures:
    """Ask for paths in turn over so many connections, each as soon as it got its last answer."""
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as file:
        file.write("\n".join(paths) + "\n")
        file.flush()
        words = ["wrk", "-t1", f"-c{connections}", f"-d{round(seconds)}s", "--timeout", "10s", "-s", str(LUA)]
        words += [server.address, "--", file.name, *(["statuses"] if statuses else [])]
        said = subprocess.run(words, capture_output=True, text=True, check=True).stdout
    figures: Figures = json.loads(said[said.rindex('{"requests"') :])
    return {"requests_per_second": round(figures["requests"] / figures["seconds"], 1), "connections": connections} | {
        name: value for name, value in figures.items() if name != "statuses" or statuses
    }


def errors(figures: Figures) -> int:
    """Count what went wrong in a load that the server should bear."""
    return int(figures["statuses_above_399"]) + sum(figures["broken"].values())


def measured_load(server: Server, paths: Sequence[str], seconds: float, connections: int) -> Figures:
    """Load after warming up, with the memory before and after."""
    load(server, paths, WARM_SECONDS, connections)
    before, began = server.memory(), server.seconds_of_work()
    figures = load(server, paths, seconds, connections)
    worked = server.seconds_of_work() - began
    return figures | {
        "server_ms_per_request": round(1e3 * worked / figures["requests"], 3),
        "errors": errors(figures),
        "memory_before": before,
        "memory_after": server.memory(),
    }


def percentiles(seconds: Sequence[float]) -> Figures:
    """Return percentiles in milliseconds."""
    cuts = statistics.quantiles(seconds, n=100)
    return {"p50_ms": round(1e3 * cuts[49], 2), "p99_ms": round(1e3 * cuts[98], 2), "asked": len(seconds)}


def first_bytes(server: Server, paths: Iterable[str]) -> list[float]:
    """Time each path from asking until the head of the answer is there, one after the other, nothing else going on."""
    connection, times = server.connection(), []
    for path in paths:
        began = time.perf_counter()
        connection.request("GET", path)
        answer = connection.getresponse()
        times.append(time.perf_counter() - began)
        assert answer.status == 200, path
        answer.read()
    connection.close()
    return times


def fetch(server: Server, path: str) -> bytes:
    """Return the body of an answer."""
    connection = server.connection()
    connection.request("GET", path)
    body = connection.getresponse().read()
    connection.close()
    return body


def weight(server: Server, paths: Sequence[str]) -> Figures:
    """Return the bytes of pages with 20 hits, uncompressed: markup, and with the styles and scripts that it links."""
    markup = [one for one in (fetch(server, path) for path in paths) if one.count(b'<li class="hit"') >= 20]
    linked = sorted(set(re.findall(rb'(?:href|src)="(/static/[^"]+\.(?:css|js)[^"]*)"', markup[0])))
    files = sum(len(fetch(server, path.decode())) for path in linked)
    sizes = [len(one) for one in markup]
    return {
        "pages": len(sizes),
        "mean_bytes": round(statistics.mean(sizes)),
        "largest_bytes": max(sizes),
        "styles_and_scripts_bytes": files,
        "largest_with_styles_and_scripts_bytes": max(sizes) + files,
    }


def mean_size(server: Server, paths: Sequence[str]) -> int:
    return round(statistics.mean(len(fetch(server, path)) for path in paths))


def overload(server: Server, paths: Sequence[str], seconds: float, workers: int, light: int) -> Figures:
    """Come with three times the connections that can be served, then with few: most are refused, then none."""
    usual = load(server, paths, seconds / 2, light)
    connections = 3 * workers * (THREADS + WAITING)
    flood = load(server, paths, seconds, connections, statuses=True)
    began, in_a_row = time.perf_counter(), 0
    while in_a_row < 20 and time.perf_counter() - began < RECOVERY_SECONDS:
        (took,) = first_bytes(server, paths[:1])
        in_a_row = in_a_row + 1 if took < usual["p99_ms"] / 1e3 else 0
    recovery = time.perf_counter() - began
    after = load(server, paths, seconds / 2, light)
    return {
        "flood": flood,
        "served_per_second": round(flood["statuses"].get("200", 0) / flood["seconds"], 1),
        "recovered_seconds": round(recovery, 2),
        "before": usual,
        "after": after,
        "memory_after": server.memory(),
        "errors": errors(usual)
        + errors(after)
        + sum(flood["broken"].values())
        + sum(n for status, n in flood["statuses"].items() if status not in {"200", "429", "503"}),
    }


def soak(server: Server, paths: Sequence[str], minutes: float, connections: int) -> Figures:
    """Load for minutes on end, and look at the memory twenty times on the way."""
    samples, parts = [], 20
    figures = []
    for part in range(parts):
        figures.append(load(server, paths[part:] + paths[:part], 60 * minutes / parts, connections))
        samples.append(server.memory()["own_mb"])
    early, late = statistics.median(samples[parts // 5 : 2 * parts // 5]), statistics.median(samples[-parts // 5 :])
    return {
        "minutes": minutes,
        "requests": sum(one["requests"] for one in figures),
        "requests_per_second": [one["requests_per_second"] for one in figures],
        "p99_ms": max(one["p99_ms"] for one in figures),
        "errors": sum(errors(one) for one in figures),
        "own_mb": samples,
        "flat": late - early <= max(FLAT_MB, FLAT_SHARE * early),
    }


def measure(kind: str, index: Path, seconds: float, workers: int, connections: int, minutes: float) -> Figures:
    """Measure one catalogue."""
    queries = [quote_plus(query) for query in draw_queries(index)]
    api, page = [API.format(query) for query in queries], [PAGE.format(query) for query in queries]
    result: Figures = {"catalogue": kind, "queries": len(queries), "workers": workers}
    with pages(index, workers) as server:
        load(server, api + page, WARM_SECONDS, connections)
        sizes = [mean_size(server, paths[:200]) for paths in (api, page)]
        result["page"] = weight(server, page[:200]) | {"first_byte": percentiles(first_bytes(server, page[:500]))}
        result["api"] = {"mean_bytes": sizes[0], "first_byte": percentiles(first_bytes(server, api[:500]))}
        result["api_load"] = measured_load(server, api, seconds, connections)
        result["page_load"] = measured_load(server, page, seconds, connections)
        result["overload"] = overload(server, api, seconds, workers, connections)
        if minutes:
            mixed = [path for pair in zip(api, page, strict=True) for path in pair]
            result["soak"] = soak(server, mixed, minutes, connections)
    with constants(sizes, workers) as server:
        for number, name in enumerate(("api", "page")):
            result[f"{name}_constant_load"] = measured_load(server, [f"/{number}"], seconds, connections)
    return result


def measure_completion(folder: Path) -> Figures:
    """Time completion at 10,000 tags: the whole round trip, of which the server's own time is a part."""
    with pages(completion_index(folder), workers=1) as server:
        paths = [f"/api/v1/tags?prefix={prefix}&k=8" for prefix in PREFIXES]
        first_bytes(server, paths)
        times = first_bytes(server, islice((path for _ in range(100) for path in paths), 1_000))
    return {"tags": COMPLETED_TAGS, "round_trip": percentiles(times)}


def faults(results: Iterable[Figures]) -> list[str]:
    """Say what should not have happened."""
    found = []
    for result in results:
        for name, figures in result.items():
            if isinstance(figures, dict) and figures.get("errors"):
                found.append(f"{result['catalogue']}: {figures['errors']} errors in {name}")
        if not result.get("soak", {}).get("flat", True):
            found.append(f"{result['catalogue']}: memory grew: {result['soak']['own_mb']}")
    return found


@click.command()
@click.option(
    "--catalogue", "kinds", multiple=True, default=("real", "zipf:106574"), show_default=True, help="real, or zipf:N."
)
@click.option("--data-dir", envvar="TAGKIN_DATA", default="data", show_default=True, help="For the real catalogue.")
@click.option("--seconds", default=15.0, show_default=True, help="Length of one load.")
@click.option("--connections", default=16, show_default=True, help="Of a load that is to be borne.")
@click.option("--workers", default=2, show_default=True, help="Server processes.")
@click.option("--soak", "minutes", default=0.0, show_default=True, help="Minutes of soak, on the first catalogue.")
def main(
    kinds: tuple[str, ...], data_dir: str, seconds: float, connections: int, workers: int, minutes: float
) -> None:
    """Measure searches over HTTP; JSON to stdout."""
    if shutil.which("wrk") is None:
        click.echo("http_load: no wrk on the PATH, which makes the load. Install it: apt-get install wrk", err=True)
        sys.exit(2)
    results = []
    with tempfile.TemporaryDirectory() as folder:
        print("completion …", file=sys.stderr)
        completion = measure_completion(Path(folder) / "completion")
        for number, kind in enumerate(kinds):
            print(f"{kind} …", file=sys.stderr)
            index = catalogue_index(kind, data_dir, Path(folder) / str(number))
            results.append(measure(kind, index, seconds, workers, connections, 0 if number else minutes))
    print(json.dumps({"machine": machine(), "completion": completion, "results": results}, indent=2))
    if found := faults(results):
        sys.exit("\n".join(found))


if __name__ == "__main__":
    main()
