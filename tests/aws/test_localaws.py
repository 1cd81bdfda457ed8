"""What the local AWS adds to moto, by boto3 and HTTP, as a stack's own parts would use it."""

import gzip
import json
import time
import urllib.error
import urllib.request
from datetime import UTC, datetime

import pytest
from botocore.exceptions import ClientError

import standin
from localaws import bus, firehose, functions, proxy
from waiting import PATIENCE, soon

ROLE = "arn:aws:iam::123456789012:role/any"
ARN = "arn:aws:{}:eu-central-1:123456789012:{}"


def call(url, body=None, method=None, headers=None):
    """(status, headers, body) of one request."""
    request = urllib.request.Request(url, body, headers or {}, method=method)
    try:
        with urllib.request.urlopen(request) as answer:
            return answer.status, dict(answer.headers), answer.read()
    except urllib.error.HTTPError as answer:
        return answer.code, dict(answer.headers), answer.read()


def make_stream(client, name, **settings):
    """A bucket and a stream into it, both of this name."""
    s3 = client("s3")
    s3.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
    config = {"RoleARN": ROLE, "BucketARN": f"arn:aws:s3:::{name}", **settings}
    client("firehose").create_delivery_stream(DeliveryStreamName=name, ExtendedS3DestinationConfiguration=config)
    return ARN.format("firehose", f"deliverystream/{name}")


def make_rule(client, name, target, pattern=None):
    """A bus and a rule on it, both of this name."""
    events = client("events")
    events.create_event_bus(Name=name)
    pattern = json.dumps(pattern or {"source": [{"prefix": ""}]})
    events.put_rule(Name=name, EventBusName=name, EventPattern=pattern)
    events.put_targets(Rule=name, EventBusName=name, Targets=[{"Id": "t", "RoleArn": ROLE, **target}])


def make_queue(client, name):
    return client("sqs").create_queue(QueueName=name)["QueueUrl"], ARN.format("sqs", name)


def make_function(client, name, setup=standin.ECHO, **settings):
    settings = {"Timeout": 5, **settings}
    made = client("lambda").create_function(
        FunctionName=name, Runtime="provided.al2023", Handler="bootstrap", Role=ROLE, Code={"ZipFile": standin.zipped(setup)}, **settings
    )
    return made["FunctionArn"]


def open_door(client, name):
    """The address of a new function URL, which everybody may call."""
    for action in ("InvokeFunctionUrl", "InvokeFunction"):
        client("lambda").add_permission(FunctionName=name, StatementId=action, Action=f"lambda:{action}", Principal="*")
    return client("lambda").create_function_url_config(FunctionName=name, AuthType="NONE")["FunctionUrl"]


def put(client, name, detail, kind="push"):
    text = detail if isinstance(detail, str) else json.dumps(detail)
    entry = {"EventBusName": name, "Source": "github.com", "DetailType": kind, "Detail": text}
    return client("events").put_events(Entries=[entry])


def objects(client, bucket):
    """{key: content} of a bucket, unpacked."""
    s3 = client("s3")
    found = {}
    for item in s3.list_objects_v2(Bucket=bucket).get("Contents", []):
        body = s3.get_object(Bucket=bucket, Key=item["Key"])["Body"].read()
        found[item["Key"]] = gzip.decompress(body) if item["Key"].endswith(".gz") else body
    return found


def messages(client, url, count=1, seconds=PATIENCE):
    """The bodies of so many messages of a queue, as JSON; fewer where no more come in this time."""
    got, ends = [], time.monotonic() + seconds
    while len(got) < count and time.monotonic() < ends:
        answer = client("sqs").receive_message(QueueUrl=url, MaxNumberOfMessages=10, WaitTimeSeconds=0)
        got += [json.loads(message["Body"]) for message in answer.get("Messages", [])]
        time.sleep(0.05)
    return got


# --- bus and Firehose ---------------------------------------------------------------------------


