"""`lakequery aws` and what has to be there: rotate-secret, init, and what each command says where a stack, a
resource or a right is missing."""

import base64
import json
import re
import stat

import pytest

from github import Delivery, guid
from localaws.permissions import ACCOUNT, Principal, principals
from localaws.stack import REPOSITORY
from messages import event, fill
from owner import EVERYTHING, Owner
from released import live, release, roll

NAME = "safe"
FUNCTION = f"{NAME}-ingest"


# --- the secret -----------------------------------------------------------------------------------


def secret_of(client, stage):
    return client("secretsmanager").get_secret_value(SecretId=f"{NAME}/webhook", VersionStage=stage)["SecretString"]


def signed_by(outputs, number, *secrets):
    """How the endpoint answers a delivery that is signed with each."""
    push = Delivery("push", guid(number), b'{"ref":"x"}')
    return [push.send(outputs["webhook_url"], secret)[0] for secret in secrets]


def test_a_new_secret_counts_beside_the_one_before(aws, owner, client, outputs, tmp_path):
    first, file = secret_of(client, "AWSCURRENT"), tmp_path / "secret"
    out, err = owner.run("rotate-secret", "--out", str(file), "-vv")
    second = secret_of(client, "AWSCURRENT")
    assert secret_of(client, "AWSPREVIOUS") == first != second
    assert (file.read_text(), stat.S_IMODE(file.stat().st_mode)) == (second, 0o600)
    assert out == "" and second not in err and first not in err
    assert "enter it at GitHub" in err and "--revoke" in err
    aws.control("stop-functions")
    assert signed_by(outputs, 0x600, first, second, "another") == [202, 202, 401]


def test_a_second_rotation_waits_for_github(owner, client, tmp_path):
    before = secret_of(client, "AWSCURRENT")
    _, err = owner.run("rotate-secret", "--show", code=1)
    assert "would end it at once" in err and "--again" in err
    (tmp_path / "taken").write_text("mine")
    _, err = owner.run("rotate-secret", "--again", "--out", str(tmp_path / "taken"), code=2)
    assert "is there already" in err and (tmp_path / "taken").read_text() == "mine"
    assert secret_of(client, "AWSCURRENT") == before


def test_what_may_not_be_replaced_leaves_no_file(limited, client, tmp_path):
    before = secret_of(client, "AWSCURRENT")
    owner = limited("secretsmanager:PutSecretValue")
    _, err = owner.run("rotate-secret", "--again", "--out", str(tmp_path / "new"), code=1)
    assert "hint: ask for secretsmanager:PutSecretValue on the secret arn:aws:secretsmanager:" in err
    assert not (tmp_path / "new").exists() and secret_of(client, "AWSCURRENT") == before


def test_a_revoked_secret_is_refused_at_once(owner, client, outputs):
    first, second = secret_of(client, "AWSPREVIOUS"), secret_of(client, "AWSCURRENT")
    # Warm, and with both secrets in its memory.
    assert signed_by(outputs, 0x601, first) == [202]
    assert live(client("lambda"), FUNCTION) == "1"
    told = owner.ask("rotate-secret", "--revoke")
    assert (told["revoked"], told["rotated"], told["restarted"], told["version"]) == (True, False, [FUNCTION], "2")
    assert signed_by(outputs, 0x602, first, second) == [401, 202]
    assert live(client("lambda"), FUNCTION) == "2"
    assert secret_of(client, "AWSCURRENT") == second


@pytest.mark.parametrize(
    ("step", "resource", "is_set"),
    [
        ("lambda:GetAlias", f"the alias live of the function {NAME}-ingest", False),
        ("lambda:UpdateFunctionConfiguration", f"the function {NAME}-ingest", False),
        ("lambda:PublishVersion", f"the function {NAME}-ingest", True),
        ("lambda:UpdateAlias", f"the alias live of the function {NAME}-ingest", True),
    ],
)
def test_a_new_start_that_stops_half_way_says_so_and_is_run_again(owner, limited, client, outputs, step, resource, is_set):
    """Whatever the step before which it stops, what was live stays so, and the same command mends it."""
    lambdas = client("lambda")
    before, variables = live(lambdas, FUNCTION), environment(client)
    _, err = limited(step).run("rotate-secret", "--revoke", code=1)
    assert f"{step} of {resource} is not allowed" in err and f"hint: ask for {step} on {resource}" in err
    assert "keeps its secrets for some minutes" in err and "run this again: it mends what was left half-way" in err
    assert live(lambdas, FUNCTION) == before
    assert (environment(client) != variables) is is_set
    told = owner.ask("rotate-secret", "--revoke")
    assert (told["revoked"], told["restarted"]) == (False, [FUNCTION])
    assert live(lambdas, FUNCTION) == told["version"] != before
    assert environment(client, told["version"]) == environment(client)
    assert signed_by(outputs, 0x603, secret_of(client, "AWSCURRENT")) == [202]


def environment(client, version=None):
    at = {"FunctionName": FUNCTION} | ({"Qualifier": version} if version else {})
    return client("lambda").get_function_configuration(**at)["Environment"]["Variables"]


