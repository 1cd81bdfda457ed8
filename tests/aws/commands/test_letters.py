"""`lakequery aws` where events wait: send, logs, queue-peek, redrive and replay, also when they are killed half
way or lack a right."""

import base64
import gzip
import json
import signal
import time
from datetime import UTC, datetime

import pytest

from github import guid
from lake import LakeOnS3
from localaws.permissions import ACCOUNT
from messages import count, event, fill
from waiting import PATIENCE, soon

NAME = "ops"


def keys(client, outputs, prefix):
    found = client("s3").list_objects_v2(Bucket=outputs["bucket_name"], Prefix=prefix)
    return [item["Key"] for item in found.get("Contents", [])]


# --- send and logs --------------------------------------------------------------------------------


def test_send_finds_address_and_secret(owner, client, outputs, payload, compact):
    secret = client("secretsmanager").get_secret_value(SecretId=f"{NAME}/webhook")["SecretString"]
    out, err = owner.run("send", str(payload), "--delivery", guid(1), "--format", "json", "-vv")
    answer = json.loads(out)
    assert (answer["status"], answer["delivery"]) == (202, guid(1))
    assert json.loads(answer["answer"]) == {"status": "accepted", "delivery": guid(1)}
    assert secret not in out + err
    assert compact() == (1, 0)


def test_logs_are_a_line_for_each_record(owner):
    def answered():
        lines = [json.loads(line) for line in owner.run("logs", "--format", "json")[0].splitlines()]
        return lines if {line["function"] for line in lines} == {"ingest", "compactor"} else None

    lines = soon(answered)
    assert [line["at"] for line in lines] == sorted(line["at"] for line in lines)
    (told,) = [line for line in lines if isinstance(line["record"], dict) and line["record"].get("delivery") == guid(1)]
    assert told["function"] == "ingest" and told["record"]["level"] == "INFO"
    shown = owner.run("logs", "--function", "ingest")[0].splitlines()
    assert [line for line in shown if f" delivery={guid(1)}" in line and " ingest INFO " in line], shown
    assert all(" compactor " not in line for line in shown)
    assert owner.run("logs", "--filter", f'"{guid(0xFFFF)}"') == ("", "")
    assert owner.run("logs", "--since", "2999-01-01")[0] == ""


def test_logs_go_on(owner, payload):
    process = owner.start("logs", "--follow", "--since", "1s", "--filter", f'"{guid(2)}"')
    try:
        owner.run("send", str(payload), "--delivery", guid(2))
        assert guid(2) in process.stdout.readline()
        process.send_signal(signal.SIGINT)
        assert process.wait(PATIENCE) == 0
        assert process.stdout.read() == "", "each line is told once"
    finally:
        process.kill()
        process.communicate()


# --- queues ---------------------------------------------------------------------------------------


def test_queues_are_those_of_the_stack_and_no_other(owner, client):
    # The name of this one begins as the stack's do.
    client("sqs").create_queue(QueueName=f"{NAME}-two-raw-errors", tags={"octolake:stack": f"{NAME}-two"})
    listed = owner.ask("queue-peek")
    assert [row["queue"] for row in listed] == ["compactor-dead-letters", "raw-dead-letters", "raw-errors"]
    assert {(row["messages"], row["held"]) for row in listed} == {(0, 0)}
    _, err = owner.run("queue-peek", "two-raw-errors", code=1)
    assert 'no queue "two-raw-errors"' in err and "its queues are compactor-dead-letters, " in err


