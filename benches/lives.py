"""Makes raw lakes for reports: jobs and pull requests that live as GitHub's do, in slim payloads.

`lakes.py` fills lakes for the compactor, which cares for bytes; here it is lives that count. Half of
the deliveries are of jobs (queued, in_progress, completed), a tenth of pull requests and reviews
(hours to three weeks), the rest of other types. An hour's lives hang on the seed and the hour alone,
so that months can be made side by side and a lake is the same however many processes made it.
"""

import argparse
import gzip
import json
import os
import random
from collections import defaultdict
from datetime import date, datetime, timedelta, timezone
from multiprocessing import Pool
from pathlib import Path

HOUR, DAY = 3600, 86400
REPOSITORIES, AUTHORS, WORKFLOWS = 200, 500, 40
LONGEST = 22  # days: no pull request of this module lives longer, its last delivery included
JOB_ROWS, PULL_ROWS, CHUNK = 2.93, 5.45, 30  # deliveries of a job and of a pull request; days of a task
LABELS = ('"self-hosted","linux","x64"', '"self-hosted","linux","arm64"', '"ubuntu-latest"', '"ubuntu-24.04"',
          '"self-hosted","linux","x64","large"', '"macos-15"', '"windows-2025"', '"self-hosted","gpu","linux"')
OTHERS = ("push check_run workflow_run check_suite status issues issue_comment create delete deployment "
          "deployment_status release fork star watch label milestone").split()
WEIGHTS = (6, 6, 4, 3, 2)  # of the first of these; 1 of each of the rest
TIMES = [f"T{s // HOUR:02}:{s // 60 % 60:02}:{s % 60:02}" for s in range(DAY)]
DAYS = [(date(1970, 1, 1) + timedelta(n)).isoformat() for n in range(40_000)]
HEX = [f"{n:04x}" for n in range(1 << 16)]
REPOSITORY = [f'"repository":{{"id":{90_000 + n},"name":"service-{n}","full_name":"octo-org/service-{n}","private":true}},'
              '"organization":{"login":"octo-org","id":42},' for n in range(REPOSITORIES)]
SENDER = [f'"sender":{{"login":"user-{n}","id":{1000 + n},"type":"{"Bot" if n % 50 == 49 else "User"}"}}' for n in range(AUTHORS)]
USER = [text.removeprefix('"sender":') for text in SENDER]
WORKFLOW = ["CI", "Release", "Nightly", "Lint", *(f"Workflow {n}" for n in range(4, WORKFLOWS))]


def stamp(second):
    """RFC 3339, without the zone, of a second since the epoch."""
    return DAYS[second // DAY] + TIMES[second % DAY]


def quoted(second):
    return f'"{stamp(second)}Z"'


def sha(number):
    """Forty digits that don't compress better than those of real commits."""
    return f"{number * 0x9E3779B97F4A7C15 & (1 << 64) - 1:016x}{number * 0xD6E8FEB86659FD93A5A3564E27F1C0B7 & (1 << 96) - 1:024x}"


class Hours:
    """What arrives, by hour; `lines` of one are taken when nothing can come into it any more."""

    def __init__(self, begin, end):
        self.begin, self.end = begin, end
        self.lines = defaultdict(list)

    def add(self, rng, kind, second, detail):
        """One delivery of what happened at `second`, which arrives a little later, if that is in these hours."""
        millis, bits = second * 1000 + 400 + int(rng.random() * 2000), rng.getrandbits(122)
        at, rest = divmod(millis, 1000)
        if not self.begin <= at < self.end:
            return  # what was drawn is the same for those hours
        guid = (f"{HEX[bits & 65535]}{HEX[bits >> 16 & 65535]}-{HEX[bits >> 32 & 65535]}-4{bits >> 48 & 4095:03x}-"
                f"8{bits >> 60 & 4095:03x}-{HEX[bits >> 72 & 65535]}{HEX[bits >> 88 & 65535]}{HEX[bits >> 104 & 65535]}")
        when = stamp(at)
        self.lines[at // HOUR].append((millis, (
            f'{{"version":"0","id":"{guid}","detail-type":"{kind}","source":"github.com","account":"000000000000",'
            f'"time":"{when}Z","region":"eu-central-1","resources":[],"detail":{{"_delivery":{{"id":"{guid}",'
            f'"received_at":"{when}.{rest:03}Z","hook_id":7}},{detail}}}}}')))

    def take(self, hour):
        return [line for _, line in sorted(self.lines.pop(hour, ()))]


