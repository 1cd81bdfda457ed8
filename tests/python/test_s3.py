"""The same commands on S3, commits included, give what they give on a directory."""

import hashlib
import hmac
import json
import pathlib
import re
import signal
import subprocess
import urllib.request

import pytest

from lakequery import BINARY, TIMEOUT, ask, run

EXAMPLE = pathlib.Path(__file__).parent.parent / "fixtures/example"
ANSWERS = json.loads((EXAMPLE / "answers.json").read_text())
COUNTS = ["stored", "duplicates", "quarantined"]
SECRET = "It's a Secret to Everybody"


def put_example(bucket, prefix):
    for path in sorted((EXAMPLE / "raw").rglob("*")):
        if path.is_file():
            key = f"{prefix}/{path.relative_to(EXAMPLE).as_posix()}"
            bucket.put_object(Key=key, Body=path.read_bytes())
    return f"s3://{bucket.name}/{prefix}"


@pytest.fixture
def lake(bucket):
    """The example lake on S3, not compacted."""
    return put_example(bucket, "a/lake")


def test_the_example_lake(aws, bucket, lake):
    report = ask(lake, "compact", env=aws)
    assert {name: report[name] for name in COUNTS} == {name: ANSWERS[name] for name in COUNTS}
    for question, answer in ANSWERS.items():
        if question not in COUNTS:
            said = ask(lake, "report", *question.split(), env=aws)
            assert {name: said[name] for name in answer} == answer, question
    assert ask(lake, "verify", env=aws)["holds"] is True
    status = ask(lake, "status", env=aws)
    assert (status["rows"], status["backlog"]["objects"]) == (44, 0)
    assert ask(lake, "compact", env=aws)["read"] == 0
    keys = {item.key for item in bucket.objects.all()}
    assert "a/lake/events/_delta_log/00000000000000000000.json" in keys
    assert all(key.startswith("a/lake/") for key in keys)


def said(lake, *args, env):
    """Its answer, and the line that tells its requests."""
    done = subprocess.run(
        [BINARY, "--lake", lake, "--format", "json", "-v", *args],
        capture_output=True, text=True, timeout=TIMEOUT, env=env,
    )
    assert done.returncode == 0, done.stderr
    (line,) = re.findall(r"store: (.*)", done.stderr)
    return done.stdout, line


def test_what_was_read_is_kept(aws, lake, tmp_path):
    ask(lake, "compact", env=aws)
    env = aws | {"XDG_CACHE_HOME": str(tmp_path)}
    sql = ["sql", "select count(*) as n, sum(length(payload)) as bytes from events"]
    first, requests = said(lake, *sql, env=env)
    second, fewer = said(lake, *sql, env=env)
    gets = [int(re.search(r"(\d+) GET", line)[1]) for line in (requests, fewer)]
    folder = tmp_path / "octolake/lakes"
    kept = len(list(folder.iterdir()))
    assert first == second and kept > 0 and gets[1] == gets[0] - kept, (requests, fewer)
    assert "from the cache" in fewer and "HEAD" not in requests
    assert folder.stat().st_mode & 0o777 == 0o700
    before = {path: path.stat().st_mtime_ns for path in folder.iterdir()}
    for refusal in (["--no-cache"], []):
        refused = env if refusal else env | {"LAKE_NO_CACHE": "1"}
        third, line = said(lake, *sql, *refusal, env=refused)
        assert (third, "cache" in line) == (first, False), line
    assert {path: path.stat().st_mtime_ns for path in folder.iterdir()} == before
    # What writes keeps nothing, and neither does what proves.
    ask(lake, "verify", env=env)
    ask(lake, "compact", env=env)
    assert {path: path.stat().st_mtime_ns for path in folder.iterdir()} == before
    for path in before:
        path.write_bytes(path.read_bytes()[:-1] + b"x")
    assert said(lake, *sql, env=env)[0] == first


