"""The figures: each makes its lake, runs the binary over it, and says what came out beside its target."""

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from pathlib import Path

import ask
import growth_picture
import odd
from far import Far
from measure import Failed, best, run
from rows import Row, at_most

HERE = Path(__file__).resolve().parent
MEMORY = 512 << 20


def memory(what, taken):
    return Row(f"{what}: peak, MB", f"{taken.peak / 1e6:.0f}", f"under {MEMORY / 1e6:.0f}", taken.peak < MEMORY)


def taken(what, take):
    return Row(what, f"{take.wall:.2f} s, {take.cpu:.2f} CPU s, {take.peak / 1e6:.0f} MB")


@dataclass
class Bench:
    """Where everything is, and how large the lakes are to be (1: as the targets say)."""

    binary: Path
    pipe: Path | None
    python: Path | None  # of the environment that has the other engines
    cache: Path
    scale: float
    repeat: int
    picture: Path
    tables: tuple = ("projection", "events")  # what the other engine reads, the first that there is

    def count(self, full, least=1):
        return max(least, round(full * self.scale))

    def lake(self, name, make):
        """The folder of a lake without a table, made by `make(folder)` where it is not there yet."""
        root = self.cache / "lakes" / name
        if not (root / ".made").exists():
            print(f"  making {name}", file=sys.stderr, flush=True)
            shutil.rmtree(root, ignore_errors=True)
            root.mkdir(parents=True)
            make(root)
            (root / ".made").touch()
        bare(root)
        return root

    def common(self, name, records, /, **options):
        words = [word for key, value in {"records": records, **options}.items() for word in (f"--{key}", str(value))]
        make = lambda root: subprocess.run(  # noqa: E731: in a process of its own, whose memory goes with it
            [sys.executable, HERE / "lakes.py", root, *words], check=True, stdout=subprocess.DEVNULL)
        return self.lake(f"{name}-{records}", make)

    def odd(self, shape, count, name=None):
        make = lambda root: subprocess.run(  # noqa: E731
            [sys.executable, HERE / "odd.py", shape, root, str(count)], check=True)
        return self.lake(f"{name or shape}-{count}", make)

    def lakequery(self, lake, *words, limit=1800):
        environment = {key: value for key, value in os.environ.items() if key != "LAKE_URL"}
        return run([self.binary, "--lake", lake, "-q", "--format", "json", *words], limit, environment)

    def compact(self, lake, *words, limit=1800):
        return self.lakequery(lake, "compact", *words, limit=limit)


def bare(root):
    """Takes everything but its own raw objects out of a lake, also after a run that was killed."""
    linked = root / ".linked"
    for place in linked.read_text().splitlines() if linked.exists() else ():
        (root / place).unlink(missing_ok=True)
    for entry in root.iterdir():
        if entry.name not in ("raw", "large", ".made"):
            shutil.rmtree(entry) if entry.is_dir() else entry.unlink()


def expect(report, **values):
    """A fast run that loses rows is no run."""
    for name, value in values.items():
        if report.get(name) != value:
            raise Failed(f"{name} is {report.get(name)} where it must be {value}")


def parquet_bytes(folder):
    return sum(path.stat().st_size for path in folder.rglob("*.parquet"))


