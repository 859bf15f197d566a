"""Items of bulk requests that the proxy refuses: really not written, said so at their places, the same each time."""

from __future__ import annotations

import gzip
import json
import threading
from collections.abc import Callable
from typing import Any

import pytest
import requests

from tests.faults.bulk_items import filtered, read_items, with_refusals
from tests.faults.choosing import Fault, Faults, is_among, to
from tests.faults.proxy import FaultProxy
from tests.faults.small_upstream import SmallUpstream

IDS = [f"t:{i}" for i in range(300)]


def bulk_body(ids: list[str], action: str = "index", **about: str) -> bytes:
    rows: list[dict[str, Any]] = []
    for each in ids:
        rows.append({action: {"_id": each, **about}})
        if action != "delete":
            rows.append({"title": f"Title\n{each}"})
    return b"".join(json.dumps(row).encode() + b"\n" for row in rows)


def send(url: str, body: bytes, path: str = "/tracks/_bulk", **headers: str) -> Any:
    answer = requests.post(url + path, data=body, headers=headers, timeout=10)
    assert answer.status_code == 200
    return answer.json()


def statuses(content: Any) -> dict[str, int]:
    """Return the status of each document in the answer, in its order."""
    return {about["_id"]: about["status"] for item in content["items"] for about in item.values()}


def written(upstream: SmallUpstream, index: str = "tracks") -> list[str]:
    return [document for name, document in upstream.documents if name == index]


