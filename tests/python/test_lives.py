"""The lakes that the benchmarks ask (`benches/lives.py`): the same however they were made, and of whole lives."""

import gzip
import json
import subprocess
import sys
from collections import Counter
from pathlib import Path

LIVES = Path(__file__).resolve().parents[2] / "benches" / "lives.py"


def made(folder, *more):
    subprocess.run([sys.executable, LIVES, folder, "--deliveries", "8000", "--days", "70", *more], check=True)
    return {path.relative_to(folder): path.read_bytes() for path in folder.rglob("*.gz")}


def test_months_made_one_by_one_are_the_lake_made_at_once(tmp_path):
    whole = made(tmp_path / "whole")
    parts = {}
    for first in (0, 11, 47):
        to = {0: 11, 11: 47, 47: 70}[first]
        part = made(tmp_path / f"{first}", "--from-day", str(first), "--to-day", str(to))
        assert not parts.keys() & part.keys()
        parts |= part
    assert len(whole) > 1500
    assert parts == whole


def test_half_are_of_jobs_a_tenth_of_pull_requests_and_no_delivery_comes_twice(tmp_path):
    records = [json.loads(line) for data in made(tmp_path).values() for line in gzip.decompress(data).splitlines()]
    ids = {record["detail"]["_delivery"]["id"] for record in records}
    assert len(ids) == len(records)
    assert 7600 < len(records) < 8200
    kinds = Counter(record["detail-type"] for record in records)
    assert 0.47 < kinds["workflow_job"] / len(records) < 0.53
    assert 0.08 < (kinds["pull_request"] + kinds["pull_request_review"]) / len(records) < 0.12
    assert len(kinds) == 20
    jobs = [record["detail"] for record in records if record["detail-type"] == "workflow_job"]
    actions = Counter(job["action"] for job in jobs)
    assert 0.95 < actions["in_progress"] / actions["completed"] < 0.99
    queued = [job["workflow_job"] for job in jobs if job["action"] == "queued"]
    assert all(job["started_at"] == job["created_at"] and job["runner_id"] is None for job in queued)
    assert len({job["id"] for job in queued}) == len(queued)


def test_one_kind_of_lives_alone_is_what_the_whole_lake_has_of_it(tmp_path):
    def lines(folder, *more):
        return {line for data in made(folder, *more).values() for line in gzip.decompress(data).splitlines()}

    whole = lines(tmp_path / "whole")
    jobs = lines(tmp_path / "jobs", "--only", "job")
    assert jobs == {line for line in whole if json.loads(line)["detail-type"] == "workflow_job"}
    rest = lines(tmp_path / "rest", "--only", "pull", "other")
    assert not jobs & rest and jobs | rest == whole
