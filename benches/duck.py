"""DuckDB with the same SQL over the same Parquet files, in the way that is fastest for it.

`duck.py FILES SQL OUT THREADS`: FILES holds a JSON list of the live files, SQL the text that
lakequery explains; the answer goes to OUT as CSV. It is given what else costs time: which files
are live (`live_files`), and only those of the event types that the text names. It prints the
seconds from the connection to the end of the answer, without Python's start and imports.
"""

import json
import sys
import time
import urllib.parse
from pathlib import Path

# What lakequery gives its own names to, as DuckDB calls it.
MACROS = """
create macro to_unixtime(t) as epoch(t);
create macro json_extract_scalar(j, p) as json_extract_string(j, p);
create macro array_join(l, s) as array_to_string(l, s);
"""


def live_files(table):
    """The live files of a Delta table in a folder, by its log: the last checkpoint and what came later."""
    log, live, version = table / "_delta_log", set(), -1
    hint = log / "_last_checkpoint"
    if hint.exists():
        version = json.loads(hint.read_text())["version"]
        live = set(checkpointed(sorted(log.glob(f"{version:020}.checkpoint*.parquet"))))
    for path in sorted(log.glob("*.json")):
        if path.stem.isdigit() and int(path.stem) > version:
            for action in map(json.loads, path.read_text().splitlines()):
                if "remove" in action:
                    live.discard(action["remove"]["path"])
                if "add" in action:
                    live.add(action["add"]["path"])
    return sorted(str(table / urllib.parse.unquote(path)) for path in live)


def checkpointed(parts):
    import duckdb

    rows = duckdb.execute("select add.path from read_parquet($1) where add.path is not null", [[str(p) for p in parts]])
    return [path for (path,) in rows.fetchall()]


def named(files, text):
    """Those of the event types that the text names; all, if it names none."""
    kind = lambda path: next(part[11:] for part in Path(path).parts if part.startswith("event_type="))  # noqa: E731
    some = [path for path in files if f"'{kind(path)}'" in text]
    return some or files


def main():
    files, text, out, threads = sys.argv[1:5]
    import duckdb

    sql = Path(text).read_text().rstrip().rstrip(";")
    some = named(json.loads(Path(files).read_text()), sql)
    kinds = {path.partition("event_type=")[2].partition("/")[0] for path in some}
    by_name = str(len(kinds) > 1).lower()  # a file need only hold the columns of its type
    paths = ", ".join("'" + path.replace("'", "''") + "'" for path in some)
    started = time.monotonic()
    connection = duckdb.connect()
    connection.execute(f"set threads = {threads}; set preserve_insertion_order = false; set timezone = 'UTC'; set integer_division = true")
    connection.execute(MACROS)
    connection.execute(f"create view events as select * from read_parquet([{paths}], "
                       f"hive_partitioning = true, union_by_name = {by_name})")
    connection.execute(f"copy ({sql}) to '{out}' (format csv, header)")
    print(json.dumps({"seconds": time.monotonic() - started, "files": len(some)}))


if __name__ == "__main__":
    if len(sys.argv) == 3 and sys.argv[1] == "live":
        print(json.dumps(live_files(Path(sys.argv[2]))))
    else:
        main()
