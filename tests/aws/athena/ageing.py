"""A lake that was left alone for days: every time that S3 and the table's log hold becomes older.

Nothing of octolake has a lever for its clock, so it is the lake that goes back.
"""

import json
from datetime import timedelta

from moto.s3.models import s3_backends

MILLISECONDS = ("timestamp", "deletionTimestamp", "modificationTime", "createdTime", "lastUpdated")
VACUUMED_AT = "octolake.vacuumed_at"  # a `txn` whose version is a time in seconds


def age(bucket, days):
    """Makes everything under events/ older by so many days."""
    keys = s3_backends["123456789012"]["aws"].get_bucket(bucket).keys
    for name, key in keys.items():
        if not name.startswith("events/"):
            continue
        if name.startswith("events/_delta_log/"):
            assert name.endswith(".json"), f"{name}: a checkpoint would have to become older too"
            lines = [json.loads(line) for line in key.value.splitlines()]
            key.value = "\n".join(json.dumps(earlier(line, days)) for line in lines).encode()
        key.last_modified -= timedelta(days=days)


def earlier(action, days):
    """One action of the log, so many days earlier."""
    ((kind, fields),) = action.items()
    shifted = {name: fields[name] - days * 86_400_000 for name in MILLISECONDS if fields.get(name)}
    if kind == "txn" and fields["appId"] == VACUUMED_AT:
        shifted["version"] = fields["version"] - days * 86_400
    return {kind: fields | shifted}
