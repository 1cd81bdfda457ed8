"""Each alarm of the stack goes off when what it names happens, and none does while all is well.

With functions that stand in for the real ones, and write the lines that those write: that they do is
in `test_end_to_end.py`.
"""

import json
import urllib.error
import urllib.request
import uuid
from datetime import UTC, datetime, timedelta

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from moto.core.exceptions import JsonRESTError

import standin
from localaws import bus, metrics
from localaws.stack import Stack

HOUR, DAY = 3600, 86400
PRODUCERS = {"source": "deploy-tools", "iam": True}

# Answers with the status that the request's path ends in, and logs as the real function does.
DOOR = """
import boto3
bus = boto3.client("events")
def handle(event):
    status = int(event["rawPath"].rsplit("/", 1)[1] or 202)
    if status == 599: raise ValueError("asked to fail")
    line = {"message": "answered", "status": status, "taken": status == 202, "delivery": event["headers"].get("x-github-delivery")}
    print(json.dumps({k: v for k, v in line.items() if v is not None}), flush=True)
    if status == 202:
        detail = event.get("body") or '{"_delivery":{"id":"1"}}'
        entry = {"Source": "github.com", "DetailType": "push", "Detail": detail, "EventBusName": os.environ["OCTOLAKE_BUS_NAME"]}
        bus.put_events(Entries=[entry])
    return {"statusCode": status, "body": "{}"}
"""

# Reports what the event says, as the real compactor does in its log.
COMPACTOR = """
def handle(event):
    if event.get("fail"): raise ValueError("asked to fail")
    figures = {"rows": 1, "quarantined": 0, "backlog_age_seconds": 0} | event
    made = [{"Name": name} for name in figures]
    told = {"Namespace": "octolake", "Dimensions": [["function"]], "Metrics": made}
    print(json.dumps({"_aws": {"CloudWatchMetrics": [told]}, "function": os.environ["AWS_LAMBDA_FUNCTION_NAME"], **figures}), flush=True)
    return {}
"""


@pytest.fixture(scope="module")
def zips(tmp_path_factory):
    folder = tmp_path_factory.mktemp("zips")
    for name, setup in (("ingest", DOOR), ("compactor", COMPACTOR)):
        (folder / f"{name}.zip").write_bytes(standin.zipped(setup))
    return {f"{name}_zip": str(folder / f"{name}.zip") for name in ("ingest", "compactor")}


@pytest.fixture(scope="module")
def stack(aws, client, zips):
    """All of the root module; test_end_to_end.py destroys the same."""
    topic = client("sns").create_topic(Name="alarms")["TopicArn"]
    queue = client("sqs").create_queue(QueueName="told")["QueueUrl"]
    arn = client("sqs").get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    client("sns").subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)
    probe = {"probe": {"events": ["probe"], "alarm": True, "target": {"type": "sqs"}}}
    stack = Stack(aws, name="watched", tls_only=False, force_destroy=True, alarm_topic_arns=[topic], routes=probe, producers_door=PRODUCERS, **zips)
    stack.outputs = stack.apply()
    stack.told = queue
    return stack


@pytest.fixture
def alarms(aws, stack):
    """Which alarms are on, of a stack to which nothing has happened before; so many seconds from now."""
    metrics.backend().metric_data.clear()

    def on(ahead=0):
        states = aws.control("alarms", ahead)
        return {name.removeprefix("watched-") for name, state in states.items() if state == "ALARM" and name.startswith("watched-")}

    yield on
    aws.control("flush")


def send(stack, status=202, body=b"", **headers):
    url = f"{stack.outputs['webhook_url'].removesuffix('/webhook')}/{status}"
    try:
        with urllib.request.urlopen(urllib.request.Request(url, body or None, headers=headers, method="POST")) as answer:
            return answer.status
    except urllib.error.HTTPError as error:
        return error.code


def compactor(client, **event):
    client("lambda").invoke(FunctionName="watched-compactor", Payload=json.dumps(event))


