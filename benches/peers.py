"""Other engines over the same raw objects, each in the way that is fastest for it.

`peers.py ENGINE RAW OUT THREADS`: reads gzipped NDJSON and writes Parquet (Zstandard, level 1) by
event type and date: the columns of the bare pipe, the text of the payload among them. It runs in
an environment that has the engines; the parent measures the process.
"""

import os
import sys
from pathlib import Path

# Column, its path in `detail`, whether it is a number.
MEMBERS = [
    ("delivery_id", ("_delivery", "id"), False),
    ("received_at", ("_delivery", "received_at"), False),
    ("action", ("action",), False),
    ("repo_id", ("repository", "id"), True),
    ("repo_full_name", ("repository", "full_name"), False),
    ("sender_login", ("sender", "login"), False),
    ("org_login", ("organization", "login"), False),
    ("number", ("number",), True),
    ("workflow_job_id", ("workflow_job", "id"), True),
    ("workflow_job_created_at", ("workflow_job", "created_at"), False),
    ("workflow_job_started_at", ("workflow_job", "started_at"), False),
    ("workflow_job_completed_at", ("workflow_job", "completed_at"), False),
]


def duckdb(raw, out, threads):
    import duckdb

    paths = ", ".join(f"'$.{'.'.join(path)}'" for _, path, _ in MEMBERS)
    columns = ", ".join(
        f"m[{place}]::BIGINT AS {name}" if is_number else f"m[{place}] AS {name}"
        for place, (name, _, is_number) in enumerate(MEMBERS, 1))
    connection = duckdb.connect()
    connection.execute(f"SET threads = {threads}; SET preserve_insertion_order = false")
    # The schema is given, and all members are taken in one pass over the detail.
    connection.execute(f"""
        COPY (
            SELECT event_type, m[2][:10] AS date, source, {columns}, payload
            FROM (SELECT "detail-type" AS event_type, source, detail::VARCHAR AS payload,
                         json_extract_string(detail, [{paths}]) AS m
                  FROM read_json('{raw}/**/*.gz', format = 'newline_delimited',
                                 maximum_object_size = 33554432,
                                 columns = {{'detail-type': 'VARCHAR', source: 'VARCHAR', detail: 'JSON'}}))
        ) TO '{out}' (FORMAT parquet, COMPRESSION zstd, COMPRESSION_LEVEL 1, PARTITION_BY (event_type, date))""")


def polars(raw, out, threads):
    os.environ["POLARS_MAX_THREADS"] = str(threads)
    import polars as pl

    tree = {}
    for _, path, is_number in MEMBERS:
        node = tree
        for part in path[:-1]:
            node = node.setdefault(part, {})
        node[path[-1]] = pl.Int64 if is_number else pl.String
    struct = lambda node: pl.Struct({k: struct(v) if isinstance(v, dict) else v for k, v in node.items()})
    envelope = pl.Struct({"detail-type": pl.String, "source": pl.String, "detail": struct(tree)})

    def member(path):
        column = pl.col("e").struct.field("detail")
        for part in path:
            column = column.struct.field(part)
        return column

    # One typed pass over each line; the payload is cut out of the text, as the pipe does it.
    lines = pl.scan_lines(f"{raw}/**/*.gz", name="line")
    rows = lines.with_columns(pl.col("line").str.json_decode(envelope).alias("e")).select(
        pl.col("e").struct.field("detail-type").alias("event_type"),
        member(("_delivery", "received_at")).str.head(10).alias("date"),
        pl.col("e").struct.field("source"),
        *(member(path).alias(name) for name, path, _ in MEMBERS),
        pl.col("line").str.splitn('"detail":', 2).struct.field("field_1").str.strip_suffix("}").alias("payload"))
    rows.sink_parquet(pl.PartitionBy(out, key=["event_type", "date"], include_key=False),
                      compression="zstd", compression_level=1, mkdir=True, engine="streaming")


def chdb(raw, out, threads):
    import chdb

    tree = {}
    for _, path, is_number in MEMBERS:
        node = tree
        for part in path[:-1]:
            node = node.setdefault(part, {})
        node[path[-1]] = "Nullable(Int64)" if is_number else "Nullable(String)"
    kind = lambda node: "Tuple(" + ", ".join(
        f"{k} {kind(v) if isinstance(v, dict) else v}" for k, v in node.items()) + ")"
    columns = ", ".join(f"m.{'.'.join(path)} AS {name}" for name, path, _ in MEMBERS)
    # One typed pass over the detail, which is read as text; the folders are the writer's to make.
    chdb.query(f"""
        INSERT INTO FUNCTION file('{out}/{{_partition_id}}/part.parquet', 'Parquet')
        PARTITION BY concat('event_type=', event_type, '/date=', date)
        SELECT `detail-type` AS event_type, assumeNotNull(substring(m._delivery.received_at, 1, 10)) AS date,
               source, {columns}, detail AS payload
        FROM (SELECT *, JSONExtract(detail, '{kind(tree)}') AS m
              FROM file('{raw}/*/*/*/*/*.gz', 'JSONEachRow', '`detail-type` String, source String, detail String'))
        SETTINGS max_threads = {threads}, max_insert_threads = {threads},
                 input_format_json_read_objects_as_strings = 1,
                 input_format_skip_unknown_fields = 1,
                 output_format_parquet_compression_method = 'zstd', output_format_compression_level = 1""")


if __name__ == "__main__":
    engine, raw, out, threads = sys.argv[1:5]
    Path(out).mkdir(parents=True, exist_ok=True)
    {"duckdb": duckdb, "polars": polars, "chdb": chdb}[engine](raw, out, int(threads))
