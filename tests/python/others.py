"""Writes a lake's table with deltalake, as somebody does who knows nothing of octolake.

    others.py LAKE delete|optimize|update|delete-tenths|both SECONDS [PREDICATE]

Goes on for so many seconds, and until `TIMES` of each were done where it goes on at all; prints what
was done as JSON. A commit that comes second is tried again, as deltalake's users do. `both` is
optimize and delete-tenths in turns: deltalake itself doubles rows where one of its deletes meets one
of its own optimizes.
"""

import json
import os
import sys
import time

import deltalake
from deltalake.exceptions import CommitFailedError, DeltaError

TIMES = 2


def tenths(table):
    """A predicate for the deliveries whose number is divisible by ten."""
    ids = table.to_pyarrow_table(columns=["delivery_id"]).column("delivery_id").to_pylist()
    ids = [text for text in ids if int(text.replace("-", ""), 16) % 10 == 0]
    texts = ", ".join(f"'{text}'" for text in ids)
    return f"delivery_id in ({texts})" if ids else None


def once(table, what, predicate):
    if what == "optimize":
        return table.optimize.compact()["numFilesRemoved"]
    if what == "update":
        return table.update({"org_login": "'somebody'"})["num_updated_rows"]
    predicate = predicate or tenths(table)
    return table.delete(predicate)["num_deleted_rows"] if predicate else 0


def main(lake, what, seconds, predicate=None):
    kinds = ["optimize", "delete-tenths"] if what == "both" else [what]
    wanted = TIMES if float(seconds) else 1
    until, rows, conflicts = time.monotonic() + float(seconds), 0, 0
    done = dict.fromkeys(kinds, 0)
    turn = 0
    while min(done.values()) < wanted or time.monotonic() < until:
        kind = kinds[turn % len(kinds)]
        try:
            rows += once(deltalake.DeltaTable(f"{lake}/events"), kind, predicate)
            done[kind] += 1
            turn += 1
        except (CommitFailedError, DeltaError) as error:
            conflicts += 1
            print(f"{kind}: {error}", file=sys.stderr)
        time.sleep(0.05)
    json.dump({"done": done, "rows": rows, "conflicts": conflicts}, sys.stdout)
    sys.stdout.flush()


if __name__ == "__main__":
    main(*sys.argv[1:])
    os._exit(0)
