"""Rewrites the files of a lake's table as Spark does, or reads them.

    int96.py rewrite|read LAKE
"""

import json
import os
import pathlib
import sys

import deltalake
import pyarrow.parquet


def files(lake):
    return [pathlib.Path(uri) for uri in deltalake.DeltaTable(f"{lake}/events").file_uris()]


def int96_columns(path):
    schema = pyarrow.parquet.ParquetFile(path).schema
    return sum(schema.column(at).physical_type == "INT96" for at in range(len(schema.names)))


def rewrite(lake):
    """Each file anew with INT96, in a commit that moves rows and changes none, as OPTIMIZE makes."""
    folder, columns = pathlib.Path(lake, "events"), 0
    lines = [{"commitInfo": {"operation": "OPTIMIZE", "engineInfo": "Apache-Spark/3.5"}}]
    for number, path in enumerate(files(lake)):
        new = path.with_name(f"part-{number:05}-spark.c000.snappy.parquet")
        rows = pyarrow.parquet.ParquetFile(path).read()
        pyarrow.parquet.write_table(rows, new, use_deprecated_int96_timestamps=True)
        columns += int96_columns(new)
        event_type, date = (part.split("=")[1] for part in path.parts[-3:-1])
        values = {"event_type": event_type, "date": date}
        told = {"partitionValues": values, "dataChange": False}
        old, added = (str(it.relative_to(folder)) for it in (path, new))
        lines.append({"remove": {"path": old, "deletionTimestamp": 1772445600000, **told}})
        stats = json.dumps({"numRecords": rows.num_rows})
        size = new.stat().st_size
        add = {"path": added, "size": size, "modificationTime": 1772445600000, "stats": stats}
        lines.append({"add": {**add, **told}})
    version = deltalake.DeltaTable(folder).version() + 1
    log = folder / "_delta_log" / f"{version:020}.json"
    log.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return {"files": len(lines) // 2, "int96_columns": columns}


def read(lake):
    """All rows by their ids, and how many times there are in them."""
    table = deltalake.DeltaTable(f"{lake}/events").to_pyarrow_table()
    rows = sorted(table.to_pylist(), key=lambda row: row["delivery_id"])
    times = sum(hasattr(value, "hour") for row in rows for value in row.values())
    rows = [{name: str(value) for name, value in sorted(row.items())} for row in rows]
    return {
        "rows": rows,
        "times": times,
        "int96_files": sum(int96_columns(path) > 0 for path in files(lake)),
    }


if __name__ == "__main__":
    json.dump({"rewrite": rewrite, "read": read}[sys.argv[1]](sys.argv[2]), sys.stdout)
    sys.stdout.flush()
    os._exit(0)
