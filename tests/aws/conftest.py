import json
import logging
import os

import boto3
import pytest

from localaws import LocalAws

pytest_plugins = ["order"]
# boto3 wants these, whatever they are; a developer's own must not be used.
os.environ |= {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}
logging.getLogger("werkzeug").setLevel(logging.ERROR)


@pytest.fixture(scope="session")
def aws():
    with LocalAws() as running:
        yield running


@pytest.fixture(scope="session")
def client(aws):
    def make(service):
        return boto3.client(service, region_name=aws.region, endpoint_url=aws.endpoint)

    return make


@pytest.fixture(scope="session", autouse=True)
def role(client):
    """A role that functions may have: moto checks that Lambda is trusted."""
    principal = {"Service": "lambda.amazonaws.com"}
    trust = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"}]}
    client("iam").create_role(RoleName="any", AssumeRolePolicyDocument=json.dumps(trust))