def job(hours, rng, number, second):
    """A job: queued, started and done; or skipped, or cancelled while it waited."""
    run = number // 3  # whose jobs are of one repository, workflow, branch and commit
    repo = int(REPOSITORIES * (run * 2654435761 % (1 << 32) / (1 << 32)) ** 2)
    author = int(AUTHORS * (run * 2246822519 % (1 << 32) / (1 << 32)) ** 2)
    workflow, runner = (repo * 7 + run % 4) % WORKFLOWS, number % 90 + 1
    head = (f'"id":{40_000_000_000 + number},"run_id":{9_000_000_000 + run},"run_attempt":{1 + (number % 41 == 0)},'
            f'"name":"build-{number % 9}","workflow_name":"{WORKFLOW[workflow]}","head_branch":"'
            f'{"main" if run % 3 else f"topic-{run % 977}"}","head_sha":"{sha(run)}",'
            f'"labels":[{LABELS[(repo + number % 2) % len(LABELS)]}],"created_at":{quoted(second)},')
    tail = f'}},{REPOSITORY[repo]}{SENDER[author]}'
    nobody = '"runner_id":null,"runner_name":null,"runner_group_id":null,"runner_group_name":null,'
    somebody = (f'"runner_id":{runner},"runner_name":"runner-{runner}","runner_group_id":{runner % 4 + 1},'
                f'"runner_group_name":"group-{runner % 4 + 1}",')

    def say(action, at, who, conclusion, started, completed, steps):
        hours.add(rng, "workflow_job", at, (
            f'"action":"{action}","workflow_job":{{{head}"status":"{action}",{who}"conclusion":{conclusion},'
            f'"started_at":{started},"completed_at":{completed},"steps":[{steps}]{tail}'))

    fate = rng.random()
    if fate < 0.02:
        return say("completed", second, nobody, '"skipped"', quoted(second), quoted(second), "")
    say("queued", second, nobody, "null", quoted(second), "null", "")
    started = second + int(rng.lognormvariate(2.7, 1.2))
    if fate < 0.03:
        return say("completed", started + 300, nobody, '"cancelled"', quoted(second), quoted(started + 300), "")
    done = started + 10 + int(rng.lognormvariate(5.2, 0.9))
    step = f'{{"name":"Set up job","number":1,"status":"in_progress","started_at":{quoted(started)}}}'
    say("in_progress", started, somebody, "null", quoted(started), "null", step)
    return say("completed", done, somebody, '"failure"' if fate > 0.93 else '"success"', quoted(started), quoted(done),
               step.replace("in_progress", "completed"))


def pull(hours, rng, number, second):
    """A pull request: opened, perhaps as a draft, pushed to, reviewed, and closed within three weeks or never."""
    repo, author = int(REPOSITORIES * rng.random() ** 2), int(AUTHORS * rng.random() ** 2)
    life = min((LONGEST - 1) * DAY, 2 * HOUR + int(rng.lognormvariate(11.3, 1.3)))
    draft, fate = rng.random() < 0.2, rng.random()
    ready = second + int(life * rng.uniform(0.1, 0.6)) if draft else second
    head = (f'"id":{2_000_000_000 + number},"number":{number},"title":"Change {number}","user":{USER[author]},'
            f'"author_association":"MEMBER","labels":[],"base":{{"ref":"main"}},"created_at":{quoted(second)},')

    def body(at, closed="null", merged="null"):
        return (f'"pull_request":{{{head}"state":"{"open" if closed == "null" else "closed"}","draft":'
                f'{"true" if at < ready else "false"},"head":{{"ref":"topic-{number}","sha":"{sha(number + at)}"}},'
                f'"updated_at":{quoted(at)},"closed_at":{closed},"merged_at":{merged}}},')

    def say(action, at, *ends):
        hours.add(rng, "pull_request", at,
                  f'"action":"{action}","number":{number},{body(at, *ends)}{REPOSITORY[repo]}{SENDER[author]}')

    say("opened", second)
    for _ in range(rng.randrange(0, 4)):
        say("synchronize", second + int(life * rng.random() * 0.9))
    if draft:
        say("ready_for_review", ready)
    for place in range(rng.randrange(0, 4)):
        reviewer = (author + 1 + rng.randrange(AUTHORS - 1)) % AUTHORS
        at = ready + int((second + life - ready) * rng.random() * 0.95)
        hours.add(rng, "pull_request_review", at, (
            f'"action":"submitted","review":{{"id":{number * 8 + place},"state":"{"approved" if place else "commented"}",'
            f'"user":{USER[reviewer]},"author_association":"MEMBER","submitted_at":{quoted(at)}}},'
            f'{body(at)}{REPOSITORY[repo]}{SENDER[reviewer]}'))
    if fate < 0.95:
        end = quoted(second + life)
        say("closed", second + life, end, end if fate < 0.87 else "null")


