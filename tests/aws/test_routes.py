"""Routes: each type of target gets the events that its pattern matches and no others, as its input makes
them; what a target does not take is in the route's dead-letter queue, with the reason.

With roles and boundary as an administrator would have them: the local AWS asks IAM before it sends.
"""

import json

import pytest

import applying
import destinations
from destinations import ARN, Api, bodies, listener, logged, queue, streamed, taken
from github import guid
from localaws.stack import Stack
from waiting import soon

NAME = "hot"


def routes(there):
    """A route to each type of target, each with a filter of another kind."""
    opened = {"paths": {"number": "$.detail.number", "who": "$.detail.sender.login"}, "template": '{"text": "<who> opened <number>", "n": <number>}'}
    return {
        "all": {"target": {"type": "log_group", "retention_days": 3}},
        "function": {"events": ["issues"], "input": {"path": "$.detail"}, "target": {"type": "lambda", "arn": there["lambda"]}},
        "queue": {"events": ["pull_request"], "actions": ["opened"], "input": opened, "target": {"type": "sqs"}},
        "fifo": {
            "events": ["pull_request"],
            "input": {"constant": {"wake": "up"}},
            "target": {"type": "sqs", "arn": ARN.format("sqs", "hot-queue.fifo"), "message_group_id": "all"},
        },
        "topic": {"repositories": ["Acme/*", "other/one"], "alarm": True, "target": {"type": "sns", "name": "hot-told"}},
        "stream": {"pattern": {"detail": {"size": [{"numeric": [">", 100]}]}}, "target": {"type": "firehose", "arn": there["firehose"]}},
        "bus": {"events": ["star"], "target": {"type": "event_bus", "arn": there["event_bus"]}},
        "api": {
            "events": ["ping"],
            "input": {"paths": {"zen": "$.detail.zen"}, "template": '{"said": <zen>}'},
            "target": {"type": "api_destination", "url": "https://api.example.com/hooks/*", "path_values": ["$.detail.hook"], "headers": {"X-From": "lake"}, "connection_arn": there["connection"]},
        },
        "newest": {
            "events": ["release"],
            "actions": ["published"],
            "target": {
                "type": "dynamodb",
                "key": ["$.source", "$.detail.repository.id"],
                "order": ["$.detail.release.published_at", "$.detail.release.id"],
                "attributes": {"tag": "$.detail.release.tag_name", "title": "$.detail.release.name", "pre": "$.detail.release.prerelease"},
            },
        },
        "task": {
            "events": ["push"],
            "pattern": {"detail": {"ref": ["refs/heads/main"]}},
            "input": destinations.overriding("REF", "$.detail.ref"),
            "target": destinations.ecs_task(there),
        },
        "off": {"enabled": False, "target": {"type": "sqs"}},
    }  # fmt: skip


@pytest.fixture(scope="module")
def api():
    return Api()


@pytest.fixture(scope="module")
def hot(aws, client, api):
    """The bus and the routes of the root module, applied with the policies for applying and no others. They are
    not destroyed: test_end_to_end.py destroys a route of each type."""
    key, roles = applying.prepare(client, NAME)
    there = destinations.existing(client, NAME)
    client("sqs").create_queue(QueueName="hot-queue.fifo", Attributes={"FifoQueue": "true", "ContentBasedDeduplication": "true"})
    destinations.bounded(client, roles["role_permissions_boundary"], NAME, NAME)
    stack = Stack(aws, key=key, name=NAME, tls_only=False, routes=routes(there), **roles)
    stack.run("apply", "-auto-approve", "-input=false", "-parallelism=20", "-target=module.routes")
    stack.made = stack.read_outputs()["routes"]
    return stack


def send(client, event, detail, source="github.com", bus=NAME):
    """One delivery, as the ingest function puts it on the bus."""
    detail = {"_delivery": {"id": guid(1), "received_at": "2026-03-02T10:00:00.250Z"}} | detail
    entry = {"Source": source, "DetailType": event, "Detail": json.dumps(detail), "EventBusName": bus}
    assert client("events").put_events(Entries=[entry])["FailedEntryCount"] == 0


