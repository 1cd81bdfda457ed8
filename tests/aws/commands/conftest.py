"""An applied stack, the NAME of whose test file it has, and who runs `lakequery aws` on it.

The functions are the real ones. The tests of a file are one story, in their order.
"""

import platform

import pytest

import functions
from localaws.permissions import ACCOUNT, Principal, principals
from localaws.stack import Stack
from owner import EVERYTHING, Owner

# What the commands are about; alarms and tables are applied by other tests.
PARTS = ("secret", "bus", "raw", "ingest", "compactor")


@pytest.fixture(scope="module")
def stack(aws, request):
    zips = {f"{name}_zip": str(path) for name, path in functions.build().items() if name != "echo"}
    architecture = {"x86_64": "x86_64", "aarch64": "arm64"}[platform.machine()]
    stack = Stack(aws, name=request.module.NAME, architecture=architecture, tls_only=False, force_destroy=True, **zips)
    stack.targets = [f"-target=module.{part}" for part in PARTS]
    stack.run("apply", "-auto-approve", "-input=false", "-parallelism=20", *stack.targets)
    yield stack
    # Not destroyed, which other tests try: the local AWS ends with them all.
    aws.control("stop-functions")


@pytest.fixture(scope="module")
def outputs(stack):
    return stack.read_outputs()


@pytest.fixture(scope="module")
def owner(aws, outputs, request):
    return Owner(aws, request.module.NAME)


@pytest.fixture(scope="module")
def limited(aws, outputs, request):
    """Makes owners that may do everything but some actions, each at the beginning of a name."""

    def make(*denied):
        key = f"LIMITED{len(principals)}"
        deny = {"Effect": "Deny", "Action": list(denied), "Resource": ["*"]}
        document = EVERYTHING | {"Statement": [*EVERYTHING["Statement"], deny]}
        principals[key] = Principal(f"arn:aws:iam::{ACCOUNT}:user/{key}", [document])
        return Owner(aws, request.module.NAME, key)

    return make


@pytest.fixture(scope="module")
def queue(client, outputs, request):
    """URL of a queue of the stack, by its short name."""
    return lambda name: client("sqs").get_queue_url(QueueName=f"{request.module.NAME}-{name}")["QueueUrl"]


@pytest.fixture(scope="module")
def compact(aws, outputs):
    """Closes Firehose's objects and compacts; gives what was stored and what was double."""

    def run():
        aws.control("flush")
        report = aws.control("fire", outputs["compactor_function_name"])
        assert report["quarantined"] == 0
        return report["stored"], report["duplicates"]

    return run


@pytest.fixture
def payload(tmp_path):
    """A file with a payload."""
    path = tmp_path / "push.json"
    path.write_text('{"ref":"refs/heads/main"}')
    return path
