"""A lake whose state is lost: its bucket is refused by a plan, can be imported, and keeps what is in it."""

import pytest

import standin
from localaws.stack import Stack

BUCKET, KEY = "lost-lake", "raw/2026/03/02/10/object"


@pytest.fixture
def stack(aws, client, tmp_path):
    s3 = client("s3")
    s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": aws.region})
    s3.put_bucket_tagging(Bucket=BUCKET, Tagging={"TagSet": [{"Key": "octolake:stack", "Value": "lost"}]})
    s3.put_object(Bucket=BUCKET, Key=KEY, Body=b"kept")
    zips = {}
    for name, setup in (("ingest", standin.INGEST), ("compactor", standin.COMPACTOR)):
        path = tmp_path / f"{name}.zip"
        path.write_bytes(standin.zipped(setup))
        zips[f"{name}_zip"] = str(path)
    return Stack(aws, name="lost", bucket_name=BUCKET, tls_only=False, **zips)


def test_a_bucket_is_adopted_with_what_is_in_it(stack, client):
    refused = stack.run("plan", "-input=false", check=False)
    said = " ".join(refused.stderr.replace("│", "").split())
    assert refused.returncode == 1
    assert "adopt it, with what is in it: set adopt_bucket = true" in said
    assert f"'terraform import module.raw.aws_s3_bucket.lake {BUCKET}'" in said

    adopting = "-var=adopt_bucket=true"
    stack.run("import", "-input=false", adopting, "module.raw.aws_s3_bucket.lake", BUCKET)
    stack.run("apply", "-input=false", "-auto-approve", adopting, "-target=module.raw")
    again = stack.run("plan", "-input=false", adopting, "-target=module.raw").stdout
    assert "No changes." in again
    s3 = client("s3")
    assert s3.get_object(Bucket=BUCKET, Key=KEY)["Body"].read() == b"kept"
    assert s3.get_bucket_versioning(Bucket=BUCKET)["Status"] == "Enabled"