def test_a_peek_takes_nothing(owner, client, queue):
    url = queue("compactor-dead-letters")
    attributes = {"ERROR_CODE": {"DataType": "String", "StringValue": "NO\x1b[2JWAY"}}
    for body in ('{"a":1}', "no JSON"):
        client("sqs").send_message(QueueUrl=url, MessageBody=body, MessageAttributes=attributes)
    for _ in range(2):
        messages = owner.ask("queue-peek", "compactor-dead-letters")
        assert sorted(str(message["body"]) for message in messages) == ["no JSON", "{'a': 1}"]
        assert {message["attributes"]["ERROR_CODE"] for message in messages} == {"NO\x1b[2JWAY"}
        assert count(client, url) == (2, 0)
    assert len(owner.ask("queue-peek", f"{NAME}-compactor-dead-letters", "-n", "1")) == 1
    table, _ = owner.run("queue-peek", "compactor-dead-letters")
    assert "NO\\u{1b}[2JWAY" in table, "what is in a message drives no terminal"


def test_a_peek_deletes_what_it_showed(owner, client, queue):
    out, err = owner.run("queue-peek", "compactor-dead-letters", "--delete", "--format", "json")
    assert len(json.loads(out)) == 2 and "2 messages" in err
    assert count(client, queue("compactor-dead-letters")) == (0, 0)


def test_nothing_is_deleted_that_was_not_printed(owner, client, queue):
    fill(client, queue("compactor-dead-letters"), ["kept"])
    with open("/dev/full", "w") as full:
        process = owner.start("queue-peek", "compactor-dead-letters", "--delete", stdout=full)
        _, err = process.communicate(timeout=60)
    assert process.returncode == 1, err
    assert count(client, queue("compactor-dead-letters")) == (1, 0)
    owner.run("queue-peek", "compactor-dead-letters", "--delete")


# --- redrive --------------------------------------------------------------------------------------


def test_a_dry_run_only_counts(owner, client, queue, outputs):
    fill(client, queue("raw-dead-letters"), [event(0x100 + n, n=n) for n in range(25)])
    (letters, errors) = owner.ask("redrive", "--dry-run")
    assert (letters["source"], letters["found"], letters["events"]) == ("raw-dead-letters", 25, 0)
    assert (errors["source"], errors["found"]) == ("raw-errors", 0)
    assert count(client, queue("raw-dead-letters")) == (25, 0)


def test_a_redrive_that_may_not_delete_has_put_first(limited, client, queue, outputs):
    before = keys(client, outputs, "raw/")
    _, err = limited("sqs:DeleteMessage").run("redrive", "--hold", "1s", code=1)
    assert "error: raw-dead-letters: sqs:DeleteMessage of the queue ops-raw-dead-letters is not allowed" in err
    assert "hint: ask for sqs:DeleteMessage on the queue ops-raw-dead-letters" in err
    assert len(keys(client, outputs, "raw/")) == len(before) + 1
    soon(lambda: count(client, queue("raw-dead-letters")) == (25, 0))


def test_a_redrive_that_may_not_put_deletes_nothing(limited, client, queue):
    _, err = limited("s3:PutObject").run("redrive", "raw-dead-letters", "--hold", "1s", code=1)
    assert "s3:PutObject of s3://ops-123456789012-eu-central-1/raw/" in err and "is not allowed" in err
    soon(lambda: count(client, queue("raw-dead-letters")) == (25, 0))


def test_a_redrive_that_is_killed_loses_nothing(owner, client, queue, outputs, compact):
    """Killed at moments from its start to after its end: each time the messages are in the queue, in the
    lake or in both; and in the end each event is stored once."""
    for delay in (0.05, 0.15, 0.3, 0.6):
        process = owner.start("redrive", "--hold", "1s")
        time.sleep(delay)
        process.kill()
        process.communicate()
    soon(lambda: count(client, queue("raw-dead-letters"))[1] == 0)
    owner.run("redrive", "--hold", "1s")
    assert count(client, queue("raw-dead-letters")) == (0, 0)
    # The 25, and the one that was sent before.
    assert compact()[0] == 25 + 1


