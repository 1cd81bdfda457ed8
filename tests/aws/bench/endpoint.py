"""What the functions call: constant answers at once, and every request kept to be checked later."""

import json
import re

from bench import wire

JSON = b"content-type: application/x-amz-json-1.1\r\n"
TARGET = re.compile(rb"\r\nx-amz-target: *\w+\.(\w+)", re.I)
TAKEN = json.dumps({"FailedEntryCount": 0, "Entries": [{"EventId": "11710aed-b79e-4468-a20b-bb3c0c3b4860"}]}).encode()
NO_SECRET = json.dumps({"__type": "ResourceNotFoundException", "message": "Secrets Manager can't find the specified secret."}).encode()


class Endpoint:
    """Secrets Manager, EventBridge and S3 of one account, as far as the ingest calls them."""

    def __init__(self, secret_arn, secret):
        self.entries, self.objects, self.secret_reads, self.unknown = [], [], 0, []
        self.secret = json.dumps(
            {"ARN": secret_arn, "Name": "webhook", "SecretString": secret, "VersionId": "v" * 32, "VersionStages": ["AWSCURRENT"]}
        ).encode()

    async def start(self):
        self.server, port = await wire.listen(self.answer)
        self.url = f"http://127.0.0.1:{port}"
        return self

    def answer(self, connection, head, body):
        target = TARGET.search(head)
        if target and target[1] == b"PutEvents":
            self.entries.append(body)
            connection.send(b"200 OK", TAKEN, JSON)
        elif head.startswith(b"PUT /"):
            self.objects.append((head, body))
            connection.send(b"200 OK", b"", b'etag: "5d41402abc4b2a76b9719d911017c592"\r\n')
        elif target and target[1] == b"GetSecretValue":
            self.secret_reads += 1
            previous = b"AWSPREVIOUS" in body
            connection.send(*((b"400 Bad Request", NO_SECRET) if previous else (b"200 OK", self.secret)), JSON)
        else:
            self.unknown.append(head)
            connection.send(b"400 Bad Request", b'{"__type":"UnknownOperationException"}', JSON)

    def taken(self):
        """What came since the last call: (entries, objects by path)."""
        if self.unknown:
            raise AssertionError(f"the endpoint was asked for what it does not know: {self.unknown[0][:300]!r}")
        entries = [entry for body in self.entries for entry in json.loads(body)["Entries"]]
        objects = {path_of(head): content(head, body) for head, body in self.objects}
        self.entries.clear()
        self.objects.clear()
        return entries, objects


def path_of(head):
    return head.split(b" ", 2)[1].split(b"?")[0].decode()


def content(head, body):
    return wire.chunks(body) if re.search(rb"\r\ncontent-encoding: *[^\r]*aws-chunked", head, re.I) else body
