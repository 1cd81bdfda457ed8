"""EventBridge's data plane: PutEvents with AWS's limits, and every target that the stack uses."""

import json
import random
import re
import uuid
from datetime import UTC, datetime

from moto.core.exceptions import JsonRESTError
from moto.events.models import EventsBackend, Rule, events_backends

from localaws import metrics, patterns, targets

ENTRY_LIMIT = 10
ATTEMPTS = 3  # AWS tries for 24 hours; three times is enough to tell a fault from a failure

# What a test may set: bytes that one call may carry (262144 before 2026), and how many of the next
# calls fail as a whole, or entries are answered with a failure.
settings = {"call_limit": 1024 * 1024, "failing_calls": 0, "failing_entries": 0}


def entry_size(entry):
    """Bytes of an entry as AWS counts them."""
    size = 14 if entry.get("Time") else 0
    texts = [entry.get("Source"), entry.get("DetailType"), entry.get("Detail"), *entry.get("Resources", [])]
    return size + sum(len(text.encode()) for text in texts if text)


def put_events(backend, entries):
    if settings["failing_calls"] > 0:
        settings["failing_calls"] -= 1
        raise JsonRESTError("ThrottlingException", "a test asked for this failure")
    if len(entries) > ENTRY_LIMIT:
        raise JsonRESTError("ValidationException", f"at most {ENTRY_LIMIT} entries fit into one call")
    if sum(map(entry_size, entries)) > settings["call_limit"]:
        raise JsonRESTError("ValidationException", "Total size of the entries in the request is over the limit.")
    return [put_entry(backend, entry) for entry in entries]


def put_entry(backend, entry):
    """The answer to one entry, after it went to every rule of its bus."""
    for name in ("Source", "DetailType", "Detail"):
        if not entry.get(name):
            return {"ErrorCode": "InvalidArgument", "ErrorMessage": f"Parameter {name} is not valid."}
    try:
        detail = json.loads(entry["Detail"])
    except ValueError:
        return {"ErrorCode": "MalformedDetail", "ErrorMessage": "Detail is malformed."}
    if not isinstance(detail, dict):
        return {"ErrorCode": "MalformedDetail", "ErrorMessage": "Detail is malformed."}
    if settings["failing_entries"] > 0:
        settings["failing_entries"] -= 1
        return {"ErrorCode": "InternalFailure", "ErrorMessage": "a test asked for this failure"}

    event = envelope(backend, entry, detail)
    bus = backend.describe_event_bus(backend._normalize_event_bus_arn(entry.get("EventBusName")))
    for rule in list(bus.rules.values()):
        rule.send_to_targets(event)
    return {"EventId": event["id"]}


def envelope(backend, entry, detail):
    now = datetime.now(UTC)
    return {
        "version": "0",
        "id": str(uuid.UUID(int=random.getrandbits(128), version=4)),
        "detail-type": entry["DetailType"],
        "source": entry["Source"],
        "account": backend.account_id,
        "time": now.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "region": backend.region_name,
        "resources": entry.get("Resources", []),
        "detail": detail,
        "ingestion-time": now.timestamp(),
        # The text as it came: nothing on the way may reformat a payload.
        "detail-text": re.sub(r"[\r\n\t]", " ", entry["Detail"]),
    }


def as_json(event):
    """An event as targets get it: without what only this emulator knows of it."""
    shown = {k: v for k, v in event.items() if k not in ("detail", "detail-text", "ingestion-time")}
    detail = event.get("detail-text") or json.dumps(event["detail"], separators=(",", ":"))
    return json.dumps(shown, separators=(",", ":"))[:-1] + ',"detail":' + detail + "}"


def send_to_targets(rule, event, transform_input=True):
    if rule.state != "ENABLED" or not is_of(rule, event):
        return
    counted(rule, "MatchedEvents")
    for target in rule.targets:
        send(rule, target, event)


def is_of(rule, event):
    return patterns.matches(rule.event_pattern.get_pattern(), event)


def counted(rule, metric):
    """One more of a metric of a rule; of the default bus' rules without the bus."""
    bus = {} if rule.event_bus_name == "default" else {"EventBusName": rule.event_bus_name}
    metrics.count("AWS/Events", metric, **bus, RuleName=rule.name)


