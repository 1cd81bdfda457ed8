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

NAME = "safe"


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
    told = owner.ask("rotate-secret", "--revoke")
    assert (told["revoked"], told["rotated"], told["restarted"]) == (True, False, [f"{NAME}-ingest"])
    assert signed_by(outputs, 0x602, first, second) == [401, 202]
    # Killed after the label and before the new start, it would be run again.
    told = owner.ask("rotate-secret", "--revoke")
    assert (told["revoked"], told["restarted"]) == (False, [f"{NAME}-ingest"])
    assert secret_of(client, "AWSCURRENT") == second


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
    client("lambda").delete_function_url_config(FunctionName=f"{NAME}-ingest")
    _, err = owner.run("send", str(payload), code=1)
    assert f"the stack {NAME} has neither a function URL nor an HTTP API" in err
    api = client("apigatewayv2").create_api(Name=f"{NAME}-ingest", ProtocolType="HTTP")["ApiId"]
    uri = f"arn:aws:apigateway:eu-central-1:lambda:path/2015-03-31/functions/{outputs['function_arns']['ingest']}/invocations"
    made = {"IntegrationType": "AWS_PROXY", "IntegrationUri": uri, "PayloadFormatVersion": "2.0"}
    integration = client("apigatewayv2").create_integration(ApiId=api, **made)["IntegrationId"]
    client("apigatewayv2").create_route(ApiId=api, RouteKey="ANY /webhook", Target=f"integrations/{integration}")
    assert owner.ask("send", str(payload), "--delivery", guid(0x800))["status"] == 202
    assert compact() == (1, 0)