def test_terraform_has_nothing_to_take_back(stack, client):
    """The newest version is the one that it knows as the function's, and the variable is none of its own."""
    assert stack.changes(*stack.targets) == {}
    assert "OCTOLAKE_RESTARTED" in environment(client)


def test_nothing_is_published_over_a_roll_back(owner, client, stack, outputs):
    """$LATEST is not what was rolled back to: the command says in what, and leaves live alone."""
    lambdas, before = client("lambda"), live(client("lambda"), FUNCTION)
    newest = release(lambdas, FUNCTION, MemorySize=512)
    roll(lambdas, FUNCTION, before)
    _, err = owner.run("rotate-secret", "--revoke", code=1)
    assert f"live points to version {before}, and what would be published differs from it in MemorySize" in err
    assert "hint: after a roll-back" in err and live(lambdas, FUNCTION) == before
    assert lambdas.list_versions_by_function(FunctionName=FUNCTION)["Versions"][-1]["Version"] == newest
    weights = {"AdditionalVersionWeights": {newest: 0.1}}
    lambdas.update_alias(FunctionName=FUNCTION, Name="live", RoutingConfig=weights)
    _, err = owner.run("rotate-secret", "--revoke", code=1)
    assert "sends a part to another version" in err and "hint: end that" in err
    lambdas.update_alias(FunctionName=FUNCTION, Name="live", RoutingConfig={"AdditionalVersionWeights": {}})
    # An apply puts it right again, by one more version.
    stack.run("apply", "-auto-approve", "-input=false", *stack.targets)
    assert live(lambdas, FUNCTION) == stack.read_outputs()["function_versions"]["ingest"] == str(int(newest) + 1)
    assert owner.ask("rotate-secret", "--revoke")["version"] == str(int(newest) + 2)


def test_a_secret_is_shown_where_that_is_asked_for(owner, client):
    told = owner.ask("rotate-secret", "--again", "--show")
    assert told["value"] == secret_of(client, "AWSCURRENT")
    out, err = owner.run("rotate-secret", "--again", "--show")
    assert out == secret_of(client, "AWSCURRENT") + "\n" and out.strip() not in err


def test_terraform_does_not_mind(stack):
    """A rotation is none of Terraform's: the next plan neither makes a secret nor takes one back."""
    assert "No changes." in stack.run("plan", "-input=false", "-target=module.secret").stdout


# --- the file -------------------------------------------------------------------------------------


def test_init_writes_the_file_and_over_none(owner, tmp_path):
    path = tmp_path / "octolake.yaml"
    owner.run("init", str(path))
    text = path.read_text()
    assert owner.run("init", "-") == (text, "")
    assert text == (REPOSITORY / "crates/lakequery/src/commands/aws/octolake.yaml").read_text()
    path.write_text("mine")
    owner.run("init", str(path), code=2)
    assert path.read_text() == "mine"


# --- what is missing ------------------------------------------------------------------------------

COMMANDS = [
    ["logs"],
    ["queue-peek"],
    ["replay", "--since", "1h"],
    ["redrive"],
    ["rotate-secret"],
    ["rotate-secret", "--revoke"],
    ["send", "-", "--event", "push"],
]


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_a_stack_that_is_not_there_is_named(owner, command):
    _, err = owner.run(*command, "--stack", "opps", code=1)
    assert err.startswith("error: there is no stack opps in eu-central-1: "), err
    assert "hint: look at --stack" in err
    _, err = owner.run(*command, "--stack", "../safe", code=2)
    assert "the name of a stack is 3 to 28 characters" in err


RIGHTS = {
    "logs": (["logs"], "logs:FilterLogEvents", "the log group /aws/lambda/safe-ingest"),
    "queues": (["queue-peek"], "sqs:ListQueues", "the queues safe-*"),
    "tags": (["redrive"], "sqs:ListQueueTags", "the queue safe-compactor-dead-letters"),
    "messages": (["queue-peek", "raw-errors"], "sqs:ReceiveMessage", "the queue safe-raw-errors"),
    "function": (["send", "-", "--event", "push"], "lambda:GetFunctionConfiguration", "the function safe-ingest"),
    "secret": (["send", "-", "--event", "push"], "secretsmanager:GetSecretValue", "the secret arn:aws:secretsmanager:"),
    "archive": (["replay", "--since", "1h"], "events:DescribeArchive", "the archive safe-deliveries"),
    "replay": (["replay", "--since", "1h"], "events:StartReplay", "the archive safe-deliveries"),
    "label": (["rotate-secret", "--revoke"], "secretsmanager:UpdateSecretVersionStage", "the secret arn:aws:secretsmanager:"),
    "restart": (["rotate-secret", "--revoke"], "lambda:UpdateFunctionConfiguration", "the function safe-ingest"),
    "list": (["redrive", "raw-errors"], "s3:ListBucket", "s3://safe-123456789012-eu-central-1/raw-errors"),
}