ISSUE = {"action": "closed", "issue": {"number": 7}}
PULL = {"action": "opened", "number": 12, "sender": {"login": 'o"ctocat'}, "repository": {"full_name": "acme/web"}}


def test_a_log_group_gets_everything_that_no_filter_leaves_out(client, hot):
    before = len(logged(client, "/aws/events/hot-all"))
    send(client, "issues", ISSUE)
    send(client, "anything", {"n": 1.5}, source="ghe.example.com")
    told = logged(client, "/aws/events/hot-all")[before:]
    assert [(event["detail-type"], event["source"]) for event in told] == [("issues", "github.com"), ("anything", "ghe.example.com")]
    assert told[1]["detail"]["n"] == 1.5 and told[1]["detail"]["_delivery"]["id"] == guid(1)
    (group,) = client("logs").describe_log_groups(logGroupNamePrefix="/aws/events/hot")["logGroups"]
    assert group["retentionInDays"] == 3


def test_a_function_gets_the_part_that_a_path_names(client, hot):
    send(client, "issues", ISSUE | {"action": "path"})
    keys = soon(lambda: [line["got"] for line in logged(client, "/aws/lambda/hot-function")])
    assert keys[-1] == ["_delivery", "action", "issue"], "the payload, without its envelope"


def test_a_queue_gets_what_the_template_makes_of_the_actions_asked_for(client, hot):
    url = hot.made["queue"]["target_url"]
    taken(client, url)
    send(client, "pull_request", PULL)
    send(client, "pull_request", PULL | {"action": "closed"})
    send(client, "issues", PULL)
    assert bodies(client, url) == [{"text": 'o"ctocat opened 12', "n": 12}]


def test_a_fifo_queue_that_is_there_gets_a_constant(client, hot):
    url = queue(client, "hot-queue.fifo")
    taken(client, url)
    send(client, "pull_request", PULL | {"action": "labeled"})
    assert bodies(client, url) == [{"wake": "up"}]


def test_a_topic_gets_the_repositories_asked_for_in_any_case(client, hot):
    heard = listener(client, ARN.format("sns", "hot-told"))
    assert hot.made["topic"]["target_arn"] == ARN.format("sns", "hot-told")
    for name in ("acme/web", "ACME/api", "acme-two/web", "Other/One", "other/two"):
        send(client, "watch", {"repository": {"full_name": name}})
    assert [event["detail"]["repository"]["full_name"] for event in heard()] == ["acme/web", "ACME/api", "Other/One"]


def test_a_stream_gets_what_a_pattern_of_ones_own_matches(aws, client, hot):
    for size in (100, 101, "500"):
        send(client, "create", {"size": size})
    aws.control("flush")
    (event,) = streamed(client, "hot-bucket")
    assert event["detail"]["size"] == 101


def test_another_bus_gets_the_event_whole(client, hot):
    send(client, "star", {"action": "created"})
    send(client, "stars", {"action": "created"})
    (event,) = bodies(client, queue(client, "hot-other"))
    assert (event["source"], event["detail-type"], event["detail"]["action"]) == ("github.com", "star", "created")


def test_an_api_is_called_at_its_path_with_its_credential(client, hot, api):
    send(client, "ping", {"zen": "Speak \"like\" a human.", "hook": "a/b"})
    ((path, headers, body),) = api.requests
    assert path == "/hooks/a%2Fb" and body == {"said": 'Speak "like" a human.'}
    assert headers["Authorization"] == "Bearer t0ken" and headers["X-From"] == "lake"


def test_a_task_is_started_with_what_it_is_to_do(client, hot):
    send(client, "push", {"ref": "refs/heads/main"})
    send(client, "push", {"ref": "refs/heads/other"})
    (arn,) = client("ecs").list_tasks(cluster="hot")["taskArns"]
    (task,) = client("ecs").describe_tasks(cluster="hot", tasks=[arn])["tasks"]
    (container,) = task["overrides"]["containerOverrides"]
    assert container == {"name": "job", "environment": [{"name": "REF", "value": "refs/heads/main"}]}
    assert task["launchType"] == "FARGATE"


