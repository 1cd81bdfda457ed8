"""A function's zip, run as Lambda runs it: one process, one event at a time, times taken here."""

import asyncio
import os
import re
import subprocess
import tempfile
import time
import uuid
import zipfile

from bench import wire

MEMORY_MB = 256  # the module's default
PREFIX = b" /2018-06-01/runtime/invocation/"
CORES = sorted(os.sched_getaffinity(0))


def stay_on(cores):
    os.sched_setaffinity(0, cores)


class Function:
    """A zip, unpacked once."""

    def __init__(self, name, zip_path, variables):
        self.name, self.zip_bytes, self.variables = name, os.path.getsize(zip_path), variables
        self.folder = tempfile.TemporaryDirectory(prefix="bench-")
        with zipfile.ZipFile(zip_path) as archive:
            archive.extractall(self.folder.name)
        self.bootstrap = os.path.join(self.folder.name, "bootstrap")
        os.chmod(self.bootstrap, 0o755)

    async def start(self):
        """A new environment, from the start of its process to its first wait for an event."""
        return await Environment(self).start()


class Environment:
    """One process with a Runtime API of its own. Times are in seconds of the monotonic clock."""

    def __init__(self, function):
        self.function, self.waiting, self.log = function, None, tempfile.TemporaryFile()
        self.ready, self.answered = asyncio.Event(), None

    async def start(self):
        self.server, port = await wire.listen(self.answer)
        # The function has the last core for itself, as a Lambda has; the measuring side the others.
        stay_on(CORES[-1:])
        self.started = time.perf_counter()
        self.process = subprocess.Popen(
            [self.function.bootstrap],
            cwd=self.function.folder.name,
            env=self.environment(port),
            stdin=subprocess.DEVNULL,
            stdout=self.log,
            stderr=subprocess.STDOUT,
        )
        stay_on(CORES[:-1] or CORES)
        await self.until(self.ready.wait())
        self.init = self.polled - self.started
        return self

    def environment(self, port):
        """As Lambda makes it, and nothing of this machine's but PATH."""
        return {
            "PATH": os.environ["PATH"],
            "AWS_LAMBDA_RUNTIME_API": f"127.0.0.1:{port}",
            "AWS_LAMBDA_FUNCTION_NAME": self.function.name,
            "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(MEMORY_MB),
            "AWS_LAMBDA_LOG_GROUP_NAME": f"/aws/lambda/{self.function.name}",
            "AWS_LAMBDA_LOG_STREAM_NAME": "bench",
            "AWS_LAMBDA_LOG_FORMAT": "JSON",
            "AWS_LAMBDA_LOG_LEVEL": "INFO",
            "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
            "LAMBDA_TASK_ROOT": self.function.folder.name,
            "_HANDLER": "bootstrap",
            "AWS_REGION": "eu-central-1",
            "AWS_DEFAULT_REGION": "eu-central-1",
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            **self.function.variables,
        }

    def answer(self, connection, head, body):
        """The Runtime API: `next`, and what an event was answered with."""
        now = time.perf_counter()
        if head.startswith(b"GET" + PREFIX + b"next"):
            self.polled, self.waiting = now, connection
            self.ready.set()
            return
        connection.send(b"202 Accepted", b'{"status":"OK"}', b"content-type: application/json\r\n")
        if re.match(rb"POST%b[\w-]+/response " % PREFIX, head):
            self.answered.set_result((now, body))
        else:
            self.answered.set_exception(AssertionError(f"{self.function.name} failed: {head[:80]!r} {body[:500]!r}"))

    async def invoke(self, event):
        """(seconds from giving the event to having the answer, the answer)."""
        await self.until(self.ready.wait())
        self.ready.clear()
        self.answered = asyncio.get_running_loop().create_future()
        head = (
            f"lambda-runtime-aws-request-id: {uuid.uuid4()}\r\n"
            f"lambda-runtime-deadline-ms: {int(time.time() * 1000) + 10_000}\r\n"
            f"lambda-runtime-invoked-function-arn: arn:aws:lambda:eu-central-1:123456789012:function:{self.function.name}\r\n"
            "lambda-runtime-trace-id: Root=1-5bef4de7-ad49b0e87f6ef6c87fc2e700;Sampled=0\r\n"
            "content-type: application/json\r\n"
        ).encode()
        self.given = time.perf_counter()
        self.waiting.send(b"200 OK", event, head)
        at, body = await self.until(self.answered)
        return at - self.given, body

    async def until(self, what):
        try:
            return await asyncio.wait_for(what, 20)
        except TimeoutError:
            raise AssertionError(f"{self.function.name} does not answer; its log ends: {self.text()[-1000:]}") from None

    def peak_memory(self):
        """The largest resident size that the processes had, in bytes."""
        return sum(int(re.search(r"VmHWM:\s+(\d+) kB", read(f"/proc/{pid}/status"))[1]) << 10 for pid in self.pids())

    def cpu(self):
        """Processor time used so far, in seconds: user and system."""
        ticks = (read(f"/proc/{pid}/stat").rsplit(")", 1)[1].split()[11:13] for pid in self.pids())
        return sum(int(user) + int(system) for user, system in ticks) / os.sysconf("SC_CLK_TCK")

    def pids(self):
        pids = [self.process.pid]
        for pid in pids:  # grows on the way: children of children
            pids += map(int, read(f"/proc/{pid}/task/{pid}/children").split())
        return pids

    def text(self):
        """What the function logged."""
        self.log.seek(0)
        return self.log.read().decode(errors="replace")

    def stop(self):
        self.process.kill()
        self.process.wait()
        self.server.close()


def read(path):
    with open(path) as file:
        return file.read()
