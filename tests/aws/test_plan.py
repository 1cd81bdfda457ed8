"""What a plan of the root module says: each input in its place, and each wrong one in a sentence.

With functions that stand in for the real ones: nothing is applied here.
"""

import json
import re
import shutil

import pytest

import standin
from localaws.stack import REPOSITORY, Stack


@pytest.fixture(scope="module")
def zips(tmp_path_factory):
    folder = tmp_path_factory.mktemp("zips")
    paths = {name: folder / f"{name}.zip" for name in ("ingest", "compactor")}
    paths["ingest"].write_bytes(standin.zipped(standin.INGEST))
    paths["compactor"].write_bytes(standin.zipped(standin.COMPACTOR))
    return {f"{name}_zip": str(path) for name, path in paths.items()}


def test_every_variable_reaches_its_part(aws, client, zips):
    secret = client("secretsmanager").create_secret(Name="shared/one", SecretString="x")["ARN"]
    parameter = put_parameter(client, "/shared/two", "y")
    stack = Stack(aws, **FORWARDED, **zips)
    stack.run("plan", "-input=false", "-out=p.tfplan")
    planned = json.loads(stack.run("show", "-json", "p.tfplan").stdout)["resource_changes"]
    after = {change["address"]: change["change"]["after"] for change in planned if change["mode"] == "managed"}
    for address, path, expected in EXPECTED:
        value = after[address]
        for part in path:
            value = value[part]
        assert value == expected, (address, path)
    assert after[INGEST]["environment"][0]["variables"]["OCTOLAKE_SECRET_ARNS"] == f"{secret},{OTHER_SECRET},{parameter}"
    policy = json.loads(after["module.ingest.module.function.aws_iam_role_policy.this"]["policy"])
    assert [SECRET_KEY] in [statement["Resource"] for statement in policy["Statement"]]
    assert "module.raw.aws_s3_bucket_policy.lake[0]" in after, "TLS only"
    assert not any(address.startswith("module.secret.") for address in after), "no secret of its own"
    made = [values for address, values in after.items() if ".aws_iam_role." in address]
    roles = {role["name"]: (role["path"], role["permissions_boundary"]) for role in made}
    parts = ("ingest", "compactor", "compactor-schedule", "raw-rule", "firehose", "producers", "route-mine")
    names = {f"forward-{part}" for part in parts}
    assert roles == dict.fromkeys(names, (FORWARDED["role_path"], FORWARDED["role_permissions_boundary"]))


def test_every_variable_is_forwarded_above():
    text = "\n".join(path.read_text() for path in sorted((REPOSITORY / "terraform").glob("*.tf")))
    declared = re.findall(r'^variable "(.+)" {', text, re.MULTILINE)
    elsewhere = {"ingest_zip", "compactor_zip", "code_in_s3", "webhook_secret_version", "config_file", "release_version", "release_url"}  # test_config.py, test_release.py
    assert set(declared) == FORWARDED.keys() | elsewhere


def put_parameter(client, name, value):
    client("ssm").put_parameter(Name=name, Value=value, Type="SecureString")
    return client("ssm").get_parameter(Name=name)["Parameter"]["ARN"]


def test_a_parameter_s_value_stays_out_of_plan_and_state(aws, client, zips):
    value = "value-of-a-parameter"
    put_parameter(client, "only-here", value)
    stack = Stack(aws, name="parameter", existing_parameter_names=["only-here"], **zips)
    stack.run("plan", "-input=false", "-out=p.tfplan")
    planned = stack.run("show", "-json", "p.tfplan").stdout
    assert ":parameter/only-here" in planned and value not in planned
    stack.run("apply", "-input=false", "-auto-approve", "-target=module.secret")
    assert value not in stack.state()


@pytest.fixture(scope="module")
def own_secret(aws, zips):
    """A stack that names no secret that exists, and so makes one."""
    return Stack(aws, name="own", kms_key_arn=KEY, **zips)


