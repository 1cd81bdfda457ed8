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
from localaws.stack import REPOSITORY

CALL = 10  # entries of one PutEvents
DEMO = 2000
GOLDEN = REPOSITORY / "crates/lakequery/tests/golden"
LIVES = ("adversarial_jobs", "adversarial_pulls")
STRANGE = [
    "A,b",
    'say "Hi"',
    "it's 100% $1 \\1 \\",
    "ÄÖÜ ẞ",
    "İstanbul",
    "ΟΔΥΣΣΕΥΣ",
    "two\nlines",
    "\u202eright to left",
    "🚀 \U0001d5d4",
    " ",
    "",
    "a\u0001b",
]


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


def lives():
    """Records of lives that reports got wrong once, on two hosts, and of strange labels."""
    lines = [
        json.loads(line)
        for name in LIVES
        for line in (GOLDEN / name / "deliveries.jsonl").read_text().splitlines()
    ]
    lines += list(strange())
    return [
        {
            "source": line.get("source", "github.com"),
            "detail-type": line["type"],
            "detail": {"_delivery": {"id": github.guid(3_000_000 + number), "received_at": line["at"]}, **line["payload"]},
        }
        for number, line in enumerate(lines)
    ]


def strange():
    """A job and a pull request per set of STRANGE: what they wait is no whole number of seconds."""
    for number, label in enumerate(STRANGE):
        repository = {"id": 601, "full_name": "Strange/Labels"}
        begun, ended = f"2026-03-02T2{number % 4}:00:00.0{number:02}Z", f"2026-03-02T2{number % 4}:31:00.{number:02}7Z"
        parts = {"repository": repository, "organization": {"login": "Strange"}, "sender": {"login": "Renovate[bot]", "type": "Bot"}}
        job = {"id": 6000 + number, "run_id": 1, "run_attempt": 1, "name": label, "workflow_name": f"on {label}"}
        job |= {"labels": [label, "Linux"], "created_at": begun, "started_at": ended, "runner_id": 1}
        job |= {"runner_name": label, "runner_group_name": label, "head_branch": label}
        yield {"at": ended, "type": "workflow_job", "payload": {"action": "in_progress", "workflow_job": job, **parts}}
        pull = {"number": number + 1, "title": label, "user": {"login": "Copilot", "type": "Bot"}, "base": {"ref": label}}
        pull |= {"labels": [{"name": label}, {"name": "Bug"}], "created_at": begun, "updated_at": ended, "draft": False}
        pull |= {"merged_at": ended if number % 2 else None, "closed_at": ended if number % 2 else None}
        yield {"at": ended, "type": "pull_request", "payload": {"action": "edited", "pull_request": pull, **parts}}


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
