"""A route to each type of target, and what has arrived there: the releases of one repository."""

import re

import destinations
from localaws import stack

# What routes send to begins with this where it is not of the stack.
THERE = "there"
REPOSITORY = {"id": 8, "name": "routed", "full_name": "acme/routed"}


def types():
    """The types of targets, as the module of a route has them."""
    text = (stack.REPOSITORY / "terraform/modules/route/shape.tf").read_text()
    block = re.search(r"^  of_targets = \{\n(.*?)^  \}", text, re.MULTILINE | re.DOTALL)[1]
    return re.findall(r"^    (\w+) += \{", block, re.MULTILINE)


def routes(there):
    """A route to each type of target, for the releases of one repository; the API gets deployments too."""
    released = {"events": ["release"], "actions": ["published"], "repositories": [REPOSITORY["full_name"]]}
    newest = {"key": ["$.detail.repository.id"], "order": ["$.detail.release.published_at"], "attributes": {"delivery": "$.detail._delivery.id"}}
    api = {"type": "api_destination", "url": f"https://{destinations.HOST}/hook", "connection_arn": there["connection"]}
    return {
        "log-group": released | {"target": {"type": "log_group"}},
        "lambda": released | {"target": {"type": "lambda", "arn": there["lambda"]}},
        "sqs": released | {"target": {"type": "sqs"}},
        "sns": released | {"target": {"type": "sns"}},
        "firehose": released | {"target": {"type": "firehose", "arn": there["firehose"]}},
        "event-bus": released | {"target": {"type": "event_bus", "arn": there["event_bus"]}},
        "api-destination": {"events": ["release", "deployment"], "repositories": [REPOSITORY["full_name"]], "target": api},
        "dynamodb": released | {"target": {"type": "dynamodb"} | newest},
        "ecs-task": released | {"input": destinations.overriding("DELIVERY", "$.detail._delivery.id"), "target": destinations.ecs_task(there)},
    }


def seen(client, made, api, heard):
    """{route: ids of deliveries that have arrived at its target}, of the output `routes` of the stack "acme";
    what waits in a queue or a topic is taken."""
    whole = {
        "log-group": destinations.logged(client, "/aws/events/acme-log-group"),
        "sqs": destinations.bodies(client, made["sqs"]["target_url"]),
        "sns": heard(),
        "firehose": destinations.streamed(client, f"{THERE}-bucket"),
        "event-bus": destinations.bodies(client, destinations.queue(client, f"{THERE}-other")),
        "api-destination": [body for _, _, body in api.requests],
    }
    rows = client("dynamodb").scan(TableName=made["dynamodb"]["table_name"])["Items"]
    parts = {
        "lambda": [line["delivery"] for line in destinations.logged(client, f"/aws/lambda/{THERE}-function") if "delivery" in line],
        "dynamodb": [row["delivery"]["S"] for row in rows],
        "ecs-task": [variables["DELIVERY"] for variables in destinations.started(client, THERE)],
    }
    return parts | {name: [event["detail"]["_delivery"]["id"] for event in events] for name, events in whole.items()}