def entity(kind, number, at):
    """What a payload of another type holds, as far as the lake has columns for it."""
    time, to = quoted(at), sha(number)
    times = f'"created_at":{time},"updated_at":{time}'
    known = {
        "push": f'"ref":"refs/heads/topic-{number % 977}","before":"{sha(number - 1)}","after":"{to}","created":false,',
        "check_run": f'"check_run":{{"id":{number},"name":"check-{number % 9}","head_sha":"{to}","status":"completed",'
                     f'"conclusion":"success","started_at":{time},"completed_at":{time}}},',
        "workflow_run": f'"workflow_run":{{"id":{9_000_000_000 + number},"name":"CI","run_number":{number},"run_attempt":1,'
                        f'"workflow_id":{number % WORKFLOWS},"event":"push","status":"completed","conclusion":"success",'
                        f'"head_branch":"main","head_sha":"{to}","run_started_at":{time},{times}}},',
        "issues": f'"issue":{{"id":{number},"number":{number},"state":"open","title":"Issue {number}",{times}}},',
        "deployment": f'"deployment":{{"id":{number},"sha":"{to}","ref":"main","environment":"production",{times}}},',
        "deployment_status": f'"deployment_status":{{"id":{number},"state":"success","environment":"production",{times}}},',
        "release": f'"release":{{"id":{number},"tag_name":"v{number}","name":"v{number}","created_at":{time}}},',
    }
    return known.get(kind, f'"thing":{{"id":{number},"node_id":"{to}","description":"Thing {number} of {kind}",{times}}},')


def other(hours, rng, types, number, second):
    kind = types[int(rng.random() * len(types))]
    repo, author = int(REPOSITORIES * rng.random() ** 2), int(AUTHORS * rng.random() ** 2)
    hours.add(rng, kind, second,
              f'"action":"created",{entity(kind, number, second)}{REPOSITORY[repo]}{SENDER[author]}')


def others(count):
    """Names of the types beside the three of jobs and pull requests, each as often as its weight."""
    names = (OTHERS + [f"kind_{n}" for n in range(count)])[:max(1, count - 3)]
    return [name for place, name in enumerate(names) for _ in range(WEIGHTS[place] if place < len(WEIGHTS) else 1)]


def begun(rate, hour, number_of_hours):
    """The numbers of the lives that begin in an hour, at so many in all hours: none twice, none left out."""
    return range(int(rate * hour / number_of_hours), int(rate * (hour + 1) / number_of_hours))


# How many of all deliveries begin such a life, what makes its deliveries, and how many days it can take.
LIVES = {"pull": (0.1 / PULL_ROWS, pull, LONGEST), "job": (0.5 / JOB_ROWS, job, 1), "other": (0.4, None, 0)}


def chunk(task):
    """Makes the raw objects of some days, all that arrives in them; gives (deliveries, bytes of JSON)."""
    args, first, last = task
    start = int(datetime.fromisoformat(args.end).replace(tzinfo=timezone.utc).timestamp()) - args.days * DAY
    types, of_all = others(args.types), args.days * 24
    hours = Hours(start + first * DAY, start + last * DAY)
    records = size = 0
    for hour in range(max(0, first - LONGEST) * 24, last * 24):
        for name, (share, make, before) in LIVES.items():
            if name not in args.only or hour < (first - before) * 24 - 1:
                continue
            rng = random.Random(f"{args.seed} {name} {hour}")
            for number in begun(args.deliveries * share, hour, of_all):
                second = start + hour * HOUR + int(rng.random() * HOUR)
                if make:
                    make(hours, rng, number + 1, second)
                else:
                    other(hours, rng, types, number + 1, second)
        if hour >= first * 24 and (lines := hours.take(start // HOUR + hour)):
            text = "\n".join(lines).encode()
            records, size = records + len(lines), size + len(text)
            at = datetime.fromtimestamp(start + hour * HOUR, timezone.utc)
            path = Path(args.lake) / at.strftime("raw/%Y/%m/%d/%H") / f"lives-{args.seed}.gz"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(gzip.compress(text, compresslevel=1, mtime=0))
    return records, size


def make(args):
    """Makes the lake; gives how many deliveries it holds (about what was asked for) and their bytes of JSON."""
    last = args.days if args.to_day is None else args.to_day
    tasks = [(args, day, min(day + CHUNK, last)) for day in range(args.from_day, last, CHUNK)]
    with Pool(min(len(tasks), os.cpu_count() or 1)) as pool:
        done = pool.map(chunk, tasks, chunksize=1)
    return {"records": sum(records for records, _ in done), "json": sum(size for _, size in done)}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("lake")
    parser.add_argument("--deliveries", type=int, default=146_000, help="of all days together; about so many")
    parser.add_argument("--days", type=int, default=365)
    parser.add_argument("--end", default="2026-11-20", help="the day after the last, UTC")
    parser.add_argument("--types", type=int, default=20, help="event types, those of jobs and pull requests among them")
    parser.add_argument("--from-day", type=int, default=0, help="only what arrives from this day on, counted from 0")
    parser.add_argument("--to-day", type=int, help="and before this one; else all")
    parser.add_argument("--only", nargs="+", choices=LIVES, default=tuple(LIVES), help="leave the deliveries of other lives out")
    parser.add_argument("--seed", type=int, default=1)
    print(json.dumps(make(parser.parse_args())))


if __name__ == "__main__":
    main()
