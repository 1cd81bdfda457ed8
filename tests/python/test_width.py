"""No line on a terminal is wider than the terminal: tables fit, or rows are shown as records."""

import fcntl
import json
import os
import pty
import re
import struct
import subprocess
import termios
import unicodedata

import pytest

from lakequery import BINARY, TIMEOUT, run

LABELS = ["self-hosted", "linux", "gpu-a100-80gb", "a label of several words, and a comma"]
FIGURES = [" repo ", " label ", " workflow ", " jobs ", " p50 ", " p95 ", " max "]


def delivery(number):
    """An envelope of a job that started, with names that are as long as GitHub lets them be."""
    job = {
        "id": number,
        "run_id": 1,
        "run_attempt": 1,
        "name": "build",
        "workflow_name": "Build, test and deploy 日本語 " * 8,
        "labels": LABELS,
        "created_at": "2026-03-02T10:00:00Z",
        "started_at": f"2026-03-02T10:1{number % 10}:17Z",
        "runner_id": 5,
        "steps": [{"name": "x" * 30_000}],
    }
    detail = {
        "action": "in_progress",
        "workflow_job": job,
        "repository": {"id": 1, "full_name": "acme/" + "a-name-of-many-letters" * 4},
        "_delivery": {
            "id": f"00000000-0000-4000-8000-{number:012}",
            "received_at": "2026-03-02T10:20:00.250Z",
        },
    }
    return {
        "version": "0",
        "id": f"00000000-0000-4000-8000-{number:012}",
        "detail-type": "workflow_job",
        "source": "github.com",
        "account": "",
        "time": "2026-03-02T10:20:00Z",
        "region": "",
        "resources": [],
        "detail": detail,
    }


@pytest.fixture(scope="module")
def lake(tmp_path_factory):
    """A lake of three jobs."""
    place = tmp_path_factory.mktemp("lake")
    raw = place / "raw/2026/03/02/10"
    raw.mkdir(parents=True)
    (raw / "jobs").write_text("".join(json.dumps(delivery(n)) + "\n" for n in range(1, 4)))
    run("--lake", place, "compact")
    return place


def on_a_terminal(lake, *args, size=None, columns=None):
    """What a terminal gets; it is of `size` columns, or of none that it knows."""
    ours, theirs = pty.openpty()
    if size is not None:
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, size, 0, 0))
    settings = {k: v for k, v in os.environ.items() if k not in ("COLUMNS", "LAKE_URL")}
    if columns is not None:
        settings["COLUMNS"] = columns
    command = [BINARY, "--lake", str(lake), *args]
    process = subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=theirs, stderr=subprocess.PIPE, env=settings
    )
    os.close(theirs)
    text = b""
    while True:
        try:
            part = os.read(ours, 1 << 16)
        except OSError:  # Linux ends a terminal that nobody writes to any more with an error.
            break
        if not part:
            break
        text += part
    os.close(ours)
    errors = process.stderr.read()
    assert process.wait(TIMEOUT) == 0, errors
    return text.decode().replace("\r\n", "\n")


def width(line):
    """The columns that a line takes."""
    wide = sum(unicodedata.east_asian_width(c) in "WF" for c in line)
    return len(line) + wide


def widest(text):
    """The columns of the widest line, and the line."""
    return max((width(line), line) for line in text.splitlines())


REPORT = ("report", "queue-latency", "--by", "repo,label,workflow")
COMMANDS = [
    ("sql", "select * from events limit 1"),
    ("sql", "select * from workflow_jobs"),
    ("sql", "select repo_full_name, payload from events"),
    ("sql", "explain select * from events"),
    REPORT,
    (*REPORT, "--since", "2026-03-02", "--compare"),
    ("report", "queue-latency", "--by", "repo,day"),
    ("report", "queue-latency", "--drill"),
    ("report", "lead-time", "--by", "author"),
    ("report", "throughput", "--by", "week"),
    ("verify",),
]


@pytest.mark.parametrize("size", [40, 80, 132])
@pytest.mark.parametrize("args", COMMANDS, ids=" ".join)
def test_no_line_is_wider_than_the_terminal(lake, args, size):
    text = on_a_terminal(lake, *args, size=size)
    assert widest(text)[0] <= size, text


def test_a_row_that_fits_no_table_is_a_record(lake):
    text = on_a_terminal(lake, "sql", "select * from events limit 1", size=80)
    lines = text.splitlines()
    assert lines[0].startswith("─[ 1 ]─")
    assert re.search(r"^ event_type +workflow_job$", text, re.MULTILINE)
    records = on_a_terminal(lake, *REPORT, size=80)
    for figure in FIGURES:
        assert f"\n{figure}" in records
    assert "\n p50 " in records and " 12m 17s" in records
    assert not on_a_terminal(lake, "report", "queue-latency", size=80).startswith("─[")


def test_a_terminal_that_does_not_know_its_width_has_one(lake):
    for columns, most in [("60", 60), (None, 80), ("0", 80), ("wide", 80)]:
        text = on_a_terminal(lake, *REPORT, columns=columns)
        assert widest(text)[0] <= most, text
        assert f"─[ 1 ]{'─' * (most - 6)}\n" in text
    # What the terminal says of itself holds.
    text = on_a_terminal(lake, *REPORT, size=70, columns="200")
    assert widest(text)[0] <= 70, text


def test_a_pipe_has_no_width(lake):
    query = ("--lake", lake, "sql", "select payload from events limit 1")
    whole = run(*query, env=os.environ | {"COLUMNS": "80"})
    assert widest(whole)[0] > 30_000
    assert whole == run(*query, env={k: v for k, v in os.environ.items() if k != "COLUMNS"})