def in_threads(n_threads: int, work: Callable[[int], None]) -> None:
    threads = [threading.Thread(target=work, args=(n,)) for n in range(n_threads)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def test_refused_documents_are_not_written_and_stand_at_their_places(
    upstream: SmallUpstream, proxy: FaultProxy
) -> None:
    proxy.faults = Faults(share_refused=0.2)
    content = send(proxy.url, bulk_body(IDS))
    refused = {document for document in IDS if proxy.refuses(document)}
    assert 32 <= len(refused) <= 88  # four standard deviations around 60
    assert content["errors"] is True
    assert statuses(content) == {each: 400 if each in refused else 201 for each in IDS}
    assert list(statuses(content)) == IDS
    assert written(upstream) == [each for each in IDS if each not in refused]
    assert proxy.counts["items refused"] == len(refused)


def test_a_refusal_of_an_item_reads_like_one_of_elasticsearch(proxy: FaultProxy) -> None:
    for faults, status, kind in (
        (Faults(share_refused=1.0), 400, "document_parsing_exception"),
        (Faults(share_busy=1.0), 429, "es_rejected_execution_exception"),
    ):
        proxy.faults = faults
        (item,) = send(proxy.url, bulk_body(["a"]))["items"]
        error = item["index"].pop("error")
        assert item == {"index": {"_index": "tracks", "_id": "a", "status": status}}
        assert error["type"] == kind
        assert error["reason"]


def test_the_same_documents_are_refused_each_time_by_every_proxy_of_a_seed(upstream: SmallUpstream) -> None:
    runs = []
    for seed, ids in ((1, IDS), (1, IDS[::-1]), (2, IDS)):
        with FaultProxy(upstream.url, seed=seed) as proxy:
            proxy.faults = Faults(share_refused=0.2)
            first, again = (statuses(send(proxy.url, bulk_body(ids))) for _ in range(2))
            refused = {each for each, status in first.items() if status == 400}
            assert refused == {each for each, status in again.items() if status == 400}
            runs.append(refused)
    assert runs[0] == runs[1]
    assert runs[0] != runs[2]


def test_busy_documents_are_refused_once_in_each_index(upstream: SmallUpstream, proxy: FaultProxy) -> None:
    proxy.faults = Faults(share_busy=0.3)
    delayed = [each for each in IDS if proxy.delays(each)]
    assert 58 <= len(delayed) <= 122  # four standard deviations around 90
    for index in ("one", "two"):
        first = statuses(send(proxy.url, bulk_body(IDS), f"/{index}/_bulk"))
        assert [each for each, status in first.items() if status == 429] == delayed
        assert written(upstream, index) == [each for each in IDS if each not in delayed]
        second = send(proxy.url, bulk_body(delayed), f"/{index}/_bulk")
        assert (second["errors"], set(statuses(second).values())) == (False, {201})
        assert sorted(written(upstream, index)) == sorted(IDS)


def test_setting_faults_anew_makes_documents_busy_anew(proxy: FaultProxy) -> None:
    for written_as in (201, 200):
        proxy.faults = Faults(share_busy=1.0)
        assert [statuses(send(proxy.url, bulk_body(["a"])))["a"] for _ in range(2)] == [429, written_as]
    assert proxy.counts["items busy"] == 2


def test_a_bulk_request_of_refused_documents_alone_is_not_forwarded(upstream: SmallUpstream, proxy: FaultProxy) -> None:
    proxy.faults = Faults(share_refused=1.0)
    content = send(proxy.url, bulk_body(["a", "b"]))
    assert (content["errors"], statuses(content)) == (True, {"a": 400, "b": 400})
    assert upstream.seen == []


def test_deleting_is_never_refused_for_good_but_may_be_put_off(upstream: SmallUpstream, proxy: FaultProxy) -> None:
    send(proxy.url, bulk_body(["a"]))
    proxy.faults = Faults(share_refused=1.0, share_busy=1.0)
    assert statuses(send(proxy.url, bulk_body(["a"], "delete"))) == {"a": 429}
    assert written(upstream) == ["a"]
    assert statuses(send(proxy.url, bulk_body(["a"], "delete"))) == {"a": 200}
    assert written(upstream) == []


def test_only_items_of_the_indices_that_are_meant_are_refused(upstream: SmallUpstream, proxy: FaultProxy) -> None:
    proxy.faults = Faults(share_refused=1.0, items_in="*-tracks-*")
    body = bulk_body(["a"], _index="k-tracks-000001") + bulk_body(["a", "b"], _index="k-about-000001")
    content = send(proxy.url, body, "/_bulk")
    assert [item["index"]["status"] for item in content["items"]] == [400, 201, 201]
    assert set(upstream.documents) == {("k-about-000001", "a"), ("k-about-000001", "b")}


def test_requests_that_are_not_meant_keep_their_items(proxy: FaultProxy) -> None:
    proxy.faults = Faults(share_refused=1.0, where=to("/other/_bulk"))
    assert statuses(send(proxy.url, bulk_body(["a"]))) == {"a": 201}


def test_a_zipped_bulk_request_is_not_spared(upstream: SmallUpstream, proxy: FaultProxy) -> None:
    proxy.faults = Faults(share_refused=0.2)
    send(proxy.url, gzip.compress(bulk_body(IDS)), **{"Content-Encoding": "gzip"})
    assert written(upstream) == [each for each in IDS if not proxy.refuses(each)]


def test_items_are_refused_in_requests_that_meet_a_fault_as_well(upstream: SmallUpstream, proxy: FaultProxy) -> None:
    proxy.faults = Faults(share_refused=0.2)
    proxy.next_faults(Fault.RESET_AFTER)
    with pytest.raises(requests.ConnectionError, match="reset"):
        send(proxy.url, bulk_body(IDS))
    assert written(upstream) == [each for each in IDS if not proxy.refuses(each)]


def test_an_answer_in_chunks_stays_one(proxy: FaultProxy) -> None:
    proxy.faults = Faults(share_refused=0.2)
    answer = requests.post(proxy.url + "/chunks/_bulk", data=bulk_body(IDS), timeout=10)
    assert answer.headers["Transfer-Encoding"] == "chunked"
    assert list(statuses(answer.json())) == IDS


def test_twenty_clients_at_once_meet_the_same_refusals(upstream: SmallUpstream, proxy: FaultProxy) -> None:
    proxy.faults = Faults(share_refused=0.1, share_busy=0.2)
    found: dict[str, list[int]] = {}

    def write(n: int) -> None:
        body = bulk_body([f"{n}:{i}" for i in range(50)])
        first, second = (statuses(send(proxy.url, body)) for _ in range(2))
        found.update({each: [first[each], second[each]] for each in first})

    in_threads(20, write)

    def expected(document: str) -> list[int]:
        if proxy.refuses(document):
            return [400, 400]
        return [429, 201] if proxy.delays(document) else [201, 200]

    assert found == {each: expected(each) for each in found}
    assert len(found) == 1000
    assert set(written(upstream)) == {each for each in found if not proxy.refuses(each)}


# The parts by themselves


def test_a_bulk_body_comes_apart_into_its_actions() -> None:
    body = (
        b'{"create":{"_id":"1"}}\n{"a":1}\n\n{"delete":{"_index":"other","_id":"2"}}\n'
        b'{"index":{}}\n{"a":2}\n{"update":{"_id":"3"}}\n{"doc":{}}\n'
    )
    items = read_items(body, "/x/_bulk")
    assert [(item.action, item.index, item.document) for item in items] == [
        ("create", "x", "1"),
        ("delete", "other", "2"),
        ("index", "x", ""),
        ("update", "x", "3"),
    ]
    assert b"".join(item.lines for item in items) == body.replace(b"\n\n", b"\n")


def test_refusals_keep_errors_that_the_server_reported() -> None:
    answer = {"took": 1, "errors": True, "items": ["b"]}
    assert with_refusals(answer, {}) == answer
    assert with_refusals(answer, {0: {"a": 1}, 2: {"c": 1}})["items"] == [{"a": 1}, "b", {"c": 1}]


@pytest.mark.parametrize(
    ("patterns", "expected"),
    [
        ("errors", {"errors": True}),
        ("took,nothing", {"took": 3}),
        ("items.*.error", {"items": [{"index": {"error": {"type": "t", "reason": "r"}}}]}),
        ("items.*.error.type", {"items": [{"index": {"error": {"type": "t"}}}]}),
        ("items.index._id,items.*.st*", {"items": [{"index": {"_id": "1", "status": 2}}, {"index": {"status": 4}}]}),
        ("nothing", {}),
    ],
)
def test_a_filter_leaves_what_it_names(patterns: str, expected: Any) -> None:
    content = {
        "took": 3,
        "errors": True,
        "items": [
            {"index": {"_id": "1", "status": 2}},
            {"index": {"status": 4, "error": {"type": "t", "reason": "r"}}},
        ],
    }
    assert filtered(content, patterns.split(",")) == expected


def test_a_filter_that_the_proxy_cannot_apply_is_refused() -> None:
    with pytest.raises(ValueError, match="inclusive patterns"):
        filtered({}, ["-took"])


def test_the_filter_of_a_request_holds_for_refused_items_too(upstream: SmallUpstream, proxy: FaultProxy) -> None:
    proxy.faults = Faults(share_refused=0.2)
    path = "/tracks/_bulk?refresh=false&filter_path=errors,items.*.status"
    content = send(proxy.url, bulk_body(IDS), path)
    assert content == {
        "errors": True,
        "items": [{"index": {"status": 400 if proxy.refuses(each) else 201}} for each in IDS],
    }
    assert upstream.seen[0][1] == "/tracks/_bulk?refresh=false"  # the places of all items are needed


def test_a_share_of_documents_is_steady_and_about_as_large_as_it_says() -> None:
    for share, low, high in ((0.0, 0, 0), (0.1, 880, 1120), (1.0, 10_000, 10_000)):  # four standard deviations
        assert low <= sum(is_among(share, 1, "refused", str(i)) for i in range(10_000)) <= high
    # A larger share has all of a smaller one, and another kind is drawn by itself.
    small, large, other = (
        {i for i in range(1000) if is_among(share, 1, kind, str(i))}
        for share, kind in ((0.2, "refused"), (0.4, "refused"), (0.2, "busy"))
    )
    assert small < large
    assert 10 <= len(small & other) <= 70
