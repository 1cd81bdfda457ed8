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


def signature(secret, body):
    """The header `X-Hub-Signature-256` for a body."""
    return "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


@dataclass(frozen=True)
class Delivery:
    """What GitHub sends once, and once more where it is asked to."""

    event: str
    guid: str
    body: bytes

    def headers(self, secret):
        return {
            "Content-Type": "application/json",
            "User-Agent": "GitHub-Hookshot/tests",
            "X-GitHub-Event": self.event,
            "X-GitHub-Delivery": self.guid,
            "X-GitHub-Hook-ID": "77",
            "X-Hub-Signature-256": signature(secret, self.body),
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


def payloads():
    """(event type, payload) of GitHub's own example of every event type."""
    with gzip.open(FIXTURES / "webhooks-examples.jsonl.gz", "rt") as lines:
        return [(example["event"], example["payload"]) for example in map(json.loads, lines)]


def example_records():
    """Records of the example lake, whatever framing they are in there: jobs and pull requests from
    their beginning to their end."""
    decoder, records = json.JSONDecoder(), []
    for path in sorted((FIXTURES / "example/raw").rglob("*")):
        if path.is_file():
            data = path.read_bytes()
            text = (gzip.decompress(data) if path.suffix == ".gz" else data).decode()
            while text := text.lstrip():
                record, end = decoder.raw_decode(text)
                records.append(record)
                text = text[end:]
    return records


def examples():
    """GitHub's examples as deliveries."""
    return [of_payload(event, guid(number), payload) for number, (event, payload) in enumerate(payloads())]


def stories():
    """The records of the example lake as deliveries."""
    return [of_record(record) for record in example_records()]


def of_record(record):
    payload = dict(record["detail"])
    return of_payload(record["detail-type"], payload.pop("_delivery")["id"], payload)


def of_payload(event, identity, payload):
    return Delivery(event, identity, json.dumps(payload, ensure_ascii=False).encode())
