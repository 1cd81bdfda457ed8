"""Spark writes timestamps as INT96, a type that Parquet has given up: what it has rewritten is read,
reported and merged with every time as it was."""

import json
import pathlib
import shutil
import subprocess
import sys

import pytest

from lakequery import ask, run

EXAMPLE = pathlib.Path(__file__).parent.parent / "fixtures" / "example"
DAY = "raw/2026/03/02"
REPORTS = ["queue-latency", "queue-latency --by repo", "lead-time", "lead-time --by repo"]


def put(lake, name):
    to = pathlib.Path(lake, DAY, name)
    to.parent.mkdir(parents=True)
    shutil.copy(EXAMPLE / DAY / name, to)


def script(what, lake):
    """In a process of its own, as readers.py."""
    command = [sys.executable, pathlib.Path(__file__).with_name("int96.py"), what, lake]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True, timeout=120)
    return json.loads(done.stdout)


def reports(lake):
    return {name: ask(lake, "report", *name.split()) for name in REPORTS}


@pytest.fixture
def lakes(tmp_path):
    """Two lakes of the same two objects, and of the third that is yet to come."""
    for lake in (tmp_path / "plain", tmp_path / "spark"):
        for name in ("08/lines", "10/concatenated"):
            put(lake, name)
            run("--lake", lake, "compact")
    return tmp_path / "plain", tmp_path / "spark"


def test_times_of_spark_are_kept(lakes):
    plain, spark = lakes
    rewritten = script("rewrite", spark)
    assert rewritten["files"] > 1 and rewritten["int96_columns"] > 10
    assert reports(spark) == reports(plain)
    # The third object: the files of its partitions are merged with Spark's.
    for lake in lakes:
        put(lake, "12/two-members.gz")
        run("--lake", lake, "compact")
        run("--lake", lake, "compact")
    was, now = script("read", plain), script("read", spark)
    assert now["rows"] == was["rows"]
    assert len(now["rows"]) == 44
    # One of them is still Spark's where nothing was to be merged with it.
    assert now["int96_files"] < rewritten["files"]
    assert now["times"] == was["times"] > 150
    answers = json.loads((EXAMPLE / "answers.json").read_text())
    for name, report in reports(spark).items():
        assert report["rows"] == answers[name]["rows"]
    run("--lake", spark, "verify", "--deep")
