"""Every column of a table in three numbers, told by two that share nothing but this definition.

Of a column: how many values it has, and two sums over them, of the first and of the second 64 bits
of the SHA-256 of each value's text. Of the rows: the same of the texts of all columns of a row
together, so that values cannot have changed places. A value's text is

    text               itself
    number             decimal
    boolean            true, false
    time               milliseconds since 1970, cut: Trino reads no more of a Delta table
    day                yyyy-mm-dd
    list of texts      its elements, each with U+001F behind it; U+001A where one is NULL

    python checksums.py s3://BUCKET/events      prints them, by deltalake and pyarrow

It runs as a process of its own: deltalake with pyarrow can abort at the interpreter's exit, behind
its output, so this leaves by `os._exit`.
"""

import hashlib
import json
import os
import struct
import sys
from datetime import UTC, datetime, timedelta

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
END, NULL_ITEM, NULL, NEXT = "\x1f", "\x1a", "\x1d", "\x1e"
ROW = "(row)"
AT_ONCE = 50  # columns of one query


def text(value):
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        return str((value - EPOCH) // timedelta(milliseconds=1))
    if isinstance(value, list):
        return "".join((NULL_ITEM if item is None else item) + END for item in value)
    return str(value)


def of_texts(texts):
    """[values, sum, sum]; None is no value."""
    digests = [hashlib.sha256(text.encode()).digest() for text in texts if text is not None]
    pieces = [struct.unpack(">qq", digest[:16]) for digest in digests]
    return [len(pieces), sum(first for first, _ in pieces), sum(second for _, second in pieces)]


def of_rows(rows, columns):
    """{column: its three numbers}, and those of the rows under ROW."""
    texts = {name: [None if row[name] is None else text(row[name]) for row in rows] for name in columns}
    whole = [NEXT.join(NULL if value is None else value for value in row) for row in zip(*texts.values())]
    return {name: of_texts(values) for name, values in texts.items()} | {ROW: of_texts(whole)}


def expression(name, kind):
    """A column's text in Trino's SQL."""
    if kind.startswith("timestamp"):
        return f"cast(date_diff('millisecond', timestamp '1970-01-01 00:00:00 UTC', {name}) as varchar)"
    if kind.startswith("array"):
        item = f"coalesce(x, {literal(NULL_ITEM)}) || {literal(END)}"
        return f"array_join(transform({name}, x -> {item}), '')"
    return f"cast({name} as varchar)"


def literal(text):
    return f"U&'\\{ord(text):04x}'"


def numbers(expression, name):
    digest = f"sha256(to_utf8({expression}))"
    pieces = [f"from_big_endian_64(substr({digest}, {start}, 8))" for start in (1, 9)]
    sums = [f"coalesce(sum(cast({piece} as decimal(38, 0))), 0)" for piece in pieces]
    return f"count({expression}) as {name}_values, {sums[0]} as {name}_first, {sums[1]} as {name}_second"


def of_trino(trino, table):
    """The same of a table that Trino reads."""
    kinds = dict(row[:2] for row in trino.rows(f"show columns from {table}"))
    texts = {name: expression(name, kind) for name, kind in kinds.items()}
    found = {}
    for start in range(0, len(texts), AT_ONCE):
        names = list(texts)[start : start + AT_ONCE]
        wanted = ", ".join(numbers(texts[name], f"c{place}") for place, name in enumerate(names))
        (row,) = trino.rows(f"select {wanted} from {table}")
        found |= {name: list(map(int, row[3 * place :][:3])) for place, name in enumerate(names)}
    # A list of as many as there are columns, since a function takes fewer arguments than that.
    parts = ", ".join(f"coalesce({texts[name]}, {literal(NULL)})" for name in sorted(texts))
    whole = f"array_join(array[{parts}], {literal(NEXT)})"
    (row,) = trino.rows(f"select {numbers('whole', 'c')} from (select {whole} as whole from {table})")
    return found | {ROW: list(map(int, row))}


def main(table):
    import deltalake

    options = {"AWS_ALLOW_HTTP": "true", "AWS_REGION": os.environ["AWS_REGION"]}
    dataset = deltalake.DeltaTable(table, storage_options=options).to_pyarrow_dataset()
    rows = dataset.to_table().to_pylist()
    json.dump(of_rows(rows, sorted(dataset.schema.names)), sys.stdout)
    sys.stdout.flush()


if __name__ == "__main__":
    main(sys.argv[1])
    os._exit(0)
