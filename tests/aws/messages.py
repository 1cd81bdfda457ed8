"""Events as they wait in queues."""

import json
from datetime import UTC, datetime

from github import guid
from localaws.permissions import ACCOUNT


def event(number, **detail):
    """An event as the bus hands it on."""
    at = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    delivery = {"id": guid(number), "received_at": at}
    return json.dumps({
        "version": "0", "id": guid(number + 0x10000), "detail-type": "push", "source": "github.com",
        "account": ACCOUNT, "time": at[:19] + "Z", "region": "eu-central-1", "resources": [],
        "detail": {"_delivery": delivery, "ref": "refs/heads/main", **detail},
    })  # fmt: skip


def count(client, url):
    """How many messages of a queue can be seen, and how many somebody holds."""
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    found = client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"]
    return tuple(int(found[name]) for name in names)


def fill(client, url, bodies):
    for body in bodies:
        client("sqs").send_message(QueueUrl=url, MessageBody=body)