def throughput(bench):
    records = bench.count(70_000, 1_000)
    lake = bench.common("throughput", records)
    out = bench.cache / "out"
    peers = ("duckdb", "polars", "chdb") if bench.python else ()
    takes, sizes = {}, {}

    def turn(name, action, folder):
        shutil.rmtree(out, ignore_errors=True)
        takes.setdefault(name, []).append(action())
        sizes[name] = parquet_bytes(folder)

    for _ in range(bench.repeat):  # in turns: a busy minute is everybody's
        for threads in (1, 2):
            bare(lake)
            turn(f"lakequery, {threads}", lambda: bench.compact(lake, "--threads", threads), lake / "events")
            expect(takes[f"lakequery, {threads}"][-1].report, stored=records)
            if bench.pipe:
                turn(f"pipe, {threads}", lambda: run([bench.pipe, lake / "raw", out, threads]), out)
                expect(takes[f"pipe, {threads}"][-1].report, rows=records)
        for peer in peers:
            turn(f"{peer}, 2", lambda: run([bench.python, HERE / "peers.py", peer, lake / "raw", out, 2]), out)
    bare(lake)
    shutil.rmtree(out, ignore_errors=True)
    least = {name: best(all) for name, all in takes.items()}
    for name, take in least.items():
        yield taken(f"{name} threads", take)
        yield Row(f"{name} threads: on disk, MB", f"{sizes[name] / 1e6:.1f}")
    yield memory("lakequery, 2 threads", least["lakequery, 2"])
    for threads in (1, 2):
        ours, floor = least[f"lakequery, {threads}"], least.get(f"pipe, {threads}")
        if floor:
            yield at_most(f"CPU ÷ pipe's, {threads} threads", ours.cpu / floor.cpu, 1.25)
            yield at_most(f"clock ÷ pipe's, {threads} threads", ours.wall / floor.wall, 1.25)
    if peers:
        ours, theirs = least["lakequery, 2"], [least[f"{peer}, 2"] for peer in peers]
        for what, ratio in (("CPU", min(t.cpu for t in theirs) / ours.cpu),
                            ("clock", min(t.wall for t in theirs) / ours.wall)):
            yield Row(f"fastest peer's {what} ÷ ours", f"{ratio:.2f}", "at least 1.50", ratio >= 1.5)
        smallest = min(sizes[f"{peer}, 2"] for peer in peers)
        yield at_most("on disk ÷ smallest peer's", sizes["lakequery, 2"] / smallest, 1.15)


def dedup(bench):
    old, new = bench.count(10_000_000, 10_000), bench.count(8_000, 500)
    base = bench.common("old", old, objects=400, types=12, bytes=0, level=1)
    news = [bench.common(f"new{seed}", new, objects=8, seed=seed, types=12, name=f"new{seed}", level=1)
            for seed in range(77, 77 + bench.repeat)]
    on_none = []
    for lake in news:
        on_none.append(bench.compact(lake))
        expect(on_none[-1].report, stored=new)
        bare(lake)
    first = bench.compact(base)
    expect(first.report, stored=old)
    yield taken(f"{old:,} small rows onto an empty lake", first)
    yield memory("that", first)
    on_many = []
    try:
        for lake in news:
            link(lake, base)
            on_many.append(bench.compact(base))
            expect(on_many[-1].report, stored=new)
    finally:
        bare(base)
    none, many = best(on_none), best(on_many)
    yield taken(f"{new:,} new on none", none)
    yield taken(f"{new:,} new on {old:,}", many)
    yield memory("that", many)
    yield at_most("clock, on many ÷ on none", many.wall / none.wall, 1.3)
    yield at_most("CPU, on many ÷ on none", many.cpu / none.cpu, 1.3)


def link(lake, base):
    """Gives `base` the raw objects of `lake`, until it is `bare` again."""
    with open(base / ".linked", "a") as linked:
        for path in sorted((lake / "raw").rglob("*.gz")):
            name = path.relative_to(lake)
            linked.write(f"{name}\n")
            linked.flush()
            (base / name).parent.mkdir(parents=True, exist_ok=True)
            os.link(path, base / name)


def bounded(bench, lake, what, seconds=None, **expected):
    """A run of everything in `lake`, under the limit of memory and, where there is one, of time."""
    try:
        take = bench.compact(lake)
        expect(take.report, **expected)
    finally:
        bare(lake)
    yield taken(what, take)
    yield memory(what, take)
    if seconds:
        yield at_most(f"{what}: clock, s", take.wall, seconds, "{:.1f}")
    return take


