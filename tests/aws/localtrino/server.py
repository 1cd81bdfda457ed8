"""The process: fetched, started, asked, stopped."""

import socket
import subprocess
import tempfile
import time
from pathlib import Path

import trino

from localtrino import catalogs, jdk

FETCH = Path(__file__).resolve().parents[1] / "fetch-trino"
START_SECONDS = 180
LOG_LINES = 60


class Trino:
    """A Trino over a local AWS, and one database of its Glue."""

    def __init__(self, aws, database):
        self.aws, self.database = aws, database

    def start(self):
        """Starts it, and does not wait for it."""
        java, home = jdk.find(), fetched()
        self._folder = tempfile.TemporaryDirectory(prefix="trino-")
        folder = Path(self._folder.name)
        self._log = folder / "log"
        self.port = free_port()
        for path, text in catalogs.files(folder, self.port, self.aws).items():
            (folder / "etc" / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / "etc" / path).write_text(text)
        # It looks for these where it is started, and writes there.
        for part in ("plugin", "secrets-plugin"):
            (folder / part).symlink_to(home / part)
        self._began = time.monotonic()
        with self._log.open("w") as log:
            self._process = subprocess.Popen(
                command(java, home, folder), cwd=folder, stdout=log, stderr=subprocess.STDOUT
            )
        return self

    def wait(self):
        """Until it runs a query: one in its first second may find no node to run on."""
        deadline = self._began + START_SECONDS
        while True:
            if self._process.poll() is not None:
                raise RuntimeError(f"Trino ended by itself:\n{self.log()}")
            try:
                return self.rows("select 1 as one")
            except (trino.exceptions.Error, trino.exceptions.HttpError, OSError):
                if time.monotonic() > deadline:
                    raise
            time.sleep(1)

    def log(self):
        """The end of what it logged."""
        return "\n".join(self._log.read_text(errors="replace").splitlines()[-LOG_LINES:])

    def stop(self):
        self._process.terminate()
        try:
            self._process.wait(30)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._folder.cleanup()

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.stop()

    def dicts(self, sql, catalog="lake"):
        """The rows of an answer, each {column: value}; the end of Trino's log is in an error."""
        settings = {"catalog": catalog, "schema": self.database, "timezone": "UTC"}
        with trino.dbapi.connect(host="127.0.0.1", port=self.port, user="test", **settings) as connection:
            cursor = connection.cursor()
            try:
                rows = cursor.execute(sql).fetchall()
            except Exception as error:
                error.add_note(self.log())
                raise
            names = [column.name for column in cursor.description or []]
        return [dict(zip(names, row, strict=True)) for row in rows]

    def rows(self, sql, catalog="lake"):
        return [tuple(row.values()) for row in self.dicts(sql, catalog)]

    def forget(self):
        """Empties its caches of what Glue and S3 say."""
        for catalog in ("lake", "raw"):
            self.rows("call system.flush_metadata_cache()", catalog)


def fetched():
    """The folder that Trino is unpacked in."""
    done = subprocess.run([FETCH], stdout=subprocess.PIPE, text=True)
    if done.returncode != 0:
        raise RuntimeError("there is no Trino: fetch-trino says above what it needs")
    return Path(done.stdout.strip())


def command(java, home, folder):
    """As its launcher would start it."""
    jvm = (folder / "etc/jvm.config").read_text().split()
    properties = {
        "config": folder / "etc/config.properties",
        "log.levels-file": folder / "etc/log.properties",
        "java.io.tmpdir": folder,
    }
    settings = [f"-D{name}={value}" for name, value in properties.items()]
    return [java, *jvm, *settings, "-cp", f"{home}/lib/*", "io.trino.server.TrinoServer"]


def free_port():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return taken.getsockname()[1]