def test_events_become_lines_of_gzip_under_their_hour(aws, client):
    processors = [{"Type": "AppendDelimiterToRecord", "Parameters": [{"ParameterName": "Delimiter", "ParameterValue": "\\n"}]}]
    stream = make_stream(
        client,
        "lines",
        Prefix="raw/!{timestamp:yyyy}/!{timestamp:MM}/!{timestamp:dd}/!{timestamp:HH}/",
        CompressionFormat="GZIP",
        ProcessingConfiguration={"Enabled": True, "Processors": processors},
    )
    make_rule(client, "lines", {"Arn": stream})
    hour = datetime.now(UTC).strftime("raw/%Y/%m/%d/%H/lines-1-")
    put(client, "lines", '{"n": 1.50,\n "text": "caf\\u00e9 é"}')
    put(client, "lines", {"n": 2}, kind="pull_request")

    (key,) = aws.control("flush")
    assert key.startswith(hour) and key.endswith(".gz")
    first, second = objects(client, "lines")[key].decode().splitlines()
    assert first.endswith(',"detail":{"n": 1.50,  "text": "caf\\u00e9 é"}}'), "the payload's text is not touched"
    envelope = json.loads(second)
    assert set(envelope) == {"version", "id", "detail-type", "source", "account", "time", "region", "resources", "detail"}
    assert (envelope["detail-type"], envelope["detail"]) == ("pull_request", {"n": 2})
    datetime.strptime(envelope["time"], "%Y-%m-%dT%H:%M:%SZ")
    assert aws.control("flush") == []


def test_without_a_delimiter_records_touch_each_other(aws, client):
    make_stream(client, "plain", Prefix="p/")
    for data in (b"{}", b"[]"):
        client("firehose").put_record(DeliveryStreamName="plain", Record={"Data": data})
    aws.control("flush")
    ((key, body),) = objects(client, "plain").items()
    assert body == b"{}[]" and key.startswith(datetime.now(UTC).strftime("p/%Y/%m/%d/"))


def test_a_bucket_that_went_away_holds_up_no_other_stream(aws, client):
    make_stream(client, "orphan", Prefix="p/")
    make_stream(client, "neighbour", Prefix="p/")
    for stream in ("orphan", "neighbour"):
        client("firehose").put_record(DeliveryStreamName=stream, Record={"Data": b"{}"})
    client("s3").delete_bucket(Bucket="orphan")
    (key,) = aws.control("flush")
    assert "/neighbour-" in key
    client("firehose").delete_delivery_stream(DeliveryStreamName="orphan")
    client("s3").create_bucket(Bucket="orphan", CreateBucketConfiguration={"LocationConstraint": aws.region})
    assert aws.control("flush") == [], "what a stream held went with it"


def test_a_buffer_closes_by_size_and_by_time(client):
    make_stream(client, "closing", BufferingHints={"SizeInMBs": 1, "IntervalInSeconds": 3}, Prefix="p!{timestamp:yyyy}/")
    stream = client("firehose")
    for _ in range(2):
        stream.put_record(DeliveryStreamName="closing", Record={"Data": b"x" * 600_000})
    assert [len(body) for body in objects(client, "closing").values()] == [1_200_000]
    stream.put_record(DeliveryStreamName="closing", Record={"Data": b"y"})
    soon(lambda: len(objects(client, "closing")) == 2)
    assert sorted(len(body) for body in objects(client, "closing").values()) == [1, 1_200_000]


def test_prefixes_expand_to_the_oldest_arrival():
    at = datetime(2026, 3, 2, 8, 59, tzinfo=UTC)
    assert firehose.expand("raw/!{timestamp:yyyy}/!{timestamp:MM}/!{timestamp:dd}/!{timestamp:HH}/", at) == "raw/2026/03/02/08/"
    assert firehose.expand("a/!{timestamp:yyyy-MM-dd}/", at) == "a/2026-03-02/"


