"""Eight compactors at once on an S3 that stalls, refuses, breaks off and lies about what it did:
each delivery is stored, once. OCTOLAKE_SEED sets the faults; it is printed where the test fails."""

import json
import os
import random
import subprocess
import urllib.parse

from faulty import CUT, LIED, Proxy
from lakequery import BINARY, TIMEOUT, ask

COMPACTORS = 8
ROUNDS = 3
OBJECTS = 12


def guid(n):
    return f"{n:08x}-cc78-11e3-81ab-4c9367dc0958"


def record(n):
    """Delivery n: the same one whenever it is asked for."""
    time = "2026-03-02T10:00:00Z"
    delivery = {"id": guid(n), "received_at": time}
    detail = {"_delivery": delivery, "action": "opened", "number": n}
    envelope = {"version": "0", "id": guid(n), "detail-type": ["push", "issues"][n % 2]}
    rest = {"source": "github.com", "account": "", "time": time, "region": "", "resources": []}
    return json.dumps(envelope | rest | {"detail": detail})


def put_more(bucket, deliveries, round, chance):
    """Objects, each of which begins with the last deliveries of the one before."""
    for item in range(OBJECTS):
        first = max(0, deliveries - chance.randrange(10))
        deliveries += chance.randint(1, 30)
        body = "\n".join(map(record, range(first, deliveries)))
        key = f"lake/raw/2026/03/02/10/{round}-{item:02}"
        bucket.put_object(Key=key, Body=body.encode())
    return deliveries


def ids(lake, env):
    rows = ask(lake, "sql", "select delivery_id as id from events order by 1", env=env)
    return [row["id"] for row in rows]


def compact_at_once(lake, env, reader_env):
    """What the runs reported. Whoever reads in the meantime finds each id once."""
    command = [BINARY, "--lake", lake, "--format", "json", "compact"]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    running = [subprocess.Popen(command, env=env, **pipes) for _ in range(COMPACTORS)]
    reports = []
    try:
        for process in running:
            found = ids(lake, reader_env)
            assert len(found) == len(set(found))
            stdout, stderr = process.communicate(timeout=TIMEOUT)
            assert process.returncode == 0, stderr
            reports.append(json.loads(stdout))
    finally:
        for process in running:
            process.kill()
    return reports


def test_eight_compactors_on_an_s3_that_fails(aws, bucket):
    seed = int(os.environ.get("OCTOLAKE_SEED") or random.randrange(1 << 32))
    print(f"OCTOLAKE_SEED={seed}")
    chance = random.Random(seed)
    lake = f"s3://{bucket.name}/lake"
    deliveries, reports = 0, []
    with Proxy(urllib.parse.urlsplit(aws["AWS_ENDPOINT_URL"]).port, seed) as proxy:
        faulty = aws | {"AWS_ENDPOINT_URL": f"http://127.0.0.1:{proxy.server_port}"}
        for round in range(ROUNDS):
            deliveries = put_more(bucket, deliveries, round, chance)
            reports += compact_at_once(lake, faulty, aws)
            assert ids(lake, aws) == [guid(n) for n in range(deliveries)]
            assert ask(lake, "verify", env=aws)["holds"] is True
    for request in ("commits", "requests"):
        print(request, {fault: n for (kind, fault), n in proxy.met.items() if kind == request})
    stored, conflicts = (sum(report[name] for report in reports) for name in ("stored", "conflicts"))
    print(f"{stored} of {deliveries} deliveries told to be stored, {conflicts} conflicts")
    assert conflicts > 0, "they never met"
    assert proxy.met["commits", CUT] + proxy.met["commits", LIED] > 0, "no answer was lost"
