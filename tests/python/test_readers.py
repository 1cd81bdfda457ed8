"""The lake opens in other people's tools, and they count what `lakequery` counts."""

import json
import pathlib
import subprocess
import sys

import pytest

from lakequery import ask, run

READERS = ["deltalake", "polars", "duckdb"]


@pytest.fixture(scope="module")
def lake(tmp_path_factory):
    """A small demo lake."""
    folder = tmp_path_factory.mktemp("demo") / "lake"
    run("--lake", folder, "demo", "--deliveries", 2000, "--seed", 7)
    return folder


@pytest.fixture(scope="module")
def found(lake):
    """What the readers found in it."""
    script = pathlib.Path(__file__).with_name("readers.py")
    done = subprocess.run(
        [sys.executable, script, lake], stdout=subprocess.PIPE, text=True, check=True, timeout=300
    )
    return json.loads(done.stdout)


@pytest.mark.parametrize("reader", READERS)
def test_counts(lake, found, reader):
    rows = ask(lake, "sql", "select event_type, count(*) as n from events group by 1")
    counts = {row["event_type"]: row["n"] for row in rows}
    assert found[reader]["counts"] == counts
    assert sum(counts.values()) > 1000 and len(counts) >= 8


@pytest.mark.parametrize("reader", READERS)
def test_queue_latency(lake, found, reader):
    row = ask(lake, "report", "queue-latency")["rows"][0]
    metric = found[reader]["queue_latency"]
    assert metric == {name: row[name] for name in metric}
    assert metric["jobs"] > 50