def test_sizes_are_limited_as_on_aws(aws, client):
    make_stream(client, "limits")
    with pytest.raises(ClientError, match="1000 KiB"):
        client("firehose").put_record(DeliveryStreamName="limits", Record={"Data": b"x" * 1_024_001})
    with pytest.raises(ClientError, match="over the limit"):
        put(client, "default", {"x": "y" * 1024 * 1024})
    entry = {"Source": "a", "DetailType": "b", "Detail": "{}"}
    aws.control("limit-events", 262144)
    with pytest.raises(ClientError, match="over the limit"):
        put(client, "default", {"x": "y" * 262144})
    aws.control("limit-events", 1024 * 1024)
    with pytest.raises(ClientError, match="at most 10"):
        client("events").put_events(Entries=[entry] * 11)


def test_bad_and_failing_entries_are_answered_in_their_order(aws, client):
    good = {"Source": "a", "DetailType": "b", "Detail": "{}"}
    aws.control("fail-events", 1)
    answer = client("events").put_events(Entries=[good, {**good, "Detail": "{"}, {**good, "Detail": "[]"}, good])
    assert answer["FailedEntryCount"] == 3
    assert [entry.get("ErrorCode") for entry in answer["Entries"]] == ["InternalFailure", "MalformedDetail", "MalformedDetail", None]


# --- other targets ------------------------------------------------------------------------------


def test_queue_and_topic_get_what_the_transformer_makes(client):
    url, arn = make_queue(client, "transformed")
    transformer = {
        "InputPathsMap": {"type": "$.detail-type", "label": "$.detail.labels[1]", "gone": "$.detail.gone", "all": "$.detail"},
        "InputTemplate": '{"text": "a <type> for <label>", "n": <label>, "gone": <gone>, "all": <all>, "rule": "<aws.events.rule-name>"}',
    }
    make_rule(client, "transformed", {"Arn": arn, "InputTransformer": transformer})
    put(client, "transformed", {"labels": ["x", 'q"']})
    assert messages(client, url) == [
        {"text": 'a push for q"', "n": 'q"', "gone": None, "all": {"labels": ["x", 'q"']}, "rule": "transformed"}
    ]

    topic = client("sns").create_topic(Name="topic")["TopicArn"]
    client("sns").subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)
    make_rule(client, "published", {"Arn": topic, "InputPath": "$.detail"})
    put(client, "published", {"n": 7})
    assert [json.loads(message["Message"]) for message in messages(client, url)] == [{"n": 7}]


def test_only_matching_events_reach_an_enabled_rule(client):
    url, arn = make_queue(client, "matching")
    make_rule(client, "matching", {"Arn": arn, "Input": '"hello"'}, {"detail": {"_delivery": {"id": [{"exists": True}]}}})
    put(client, "matching", {"_delivery": {"id": "1"}})
    put(client, "matching", {"other": 1})
    client("events").disable_rule(Name="matching", EventBusName="matching")
    put(client, "matching", {"_delivery": {"id": "2"}})
    assert messages(client, url, count=2, seconds=0.5) == ["hello"]


def test_what_a_target_refuses_goes_to_its_dead_letter_queue(client):
    url, arn = make_queue(client, "dead")
    gone = ARN.format("firehose", "deliverystream/gone")
    make_rule(client, "dead", {"Arn": gone, "DeadLetterConfig": {"Arn": arn}})
    assert put(client, "dead", {"n": 1})["FailedEntryCount"] == 0
    assert messages(client, url)[0]["detail"] == {"n": 1}


def test_a_replay_brings_events_again_with_its_name(client):
    url, arn = make_queue(client, "replayed")
    make_rule(client, "replayed", {"Arn": arn})
    events = client("events")
    source = ARN.format("events", "event-bus/replayed")
    archive = events.create_archive(ArchiveName="kept", EventSourceArn=source)["ArchiveArn"]
    put(client, "replayed", '{"n": 1.50}')
    first = messages(client, url)[0]
    now = datetime.now(UTC)
    events.start_replay(
        ReplayName="again", EventSourceArn=archive, EventStartTime=now.replace(year=2020), EventEndTime=now, Destination={"Arn": source}
    )
    second = messages(client, url)[0]
    assert second["replay-name"] == "again" and second["detail"] == first["detail"] and second["id"] != first["id"]