def test_what_is_no_event_is_left(owner, client, queue, compact):
    url = queue("raw-dead-letters")
    fill(client, url, ["no JSON", event(0x200), '{"detail-type":"push"}'])
    out, err = owner.run("redrive", "--format", "json", code=1)
    (letters, _) = json.loads(out)
    assert (letters["found"], letters["events"], len(letters["left"])) == (3, 1, 2)
    assert {left["why"].split(": ")[0] for left in letters["left"]} == {"it is no event of EventBridge"}
    assert "2 could not be put back, and are where they were" in err
    assert count(client, url) == (2, 0)
    assert compact() == (1, 0)
    owner.run("queue-peek", "raw-dead-letters", "--delete")


def test_firehoses_errors_come_back(owner, client, queue, outputs, compact):
    def failed(*events):
        data = [base64.b64encode(body.encode()).decode() for body in events]
        return "\n".join(json.dumps({"attemptsMade": 4, "errorCode": "X", "rawData": it}) for it in data).encode()

    folder = "raw-errors/processing-failed/2026/03/02/08"
    put = {"plain": failed(event(0x300), event(0x301)), "packed.gz": gzip.compress(failed(event(0x302))), "odd": b"?"}
    for name, body in put.items():
        client("s3").put_object(Bucket=outputs["bucket_name"], Key=f"{folder}/{name}", Body=body)
    soon(lambda: count(client, queue("raw-errors")) == (3, 0))
    out, err = owner.run("redrive", "raw-errors", "--format", "json", code=1)
    (errors,) = json.loads(out)
    assert (errors["found"], errors["events"], len(errors["into"])) == (3, 3, 2)
    assert [left["what"] for left in errors["left"]] == [f"{folder}/odd"]
    assert "raw-errors: " in err and "record 1 is none of Firehose's" in err
    assert keys(client, outputs, "raw-errors/") == [f"{folder}/odd"]
    assert count(client, queue("raw-errors")) == (1, 0), "the notice of what is left keeps the alarm on"
    assert compact() == (3, 0)
    client("s3").delete_object(Bucket=outputs["bucket_name"], Key=f"{folder}/odd")
    owner.run("redrive", "raw-errors")
    assert count(client, queue("raw-errors")) == (0, 0)


