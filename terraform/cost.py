#!/usr/bin/env python3
"""Writes the tables of COST.md from prices.json, between their markers.

    cost.py            writes
    cost.py --check    says that COST.md is behind, and fails

Put your own prices into prices.json; what is assumed of deliveries and of the stack is below.
"""

import json
import re
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
PRICE = json.loads((HERE / "prices.json").read_text())

GB = 1e6 / 2**20  # a million KB, as AWS counts both: 1,024 bytes, and 2^30
ENVELOPE_KB = 0.4  # an entry is so much larger than its payload
GZIP, PARQUET = 8, 12  # times that JSON shrinks
RUN_S, MEMORY_GB, LOG_KB = 0.020, 0.25, 0.3  # of one run of the ingest function
COMPACTOR_GB, COMPACTOR_MB_S = 1.73, 100
ARCHIVE_DAYS, COLD_DAYS = 7, 90
RUNS, RAW_OBJECTS = 2880, 8640  # of the compactor in a month; of Firehose in a month of quiet hours
RUN_PUTS, RUN_LISTS, LOOK_S = 14, 100, 2
ALARM_METRICS = 13 + 10  # alarms of one metric, and metrics in those that compare
METRICS = 9 + 1  # the compactor's, and the count of what was taken


def by_million(kb):
    """(part, arithmetic, dollars) of a million deliveries of so many KB in their first month."""
    events, payload = (kb + ENVELOPE_KB) * GB, kb * GB
    records = -(-(kb + ENVELOPE_KB) // 5) * 5 * GB
    p = PRICE
    return [
        ("function URL", "free", 0),
        ("ingest, requests", f"1 M × {p['lambda_million']:.2f} / M", p["lambda_million"]),
        ("ingest, time", f"1 M × {RUN_S:.3f} s × {MEMORY_GB} GB × {p['lambda_gb_second']:.10f} / GB-s", 1e6 * RUN_S * MEMORY_GB * p["lambda_gb_second"]),
        ("ingest, log", f"{LOG_KB} KB × {p['log_gb']:.2f} / GB", LOG_KB * GB * p["log_gb"]),
        ("EventBridge", f"1 M × {p['events_million']:.2f} / M: an entry is one event for each 64 KB begun", p["events_million"] * -(-(kb + ENVELOPE_KB) // 64)),
        ("EventBridge to Firehose", "free: a target of the same account", 0),
        ("Firehose", f"{p['firehose_gb']} / GB, each record counted up to the next 5 KB", records * p["firehose_gb"]),
        ("S3, raw objects", f"events / {GZIP} × {p['s3_gb_month']} for a month; a PUT for each 64 MB", events / GZIP * p["s3_gb_month"] + events * 1024 / 64 * p["s3_put"]),
        ("S3, table", f"payload / {PARQUET} × {p['s3_gb_month']} × 3: itself, and merged files kept as old versions; some 200 PUTs", payload / PARQUET * p["s3_gb_month"] * 3 + 200 * p["s3_put"]),
        ("compactor", f"payload twice (taken in, merged) at {COMPACTOR_MB_S} MB/s × {COMPACTOR_GB} GB × GB-s", payload * 2048 / COMPACTOR_MB_S * COMPACTOR_GB * p["lambda_gb_second"]),
    ]


def archive(kb):
    return (kb + ENVELOPE_KB) * GB * (PRICE["archive_gb"] + PRICE["archive_gb_month"] * ARCHIVE_DAYS / 30)


def fixed():
    """(part, arithmetic, dollars) of a month, whatever arrives."""
    p, gb_s = PRICE, PRICE["lambda_gb_second"]
    puts, calls = RUNS * RUN_PUTS + RAW_OBJECTS, 2 * 12 * 720
    return [
        ("secret", "1 × 0.40 (an SSM parameter costs nothing: `existing_parameter_names`)", p["secret_month"]),
        ("secret, calls", f"{calls:,}: both versions every 5 minutes, for one warm environment", calls * p["secret_call"]),
        ("alarms", f"{ALARM_METRICS} metrics × {p['alarm_metric_month']:.2f}: one that compares two counts is two", ALARM_METRICS * p["alarm_metric_month"]),
        ("metrics", f"{METRICS} × {p['metric_month']:.2f}: the compactor's, and what was taken (one more in a month with a refusal of each kind)", METRICS * p["metric_month"]),
        ("compactor, looking", f"{RUNS:,} runs × {LOOK_S} s × {COMPACTOR_GB} GB", RUNS * LOOK_S * COMPACTOR_GB * gb_s),
        ("PUTs", f"{puts:,}: {RUN_PUTS} a run for the table and its log, and 12 raw objects an hour", puts * p["s3_put"]),
        ("LIST and GET", f"{RUNS:,} runs × {RUN_LISTS} × 0.0000054 at most; the open days' objects are listed at each run, so it grows with them", RUNS * RUN_LISTS * (p["s3_put"] + p["s3_get"])),
        ("Scheduler", f"{RUNS:,} × {p['schedule_million']:.2f} / M", RUNS / 1e6 * p["schedule_million"]),
        ("dashboard", "1 × 3.00 (three are free)", p["dashboard_month"]),
    ]


def stored(kb, month):
    """Dollars of month `month` for what a million a month of the months before left in S3."""
    raw, table = (kb + ENVELOPE_KB) * GB / GZIP, kb * GB / PARQUET
    warm = min(month - 1, COLD_DAYS // 30)
    cold = month - 1 - warm
    moved = RAW_OBJECTS * PRICE["glacier_move"] if cold else 0
    return raw * (warm * PRICE["s3_gb_month"] + cold * PRICE["glacier_gb_month"]) + table * (month - 1) * PRICE["s3_gb_month"], moved


def bill(kb, millions, month, archived=True):
    """The whole bill of one month."""
    older, moved = stored(kb, month)
    marginal = sum(dollars for *_, dollars in by_million(kb)) + (archive(kb) if archived else 0) + older
    return sum(dollars for *_, dollars in fixed()) + millions * marginal + moved


def routes(kb=10):
    """(target, arithmetic, dollars) of a million events that one route sends on."""
    p, events = PRICE, (kb + ENVELOPE_KB) * GB
    return [
        ("function, stream or task of this account: the sending", "free", 0),
        ("queue: sent, read one by one, deleted", f"3 M × {p['sqs_million']:.2f} / M", 3 * p["sqs_million"]),
        ("topic: published; mail and HTTP are SNS's own prices on top", f"1 M × {p['sns_million']:.2f} / M", p["sns_million"]),
        ("log group", f"{events:.1f} GB × {p['log_gb']:.2f}", events * p["log_gb"]),
        ("another bus", f"1 M × {p['events_million']:.2f} / M for each 64 KB begun", p["events_million"] * -(-(kb + ENVELOPE_KB) // 64)),
        ("API destination", f"1 M × {p['api_destination_million']:.2f} / M", p["api_destination_million"]),
        ("table: an express workflow of 100 ms at 64 MB, and a write of 1 KB", f"1 M × {p['express_million']:.2f} / M; 1 M × 0.1 s × 0.0625 GB × {p['express_gb_second']:.8f}; 1 M × {p['dynamodb_write_million']:.3f} / M", p["express_million"] + 1e5 * 0.0625 * p["express_gb_second"] + p["dynamodb_write_million"]),
    ]


def route_table():
    text = row("target", "arithmetic", "$ per million") + "|---|---|---:|\n"
    return text + "".join(row(target, arithmetic, f"{dollars:.2f}") for target, arithmetic, dollars in routes())


def row(*cells):
    return "| " + " | ".join(cells) + " |\n"


def delivery_table(sizes=(9, 10, 15, 25)):
    text = row("part", "arithmetic", *(f"{kb} KB" for kb in sizes)) + "|---|---|" + "---:|" * len(sizes) + "\n"
    columns = [by_million(kb) for kb in sizes]
    for parts in zip(*columns, strict=True):
        text += row(parts[0][0], parts[0][1], *(f"{part[2]:.2f}" for part in parts))
    without = [sum(part[2] for part in column) for column in columns]
    archives = [archive(kb) for kb in sizes]
    text += row("**without an archive** (`archive_days = null`)", "", *(f"**{dollars:.2f}**" for dollars in without))
    text += row(f"archive, {ARCHIVE_DAYS} days", "events × (0.10 + 0.023 × 7/30)", *(f"{dollars:.2f}" for dollars in archives))
    both = (one + other for one, other in zip(without, archives, strict=True))
    return text + row("**all, by default**", "", *(f"**{dollars:.2f}**" for dollars in both))


def month_table():
    text = row("part", "arithmetic", "$ per month") + "|---|---|---:|\n"
    text += "".join(row(part, arithmetic, f"{dollars:.2f}") for part, arithmetic, dollars in fixed())
    return text + row("**all**", "", f"**{sum(dollars for *_, dollars in fixed()):.2f}**")


def whole_table(kb=10):
    text = row(f"{kb} KB a delivery", "month 1", "month 12", "month 12, without an archive") + "|---|---:|---:|---:|\n"
    for millions in (1, 10):
        amounts = (bill(kb, millions, 1), bill(kb, millions, 12), bill(kb, millions, 12, archived=False))
        text += row(f"{millions} million a month", *(f"{dollars:.2f}" for dollars in amounts))
    return text


def written(text):
    for name, table in (("delivery", delivery_table()), ("month", month_table()), ("whole", whole_table()), ("routes", route_table())):
        text = re.sub(rf"(<!-- {name} -->\n).*?(<!-- /{name} -->)", lambda m, t=table: m[1] + t + m[2], text, flags=re.DOTALL)
    return text


def main():
    readme = HERE / "COST.md"
    if written(readme.read_text()) == readme.read_text():
        return 0
    print("COST.md is behind: run terraform/cost.py")
    if "--check" in sys.argv:
        return 1
    readme.write_text(written(readme.read_text()))
    return 0


if __name__ == "__main__":
    sys.exit(main())
