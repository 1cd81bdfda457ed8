"""The figures of asking: what a report costs by what it asks, on any lake, on disk and far away."""

import os
import subprocess
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import ask_lakes
import growth_picture
from far import Far
from measure import Failed, best, run
from rows import Row, at_most

HERE = Path(__file__).resolve().parent
WEEK = ("--since", "2026-11-13")  # the last seven days of `ask_lakes`
GIB = 1 << 30
SLOW = 10.0  # seconds: what takes longer is not run again to find its best
AWAY = 0.03  # seconds before each answer of the far store
QUEUE, LEAD = ("report", "queue-latency"), ("report", "lead-time")
NON_DRAFT = (*LEAD, "--measure", "non_draft")


@dataclass(frozen=True)
class Question:
    """What is asked of a lake, and what its answer may cost. A limit that is `None` is none."""

    words: tuple
    seconds: float | None = None
    requests: int | None = None
    peak: int | None = None
    format: str = "json"
    duckdb: bool = False  # whether DuckDB is asked the same

    def __str__(self):
        words = ("7 days" if word == WEEK[1] else word for word in self.words if word not in ("report", WEEK[0]))
        return " ".join(words) + f" ({self.format})" * (self.format != "json")


def both(seconds, *more, **options):
    return [Question((*report, *more), seconds, **options) for report in (QUEUE, LEAD)]


YEAR = [*both(0.25, duckdb=True), Question(("sql", "select max(date) from events"), 0.1)]
WIDE = ("--by", "workflow,author,day")
TEN = [
    *both(0.8, duckdb=True), Question(NON_DRAFT, 0.8, duckdb=True),
    *both(0.3, *WEEK, duckdb=True), Question((*NON_DRAFT, *WEEK), duckdb=True),
    Question((*QUEUE, "--by", "repo,day"), 5, peak=GIB, duckdb=True),
    Question((*QUEUE, "--by", "repo,author"), 5, peak=GIB, duckdb=True),
    Question((*QUEUE, *WIDE), 5, peak=GIB, format="csv", duckdb=True),
    Question((*QUEUE, *WIDE), 5, peak=GIB, format="table"),
    Question(("sql", "select max(date) from events"), 0.1),
]
HUNDRED = [Question(QUEUE, 3, peak=GIB, duckdb=True), Question((*QUEUE, *WEEK), 0.5, peak=GIB, duckdb=True),
           Question((*QUEUE, "--by", "repo,workflow"), peak=GIB, duckdb=True)]
FAR_YEAR = [*both(1.5, requests=60), *both(1, *WEEK, requests=40)]
FAR_TEN = [*both(1.5, *WEEK, requests=60), Question(("sql", "select max(date) from events"), 1)]


def environment(cache):
    """That of a process that has nothing in its cache, and no account."""
    kept = {key: value for key, value in os.environ.items() if key != "LAKE_URL" and not key.startswith("AWS_")}
    return kept | {"XDG_CACHE_HOME": str(cache)}


def asked(bench, question, lake, surroundings, limit=900):
    return run([bench.binary, "--lake", lake, "-q", "--format", question.format, *question.words], limit, surroundings)


def repeated(bench, take):
    """Runs `take` as often as is asked for, or once if it is slow."""
    takes = [take()]
    while len(takes) < bench.repeat and takes[0].wall < SLOW:
        takes.append(take())
    return takes


def costs(where, question, takes):
    """The rows of what a question took on disk."""
    least = best(takes)
    what = f"{where}: {question}"
    said = f"{least.wall:.2f} s, {least.cpu:.2f} CPU s, {least.peak / 1e6:.0f} MB"
    if question.seconds is None:
        yield Row(what, said)
    else:
        yield Row(what, said, f"at most {question.seconds:.2f} s", least.wall <= question.seconds)
    if question.peak:
        yield Row(f"{what}: peak, MB", f"{least.peak / 1e6:.0f}", f"at most {question.peak / 1e6:.0f}",
                  least.peak <= question.peak)


def on_disk(bench, where, lake, questions):
    """What each question costs, and what DuckDB takes for it."""
    with tempfile.TemporaryDirectory() as folder, duckdb_files(bench, lake, Path(folder)) as files:
        for question in questions:
            try:
                ours = repeated(bench, lambda: asked(bench, question, lake, environment(folder)))
                yield from costs(where, question, ours)
            except Failed as failed:
                yield Row(f"{where}: {question}", cause(failed), "an answer", False)
                ours = None
            if files and question.duckdb:
                yield from beside(bench, where, lake, question, ours, files, Path(folder))


def cause(failed):
    return " ".join(str(failed).split())[-200:].replace("|", "\\|")


@contextmanager
def duckdb_files(bench, lake, folder):
    """A file with the names of the live files that DuckDB reads: those of the projection, where there is one."""
    if bench.python is None:
        yield None
        return
    table = next((lake / name for name in bench.tables if (lake / name / "_delta_log").is_dir()), lake / "events")
    files = folder / "files.json"
    files.write_bytes(subprocess.run([bench.python, HERE / "duck.py", "live", table], check=True,
                                     stdout=subprocess.PIPE).stdout)
    yield files