# --- functions ----------------------------------------------------------------------------------


def run(client, name, event, **how):
    answer = client("lambda").invoke(FunctionName=name, Payload=json.dumps(event).encode(), **how)
    body = answer["Payload"].read()
    return answer.get("FunctionError"), json.loads(body) if body else None


def test_the_uploaded_zip_is_what_runs_and_stays_warm(client):
    make_function(client, "warm", Environment={"Variables": {"COLOUR": "blue"}}, MemorySize=512)
    kind, first = run(client, "warm", {"n": 1})
    assert (kind, first["event"]) == (None, {"n": 1})
    assert run(client, "warm", {"n": 2})[1]["started"] == first["started"], "one environment serves both"
    _, env = run(client, "warm", {"env": True})
    assert env["COLOUR"] == "blue" and env["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"] == "512" and env["AWS_REGION"] == "eu-central-1"
    assert "HOME" not in env, "nothing of this machine leaks in"

    client("lambda").update_function_code(FunctionName="warm", ZipFile=standin.zipped("def handle(event): return 'new'"))
    assert run(client, "warm", {}) == (None, "new")


def test_failures_of_a_function_are_told(client):
    make_function(client, "failing", Timeout=1)
    assert run(client, "failing", {"fail": True}) == ("Unhandled", {"errorType": "ValueError", "errorMessage": "asked to fail"})
    kind, answer = run(client, "failing", {"exit": 3})
    assert (kind, answer["errorType"]) == ("Unhandled", "Runtime.ExitError")
    kind, answer = run(client, "failing", {"sleep": 3})
    assert (kind, answer["errorType"]) == ("Unhandled", "Sandbox.Timedout")
    kind, answer = run(client, "failing", {"big": 6 * 1024 * 1024})
    assert answer["errorType"] == "Function.ResponseSizeTooLarge"
    assert run(client, "failing", {})[0] is None, "and the next event is served"


def test_its_output_is_in_its_log_group(client):
    logs = client("logs")
    logs.create_log_group(logGroupName="/my/group")
    make_function(client, "logging", LoggingConfig={"LogFormat": "JSON", "LogGroup": "/my/group"})
    run(client, "logging", {"a": 1, "b": 2})
    found = logs.filter_log_events(logGroupName="/my/group")["events"]
    assert [json.loads(event["message"]) for event in found] == [{"got": ["a", "b"]}]


def test_an_event_that_a_function_refuses_is_tried_again_and_kept(client):
    url, arn = make_queue(client, "refused")
    function = make_function(client, "refusing")
    config = {"OnFailure": {"Destination": arn}}
    client("lambda").put_function_event_invoke_config(FunctionName="refusing", MaximumRetryAttempts=1, DestinationConfig=config)
    make_rule(client, "refusing", {"Arn": function, "InputPath": "$.detail"})
    put(client, "refusing", {"fail": True})
    (kept,) = messages(client, url)
    assert kept["requestPayload"] == {"fail": True} and kept["requestContext"]["approximateInvokeCount"] == 2
    assert kept["responsePayload"]["errorMessage"] == "asked to fail"


def test_a_schedule_fires_when_told(aws, client):
    function = make_function(client, "scheduled")
    target = {"Arn": function, "RoleArn": ROLE, "Input": '{"from": "schedule"}'}
    client("scheduler").create_schedule(
        Name="now", ScheduleExpression="rate(15 minutes)", FlexibleTimeWindow={"Mode": "OFF"}, Target=target
    )
    assert aws.control("fire", "now")["event"] == {"from": "schedule"}


