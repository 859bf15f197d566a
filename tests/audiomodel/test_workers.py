"""Workers: files are read in processes that may do little, and that are replaced whatever happens to them."""

from __future__ import annotations

import gc
import os
import platform
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import pytest

from audiomodel.confining import LIBRARY, Limits
from audiomodel.problems import AudioProblem, Reason
from audiomodel.worker import WorkerFailed
from audiomodel.workers import AHEAD, Workers
from tests.audiomodel.worker_tasks import Told, make_late, make_nothing, make_obeying, make_unequipped

FILTERED = {("Linux", "x86_64"), ("Linux", "aarch64")}
QUICK = Limits(seconds=2.0)
REPOSITORY = Path(__file__).resolve().parents[2]


@pytest.fixture
def workers():
    with Workers(make_obeying, Told, limits=QUICK) as pool:
        yield pool


def problem_of(pool: Workers[Told], name: str) -> AudioProblem:
    with pytest.raises(AudioProblem) as caught:
        pool.run(Path(name))
    return caught.value


def is_running(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def open_descriptors() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def wait_until_gone(pids: list[int], seconds: float = 10.0) -> None:
    until = time.monotonic() + seconds
    while any(map(is_running, pids)):
        assert time.monotonic() < until, pids
        time.sleep(0.02)


def test_one_process_answers_one_file_after_another(workers):
    first, second = workers.run(Path("a.mp3")), workers.run(Path("b.mp3"))
    assert (first.name, second.name) == ("a.mp3", "b.mp3")
    assert first.pid == second.pid != os.getpid()
    assert workers.pids == [first.pid]


def test_a_problem_keeps_its_reason_and_its_words(workers):
    pid = workers.run(Path("a")).pid
    problem = problem_of(workers, "problem.mp3")
    assert (problem.reason, problem.message) == (Reason.SILENT, "nothing to be heard")
    assert workers.run(Path("a")).pid == pid


@pytest.mark.parametrize(
    ("order", "reason"),
    [
        ("hang", Reason.TIMED_OUT),
        ("spin", Reason.TIMED_OUT),
        ("abort", Reason.DAMAGED),
        ("exit", Reason.DAMAGED),
        ("hoard", Reason.TOO_BIG),
        ("lie", Reason.DAMAGED),
        ("boast", Reason.DAMAGED),
    ],
)
def test_a_process_that_fails_is_replaced_and_its_file_gets_the_reason(workers, order, reason):
    pid = workers.run(Path("a")).pid
    assert problem_of(workers, order).reason is reason
    assert workers.run(Path("a")).pid != pid
    wait_until_gone([pid])


def test_an_unforeseen_error_is_one_file_s_problem_and_tells_no_path(workers):
    pid = workers.run(Path("a")).pid
    problem = problem_of(workers, "/secret/place/wrong.mp3")
    assert problem.reason is Reason.DAMAGED
    assert "ValueError" in problem.message
    assert "secret" not in problem.message
    assert workers.run(Path("a")).pid == pid


def test_a_process_that_was_killed_between_files_costs_none_of_them(workers):
    pid = workers.run(Path("a")).pid
    os.kill(pid, signal.SIGKILL)
    wait_until_gone([pid])
    assert workers.run(Path("b")).pid != pid


@pytest.mark.parametrize(("fatal", "reason"), [(signal.SIGKILL, Reason.TOO_BIG), (signal.SIGTERM, Reason.UNREADABLE)])
def test_a_process_that_is_ended_from_outside_says_nothing_lasting_of_its_file(workers, fatal, reason):
    workers.run(Path("a"))
    threading.Timer(0.3, os.kill, (workers.pids[0], fatal)).start()
    problem = problem_of(workers, "hang")
    assert (problem.reason, problem.passing) == (reason, True)


def test_a_file_that_wants_too_much_memory_goes_on_wanting_it(workers):
    problem = problem_of(workers, "hoard")
    assert (problem.reason, problem.passing) == (Reason.TOO_BIG, False)


def test_what_a_library_prints_is_not_taken_for_an_answer(workers):
    assert workers.run(Path("print")).note == "printed"
    assert workers.run(Path("a")).name == "a"


def test_processes_are_replaced_after_so_many_files():
    with Workers(make_obeying, Told, limits=Limits(files=3)) as pool:
        pids = [pool.run(Path("a")).pid for _ in range(7)]
    assert [pids.count(pid) for pid in dict.fromkeys(pids)] == [3, 3, 1]
    wait_until_gone(pids)


def test_results_come_in_the_order_of_the_files(workers):
    with Workers(make_obeying, Told, jobs=2, limits=QUICK) as pool:
        names = ["nap.1", "b", "problem", "nap.2", "abort", "c", "wrong", "d"]
        found = list(pool.run_all(map(Path, names)))
        assert len(pool.pids) <= 2
    assert [path.name for path, _ in found] == names
    failed = [path.name for path, result in found if isinstance(result, AudioProblem)]
    assert failed == ["problem", "abort", "wrong"]


def test_files_are_asked_for_a_few_at_a_time(workers):
    taken = []

    def paths():
        for number in range(100):
            taken.append(number)
            yield Path(str(number))

    results = workers.run_all(paths())
    for seen in range(1, 20):
        next(results)
        assert len(taken) <= seen + AHEAD
    results.close()


def test_many_threads_may_ask(workers):
    with Workers(make_obeying, Told, jobs=2, limits=Limits(seconds=30)) as pool, ThreadPoolExecutor(8) as threads:
        names = [str(number) for number in range(200)]
        assert [told.name for told in threads.map(lambda name: pool.run(Path(name)), names)] == names
        assert len(pool.pids) == 2


def test_a_bigger_file_may_take_longer(tmp_path):
    assert LIBRARY.deadline(10_000_000) == LIBRARY.seconds + 10 * LIBRARY.seconds_per_megabyte
    (tmp_path / "nap").write_bytes(bytes(2_000_000))
    with Workers(make_obeying, Told, limits=Limits(seconds=0.1, seconds_per_megabyte=1.0)) as pool:
        assert pool.run(tmp_path / "nap").name == "nap"
        (tmp_path / "nap").write_bytes(b"")
        assert problem_of(pool, str(tmp_path / "nap")).reason is Reason.TIMED_OUT


def test_paths_need_not_be_text(workers, tmp_path):
    for name in (b"\xff\xfe", "ü\n ☃".encode()):
        folder = tmp_path / os.fsdecode(name)
        folder.mkdir()
        (folder / "read").write_text("words")
        assert workers.run(folder / "read").note == "words"


def test_relative_paths_are_the_owner_s(workers, tmp_path, monkeypatch):
    workers.run(Path("a"))
    (tmp_path / "read").write_text("relative")
    monkeypatch.chdir(tmp_path)
    assert workers.run(Path("read")).note == "relative"


def test_the_factory_takes_plain_arguments():
    with Workers(partial(make_obeying, note="from afar"), Told) as pool:
        assert pool.run(Path("a")).note == "from afar"
    with Workers(partial(make_obeying, Path("/some/where")), Told) as pool:
        assert pool.run(Path("a")).note == "/some/where"


def test_a_factory_that_nobody_can_import_is_refused():
    with pytest.raises(TypeError, match="lambda"):
        Workers(lambda: make_obeying("inside"), Told)


def test_a_library_that_is_missing_is_named_with_the_way_to_get_it(workers):
    with pytest.raises(WorkerFailed, match=r"a_library_that_is_not_there.*pip install 'tagkin\[audio\]'"):
        workers.run(Path("lack"))
    with Workers(make_unequipped, Told) as pool, pytest.raises(WorkerFailed, match=r"pip install 'tagkin\[audio\]'"):
        pool.run(Path("a"))


def test_a_task_that_cannot_be_made_is_nobody_s_file():
    with Workers(make_nothing, Told) as pool, pytest.raises(WorkerFailed, match="there is no model"):
        pool.run(Path("a"))
    with Workers(make_late, Told, limits=Limits(start_seconds=0.5)) as pool:
        with pytest.raises(WorkerFailed, match=r"after 0\.5 seconds"):
            pool.run(Path("a"))
        assert not pool.pids


@pytest.mark.skipif((platform.system(), platform.machine()) not in FILTERED, reason="no filter of system calls here")
@pytest.mark.parametrize(
    "order",
    ["write", "append", "remove", "rename", "link", "folder", "socket", "program", "fork", "kill", "lift"],
)
def test_a_worker_changes_no_file_and_reaches_nobody(workers, tmp_path, order):
    path = tmp_path / order
    path.write_text("as it was")
    assert workers.run(path).note.startswith("refused")
    assert [entry.name for entry in tmp_path.iterdir()] == [order]
    assert path.read_text() == "as it was"


def test_a_worker_may_read_and_have_threads(workers, tmp_path):
    (tmp_path / "read").write_text("words")
    assert workers.run(tmp_path / "read").note == "words"
    assert workers.run(Path("thread")).note == "[1]"


def test_a_worker_has_limits_and_knows_no_secrets(workers, monkeypatch):
    monkeypatch.setenv("TAGKIN_WRITE_TOKEN", "secret")
    assert workers.run(Path("memory")).note == str(QUICK.memory)
    assert workers.run(Path("core")).note == "0"
    assert workers.run(Path("threads")).note == "1"
    assert "TOKEN" not in workers.run(Path("settings")).note


def test_closing_leaves_no_process_and_no_pipe():
    gc.collect()
    before = open_descriptors()
    pool = Workers(make_obeying, Told, jobs=2, limits=QUICK)
    list(pool.run_all(map(Path, ["nap", "b", "abort", "hang", "c"])))
    pids = pool.pids
    assert pids
    pool.close()
    pool.close()
    wait_until_gone(pids)
    assert not pool.pids
    assert open_descriptors() == before
    with pytest.raises(RuntimeError, match="closed"):
        pool.run(Path("a"))


def test_closing_ends_what_is_being_read():
    pool = Workers(make_obeying, Told, limits=Limits(seconds=60))
    pool.run(Path("a"))
    with ThreadPoolExecutor(3) as threads:
        futures = [threads.submit(pool.run, Path("hang")) for _ in range(3)]
        time.sleep(0.3)
        began = time.monotonic()
        pool.close()
        for future in futures:
            with pytest.raises(RuntimeError, match="closed"):
                future.result(timeout=5)
    assert time.monotonic() - began < 5


def test_an_error_while_results_are_taken_leaves_no_process():
    def stumble(pids: list[int]) -> None:
        with Workers(make_obeying, Told, jobs=2, limits=Limits(seconds=60)) as pool:
            for _ in pool.run_all(map(Path, ["a", "b", "hang", "hang", "hang"])):
                pids += pool.pids
                raise ZeroDivisionError

    pids: list[int] = []
    with pytest.raises(ZeroDivisionError):
        stumble(pids)
    assert pids
    wait_until_gone(pids)


OWNER = """
import sys, time
from pathlib import Path
from audiomodel.confining import Limits
from audiomodel.workers import Workers
from tests.audiomodel.worker_tasks import Told, make_obeying
with Workers(make_obeying, Told, jobs=2, limits=Limits(seconds=float(sys.argv[1]))) as pool:
    list(pool.run_all(map(Path, ["a", "b"])))
    print(*pool.pids, flush=True)
    list(pool.run_all(map(Path, ["hang", "hang", "hang", "hang"])))
"""


@pytest.mark.parametrize(("fatal", "seconds"), [(signal.SIGINT, 60), (signal.SIGKILL, 1)])
def test_no_worker_outlives_its_owner(fatal, seconds):
    owner = subprocess.Popen(
        [sys.executable, "-c", OWNER, str(seconds)],
        cwd=REPOSITORY,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        start_new_session=True,
    )
    with owner:
        assert owner.stdout is not None
        pids = [int(word) for word in owner.stdout.readline().split()]
        assert pids
        time.sleep(0.3)
        # As a terminal does it: to all processes of the group.
        os.killpg(owner.pid, fatal) if fatal == signal.SIGINT else owner.kill()
        owner.wait(timeout=10)
    wait_until_gone(pids)
