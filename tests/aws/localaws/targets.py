"""What a rule's events are sent to: each of AWS's services that the stack's routes use.

A target with a role is asked of IAM first, with that role's policies and boundary, the action and the
resource. Roles' trust, and the policies of queues and topics, are not looked at.
"""

import base64
import json
import urllib.error
import urllib.request
from urllib.parse import quote, urlsplit

from moto.ecs.models import ecs_backends
from moto.events.models import events_backends
from moto.firehose.models import firehose_backends
from moto.sns.models import sns_backends
from moto.sqs.models import sqs_backends

from localaws import functions, permissions, states

TIMEOUT = 5  # seconds that EventBridge gives an API destination

# Who answers for a host of an API destination: {"hooks.example.com": "http://127.0.0.1:8000"}. The
# local AWS calls nobody else.
hosts = {}


def deliver(target, body):
    """Sends one event's body to a target; whatever it raises is a failed delivery."""
    arn = target["Arn"]
    service, resource = arn.split(":", 5)[2::3]
    kind = "events/" + resource.partition("/")[0] if service == "events" else service
    if kind not in SENDERS:
        raise NotImplementedError(f"the local AWS has no target {arn}")
    send, action = SENDERS[kind]
    if target.get("RoleArn"):
        must_be_allowed(target["RoleArn"], action, *asked(target, arn))
    send(target, arn, body)


def filled(address, values):
    """An address with each * replaced by its value, as a part of a path."""
    for value in values:
        address = address.replace("*", quote(str(value), safe=""), 1)
    return address


def asked(target, arn):
    """(resource, context) that IAM is asked about."""
    if "EcsParameters" in target:
        return target["EcsParameters"]["TaskDefinitionArn"], {"ecs:cluster": arn}
    return arn, {}


def must_be_allowed(role, action, resource, context=None):
    """An error where a role's policies don't allow what it is used for; a role without any is one that
    tests don't look at."""
    key = permissions.role_key(role)
    if key != "test" and not permissions.principal_of(key).may(action, resource, context or {}):
        raise PermissionError(f"{role} may not do {action} on {resource}")


def place(arn):
    """(account, region, resource) of an ARN."""
    _, _, _, region, account, resource = arn.split(":", 5)
    return account, region, resource


def to_firehose(target, arn, body):
    account, region, resource = place(arn)
    firehose_backends[account][region].put_record(resource.removeprefix("deliverystream/"), {"Data": body.encode()})


def to_function(target, arn, body):
    functions.invoke_later(arn, body.encode())


def to_queue(target, arn, body):
    send_to_queue(arn, body, target.get("SqsParameters", {}).get("MessageGroupId"))


def send_to_queue(arn, body, group=None, attributes=None):
    account, region, name = place(arn)
    typed = {key: {"DataType": "String", "StringValue": value} for key, value in (attributes or {}).items()}
    sqs_backends[account][region].send_message(queue_name=name, message_body=body, group_id=group, message_attributes=typed)


def to_topic(target, arn, body):
    account, region, _ = place(arn)
    sns_backends[account][region].publish(message=body, arn=arn)


def to_log(target, arn, body):
    """A group takes an event as it is, or of a template its timestamp and message."""
    account, region, resource = place(arn)
    if "InputTransformer" in target:
        body = json.loads(body)["message"]
    functions.log(account, region, resource.removeprefix("log-group:").removesuffix(":*"), [body])


def to_workflow(target, arn, body):
    states.start(arn, json.loads(body))


def to_task(target, arn, body):
    """moto keeps what was asked for; no container runs."""
    account, region, _ = place(arn)
    given = target["EcsParameters"]
    event = json.loads(body)
    overrides = event if isinstance(event, dict) and "containerOverrides" in event else {}
    # ECS begins the names of the same members with small letters.
    network = {name[0].lower() + name[1:]: value for name, value in given["NetworkConfiguration"]["awsvpcConfiguration"].items()}
    task = (given["TaskDefinitionArn"], given.get("TaskCount", 1), overrides, "events-rule", [], given.get("LaunchType"))
    ecs_backends[account][region].run_task(arn, *task, networking_configuration={"awsvpcConfiguration": network})


def to_api(target, arn, body):
    account, region, resource = place(arn)
    backend = events_backends[account][region]
    destination = backend.destinations[resource.split("/")[1]]
    connection = next(one for one in backend.connections.values() if one.arn == destination.connection_arn)
    url = urlsplit(filled(destination.invocation_endpoint, target.get("HttpParameters", {}).get("PathParameterValues", [])))
    if url.hostname not in hosts:
        raise NotImplementedError(f"nobody answers for {url.hostname}: the local AWS calls only hosts that a test plays")
    headers = {"Content-Type": "application/json; charset=utf-8"} | target.get("HttpParameters", {}).get("HeaderParameters", {})
    address = hosts[url.hostname] + (url.path or "/") + (f"?{url.query}" if url.query else "")
    request = urllib.request.Request(address, body.encode(), headers | credential(connection), method=destination.http_method)
    with urllib.request.urlopen(request, timeout=TIMEOUT):
        pass


def credential(connection):
    """The header with which a connection says who calls."""
    given = connection.auth_parameters
    if connection.authorization_type == "API_KEY":
        return {given["ApiKeyAuthParameters"]["ApiKeyName"]: given["ApiKeyAuthParameters"]["ApiKeyValue"]}
    if connection.authorization_type == "BASIC":
        basic = given["BasicAuthParameters"]
        return {"Authorization": "Basic " + base64.b64encode(f"{basic['Username']}:{basic['Password']}".encode()).decode()}
    raise NotImplementedError(f"the local AWS has no connections of type {connection.authorization_type}")


# Target → (who sends, what its role must allow).
SENDERS = {
    "firehose": (to_firehose, "firehose:PutRecord"),
    "lambda": (to_function, "lambda:InvokeFunction"),
    "sqs": (to_queue, "sqs:SendMessage"),
    "sns": (to_topic, "sns:Publish"),
    "logs": (to_log, None),
    "states": (to_workflow, "states:StartExecution"),
    "ecs": (to_task, "ecs:RunTask"),
    "events/api-destination": (to_api, "events:InvokeApiDestination"),
}
