"""How operations are sent: what goes again, what is refused, what ends everything, and how much waits."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from search.elastic import bulk
from search.elastic.address import ElasticAddress
from search.elastic.bulk import BulkSender, Line
from search.elastic.connection import Connection
from search.engine import BadIndex, IndexBusy, NotLetIn, SearchUnavailable
from tests.faults.fake_server import ELASTICSEARCH, FakeServer
from tests.faults.http_messages import Answer, Request, json_answer

HEADERS = tuple(ELASTICSEARCH.items())
BULK = "/*/_bulk"


def lines(*ids: str, size: int = 10) -> list[Line]:
    return [Line(one, f'{{"index":{{"_id":"{one}"}}}}\n'.encode(), b'"' + b"x" * size + b'"\n') for one in ids]


def sent_ids(request: Request) -> list[str]:
    """Ids of the operations in a request."""
    return [json.loads(line)["index"]["_id"] for line in request.body.splitlines()[::2]]


def answer_items(status_of: Callable[[str], int]) -> Callable[[Request], Answer]:
    """Answer each operation with a status of its own."""

    def item(one: str) -> dict[str, Any]:
        status = status_of(one)
        error = {} if status < 300 else {"error": {"type": "some_exception", "reason": f"because of {one}"}}
        return {"index": {"status": status, **error}}

    def answer(request: Request) -> Answer:
        items = [item(one) for one in sent_ids(request)]
        return json_answer(200, {"errors": any("error" in one["index"] for one in items), "items": items}, HEADERS)

    return answer


@pytest.fixture
def server() -> Iterator[FakeServer]:
    with FakeServer() as server:
        server.answers_by("POST", BULK, answer_items(lambda _: 201))
        yield server


def sender_to(server: FakeServer, patience: float = 30.0, requests: int = 2, **options: Any) -> BulkSender:
    address = ElasticAddress((server.url,), "t", timeout=2.0, requests=requests)
    return BulkSender(Connection(address), ["t-tracks-000001"], patience, **options)


def test_what_the_server_has_no_room_for_goes_again_alone(server: FakeServer) -> None:
    server.answers_by("POST", BULK, answer_items(lambda one: 429 if one == "b" else 201), times=2)
    sender = sender_to(server)
    sender.send(lines("a", "b", "c"))
    sender.wait()
    assert [sent_ids(request) for request in server.requests] == [["a", "b", "c"], ["b"], ["b"]]
    assert sender.take_refused() == []
    assert sender.close()


def test_only_documents_that_are_bad_themselves_are_refused(server: FakeServer) -> None:
    statuses = {"bad": 400, "newer": 409, "good": 201}
    server.answers_by("POST", BULK, answer_items(statuses.__getitem__))
    sender = sender_to(server)
    sender.send(lines(*statuses))
    sender.wait()
    assert sender.take_refused() == [("bad", "some_exception: because of bad")]
    assert sender.take_refused() == []
    assert len(server.requests) == 1
    sender.close()


def test_a_document_at_which_the_server_breaks_is_refused_in_the_end(server: FakeServer) -> None:
    server.answers_by("POST", BULK, answer_items(lambda one: 500 if one == "odd" else 201))
    sender = sender_to(server)
    sender.send(lines("odd", "good"))
    sender.wait()
    assert [one.track_id for one in sender.take_refused()] == ["odd"]
    assert 2 < len(server.requests) < 8
    sender.close()


@pytest.mark.parametrize(("status", "kind"), [(403, SearchUnavailable), (404, BadIndex)])
def test_an_index_that_is_closed_or_gone_ends_everything_and_refuses_nothing(
    server: FakeServer, status: int, kind: type[Exception]
) -> None:
    server.answers_by("POST", BULK, answer_items(lambda _: status))
    sender = sender_to(server, patience=1.0)
    sender.send(lines("a", "b"))
    with pytest.raises(kind):
        sender.wait()
    assert sender.take_refused() == []
    sender.close()


def test_a_request_that_is_too_large_is_halved_and_a_document_too_large_refused(server: FakeServer) -> None:
    def answer(request: Request) -> Answer:
        if len(request.body) > 500:
            return json_answer(413, {"error": "too large"}, HEADERS)
        return answer_items(lambda _: 201)(request)

    server.answers_by("POST", BULK, answer)
    sender = sender_to(server)
    sender.send([*lines(*"abcdefgh", size=100), *lines("huge", size=1_000)])
    sender.wait()
    (refused,) = sender.take_refused()
    assert refused.track_id == "huge"
    assert "too large for the server: 1,0" in refused.reason
    taken = [one for request in server.requests if len(request.body) <= 500 for one in sent_ids(request)]
    assert sorted(taken) == list("abcdefgh")
    sender.close()


def test_a_login_that_is_refused_is_not_tried_for_long(server: FakeServer) -> None:
    server.answers("POST", BULK, {"error": {"type": "security_exception", "reason": "no"}}, status=401)
    sender = sender_to(server, patience=60)
    sender.send(lines("a"))
    started = time.monotonic()
    with pytest.raises(NotLetIn, match="wants to know who asks"):
        sender.wait()
    assert time.monotonic() - started < 5
    sender.close()


def test_nothing_is_sent_that_may_not_be_and_the_first_reason_comes_back_from_then_on(server: FakeServer) -> None:
    def may_send() -> None:
        if server.requests:
            raise IndexBusy("another one writes")

    sender = sender_to(server, requests=1, may_send=may_send)
    sender.send(lines("a"))
    sender.wait()
    sender.send(lines("b"))
    with pytest.raises(IndexBusy, match="another one writes"):
        sender.wait()
    with pytest.raises(IndexBusy):
        sender.send(lines("c"))
    assert [sent_ids(request) for request in server.requests] == [["a"]]
    assert sender.close()


def test_patience_ends_with_what_the_server_said_last(server: FakeServer) -> None:
    server.answers_by("POST", BULK, answer_items(lambda _: 429))
    sender = sender_to(server, patience=0.5)
    sender.send(lines("a"))
    with pytest.raises(SearchUnavailable, match="too much to do: because of a"):
        sender.wait()
    sender.close()


def test_batches_are_done_in_order_however_their_requests_end(server: FakeServer) -> None:
    held = threading.Event()

    def answer(request: Request) -> Answer:
        if sent_ids(request) == ["slow"]:
            held.wait(30)
        return answer_items(lambda _: 201)(request)

    server.answers_by("POST", BULK, answer)
    sender = sender_to(server)
    assert sender.done_through() == 0
    assert [sender.send(lines(one)) for one in ("first", "slow", "third")] == [1, 2, 3]
    assert sender.send([]) == 4
    deadline = time.monotonic() + 30
    while len(server.requests) < 3 and time.monotonic() < deadline:
        time.sleep(0.01)
    time.sleep(0.1)
    assert sender.done_through() == 1
    held.set()
    sender.wait()
    assert sender.done_through() == 4
    sender.close()


def test_whoever_brings_more_than_a_few_requests_waits(server: FakeServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bulk, "REQUEST_BYTES", 1_000)
    held = threading.Event()

    def answer(request: Request) -> Answer:
        held.wait(30)
        return answer_items(lambda _: 201)(request)

    server.answers_by("POST", BULK, answer)
    sender = sender_to(server)
    brought = 0

    def bring() -> None:
        nonlocal brought
        for number in range(20):
            sender.send(lines(str(number), size=900))
            brought += 1

    thread = threading.Thread(target=bring)
    thread.start()
    until = time.monotonic() + 30
    while (brought, len(server.requests)) != (2 + bulk._WAITING, 2) and time.monotonic() < until:
        time.sleep(0.01)
    time.sleep(0.2)  # and there it stays
    assert brought == 2 + bulk._WAITING, "two are in flight, a few wait"
    assert len(server.requests) == 2
    held.set()
    thread.join(30)
    sender.wait()
    assert sorted(one for request in server.requests for one in sent_ids(request)) == sorted(map(str, range(20)))
    sender.close()


def test_whoever_waits_for_room_hears_of_a_failure(server: FakeServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bulk, "REQUEST_BYTES", 1_000)
    server.answers_by("POST", BULK, answer_items(lambda _: 429))
    sender = sender_to(server, patience=0.5)

    def bring() -> None:
        for number in range(50):
            sender.send(lines(str(number), size=900))

    with pytest.raises(SearchUnavailable):
        bring()
    assert sender.close()


def test_less_is_in_flight_while_the_server_has_no_room_and_more_again_afterwards(server: FakeServer) -> None:
    flow = bulk._Flow(4)
    for _ in range(3):
        flow.enter()
        flow.leave(enough_room=False)
    assert flow._limit == 1.0
    for _ in range(20):
        flow.enter()
        flow.leave(enough_room=True)
    assert flow._limit == 4.0


@pytest.mark.parametrize("n", [1, 7, 100, 1_000])
@pytest.mark.parametrize("size", [10, 5_000, 60_000])
def test_requests_are_of_one_size(n: int, size: int) -> None:
    all_lines = lines(*map(str, range(n)), size=size)
    parts = list(bulk._parts(all_lines))
    assert [line for part in parts for line in part] == all_lines
    sizes = [sum(line.size for line in part) for part in parts]
    assert max(sizes) <= bulk.REQUEST_BYTES + size + 100
    assert min(sizes) > max(sizes) - 2 * (size + 100), "no small rest"


def test_no_lines_are_no_request() -> None:
    assert list(bulk._parts([])) == []