def sustained(bench):
    records = bench.count(60_000, 1_000)
    lake = bench.common("sustained", records, objects=max(1, records // 1_000), days=0.04)
    seconds = records / 1_000
    take = yield from bounded(bench, lake, f"{seconds:.0f} s of 1,000 deliveries of 15 KB a second", seconds, stored=records)
    yield Row("deliveries a second", f"{records / take.wall:,.0f}", "at least 1,000", records / take.wall >= 1_000)


def year(bench):
    records = bench.count(146_000, 2_000)
    lake = bench.common("year", records, objects=bench.count(8_760, 100), types=60, days=365, bytes=2000,
                        begin="2025-03-01")
    take = yield from bounded(bench, lake, "a year in one go", 45, stored=records)
    report = take.report
    stay = report["files_after"] - report["files_before"]
    yield at_most("files written for each that stays", report["files_added"] / max(1, stay), 1.2)


def tiny(bench):
    count = bench.count(500_000, 500)
    yield from bounded(bench, bench.odd("tiny", count), f"{count:,} tiny objects", stored=count)


def broken(bench):
    yield from bounded(bench, bench.odd("broken", bench.count(4_000_000, 1_000)), "8 MB of `1\\n`", stored=0)


def large_object(bench):
    count = bench.count(140_000, 1_000)
    lake = bench.odd("one_large", count, "large-object")
    yield from bounded(bench, lake, f"one object of {count * 14.3e3 / 1e9:.1f} GB", stored=count)


def incompressible(bench):
    count = bench.count(60_000, 1_000)
    yield from bounded(bench, bench.odd("incompressible", count), "random text in 1,680 partitions", stored=count)


def claims(bench):
    count = bench.count(300, 3)
    yield from bounded(bench, bench.odd("claims", count), f"{count} claim checks of 4.4 MB", stored=count)


def deadline(bench):
    count = bench.count(200_000, 1_000)
    lake = bench.odd("strange", count)
    runs = []
    try:
        while len(runs) < 30 and not (runs and runs[-1].report["read"] == 0):
            runs.append(bench.compact(lake, "--deadline", "5s", limit=120))
    finally:
        bare(lake)
    total = lambda name: sum(one.report[name] for one in runs)  # noqa: E731
    yield Row("runs until all was done", f"{len(runs)}")
    yield at_most("the longest run, s", max(one.wall for one in runs), 7, "{:.1f}")
    yield memory("the largest run", best(runs))
    yield Row("good rows of the first run", f"{runs[0].report['stored']}", "4000", runs[0].report["stored"] == 4_000)
    yield Row("rows of all runs", f"{total('stored')}", "4000", total("stored") == 4_000)
    yield Row("read, less stored and quarantined", f"{total('read') - 4_000 - total('quarantined')}", "0",
              total("read") == 4_000 + total("quarantined"))


def settled(bench, lake):
    """Runs until nothing is left to forget, merge or seal; what a later run then finds nothing to do in."""
    for _ in range(14):
        before = log_files(lake)
        bench.compact(lake)
        if log_files(lake) == before:
            return
    raise Failed(f"{lake}: 14 runs, and the last still committed")


def log_files(lake):
    folder = lake / "events" / "_delta_log"
    return sorted(path.name for path in folder.iterdir()) if folder.is_dir() else None


def noop(bench):
    for full in (500, 500_000):
        count = full if full == 500 else bench.count(full, 500)
        lake = bench.odd("tiny", count)
        try:
            settled(bench, lake)
            for command in ("compact", "status"):
                take = best([bench.lakequery(lake, command) for _ in range(bench.repeat + 2)])
                yield taken(f"{command}, nothing to do, {count:,} done", take)
                yield at_most(f"{command}, {count:,} done: clock, s", take.wall, 0.3)
        finally:
            bare(lake)


def far(bench):
    """On S3, 30 ms away: nothing to do, and one new object, in a lake of 100 days."""
    today = datetime.now(timezone.utc).replace(hour=0, minute=0, second=0, microsecond=0)
    lake = bench.lake(f"far-{today:%Y%m%d}", lambda root: odd.tiny(root, 2_400, today - timedelta(days=100), 100, 42))
    new = bench.lake(f"far-{today:%Y%m%d}-new", lambda root: odd.tiny(root, 1, today - timedelta(hours=1), 0, 1_000, 2))
    try:
        settled(bench, lake)
        with Far(lake, 0.03) as store:
            def there(what, command, target=None):
                store.counted()
                environment = {key: value for key, value in os.environ.items()
                               if key != "LAKE_URL" and not key.startswith("AWS_")}
                take = run([bench.binary, "--lake", "s3://bench", "-q", "--format", "json", command], 300,
                           environment | store.environment)
                yield Row(what, f"{take.wall:.2f} s, {take.cpu:.2f} CPU s; {store.counted()}")
                if target:
                    yield at_most(f"{what}: clock, s", take.wall, target)
                return take

            for command in ("compact", "status"):
                yield from there(f"{command}, nothing to do, 30 ms away", command, 1.5)
            link(new, lake)
            take = yield from there("compact, one new object, 30 ms away", "compact")
            expect(take.report, stored=1_000)
    finally:
        bare(lake)


def growth(bench):
    today = datetime.now(timezone.utc).replace(hour=0, minute=0, second=0, microsecond=0)
    ages, windows = {}, {}
    for days in (1, 10, 100, 1_000):
        if days <= 1_000 * bench.scale or days == 1:
            ages[days] = aged(bench, today, days, days * 24, 42)
    for rows in (10_000, 100_000, 1_000_000):
        if rows <= 1_000_000 * bench.scale or rows == 10_000:
            windows[rows] = aged(bench, today, 4, 100, rows // 100)
    for heading, points in (("days of history", ages), ("rows of the last four days", windows)):
        for x, (nothing, new) in points.items():
            yield taken(f"nothing to do, {x:,} {heading}", nothing)
            yield taken(f"1,000 new rows, {x:,} {heading}", new)
    growth_picture.draw(bench.picture, [
        ("days of history (1,000 rows a day)", {x: (a.wall, b.wall) for x, (a, b) in ages.items()}),
        ("rows of the last four days", {x: (a.wall, b.wall) for x, (a, b) in windows.items()})])
    for heading, points in (("days of history", ages), ("rows of the last four days", windows)):
        low, high = points[min(points)], points[max(points)]
        for number, what in ((0, "nothing to do"), (1, "1,000 new rows")):
            yield at_most(f"{what}: most ÷ least {heading}", high[number].wall / low[number].wall, 1.5)


def aged(bench, today, days, objects, rows):
    """No-op runs, and runs with 1,000 new rows of yesterday, on a lake of so many days until then."""
    begin = today - timedelta(days=days)
    name = f"aged-{today:%Y%m%d}-{days}-{rows}"
    lake = bench.lake(name, lambda root: odd.tiny(root, objects, begin, days, rows))
    try:
        settled(bench, lake)
        nothing = best([bench.compact(lake) for _ in range(bench.repeat + 2)])
        takes = []
        for seed in range(2, 2 + bench.repeat):
            new = bench.lake(f"{name}-new-{seed}",
                             lambda root: odd.tiny(root, 1, today - timedelta(hours=1), 0, 1_000, seed))
            link(new, lake)
            takes.append(bench.compact(lake))
            expect(takes[-1].report, stored=1_000)
        return nothing, best(takes)
    finally:
        bare(lake)


ALL = {
    "throughput": throughput,
    "dedup": dedup,
    "sustained": sustained,
    "year": year,
    "tiny": tiny,
    "broken": broken,
    "large-object": large_object,
    "incompressible": incompressible,
    "claims": claims,
    "deadline": deadline,
    "noop": noop,
    "far": far,
    "growth": growth,
    "ask": ask.ask,
    "ask-far": ask.ask_far,
    "growth-reports": ask.growth_reports,
}
# Only where they are named: they take hours.
EXTRA = {"hundred": ask.hundred}
