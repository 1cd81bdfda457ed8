"""What reports are asked: each with each of its dimensions and filters, as `lakequery report --list` has them.

The values that filters are given are those that the answers to the dimensions showed, in the other
case, the strangest among them.
"""

import re
from dataclasses import dataclass

TOGETHER = 3  # dimensions, or filters, of one question: Trino needs most of its time to plan
# Zones that are no whole number of hours from UTC; two periods, so that no gap between them is filled.
PERIODS = {("hour", "day"): "Asia/Kathmandu", ("hour", "week", "month"): "Pacific/Chatham"}
FEW = 3  # values
AS_TYPED = {"who", "team"}  # their values are names of a list, and in no other case
REPOSITORY = re.compile(r"[^/]+(/[^/]+){1,2}")

TEAMS = r"""
[[team]]
name = "it's \"first\""
labels = ["A,B", "gpu", "it's 100% $1"]
people = ["zoe", "Devin-AI-integration[bot]"]

[[team]]
name = "second"
repositories = ["ACME/new", "ghes-only/*"]

[[team]]
name = "rest"
repositories = ["acme/*"]
"""

# What is no dimension and no filter: windows, several at once, names of old and on hosts, bounds.
MORE = [
    "queue-latency --by repo,label,week",
    "queue-latency --by day --since 2026-03-02 --until 2026-03-03T12:00:00.250Z --tz America/New_York",
    "queue-latency --repo acme/old --repo ghes.corp.example/ACME/new --by repo",
    "queue-latency --repo acme/web --label linux --who human --by author,hour",
    "queue-latency --slo max<9000w --by host",
    "lead-time --since 2026-03-02T09:00:00.001Z --by month,author",
    "lead-time --repo github.com/acme/new --by repo,day --tz Asia/Kathmandu",
    "throughput --since 2026-03-02 --by who,week",
]
# Columns of SQL that no answer prints as they are: bounds, and the interval of a median.
TEXTS = [
    "queue-latency --by host --slo p95<=30s --slo mean<1m",
    "lead-time --since 2026-03-01 --compare --by repo",
    "throughput --by branch",
]


@dataclass(frozen=True)
class Report:
    """A report or a measure, and what it can be asked by."""

    words: tuple
    name: str  # of its file
    dimensions: tuple
    filters: tuple
    reasons: tuple


def reports(listed):
    """Every report of the list."""
    for one in listed:
        measure = ("--measure", one["measure"]) if one["measure"] else ()
        name = (one["measure"] or one["report"]).replace("-", "_")
        parts = (tuple(one[part]) for part in ("dimensions", "filters", "reasons"))
        yield Report((one["report"], *measure), name, *parts)


def by_dimension(report):
    """[(dimensions, question)], each dimension in at least one; and the report as it is."""
    yield (), report.words
    periods = {name for names in PERIODS for name in names}
    for names in chunks([name for name in report.dimensions if name not in periods]):
        yield names, (*report.words, "--by", ",".join(names))
    assert periods <= {*report.dimensions}
    for names, zone in PERIODS.items():
        yield names, (*report.words, "--by", ",".join(names), "--tz", zone)


def by_filter(report, answers):
    """[question], each filter in one, with values of {dimensions: answer}."""
    for names in chunks(report.filters):
        yield (*report.words, "--by", names[0], *flags(names, answers[names]["rows"]))


def flags(names, rows):
    """Filters that take half of what there is, of few values one; the strangest row is taken."""
    whole = [row for row in rows if all(row[name] for name in names)]
    whole = [row for row in whole if "repo" not in names or REPOSITORY.fullmatch(row["repo"])]
    strangest = max(whole, key=lambda row: strangeness(row[names[0]]))
    for name in names:
        values = sorted({row[name] for row in whole}, key=strangeness)
        chosen = {strangest[name], *(values[::2] if len(values) > FEW and name not in AS_TYPED else [])}
        yield from (f"--{name}={value if name in AS_TYPED else value.swapcase()}" for value in sorted(chosen))


def chunks(names):
    return [tuple(names[start : start + TOGETHER]) for start in range(0, len(names), TOGETHER)]


def strangeness(value):
    return sum(not (letter.isascii() and letter.isalnum()) for letter in value), value
