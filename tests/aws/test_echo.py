"""The example of a consumer: its function, behind its rule, with its dead-letter queue."""

import json

import pytest

import functions
from github import guid
from localaws.stack import Stack
from waiting import soon

# The consumer and what it stands on; the rest of the root module is applied by other tests.
PARTS = [
    "aws_cloudwatch_event_target.echo",
    "aws_lambda_function_event_invoke_config.echo",
    "aws_lambda_permission.rule",
    "aws_sqs_queue_policy.dead_letters",
]


@pytest.fixture(scope="module")
def echo(aws):
    zips = {"echo_zip": str(functions.build()["echo"])}
    stack = Stack(aws, root="terraform/examples/echo", name="example", event_type="pull_request", tls_only=False, **zips)
    stack.run("apply", "-auto-approve", "-input=false", *(f"-target={part}" for part in PARTS))
    # Not destroyed: test_end_to_end.py destroys all that is of these kinds.
    return "example-echo"


def deliver(client, event, detail):
    entry = {"Source": "github.com", "DetailType": event, "Detail": json.dumps(detail), "EventBusName": "example"}
    assert client("events").put_events(Entries=[entry])["FailedEntryCount"] == 0


def test_its_function_gets_the_events_of_its_rule(client, echo):
    def lines():
        events = client("logs").filter_log_events(logGroupName=f"/aws/lambda/{echo}")["events"]
        return [json.loads(event["message"]) for event in events]

    at = "2026-03-02T10:00:00.250Z"
    deliver(client, "push", {"_delivery": {"id": guid(1), "received_at": at}})
    detail = {"_delivery": {"id": guid(2), "received_at": at}, "action": "opened", "repository": {"id": 1, "name": "web"}}
    deliver(client, "pull_request", detail)
    (line,) = soon(lines)
    told = {"delivery": guid(2), "received_at": at, "event": "pull_request", "action": "opened", "repository": "web"}
    assert told.items() <= line.items()


def test_what_it_fails_at_is_kept(client, echo):
    queue = client("sqs").get_queue_url(QueueName=f"{echo}-dead-letters")["QueueUrl"]
    deliver(client, "pull_request", {"no": "delivery"})
    (message,) = soon(lambda: client("sqs").receive_message(QueueUrl=queue).get("Messages"))
    kept = json.loads(message["Body"])
    assert kept["requestPayload"]["detail"] == {"no": "delivery"}
    assert kept["requestContext"]["approximateInvokeCount"] == 3
