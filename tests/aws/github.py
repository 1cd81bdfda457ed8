"""GitHub's side: deliveries, and signed requests."""

import gzip
import hashlib
import hmac
import json
import urllib.error
import urllib.request
from dataclasses import dataclass

from localaws.stack import REPOSITORY

FIXTURES = REPOSITORY / "tests/fixtures"


@dataclass(frozen=True)
class Delivery:
    """What GitHub sends once, and once more where it is asked to."""

    event: str
    guid: str
    body: bytes

    def headers(self, secret):
        digest = hmac.new(secret.encode(), self.body, hashlib.sha256).hexdigest()
        return {
            "Content-Type": "application/json",
            "User-Agent": "GitHub-Hookshot/tests",
            "X-GitHub-Event": self.event,
            "X-GitHub-Delivery": self.guid,
            "X-GitHub-Hook-ID": "77",
            "X-Hub-Signature-256": f"sha256={digest}",
        }

    def send(self, url, secret, **headers):
        """(status, answer) of an endpoint."""
        request = urllib.request.Request(url, self.body, self.headers(secret) | headers)
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as error:
            return error.code, json.load(error)


def guid(number):
    return f"{number:08x}-cc78-11e3-81ab-4c9367dc0958"


def examples():
    """GitHub's own example of every event type."""
    with gzip.open(FIXTURES / "webhooks-examples.jsonl.gz", "rt") as lines:
        found = [json.loads(line) for line in lines]
    return [
        Delivery(example["event"], guid(number), json.dumps(example["payload"], ensure_ascii=False).encode())
        for number, example in enumerate(found)
    ]


def stories():
    """Jobs and pull requests from their beginning to their end: those of the example lake."""
    deliveries = []
    for path in sorted((FIXTURES / "example/raw").rglob("*")):
        if path.is_file():
            data = path.read_bytes()
            deliveries += records((gzip.decompress(data) if path.suffix == ".gz" else data).decode(errors="replace"))
    return deliveries


def records(text):
    """The deliveries in a raw object, lines or not; what is no delivery is passed over."""
    decoder, at, found = json.JSONDecoder(), 0, []
    while (at := text.find("{", at)) >= 0:
        try:
            record, at = decoder.raw_decode(text, at)
            detail = dict(record["detail"])
            identity = detail.pop("_delivery")["id"]
        except (ValueError, KeyError, TypeError):
            at += 1
            continue
        found.append(Delivery(record["detail-type"], identity, json.dumps(detail, ensure_ascii=False).encode()))
    return found
