"""Functions to run where the real ones are not what is tested: zips with a `bootstrap` in Python."""

import io
import sys
import zipfile

RUNTIME = """#!{python}
import json, os, sys, time, urllib.request
api = "http://" + os.environ["AWS_LAMBDA_RUNTIME_API"] + "/2018-06-01/runtime/"
{setup}
while True:
    with urllib.request.urlopen(api + "invocation/next") as got:
        request, event = got.headers["Lambda-Runtime-Aws-Request-Id"], json.load(got)
    try:
        path, answer = "response", handle(event)
    except Exception as error:
        path, answer = "error", {{"errorType": type(error).__name__, "errorMessage": str(error)}}
    body = json.dumps(answer).encode()
    urllib.request.urlopen(urllib.request.Request(f"{{api}}invocation/{{request}}/{{path}}", body))
"""

# Answers with what it got; does what the event asks for first.
ECHO = """
started = time.time()
def handle(event):
    print(json.dumps({"got": sorted(event)}), flush=True)
    if event.get("sleep"): time.sleep(event["sleep"])
    if event.get("exit"): sys.exit(event["exit"])
    if event.get("fail"): raise ValueError("asked to fail")
    if event.get("env"): return dict(os.environ)
    if event.get("big"): return "x" * event["big"]
    return {"event": event, "started": started}
"""

# The least of an ingest function: a delivery to the bus, without any check.
INGEST = """
import boto3
bus = boto3.client("events")
def handle(event):
    headers, body = event["headers"], event.get("body", "")
    if event["requestContext"]["http"]["method"] != "POST":
        return {"statusCode": 405}
    if headers["x-github-event"] == "ping":
        return {"statusCode": 200, "body": "pong"}
    detail = '{"_delivery":{"id":"%s"},%s' % (headers["x-github-delivery"], body.lstrip()[1:])
    entry = {"Source": "github.com", "DetailType": headers["x-github-event"], "Detail": detail,
             "EventBusName": os.environ["OCTOLAKE_BUS_NAME"]}
    failed = bus.put_events(Entries=[entry])["FailedEntryCount"]
    return {"statusCode": 503 if failed else 202, "body": "{}"}
"""

# The least of a compactor: counts the raw objects, and leaves that number in the table's folder.
COMPACTOR = """
import boto3
s3 = boto3.client("s3")
bucket = os.environ["LAKE_URL"].removeprefix("s3://")
def handle(event):
    raw = s3.list_objects_v2(Bucket=bucket, Prefix="raw/").get("Contents", [])
    s3.put_object(Bucket=bucket, Key="events/objects", Body=str(len(raw)).encode())
    return {"objects": len(raw)}
"""


def zipped(setup):
    """The bytes of a function's zip."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("bootstrap", RUNTIME.format(python=sys.executable, setup=setup))
    return made.getvalue()