def test_reserved_concurrency_throttles():
    class Function:
        function_name = "none"

    with pytest.raises(functions.Throttled):
        functions.Pool().take(Function, 0)


# --- versions and aliases -----------------------------------------------------------------------


def refused(call, **arguments):
    """The code of AWS's refusal."""
    with pytest.raises(ClientError) as error:
        call(**arguments)
    return error.value.response["Error"]["Code"]


@pytest.fixture(scope="module")
def live(client):
    """A function of two versions, green and blue; its alias `live` points to the first, $LATEST is the second."""
    name = {"FunctionName": "versioned"}
    make_function(client, "versioned", Environment={"Variables": {"COLOUR": "green"}}, Publish=True)
    client("lambda").create_alias(**name, Name="live", FunctionVersion="1")
    assert released(client, "versioned", Environment={"Variables": {"COLOUR": "blue"}}) == "2"
    return name


def released(client, name, **changes):
    """The number of a version with these changes."""
    lambdas = client("lambda")
    lambdas.update_function_configuration(FunctionName=name, **changes)
    soon(lambda: lambdas.get_function_configuration(FunctionName=name)["LastUpdateStatus"] == "Successful")
    version = lambdas.publish_version(FunctionName=name)["Version"]
    soon(lambda: lambdas.get_function_configuration(FunctionName=name, Qualifier=version)["State"] == "Active")
    return version


def colour(client, qualifier=None):
    _, env = run(client, "versioned", {"env": True}, **({"Qualifier": qualifier} if qualifier else {}))
    return env["COLOUR"], env["AWS_LAMBDA_FUNCTION_VERSION"]


def test_a_version_stays_what_it_is_and_an_alias_moves(client, live):
    assert [colour(client, qualifier) for qualifier in (None, "live", "1", "2")] == [("blue", "$LATEST"), ("green", "1"), ("green", "1"), ("blue", "2")]
    client("lambda").update_alias(**live, Name="live", FunctionVersion="2")
    assert colour(client, "live") == ("blue", "2")
    client("lambda").update_alias(**live, Name="live", FunctionVersion="1")
    assert client("lambda").publish_version(**live)["Version"] == "2", "nothing has changed since"
    assert refused(client("lambda").update_alias, **live, Name="live", FunctionVersion="9") == "ResourceNotFoundException"
    assert refused(client("lambda").create_alias, **live, Name="live", FunctionVersion="1") == "ResourceConflictException"
    assert refused(client("lambda").delete_function, **live, Qualifier="1") == "ResourceConflictException", "live points to it"


def test_an_update_takes_a_moment_and_revisions_count(client, live):
    lambdas = client("lambda")
    first = lambdas.get_function_configuration(**live)["RevisionId"]
    lambdas.update_function_configuration(**live, Description="x", RevisionId=first)
    now = lambdas.get_function_configuration(**live)
    assert now["LastUpdateStatus"] == "InProgress" and now["RevisionId"] != first
    assert refused(lambdas.update_function_configuration, **live, Description="y") == "ResourceConflictException"
    assert refused(lambdas.publish_version, **live) == "ResourceConflictException"
    soon(lambda: lambdas.get_function_configuration(**live)["LastUpdateStatus"] == "Successful")
    through = lambdas.get_function_configuration(**live)
    assert through["RevisionId"] != now["RevisionId"], "another one when the update is through"
    assert refused(lambdas.update_function_configuration, **live, Description="y", RevisionId=now["RevisionId"]) == "PreconditionFailedException"
    assert refused(lambdas.publish_version, **live, RevisionId=first) == "PreconditionFailedException"
    assert refused(lambdas.publish_version, **live, CodeSha256="other") == "InvalidParameterValueException"
    made = lambdas.publish_version(**live, RevisionId=through["RevisionId"], CodeSha256=through["CodeSha256"])
    assert (made["Version"], made["State"]) == ("3", "Pending")
    assert refused(lambdas.invoke, **live, Qualifier="3") == "ResourceConflictException"
    soon(lambda: lambdas.get_function_configuration(**live, Qualifier="3")["State"] == "Active")
    alias = lambdas.get_alias(**live, Name="live")["RevisionId"]
    lambdas.update_alias(**live, Name="live", FunctionVersion="1", RevisionId=alias)
    assert refused(lambdas.update_alias, **live, Name="live", FunctionVersion="1", RevisionId=alias) == "PreconditionFailedException"
    lambdas.delete_function(**live, Qualifier="3")
    assert released(client, "versioned", Description="z") == "4", "a number is never given twice"


