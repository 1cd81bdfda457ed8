"""What is delivered, and how it gets into raw/: through the bus on days of our choice, or put there."""

import base64
import gzip
import json
import random
import subprocess
from contextlib import contextmanager
from datetime import UTC, datetime, time, timedelta
from unittest import mock

import github
from localaws import firehose

CALL = 10  # entries of one PutEvents
DEMO = 2000


def demo(lakequery, folder):
    """Records of a simulated organisation, of the weeks before today."""
    command = [lakequery, "--lake", folder, "-q", "demo", "--deliveries", str(DEMO)]
    subprocess.run(command, check=True, capture_output=True)
    packed = sorted(path for path in (folder / "raw").rglob("*") if path.is_file())
    return [json.loads(line) for path in packed for line in gzip.decompress(path.read_bytes()).splitlines()]


def payloads(at):
    """GitHub's own examples of every event type, as records received at that time."""
    return [
        {
            "source": "github.com",
            "detail-type": event,
            "detail": {"_delivery": delivery(number, at + timedelta(seconds=number)), **payload},
        }
        for number, (event, payload) in enumerate(github.payloads())
    ]


def bulky(seed, at):
    """Records that no compression makes small: together more than half a MiB, less than a call takes."""
    randomness = random.Random(seed)
    return [
        {
            "source": "github.com",
            "detail-type": "push",
            "detail": {
                "_delivery": delivery(1_000_000 * seed + number, at),
                "ref": "refs/heads/main",
                "noise": base64.b64encode(randomness.randbytes(67_500)).decode(),
            },
        }
        for number in range(CALL)
    ]


def delivery(number, at):
    return {"id": github.guid(number), "received_at": at.strftime("%Y-%m-%dT%H:%M:%S.000Z")}


def noon(day):
    return datetime.combine(day, time(12), UTC)


def through_the_bus(aws, events, bus, records, day):
    """Puts the records on the bus at noon of the day; gives the keys of what its Firehose then closes."""
    with firehose_at(noon(day)):
        for start in range(0, len(records), CALL):
            entries = [entry(record, bus) for record in records[start : start + CALL]]
            assert events.put_events(Entries=entries)["FailedEntryCount"] == 0
        return [key for key in aws.control("flush") if f"/{bus}-" in key]


def entry(record, bus):
    return {
        "Source": record["source"],
        "DetailType": record["detail-type"],
        "Detail": json.dumps(record["detail"], ensure_ascii=False, separators=(",", ":")),
        "EventBusName": bus,
    }


@contextmanager
def firehose_at(moment):
    """Firehose's clock stands still: its buffers are never due, its keys are of that hour."""
    clock = mock.Mock(wraps=datetime)
    clock.now.side_effect = lambda zone=None: moment.astimezone(zone)
    with mock.patch.object(firehose, "datetime", clock):
        yield


def in_lines(records):
    return "".join(json.dumps(record) + "\n" for record in records).encode()