def test_a_lake_in_a_whole_bucket_and_before_its_first_run(aws, bucket):
    lake = f"s3://{bucket.name}"
    assert ask(lake, "report", "lead-time", env=aws)["rows"][0]["prs"] == 0
    assert ask(lake, "status", env=aws)["rows"] == 0
    run("--lake", lake, "verify", code=3, env=aws)


def test_a_bucket_that_is_not_there_is_named(aws):
    done = subprocess.run(
        [BINARY, "--lake", "s3://no-such-bucket/lake", "status"],
        capture_output=True,
        text=True,
        timeout=TIMEOUT,
        env=aws,
    )
    assert done.returncode == 1
    assert "no-such-bucket" in done.stderr


def test_two_compactors_at_once(aws, bucket):
    line = (EXAMPLE / "raw/2026/03/02/08/lines").read_text().splitlines()[0]
    known = re.search(r'"_delivery": ?\{"id": ?"([0-9a-f-]+)"', line).group(1)
    for item in range(20):
        ids = [f"{n:08x}-cc78-11e3-81ab-4c9367dc0958" for n in range(item * 10, item * 10 + 20)]
        body = "\n".join(line.replace(known, guid) for guid in ids)
        bucket.put_object(Key=f"raw/2026/03/02/10/object-{item}", Body=body.encode())
    lake = f"s3://{bucket.name}"
    command = [BINARY, "--lake", lake, "--format", "json", "compact"]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    running = [subprocess.Popen(command, env=aws, **pipes) for _ in range(2)]
    reports = []
    for process in running:
        stdout, stderr = process.communicate(timeout=TIMEOUT)
        assert process.returncode == 0, stderr
        reports.append(json.loads(stdout))
    assert sum(report["read"] for report in reports) == 400
    assert sum(report["stored"] for report in reports) == 210
    assert ask(lake, "sql", "select count(*) as n from events", env=aws) == [{"n": 210}]
    assert ask(lake, "verify", env=aws)["holds"] is True


def deliver(url, guid, body):
    """Sends a payload as GitHub does."""
    digest = hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()
    request = urllib.request.Request(
        url,
        data=body,
        headers={
            "Content-Type": "application/json",
            "X-GitHub-Event": "push",
            "X-GitHub-Delivery": guid,
            "X-Hub-Signature-256": f"sha256={digest}",
        },
    )
    with urllib.request.urlopen(request, timeout=60) as answer:
        return answer.status


def test_the_endpoint_lands_on_s3(aws, bucket, tmp_path):
    lake = f"s3://{bucket.name}/lake"
    command = [BINARY, "--lake", lake, "serve", "--listen", "127.0.0.1:0"]
    command += ["--secret-env", "OCTOLAKE_TEST_SECRET", "--spool", tmp_path / "spool"]
    env = aws | {"OCTOLAKE_TEST_SECRET": SECRET}
    server = subprocess.Popen(command, env=env, stderr=subprocess.PIPE, text=True)
    try:
        said = iter(server.stderr.readline, "")
        url = next(m.group(0) for m in (re.search(r"http://\S+/webhook", s) for s in said) if m)
        for n in range(30):
            guid = f"{n:08x}-cc78-11e3-81ab-4c9367dc0958"
            assert deliver(url, guid, b'{"ref":"refs/heads/main"}') == 202
        server.send_signal(signal.SIGTERM)
        assert server.wait(timeout=60) == 0
    finally:
        server.kill()
        server.stderr.close()
    assert ask(lake, "compact", env=aws)["stored"] == 30
    assert ask(lake, "verify", env=aws)["holds"] is True


def test_an_endpoint_on_s3_needs_a_spool(aws, bucket):
    command = [BINARY, "--lake", f"s3://{bucket.name}/lake", "serve"]
    command += ["--secret-env", "OCTOLAKE_TEST_SECRET"]
    env = aws | {"OCTOLAKE_TEST_SECRET": SECRET}
    done = subprocess.run(command, env=env, capture_output=True, text=True, timeout=60)
    assert done.returncode == 2
    assert "--spool" in done.stderr or "spool" in done.stderr
