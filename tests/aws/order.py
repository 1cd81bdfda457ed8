"""Files that take longest begin first: of what runs side by side, the last to end is then a short one.

`durations.json` has the seconds of each file, as they were when it was last written by
`check --measure`; a file that is not in it begins before all others.
"""

import json
import math
from collections import Counter
from pathlib import Path

import pytest
from _pytest.nodeid import coerce_node_id

FILE = Path(__file__).with_name("durations.json")


def file_of(nodeid):
    return nodeid.partition("::")[0]


def pytest_addoption(parser):
    parser.addoption("--measure", action="store_true", help="write durations.json anew from this run of all files")


def pytest_configure(config):
    # What workers measure is reported to the process that started them.
    if config.getoption("measure") and not hasattr(config, "workerinput"):
        config.pluginmanager.register(Measuring())


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items):
    """The tests of a file keep their order, which some of them rely on."""
    seconds = json.loads(FILE.read_text())
    items.sort(key=lambda item: -seconds.get(file_of(item.nodeid), math.inf))
    name_apart(items)


def name_apart(items):
    """Gives each test an id of its own: workers run one test of an id, and schemathesis gives one to all
    operations, whose names differ. pytest, whose version is pinned, has no public way."""
    met = Counter(item.nodeid for item in items)
    for item in items:
        if met[item.nodeid] > 1:
            item._id = coerce_node_id(f"{file_of(item.nodeid)}::{item.name}")
    twice = [name for name, n in Counter(item.nodeid for item in items).items() if n > 1]
    if twice:
        raise pytest.UsageError(f"a worker would run one test only of those with one id: {twice[:3]}")


class Measuring:
    """Adds up what the tests of each file take, with what is made for them and taken away."""

    def __init__(self):
        self.seconds = Counter()

    def pytest_runtest_logreport(self, report):
        self.seconds[file_of(report.nodeid)] += report.duration

    def pytest_sessionfinish(self):
        rounded = {name: round(seconds) for name, seconds in self.seconds.most_common()}
        FILE.write_text(json.dumps(rounded, indent=2) + "\n")
