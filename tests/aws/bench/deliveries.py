"""Signed deliveries as a function URL hands them on, and what must come out of each."""

import copy
import gzip
import hashlib
import json
import re
import uuid

import github

SECRET = "It's a Secret to Everybody"
KEPT = ("repository", "organization", "sender", "installation", "enterprise")


def examples():
    """(event type, payload as GitHub writes it) of every real payload."""
    return [(event, compact(payload)) for event, payload in github.payloads()]


def compact(payload):
    return json.dumps(payload, ensure_ascii=False, separators=(",", ":"))


def around(size):
    """The real payloads within a tenth of a size in bytes."""
    return [(event, text) for event, text in examples() if abs(len(text.encode()) - size) <= size / 10]


def large(size):
    """A push that is as large as a push gets: the example's commit, over and over."""
    payload = next(json.loads(text) for event, text in examples() if event == "push" and json.loads(text)["commits"])
    commit, payload["commits"] = payload["commits"][0], []
    for number in range(size // len(compact(commit)) + 1):
        commit = copy.deepcopy(commit)
        commit["id"] = hashlib.sha1(b"%d" % number).hexdigest()
        payload["commits"].append(commit)
    return "push", compact(payload)


def signature(body):
    return github.signature(SECRET, body)


def headers_of(event, body, delivery):
    return {
        "accept": "*/*",
        "content-type": "application/json",
        "user-agent": "GitHub-Hookshot/044aadd",
        "x-github-delivery": delivery,
        "x-github-event": event,
        "x-github-hook-id": "292430182",
        "x-github-hook-installation-target-id": "79929171",
        "x-github-hook-installation-target-type": "repository",
        "x-hub-signature-256": signature(body),
    }


class Delivery:
    """One event with an id of its own."""

    def __init__(self, event, payload):
        self.id, self.event, self.payload = str(uuid.uuid4()), event, payload
        body = payload.encode()
        headers = {
            **headers_of(event, body, self.id),
            "content-length": str(len(body)),
            "host": "url.lambda-url.eu-central-1.on.aws",
            "x-amzn-trace-id": "Root=1-5bef4de7-ad49b0e87f6ef6c87fc2e700",
            "x-forwarded-for": "140.82.115.1",
            "x-forwarded-port": "443",
            "x-forwarded-proto": "https",
        }
        http = {"method": "POST", "path": "/webhook", "protocol": "HTTP/1.1", "sourceIp": "140.82.115.1", "userAgent": headers["user-agent"]}
        context = {
            "accountId": "anonymous",
            "apiId": "url",
            "domainName": headers["host"],
            "domainPrefix": "url",
            "http": http,
            "requestId": str(uuid.uuid4()),
            "routeKey": "$default",
            "stage": "$default",
            "time": "02/Mar/2026:10:00:00 +0000",
            "timeEpoch": 1772445600000,
        }
        self.input = json.dumps(
            {
                "version": "2.0",
                "routeKey": "$default",
                "rawPath": "/webhook",
                "rawQueryString": "",
                "headers": headers,
                "requestContext": context,
                "body": payload,
                "isBase64Encoded": False,
            },
            ensure_ascii=False,
        ).encode()

    def check_answer(self, answer):
        got = json.loads(answer)
        body = {"status": "accepted", "delivery": self.id}
        assert (got["statusCode"], json.loads(got["body"])) == (200 if self.event == "ping" else 202, body), got

    def check_entry(self, entry, objects):
        """What the bus got is what the contract says, byte by byte where the payload is inline."""
        assert (entry["Source"], entry["DetailType"], entry["EventBusName"]) == ("github.com", self.event, "bench")
        detail = entry["Detail"]
        got = json.loads(detail)["_delivery"]
        assert re.fullmatch(r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", got["received_at"])
        meta = {
            "id": self.id,
            "received_at": got["received_at"],
            "hook_id": "292430182",
            "target_type": "repository",
            "target_id": "79929171",
        }
        if "large" not in got:
            assert detail == f'{{"_delivery":{compact(meta)},{self.payload[1:]}', f"another entry than expected: {detail[:300]}"
            return
        key = f"large/{got['received_at'][:10].replace('-', '/')}/{self.id}.json.gz"
        body = self.payload.encode()
        meta["large"] = {"key": key, "bytes": len(body), "sha256": hashlib.sha256(body).hexdigest()}
        assert json.loads(detail) == {"_delivery": meta, **kept(json.loads(self.payload))}
        stored = next(content for path, content in objects.items() if path.endswith(key))
        assert gzip.decompress(stored) == body


def kept(payload):
    """What a claim check keeps of a payload, for rules to match."""
    found = {name: payload[name] for name in KEPT if isinstance(payload.get(name), dict)}
    members = {name: {m: value[m] for m in ("id", "name", "login") if m in value} for name, value in found.items()}
    return {**({"action": payload["action"]} if "action" in payload else {}), **members}