def test_nothing_is_on_while_all_is_well(stack, alarms, client):
    assert send(stack) == 202
    compactor(client)
    assert alarms() == set()
    assert client("sqs").receive_message(QueueUrl=stack.told).get("Messages", []) == [], "no flood at the first apply"


def test_the_door(stack, alarms, client):
    compactor(client)
    assert send(stack, 503) == 503
    assert alarms() == {"door-5xx"}
    told = client("sqs").receive_message(QueueUrl=stack.told)["Messages"][0]["Body"]
    assert "watched-door-5xx" in told and "ALARM" in told


def test_a_wrong_secret_and_not_a_stranger(stack, alarms, client):
    compactor(client)
    assert (send(stack, 401), send(stack, 404)) == (401, 404)
    assert alarms() == set()
    assert send(stack, 401, **{"X-GitHub-Delivery": str(uuid.uuid4())}) == 401
    assert alarms() == {"door-unauthorized"}


def test_a_body_too_large_for_the_door(stack, alarms, client):
    compactor(client)
    assert send(stack, 202, body=b"x" * (6 * 1024 * 1024 + 1)) == 413
    assert "door-too-large" in alarms()


def test_no_concurrency(stack, alarms, client):
    send(stack)
    compactor(client)
    client("lambda").put_function_concurrency(FunctionName="watched-ingest", ReservedConcurrentExecutions=0)
    try:
        assert send(stack) == 429
    finally:
        client("lambda").delete_function_concurrency(FunctionName="watched-ingest")
    assert alarms() == {"door-throttled"}


def test_a_hook_that_was_disabled(stack, alarms, client):
    send(stack)
    compactor(client)
    assert "door-quiet" not in alarms(2 * DAY + HOUR)
    assert "door-quiet" in alarms(3 * DAY + HOUR)


def test_a_rule_that_was_disabled(stack, alarms, client):
    compactor(client)
    client("events").disable_rule(Name="watched-raw", EventBusName="watched")
    try:
        for _ in range(6):
            send(stack)
        assert alarms() == {"rule-silent", "landed-less"}
    finally:
        client("events").enable_rule(Name="watched-raw", EventBusName="watched")


def test_an_event_for_the_dead_letters(stack, alarms, client, aws):
    compactor(client)
    break_target(client, "no-such-stream")
    try:
        send(stack)
        assert "dead-letters-raw" in alarms()
        # Larger than the queue takes: the one thing that would be lost.
        assert send(stack, body=b'{"a":"%s"}' % (b"x" * 300_000), **{"Content-Type": "application/json"}) == 202
        assert {"dead-letters-refused", "dead-letters-raw"} <= alarms()
    finally:
        break_target(client, "watched-raw")
        client("sqs").purge_queue(QueueUrl=stack.outputs["dead_letter_queue_urls"]["raw"])


def break_target(client, stream):
    events = client("events")
    (target,) = events.list_targets_by_rule(Rule="watched-raw", EventBusName="watched")["Targets"]
    target["Arn"] = target["Arn"].rsplit("/", 1)[0] + "/" + stream
    events.put_targets(Rule="watched-raw", EventBusName="watched", Targets=[target])


def test_firehose_behind_and_near_its_quota(stack, alarms, client):
    compactor(client)
    send(stack)
    assert "firehose-behind" not in alarms(1100)
    assert "firehose-behind" in alarms(1300)
    metrics.count("AWS/Firehose", "IncomingBytes", 160 * 1048576, DeliveryStreamName="watched-raw")
    assert "firehose-near-quota" in alarms()


def test_an_object_of_raw_errors(stack, alarms, client):
    send(stack)
    compactor(client)
    bucket = stack.outputs["lake_url"].removeprefix("s3://")
    client("s3").put_object(Bucket=bucket, Key="raw/2026/03/02/10/x", Body=b"x")
    assert alarms() == set()
    client("s3").put_object(Bucket=bucket, Key="raw-errors/processing-failed/2026/03/02/10/x", Body=b"x")
    assert alarms() == {"dead-letters-raw-errors"}
    client("sqs").purge_queue(QueueUrl=stack.outputs["dead_letter_queue_urls"]["raw-errors"])