def beside(bench, where, lake, question, ours, files, folder):
    """DuckDB with the same text over the same files: the seconds of its query alone, against our whole process; and,
    for whoever asks from a script, process against process, though it is handed the list of files."""
    text, out = folder / "question.sql", folder / "out.csv"
    explained = asked(bench, Question((*question.words, "--explain")), lake, environment(folder)).report
    text.write_text(explained["sql"])
    what = f"{where}: {question}"
    try:
        takes = repeated(bench, lambda: run([bench.python, HERE / "duck.py", files, text, out, 2], 900))
        same(question, ours, out)
    except Failed as failed:
        yield Row(f"{what}: DuckDB", cause(failed), "the same answer", False)
        return
    theirs = min(take.report["seconds"] for take in takes)
    process = min(take.wall for take in takes)
    said = f"{theirs:.2f} s (its process {process:.2f}), {best(takes).peak / 1e6:.0f} MB, {takes[0].report['files']} files"
    if ours is None:
        yield Row(f"{what}: DuckDB", said)
        return
    ratio = best(ours).wall / theirs
    said += f"; ours ÷ its {ratio:.2f} (processes {best(ours).wall / process:.2f})"
    yield Row(f"{what}: DuckDB", said, "ours ÷ its at most 1.00", ratio <= 1)


def same(question, ours, out):
    """The same figures come out, where the answer is one row."""
    if ours is None or question.format != "json" or "--by" in question.words:
        return
    head, *lines = out.read_text().splitlines()
    rows = [dict(zip(head.split(","), line.split(","))) for line in lines]
    theirs = next((row for row in rows if not row["left_out"]), {"n": 0})
    row = ours[0].report["rows"][0]
    told = lambda value: None if value in (None, "") else float(value)  # noqa: E731
    for name, value in row.items():
        name = "n" if name in ("jobs", "prs") else name
        if name in theirs and told(theirs[name]) is not None and abs(told(theirs[name]) - value) > 1e-6 * abs(value):
            raise Failed(f"DuckDB says {name} is {theirs[name]} where lakequery says {value}")


def ask(bench):
    """On disk: a year of a small organisation, ten million deliveries of two years, many files."""
    yield from on_disk(bench, "year", ask_lakes.year(bench), YEAR)
    yield from on_disk(bench, "ten million", ask_lakes.ten(bench), TEN)
    start = Question(("sql", "select count(*) as n from events where event_type = 'push' and date = date '2026-05-01'"), 0.4)
    yield from on_disk(bench, "27,000 live files, 576,000 objects done", ask_lakes.many(bench), [start])


def far_away(bench, where, lake, questions):
    """What each question costs on S3 with nothing in the cache, and what it costs when it is asked again."""
    with Far(lake, AWAY) as store:
        for question in questions:
            yield from far_costs(bench, where, question, store)


def far_costs(bench, where, question, store):
    counts = []

    def take(cache):
        store.counted()
        taken = asked(bench, question, "s3://bench", environment(cache) | store.environment)
        counts.append(store.counted())
        return taken

    def cold():
        with tempfile.TemporaryDirectory() as cache:
            return take(cache)

    what = f"{where}, 30 ms away: {question}"
    try:
        takes = repeated(bench, cold)
    except Failed as failed:
        yield Row(what, cause(failed), "an answer", False)
        return
    count = min(counts, key=lambda count: count.all)
    least = best(takes)
    yield Row(what, f"{least.wall:.2f} s, {least.cpu:.2f} CPU s, {least.peak / 1e6:.0f} MB",
              f"at most {question.seconds:.2f} s", least.wall <= question.seconds)
    asks = f"{count.all} ({count}), {count.read / 1e6:.1f} MB, {count.at_once} at once"
    if question.requests:
        yield Row(f"{what}: requests", asks, f"at most {question.requests}", count.all <= question.requests)
    else:
        yield Row(f"{what}: requests", asks)
    if least.wall < SLOW:
        with tempfile.TemporaryDirectory() as cache:
            take(cache)
            again = take(cache)
        yield Row(f"{what}: again", f"{again.wall:.2f} s, {counts[-1].all} requests, {counts[-1].read / 1e6:.1f} MB")


def ask_far(bench):
    yield from far_away(bench, "year", ask_lakes.year(bench), FAR_YEAR)
    yield from far_away(bench, "ten million", ask_lakes.ten(bench), FAR_TEN)


def hundred(bench):
    yield from on_disk(bench, "50 million of jobs", ask_lakes.hundred(bench), HUNDRED)


def growth_reports(bench):
    """Both reports on lakes of 1 to 1,000 days of 400 deliveries, on disk and far away, as a picture."""
    near, far = {}, {}
    for days in (1, 10, 100, 1_000):
        if days > max(1, 1_000 * bench.scale):
            continue
        lake = ask_lakes.days(bench, days)
        near[days] = aged(bench, lake, {})
        with Far(lake, AWAY) as store:
            far[days] = aged(bench, "s3://bench", store.environment)
        yield Row(f"{days:,} days: queue-latency, lead-time",
                  f"{near[days][0]:.2f}, {near[days][1]:.2f} s; 30 ms away {far[days][0]:.2f}, {far[days][1]:.2f} s")
    growth_picture.draw(
        bench.picture.with_name("growth-reports.svg"),
        [("days, on disk (400 deliveries a day)", near), ("days, on S3 that answers in 30 ms", far)],
        (("queue-latency", "#1f6feb"), ("lead-time", "#d1570a")), "Seconds of a report against days of history", False)
    most = max(near)
    for place, name in enumerate(("queue-latency", "lead-time")):
        yield at_most(f"{name}, {most:,} days on disk: clock, s", near[most][place], 0.25)
        yield at_most(f"{name}, {most:,} days, 30 ms away: clock, s", far[most][place], 1.5)


def aged(bench, lake, store):
    """The least seconds of both reports, each with nothing in the cache."""
    def take(words):
        with tempfile.TemporaryDirectory() as cache:
            return asked(bench, Question(words), lake, environment(cache) | store)

    return tuple(best(repeated(bench, lambda: take(words))).wall for words in (QUEUE, LEAD))
