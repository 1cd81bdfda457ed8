"""docs/openapi.yaml against `lakequery serve`: every example is answered as it says, requests that
schemathesis makes from it get what it says, and the endpoint gives the statuses in it and no others."""

import http.client
import os
import re
import resource
import signal
import socket
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import requests

from lakequery import BINARY, TIMEOUT

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "openapi"))
import document  # noqa: E402
from door import Door, compare, schema  # noqa: E402

EXAMPLES = list(document.examples(document.at(document.read(), "serve"), "serve"))
MOST = 26_214_400
UNEXPECTED = ["get", "put", "post", "delete", "options", "patch", "trace"]
AT_METRICS = ["/metrics", "/health", "/ready"]


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """The process, and the addresses that it tells."""
    lake = tmp_path_factory.mktemp("openapi") / "lake"
    arguments = ["--lake", lake, "serve", "--listen", "127.0.0.1:0", "--metrics", "127.0.0.1:0", "--secret-env", "SIGNED_WITH"]
    arguments += ["--ignore-events", "star", "--trusted-proxy", "127.0.0.1", "--connections-per-client", "1"]
    process = subprocess.Popen(
        [BINARY, *map(str, arguments)],
        env={**os.environ, "SIGNED_WITH": document.SECRET},
        stderr=subprocess.PIPE,
        text=True,
        # So that a write over a limit fails, as on a full disk, and is no signal.
        restore_signals=False,
    )
    try:
        said = iter(process.stderr.readline, "")
        process.urls = [next(m[1] for line in said if (m := re.search(rf"{word} (http://[^/\s]+)", line))) for word in ("listening on", "metrics at")]
        yield process
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=TIMEOUT)
        assert process.returncode == 0
    finally:
        process.kill()
        process.wait()


@pytest.fixture(scope="module")
def door(server):
    door = Door("serve", server.urls[0])
    del door.document["paths"]["/metrics"]
    return door


@pytest.fixture(scope="module")
def metrics(server):
    return Door("serve", server.urls[1], AT_METRICS)


# --- situations ---------------------------------------------------------------------------------


@contextmanager
def nothing_can_be_written(server):
    before = resource.prlimit(server.pid, resource.RLIMIT_FSIZE)
    resource.prlimit(server.pid, resource.RLIMIT_FSIZE, (0, before[1]))
    try:
        yield
    finally:
        resource.prlimit(server.pid, resource.RLIMIT_FSIZE, before)


def raw(door, example, headers, body=b"", end=False):
    """The answer to a request that no library would send."""
    where = urlsplit(door.url)
    with socket.create_connection((where.hostname, where.port), timeout=30) as connection:
        connection.sendall(head(example, headers) + body)
        if end:
            connection.shutdown(socket.SHUT_WR)
        return read(door, example, connection)


def read(door, example, connection):
    told = http.client.HTTPResponse(connection, method=example.method)
    told.begin()
    answer = requests.Response()
    answer.status_code, answer._content = told.status, told.read()
    answer.headers.update(told.getheaders())
    door.note(example.method, door.url + example.path, told.status)
    return answer


def not_stored(server, door, metrics, example):
    with nothing_can_be_written(server):
        if example.path == "/ready":
            send_first(door, 503)
        answer = door.send(example)
    send_first(door, 202)
    return answer


def not_ready_with_reasons(server, door, metrics, example):
    with nothing_can_be_written(server):
        send_first(door, 503)
        answer = metrics.send(example)
    send_first(door, 202)
    return answer


def send_first(door, status):
    """The first request of the document, to which this must be the answer."""
    first = next(e for e in EXAMPLES if e.name == "accepted")
    assert door.send(first).status_code == status


def under_way(server, door, metrics, example):
    """A request of the same client whose body is still to come: the server has said that it waits."""
    where = urlsplit(door.url)
    with socket.create_connection((where.hostname, where.port), timeout=30) as other:
        headers = {**example.headers, "Content-Length": len(example.body), "Expect": "100-continue"}
        other.sendall(head(example, headers))
        assert other.recv(1 << 10).startswith(b"HTTP/1.1 100 ")
        answer = door.send(example)
        other.sendall(example.body)
        assert read(door, example, other).status_code == 202
        return answer


def head(example, headers):
    lines = [f"{example.method} {example.path} HTTP/1.1", "Host: localhost", *(f"{k}: {v}" for k, v in headers.items()), "", ""]
    return "\r\n".join(lines).encode()


SITUATIONS = {
    "a filter leaves star out": lambda server, door, metrics, example: door.send(example),
    "the body breaks off": lambda server, door, metrics, example: raw(
        door, example, {**example.headers, "Content-Length": len(example.body)}, example.body[:-1], end=True
    ),
    f"a body of {MOST + 1} bytes is announced": lambda server, door, metrics, example: raw(
        door, example, {**example.headers, "Content-Length": MOST + 1}
    ),
    "the client has as many requests under way as he may": under_way,
    "deliveries cannot be stored": not_stored,
    "deliveries cannot be stored, asked at the address of --metrics": not_ready_with_reasons,
    "asked at the address of --metrics": lambda server, door, metrics, example: metrics.send(example),
}


# --- tests, in their order ----------------------------------------------------------------------


@pytest.mark.parametrize("example", EXAMPLES, ids=str)
def test_an_example_is_answered_as_it_says(server, door, metrics, example):
    if example.situation:
        answer = SITUATIONS[example.situation](server, door, metrics, example)
    else:
        answer = (metrics if example.path == "/metrics" else door).send(example)
    compare(example, answer)


def test_every_situation_is_in_an_example():
    assert set(SITUATIONS) == {example.situation for example in EXAMPLES} - {None}


def test_headers_have_a_limit(door, metrics):
    for place, limit in ((door, 64 << 10), (metrics, 16 << 10)):
        for method, path, status, _ in document.answers(place.document, "serve"):
            if status == 431:
                example = document.Example("", method.upper(), path, {}, None, None, status, None, {})
                answer = raw(place, example, {"X-Long": "x" * limit})
                assert (answer.status_code, answer.content) == (431, b"")


@schema("serve", unexpected_methods=UNEXPECTED).parametrize()
def test_made_requests_are_answered_as_it_says(case, door):
    door.try_case(case)


@schema("serve", AT_METRICS, 10, UNEXPECTED).parametrize()
def test_made_requests_for_figures_are_answered_as_it_says(case, metrics):
    metrics.try_case(case)


def test_what_was_made_as_the_document_wants_it_was_taken(door):
    # Which kind is made how often hangs on what else hypothesis finds; some of each are enough.
    assert door.taken_at_least(5, ["/webhook", "/"])


def test_the_statuses_are_those_of_the_document(door, metrics):
    assert door.seen == document.statuses(door.document, "serve")
    assert metrics.seen == document.statuses(metrics.document, "serve")
