"""The Node function's zip: dependencies by the lock file, minified bundles, a bootstrap."""

import os
import shutil
import subprocess
import zipfile
from pathlib import Path

SOURCE = Path(__file__).parent / "node"
CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "octolake" / "bench-node"


def version():
    return subprocess.run(["node", "--version"], check=True, capture_output=True, text=True).stdout.strip()


def build():
    """The path of the zip. Nothing is written into the repository."""
    CACHE.mkdir(parents=True, exist_ok=True)
    lock, installed = SOURCE / "package-lock.json", CACHE / "node_modules" / ".installed"
    for file in SOURCE.iterdir():
        shutil.copy(file, CACHE)
    if not installed.exists() or installed.read_bytes() != lock.read_bytes():
        npm("ci")
        shutil.copy(lock, installed)
    npm("run", "build")
    made = CACHE / "bootstrap.zip"
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        archive.write(SOURCE / "bootstrap", "bootstrap")
        for bundle in ("runtime.js", "large.js"):
            archive.write(CACHE / "dist" / bundle, bundle)
    return made


def npm(*args):
    done = subprocess.run(["npm", *args], cwd=CACHE, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"bench: npm {' '.join(args)} failed in {CACHE}:\n{done.stdout}{done.stderr}")
