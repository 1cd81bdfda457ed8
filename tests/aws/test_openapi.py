"""docs/openapi.yaml against the ingest function, behind a function URL and behind an HTTP API: every
example is answered as it says, requests that schemathesis makes get what it says, and each door gives
the statuses in it and no others."""

import platform
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest

import functions
from localaws.stack import Stack
from released import live, release, roll

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "openapi"))
import document  # noqa: E402
from door import Door, compare, schema  # noqa: E402

DOORS = ["function-url", "http-api"]
EXAMPLES = [(name, example) for name in DOORS for example in document.examples(document.at(document.read(), name), name)]
LARGE = 10_485_761  # over the limits of both doors
RATE, BURST = 200, 5000
# Both paths for deliveries are one item of the document: each door has one of them to itself.
MADE_FOR = {"function-url": ["/webhook", "/health", "/ready"], "http-api": ["/", "/health", "/ready"]}
# What API Gateway lets through with ANY: it has no TRACE.
UNEXPECTED = ["get", "put", "post", "delete", "options", "patch"]


@pytest.fixture(scope="module")
def surroundings(client):
    """What the module of the function gets from others: a bus, a bucket and a secret."""
    client("events").create_event_bus(Name="openapi")
    client("s3").create_bucket(Bucket="openapi-lake", CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
    secret = client("secretsmanager").create_secret(Name="openapi/webhook", SecretString=document.SECRET)["ARN"]
    arn = "arn:aws:events:eu-central-1:123456789012:event-bus/openapi"
    return {
        "where": {"partition": "aws", "region": "eu-central-1", "account_id": "123456789012"},
        "zip": str(functions.build()["ingest"]),
        "architecture": {"x86_64": "x86_64", "aarch64": "arm64"}[platform.machine()],
        "memory_mb": 256,
        "reserved_concurrency": -1,
        "throttle": {"rate": RATE, "burst": BURST},
        "event_bus": {"name": "openapi", "arn": arn},
        "bucket_arn": "arn:aws:s3:::openapi-lake",
        "lake_url": "s3://openapi-lake",
        "secret_arns": [secret],
        "parameter_arns": [],
        "secret_key_arns": [],
        "kms_key_arn": None,
        "inline_limit_bytes": 240000,
        "filters": {"events": [], "ignore_events": ["star"], "repositories": [], "ignore_repositories": []},
        "log_retention_days": 1,
        "tags": {},
    }


def applied(aws, surroundings, name):
    """The module, applied; it goes with the local AWS, since other tests try how a stack ends."""
    stack = Stack(aws, root="terraform/modules/ingest", name=f"openapi-{name}", front_door=name, **surroundings)
    outputs = stack.apply()
    door = Door(name, outputs["webhook_url"].removesuffix("/webhook"))
    door.function, door.api_id = outputs["function_name"], outputs.get("api_id")
    return door


@pytest.fixture(scope="module")
def doors(aws, surroundings):
    with ThreadPoolExecutor() as pool:
        return dict(zip(DOORS, pool.map(lambda name: applied(aws, surroundings, name), DOORS)))


# --- situations ---------------------------------------------------------------------------------


def too_large(aws, client, door, example):
    body = b" " * LARGE
    headers = {**example.headers, document.SIGNATURE: document.sign(body)}
    return door.send(document.Example(example.name, example.method, example.path, headers, body, None, 413, None, {}))


@contextmanager
def limited(client, door):
    """The door takes nothing for now: the function has no environment, or the stage next to no tokens."""
    if door.api_id is None:
        client("lambda").put_function_concurrency(FunctionName=door.function, ReservedConcurrentExecutions=0)
        yield
        client("lambda").delete_function_concurrency(FunctionName=door.function)
    else:
        stage(client, door, 0.01, 1)  # a request in 100 seconds, however slow this machine is
        yield
        stage(client, door, RATE, BURST)


def stage(client, door, rate, burst):
    settings = {"ThrottlingRateLimit": rate, "ThrottlingBurstLimit": burst}
    client("apigatewayv2").update_stage(ApiId=door.api_id, StageName="$default", DefaultRouteSettings=settings)


def over_the_limit(aws, client, door, example):
    with limited(client, door):
        answers = [door.send(example) for _ in range(3)]
    if door.api_id:
        time.sleep(1)  # until the stage has tokens again
    assert {answer.status_code for answer in answers} <= {202, 429}
    return answers[-1]


def without_a_function(aws, client, door, example):
    """The function does not start with what it is told to be its limit."""
    was = live(client("lambda"), door.function)
    settings = client("lambda").get_function_configuration(FunctionName=door.function)["Environment"]["Variables"]
    release(client("lambda"), door.function, Environment={"Variables": settings | {"OCTOLAKE_INLINE_LIMIT": "none"}})
    answer = door.send(example)
    release(client("lambda"), door.function, Environment={"Variables": settings})
    roll(client("lambda"), door.function, was)
    return answer


def not_stored(aws, client, door, example):
    """The bus refuses for as long as the function tries, which is cut short here."""
    was = live(client("lambda"), door.function)
    release(client("lambda"), door.function, Timeout=2)
    aws.control("fail-calls", 1000)
    answer = door.send(example)
    aws.control("fail-calls", 0)
    roll(client("lambda"), door.function, was)
    return answer


SITUATIONS = {
    "a filter leaves star out": lambda aws, client, door, example: door.send(example),
    f"a body of {LARGE} bytes": too_large,
    "the door's limit is reached": over_the_limit,
    "the function does not start": without_a_function,
    "deliveries cannot be stored": not_stored,
}


# --- tests, in their order ----------------------------------------------------------------------


@pytest.mark.parametrize(("name", "example"), EXAMPLES, ids=str)
def test_an_example_is_answered_as_it_says(aws, client, doors, name, example):
    if example.situation:
        answer = SITUATIONS[example.situation](aws, client, doors[name], example)
    else:
        answer = doors[name].send(example)
    compare(example, answer)


def test_every_situation_is_in_an_example():
    assert set(SITUATIONS) == {example.situation for _, example in EXAMPLES} - {None}


@schema("function-url", MADE_FOR["function-url"], 20, UNEXPECTED).parametrize()
def test_requests_made_for_the_url_are_answered_as_it_says(case, doors):
    doors["function-url"].try_case(case)


@schema("http-api", MADE_FOR["http-api"], 20, UNEXPECTED).parametrize()
def test_requests_made_for_the_api_are_answered_as_it_says(case, doors):
    doors["http-api"].try_case(case)


@pytest.mark.parametrize("name", DOORS)
def test_what_was_made_as_the_document_wants_it_was_taken(doors, name):
    assert doors[name].taken_at_least(5, [MADE_FOR[name][0]])


@pytest.mark.parametrize("name", DOORS)
def test_the_statuses_are_those_of_the_document(doors, name):
    assert doors[name].seen == document.statuses(doors[name].document, name)