@pytest.mark.parametrize(("command", "right", "resource"), RIGHTS.values(), ids=RIGHTS)
def test_a_right_that_is_missing_is_named(limited, command, right, resource):
    _, err = limited(right).run(*command, code=1)
    assert f"{right} of {resource}" in err and "is not allowed" in err
    assert f"hint: ask for {right} on {resource}" in err


def rights():
    """{command: its rights} of the table in terraform/README.md."""
    lines = (REPOSITORY / "terraform/README.md").read_text().splitlines()
    cells = [line.strip("| ").split(" | ") for line in lines if line.startswith("| `aws ")]
    return {row[0].strip("`").removeprefix("aws "): re.findall(r"`(\w+:\w+)`", row[-1]) for row in cells}


def test_the_rights_of_the_readme_are_enough(aws, client, outputs, queue, payload):
    commands = {
        "logs": [["logs"]],
        "queue-peek": [["queue-peek"], ["queue-peek", "compactor-dead-letters"], ["queue-peek", "compactor-dead-letters", "--delete"]],
        "replay": [["replay", "--since", "1m"], ["replay", "--since", "1m", "--route", f"{NAME}-raw"]],
        "redrive": [["redrive", "--dry-run"], ["redrive"]],
        "rotate-secret": [["rotate-secret", "--again"]],
        "rotate-secret --revoke": [["rotate-secret", "--revoke"]],
        "send": [["send", str(payload)]],
    }
    assert set(rights()) == set(commands)
    folder = "raw-errors/processing-failed/2026/03/02/09"
    record = json.dumps({"rawData": base64.b64encode(event(0x700).encode()).decode()})
    client("s3").put_object(Bucket=outputs["bucket_name"], Key=f"{folder}/x", Body=record.encode())
    fill(client, queue("raw-dead-letters"), [event(0x701)])
    fill(client, queue("compactor-dead-letters"), ["x"])
    for command, actions in rights().items():
        key = f"RIGHTS{len(principals)}"
        allow = {"Effect": "Allow", "Action": actions, "Resource": ["*"]}
        principals[key] = Principal(f"arn:aws:iam::{ACCOUNT}:user/{key}", [EVERYTHING | {"Statement": [allow]}])
        for args in commands[command]:
            Owner(aws, NAME, key).run(*args)
        assert principals[key].refused == []


def test_what_has_to_be_said_is_asked_for(aws):
    _, err = Owner(aws, None).run("logs", code=2)
    assert "no stack is named" in err and "OCTOLAKE_STACK" in err
    _, err = Owner(aws, NAME, AWS_REGION=None, AWS_EC2_METADATA_DISABLED="true").run("logs", code=1)
    assert "no region is set" in err and "--region" in err
    _, err = Owner(aws, NAME).run("logs", "--region", "eu/../x", code=1)
    assert "is no region of AWS" in err
    nobody = {"AWS_ACCESS_KEY_ID": None, "AWS_SECRET_ACCESS_KEY": None, "AWS_EC2_METADATA_DISABLED": "true"}
    _, err = Owner(aws, NAME, **nobody).run("logs", code=1)
    assert "no credentials of AWS are found" in err and "AWS_PROFILE" in err
    _, err = Owner(aws, NAME).run("logs", "--endpoint-url", "http://127.0.0.1:9", code=1)
    assert "no answer from 127.0.0.1" in err


def test_send_finds_an_http_api(owner, client, outputs, payload, compact):
    """The other front door, by hand: as Terraform makes it, and without the function URL."""
    compact()
    client("lambda").delete_function_url_config(FunctionName=FUNCTION, Qualifier="live")
    _, err = owner.run("send", str(payload), code=1)
    assert f"the stack {NAME} has neither a function URL nor an HTTP API" in err
    api = client("apigatewayv2").create_api(Name=f"{NAME}-ingest", ProtocolType="HTTP")["ApiId"]
    uri = f"arn:aws:apigateway:eu-central-1:lambda:path/2015-03-31/functions/{outputs['alias_arns']['ingest']}/invocations"
    made = {"IntegrationType": "AWS_PROXY", "IntegrationUri": uri, "PayloadFormatVersion": "2.0"}
    integration = client("apigatewayv2").create_integration(ApiId=api, **made)["IntegrationId"]
    client("apigatewayv2").create_route(ApiId=api, RouteKey="ANY /webhook", Target=f"integrations/{integration}")
    source = f"arn:aws:execute-api:eu-central-1:{ACCOUNT}:{api}/*/*"
    leave = {"StatementId": "Api", "Action": "lambda:InvokeFunction", "Principal": "apigateway.amazonaws.com", "SourceArn": source}
    client("lambda").add_permission(FunctionName=FUNCTION, Qualifier="live", **leave)
    assert owner.ask("send", str(payload), "--delivery", guid(0x800))["status"] == 202
    assert compact() == (1, 0)


def test_a_stack_of_before_is_told_from_none(owner, client):
    lambdas, at = client("lambda"), {"FunctionName": FUNCTION, "Name": "live"}
    lambdas.delete_alias(**at)
    _, err = owner.run("send", "-", "--event", "push", code=1)
    assert f"the function {FUNCTION} has no alias live" in err and "hint: an older version of octolake applied it: apply the stack again" in err
