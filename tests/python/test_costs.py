"""What questions cost on S3: requests and bytes of a small lake, which must not grow unseen.

A bound is what was measured when it was written down, and a little: who makes a question cheaper
lowers it, who needs more says why. Seconds are `benches/run ask-far`.
"""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from lakequery import ask

BENCHES = Path(__file__).resolve().parents[2] / "benches"
sys.path.insert(0, str(BENCHES))

from far import Far  # noqa: E402

# Question: at most so many requests and bytes, with nothing in a cache.
BOUNDS = {
    ("report", "queue-latency"): (10, 160_000),
    ("report", "lead-time"): (12, 140_000),
    ("report", "queue-latency", "--since", "2026-11-13"): (10, 160_000),
    ("report", "lead-time", "--since", "2026-11-13"): (13, 140_000),
    ("sql", "select max(date) from events"): (8, 70_000),
    ("sql", "select event_type, count(*) as n from events group by event_type"): (8, 70_000),
    ("sql", "select 1"): (8, 70_000),
}


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    """Thirty days of sixty deliveries of twenty types, compacted, behind S3's API."""
    lake = tmp_path_factory.mktemp("costs")
    words = ["--deliveries", "1800", "--days", "30", "--types", "20"]
    subprocess.run([sys.executable, BENCHES / "lives.py", lake, *words], check=True)
    assert ask(lake, "compact")["stored"] > 1_700
    ask(lake, "compact")
    with Far(lake, 0.0) as store:
        yield store


@pytest.mark.parametrize("question", BOUNDS, ids=" ".join)
def test_a_question_costs_no_more_requests_and_bytes(store, tmp_path, question):
    clean = {k: v for k, v in os.environ.items() if not k.startswith(("AWS_", "LAKE_"))}
    store.counted()
    assert ask("s3://costs", *question, env=clean | store.environment | {"XDG_CACHE_HOME": str(tmp_path)})
    counted = store.counted()
    requests, size = BOUNDS[question]
    print(f"{counted}: {counted.all} requests, {counted.read} bytes")
    assert counted.all <= requests
    assert counted.read <= size
    assert counted.requests.keys() <= {"GET", "LIST", "HEAD"}
