"""What routes send to: targets that are there before a stack, and what has arrived at them."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import applying
import standin
from localaws import targets
from localaws.permissions import ACCOUNT

ARN = "arn:aws:{}:eu-central-1:" + ACCOUNT + ":{}"
HOST = "api.example.com"


class Api:
    """A host on the internet, as an API destination finds it: it keeps what it is sent, and answers 500
    while it is told to."""

    def __init__(self, host=HOST):
        self.requests, self.failing = [], False
        api = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                self.send_response(500 if api.failing else 200)
                self.end_headers()
                if not api.failing:
                    api.requests.append((self.path, dict(self.headers), json.loads(body)))

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        targets.hosts[host] = "http://127.0.0.1:%d" % self.server.server_address[1]


def connection(client, name):
    """What an owner makes by hand, for a credential is no matter of Terraform's."""
    key = {"ApiKeyAuthParameters": {"ApiKeyName": "Authorization", "ApiKeyValue": "Bearer t0ken"}}
    return client("events").create_connection(Name=name, AuthorizationType="API_KEY", AuthParameters=key)["ConnectionArn"]


def existing(client, name, zipped=None):
    """Targets that are there before the stack, each NAME-…: a function, a stream, a bus with a queue on it, a
    connection, a cluster with a task."""
    role = f"arn:aws:iam::{ACCOUNT}:role/any"
    client("logs").create_log_group(logGroupName=f"/aws/lambda/{name}-function")
    settings = {"Runtime": "provided.al2023", "Handler": "bootstrap", "Code": {"ZipFile": zipped or standin.zipped(standin.ECHO)}}
    function = client("lambda").create_function(FunctionName=f"{name}-function", Role=role, Timeout=5, **settings)["FunctionArn"]
    client("s3").create_bucket(Bucket=f"{name}-bucket", CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
    into = {"RoleARN": role, "BucketARN": f"arn:aws:s3:::{name}-bucket", "Prefix": "p/"}
    client("firehose").create_delivery_stream(DeliveryStreamName=f"{name}-stream", ExtendedS3DestinationConfiguration=into)
    client("events").create_event_bus(Name=f"{name}-other")
    client("sqs").create_queue(QueueName=f"{name}-other")
    client("events").put_rule(Name="all", EventBusName=f"{name}-other", EventPattern='{"source":[{"prefix":""}]}')
    heard = {"Id": "t", "Arn": ARN.format("sqs", f"{name}-other")}
    client("events").put_targets(Rule="all", EventBusName=f"{name}-other", Targets=[heard])
    cluster = client("ecs").create_cluster(clusterName=name)["cluster"]["clusterArn"]
    container = [{"name": "job", "image": "job", "memory": 512}]
    made = client("ecs").register_task_definition(
        family=name, requiresCompatibilities=["FARGATE"], networkMode="awsvpc", cpu="256", memory="512", containerDefinitions=container
    )
    return {
        "lambda": function,
        "firehose": ARN.format("firehose", f"deliverystream/{name}-stream"),
        "event_bus": ARN.format("events", f"event-bus/{name}-other"),
        "connection": connection(client, name),
        "cluster": cluster,
        "task": made["taskDefinition"]["taskDefinitionArn"],
        "task_role": f"arn:aws:iam::{ACCOUNT}:role/{name}-task",
        "subnet": client("ec2").describe_subnets()["Subnets"][0]["SubnetId"],
    }


def bounded(client, boundary, stack, name):
    """Names the targets that are there in a stack's boundary, as an administrator does."""
    document = json.dumps(applying.filled(applying.BOUNDARY, stack)).replace("TARGET", f"{name}*")
    client("iam").create_policy_version(PolicyArn=boundary, PolicyDocument=document, SetAsDefault=True)


def ecs_task(there):
    """The target of a task that is there."""
    return {
        "type": "ecs_task",
        "cluster_arn": there["cluster"],
        "task_definition_arn": there["task"],
        "subnet_ids": [there["subnet"]],
        "role_arns": [there["task_role"]],
    }


def overriding(variable, path):
    """An input that starts a task's container with a part of the event in a variable."""
    template = '{"containerOverrides": [{"name": "job", "environment": [{"name": "%s", "value": "<part>"}]}]}'
    return {"paths": {"part": path}, "template": template % variable}


# --- what has arrived -----------------------------------------------------------------------------


def taken(client, url):
    """The messages of a queue, which is empty afterwards: (body, attributes) of each."""
    found = []
    while got := client("sqs").receive_message(QueueUrl=url, MaxNumberOfMessages=10, MessageAttributeNames=["All"]).get("Messages"):
        for message in got:
            attributes = {name: one["StringValue"] for name, one in message.get("MessageAttributes", {}).items()}
            found.append((json.loads(message["Body"]), attributes))
            client("sqs").delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    return found


def bodies(client, url):
    return [body for body, _ in taken(client, url)]


def queue(client, name):
    return client("sqs").get_queue_url(QueueName=name)["QueueUrl"]


def listener(client, topic, name=None):
    """A queue that hears a topic: gives what it heard since the last time."""
    name = name or topic.rsplit(":", 1)[1] + "-listener"
    url = client("sqs").create_queue(QueueName=name)["QueueUrl"]
    client("sns").subscribe(TopicArn=topic, Protocol="sqs", Endpoint=ARN.format("sqs", name))
    return lambda: [json.loads(message["Message"]) for message in bodies(client, url)]


def logged(client, group):
    """The lines of a log group, each one JSON."""
    pages = client("logs").get_paginator("filter_log_events").paginate(logGroupName=group)
    return [json.loads(event["message"]) for page in pages for event in page["events"]]


def streamed(client, bucket):
    """The events that a stream put into a bucket, with nothing between them."""
    decoder, found = json.JSONDecoder(), []
    for item in client("s3").list_objects_v2(Bucket=bucket, Prefix="p/").get("Contents", []):
        text = client("s3").get_object(Bucket=bucket, Key=item["Key"])["Body"].read().decode()
        while text:
            event, end = decoder.raw_decode(text)
            found.append(event)
            text = text[end:]
    return found


def started(client, cluster):
    """The variables of each task that a cluster was told to run."""
    arns = client("ecs").list_tasks(cluster=cluster)["taskArns"]
    tasks = client("ecs").describe_tasks(cluster=cluster, tasks=arns)["tasks"] if arns else []
    containers = [container for task in tasks for container in task["overrides"]["containerOverrides"]]
    return [{one["name"]: one["value"] for one in container["environment"]} for container in containers]