@pytest.mark.parametrize(
    ("event", "alarm"),
    [({"fail": True}, "compactor-failed"), ({"quarantined": 1}, "quarantined"), ({"backlog_age_seconds": 6 * HOUR + 1}, "backlog-old")],
)
def test_the_compactor(stack, alarms, client, event, alarm):
    send(stack)
    compactor(client, **event)
    assert alarms() == {alarm}


def test_a_compactor_that_does_not_run(stack, alarms, client):
    send(stack)
    compactor(client)
    assert "compactor-silent" in alarms(6 * HOUR + 1)


def test_a_run_that_ended_in_its_dead_letters(stack, alarms, client):
    send(stack)
    compactor(client)
    client("sqs").send_message(QueueUrl=stack.outputs["dead_letter_queue_urls"]["compactor"], MessageBody="{}")
    assert alarms() == {"dead-letters-compactor"}
    client("sqs").purge_queue(QueueUrl=stack.outputs["dead_letter_queue_urls"]["compactor"])


def test_a_route(stack, alarms, client):
    """One that is watched, and what its target did not take."""
    send(stack)
    compactor(client)
    entry = {"Source": "github.com", "DetailType": "probe", "Detail": "{}", "EventBusName": "watched"}
    too_large = entry | {"Detail": '{"a":"%s"}' % ("x" * 300_000)}
    client("events").put_events(Entries=[entry])
    assert alarms() == {"route-probe"}
    made = stack.outputs["routes"]["probe"]
    client("sqs").delete_queue(QueueUrl=made["target_url"])
    client("events").put_events(Entries=[entry])
    assert alarms() == {"route-probe", "dead-letters-route-probe"}
    # Larger than its dead-letter queue takes.
    client("events").put_events(Entries=[too_large])
    assert alarms() == {"route-probe", "dead-letters-route-probe", "dead-letters-refused-route-probe"}
    client("sqs").purge_queue(QueueUrl=made["dead_letter_queue_url"])


def produce(stack, path, **headers):
    """The status of an event at the second door, not signed unless `headers` say so."""
    url = f"{stack.outputs['producers_door']['url']}{path}"
    try:
        with urllib.request.urlopen(urllib.request.Request(url, b"{}", headers=headers, method="POST")) as answer:
            return answer.status
    except urllib.error.HTTPError as error:
        return error.code


def signed(url):
    request = AWSRequest("POST", url, data=b"{}")
    SigV4Auth(Credentials("test", "test"), "execute-api", "eu-central-1").add_auth(request)
    return dict(request.headers)


def test_the_second_door_refuses_and_a_stranger_is_no_news(stack, alarms, client):
    send(stack)
    compactor(client)
    assert (produce(stack, "push", **signed(stack.outputs["producers_door"]["url"] + "push")), produce(stack, "a/b")) == (200, 404)
    assert alarms() == set()
    assert produce(stack, "push") == 403
    assert alarms() == {"producers-refused"}


def test_the_second_door_can_not_reach_the_bus(stack, alarms, client, monkeypatch):
    class Failure(JsonRESTError):
        code = 500

    def fail(*_):
        raise Failure("InternalException", "a test asked for this failure")

    send(stack)
    compactor(client)
    monkeypatch.setattr(bus, "put_events", fail)
    assert produce(stack, "push", **signed(stack.outputs["producers_door"]["url"] + "push")) == 500
    assert alarms() == {"producers-5xx"}


def test_a_table_without_new_rows(stack, alarms, client):
    now = datetime.now(UTC)
    for hour in range(6):
        metrics.count("octolake/door", "watched-ingest-taken", at=now - timedelta(hours=hour, minutes=5))
    assert "table-stale" in alarms()
    metrics.count("octolake", "rows", at=now - timedelta(hours=3, minutes=5), function="watched-compactor")
    assert "table-stale" not in alarms()


def test_every_alarm_has_gone_off_in_a_test(stack):
    text = open(__file__, encoding="utf-8").read()
    names = set(stack.outputs["alarm_names"])
    assert len(names) > 15 and {name for name in names if f'"{name}"' not in text} == set()
