"""CloudWatch: the figures that AWS's services give of themselves, what log filters and embedded
metrics make of log lines, and alarms that look at them when a test asks.

Figures lie in moto's own list, so that PutMetricData and an alarm see the same. An expression is
evaluated for each period by itself, with the few functions that the stack's alarms use.
"""

import json
import re
from datetime import UTC, datetime, timedelta

from moto.cloudwatch.models import cloudwatch_backends
from moto.logs.models import logs_backends
from moto.sns.models import sns_backends
from moto.sqs.models import sqs_backends

ACCOUNT = "123456789012"
COMPARED = {
    "GreaterThanThreshold": lambda value, bound: value > bound,
    "LessThanThreshold": lambda value, bound: value < bound,
}
STATISTICS = {"Sum": sum, "Maximum": max, "Minimum": min}
settings = {"region": "eu-central-1"}


def backend():
    return cloudwatch_backends[ACCOUNT][settings["region"]]


def count(namespace, name, value=1, at=None, **dimensions):
    """One datum, of now unless `at` says another time."""
    named = [{"Name": key, "Value": text} for key, text in dimensions.items()]
    stamp = (at or datetime.now(UTC)).isoformat()
    datum = {"MetricName": name, "Value": value, "Dimensions": named, "Timestamp": stamp}
    backend().put_metric_data(namespace, [datum])


def of_log(group, lines):
    """What the metric filters of a log group, and embedded metrics, make of its lines."""
    filters = logs_backends[ACCOUNT][settings["region"]].filters.get_matching_filters(log_group_name=group)
    for line in lines:
        try:
            fields = json.loads(line)
        except ValueError:
            continue
        if not isinstance(fields, dict):
            continue
        for found in filters:
            if matches(found["filterPattern"], fields):
                for made in found["metricTransformations"]:
                    count(made["metricNamespace"], made["metricName"], float(made["metricValue"]))
        for embedded in fields.get("_aws", {}).get("CloudWatchMetrics", []):
            dimensions = {name: fields[name] for name in embedded["Dimensions"][0]}
            for metric in embedded["Metrics"]:
                count(embedded["Namespace"], metric["Name"], fields[metric["Name"]], **dimensions)


def matches(pattern, fields):
    """Whether a JSON pattern of CloudWatch Logs takes a line: comparisons joined by &&."""
    return all(holds(term.strip(" (){}"), fields) for term in pattern.split("&&"))


def holds(term, fields):
    name, operator, wanted = re.fullmatch(r"\$\.(\w+) (!=|=|>=|<|IS) (.+)", term).groups()
    value = fields.get(name)
    if operator == "IS":
        return value is (wanted == "TRUE")
    if wanted.startswith('"'):
        wanted = re.escape(wanted.strip('"')).replace(r"\*", ".*")
        return isinstance(value, str) and (re.fullmatch(wanted, value) is not None) == (operator == "=")
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return False
    return {"=": value == float(wanted), ">=": value >= float(wanted), "<": value < float(wanted)}[operator]


def gauges(at, buffers):
    """What is no event but a state: how full queues are, and how old Firehose's oldest record is."""
    for queue in sqs_backends[ACCOUNT][settings["region"]].queues.values():
        visible = len([message for message in queue.messages if message.visible])
        count("AWS/SQS", "ApproximateNumberOfMessagesVisible", visible, at, QueueName=queue.name)
    for buffer in buffers:
        if buffer.oldest:
            age = (at - buffer.oldest).total_seconds()
            name = buffer.stream.delivery_stream_name
            count("AWS/Firehose", "DeliveryToS3.DataFreshness", age, at, DeliveryStreamName=name)


def seconds(stamp):
    """A time as moto keeps it, text or without a zone, in seconds since 1970."""
    if not isinstance(stamp, datetime):
        stamp = datetime.fromisoformat(str(stamp).replace("Z", "+00:00"))
    return (stamp if stamp.tzinfo else stamp.replace(tzinfo=UTC)).timestamp()


def values(namespace, name, dimensions, start, end):
    found = []
    for datum in backend().metric_data:
        given = {(d.name, str(d.value)) for d in datum.dimensions}
        is_it = (datum.namespace, datum.name) == (namespace, name) and given == dimensions
        if is_it and start < seconds(datum.timestamp) <= end:
            found.append(datum.value)
    return found


def simple(alarm, start, end):
    dimensions = {(d.name, str(d.value)) for d in alarm.dimensions}
    found = values(alarm.namespace, alarm.metric_name, dimensions, start, end)
    return STATISTICS[alarm.statistic](found) if found else None


def calculated(alarm, start, end):
    """The value of an alarm's expression in one period; None where no metric of it has any."""
    known = {}
    for query in alarm.metric_data_queries:
        if query.metric_stat:
            metric = query.metric_stat.metric
            dimensions = {(d.name, str(d.value)) for d in metric.dimensions}
            found = values(metric.namespace, metric.metric_name, dimensions, start, end)
            known[query.id] = STATISTICS[query.metric_stat.stat](found) if found else None
    if all(value is None for value in known.values()):
        return None
    expression = next(query.expression for query in alarm.metric_data_queries if query.expression)
    text = re.sub(r"\bAND\b", "and", expression).replace("IF(", "iff(")
    functions = {
        "FILL": lambda value, other: other if value is None else value,
        "iff": lambda test, one, other: one if test else other,
    }
    try:
        return eval(text, {"__builtins__": {}}, functions | known)  # noqa: S307 - the stack's own words
    except TypeError:  # a metric without a value, and not filled
        return None


def state(alarm, at):
    """ALARM or OK: so many last periods, all of which have to breach."""
    queries = [query.metric_stat for query in alarm.metric_data_queries if query.metric_stat]
    period = int(queries[0].period) if queries else int(alarm.period)
    value, end = calculated if queries else simple, at.timestamp()
    periods = int(alarm.evaluation_periods)
    found = [value(alarm, end - period * (n + 1), end - period * n) for n in range(periods)]
    missing = alarm.treat_missing_data == "breaching"
    breaching = [missing if one is None else COMPARED[alarm.comparison_operator](one, float(alarm.threshold)) for one in found]
    return "ALARM" if all(breaching) else "OK"


def look(buffers, ahead=0):
    """Evaluates every alarm as it would be so many seconds from now, tells the topics of those that
    change, and gives {name: state}."""
    at = datetime.now(UTC) + timedelta(seconds=ahead)
    gauges(at, buffers)
    states = {}
    for alarm in list(backend().alarms.values()):
        states[alarm.name] = now = state(alarm, at)
        if now != alarm.state_value:
            backend().set_alarm_state(alarm.name, "looked at", "{}", now)
            told = alarm.alarm_actions if now == "ALARM" else alarm.ok_actions
            for topic in told:
                message = json.dumps({"AlarmName": alarm.name, "NewStateValue": now})
                sns_backends[ACCOUNT][settings["region"]].publish(message=message, arn=topic)
    return states
