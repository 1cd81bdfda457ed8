"""The root module on the local AWS: applied, used, planned again, destroyed.

With functions that stand in for the real ones; the end-to-end test of the whole has those.
"""

import gzip
import json
import time
import urllib.request

import boto3
import pytest

import standin
from localaws import calls
from localaws.stack import REPOSITORY, Stack

# What a second plan would still change, by address, for the emulator's sake: nothing.
KNOWN_GAPS = set()


@pytest.fixture(scope="module")
def zips(tmp_path_factory):
    folder = tmp_path_factory.mktemp("zips")
    paths = {name: folder / f"{name}.zip" for name in ("ingest", "compactor")}
    paths["ingest"].write_bytes(standin.zipped(standin.INGEST))
    paths["compactor"].write_bytes(standin.zipped(standin.COMPACTOR))
    return {f"{name}_zip": str(path) for name, path in paths.items()}


@pytest.fixture(scope="module")
def applied(aws, zips):
    stack = Stack(aws, name="acme", tls_only=False, force_destroy=True, log_events=True, **zips)
    stack.calls = set()
    calls.seen.clear()
    began = time.monotonic()
    stack.outputs = stack.apply()
    # Two minutes on a machine that does nothing else: told, not asserted, since machines differ.
    print(f"applied in {time.monotonic() - began:.0f} s")
    stack.calls |= calls.seen
    yield stack
    if stack.outputs:
        stack.destroy()


def post(url, body=None, **headers):
    request = urllib.request.Request(url, body, {"Content-Type": "application/json", **headers})
    with urllib.request.urlopen(request) as answer:
        return answer.status


def control(aws, name, *args):
    request = urllib.request.Request(f"{aws.gateway}/control/{name}", json.dumps({"args": args}).encode())
    with urllib.request.urlopen(request) as answer:
        return json.load(answer)["result"]


def test_a_second_plan_changes_nothing(applied):
    calls.seen.clear()
    changes = applied.changes()
    applied.calls |= calls.seen
    assert set(changes) == KNOWN_GAPS, changes


def test_the_secret_is_there_and_not_in_the_state(applied, client):
    value = client("secretsmanager").get_secret_value(SecretId=applied.outputs["secret_arn"])["SecretString"]
    assert len(value) == 48 and value.isalnum()
    assert value not in applied.state()


def test_a_delivery_goes_from_the_webhook_to_the_lake(applied, aws, client):
    for number in (1, 2):
        delivery = {"X-GitHub-Event": "push", "X-GitHub-Delivery": f"id-{number}"}
        assert post(applied.outputs["webhook_url"], b'{"ref": "main"}', **delivery) == 202
    (key,) = control(aws, "flush")
    bucket = applied.outputs["lake_url"].removeprefix("s3://")
    assert key.startswith(time.strftime("raw/%Y/%m/%d/", time.gmtime()))
    body = client("s3").get_object(Bucket=bucket, Key=key)["Body"].read()
    details = [json.loads(line)["detail"] for line in gzip.decompress(body).splitlines()]
    assert details == [{"_delivery": {"id": "id-1"}, "ref": "main"}, {"_delivery": {"id": "id-2"}, "ref": "main"}]

    assert control(aws, "fire", applied.outputs["compactor_function_name"]) == {"objects": 1}
    assert client("s3").get_object(Bucket=bucket, Key="events/objects")["Body"].read() == b"1"

    logged = client("logs").filter_log_events(logGroupName="/aws/events/acme")["events"]
    assert [json.loads(event["message"])["detail"]["_delivery"]["id"] for event in logged] == ["id-1", "id-2"]


def test_every_variable_reaches_its_part(aws, client, zips):
    secret = client("secretsmanager").create_secret(Name="shared/one", SecretString="x")["ARN"]
    stack = Stack(aws, **FORWARDED, **zips)
    stack.run("plan", "-input=false", "-out=p.tfplan")
    planned = json.loads(stack.run("show", "-json", "p.tfplan").stdout)["resource_changes"]
    after = {change["address"]: change["change"]["after"] for change in planned if change["mode"] == "managed"}
    for address, path, expected in EXPECTED:
        value = after[address]
        for part in path:
            value = value[part]
        assert value == expected, (address, path)
    assert after[INGEST]["environment"][0]["variables"]["OCTOLAKE_SECRET_ARNS"] == secret
    assert "module.raw.aws_s3_bucket_policy.lake[0]" in after, "TLS only"
    assert not any(address.startswith("module.secret.") for address in after), "no secret of its own"


def test_a_bucket_that_exists_is_told_at_plan(aws, client, zips):
    s3 = client("s3")
    s3.create_bucket(Bucket="taken-before", CreateBucketConfiguration={"LocationConstraint": aws.region})
    s3.put_bucket_tagging(Bucket="taken-before", Tagging={"TagSet": [{"Key": "owner", "Value": "somebody"}]})
    done = Stack(aws, name="other", bucket_name="taken-before", **zips).run("plan", "-input=false", check=False)
    assert done.returncode == 1 and "A bucket named taken-before exists" in done.stderr


def test_destroy_leaves_nothing(applied, aws):
    calls.seen.clear()
    applied.destroy()
    applied.calls |= calls.seen
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
        "dashboards": boto3.client("cloudwatch", **session).list_dashboards()["DashboardEntries"],
    }
    of_the_stack = {kind: [item for item in items if "acme" in str(item)] for kind, items in left.items()}
    assert {kind: items for kind, items in of_the_stack.items() if items} == {}