@pytest.mark.parametrize(("force_destroy", "days"), [("false", 7), ("true", 0)])
def test_its_own_secret_has_the_key_and_its_recovery_window(own_secret, force_destroy, days):
    own_secret.run("plan", "-input=false", "-out=p.tfplan", f"-var=force_destroy={force_destroy}")
    planned = json.loads(own_secret.run("show", "-json", "p.tfplan").stdout)["resource_changes"]
    (secret,) = (change for change in planned if change["address"] == OWN_SECRET)
    assert secret["change"]["after"]["recovery_window_in_days"] == days
    assert secret["change"]["after"]["kms_key_id"] == KEY


@pytest.fixture(scope="module")
def planner(aws, client, zips):
    """A stack to plan with wrong inputs, on an AWS that has a bucket and nothing else."""
    s3 = client("s3")
    s3.create_bucket(Bucket="taken-before", CreateBucketConfiguration={"LocationConstraint": aws.region})
    s3.put_bucket_tagging(Bucket="taken-before", Tagging={"TagSet": [{"Key": "owner", "Value": "somebody"}]})
    return Stack(aws, name="wrong", **zips)


@pytest.mark.parametrize(
    ("variable", "value", "sentence"),
    [
        ("archive_days", "-1", "archive_days must be null (no archive) or a whole number from 0 (for ever) to 3650."),
        ("compact_schedule", "rate(2 hour)", "compact_schedule must look like rate(1 hour), rate(15 minutes) or cron("),
        ("compact_schedule", "cron(0 * * * *)", "which has six fields: minutes, hours, day of month, month, day of week, year."),
        ("bucket_name", "taken-before", "A bucket named taken-before exists in this account. Choose another name"),
        ("existing_bus_name", "nowhere", "No event bus named nowhere in this account and region. Create it with"),
        ("existing_secret_names", '["no/secret"]', "No secret named no/secret in this account and region. Create it with"),
        ("existing_parameter_names", '["/no/parameter"]', "Create it with 'aws ssm put-parameter --type SecureString'"),
        ("producers_door", '{"source":"deploy-tools"}', "producers_door needs one of jwt = { issuer, audience } and iam = true"),
        (
            "producers_door",
            '{"source":"deploy-tools","jwt":{"issuer":"https://gitlab.com","audience":["octolake"]}}',
            "producers_door.jwt.issuer gives everybody in the world a token, for any audience that he asks for.",
        ),
        ("producers_door", '{"source":"github.com","iam":true}', "producers_door.source must be a name without a dot"),
        ("schemas", "{discoverer=5}", 'attribute "discoverer": bool required.'),
        ("routes", "[]", "routes must be an object of routes by name, such as"),
        ("ingest_zip", "no/such.zip", "ingest_zip names no readable file. Build the functions as terraform/START.md says"),
        ("release_version", "v1.2.3", "release_version and ingest_zip, compactor_zip or code_in_s3 name two codes for a function"),
        ("release_version", "v1.2.3", "release_version and release_url go together: release_url = "),
        ("release_url", "https://x.example/?a=b", "release_url must be an https:// address without a query"),
        ("ingest_zip", "null", "There is no zip of the function wrong-ingest at"),
    ],
)
def test_a_plan_says_what_is_wrong_and_what_to_do(planner, variable, value, sentence):
    if value == "null":
        override(planner, variable, None)
        done = planner.run("plan", "-input=false", check=False)
    else:
        done = planner.run("plan", "-input=false", f"-var={variable}={value}", check=False)
    assert done.returncode == 1
    assert sentence in " ".join(done.stderr.split())



