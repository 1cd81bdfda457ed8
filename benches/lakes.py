"""Makes raw lakes of any size: envelopes as the bus writes them, with payloads of GitHub's shape.

Payloads are templates, of which ids, names and times are filled in: what a benchmark measures is
the work per byte, per record, per object and per file, and each of these can be chosen here.
"""

import argparse
import gzip
import json
import random
import uuid
from datetime import datetime, timedelta, timezone
from pathlib import Path

MEMBERS = (
    "archive assignees blobs branches collaborators comments commits compare contents contributors "
    "deployments downloads events forks git_commits git_refs git_tags hooks issue_comment "
    "issue_events issues keys labels languages merges milestones notifications pulls releases "
    "stargazers statuses subscribers subscription tags teams trees"
).split()
ENTITIES = {
    "push": None,
    "workflow_job": "workflow_job",
    "workflow_run": "workflow_run",
    "pull_request": "pull_request",
    "pull_request_review": "review",
    "check_run": "check_run",
    "issues": "issue",
    "deployment_status": "deployment_status",
    "release": "release",
}


def user(number):
    base = f"https://api.github.com/users/user-{number}"
    links = ("followers", "following", "gists", "starred", "orgs", "repos", "events")
    return {"login": f"user-{number}", "id": 1000 + number, "type": "User", "site_admin": False,
            "avatar_url": f"https://avatars.githubusercontent.com/u/{number}?v=4", "url": base,
            **{f"{link}_url": f"{base}/{link}" for link in links}}


def repository(number):
    name = f"octo-org/service-{number}"
    base = f"https://api.github.com/repos/{name}"
    return {"id": 90000 + number, "name": name.split("/")[1], "full_name": name, "private": True,
            "owner": user(number % 7), "html_url": f"https://github.com/{name}",
            **{f"{member}_url": f"{base}/{member}{{/sha}}" for member in MEMBERS},
            "created_at": "2020-01-01T00:00:00Z", "default_branch": "main", "topics": []}


def entity(kind, rng, number, at):
    stamp = at.strftime("%Y-%m-%dT%H:%M:%SZ")
    later = (at + timedelta(seconds=rng.randrange(1, 600))).strftime("%Y-%m-%dT%H:%M:%SZ")
    common = {"id": number, "node_id": f"N_{number:x}", "created_at": stamp, "updated_at": later}
    if kind == "workflow_job":
        steps = [{"name": f"step {n}", "status": "completed", "conclusion": "success", "number": n,
                  "started_at": stamp, "completed_at": later} for n in range(rng.randrange(4, 14))]
        return {**common, "run_id": number // 3, "run_attempt": 1, "status": "completed",
                "conclusion": "success", "started_at": stamp, "completed_at": later,
                "name": f"build-{number % 9}", "labels": ["self-hosted", "linux", "x64"],
                "runner_id": number % 40 + 1, "runner_name": f"runner-{number % 40}",
                "head_sha": f"{rng.getrandbits(160):040x}", "workflow_name": "CI", "steps": steps}
    body = " ".join(f"{rng.getrandbits(32):08x}" for _ in range(rng.randrange(5, 60)))
    return {**common, "number": number % 5000, "state": "open", "title": f"Change {number}",
            "body": body, "user": user(number % 50), "labels": [], "draft": False,
            "head": {"sha": f"{rng.getrandbits(160):040x}", "repo": repository(number % 30)},
            "base": {"sha": f"{rng.getrandbits(160):040x}", "repo": repository(number % 30)}}


def record(kind, rng, number, at, padding):
    delivery = {"id": str(uuid.UUID(int=rng.getrandbits(128), version=4)),
                "received_at": at.strftime("%Y-%m-%dT%H:%M:%S.000Z"), "hook_id": "7",
                "target_type": "organization", "target_id": "9"}
    detail = {"_delivery": delivery, "action": "created"}
    name = ENTITIES.get(kind, "thing")
    if name:
        detail[name] = entity(name, rng, number, at)
    detail |= {"repository": repository(number % 30), "sender": user(number % 50),
               "organization": {"login": "octo-org", "id": 42, "url": "https://api.github.com/orgs/octo-org"}}
    text = json.dumps(detail, separators=(",", ":"))
    if padding > len(text):
        detail["commits"] = [
            {"id": f"{rng.getrandbits(160):040x}", "message": f"Change {n} of {number}",
             "timestamp": delivery["received_at"], "author": user(n % 50),
             "url": f"https://github.com/octo-org/service-{n}/commit/{rng.getrandbits(64):x}"}
            for n in range((padding - len(text)) // 900)]
    envelope = {"version": "0", "id": delivery["id"], "detail-type": kind, "source": "github.com",
                "account": "000000000000", "time": at.strftime("%Y-%m-%dT%H:%M:%SZ"),
                "region": "eu-central-1", "resources": [], "detail": detail}
    return json.dumps(envelope, separators=(",", ":"))


def small_record(kind, rng, number, at):
    """As little as a delivery can be: for lakes where the number of rows is what matters."""
    stamp = at.strftime("%Y-%m-%dT%H:%M:%S.000Z")
    return (f'{{"version":"0","id":"0","detail-type":"{kind}","source":"github.com","time":"{stamp}",'
            f'"detail":{{"_delivery":{{"id":"{uuid_text(rng)}","received_at":"{stamp}"}},'
            f'"action":"created","number":{number}}}}}')


def uuid_text(rng):
    digits = f"{rng.getrandbits(128):032x}"
    return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-8{digits[17:20]}-{digits[20:]}"


def kinds(count):
    known = list(ENTITIES)
    return known[:count] + [f"kind_{n}" for n in range(count - len(known))]


def make(args):
    rng = random.Random(args.seed)
    root = Path(args.lake)
    types = kinds(args.types)
    begin = datetime.fromisoformat(args.begin).replace(tzinfo=timezone.utc)
    step = timedelta(days=args.days) / args.records
    per_object = max(1, -(-args.records // args.objects))
    lines, bytes_json = [], 0
    for number in range(args.records):
        at = begin + step * number
        kind = types[rng.randrange(len(types))] if args.types > 1 else types[0]
        number_of_all = number + args.seed * 10**9
        lines.append(small_record(kind, rng, number_of_all, at) if args.bytes == 0
                     else record(kind, rng, number_of_all, at, args.bytes))
        if len(lines) == per_object or number + 1 == args.records:
            text = "\n".join(lines).encode()
            bytes_json += len(text)
            first = begin + step * (number + 1 - len(lines))
            path = root / first.strftime("raw/%Y/%m/%d/%H") / f"{args.name}-{number:09}.gz"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(gzip.compress(text, compresslevel=args.level))
            lines = []
    print(json.dumps({"records": args.records, "json": bytes_json}))


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("lake")
    parser.add_argument("--records", type=int, default=70_000)
    parser.add_argument("--objects", type=int, default=17)
    parser.add_argument("--types", type=int, default=9)
    parser.add_argument("--days", type=float, default=4)
    parser.add_argument("--begin", default="2026-03-01")
    parser.add_argument("--bytes", type=int, default=15_000, help="of a payload, at least about; 0: as small as can be")
    parser.add_argument("--level", type=int, default=6, help="gzip's")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--name", default="part")
    make(parser.parse_args())


if __name__ == "__main__":
    main()
