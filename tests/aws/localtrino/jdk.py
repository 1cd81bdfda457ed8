"""Finding a JDK that can run Trino."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

OLDEST = 24
DEBIAN = Path("/usr/lib/jvm")


def find():
    """The `java` of the first JDK that is new enough; fails with a sentence where there is none."""
    found = {str(java): version(java) for java in candidates()}
    for java, number in found.items():
        if number >= OLDEST:
            return java
    told = ", ".join(f"{java} is {number}" for java, number in found.items()) or "there is none at all"
    raise RuntimeError(
        f"Trino needs a JDK of {OLDEST} or newer, and {told}: install one (Temurin 25, say), "
        "and set OCTOLAKE_JDK to its folder where it is not in JAVA_HOME, PATH or " + str(DEBIAN)
    )


def candidates():
    for name in ("OCTOLAKE_JDK", "JAVA_HOME"):
        if os.environ.get(name):
            yield Path(os.environ[name]) / "bin/java"
    on_path = shutil.which("java")
    if on_path:
        yield Path(on_path)
    yield from sorted(DEBIAN.glob("*/bin/java"))


def version(java):
    """The number of its release, `25` of `openjdk version "25.0.1"`; 0 where it doesn't say."""
    try:
        done = subprocess.run([java, "-version"], capture_output=True, text=True, timeout=60)
    except OSError:
        return 0
    said = re.search(r'version "(\d+)', done.stderr)
    return int(said[1]) if said else 0


if __name__ == "__main__":
    try:
        print(find())
    except RuntimeError as error:
        sys.exit(f"{error}")