def test_what_an_alias_holds_is_its_own(client, live):
    lambdas = client("lambda")
    for action in ("InvokeFunctionUrl", "InvokeFunction"):
        lambdas.add_permission(**live, StatementId=action, Action=f"lambda:{action}", Principal="*")
    assert refused(lambdas.get_policy, **live, Qualifier="live") == "ResourceNotFoundException"
    url = lambdas.create_function_url_config(**live, Qualifier="live", AuthType="NONE")["FunctionUrl"]
    assert refused(lambdas.get_function_url_config, **live) == "ResourceNotFoundException"
    assert refused(lambdas.create_function_url_config, **live, Qualifier="live", AuthType="NONE") == "ResourceConflictException"
    assert refused(lambdas.create_function_url_config, **live, Qualifier="2", AuthType="NONE") == "InvalidParameterValueException"
    assert call(url)[0] == 403, "the function's permissions are not the alias's"
    for action in ("InvokeFunctionUrl", "InvokeFunction"):
        lambdas.add_permission(**live, Qualifier="live", StatementId=action, Action=f"lambda:{action}", Principal="*")
    assert call(url)[0] == 200
    own = json.loads(lambdas.get_policy(**live, Qualifier="live")["Policy"])["Statement"]
    assert {one["Resource"] for one in own} == {ARN.format("lambda", "function:versioned:live")}
    lambdas.remove_permission(**live, Qualifier="live", StatementId="InvokeFunction")
    assert call(url)[0] == 403 and len(json.loads(lambdas.get_policy(**live)["Policy"])["Statement"]) == 2
    lambdas.put_function_event_invoke_config(**live, Qualifier="live", MaximumRetryAttempts=0)
    assert refused(lambdas.get_function_event_invoke_config, **live) == "ResourceNotFoundException"
    assert lambdas.get_function_event_invoke_config(**live, Qualifier="live")["MaximumRetryAttempts"] == 0
    lambdas.delete_function_url_config(**live, Qualifier="live")
    assert call(url)[0] == 403


def test_a_schedule_needs_leave_for_the_alias_that_it_runs(aws, client, live):
    arn = ARN.format("lambda", "function:versioned")
    trust = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"Service": "scheduler.amazonaws.com"}, "Action": "sts:AssumeRole"}]}
    role = client("iam").create_role(RoleName="schedules", AssumeRolePolicyDocument=json.dumps(trust))["Role"]["Arn"]

    def allow(resource):
        statement = {"Effect": "Allow", "Action": ["lambda:InvokeFunction"], "Resource": [resource]}
        client("iam").put_role_policy(RoleName="schedules", PolicyName="start", PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [statement]}))

    client("scheduler").create_schedule(
        Name="of-the-alias", ScheduleExpression="rate(1 hour)", FlexibleTimeWindow={"Mode": "OFF"}, Target={"Arn": f"{arn}:live", "RoleArn": role}
    )
    allow(arn)
    with pytest.raises(urllib.error.HTTPError):
        aws.control("fire", "of-the-alias")
    allow(f"{arn}:live")
    assert aws.control("fire", "of-the-alias")["event"] == {}


