"""The far store of the benchmarks (`benches/far.py`): its delay, what it counts, and its order of keys."""

import sys
import threading
import time
from pathlib import Path

import boto3
import botocore.config
import botocore.exceptions
import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "benches"))

import far as far_store  # noqa: E402

DELAY = 0.03


@pytest.fixture
def store(tmp_path):
    for name in ("a-file", "a/1", "a/b/2", "a.txt", "a0", "events/x=1/p", "events/x=1/q", "events/x=10/p", "z"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(name.encode())
    with far_store.Far(tmp_path, DELAY) as store:
        yield store


def client(store):
    environment = store.environment
    return boto3.client(
        "s3", endpoint_url=environment["AWS_ENDPOINT_URL"], region_name="eu-central-1",
        aws_access_key_id="none", aws_secret_access_key="none",
        config=botocore.config.Config(
            s3={"addressing_style": "path"}, max_pool_connections=64, retries={"total_max_attempts": 1},
            request_checksum_calculation="when_required", response_checksum_validation="when_required"))


def keys(s3, **asked):
    found, token = [], {}
    while True:
        page = s3.list_objects_v2(Bucket="b", **asked, **token)
        found += [item["Key"] for item in page.get("Contents", ())]
        if not page["IsTruncated"]:
            return found
        token = {"ContinuationToken": page["NextContinuationToken"]}


def test_each_answer_comes_after_the_delay_and_many_wait_at_once(store):
    s3 = client(store)
    assert s3.get_object(Bucket="b", Key="a/1")["Body"].read() == b"a/1"
    store.counted()
    started = time.monotonic()
    for _ in range(5):
        s3.head_object(Bucket="b", Key="z")
    assert 5 * DELAY <= time.monotonic() - started
    assert store.counted().at_once == 1

    ready, late = threading.Barrier(32), []

    def one():
        ready.wait()
        started = time.monotonic()
        s3.head_object(Bucket="b", Key="z")
        late.append(time.monotonic() - started)

    threads = [threading.Thread(target=one) for _ in range(32)]
    started = time.monotonic()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    # One after the other they would take a second.
    assert time.monotonic() - started < 0.8
    assert min(late) >= DELAY
    counted = store.counted()
    assert counted.requests == {"HEAD": 32}
    assert counted.at_once > 4


def test_requests_and_bytes_are_counted_once(store):
    s3 = client(store)
    s3.put_object(Bucket="b", Key="new/one", Body=b"12345")
    assert s3.get_object(Bucket="b", Key="new/one", Range="bytes=1-2")["Body"].read() == b"23"
    assert s3.get_object(Bucket="b", Key="new/one", Range="bytes=-2")["Body"].read() == b"45"
    with pytest.raises(botocore.exceptions.ClientError, match="PreconditionFailed"):
        s3.put_object(Bucket="b", Key="new/one", Body=b"6", IfNoneMatch="*")
    with pytest.raises(botocore.exceptions.ClientError, match="NoSuchKey"):
        s3.get_object(Bucket="b", Key="new/none")
    s3.delete_object(Bucket="b", Key="new/one")
    counted = store.counted()
    assert counted.requests == {"PUT": 2, "GET": 3, "DELETE": 1}
    assert counted.written == 6
    assert counted.read >= 4
    assert store.counted().all == 0


def test_keys_come_in_the_order_of_s3_in_pages_of_any_size(store):
    s3 = client(store)
    everything = ["a-file", "a.txt", "a/1", "a/b/2", "a0", "events/x=1/p", "events/x=1/q", "events/x=10/p", "z"]
    for size in (1, 2, 3, 1000):
        assert keys(s3, MaxKeys=size) == everything
    assert keys(s3, Prefix="events/x=1/") == ["events/x=1/p", "events/x=1/q"]
    assert keys(s3, Prefix="events/x=1") == ["events/x=1/p", "events/x=1/q", "events/x=10/p"]
    for place, key in enumerate(everything):
        assert keys(s3, StartAfter=key) == everything[place + 1:]
    assert keys(s3, StartAfter="a/b") == everything[3:]
    page = s3.list_objects_v2(Bucket="b", Delimiter="/")
    assert [item["Prefix"] for item in page["CommonPrefixes"]] == ["a/", "events/"]
    assert [item["Key"] for item in page["Contents"]] == ["a-file", "a.txt", "a0", "z"]


def test_a_listing_sees_what_was_written_and_deleted_just_now(store):
    s3 = client(store)
    for number in range(20):
        s3.put_object(Bucket="b", Key=f"log/{number:02}", Body=b"x")
        assert keys(s3, Prefix="log/") == [f"log/{n:02}" for n in range(number + 1)]
    s3.delete_object(Bucket="b", Key="log/00")
    assert keys(s3, Prefix="log/") == [f"log/{n:02}" for n in range(1, 20)]


def test_a_page_of_many_files_takes_no_longer_than_the_delay_of_a_few(tmp_path):
    for day in range(40):
        folder = tmp_path / "events" / f"date={day:03}"
        folder.mkdir(parents=True)
        for number in range(250):
            (folder / f"{number:04}.parquet").touch()
    with far_store.Far(tmp_path, 0.0) as store:
        s3 = client(store)
        assert len(keys(s3, Prefix="events/")) == 10_000
        assert store.counted().requests == {"LIST": 10}
        started = time.monotonic()
        keys(s3, Prefix="events/", StartAfter="events/date=039/")
        assert time.monotonic() - started < 0.25
        assert store.counted().requests == {"LIST": 1}
