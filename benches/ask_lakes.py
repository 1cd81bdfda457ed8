"""The lakes that are asked: made once, compacted once by each binary, and kept with their tables."""

import shutil
import subprocess
import sys
from pathlib import Path

import odd
from measure import Failed

HERE = Path(__file__).resolve().parent
END = "2026-11-20"  # the day after the last of every lake of lives


def lives(root, deliveries, days, types, *more):
    words = {"deliveries": deliveries, "days": days, "types": types, "end": END}
    subprocess.run([sys.executable, HERE / "lives.py", root, *more,
                    *(word for key, value in words.items() for word in (f"--{key}", str(value)))],
                   check=True, stdout=subprocess.DEVNULL)


def days(bench, number):
    """So many days of 400 deliveries."""
    return kept(bench, f"ask-days-{number}", lambda root: lives(root, number * 400, number, 20))


def kept(bench, name, make):
    """A lake whose table stays, made by `make(folder)` where it is not there yet, with nothing left to compact."""
    root = bench.cache / "lakes" / name
    if not (root / ".made").exists():
        print(f"  making {name}", file=sys.stderr, flush=True)
        shutil.rmtree(root, ignore_errors=True)
        root.mkdir(parents=True)
        make(root)
        (root / ".made").touch()
    settled(bench, root)
    return root


def settled(bench, lake):
    """Compacts until nothing is written: what another binary left out is made now."""
    logs = lambda: sorted(path for path in lake.glob("*/_delta_log/*"))  # noqa: E731
    for _ in range(14):
        before = logs()
        bench.compact(lake, limit=7200)
        if logs() == before:
            return
    raise Failed(f"{lake}: 14 runs, and the last still committed")


def year(bench):
    days = bench.count(365, 10)
    return kept(bench, f"ask-year-{days}", lambda root: lives(root, days * 400, days, 60))


def ten(bench):
    deliveries, days = bench.count(9_830_000, 20_000), bench.count(730, 10)
    return kept(bench, f"ask-ten-{deliveries}", lambda root: lives(root, deliveries, days, 20))


def hundred(bench):
    """The jobs' half of ten times the deliveries of ten; made two months at a time, its raw objects deleted behind."""
    deliveries, days = bench.count(100_000_000, 50_000), bench.count(730, 10)

    def make(root):
        for first in range(0, days, 60):
            lives(root, deliveries, days, 20, "--from-day", str(first), "--to-day", str(min(days, first + 60)),
                  "--only", "job")
            bench.compact(root, limit=7200)
            shutil.rmtree(root / "raw")

    return kept(bench, f"ask-hundred-jobs-{deliveries}", make)


def many(bench):
    """27,000 live files and 576,000 raw objects that are done."""
    objects, days = bench.count(576_000, 500), bench.count(450, 2)

    def make(root):
        odd.tiny(root, objects, days=days, types=60)
        bench.compact(root, limit=7200)

    return kept(bench, f"ask-many-{objects}", make)
