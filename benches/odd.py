"""Raw lakes of odd shapes, which `lakes.py` has no words for. `odd.py SHAPE FOLDER COUNT`."""

import base64
import gzip
import hashlib
import json
import random
import sys
from datetime import datetime, timedelta, timezone
from pathlib import Path

import lakes

BEGIN = datetime(2026, 3, 1, tzinfo=timezone.utc)


def target(root, at, name):
    path = root / at.strftime("raw/%Y/%m/%d/%H") / name
    path.parent.mkdir(parents=True, exist_ok=True)
    return path


def tiny(root, count, begin=BEGIN, days=100, rows=1, seed=1, types=12):
    """`count` objects of `rows` records each, as small as can be, over `days` days."""
    rng = random.Random(seed)
    kinds = lakes.kinds(types)
    for number in range(count):
        at = begin + timedelta(days=days) * (number / count)
        lines = [lakes.small_record(rng.choice(kinds), rng, number * rows + row, at) for row in range(rows)]
        text = "\n".join(lines).encode()
        target(root, at, f"tiny-{seed}-{number:09}.gz").write_bytes(gzip.compress(text, 1, mtime=0))


def broken(root, count):
    """`count` lines that are JSON and no record."""
    target(root, BEGIN, "broken").write_bytes(b"1\n" * count)


def one_large(root, count):
    """One object of `count` records of 15 KB."""
    rng = random.Random(1)
    ids = [lakes.uuid_text(rng) for _ in range(count)]
    kinds = lakes.kinds(9)
    templates = []
    for number in range(200):
        text = lakes.record(kinds[number % 9], rng, number, BEGIN, 15_000)
        templates.append((text, json.loads(text)["id"]))
    with gzip.open(target(root, BEGIN, "large.gz"), "wb", compresslevel=1) as out:
        for number, id in enumerate(ids):
            text, old = templates[number % len(templates)]
            out.write(text.replace(old, id).encode() + b"\n")


def incompressible(root, count):
    """One object: `count` records of 9 KB of random text, in 60 types on each of 28 days, mixed."""
    rng = random.Random(1)
    kinds = lakes.kinds(60)
    with gzip.open(target(root, BEGIN, "random.gz"), "wb", compresslevel=1) as out:
        for number in range(count):
            at = BEGIN + timedelta(days=rng.randrange(28))
            line = lakes.small_record(rng.choice(kinds), rng, number, at)
            noise = base64.b64encode(rng.randbytes(6_600)).decode()
            out.write(f'{line[:-2]},"text":"{noise}"}}}}\n'.encode())


def claims(root, count):
    """`count` entries whose bodies of 4.4 MB lie under `large/`, in one raw object."""
    rng = random.Random(1)
    lines = []
    for number in range(count):
        id = lakes.uuid_text(rng)
        body = json.dumps({"action": "created", "number": number, "text": rng.randbytes(2_200_000).hex()}).encode()
        key = f"large/{BEGIN:%Y/%m/%d}/{id}.json.gz"
        path = root / key
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(gzip.compress(body, 1, mtime=0))
        large = {"key": key, "bytes": len(body), "sha256": hashlib.sha256(body).hexdigest()}
        lines.append(json.dumps({
            "version": "0", "id": id, "detail-type": "push", "source": "github.com", "account": "",
            "time": f"{BEGIN:%Y-%m-%dT%H:%M:%SZ}", "region": "", "resources": [],
            "detail": {"_delivery": {"id": id, "received_at": f"{BEGIN:%Y-%m-%dT%H:%M:%S.000Z}", "large": large},
                       "action": "created"}}))
    target(root, BEGIN, "claims.gz").write_bytes(gzip.compress("\n".join(lines).encode()))


def strange(root, count):
    """An object of `count` lines that are no records, first in order, and 8 good objects behind it."""
    lines = "\n".join(f'{{"strange":{number},"is":"no envelope"}}' for number in range(count))
    target(root, BEGIN, "a-strange.gz").write_bytes(gzip.compress(lines.encode(), 6, mtime=0))
    tiny(root, 8, begin=BEGIN + timedelta(hours=1), days=1, rows=500)


if __name__ == "__main__":
    shape, folder, number = sys.argv[1:4]
    globals()[shape](Path(folder), int(number))
