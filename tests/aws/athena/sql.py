"""The same answer of two engines, made comparable."""

import json
import re
from datetime import UTC, date, datetime

MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z")
COLUMNS = {"group": "runner_group"}  # in SQL, where those are words of the language
ADDED = {"partial"}
MOST_S = 600  # between two questions of a test


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


def report(answer, told):
    """Rows of a report's SQL in the form of `told`, the answer of that report."""
    measured = [row for row in answer if row["left_out"] is None]
    left_out = {}
    for row in answer:
        if row["left_out"] is not None:
            left_out[row["left_out"]] = left_out.get(row["left_out"], 0) + row["n"]
    names = [name for row in told["rows"][:1] for name in row]
    found = [{name: plain(value_of(row, name)) for name in names} for row in measured]
    return {"rows": found, "excluded": left_out, "clamped": sum(row.get("clamped", 0) for row in answer)}


def value_of(row, name):
    """The value in SQL of what is called `name` in the answer; what is no column is the number of values."""
    return row[next((known for known in (name, COLUMNS.get(name)) if known in row), "n")]


def told(answer):
    """What of `lakequery report --format json` its SQL tells: empty rows and marks are added to it."""
    rows = [
        {name: key(name, value) for name, value in row.items() if name not in ADDED} for row in answer["rows"]
    ]
    return {
        "rows": [row for row in rows if any(row[name] for name in row if name not in answer["by"])],
        "excluded": {reason: n for reason, n in answer["excluded"].items() if n},
        "clamped": answer.get("clamped", 0),
    }


def key(name, value):
    """An hour is an instant, in seconds."""
    return int(datetime.fromisoformat(value).timestamp()) if name == "hour" and value else value


def same_ages(found, expected):
    """Takes the ages out of both answers; whether all differ by one span, shorter than the test.

    Each age is a whole number of milliseconds, and so is the span, that of their means too.
    """
    spans, names = set(), [name for row in expected["rows"][:1] for name in row if name.startswith("open_")]
    for ours, theirs in zip(found["rows"], expected["rows"], strict=False):
        for name in names:
            pair = ours.pop(name), theirs.pop(name)
            if None not in pair:
                spans.add(round((pair[1] - pair[0]) * 1e3))
            elif pair != (None, None):
                return False
    return len(spans) <= 1 and all(0 <= span < MOST_S * 1e3 for span in spans)