CONNECTION = "arn:aws:events:eu-central-1:123456789012:connection/c/1"
BUS_ARN = "arn:aws:events:eu-central-1:123456789012:event-bus/nowhere"
QUEUE_ARN = "arn:aws:sqs:eu-central-1:123456789012:q"
# A route (key and value), and what is said of it.
WRONG_ROUTES = [
    ("r", {"target": {"type": "sqs"}}, "routes.r: a route's name is 2 to 24 characters"),
    ("fleet", {}, "routes.fleet.target: is missing; it says where events go"),
    ("fleet", {"traget": {"type": "sqs"}}, "routes.fleet.traget: no such key; did you mean target?"),
    ("fleet", {"action": ["queued"], "target": {"type": "sqs"}}, "routes.fleet.action: no such key; did you mean actions?"),
    ("fleet", {"target": {"type": "kinesis"}}, "routes.fleet.target.type: there is no type kinesis; there are api_destination, dynamodb,"),
    ("fleet", {"target": {"arn": QUEUE_ARN}}, "routes.fleet.target.type: there is no type given;"),
    ("fleet", {"target": {"type": "sqs", "queue": "q"}}, "routes.fleet.target.queue: no such key; there are arn, kms_key_arn, message_group_id,"),
    ("fleet", {"target": {"type": "lambda"}}, "routes.fleet.target.arn: is missing; a target of type lambda needs arn."),
    ("fleet", {"target": {"type": "api_destination"}}, "routes.fleet.target.url: is missing; a target of type api_destination needs url, connection_arn."),
    ("fleet", {"target": {"type": "ecs_task"}}, "routes.fleet.target.cluster_arn: is missing;"),
    ("fleet", {"events": "push", "target": {"type": "sqs"}}, 'routes.fleet.events: must be a list of texts, and is "push".'),
    ("fleet", {"events": ["Push"], "target": {"type": "sqs"}}, "routes.fleet.events: Push is no event type; GitHub's names are written as in X-GitHub-Event"),
    ("fleet", {"actions": ["is queued"], "target": {"type": "sqs"}}, "routes.fleet.actions: is queued is no action;"),
    ("fleet", {"repositories": ["acme"], "target": {"type": "sqs"}}, "routes.fleet.repositories: acme must be written owner/name, or owner/*"),
    ("fleet", {"events": ["push"], "pattern": {"detail-type": ["push"]}, "target": {"type": "sqs"}}, "routes.fleet.pattern.detail-type: is what events says already;"),
    ("fleet", {"pattern": {"detail": {"action": "queued"}}, "target": {"type": "sqs"}}, "routes.fleet.pattern.detail.action: must be a list of what may match"),
    ("fleet", {"pattern": {"body": {"action": ["x"]}}, "target": {"type": "sqs"}}, "routes.fleet.pattern.body: an event has no such member"),
    ("fleet", {"target": {"type": "lambda", "arn": QUEUE_ARN}}, "routes.fleet.target.arn: is no ARN of lambda; it looks like arn:aws:lambda:eu-central-1:123456789012:function:name."),
    ("fleet", {"target": {"type": "event_bus", "arn": BUS_ARN}}, "routes.fleet.target.arn: there is no event bus named nowhere in this account and region. Create it with"),
    ("fleet", {"target": {"type": "sqs", "arn": QUEUE_ARN, "name": "q"}}, "routes.fleet.target.name: is for what the route makes, and arn names what is there"),
    ("fleet", {"target": {"type": "sqs", "name": "a queue"}}, "routes.fleet.target.name: a queue is no name that sqs takes"),
    ("fleet", {"target": {"type": "sqs", "arn": QUEUE_ARN + ".fifo"}}, "routes.fleet.target.message_group_id: is missing; a FIFO queue needs one"),
    ("fleet", {"target": {"type": "api_destination", "url": "http://x", "connection_arn": CONNECTION}}, "routes.fleet.target.url: must begin with https://"),
    ("fleet", {"target": {"type": "api_destination", "url": "https://x/*", "connection_arn": CONNECTION}}, "routes.fleet.target.path_values: has to have a path for each * of url, which has 1"),
    ("fleet", {"target": {"type": "dynamodb", "key": ["id"], "order": ["$.time"]}}, "routes.fleet.target: id is no path into an event; write $.detail.release.tag_name."),
    ("fleet", {"target": {"type": "dynamodb", "key": ["$.id"], "order": []}}, "routes.fleet.target.order: is empty; name at least one path"),
    ("fleet", {"input": {"template": '"<who>"'}, "target": {"type": "sqs"}}, "routes.fleet.input.template: <who> is in no paths;"),
    ("fleet", {"input": {"path": "detail"}, "target": {"type": "sqs"}}, "routes.fleet.input.path: is no path into an event; write $.detail."),
    ("fleet", {"input": {"path": "$.id", "constant": 1}, "target": {"type": "sqs"}}, "routes.fleet.input: takes one of path, constant and template."),
    ("fleet", {"input": {"path": "$.detail"}, "target": {"type": "log_group"}}, "routes.fleet.input: a log group takes a template with the members"),
    ("fleet", {"retry": {"hours": 25}, "target": {"type": "sqs"}}, "routes.fleet.retry.hours: must be a minute (0.017) to 24"),
    ("fleet", {"retry": {"attempts": 186}, "target": {"type": "sqs"}}, "routes.fleet.retry.attempts: must be a whole number from 0 to 185."),
]  # fmt: skip


