"""Others write the table too: what they delete stays out, and what they do beside us costs no row."""

import datetime
import json
import multiprocessing
import pathlib
import subprocess
import sys
import time
import uuid

import pytest

from lakequery import ask, run

SECONDS = 25


def record(number, at):
    """The envelope of a push with this number, and its id."""
    delivery = str(uuid.UUID(int=number))
    received = at.strftime("%Y-%m-%dT%H:%M:%S.000Z")
    envelope = {
        "version": "0",
        "id": delivery,
        "detail-type": "push" if number % 2 else "ping",
        "source": "github.com",
        "account": "1",
        "time": received,
        "region": "x",
        "resources": [],
        "detail": {
            "_delivery": {"id": delivery, "received_at": received},
            "number": number,
            "text": f"body {number} " * 20,
        },
    }
    return delivery, json.dumps(envelope)


def put(lake, name, numbers, at):
    """A raw object of these deliveries."""
    folder = pathlib.Path(lake, "raw", at.strftime("%Y/%m/%d/%H"))
    folder.mkdir(parents=True, exist_ok=True)
    lines = [record(number, at)[1] for number in numbers]
    (folder / f".{name}").write_text("\n".join(lines))
    (folder / f".{name}").rename(folder / name)


def with_deltalake(lake, what, *arguments, seconds=0):
    """Starts others.py, which leaves by `os._exit` as readers.py does."""
    script = pathlib.Path(__file__).with_name("others.py")
    command = [sys.executable, script, lake, what, str(seconds), *map(str, arguments)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def answer(process):
    out, _ = process.communicate(timeout=300)
    assert process.returncode == 0
    return json.loads(out)


def numbers(lake):
    rows = ask(lake, "sql", "select delivery_id, payload from events")
    found = {uuid.UUID(row["delivery_id"]).int: json.loads(row["payload"]) for row in rows}
    assert len(found) == len(rows), "a delivery is there twice"
    for number, payload in found.items():
        assert payload == {"number": number, "text": f"body {number} " * 20}
    return set(found)


def test_what_deltalake_deletes_stays_out(tmp_path):
    lake = tmp_path / "lake"
    at = datetime.datetime(2026, 3, 2, 10, tzinfo=datetime.UTC)
    put(lake, "a", range(1, 101), at)
    run("--lake", lake, "compact")
    gone = {3, 4, 50, 99}
    ids = ", ".join(f"'{uuid.UUID(int=number)}'" for number in gone)
    deleted = answer(with_deltalake(lake, "delete", f"delivery_id in ({ids})"))
    assert deleted["rows"] == len(gone)
    # The same raw object once more, as an archive replays it, and what is new beside it.
    put(lake, "again", range(1, 111), at)
    said = run("--lake", lake, "compact")
    assert "4 rows were deleted by another engine, and stay out" in said
    assert numbers(lake) == set(range(1, 111)) - gone
    run("--lake", lake, "verify", "--deep")
    assert ask(lake, "compact", "--rebuild")["swapped"] is True
    assert numbers(lake) == set(range(1, 111)) - gone
    # What is only rewritten is not deleted.
    answer(with_deltalake(lake, "optimize"))
    answer(with_deltalake(lake, "update"))
    put(lake, "third", range(1, 112), at)
    report = ask(lake, "compact")
    assert (report["stored"], report["deleted_elsewhere"], report["untold"]) == (1, 0, [])
    assert numbers(lake) == set(range(1, 112)) - gone


def test_deltalake_beside_us(tmp_path):
    """Both compact, merge and delete at once: nothing is lost, doubled or changed. Ours rests now and
    then, as a scheduled one does: who is always first leaves nothing for the other."""
    lake = tmp_path / "lake"
    first = datetime.datetime(2026, 3, 2, 10, tzinfo=datetime.UTC)
    put(lake, "0", range(1, 51), first)
    run("--lake", lake, "compact")
    # Every number that is divisible by 10 is taken out, again and again.
    other = with_deltalake(lake, "both", seconds=SECONDS)
    last, objects, reports = 50, 1, []
    while other.poll() is None:
        assert objects < 2_000, "deltalake never gets to commit"
        # Some come a second time, of which the others have deleted some by then.
        at = first + datetime.timedelta(hours=objects % 30)
        put(lake, str(objects), range(last + 1, last + 41), at)
        if objects % 3 == 0:
            again = first + datetime.timedelta(hours=(objects - 1) % 30)
            put(lake, f"{objects}-again", range(last - 39, last + 1), again)
        last, objects = last + 40, objects + 1
        reports.append(ask(lake, "compact"))
        time.sleep(0.2 * (objects % 4))
    done = answer(other)["done"]
    # What came after their last commit.
    answer(with_deltalake(lake, "delete-tenths"))
    put(lake, "all", range(1, last + 1), first)
    reports.append(ask(lake, "compact"))
    assert numbers(lake) == {number for number in range(1, last + 1) if number % 10}
    run("--lake", lake, "verify", "--deep")
    assert min(done.values()) > 1, done
    assert sum(report["deleted_elsewhere"] for report in reports) == last // 10
    assert all(not report["untold"] for report in reports)
