"""The real functions, built by plain cargo in the profile of the tests, as zips for Lambda."""

import fcntl
import os
import shutil
import subprocess
import zipfile
from functools import cache
from pathlib import Path

from localaws.stack import REPOSITORY

NAMES = ("ingest", "compactor", "echo")
TARGET = Path(os.environ.get("CARGO_TARGET_DIR", REPOSITORY / "target"))


@cache
def build():
    """{name: path of the zip}, and `lakequery` beside them; nothing is built that is there already."""
    TARGET.mkdir(parents=True, exist_ok=True)
    # One worker builds and zips, the others wait for it and find what it made.
    with (TARGET / "lambda.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        # The whole workspace, as `cargo test --workspace` builds it: with the same features.
        subprocess.run(["cargo", "build", "--workspace", "--bins", "--locked", "--quiet"], cwd=REPOSITORY, check=True)
        return {name: zipped(TARGET / "debug" / name) for name in NAMES}


def zipped(binary):
    folder = TARGET / "debug/lambda" / binary.name
    path = folder / "bootstrap.zip"
    if path.exists() and path.stat().st_mtime > binary.stat().st_mtime:
        return path
    folder.mkdir(parents=True, exist_ok=True)
    bootstrap = folder / "bootstrap"
    # What a debugger reads would be most of it.
    subprocess.run([shutil.which("strip") or "llvm-strip", "-o", bootstrap, binary], check=True)
    part = folder / "part.zip"
    with zipfile.ZipFile(part, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        archive.write(bootstrap, "bootstrap")
    bootstrap.unlink()
    part.rename(path)
    return path
