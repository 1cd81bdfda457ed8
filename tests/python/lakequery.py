"""The built binary, as these tests run it."""

import json
import os
import subprocess

BINARY = os.environ["LAKEQUERY"]
TIMEOUT = 300


def run(*args, code=0, env=None):
    """Runs it to its end and gives back what it printed; its exit code must be `code`."""
    done = subprocess.run(
        [BINARY, *map(str, args)], capture_output=True, text=True, timeout=TIMEOUT, env=env
    )
    assert done.returncode == code, f"{args}: {done.returncode}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def ask(lake, *args, env=None):
    """Its answer in JSON."""
    return json.loads(run("--lake", lake, "--format", "json", *args, env=env))