@pytest.fixture(scope="module")
def wrong_routes(aws):
    """What one plan says of all wrong routes; each has a module of its own, so that none hides another."""
    stack = Stack(aws, root="terraform/tests/queries")
    common = {"name": "acme", "bus": {"name": "b", "arn": "a", "pattern": '{"source":[{"prefix":""}]}'}, "dead_letter_max_bytes": 262144}
    common |= {"where": {"partition": "aws", "region": "eu-central-1", "account_id": "123456789012"}, "tls_only": True, "tags": {}}
    common |= {"role_path": "/", "role_permissions_boundary": None, "log_retention_days": 7}
    common |= dict.fromkeys(("kms_key_arn", "queue_kms_key_arn", "log_kms_key_arn"))
    source = {"source": "../../modules/route"}
    modules = {f"wrong_{at}": source | common | {"key": key, "route": route} for at, (key, route, _) in enumerate(WRONG_ROUTES)}
    # A brace after a dollar would be Terraform's own; there is none in these.
    (stack.root / "all.tf.json").write_text(json.dumps({"module": modules}))
    stack.run("init", "-input=false")
    done = stack.run("plan", "-input=false", check=False)
    assert done.returncode == 1
    return " ".join(re.sub(r"[│╷╵]", " ", done.stderr).split())


@pytest.mark.parametrize("sentence", [sentence for *_, sentence in WRONG_ROUTES])
def test_a_wrong_route_is_told_where_and_what_to_do(wrong_routes, sentence):
    assert sentence in wrong_routes


EXAMPLES = {
    "minimal": {},
    "http-api": {"alarm_mail": "a@example.com"},
    "existing-bus": {},
    "echo": {},
    "routes": {},
    "compliance": {"connection_arn": CONNECTION},
    "one-file": {},
}


def test_there_is_a_test_of_every_example():
    assert {folder.name for folder in (REPOSITORY / "terraform/examples").iterdir()} == EXAMPLES.keys()


@pytest.mark.parametrize(("name", "variables"), EXAMPLES.items())
def test_an_example_plans_with_zips_where_they_are_built(aws, zips, name, variables):
    stack = Stack(aws, root=f"terraform/examples/{name}", **variables)
    built = stack.root.parents[1] / "functions" if name != "echo" else stack.root.parents[2] / "target/lambda"
    for function in ("ingest", "compactor"):
        (built / function).mkdir(parents=True)
        shutil.copy(zips[f"{function}_zip"], built / function / "bootstrap.zip")
    if name == "echo":
        done = stack.run("plan", "-input=false", check=False)
        assert "echo_zip names no readable file: build the function first" in " ".join(done.stderr.split())
        shutil.copytree(built / "ingest", built / "echo")
    assert "0 to change, 0 to destroy" in stack.run("plan", "-input=false").stdout


def override(stack, variable, value):
    """Sets one variable of a stack for good."""
    file = stack.root / "terraform.tfvars.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | {variable: value}))