def test_the_policy_for_applying_allows_every_call(applied):
    policy = json.loads((REPOSITORY / "terraform/apply-policy.json").read_text())
    allowed = {action for statement in policy["Statement"] for action in statement["Action"]}
    assert len(applied.calls) > 100, "an apply, a plan and a destroy were recorded"
    assert applied.calls - allowed - NEEDS_NO_PERMISSION == set()


# The provider asks who it is; where it may not, it asks STS.
NEEDS_NO_PERMISSION = {"iam:GetUser"}

KEY = "arn:aws:kms:eu-central-1:123456789012:key/k"
TOPIC = "arn:aws:sns:eu-central-1:123456789012:alarms"
FORWARDED = {
    "name": "forward",
    "tags": {"team": "a"},
    "architecture": "x86_64",
    "front_door": "http-api",
    "throttle": {"rate": 20, "burst": 40},
    "reserved_concurrency": 12,
    "ingest_memory_mb": 300,
    "events": ["push"],
    "ignore_events": ["status"],
    "repositories": ["o/r"],
    "inline_limit_bytes": 240000,
    "existing_secret_names": ["shared/one"],
    "existing_bus_name": "default",
    "archive_days": 7,
    "log_events": True,
    "bucket_name": "forward-lake",
    "kms_key_arn": KEY,
    "buffer": {"mb": 2, "seconds": 60},
    "raw_cold_after_days": 11,
    "old_version_days": 12,
    "force_destroy": True,
    "tls_only": True,
    "compact_schedule": "cron(0 6 * * ? *)",
    "compact_timezone": "Europe/Berlin",
    "compact_window_minutes": 9,
    "compactor_memory_mb": 2000,
    "compactor_timeout_seconds": 300,
    "target_file_mb": 64,
    "athena_scan_limit_gb": 2,
    "raw_since": "2025/05/01",
    "alarm_topic_arns": [TOPIC],
    "backlog_alarm_hours": 3,
    "log_retention_days": 7,
}
INGEST = "module.ingest.aws_lambda_function.ingest"
COMPACTOR = "module.compactor.aws_lambda_function.compactor"
SCHEDULE = "module.compactor.aws_scheduler_schedule.compactor"
STREAM = "module.raw.aws_kinesis_firehose_delivery_stream.raw"
STAGE = "module.ingest.aws_apigatewayv2_stage.ingest[0]"
LIFECYCLE = "module.raw.aws_s3_bucket_lifecycle_configuration.lake"
ALARM = 'module.watching.aws_cloudwatch_metric_alarm.this["{}"]'
VARIABLES = ("environment", 0, "variables")
# (address, where in it, value): one line for each variable above.
EXPECTED = [
    (INGEST, ("function_name",), "forward-ingest"),
    (INGEST, ("tags",), {"team": "a", "octolake:stack": "forward"}),
    (INGEST, ("architectures",), ["x86_64"]),
    (COMPACTOR, ("architectures",), ["x86_64"]),
    (STAGE, ("name",), "$default"),
    (STAGE, ("default_route_settings", 0, "throttling_rate_limit"), 20),
    (STAGE, ("default_route_settings", 0, "throttling_burst_limit"), 40),
    (INGEST, ("reserved_concurrent_executions",), 12),
    (INGEST, ("memory_size",), 300),
    (INGEST, (*VARIABLES, "OCTOLAKE_EVENTS"), "push"),
    (INGEST, (*VARIABLES, "OCTOLAKE_IGNORE_EVENTS"), "status"),
    (INGEST, (*VARIABLES, "OCTOLAKE_REPOS"), "o/r"),
    (INGEST, (*VARIABLES, "OCTOLAKE_INLINE_LIMIT"), "240000"),
    (INGEST, (*VARIABLES, "OCTOLAKE_BUS_NAME"), "default"),
    ("module.bus.aws_cloudwatch_event_archive.deliveries[0]", ("retention_days",), 7),
    ("module.bus.aws_cloudwatch_log_group.events[0]", ("retention_in_days",), 7),
    ("module.raw.aws_s3_bucket.lake", ("bucket",), "forward-lake"),
    ("module.raw.aws_s3_bucket.lake", ("force_destroy",), True),
    (STREAM, ("extended_s3_configuration", 0, "kms_key_arn"), KEY),
    (STREAM, ("extended_s3_configuration", 0, "buffering_size"), 2),
    (STREAM, ("extended_s3_configuration", 0, "buffering_interval"), 60),
    (LIFECYCLE, ("rule", 0, "noncurrent_version_expiration", 0, "noncurrent_days"), 12),
    (LIFECYCLE, ("rule", 2, "transition", 0, "days"), 11),
    (SCHEDULE, ("schedule_expression",), "cron(0 6 * * ? *)"),
    (SCHEDULE, ("schedule_expression_timezone",), "Europe/Berlin"),
    (SCHEDULE, ("flexible_time_window", 0, "maximum_window_in_minutes"), 9),
    (COMPACTOR, ("memory_size",), 2000),
    (COMPACTOR, ("timeout",), 300),
    (COMPACTOR, (*VARIABLES, "OCTOLAKE_TARGET_FILE_BYTES"), "67108864"),
    ("module.athena.aws_athena_workgroup.lake", ("configuration", 0, "bytes_scanned_cutoff_per_query"), 2147483648),
    ("module.athena.aws_glue_catalog_table.events_raw", ("parameters", "projection.day.range"), "2025/05/01,NOW"),
    (ALARM.format("door-5xx"), ("alarm_actions",), [TOPIC]),
    (ALARM.format("backlog-old"), ("threshold",), 10800),
    ("module.compactor.aws_cloudwatch_log_group.compactor", ("retention_in_days",), 7),
]