# --- a route --------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def route(client, outputs):
    """A route by the names that routes have; gives the ARN of its dead letters."""
    events, sqs, tags = client("events"), client("sqs"), {"octolake:stack": NAME}
    made = [sqs.create_queue(QueueName=f"{NAME}-route-fleet{end}", tags=tags)["QueueUrl"] for end in ("", "-dead-letters")]
    arns = [sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"] for url in made]
    rule = {"Name": f"{NAME}-route-fleet", "EventBusName": outputs["event_bus_name"]}
    events.put_rule(**rule, EventPattern='{"detail-type":["workflow_job"]}')
    target = {"Id": "queue", "Arn": arns[0], "DeadLetterConfig": {"Arn": arns[1]}}
    events.put_targets(Rule=rule["Name"], EventBusName=rule["EventBusName"], Targets=[target])
    yield
    events.remove_targets(Rule=rule["Name"], EventBusName=rule["EventBusName"], Ids=["queue"])
    events.delete_rule(**rule)
    for url in made:
        sqs.delete_queue(QueueUrl=url)


def received(client, url):
    """Deliveries that a consumer finds in its queue, which is empty after that."""
    found = []
    while messages := client("sqs").receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages"):
        for message in messages:
            found.append(json.loads(message["Body"])["detail"]["_delivery"]["id"])
            client("sqs").delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    return sorted(found)


def test_a_routes_dead_letters_come_back(owner, client, route, queue, tmp_path, compact):
    fleet = queue("route-fleet")
    client("sqs").delete_queue(QueueUrl=fleet)
    path = tmp_path / "workflow_job.json"
    path.write_text('{"action":"queued"}')
    for number in (0x400, 0x401):
        owner.run("send", str(path), "--delivery", guid(number))
    soon(lambda: count(client, queue("route-fleet-dead-letters")) == (2, 0))
    assert compact() == (2, 0), "what fails at one target is in the lake"
    client("sqs").create_queue(QueueName=f"{NAME}-route-fleet", tags={"octolake:stack": NAME})
    (redriven,) = owner.ask("redrive", "fleet")
    assert (redriven["found"], redriven["events"], redriven["left"]) == (2, 2, [])
    assert redriven["into"] == [f"arn:aws:sqs:eu-central-1:{ACCOUNT}:{NAME}-route-fleet"]
    assert received(client, fleet) == [guid(0x400), guid(0x401)]
    assert count(client, queue("route-fleet-dead-letters")) == (0, 0)
    assert compact() == (0, 0), "no other rule had them again"


def test_what_a_route_makes_of_an_event_comes_back(aws, owner, client, outputs, route, queue, compact):
    """What was made already goes to the target as it is; a whole event goes by the rule, which makes it."""
    rule = {"Rule": f"{NAME}-route-fleet", "EventBusName": outputs["event_bus_name"]}
    (target,) = client("events").list_targets_by_rule(**rule)["Targets"]
    made = {"InputPathsMap": {"id": "$.detail._delivery.id"}, "InputTemplate": '{"detail": {"_delivery": {"id": <id>}}, "made": true}'}
    client("events").put_targets(**rule, Targets=[target | {"InputTransformer": made}])
    already = json.dumps({"detail": {"_delivery": {"id": guid(0x410)}}, "made": True})
    whole = event(0x411).replace('"push"', '"workflow_job"')
    fill(client, queue("route-fleet-dead-letters"), [already, whole])
    (redriven,) = owner.ask("redrive", "fleet")
    assert (redriven["events"], redriven["left"]) == (2, [])
    assert sorted(redriven["into"]) == [target["Arn"], f"the bus {NAME}"]
    assert received(client, queue("route-fleet")) == [guid(0x410), guid(0x411)]
    assert compact() == (1, 0), "by the bus it came to the lake as well"
    # One that the bus refuses, as too large it would, keeps no other.
    fill(client, queue("route-fleet-dead-letters"), [whole.replace(guid(0x411), guid(number)) for number in (0x412, 0x413)])
    aws.control("limit-events", 10)
    out, _ = owner.run("redrive", "fleet", "--format", "json", code=1)
    aws.control("limit-events", 1024 * 1024)
    (redriven,) = json.loads(out)
    assert (redriven["events"], len(redriven["left"])) == (0, 2) and "over the limit" in redriven["left"][0]["why"]
    # A throttled call is tried again.
    aws.control("fail-calls", 2)
    assert owner.ask("redrive", "fleet")[0]["events"] == 2
    assert received(client, queue("route-fleet")) == [guid(0x412), guid(0x413)] and compact() == (2, 0)
    client("events").put_targets(**rule, Targets=[target])


def test_a_target_that_is_not_there_keeps_its_letters(owner, limited, client, route, queue):
    fleet = queue("route-fleet")
    client("sqs").delete_queue(QueueUrl=fleet)
    fill(client, queue("route-fleet-dead-letters"), [event(0x420), event(0x421)])
    out, err = owner.run("redrive", "fleet", "--format", "json", code=1)
    assert [left["why"].split(":")[0] for left in json.loads(out)[0]["left"]] == ["sqs"] * 2
    assert "GetQueueUrl of arn:aws:sqs:" in err
    assert count(client, queue("route-fleet-dead-letters")) == (2, 0)
    client("sqs").create_queue(QueueName=f"{NAME}-route-fleet", tags={"octolake:stack": NAME})
    _, err = limited("sqs:SendMessage").run("redrive", "fleet", "--hold", "1s", code=1)
    assert "hint: ask for sqs:SendMessage on arn:aws:sqs:" in err
    soon(lambda: count(client, queue("route-fleet-dead-letters")) == (2, 0))
    assert received(client, fleet) == []
    owner.run("redrive", "fleet")
    assert received(client, fleet) == [guid(0x420), guid(0x421)]


def test_each_kind_of_target_gets_its_letters(owner, client, outputs, route, queue, compact):
    """Given by its own API, without the bus: what it got is what was in the letter."""
    rule = {"Rule": f"{NAME}-route-fleet", "EventBusName": outputs["event_bus_name"]}
    (target,) = client("events").list_targets_by_rule(**rule)["Targets"]
    topic = client("sns").create_topic(Name=f"{NAME}-topic")["TopicArn"]
    client("sns").subscribe(TopicArn=topic, Protocol="sqs", Endpoint=target["Arn"], Attributes={"RawMessageDelivery": "true"})
    machine = {"StartAt": "P", "States": {"P": {"Type": "Pass", "End": True}}}
    role = f"arn:aws:iam::{ACCOUNT}:role/any"
    machine = client("stepfunctions").create_state_machine(name=f"{NAME}-machine", definition=json.dumps(machine), roleArn=role)
    began, letters = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"), {}
    for number, arn in enumerate([topic, outputs["delivery_stream_arn"], machine["stateMachineArn"], outputs["alias_arns"]["ingest"]]):
        client("events").put_targets(**rule, Targets=[target | {"Arn": arn}])
        letters[arn] = event(0x430 + number, text='a+b&c=d "é" \n')
        fill(client, queue("route-fleet-dead-letters"), [letters[arn]])
        (redriven,) = owner.ask("redrive", "fleet")
        assert (redriven["events"], redriven["left"], redriven["into"]) == (1, [], [arn])
    client("events").put_targets(**rule, Targets=[target])
    (got,) = client("sqs").receive_message(QueueUrl=queue("route-fleet"))["Messages"]
    assert got["Body"] == letters[topic]
    client("sqs").delete_message(QueueUrl=queue("route-fleet"), ReceiptHandle=got["ReceiptHandle"])
    assert compact() == (1, 0), "Firehose's"
    (run,) = client("stepfunctions").list_executions(stateMachineArn=machine["stateMachineArn"])["executions"]
    assert client("stepfunctions").describe_execution(executionArn=run["executionArn"])["input"] == letters[machine["stateMachineArn"]]
    # It is no request of GitHub's: the function says so, and so it had it.
    soon(lambda: " ERROR " in owner.run("logs", "--function", "ingest", "--since", began)[0])


def test_a_replay_is_of_a_window_and_to_a_route(owner, client, route, queue, tmp_path, compact):
    since = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    path = tmp_path / "workflow_job.json"
    path.write_text('{"action":"completed"}')
    owner.run("send", str(path), "--delivery", guid(0x500))
    soon(lambda: received(client, queue("route-fleet")) == [guid(0x500)])
    assert compact() == (1, 0)
    out, err = owner.run("replay", "--since", since, "--route", "fleet", "--format", "json")
    told = json.loads(out)
    assert (told["state"], told["rule"], told["since"]) == ("COMPLETED", f"{NAME}-route-fleet", since)
    assert "1.00 dollar a million" in err and "the lake stores each delivery once" in err
    assert received(client, queue("route-fleet")) == [guid(0x500)], "and nothing that came before"
    assert compact() == (0, 0), "no other rule had it"
    assert owner.ask("replay", "--since", "1h")["rule"] is None
    assert compact()[0] == 0
    assert guid(0x400) in received(client, queue("route-fleet"))


def test_a_replay_says_what_it_has_not(owner):
    _, err = owner.run("replay", "--since", "1h", "--route", "fleeet", code=1)
    assert f'the stack {NAME} has no route "fleeet"' in err and "hint: there are ops-raw, fleet" in err
    _, err = owner.run("replay", "--since", "2999-01-01", code=2)
    assert "is empty" in err or "not in the past" in err


def test_the_lake_has_all_of_it(aws, outputs, compact):
    compact()
    assert LakeOnS3(aws, outputs["lake_url"]).ask("verify")["holds"] is True
