"""S3 as moto's server plays it: one server for all tests, a bucket for each."""

import os
import socket
import subprocess
import sys
import time
import uuid

import boto3
import pytest


def free_port():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return taken.getsockname()[1]


def wait_for(port, server):
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        assert server.poll() is None, "moto's server ended"
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    raise TimeoutError("moto's server does not listen")


@pytest.fixture(scope="session")
def aws(tmp_path_factory):
    """The environment of a process that takes moto for AWS, with a cache of its own."""
    port = free_port()
    server = subprocess.Popen(
        [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        wait_for(port, server)
        settings = {
            "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}",
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_REGION": "eu-central-1",
            "XDG_CACHE_HOME": str(tmp_path_factory.mktemp("cache")),
        }
        clean = {k: v for k, v in os.environ.items() if not k.startswith(("AWS_", "LAKE_"))}
        yield clean | settings
    finally:
        server.kill()
        server.wait()


@pytest.fixture
def bucket(aws):
    """A new bucket."""
    s3 = boto3.resource(
        "s3",
        endpoint_url=aws["AWS_ENDPOINT_URL"],
        aws_access_key_id="test",
        aws_secret_access_key="test",
        region_name=aws["AWS_REGION"],
    )
    place = {"LocationConstraint": aws["AWS_REGION"]}
    return s3.create_bucket(Bucket=f"lake-{uuid.uuid4()}", CreateBucketConfiguration=place)
