"""The second door: who comes in, what becomes a row, and what doesn't. One story, in its order: the
door with tokens first, then the same door for IAM."""

import gzip
import json
import os
import re
import subprocess
import time
import urllib.error
import urllib.request
from types import SimpleNamespace

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

import issuer
from github import guid
from lake import LakeOnS3
from localaws import httpapi
from localaws.permissions import Principal, principal_of, principals, role_key
from localaws.stack import REPOSITORY, Stack

NAME, SOURCE = "produced", "deploy-tools"
BUS = f"arn:aws:events:eu-central-1:123456789012:event-bus/{NAME}"
RATE, BURST = 10, 60  # a slow machine too sends more than so many a second
TOKENS = {"issuer": issuer.NAME, "audience": ["octolake"], "scopes": ["events/write"]}
EVENT = {"action": "created", "repository": {"id": 7, "full_name": "acme/web"}, "sender": {"login": "robot", "type": "Bot"}, "note": "é 1.50"}


@pytest.fixture(scope="module")
def tokens():
    made = issuer.Issuer("octolake")
    yield made
    made.close()


@pytest.fixture(scope="module")
def stack(aws):
    """The bus, the raw zone and the second door; other tests apply the rest, and try how a stack ends."""
    file = "versions.tf"  # any will do: no function is made
    door = {"source": SOURCE, "jwt": TOKENS, "throttle": {"rate": RATE, "burst": BURST}}
    made = Stack(aws, name=NAME, producers_door=door, tls_only=False, force_destroy=True, ingest_zip=file, compactor_zip=file)
    apply(made, "-target=module.bus", "-target=module.raw", "-target=module.producers")
    return made


def apply(stack, *choice):
    stack.run("apply", "-auto-approve", "-input=false", *choice)
    outputs = stack.read_outputs()
    stack.door, stack.lake_url = outputs["producers_door"], outputs["lake_url"]


@pytest.fixture(scope="module")
def lake(aws, stack):
    return LakeOnS3(aws, stack.lake_url)


@pytest.fixture
def send(stack, tokens):
    """(status, answer) of an event that is sent with a token, or with the one that is given."""

    def post(kind, body, token=None, **headers):
        body = body if isinstance(body, bytes) else json.dumps(body, ensure_ascii=False).encode()
        headers = {"Content-Type": "application/json", "Authorization": f"Bearer {token or tokens.token()}", **headers}
        return call(stack.door["url"] + kind, body, headers)

    return post


def call(url, body, headers, method="POST"):
    request = urllib.request.Request(url, body, {k: v for k, v in headers.items() if v}, method=method)
    try:
        with urllib.request.urlopen(request) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        return error.code, json.load(error)


@pytest.fixture
def landed(aws, client, stack):
    """The envelopes that have landed since the last time."""

    def found():
        bucket = stack.lake_url.removeprefix("s3://")
        bodies = [client("s3").get_object(Bucket=bucket, Key=key)["Body"].read() for key in aws.control("flush")]
        return [json.loads(line) for body in bodies for line in gzip.decompress(body).decode().splitlines()]

    return found


def taken(answer):
    """The id of an event that the bus took."""
    status, body = answer
    assert status == 200 and body["FailedEntryCount"] == 0, answer
    return body["Entries"][0]["EventId"]


# --- tokens ---------------------------------------------------------------------------------------


def test_nobody_comes_in_without_a_token_of_the_issuer(stack, tokens, send, landed):
    assert call(stack.door["url"] + "deployment", b"{}", {}) == (401, {"message": "Unauthorized"})
    for why, token in issuer.wrong_tokens(tokens).items():
        assert send("deployment", EVENT, token) == (401, {"message": "Unauthorized"}), why
    assert send("deployment", EVENT, tokens.token(scope="events/read"))[0] == 403
    assert landed() == []


