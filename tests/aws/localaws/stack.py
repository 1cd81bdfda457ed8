"""Terraform on a local AWS: a copy of a root module with a provider that speaks to the emulator."""

import json
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[3]
SERVICES = (
    "apigatewayv2 athena cloudwatch cloudwatchlogs dynamodb events firehose glue iam kms lambda "
    "resourcegroupstaggingapi s3 scheduler secretsmanager sfn sns sqs ssm sts"
).split()

# Terraform and the provider read all schemas at each start, and a quarter of their time (of 11 s, for a plan)
# went into collecting what that leaves.
GO = {"GOGC": "400"}


def provider(endpoint, region, key):
    """The provider block; beside it nothing differs from a stack on AWS but tls_only."""
    endpoints = "\n".join(f'    {service} = "{endpoint}"' for service in SERVICES)
    return f"""
provider "aws" {{
  region                      = "{region}"
  access_key                  = "{key}"
  secret_key                  = "test"
  max_retries                 = 2
  s3_use_path_style           = true
  skip_credentials_validation = true
  skip_metadata_api_check     = true
  skip_region_validation      = true
  skip_requesting_account_id  = false
  endpoints {{
{endpoints}
  }}
}}
"""


class Stack:
    """One root module's working copy, its state beside it; applied by the principal of `key`."""

    def __init__(self, aws, root="terraform", key="test", **variables):
        self.folder = tempfile.TemporaryDirectory(prefix="stack-")
        copy = Path(self.folder.name)
        ignore = shutil.ignore_patterns(".terraform", ".terraform.lock.hcl", "*.tfstate*")
        for part in ("terraform", "queries"):
            shutil.copytree(REPOSITORY / part, copy / part, ignore=ignore)
        self.root = copy / root
        (self.root / "emulator.tf").write_text(provider(aws.endpoint, aws.region, key))
        (self.root / "terraform.tfvars.json").write_text(json.dumps(variables))
        config = copy / "terraform.rc"
        subprocess.run([REPOSITORY / "terraform/cli-config", config], check=True, capture_output=True)
        self.environment = {**os.environ, **GO, "TF_CLI_CONFIG_FILE": str(config), "TF_IN_AUTOMATION": "1"}
        self.run("init", "-input=false")

    def run(self, *args, check=True):
        """Runs one command of terraform; its whole output is in the error where it fails."""
        done = subprocess.run(
            ["terraform", args[0], "-no-color", *args[1:]],
            cwd=self.root,
            env=self.environment,
            text=True,
            capture_output=True,
        )
        if check and done.returncode != 0:
            raise AssertionError(f"terraform {' '.join(args)}:\n{done.stdout}\n{done.stderr}")
        return done

    def apply(self):
        self.run("apply", "-auto-approve", "-input=false", "-parallelism=20")
        return self.read_outputs()

    def read_outputs(self):
        """As `terraform output` gives them, without another start of it."""
        return {name: output["value"] for name, output in json.loads(self.state())["outputs"].items()}

    def changes(self, *args):
        """{address: {attribute: (before, after)}} of what a plan would change now."""
        self.run("plan", "-input=false", "-out=again.tfplan", *args)
        plan = json.loads(self.run("show", "-json", "again.tfplan").stdout)
        changes = {}
        for resource in plan.get("resource_changes", []):
            change = resource["change"]
            if change["actions"] not in (["no-op"], ["read"]):
                before, after = change["before"] or {}, change["after"] or {}
                changes[resource["address"]] = {
                    name: (before.get(name), after.get(name))
                    for name in {*before, *after}
                    if before.get(name) != after.get(name)
                }
        return changes

    def destroy(self):
        self.run("destroy", "-auto-approve", "-input=false", "-parallelism=20")

    def state(self):
        return (self.root / "terraform.tfstate").read_text()
