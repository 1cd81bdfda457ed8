"""Calls that Terraform makes and moto does not answer, or forgets the answer of."""

import json
import uuid
from datetime import UTC, datetime
from urllib.parse import unquote

from moto.apigatewayv2.models import DomainName
from moto.apigatewayv2.responses import ApiGatewayV2Response
from moto.athena.responses import AthenaResponse
from moto.awslambda.models import LambdaFunction
from moto.core.responses import ActionResult
from moto.events.models import Replay, ReplayState, events_backends
from moto.s3 import notifications
from moto.s3.models import FakeDeleteMarker
from moto.s3.responses import S3Response

# What UpdateStage may change here, by moto's names.
STAGE_MEMBERS = {
    "accessLogSettings": "access_log_settings",
    "autoDeploy": "auto_deploy",
    "defaultRouteSettings": "default_route_settings",
    "description": "description",
}


def keep_logging_config():
    """moto forgets a function's LoggingConfig; every later plan would want it again."""

    def made(self, account_id, spec, *args, init=LambdaFunction.__init__, **kwargs):
        init(self, account_id, spec, *args, **kwargs)
        self.logging_config = spec.get("LoggingConfig") or {}

    def updated(self, changes, update=LambdaFunction.update_configuration):
        self.logging_config = changes.get("LoggingConfig") or self.logging_config
        return update(self, changes)

    def told(self, *args, tell=LambdaFunction.get_configuration, **kwargs):
        return tell(self, *args, **kwargs) | {"LoggingConfig": self.logging_config}

    LambdaFunction.__init__, LambdaFunction.update_configuration = made, updated
    LambdaFunction.get_configuration = told


def delete_named_queries():
    """moto has no DeleteNamedQuery; a destroy would stop there."""

    def answer(self):
        self.athena_backend.named_queries.pop(self._get_param("NamedQueryId"), None)
        return json.dumps({})

    AthenaResponse.delete_named_query = answer


def suspend_versions_with_markers():
    """moto disposes of every version when versioning is suspended, and its delete markers can't be;
    a destroy suspends it, and a vacuum has left markers."""
    FakeDeleteMarker.dispose = lambda self, garbage=False: None


def events_of_s3_on_the_default_bus():
    """moto puts S3's events on every bus; on AWS they are on the account's own, `default`, only."""

    def send(account_id, bucket, event_name, key):
        event = {
            "version": "0",
            "id": str(uuid.uuid4()),
            "detail-type": "Object Created" if ":ObjectCreated:" in event_name else "Object Deleted",
            "source": "aws.s3",
            "account": account_id,
            "time": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "region": bucket.region_name,
            "resources": [bucket.arn],
            "detail": {"version": "0", "bucket": {"name": bucket.name}, "object": {"key": key.name, "size": key.size}},
        }
        backend = events_backends[account_id][bucket.region_name]
        for rule in list(backend.event_buses["default"].rules.values()):
            rule.send_to_targets(event)

    notifications._send_event_bridge_message = send


def tell_that_a_bucket_s_events_go_to_the_bus():
    """moto takes that a bucket tells EventBridge, and leaves it out of what it says of the bucket."""

    def told(self, tell=S3Response.get_bucket_notification):
        config = self.backend.get_bucket_notification_configuration(self.bucket_name)
        others = config and (config.queue or config.topic or config.cloud_function)
        if not config or others or config.event_bridge is None:
            return tell(self)
        self.data["Action"] = "GetBucketNotificationConfiguration"
        return self.serialized(ActionResult({"EventBridgeConfiguration": {}}))

    S3Response.get_bucket_notification = told


def update_stages():
    """moto has no UpdateStage; a change of an HTTP API's throttling would stop there."""

    def answer(self):
        api_id, name = self.path.split("/")[-3], unquote(self.path.split("/")[-1])
        stage = self.apigatewayv2_backend.get_stage(api_id, name)
        for member, value in json.loads(self.body).items():
            if member != "stageName":
                setattr(stage, STAGE_MEMBERS[member], value)
        return 200, {}, json.dumps(stage.to_json())

    ApiGatewayV2Response.update_stage = answer


def say_that_domains_are_ready():
    """moto gives a domain of an HTTP API neither a state nor an address; an apply waits for the first."""

    def told(self, tell=DomainName.to_json):
        made = {"domainNameStatus": "AVAILABLE", "apiGatewayDomainName": "d-local.execute-api.amazonaws.com", "hostedZoneId": "Z1"}
        return tell(self) | {"domainNameConfigurations": [one | made for one in self.domain_name_configurations]}

    DomainName.to_json = told


def replay_what_is_asked_for():
    """moto replays a whole archive to every rule, whatever window and rules are named."""

    def replay_events(self, archive):
        backend = events_backends[self.account_id][self.region]
        bus = backend.describe_event_bus(self.destination["Arn"].split("/")[-1])
        only = self.destination.get("FilterArns")
        window = float(self.event_start_time), float(self.event_end_time)
        for event in archive.events:
            if not window[0] <= event["ingestion-time"] < window[1]:
                continue
            for rule in list(bus.rules.values()):
                if not only or rule.arn in only:
                    rule.send_to_targets(event | {"id": str(uuid.uuid4()), "replay-name": self.name})
        self.state, self.end_time = ReplayState.COMPLETED, datetime.now(UTC).timestamp()

    Replay.replay_events = replay_events


def install():
    update_stages()
    say_that_domains_are_ready()
    replay_what_is_asked_for()
    tell_that_a_bucket_s_events_go_to_the_bus()
    events_of_s3_on_the_default_bus()
    keep_logging_config()
    delete_named_queries()
    suspend_versions_with_markers()