def send(rule, target, event):
    """Delivers to one target; what can't be delivered goes to the target's dead-letter queue."""
    body = target_input(rule, target, event)
    counted(rule, "Invocations")
    for _ in range(ATTEMPTS):
        try:
            return deliver(rule, target, event, body)
        except Exception as error:  # noqa: BLE001 - whatever the service raised is a failed delivery
            failure = error
    counted(rule, "FailedInvocations")
    queue = target.get("DeadLetterConfig", {}).get("Arn")
    if queue:
        try:
            attributes = {"RULE_ARN": rule.arn, "TARGET_ARN": target["Arn"], "ERROR_CODE": type(failure).__name__, "ERROR_MESSAGE": str(failure)}
            targets.send_to_queue(queue, body, attributes=attributes)
            counted(rule, "InvocationsSentToDlq")
        except Exception as error:  # noqa: BLE001 - as on AWS, the event is lost
            counted(rule, "InvocationsFailedToBeSentToDlq")
            failure = error
    return print(f"bus: {rule.name} could not deliver to {target['Arn']}: {failure}", flush=True)


def deliver(rule, target, event, body):
    arn = target["Arn"]
    _, _, service, region, account, resource = arn.split(":", 5)
    if service == "events" and resource.startswith("event-bus/"):
        if target.get("RoleArn"):
            targets.must_be_allowed(target["RoleArn"], "events:PutEvents", arn)
        detail = event.get("detail-text") or json.dumps(event["detail"])
        entry = {"Source": event["source"], "DetailType": event["detail-type"], "Detail": detail}
        put_entry(events_backends[account][region], entry | {"EventBusName": arn})
    elif "archive-arn" in target.get("InputTransformer", {}).get("InputTemplate", ""):  # the rule that moto makes for an archive
        # Its template is no JSON, but names the archive: "archive-arn": "…:archive/<name>:<uuid>".
        archive = re.search(r'archive/([^"]+)"', target["InputTransformer"]["InputTemplate"])[1]
        rule._send_to_events_archive(archive, event)
    else:
        targets.deliver(with_values(target, event), body)


def with_values(target, event):
    """A target with the paths into the event, of an address, replaced by what is there."""
    given = target.get("HttpParameters", {})
    if not given.get("PathParameterValues"):
        return target
    known = json.loads(as_json(event))
    values = [at_path(known, path) for path in given["PathParameterValues"]]
    return target | {"HttpParameters": given | {"PathParameterValues": values}}


def target_input(rule, target, event):
    """What a target gets: the event, a part of it, a constant, or a template filled in."""
    if "Input" in target:
        return target["Input"]
    whole = as_json(event)
    if "InputPath" in target:
        return json.dumps(at_path(json.loads(whole), target["InputPath"]))
    transformer = target.get("InputTransformer")
    if not transformer or "archive-arn" in transformer["InputTemplate"]:
        return whole
    known = json.loads(whole)
    values = {name: at_path(known, path) for name, path in transformer.get("InputPathsMap", {}).items()}
    values["aws.events.event"] = {k: v for k, v in known.items() if k != "detail"}
    values["aws.events.event.json"] = known
    values["aws.events.rule-name"] = rule.name
    values["aws.events.rule-arn"] = rule.arn
    return fill(transformer["InputTemplate"], values)


def at_path(value, path):
    """The value at a JSON path of names and indexes, such as $.detail.labels[0]; None if absent."""
    for name, index in re.findall(r"\.([\w-]+)|\[(\d+)\]", path):
        try:
            value = value[int(index)] if index else value[name]
        except (KeyError, IndexError, TypeError):
            return None
    return value


def fill(template, values):
    """A template with its <names> replaced: as JSON, and inside of a string as its text."""

    def replace(found):
        if found[1] not in values:
            return found[0]
        text = json.dumps(values[found[1]], separators=(",", ":"))
        quotes = len(re.findall(r'(?<!\\)"', template[: found.start()]))
        if quotes % 2 == 0:
            return text
        return text[1:-1] if isinstance(values[found[1]], str) else json.dumps(text)[1:-1]

    return re.sub(r"<([\w.-]+)>", replace, template)


def install():
    EventsBackend.put_events = put_events
    Rule.send_to_targets = send_to_targets