def test_an_event_is_a_row(send, lake, landed):
    first = taken(send("deployment", EVENT))
    odd = taken(send("Deploy%20me", {"n": 1}))
    (one, other) = landed()
    assert (one["source"], one["detail-type"], one["detail"]) == (SOURCE, "deployment", EVENT)
    done = lake.ask("compact")
    assert (done["read"], done["stored"], done["quarantined"]) == (2, 2, 0)
    columns = "delivery_id, event_type, action, source, origin, repo_id, repo_full_name, sender_login, payload"
    rows = {row["delivery_id"]: row for row in lake.ask("sql", f"select {columns} from events")}
    assert json.loads(rows[first].pop("payload")) == EVENT
    assert rows[first] == {
        "delivery_id": first,
        "event_type": "deployment",
        "action": "created",
        "source": SOURCE,
        "origin": "other",
        "repo_id": 7,
        "repo_full_name": "acme/web",
        "sender_login": "robot",
    }
    assert (rows[odd]["event_type"], rows[odd]["source"]) == ("_other", SOURCE)


def test_an_id_of_its_own_makes_a_second_sending_no_second_row(send, lake, landed):
    event = {"_delivery": {"id": guid(1), "received_at": "2026-03-02T10:00:00Z"}, **EVENT}
    for _ in range(2):
        taken(send("deployment", event))
    assert len(landed()) == 2
    done = lake.ask("compact")
    assert (done["read"], done["stored"], done["duplicates"]) == (2, 1, 1)
    (row,) = lake.ask("sql", f"select date, origin from events where delivery_id = '{guid(1)}'")
    assert row == {"date": "2026-03-02", "origin": "door"}


def test_what_a_delivery_of_no_use_brings_is_kept_apart(send, lake, landed):
    for delivery in (7, {"id": "x"}, []):
        taken(send("deployment", {"_delivery": delivery, **EVENT}))
    good = taken(send("deployment", EVENT))
    assert len(landed()) == 4
    done = lake.ask("compact")
    assert (done["read"], done["stored"], done["quarantined"]) == (4, 1, 3)
    assert lake.ask("sql", f"select count(*) as n from events where delivery_id = '{good}'") == [{"n": 1}]
    assert lake.ask("verify")["holds"] is True


@pytest.mark.parametrize("body", [b"{", b"[]", b"7", b'"text"', b"{}{}", b"\xff{}"])
def test_what_is_no_object_is_answered_and_does_not_land(send, landed, body):
    status, answer = send("deployment", body)
    assert (status, answer["FailedEntryCount"]) == (200, 1)
    assert answer["Entries"] == [{"ErrorCode": "MalformedDetail", "ErrorMessage": "Detail is malformed."}]
    assert landed() == []


def test_an_event_has_a_type_and_a_body(stack, send, tokens, landed):
    assert send("deployment", b"")[1]["Entries"][0]["ErrorCode"] == "InvalidArgument"
    for path, method in (("", "POST"), ("a/b", "POST"), ("deployment", "PUT")):
        assert call(stack.door["url"] + path, b"{}", {"Authorization": tokens.token()}, method) == (404, {"message": "Not Found"})
    assert landed() == []


def test_sizes(send, landed):
    def event(size):
        return {"noise": "x" * size}

    taken(send("deployment", event(300_000)))
    taken(send("deployment", event(900_000)))
    assert send("deployment", event(1024 * 1024))[0] == 400
    assert send("deployment", event(10 * 1024 * 1024))[0] == 413
    assert [len(one["detail"]["noise"]) for one in landed()] == [300_000, 900_000]


def test_nobody_passes_for_github(stack, send, landed):
    claims = {"source": "github.com", "Source": "github.com", "detail-type": "push", "EventBusName": "default"}
    taken(send("deployment", claims, Source="github.com"))
    (one,) = landed()
    assert (one["source"], one["detail-type"]) == (SOURCE, "deployment")
    role = principal_of(role_key(stack.door["role_arn"]))
    assert role.may("events:PutEvents", BUS, {"events:source": SOURCE})
    assert not role.may("events:PutEvents", BUS, {"events:source": "github.com"})
    assert not role.may("events:PutEvents", BUS + "-other", {"events:source": SOURCE})
    assert not role.may("events:PutRule", BUS, {})