# --- doors --------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def door(aws, client):
    """The address of a function URL of the echo function."""
    setup = standin.ECHO + "\necho = handle\ndef handle(event): return {'statusCode': 202, 'headers': {'x-a': 'b'}, 'body': json.dumps(echo(event))}"
    make_function(client, "door", setup)
    return open_door(client, "door")


def test_a_door_needs_both_permissions(client):
    make_function(client, "half")
    client("lambda").add_permission(FunctionName="half", StatementId="a", Action="lambda:InvokeFunctionUrl", Principal="*")
    url = client("lambda").create_function_url_config(FunctionName="half", AuthType="NONE")["FunctionUrl"]
    assert call(url)[0] == 403


def test_a_request_arrives_as_payload_2(door):
    assert door.endswith("/url/door/")
    status, headers, body = call(
        door + "webhook?x=1&y=2", '{"é": 1}'.encode(), headers={"Content-Type": "application/json", "X-GitHub-Event": "push"}
    )
    event = json.loads(body)["event"]
    assert (status, headers["x-a"]) == (202, "b")
    assert (event["version"], event["rawPath"], event["rawQueryString"]) == ("2.0", "/webhook", "x=1&y=2")
    assert event["headers"]["x-github-event"] == "push" and event["requestContext"]["http"]["method"] == "POST"
    assert (event["body"], event["isBase64Encoded"]) == ('{"é": 1}', False)


def test_other_bodies_come_in_base64(door):
    for content_type, body in [("application/x-www-form-urlencoded", b"payload=1"), ("application/json", b"\xff")]:
        event = json.loads(call(door, body, headers={"Content-Type": content_type})[2])["event"]
        assert event["isBase64Encoded"], content_type
    assert "body" not in json.loads(call(door)[2])["event"]


def test_a_door_has_limits_and_hides_failures(door, client):
    assert call(door, b"x" * (4_718_592 + 4096), headers={"Content-Type": "application/x"})[0] == 413, "base64 is over 6 MB"
    make_function(client, "broken", "def handle(event): raise ValueError('secret')")
    assert call(open_door(client, "broken"))[::2] == (502, b'{"message":"Internal Server Error"}')


def test_an_http_api_routes(aws, client, door):
    api = client("apigatewayv2")
    made = api.create_api(Name="api", ProtocolType="HTTP")
    arn = ARN.format("lambda", "function:door")
    uri = f"arn:aws:apigateway:eu-central-1:lambda:path/2015-03-31/functions/{arn}/invocations"
    integration = api.create_integration(
        ApiId=made["ApiId"], IntegrationType="AWS_PROXY", IntegrationUri=uri, PayloadFormatVersion="2.0"
    )["IntegrationId"]
    api.create_route(ApiId=made["ApiId"], RouteKey="ANY /webhook", Target=f"integrations/{integration}")
    assert call(made["ApiEndpoint"] + "/webhook", method="DELETE")[0] == 500, "the function doesn't let it in"
    source = f"arn:aws:execute-api:eu-central-1:123456789012:{made['ApiId']}/*/*"
    client("lambda").add_permission(
        FunctionName="door", StatementId="api", Action="lambda:InvokeFunction", Principal="apigateway.amazonaws.com", SourceArn=source
    )
    assert made["ApiEndpoint"] == f"{aws.gateway}/api/{made['ApiId']}"
    status, _, body = call(made["ApiEndpoint"] + "/webhook", method="DELETE")
    assert status == 202 and json.loads(body)["event"]["routeKey"] == "ANY /webhook"
    assert call(made["ApiEndpoint"] + "/other")[0] == 404


# --- the pure parts -----------------------------------------------------------------------------


def test_entries_are_sized_as_aws_sizes_them():
    assert bus.entry_size({"Source": "ab", "DetailType": "c", "Detail": "é", "Time": 1, "Resources": ["xyz"]}) == 14 + 2 + 1 + 2 + 3


def test_an_answer_without_a_status_is_json():
    assert proxy.http_of(b'"hi"') == (200, {"content-type": "application/json"}, b'"hi"')
