"""What the benchmark stands on: its HTTP, its checks of the work done, its statistics."""

import gzip
import json

import pytest

from bench import deliveries, endpoint, ingest, wire


class Transport:
    def __init__(self):
        self.sent = b""

    def write(self, data):
        self.sent += data


def served(*parts):
    """The requests that a server made of these parts, and what it sent by itself."""
    got, transport = [], Transport()
    server = wire.Server(lambda _, head, body: got.append((head, body)))
    server.connection_made(transport)
    for part in parts:
        server.data_received(part)
    return got, transport.sent


def test_requests_come_whole_however_they_are_cut():
    stream = b"POST /a HTTP/1.1\r\nContent-Length: 5\r\n\r\nhello" + b"GET /b HTTP/1.1\r\nhost: x\r\n\r\n"
    expected = [(b"POST /a HTTP/1.1\r\nContent-Length: 5", b"hello"), (b"GET /b HTTP/1.1\r\nhost: x", b"")]
    assert served(stream)[0] == expected
    assert served(*(stream[at : at + 1] for at in range(len(stream))))[0] == expected


def test_chunked_bodies_and_those_that_wait_to_be_asked_for():
    head = b"PUT /k HTTP/1.1\r\nTransfer-Encoding: chunked\r\nExpect: 100-continue\r\n\r\n"
    got, sent = served(head, b"5\r\nhello\r\n", b"6\r\n world\r\n0\r\n\r\n")
    assert got[0][1] == b"hello world"
    assert sent == b"HTTP/1.1 100 Continue\r\n\r\n"
    signed = b"5;chunk-signature=ab\r\nhello\r\n0;chunk-signature=cd\r\nx-amz-checksum-crc32:AAAA\r\n\r\n"
    assert endpoint.content(b"PUT /k HTTP/1.1\r\ncontent-encoding: aws-chunked", signed) == b"hello"


def entry_of(delivery, **changed):
    meta = f'{{"id":"{delivery.id}","received_at":"2026-03-02T10:00:00.250Z","hook_id":"292430182","target_type":"repository","target_id":"79929171"}}'
    entry = {"Source": "github.com", "DetailType": "push", "EventBusName": "bench", "Detail": f'{{"_delivery":{meta},"a": 1.50}}'}
    return entry | changed


def test_an_entry_that_is_not_the_delivery_is_found():
    delivery = deliveries.Delivery("push", '{"a": 1.50}')
    delivery.check_entry(entry_of(delivery), {})
    detail = entry_of(delivery)["Detail"]
    for wrong in (
        {"Source": "github.example"},
        {"DetailType": "ping"},
        {"Detail": detail.replace("1.50", "1.5")},
        {"Detail": detail.replace(".250Z", "Z")},
        {"Detail": detail.replace('"hook_id":"292430182",', "")},
        {"Detail": detail.replace(delivery.id, "00000000-0000-4000-8000-000000000001")},
    ):
        with pytest.raises(AssertionError):
            delivery.check_entry(entry_of(delivery, **wrong), {})


def test_a_claim_check_that_is_not_the_delivery_is_found():
    delivery = deliveries.Delivery("push", '{"action":"x","sender":{"id":1,"type":"User"}}')
    key = f"large/2026/03/02/{delivery.id}.json.gz"
    # printf '{"action":"x","sender":{"id":1,"type":"User"}}' | sha256sum
    large = {"key": key, "bytes": 46, "sha256": "142d2ba9a1a8ab7c28b1d89e9d944e2172cb628b296280176984671ae7c736ad"}
    detail = json.loads(entry_of(delivery)["Detail"])
    meta = detail["_delivery"] | {"large": large}
    entry = entry_of(delivery, Detail=json.dumps({"_delivery": meta, "action": "x", "sender": {"id": 1}}))
    stored = {f"/bench/{key}": gzip.compress(delivery.payload.encode())}
    delivery.check_entry(entry, stored)
    with pytest.raises(AssertionError):
        delivery.check_entry(entry, {f"/bench/{key}": gzip.compress(b"{}")})
    meta["large"]["bytes"] = 47
    with pytest.raises(AssertionError):
        delivery.check_entry(entry_of(delivery, Detail=json.dumps({"_delivery": meta, "action": "x", "sender": {"id": 1}})), stored)


def test_payloads_are_githubs_own_and_of_the_size_that_is_said():
    for size in (10_000, 25_000):
        sizes = [len(text.encode()) for _, text in deliveries.around(size)]
        assert len(sizes) > 30 and all(0.9 * size <= one <= 1.1 * size for one in sizes)
    event, text = deliveries.large(3_000_000)
    assert event == "push" and 3_000_000 < len(text) < 3_100_000
    # GitHub's own vector.
    assert deliveries.signature(b"Hello, World!") == "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"


def test_statistics():
    values = [9, 1, 5, 3, 7]
    assert [ingest.percentile(values, percent) for percent in (50, 99)] == [5, 9]
    assert ingest.percentile(range(1, 2001), 99) == 1980
    assert [ingest.share(20, 3, number) for number in range(3)] == [7, 7, 6]
    rows = ingest.compared([("a", "ms", 2.0), ("b", "ms", 1.0), ("c", "ms", 1.0)], [("a", "ms", 1.0), ("b", "ms", 1.04), ("c", "ms", 4.0)])
    assert [(row["ratio"], row["wins"]) for row in rows] == [(0.5, "node"), (1.04, "even"), (4.0, "rust")]