@pytest.mark.parametrize("path", sorted((REPOSITORY / "terraform/apply-policy").glob("*.json")), ids=lambda path: path.name)
def test_each_policy_for_applying_fits_a_managed_policy(path):
    """6,144 characters without white space, with the longest name and region put in."""
    text = "".join(path.read_text().split())
    for word, longest in (("NAME", "n" * 28), ("ACCOUNT", "1" * 12), ("REGION", "ap-southeast-1")):
        text = text.replace(word, longest)
    assert len(text) <= 6144


KEY = "arn:aws:kms:eu-central-1:123456789012:key/k"
SECRET_KEY = "arn:aws:kms:eu-central-1:123456789012:key/s"
OTHER_SECRET = "arn:aws:secretsmanager:eu-central-1:210987654321:secret:shared/webhook-AbCdEf"
TOPIC = "arn:aws:sns:eu-central-1:123456789012:alarms"
FORWARDED = {
    "name": "forward",
    "tags": {"team": "a"},
    "role_path": "/platform/forward/",
    "role_permissions_boundary": "arn:aws:iam::123456789012:policy/platform/boundary",
    "architecture": "x86_64",
    "tracing": True,
    "vpc": {"subnet_ids": ["subnet-1"], "security_group_ids": ["sg-1"]},
    "log_level": "DEBUG",
    "log_kms_key_arn": SECRET_KEY,
    "domain": {"name": "hooks.example.com", "certificate_arn": "arn:aws:acm:eu-central-1:123456789012:certificate/c"},
    "kms_key_parts": ["bus", "queues"],
    "front_door": "http-api",
    "throttle": {"rate": 20, "burst": 40},
    "producers_door": {"source": "deploy-tools", "iam": True, "throttle": {"rate": 3}},
    "reserved_concurrency": 12,
    "ingest_memory_mb": 300,
    "events": ["push"],
    "ignore_events": ["status"],
    "repositories": ["o/r"],
    "ignore_repositories": ["o/noise"],
    "inline_limit_bytes": 200000,
    "dead_letter_max_bytes": 262144,
    "existing_secret_names": ["shared/one"],
    "existing_parameter_names": ["/shared/two"],
    "secret_key_arns": [SECRET_KEY],
    "existing_secret_arns": [OTHER_SECRET],
    "secret_json_key": "webhook",
    "existing_bus_name": "default",
    "archive_days": 7,
    "archive_events": ["release"],
    "log_events": True,
    "schemas": {"registry": True, "discoverer": False},
    "routes": {"mine": {"events": ["push"], "target": {"type": "sqs"}}},
    "bucket_name": "forward-lake",
    "adopt_bucket": False,
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
    "glue_columns": True,
    "alarm_topic_arns": [TOPIC],
    "backlog_alarm_hours": 3,
    "quiet_alarm_days": 2,
    "alarm_ends_too": True,
    "log_retention_days": 7,
}
INGEST = "module.ingest.module.function.aws_lambda_function.this"
COMPACTOR = "module.compactor.module.function.aws_lambda_function.this"
OWN_SECRET = "module.secret.aws_secretsmanager_secret.webhook[0]"
SCHEDULE = "module.compactor.aws_scheduler_schedule.compactor"
STREAM = "module.raw.aws_kinesis_firehose_delivery_stream.raw"
QUEUE = "module.raw.aws_sqs_queue.dead_letters"
STAGE = "module.ingest.aws_apigatewayv2_stage.ingest[0]"
LIMITED = "module.ingest.aws_cloudwatch_log_metric_filter.limited[0]"
LIFECYCLE = "module.raw.aws_s3_bucket_lifecycle_configuration.lake"
ALARM = 'module.watching.aws_cloudwatch_metric_alarm.this["{}"]'
VARIABLES = ("environment", 0, "variables")
ARCHIVED = '{"$or":[{"detail":{"_delivery":{"id":[{"exists":true}]}}},{"source":["deploy-tools"]}],"detail-type":["release"]}'
# (address, where in it, value): one line for each variable above.
EXPECTED = [
    (INGEST, ("function_name",), "forward-ingest"),
    (INGEST, ("tags",), {"team": "a", "octolake:stack": "forward"}),
    (INGEST, ("architectures",), ["x86_64"]),
    (COMPACTOR, ("architectures",), ["x86_64"]),
    (STAGE, ("name",), "$default"),
    (STAGE, ("default_route_settings", 0, "throttling_rate_limit"), 20),
    (STAGE, ("default_route_settings", 0, "throttling_burst_limit"), 40),
    ("module.producers[0].aws_apigatewayv2_stage.producers", ("default_route_settings", 0, "throttling_rate_limit"), 3),
    ("module.producers[0].aws_apigatewayv2_stage.producers", ("default_route_settings", 0, "throttling_burst_limit"), 100),
    ("module.producers[0].aws_apigatewayv2_route.producers", ("authorization_type",), "AWS_IAM"),
    ("module.producers[0].aws_cloudwatch_log_group.access", ("kms_key_id",), SECRET_KEY),
    (INGEST, ("reserved_concurrent_executions",), 12),
    (INGEST, ("memory_size",), 300),
    (INGEST, ("tracing_config", 0, "mode"), "Active"),
    (COMPACTOR, ("vpc_config", 0, "subnet_ids"), ["subnet-1"]),
    (INGEST, ("logging_config", 0, "application_log_level"), "DEBUG"),
    ("module.compactor.module.function.aws_cloudwatch_log_group.this", ("kms_key_id",), SECRET_KEY),
    ("module.ingest.aws_apigatewayv2_domain_name.ingest[0]", ("domain_name",), "hooks.example.com"),
    (QUEUE, ("kms_master_key_id",), KEY),
    (INGEST, (*VARIABLES, "OCTOLAKE_SECRET_JSON_KEY"), "webhook"),
    (INGEST, (*VARIABLES, "OCTOLAKE_EVENTS"), "push"),
    (INGEST, (*VARIABLES, "OCTOLAKE_IGNORE_EVENTS"), "status"),
    (INGEST, (*VARIABLES, "OCTOLAKE_REPOS"), "o/r"),
    (INGEST, (*VARIABLES, "OCTOLAKE_IGNORE_REPOS"), "o/noise"),
    (INGEST, (*VARIABLES, "OCTOLAKE_INLINE_LIMIT"), "200000"),
    (QUEUE, ("max_message_size",), 262144),
    (INGEST, (*VARIABLES, "OCTOLAKE_BUS_NAME"), "default"),
    ("module.bus.aws_cloudwatch_event_archive.deliveries[0]", ("retention_days",), 7),
    ("module.bus.aws_cloudwatch_event_archive.deliveries[0]", ("event_pattern",), ARCHIVED),
    ('module.routes.module.route["log"].aws_cloudwatch_log_group.this[0]', ("retention_in_days",), 7),
    ('module.routes.module.route["log"].aws_cloudwatch_log_group.this[0]', ("name",), "/aws/events/forward"),
    ("module.bus.aws_schemas_registry.own[0]", ("name",), "forward"),
    ('module.routes.module.route["mine"].aws_cloudwatch_event_rule.this[0]', ("event_bus_name",), "default"),
    ('module.routes.module.route["mine"].aws_sqs_queue.this[0]', ("kms_master_key_id",), KEY),
    (ALARM.format("dead-letters-route-mine"), ("dimensions",), {"QueueName": "forward-route-mine-dead-letters"}),
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
    ('module.athena.aws_glue_catalog_table.delta["events"]', ("partition_keys", 0, "name"), "event_type"),
    (ALARM.format("door-5xx"), ("alarm_actions",), [TOPIC]),
    (ALARM.format("door-limited"), ("metric_name",), "forward-ingest-limited"),
    (LIMITED, ("pattern",), '{ $.status = "429" }'),
    (ALARM.format("backlog-old"), ("threshold",), 10800),
    (ALARM.format("door-quiet"), ("evaluation_periods",), 2),
    (ALARM.format("door-5xx"), ("ok_actions",), [TOPIC]),
    ("module.compactor.module.function.aws_cloudwatch_log_group.this", ("retention_in_days",), 7),
]
