"""Reads a lake with other people's tools, and prints what each of them finds as JSON.

    readers.py LAKE

Nothing here knows octolake but by its columns. It runs as a process of its own: deltalake with
pyarrow can abort at the interpreter's exit, behind its output, so this leaves by `os._exit`.
"""

import json
import math
import os
import sys
from collections import Counter, defaultdict

import deltalake
import duckdb
import polars
import pyarrow.compute

JOB_COLUMNS = [
    "repo_id",
    "workflow_job_id",
    "workflow_job_run_attempt",
    "action",
    "workflow_job_conclusion",
    "workflow_job_created_at",
    "workflow_job_started_at",
    "workflow_job_steps_started_at",
    "workflow_job_runner_id",
]


def with_deltalake(lake):
    """Types and jobs by deltalake and pyarrow."""
    dataset = deltalake.DeltaTable(f"{lake}/events").to_pyarrow_dataset()
    types = dataset.to_table(columns=["event_type"]).column("event_type").to_pylist()
    is_job = pyarrow.compute.field("event_type") == "workflow_job"
    jobs = dataset.to_table(columns=JOB_COLUMNS, filter=is_job).to_pylist()
    return types, jobs


def with_polars(lake):
    """Types and jobs by Polars."""
    events = polars.scan_delta(f"{lake}/events")
    types = events.select("event_type").collect()["event_type"].to_list()
    jobs = events.filter(polars.col("event_type") == "workflow_job").select(JOB_COLUMNS).collect()
    return types, jobs.to_dicts()


def with_duckdb(lake):
    """Types and jobs by DuckDB, over the files that deltalake lists."""
    files = deltalake.DeltaTable(f"{lake}/events").file_uris()
    connection = duckdb.connect()
    connection.execute("set timezone = 'UTC'")
    source = "read_parquet(?, hive_partitioning = true, union_by_name = true)"
    types = connection.execute(f"select event_type from {source}", [files]).fetchall()
    columns = ", ".join(JOB_COLUMNS)
    query = f"select {columns} from {source} where event_type = 'workflow_job'"
    jobs = connection.execute(query, [files]).fetchall()
    return [row[0] for row in types], [dict(zip(JOB_COLUMNS, row)) for row in jobs]


def latency(deliveries):
    """Seconds in the queue of one attempt of a job; None where it is not counted."""

    def first(column, rows):
        return min((row[column] for row in rows if row[column] is not None), default=None)

    if any(row["action"] == "waiting" for row in deliveries):
        return None
    created = first("workflow_job_created_at", deliveries)
    started = first(
        "workflow_job_started_at", [row for row in deliveries if row["action"] == "in_progress"]
    )
    if started is None:
        ran = [
            row
            for row in deliveries
            if row["action"] == "completed"
            and row["workflow_job_conclusion"] != "skipped"
            and (row["workflow_job_runner_id"] or row["workflow_job_steps_started_at"])
        ]
        started = first("workflow_job_started_at", ran)
    if created is None or started is None:
        return None
    seconds = (started - created).total_seconds()
    return None if seconds < -5 else max(seconds, 0.0)


def queue_latency(jobs):
    """The metric, from the rows of workflow_job."""
    attempts = defaultdict(list)
    for row in jobs:
        key = row["repo_id"], row["workflow_job_id"], row["workflow_job_run_attempt"]
        attempts[key].append(row)
    values = sorted(v for v in map(latency, attempts.values()) if v is not None)

    def rank(percent):
        return values[math.ceil(percent * len(values) / 100) - 1]

    return {"jobs": len(values), "p50_s": rank(50), "p95_s": rank(95), "max_s": values[-1]}


def main(lake):
    found = {}
    for name, read in [
        ("deltalake", with_deltalake),
        ("polars", with_polars),
        ("duckdb", with_duckdb),
    ]:
        types, jobs = read(lake)
        found[name] = {"counts": Counter(types), "queue_latency": queue_latency(jobs)}
    json.dump(found, sys.stdout)
    sys.stdout.flush()


if __name__ == "__main__":
    main(sys.argv[1])
    os._exit(0)
