"""All of it at once: signed deliveries to the webhook of an applied stack come out of the reports as
they do from the same deliveries to `serve` and `compact` on a directory.

The functions are the real ones. The tests of this file are one story, in their order.
"""

import base64
import json
import os
import platform
import re
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import boto3
import pytest

import applying
import destinations
import functions
import github
import routed
from destinations import logged
from github import Delivery, guid
from lake import Lake, LakeOnS3
from localaws import calls
from localaws.permissions import principals
from localaws.stack import Stack
from messages import count
from owner import Owner
from released import live, release, roll
from waiting import soon

SECRET = "It's a Secret to Everybody"
PRODUCERS = {"source": "deploy-tools", "iam": True}
MARK = "this-text-is-in-a-payload-only"
REPORTS = [
    "report queue-latency",
    "report queue-latency --by repo,label",
    "report queue-latency --by workflow,day",
    "report lead-time",
    "report lead-time --by repo",
    "report lead-time --measure first_review",
    "report lead-time --measure ready_to_merge",
    "report lead-time --measure non_draft",
]
# What a second plan would still change, by address, for the emulator's sake: nothing.
KNOWN_GAPS = set()
# What depends on when and where a delivery arrived.
ARRIVAL = {"received_at", "raw_key", "date"}


def large(number, size):
    """A push of that many bytes, hardly smaller by compression."""
    noise = base64.b64encode(os.urandom(size * 3 // 4)).decode()
    body = {"ref": "refs/heads/main", "repository": {"id": 7, "name": "web", "full_name": "acme/web"}, "noise": noise, "mark": MARK}
    return Delivery("push", guid(number), json.dumps(body).encode())


@pytest.fixture(scope="module")
def deliveries():
    """Every example, some stories, and three bodies around the sizes where the way is another."""
    sizes = [200_000, 300_000, 3_000_000]
    return github.examples() + github.stories() + [large(0xA0000 + n, size) for n, size in enumerate(sizes)]


@pytest.fixture(scope="module")
def applied(aws, client):
    """The root module, applied by a principal with the policies for applying and no others; `outputs` are
    its outputs, `calls` the actions that it took so far, `applier` who took them."""
    began = time.monotonic()
    built = functions.build()
    zips = {f"{name}_zip": str(path) for name, path in built.items() if name != "echo"}
    told("functions built", began)
    architecture = {"x86_64": "x86_64", "aarch64": "arm64"}[platform.machine()]
    key, roles = applying.prepare(client, "acme")
    there = destinations.existing(client, routed.THERE, built["echo"].read_bytes())
    destinations.bounded(client, roles["role_permissions_boundary"], "acme", routed.THERE)
    more = {"log_events": True, "producers_door": PRODUCERS, "routes": routed.routes(there)}
    inputs = {"architecture": architecture, "tls_only": False, "force_destroy": True, **more, **zips, **roles}
    stack = Stack(aws, key=key, name="acme", **inputs)
    stack.applier, stack.calls, began = principals[key], set(), time.monotonic()
    with recorded(stack):
        stack.outputs = stack.apply()
    # Two minutes on a machine that does nothing else: told, not asserted, since machines differ.
    told("applied", began)
    yield stack
    if stack.outputs:
        stack.destroy()


@contextmanager
def recorded(stack):
    """Adds the actions that Terraform takes meanwhile to those of the stack."""
    calls.seen.clear()
    yield
    stack.calls |= calls.seen


def told(what, began):
    print(f"{what} in {time.monotonic() - began:.0f} s", file=sys.stderr)


@pytest.fixture(scope="module")
def lake(aws, applied):
    return LakeOnS3(aws, applied.outputs["lake_url"])


def reports(lake):
    """The answers, but for when the newest delivery arrived, and for what waits: on S3 a report does
    not look for that."""
    answers = {report: lake.ask(*report.split()) for report in REPORTS}
    for answer in answers.values():
        assert answer["freshness"].pop("newest_arrival").endswith("Z")
        assert answer["freshness"].pop("backlog_objects") in (None, 0)
    return answers


def rows(lake):
    """Every row, but for what depends on its arrival."""
    found = lake.ask("sql", "select * from events order by delivery_id")
    return [{name: value for name, value in row.items() if name not in ARRIVAL} for row in found]


@pytest.fixture(scope="module")
def directory(deliveries, tmp_path_factory):
    """The same deliveries, through `serve` and `compact` on a directory."""
    lake = Lake(tmp_path_factory.mktemp("directory") / "lake", OCTOLAKE_TEST_SECRET=SECRET)
    command = lake.command("serve", "--listen", "127.0.0.1:0", "--secret-env", "OCTOLAKE_TEST_SECRET")
    server = subprocess.Popen(command, env=lake.environment, stderr=subprocess.PIPE, text=True)
    try:
        said = iter(server.stderr.readline, "")
        url = next(m.group(0) for m in (re.search(r"http://\S+/webhook", line) for line in said) if m)
        for delivery in deliveries:
            assert delivery.send(url, SECRET)[0] in (200, 202)
        server.send_signal(signal.SIGTERM)
        assert server.wait(timeout=60) == 0
    finally:
        server.kill()
        server.stderr.close()
    lake.ask("compact")
    return lake


@pytest.fixture(scope="module")
def secret(applied, client):
    return client("secretsmanager").get_secret_value(SecretId=applied.outputs["secret_arn"])["SecretString"]


@pytest.fixture(scope="module")
def webhook(applied, secret):
    """Sends a delivery to the stack, signed with its secret."""
    return lambda delivery, **headers: delivery.send(applied.outputs["webhook_url"], secret, **headers)


@pytest.fixture(scope="module")
def control(aws):
    return aws.control


@pytest.fixture(scope="module")
def compact(control, applied):
    """Closes Firehose's objects and runs the compactor's schedule; gives its answer."""

    def run():
        control("flush")
        return control("fire", applied.outputs["compactor_function_name"])

    return run


def counts(report):
    return {name: report[name] for name in ("read", "stored", "duplicates", "quarantined")}


def test_a_second_plan_changes_nothing(applied):
    with recorded(applied):
        assert set(applied.changes()) == KNOWN_GAPS


def test_the_secret_is_not_in_the_state(applied, secret):
    assert len(secret) == 48 and secret.isalnum()
    assert secret not in applied.state()


def test_reports_are_those_of_a_directory(deliveries, webhook, compact, lake, directory):
    began = time.monotonic()
    for delivery in deliveries:
        status, answer = webhook(delivery)
        assert status == (200 if delivery.event == "ping" else 202), (delivery.event, answer)
        assert answer == {"status": "accepted", "delivery": delivery.guid}
    told(f"{len(deliveries)} deliveries", began)
    again = deliveries[:20] + deliveries[-3:]
    assert {webhook(delivery)[0] for delivery in again} <= {200, 202}

    report = compact()
    stored = len({delivery.guid for delivery in deliveries})
    assert counts(report) == {
        "read": len(deliveries) + len(again),
        "stored": stored,
        "duplicates": len(deliveries) + len(again) - stored,
        "quarantined": 0,
    }
    assert report["backlog"] == {"objects": 0, "bytes": 0, "age_s": None}
    assert lake.ask("verify")["holds"] is True
    assert rows(lake) == rows(directory)
    assert reports(lake) == reports(directory)
    assert lake.ask("report", "queue-latency")["rows"][0]["jobs"] > 3


def test_a_large_body_lies_beside_the_bus(client, applied, deliveries):
    bucket = applied.outputs["lake_url"].removeprefix("s3://")
    found = client("s3").list_objects_v2(Bucket=bucket, Prefix="large/")["Contents"]
    names = sorted(item["Key"].rsplit("/", 1)[1] for item in found)
    assert names == [f"{delivery.guid}.json.gz" for delivery in deliveries[-2:]]


def test_a_replay_changes_nothing(client, applied, compact, lake, deliveries):
    before, count = reports(lake), lake.ask("status")["rows"]
    now = datetime.now(UTC)
    client("events").start_replay(
        ReplayName="everything-again",
        EventSourceArn=applied.outputs["archive_arn"],
        EventStartTime=now - timedelta(hours=1),
        EventEndTime=now + timedelta(hours=1),
        Destination={"Arn": applied.outputs["event_bus_arn"]},
    )
    report = compact()
    assert report["stored"] == 0 and report["duplicates"] >= len(deliveries)
    assert (reports(lake), lake.ask("status")["rows"]) == (before, count)
    assert lake.ask("verify")["holds"] is True


def test_a_bus_that_fails_for_a_while_loses_nothing(webhook, control, compact):
    """What was answered with 2xx is there; what was not is told so in time, and taken when it comes again."""
    entry, call, outage = (Delivery("push", guid(0xB0000 + n), b'{"a":%d}' % n) for n in range(3))
    control("fail-events", 3)
    assert webhook(entry)[0] == 202
    control("fail-calls", 4)
    assert webhook(call)[0] == 202
    control("fail-events", 1_000_000)
    began = time.monotonic()
    status, answer = webhook(outage)
    assert status == 503 and "deliver it again" in answer["error"]
    assert 5 < time.monotonic() - began < 10, "tried as long as GitHub waits, and no longer"
    control("fail-events", 0)
    assert webhook(outage)[0] == 202
    assert counts(compact()) == {"read": 3, "stored": 3, "duplicates": 0, "quarantined": 0}


def test_a_delivery_is_seen_at_a_target_of_each_type(aws, applied, client, webhook, compact):
    """And one that a target does not take comes back from its dead letters, once the target does."""
    api = destinations.Api()
    heard = destinations.listener(client, applied.outputs["routes"]["sns"]["target_arn"], f"{routed.THERE}-listener")
    published = {"id": 1, "published_at": "2026-03-02T10:00:00Z"}
    release = Delivery("release", guid(0xBA001), json.dumps({"action": "published", "release": published, "repository": routed.REPOSITORY}).encode())
    assert webhook(release)[0] == 202
    soon(lambda: logged(client, f"/aws/lambda/{routed.THERE}-function"))
    assert counts(compact()) == {"read": 1, "stored": 1, "duplicates": 0, "quarantined": 0}
    assert routed.seen(client, applied.outputs["routes"], api, heard) == {kind.replace("_", "-"): [release.guid] for kind in routed.types()}

    api.failing, letters = True, applied.outputs["routes"]["api-destination"]["dead_letter_queue_url"]
    deployment = Delivery("deployment", guid(0xBA002), json.dumps({"action": "created", "repository": routed.REPOSITORY}).encode())
    assert webhook(deployment)[0] == 202
    soon(lambda: count(client, letters) == (1, 0))
    api.failing = False
    (redriven,) = Owner(aws, "acme").ask("redrive", "api-destination")
    assert (redriven["found"], redriven["events"], redriven["into"], redriven["left"]) == (1, 1, ["the bus acme"], [])
    assert [body["detail"]["_delivery"]["id"] for _, _, body in api.requests] == [release.guid, deployment.guid]
    assert count(client, letters) == (0, 0)
    assert counts(compact()) == {"read": 2, "stored": 1, "duplicates": 1, "quarantined": 0}, "by the bus it came twice"


def test_the_webhook_refuses_what_the_contract_refuses(applied, webhook):
    url = applied.outputs["webhook_url"]
    push = Delivery("push", guid(0xC0001), b"{}")
    refused = [push.send(url, "another secret"), webhook(push, **{"X-Hub-Signature-256": ""})]
    assert [status for status, _ in refused] == [401, 401] and refused[0] == refused[1]
    assert webhook(Delivery("push", "no-guid", b"{}"))[0] == 400
    assert webhook(Delivery("push", guid(0xC0001), b"[]"))[0] == 400
    assert webhook(push, **{"Content-Type": "text/plain"})[0] == 415
    with urllib.request.urlopen(url.removesuffix("webhook") + "health") as answer:
        assert json.load(answer) == {"status": "ok"}


def test_a_new_secret_counts_beside_the_one_before(applied, client, control, secret):
    def value(stage):
        return client("secretsmanager").get_secret_value(SecretId="acme/webhook", VersionStage=stage)["SecretString"]

    with recorded(applied):
        applied.run("apply", "-auto-approve", "-input=false", "-target=module.secret", "-var=webhook_secret_version=2")
    assert value("AWSPREVIOUS") == secret != value("AWSCURRENT")
    # Cold, or it would take a minute until they are looked at again.
    control("stop-functions")
    push, url = Delivery("push", guid(0xD0001), b"{}"), applied.outputs["webhook_url"]
    assert [push.send(url, signer)[0] for signer in (secret, value("AWSCURRENT"), "another")] == [202, 202, 401]


def test_an_http_apis_event_is_taken(applied, client, secret):
    """As an HTTP API hands it on: in base64, with the name of its stage in front."""
    push = Delivery("push", guid(0xE0001), b'{"ref":"refs/heads/main"}')
    http = {"method": "POST", "path": "/prod/webhook", "protocol": "HTTP/1.1", "sourceIp": "192.0.2.1", "userAgent": "x"}
    event = {
        "version": "2.0",
        "routeKey": "POST /webhook",
        "rawPath": "/prod/webhook",
        "rawQueryString": "",
        "headers": {name.lower(): value for name, value in push.headers(secret).items()},
        "requestContext": {"stage": "prod", "http": http, "requestId": "r", "timeEpoch": 1, "apiId": "a"},
        "body": base64.b64encode(push.body).decode(),
        "isBase64Encoded": True,
    }
    answer, error = invoke(client, applied.outputs["ingest_function_name"], event)
    assert (answer["statusCode"], error) == (202, None), answer
    answer, error = invoke(client, applied.outputs["ingest_function_name"], {"Records": []})
    assert error == "Unhandled", "told, where it is connected to something else"


def test_a_parameter_s_secret_and_the_old_quota(applied, client, control):
    """A second endpoint on the same bus: its secret in Systems Manager, its bus as small as before 2026
    though nobody told it: what is refused for its size goes by a claim check."""
    client("ssm").put_parameter(Name="/acme/hook", Value="kept by Systems Manager", Type="SecureString")
    parameter = client("ssm").get_parameter(Name="/acme/hook")["Parameter"]["ARN"]
    first = client("lambda").get_function(FunctionName=applied.outputs["ingest_function_name"])["Configuration"]
    changed = {"OCTOLAKE_SECRET_ARNS": parameter, "OCTOLAKE_INLINE_LIMIT": "950000", "OCTOLAKE_IGNORE_EVENTS": "star"}
    # A role of its own: the first one's may read its own secret, and no parameter.
    trust = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    role = client("iam").create_role(RoleName="second", AssumeRolePolicyDocument=document)["Role"]
    client("lambda").create_function(
        FunctionName="second",
        Runtime="provided.al2023",
        Handler="bootstrap",
        Role=role["Arn"],
        Timeout=10,
        Code={"ZipFile": functions.build()["ingest"].read_bytes()},
        Environment={"Variables": first["Environment"]["Variables"] | changed},
    )

    def deliver(delivery, secret):
        http = {"method": "POST", "path": "/", "protocol": "HTTP/1.1", "sourceIp": "192.0.2.1", "userAgent": "x"}
        context = {"stage": "$default", "http": http, "requestId": "r", "timeEpoch": 1}
        headers = {name.lower(): value for name, value in delivery.headers(secret).items()}
        event = {"version": "2.0", "rawPath": "/", "headers": headers, "requestContext": context}
        answer, _ = invoke(client, "second", event | {"body": delivery.body.decode(), "isBase64Encoded": False})
        return answer["statusCode"], json.loads(answer["body"])["status"]

    control("limit-events", 262_144)
    taken = deliver(large(0xF0001, 300_000), "kept by Systems Manager")
    control("limit-events", 1_048_576)
    assert taken == (202, "accepted")
    assert deliver(Delivery("star", guid(0xF0002), b"{}"), "kept by Systems Manager") == (202, "ignored")
    client("lambda").delete_function(FunctionName="second")
    client("iam").delete_role(RoleName="second")


def invoke(client, function, event):
    """(answer, kind of error or None) of a function."""
    answer = client("lambda").invoke(FunctionName=function, Payload=json.dumps(event))
    return json.load(answer["Payload"]), answer.get("FunctionError")


def test_the_compactor_by_hand(applied, client, control, lake):
    function = applied.outputs["compactor_function_name"]
    control("flush")
    count = lake.ask("status")["rows"]
    dry, error = invoke(client, function, {"dry_run": True})
    assert error is None and dry["dry_run"] and dry["stored"] == 3 and dry["backlog"]["objects"] == 1
    tomorrow = f"{datetime.now(UTC) + timedelta(days=1):%Y-%m-%d}"
    later, error = invoke(client, function, {"since": tomorrow})
    assert error is None and later["read"] == 0 and later["backlog"]["objects"] == 1
    assert lake.ask("status")["rows"] == count
    wrong, error = invoke(client, function, {"dryrun": True})
    assert error == "Unhandled" and "dry_run" in wrong["errorMessage"]
    done, error = invoke(client, function, {})
    assert error is None and done["stored"] == 3 and done["backlog"]["objects"] == 0
    assert lake.ask("status")["rows"] == count + 3


def test_the_door_can_be_an_http_api(applied, control, secret):
    with recorded(applied):
        # The secret as it is by now: a plan with version 1 would make another.
        choice = ("-var=front_door=http-api", "-var=webhook_secret_version=2", "-target=module.ingest")
        applied.run("apply", "-auto-approve", "-input=false", *choice)
    url = applied.read_outputs()["webhook_url"]
    assert "/api/" in url
    push = Delivery("push", guid(0xE0002), b'{"ref":"refs/heads/main"}')
    assert [push.send(url, signer)[0] for signer in (secret, "another")] == [202, 401]
    control("flush")
    for method, path, status in [("GET", "/health", 200), ("POST", "/health", 405), ("GET", "/webhook", 405)]:
        request = urllib.request.Request(url.removesuffix("/webhook") + path, method=method)
        try:
            answer = urllib.request.urlopen(request)
        except urllib.error.HTTPError as error:
            answer = error
        assert answer.status == status, (method, path)


def test_a_leaked_secret_is_revoked_at_once(applied, aws, secret):
    """As terraform/README.md says it, by who applies: the secret before the last rotation counts no more."""
    session = boto3.Session(applied.applier.name.rsplit("/", 1)[1], "x", region_name=aws.region)
    store, lambdas = (session.client(service, endpoint_url=aws.endpoint) for service in ("secretsmanager", "lambda"))
    url, name = applied.read_outputs()["webhook_url"], {"SecretId": applied.outputs["secret_arn"]}
    current, leaked = (store.get_secret_value(**name, VersionStage=stage) for stage in ("AWSCURRENT", "AWSPREVIOUS"))
    assert leaked["SecretString"] == secret
    push = Delivery("push", guid(0xE0003), b'{"ref":"refs/heads/main"}')
    signers = (secret, current["SecretString"], "another")
    assert [push.send(url, signer)[0] for signer in signers] == [202, 202, 401]

    store.update_secret_version_stage(**name, VersionStage="AWSPREVIOUS", RemoveFromVersionId=leaked["VersionId"])
    assert push.send(url, secret)[0] == 202, "a warm function keeps its secrets, for five minutes"
    function = applied.outputs["ingest_function_name"]
    variables = lambdas.get_function_configuration(FunctionName=function)["Environment"]["Variables"]
    before = live(lambdas, function)
    assert release(lambdas, function, Environment={"Variables": variables | {"OCTOLAKE_RESTARTED": "1"}}) != before
    assert [push.send(url, signer)[0] for signer in signers] == [401, 202, 401]


def test_a_roll_back_is_one_call_which_the_next_apply_ends(applied, client):
    """A release that takes no delivery, what ran before it again, and what Terraform makes of that."""
    lambdas, function = client("lambda"), applied.outputs["ingest_function_name"]
    secret = client("secretsmanager").get_secret_value(SecretId=applied.outputs["secret_arn"])["SecretString"]
    push, url = Delivery("push", guid(0xE0004), b'{"ref":"refs/heads/main"}'), applied.read_outputs()["webhook_url"]
    choice = ("-input=false", "-var=front_door=http-api", "-var=webhook_secret_version=2", "-target=module.ingest")
    wrong = f"-var=ingest_zip={functions.build()['echo']}"

    def apply(*more):
        with recorded(applied):
            applied.run("apply", "-auto-approve", *choice, *more)
        return live(lambdas, function)

    before = live(lambdas, function)
    newest = apply(wrong)
    assert int(newest) == int(before) + 1
    assert push.send(url, secret)[0] != 202
    roll(lambdas, function, before)
    assert push.send(url, secret)[0] == 202
    moved = {"module.ingest.module.function.aws_lambda_alias.live": {"function_version": (before, newest)}}
    assert applied.changes(*choice[1:], wrong) == moved, "a plan shows what an apply would end"
    assert apply(wrong) == newest
    assert int(apply()) == int(newest) + 1
    lambdas.delete_function(FunctionName=function, Qualifier=newest)
    assert push.send(url, secret)[0] == 202


def test_the_logs_are_json_and_hold_no_payload(applied, client, secret, deliveries):
    lines = logged(client, f"/aws/lambda/{applied.outputs['ingest_function_name']}")
    taken = {line.get("delivery") for line in lines if line.get("status") == 202}
    assert {delivery.guid for delivery in deliveries if delivery.event != "ping"} <= taken
    assert all(line["taken"] for line in lines if line["message"] == "answered" and line["status"] == 202), "what alarms count"
    assert all("requestId" in line["span"] for line in lines if line["message"] == "answered")
    text = json.dumps(lines)
    assert MARK not in text and secret not in text and SECRET not in text

    lines = logged(client, f"/aws/lambda/{applied.outputs['compactor_function_name']}")
    assert MARK not in json.dumps(lines)
    runs = [line for line in lines if line.get("message") == "the run is over"]
    metrics = [line for line in lines if "_aws" in line]
    assert len(runs) == len(metrics) + 1, "no metrics of the dry run"
    assert {line["run"] for line in metrics} < {line["span"]["run"] for line in runs}
    first = metrics[0]
    assert first["function"] == applied.outputs["compactor_function_name"]
    assert first["_aws"]["CloudWatchMetrics"][0]["Namespace"] == "octolake"
    assert first["rows"] == len({delivery.guid for delivery in deliveries}) and first["backlog_age_seconds"] == 0


def test_the_bus_can_be_read_in_its_own_log(client, deliveries):
    events = logged(client, "/aws/events/acme")
    assert {delivery.guid for delivery in deliveries} <= {event["detail"]["_delivery"]["id"] for event in events}


def test_destroy_leaves_nothing(applied, aws):
    with recorded(applied):
        applied.destroy()
    applied.outputs = None
    session = {"region_name": aws.region, "endpoint_url": aws.endpoint}
    left = {
        "functions": boto3.client("lambda", **session).list_functions()["Functions"],
        "buckets": boto3.client("s3", **session).list_buckets()["Buckets"],
        "buses": boto3.client("events", **session).list_event_buses()["EventBuses"],
        "streams": boto3.client("firehose", **session).list_delivery_streams()["DeliveryStreamNames"],
        "roles": boto3.client("iam", **session).list_roles()["Roles"],
        "queues": boto3.client("sqs", **session).list_queues().get("QueueUrls", []),
        "groups": boto3.client("logs", **session).describe_log_groups()["logGroups"],
        "alarms": boto3.client("cloudwatch", **session).describe_alarms()["MetricAlarms"],
        "databases": boto3.client("glue", **session).get_databases()["DatabaseList"],
        "workgroups": boto3.client("athena", **session).list_work_groups()["WorkGroups"],
        "schedules": boto3.client("scheduler", **session).list_schedules()["Schedules"],
        "archives": boto3.client("events", **session).list_archives()["Archives"],
        "secrets": boto3.client("secretsmanager", **session).list_secrets(IncludePlannedDeletion=True)["SecretList"],
        "schedule groups": boto3.client("scheduler", **session).list_schedule_groups()["ScheduleGroups"],
        "log policies": boto3.client("logs", **session).describe_resource_policies()["resourcePolicies"],
        "queries": boto3.client("athena", **session).list_named_queries(WorkGroup="acme")["NamedQueryIds"],
        "topics": boto3.client("sns", **session).list_topics()["Topics"],
        "tables": boto3.client("dynamodb", **session).list_tables()["TableNames"],
        "workflows": boto3.client("stepfunctions", **session).list_state_machines()["stateMachines"],
        "API destinations": boto3.client("events", **session).list_api_destinations()["ApiDestinations"],
        "dashboards": boto3.client("cloudwatch", **session).list_dashboards()["DashboardEntries"],
    }
    of_the_stack = {kind: [item for item in items if "acme" in str(item)] for kind, items in left.items()}
    assert {kind: items for kind, items in of_the_stack.items() if items} == {}


def test_the_policies_for_applying_allow_every_call(applied):
    statements = [statement for file in applying.POLICIES for statement in applying.filled(file, "acme")["Statement"]]
    allowed = {action for statement in statements if statement["Effect"] == "Allow" for action in statement["Action"]}
    assert len(applied.calls) > 100, "an apply, a plan and a destroy were recorded"
    assert {"sns:CreateTopic", "dynamodb:CreateTable", "states:CreateStateMachine", "events:CreateApiDestination"} <= applied.calls
    assert applied.calls - allowed - applying.NEEDS_NO_PERMISSION == set()
    assert {action for action, _ in applied.applier.refused} <= applying.NEEDS_NO_PERMISSION
