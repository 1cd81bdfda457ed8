"""A lake, as `lakequery` and as deltalake with pyarrow read it."""

import json
import os
import subprocess
import sys
from pathlib import Path

import boto3

import functions

CHECKSUMS = Path(__file__).with_name("athena") / "checksums.py"
TIMEOUT = 300


def lakequery():
    """The command: the one that LAKEQUERY names, or that of this tree, built as the functions are."""
    if named := os.environ.get("LAKEQUERY"):
        return Path(named)
    functions.build()
    return functions.TARGET / "debug/lakequery"


class Lake:
    """A lake in a directory."""

    def __init__(self, url, **variables):
        self.url = str(url)
        clean = {k: v for k, v in os.environ.items() if not k.startswith(("AWS_", "LAKE_URL"))}
        self.environment = clean | variables

    def command(self, *args):
        return [lakequery(), "--lake", self.url, "--format", "json", *args]

    def ask(self, *args):
        """What `lakequery` says, from its JSON."""
        return json.loads(self.run(self.command(*args)))

    def run(self, command):
        done = subprocess.run(command, capture_output=True, text=True, env=self.environment, timeout=TIMEOUT)
        assert done.returncode == 0, f"{command}:\n{done.stdout[-2000:]}\n{done.stderr}"
        return done.stdout


class LakeOnS3(Lake):
    """A lake on a local AWS, used by the principal of `key`."""

    def __init__(self, aws, url, key="test"):
        keys = {"AWS_ACCESS_KEY_ID": key, "AWS_SECRET_ACCESS_KEY": "test"}
        super().__init__(url, **keys, AWS_ENDPOINT_URL=aws.endpoint, AWS_REGION=aws.region)
        self.bucket = url.removeprefix("s3://").partition("/")[0]
        self.s3 = boto3.client("s3", region_name=aws.region, endpoint_url=aws.endpoint)

    def checksums(self):
        return json.loads(self.run([sys.executable, CHECKSUMS, f"{self.url}/events"]))

    def copied(self, folder):
        """The same table in a directory: a lake of what is compacted."""
        for page in self.s3.get_paginator("list_objects_v2").paginate(Bucket=self.bucket, Prefix="events/"):
            for item in page["Contents"]:
                path = folder / item["Key"]
                path.parent.mkdir(parents=True, exist_ok=True)
                self.s3.download_file(self.bucket, item["Key"], str(path))
        return Lake(folder)

    def files(self):
        """Keys of the Parquet files that are there, whether the table names them or not."""
        pages = self.s3.get_paginator("list_objects_v2").paginate(Bucket=self.bucket, Prefix="events/")
        keys = {item["Key"] for page in pages for item in page["Contents"]}
        return {key for key in keys if key.endswith(".parquet")}