def release(identity, published, repository=1, **more):
    return {
        "action": "published",
        "repository": {"id": repository},
        "release": {"id": identity, "published_at": published, "tag_name": f"v{identity}", "name": None, "prerelease": False} | more,
    }


def kept(client):
    """{key: (tag, title, pre)} of the table."""
    items = client("dynamodb").scan(TableName="hot-route-newest")["Items"]
    return {item["key"]["S"]: tuple(item[name]["S"] for name in ("tag", "title", "pre")) for item in items}


NEWEST = [release(3, "2026-03-03T00:00:00Z", name="three"), release(1, "2026-03-01T00:00:00Z"), release(2, "2026-03-03T00:00:00Z"), release(4, "2026-02-28T23:59:59Z")]


@pytest.mark.parametrize("order", [(0, 1, 2, 3), (3, 2, 1, 0), (1, 2, 0, 3), (2, 0, 3, 1)])
def test_a_table_has_the_newest_whatever_the_order_of_arrival(client, hot, order):
    for item in client("dynamodb").scan(TableName="hot-route-newest")["Items"]:
        client("dynamodb").delete_item(TableName="hot-route-newest", Key={"key": item["key"]})
    for at in order:
        send(client, "release", NEWEST[at])
    send(client, "release", release(9, "2020-01-01T00:00:00Z", repository=2), source="ghe.example.com")
    send(client, "release", NEWEST[0] | {"action": "edited", "release": NEWEST[0]["release"] | {"published_at": "2027-01-01T00:00:00Z"}})
    # Of two releases of one second, that of the greater id.
    assert kept(client) == {"github.com/1": ("v3", "three", "false"), "ghe.example.com/2": ("v9", "", "false")}
    assert taken(client, hot.made["newest"]["dead_letter_queue_url"]) == [], "an older release is no failure"


def test_what_a_table_can_t_keep_is_set_aside_with_the_reason(client, hot):
    send(client, "release", {"action": "published", "repository": {"id": 5}, "release": {"id": 1}})
    ((event, attributes),) = taken(client, hot.made["newest"]["dead_letter_queue_url"])
    assert event["detail-type"] == "release" and event["detail"]["repository"] == {"id": 5}
    assert attributes["ERROR_CODE"] == "States.QueryEvaluationError"
    assert attributes["ERROR_MESSAGE"].startswith("the event has no $.detail.release.published_at")
    assert attributes["RULE_ARN"] == ARN.format("events", "rule/hot/hot-route-newest")
    assert "github.com/5" not in kept(client)


def test_a_disabled_route_gets_nothing(client, hot):
    send(client, "issues", ISSUE)
    assert taken(client, hot.made["off"]["target_url"]) == []


def lose(client, hot, name):
    """Takes the target of a route away, and gives what the next event of it is."""
    if name == "function":
        client("lambda").delete_function(FunctionName="hot-function")
        return "issues", ISSUE
    if name == "queue":
        client("sqs").delete_queue(QueueUrl=hot.made["queue"]["target_url"])
        return "pull_request", PULL
    if name == "topic":
        client("sns").delete_topic(TopicArn=ARN.format("sns", "hot-told"))
        return "watch", {"repository": {"full_name": "acme/web"}}
    if name == "stream":
        client("firehose").delete_delivery_stream(DeliveryStreamName="hot-stream")
        return "create", {"size": 1000}
    if name == "bus":
        client("events").remove_targets(Rule="all", EventBusName="hot-other", Ids=["t"])
        client("events").delete_rule(Name="all", EventBusName="hot-other")
        client("events").delete_event_bus(Name="hot-other")
        return "star", {"action": "created"}
    if name == "task":
        client("ecs").deregister_task_definition(taskDefinition="hot:1")
        client("ecs").delete_task_definitions(taskDefinitions=["hot:1"])
        return "push", {"ref": "refs/heads/main"}
    return "ping", {"zen": "z", "hook": "h"}


