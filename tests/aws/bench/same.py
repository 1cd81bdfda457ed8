"""On the local AWS: both zips behind function URLs, the same requests, the same answers, and the
same deliveries on the bus and in the bucket."""

import contextlib
import gzip
import json
import os
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path
from urllib.parse import quote_plus

import boto3

from bench import deliveries

REGION = "eu-central-1"
TRUST = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}]}


def compare(zips):
    """How many requests were compared. Raises AssertionError at the first difference."""
    with local_aws() as aws:
        for name, path in zips.items():
            deploy(aws, name, path.read_bytes())
        requests = list(cases())
        answers = {name: [ask(f"{aws['gateway']}/url/{name}", *case) for case in requests] for name in zips}
        rust, node = answers.values()
        for case, ours, theirs in zip(requests, rust, node, strict=True):
            assert ours == theirs, f"{case[0]} {case[1]} {case[2]}: {ours} and {theirs}"
        rust, node = (stored(aws, name) for name in zips)
        assert rust == node, f"the entries differ: {rust} and {node}"[:3000]
        taken = sum(1 for case, (status, *_) in zip(requests, answers["rust"], strict=True) if case[0] == "POST" and status < 300)
        assert len(rust) == taken, f"{len(rust)} entries of {taken} taken deliveries"
    return len(requests)


@contextlib.contextmanager
def local_aws():
    """The server's addresses; it runs in a process of its own."""
    os.environ |= {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}
    log = tempfile.TemporaryFile("w+")
    command = [sys.executable, "-m", "localaws", "--region", REGION]
    server = subprocess.Popen(command, cwd=Path(__file__).parents[1], stdout=subprocess.PIPE, stderr=log, text=True)
    try:
        yield json.loads(server.stdout.readline())
    except Exception:
        log.seek(0)
        print(log.read(), file=sys.stderr)
        raise
    finally:
        server.terminate()
        server.wait()


def client(aws, service):
    return boto3.client(service, region_name=REGION, endpoint_url=aws["endpoint"])


def deploy(aws, name, code):
    """A bus, its queue, a bucket, a secret and the function, all of this name."""
    client(aws, "s3").create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": REGION})
    secret = client(aws, "secretsmanager").create_secret(Name=name, SecretString=deliveries.SECRET)["ARN"]
    queue_url = client(aws, "sqs").create_queue(QueueName=name)["QueueUrl"]
    queue = f"arn:aws:sqs:{REGION}:123456789012:{name}"
    events = client(aws, "events")
    events.create_event_bus(Name=name)
    events.put_rule(Name=name, EventBusName=name, EventPattern='{"source":[{"prefix":""}]}')
    events.put_targets(Rule=name, EventBusName=name, Targets=[{"Id": "queue", "Arn": queue}])
    role = client(aws, "iam").create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(TRUST))["Role"]["Arn"]
    variables = {
        "OCTOLAKE_BUS_NAME": name,
        "OCTOLAKE_SECRET_ARNS": secret,
        "OCTOLAKE_LARGE_URL": f"s3://{name}",
        "OCTOLAKE_INLINE_LIMIT": "200000",  # so that a claim check fits a small test
    }
    functions = client(aws, "lambda")
    functions.create_function(
        FunctionName=name,
        Runtime="provided.al2023",
        Handler="bootstrap",
        Role=role,
        Code={"ZipFile": code},
        Timeout=10,
        MemorySize=256,
        Environment={"Variables": variables},
        LoggingConfig={"LogFormat": "JSON"},
    )
    functions.create_function_url_config(FunctionName=name, AuthType="NONE")
    for number, action in enumerate(("lambda:InvokeFunctionUrl", "lambda:InvokeFunction")):
        functions.add_permission(FunctionName=name, StatementId=f"url{number}", Action=action, Principal="*")
    return queue_url


def cases():
    """(method, path, headers, body): each kind of request that the contract names."""
    event, payload = deliveries.around(10_000)[0]
    body, number = payload.encode(), iter(range(1, 100))

    def delivery(body=body, event=event, path="/webhook", method="POST", **changed):
        headers = deliveries.headers_of(event, body, f"00000000-0000-4000-8000-{next(number):012}")
        headers |= {name.replace("_", "-"): value for name, value in changed.items()}
        return method, path, {name: value for name, value in headers.items() if value is not None}, body

    yield delivery()
    yield delivery(path="/")
    yield delivery(event="ping")
    yield delivery(b"{}")
    yield delivery(b' {\n\t"n": 1.50,\r\n "e": "\\u00e9 \xc3\xa9"\n} ')
    yield delivery(b"payload=" + quote_plus(payload).encode(), content_type="application/x-www-form-urlencoded")
    yield delivery(content_type="application/json; charset=utf-8")
    yield delivery(content_type="application/octet-stream")
    yield delivery(x_github_enterprise_host="ghe.example.org")
    yield delivery(x_github_hook_id=None, x_github_hook_installation_target_type=None)
    yield delivery(deliveries.large(300_000)[1].encode(), event="push")
    yield delivery(x_hub_signature_256=None)
    yield delivery(x_hub_signature_256=deliveries.signature(b"another body"))
    yield delivery(content_type="text/plain")
    yield delivery(event="Push")
    yield delivery(x_github_delivery="1")
    yield delivery(x_github_enterprise_host="a b")
    yield delivery(b"[]")
    yield delivery(b"null")
    yield delivery(b'{"a":"\xff"}')
    yield delivery(b"body={}", content_type="application/x-www-form-urlencoded")
    yield delivery(b"{} x")
    yield delivery(path="/elsewhere")
    yield delivery(method="PUT")
    yield "GET", "/health", {}, None


def ask(url, method, path, headers, body):
    """(status, headers that say something, body)."""
    request = urllib.request.Request(url + path, body, headers, method=method)
    try:
        got = urllib.request.urlopen(request, timeout=30)
    except urllib.error.HTTPError as error:
        got = error
    # Where in a payload the fault is, Node's parser does not tell as (line, column).
    text = json.loads(got.read().split(b" (line")[0].removesuffix(b'"}') + b'"}')
    return got.status, {name: got.headers.get(name) for name in ("content-type", "allow", "retry-after")}, text


def stored(aws, name):
    """What came through the bus, by delivery id, with the bodies of claim checks put in."""
    sqs, s3 = client(aws, "sqs"), client(aws, "s3")
    queue, found = sqs.get_queue_url(QueueName=name)["QueueUrl"], {}
    time.sleep(0.5)  # the last entry is on its way
    while messages := sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10).get("Messages"):
        for message in messages:
            entry = json.loads(message["Body"])
            meta = entry["detail"]["_delivery"]
            meta.pop("received_at")
            if "large" in meta:
                meta["body"] = gzip.decompress(s3.get_object(Bucket=name, Key=meta["large"]["key"])["Body"].read())
            found[meta["id"]] = (entry["source"], entry["detail-type"], entry["detail"])
            sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
    return found
