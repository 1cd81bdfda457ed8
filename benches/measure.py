"""Running a process and saying what it took: wall clock, CPU seconds, the peak of its memory."""

import json
import os
import subprocess
import tempfile
import threading
import time
from dataclasses import dataclass, field


class Failed(Exception):
    """A process that had to work did not."""


@dataclass
class Taken:
    """What a process took. `report` is the JSON that it printed, where it printed any."""

    wall: float  # seconds
    cpu: float  # seconds, user and system, of all its threads
    peak: int  # bytes of resident memory
    report: dict = field(default_factory=dict)


def run(command, limit=1800, env=None):
    """Runs `command` to its end and measures it; `Failed` if it fails or takes over `limit` seconds."""
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        started = time.monotonic()
        child = subprocess.Popen([str(part) for part in command], stdin=subprocess.DEVNULL, stdout=out,
                                 stderr=err, env=env)
        timer = threading.Timer(limit, child.kill)
        timer.start()
        _, status, usage = os.wait4(child.pid, 0)
        wall = time.monotonic() - started
        timer.cancel()
        child.returncode = os.waitstatus_to_exitcode(status)
        out.seek(0)
        err.seek(0)
        if child.returncode != 0:
            said = err.read().decode(errors="replace").strip()[-600:]
            raise Failed(f"{' '.join(map(str, command))}: code {child.returncode} after {wall:.1f} s: {said}")
        text = out.read().decode(errors="replace").strip()
    try:
        report = json.loads(text)
    except ValueError:
        report = {}
    return Taken(wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024, report)


def best(takes):
    """The least of each: what else runs on the machine only ever adds."""
    return Taken(min(t.wall for t in takes), min(t.cpu for t in takes), max(t.peak for t in takes),
                 takes[-1].report)