# --- the examples ---------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def example(aws):
    """Applies the routes of an example, and gives the stack. It is not destroyed, which would take a minute
    and tell no more than the destroy of the routes above."""

    def apply(name, stack_name, **variables):
        stack = Stack(aws, root=f"terraform/examples/{name}", name=stack_name, tls_only=False, **variables)
        stack.run("apply", "-auto-approve", "-input=false", "-parallelism=20", "-target=module.octolake.module.routes")
        return stack

    return apply


def test_what_most_people_act_on(client, example):
    made = example("routes", "most").read_outputs()["routes"]
    told = {name: listener(client, made[name]["target_arn"]) for name in ("public", "created", "released")}
    there = {"full_name": "acme/web", "id": 5}
    out = {"id": 1, "published_at": "2026-03-01T00:00:00Z", "tag_name": "v1", "name": "One", "html_url": "https://x", "prerelease": False, "author": {"login": "ann"}}
    job = {"labels": ["self-hosted", "linux"], "id": 8}

    def put(event, detail):
        send(client, event, detail | {"repository": there, "sender": {"login": "bob"}}, bus="most")

    put("public", {})
    put("repository", {"action": "created"})
    put("repository", {"action": "deleted"})
    put("release", {"action": "published", "release": out})
    put("workflow_job", {"action": "queued", "workflow_job": job})
    put("workflow_job", {"action": "queued", "workflow_job": job | {"labels": ["ubuntu-latest"]}})
    put("workflow_job", {"action": "completed", "workflow_job": job})

    assert told["public"]() == ["acme/web was made public by bob."]
    assert [event["detail"]["action"] for event in told["created"]()] == ["created"]
    assert told["released"]() == ["acme/web v1 is out: https://x"]
    assert [event["workflow_job"] for event in bodies(client, made["fleet"]["target_url"])] == [job]
    (row,) = client("dynamodb").scan(TableName=made["releases"]["table_name"])["Items"]
    kept = {name: value["S"] for name, value in row.items()}
    assert kept.pop("key") == "github.com/5" and kept.pop("order") == "2026-03-01T00:00:00Z 1"
    published = {"tag": "v1", "name": "One", "url": "https://x", "author": "ann", "prerelease": "false", "published_at": out["published_at"]}
    assert kept == published | {"repository": "acme/web"}
    assert len(logged(client, "/aws/events/most-everything")) == 7


def test_a_repository_without_a_licence_gets_an_issue(client, example):
    github = Api("api.github.com")
    stack = example("compliance", "comply", connection_arn=destinations.connection(client, "github"))
    heard = listener(client, stack.read_outputs()["topic_arn"])
    new = {"full_name": "acme/new", "name": "new", "owner": {"login": "acme"}, "license": None, "fork": False}
    for repository in (new, new | {"license": {"key": "mit"}}, new | {"fork": True}):
        send(client, "repository", {"action": "created", "repository": repository, "sender": {"login": "bob"}}, bus="comply")
    ((path, headers, body),) = github.requests
    assert path == "/repos/acme/new/issues" and headers["Authorization"] == "Bearer t0ken"
    assert body["title"] == "This repository has no licence" and body["body"].startswith("@bob: ")
    assert heard() == ["bob created acme/new without a licence."]


# --- what goes wrong ------------------------------------------------------------------------------

# After all others: what is lost here stays lost.
@pytest.mark.parametrize("name", ["api", "function", "queue", "topic", "stream", "bus", "task"])
def test_what_a_target_does_not_take_is_in_its_dead_letter_queue(client, hot, api, name):
    url = hot.made[name]["dead_letter_queue_url"]
    assert taken(client, url) == [], "nothing failed so far"
    api.failing = True
    event, detail = lose(client, hot, name)
    send(client, event, detail)
    ((_, attributes),) = soon(lambda: taken(client, url))
    assert attributes["RULE_ARN"] == hot.made[name]["rule_arn"] and attributes["TARGET_ARN"] == hot.made[name]["target_arn"]
