"""The same answer of two engines, made comparable."""

import json
import re
from datetime import UTC, date, datetime

MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z")
STATISTICS = ("p50_s", "p75_s", "p90_s", "p95_s", "p99_s", "max_s", "mean_s")


def plain(value):
    """A value as JSON has it, times to the millisecond."""
    if isinstance(value, str) and MOMENT.fullmatch(value):
        value = datetime.fromisoformat(value)
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="milliseconds")
    return value.isoformat() if isinstance(value, date) else value


def rows(answer):
    """The rows of an answer that promises no order."""
    return sorted(({name: plain(value) for name, value in row.items()} for row in answer), key=json.dumps)


def report(answer, by, unit):
    """Rows of a report's SQL as `lakequery report --format json` tells them."""
    measured = [row for row in answer if row["left_out"] is None]
    left_out = {}
    for row in answer:
        if row["left_out"] is not None:
            left_out[row["left_out"]] = left_out.get(row["left_out"], 0) + row["n"]
    return {
        "rows": [
            {name: plain(row[name]) for name in by} | {unit: row["n"]} | {name: row[name] for name in STATISTICS}
            for row in measured
        ],
        "excluded": left_out,
        "clamped": sum(row["clamped"] for row in answer),
    }


def told(answer):
    """What of `lakequery report --format json` its SQL tells: zeros and marks are added to it."""
    return {
        "rows": [{name: value for name, value in row.items() if name != "partial"} for row in answer["rows"]],
        "excluded": {reason: n for reason, n in answer["excluded"].items() if n},
        "clamped": answer.get("clamped", 0),
    }