def test_who_sends_too_much_waits(send, landed, tokens, monkeypatch):
    """On a clock of the test's own: a slow machine would never reach the throttle."""
    clock = [int(time.monotonic()) + 1 + BURST // RATE]  # whole seconds; the door has all its tokens again
    monkeypatch.setattr(httpapi, "time", SimpleNamespace(monotonic=lambda: clock[0]))
    token = tokens.token()
    statuses = [send("deployment", {"n": n}, token)[0] for n in range(BURST + 10)]
    assert statuses == [200] * BURST + [429] * 10
    clock[0] += 1
    statuses = [send("deployment", {"n": n}, token)[0] for n in range(RATE + 10)]
    assert statuses == [200] * RATE + [429] * 10
    assert len(landed()) == BURST + RATE
    httpapi._buckets.clear()  # they would be of a time to come


def test_the_access_log_tells_of_each(stack, client):
    lines = client("logs").filter_log_events(logGroupName=stack.door["log_group_name"])["events"]
    assert {"200", "400", "401", "403", "413", "429"} <= {json.loads(line["message"])["status"] for line in lines}


def documented(**variables):
    """What the module's README has producers run, each as a shell runs it: (with a token, for IAM)."""
    text = (REPOSITORY / "terraform/modules/producers/README.md").read_text()
    for command in re.findall(r"```sh\n(.*?)```", text, re.DOTALL):
        environment = {"PATH": os.environ["PATH"], "URL": variables["url"], "no_proxy": "*", **variables}
        yield lambda command=command: subprocess.run(["sh", "-c", command], env=environment, capture_output=True, text=True)


def test_the_documented_command_sends_an_event(stack, tokens, landed):
    with_token, _ = documented(url=stack.door["url"], TOKEN=tokens.token())
    told = json.loads(with_token().stdout)
    (one,) = landed()
    assert (one["id"], one["detail-type"]) == (told["Entries"][0]["EventId"], "deployment")
    assert one["detail"] == {"action": "created", "repository": {"id": 7, "full_name": "acme/web"}}
    without, _ = documented(url=stack.door["url"], TOKEN="")
    assert (without().returncode, without().stdout) == (22, '{"message":"Unauthorized"}')


# --- IAM ------------------------------------------------------------------------------------------


def signed(url, body, key, secret="test"):
    request = AWSRequest("POST", url, data=body, headers={"Content-Type": "application/json"})
    SigV4Auth(Credentials(key, secret), "execute-api", "eu-central-1").add_auth(request)
    return dict(request.headers)


def test_with_iam_only_the_allowed_come_in(stack, tokens, landed):
    landed()
    door = {"source": SOURCE, "iam": True, "throttle": {"rate": RATE, "burst": BURST}}
    apply(stack, "-target=module.producers", "-refresh=false", f"-var=producers_door={json.dumps(door)}")
    url = stack.door["url"] + "deployment"
    allowed = stack.door["invoke_arn"].replace("*", "deployment")
    principals["PRODUCER"] = Principal("PRODUCER", [{"Statement": [{"Effect": "Allow", "Action": "execute-api:Invoke", "Resource": allowed}]}])
    principals["STRANGER"] = Principal("STRANGER", [])
    forbidden = (403, {"message": "Forbidden"})
    body = json.dumps(EVENT).encode()
    assert call(url, body, {}) == forbidden
    assert call(url, body, {"Authorization": f"Bearer {tokens.token()}"}) == forbidden
    assert call(url, body, signed(url, body, "STRANGER")) == forbidden
    assert call(url, body, signed(url, body, "PRODUCER", "another secret")) == forbidden
    assert call(url, b"{}", signed(url, body, "PRODUCER")) == forbidden, "another body"
    other = stack.door["url"] + "release"
    assert call(other, body, signed(other, body, "PRODUCER")) == forbidden, "another type"
    assert landed() == []
    taken(call(url, body, signed(url, body, "PRODUCER")))
    keys = {"AWS_ACCESS_KEY_ID": "PRODUCER", "AWS_SECRET_ACCESS_KEY": "test", "AWS_REGION": "eu-central-1"}
    _, for_iam = documented(url=stack.door["url"], **keys)
    second = json.loads(for_iam().stdout)["Entries"][0]["EventId"]
    one, other = landed()
    assert (one["source"], one["detail"]) == (SOURCE, EVENT)
    assert (other["id"], other["source"]) == (second, SOURCE)
