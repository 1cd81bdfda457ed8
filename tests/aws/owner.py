"""Who runs `lakequery aws` on a stack."""

import json
import os
import subprocess

from lake import lakequery

EVERYTHING = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": ["*"], "Resource": ["*"]}]}


class Owner:
    """Runs `lakequery aws` on a stack as the principal of a key."""

    def __init__(self, aws, stack, key="test", **variables):
        clean = {k: v for k, v in os.environ.items() if not k.startswith(("AWS_", "OCTOLAKE_", "LAKE_"))}
        at = {"AWS_ENDPOINT_URL": aws.endpoint, "AWS_REGION": aws.region, "OCTOLAKE_STACK": stack}
        keys = {"AWS_ACCESS_KEY_ID": key, "AWS_SECRET_ACCESS_KEY": "test", "HOME": "/nonexistent"}
        self.environment = {k: v for k, v in (clean | at | keys | variables).items() if v is not None}

    def start(self, *args, **pipes):
        own = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
        return subprocess.Popen([lakequery(), "aws", *args], env=self.environment, **own | pipes)

    def run(self, *args, code=0):
        """(stdout, stderr) of a command that ends with this exit code."""
        process = self.start(*args)
        said = process.communicate(timeout=120)
        assert process.returncode == code, (args, *said)
        return said

    def ask(self, *args):
        return json.loads(self.run("--format", "json", *args)[0])
