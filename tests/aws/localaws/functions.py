"""Lambda's data plane: unpacks the zip that was uploaded and runs its `bootstrap` against the
Runtime API, one event at a time in each environment, environments kept warm."""

import array
import base64
import fcntl
import io
import json
import os
import queue
import select
import subprocess
import tempfile
import termios
import threading
import time
import uuid
import zipfile
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from moto.awslambda.models import LambdaBackend
from moto.awslambda.utils import get_backend
from moto.awslambda_simple.models import LambdaSimpleBackend
from moto.logs.models import logs_backends
from moto.sqs.models import sqs_backends

from localaws import metrics, permissions, versions

SYNC_LIMIT = 6 * 1024 * 1024
ASYNC_LIMIT = 1024 * 1024
ENVIRONMENTS = 4  # of one function; further events wait
INIT_SECONDS = 10  # that a start may take, which is no part of its first event's time

API = "/2018-06-01/runtime/"
settings = {"endpoint": None, "region": "eu-central-1"}
_pools, _lock = {}, threading.Lock()


class Throttled(Exception):
    """Reserved concurrency is used up."""


class TooLarge(Exception):
    """The payload is over Lambda's limit."""


class NotReady(Exception):
    """A version that was published a moment ago."""


class Environment:
    """One process of a version of a function, with a Runtime API of its own."""

    def __init__(self, function):
        self.function, self.events, self.pending = function, queue.Queue(), {}
        self.stream = f"{time.strftime('%Y/%m/%d')}/[{function.version}]{uuid.uuid4().hex}"
        self.folder = tempfile.TemporaryDirectory(prefix="lambda-")
        self.api = ThreadingHTTPServer(("127.0.0.1", 0), runtime_api(self))
        threading.Thread(target=self.api.serve_forever, daemon=True).start()
        self.process, self.copying = self.start(), threading.Lock()
        self.copier = threading.Thread(target=self.copy_output, daemon=True)
        self.copier.start()

    def start(self):
        with zipfile.ZipFile(io.BytesIO(self.function.code_bytes)) as archive:
            archive.extractall(self.folder.name)
        bootstrap = os.path.join(self.folder.name, "bootstrap")
        os.chmod(bootstrap, 0o755)
        return subprocess.Popen(
            [bootstrap],
            cwd=self.folder.name,
            env=self.variables(),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )

    def variables(self):
        """The environment as Lambda makes it, and nothing of this machine's but PATH."""
        return {
            "PATH": os.environ["PATH"],
            "AWS_LAMBDA_RUNTIME_API": "127.0.0.1:%d" % self.api.server_address[1],
            "AWS_LAMBDA_FUNCTION_NAME": self.function.function_name,
            "AWS_LAMBDA_FUNCTION_VERSION": str(self.function.version),
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(self.function.memory_size),
            "AWS_LAMBDA_LOG_GROUP_NAME": log_group(self.function),
            "AWS_LAMBDA_LOG_STREAM_NAME": self.stream,
            "AWS_LAMBDA_LOG_FORMAT": self.function.logging_config.get("LogFormat", "Text"),
            "AWS_LAMBDA_LOG_LEVEL": self.function.logging_config.get("ApplicationLogLevel", "INFO"),
            "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
            "LAMBDA_TASK_ROOT": self.folder.name,
            "_HANDLER": self.function.handler or "bootstrap",
            "AWS_REGION": self.function.region,
            "AWS_DEFAULT_REGION": self.function.region,
            "AWS_ACCESS_KEY_ID": permissions.role_key(self.function.role),
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_ENDPOINT_URL": settings["endpoint"] or "",
            **{name: str(value) for name, value in self.function.environment_vars.items()},
        }

    def copy_output(self):
        pipe, part, chunk = self.process.stdout.fileno(), b"", b"-"
        while chunk:
            select.select([pipe], [], [])
            with self.copying:
                chunk = os.read(pipe, 65536)
                *lines, part = (part + chunk).split(b"\n")
                lines += [part] if part and not chunk else []
                for line in lines:
                    text = line.decode(errors="replace")
                    log(self.function.account_id, self.function.region, log_group(self.function), [text], self.stream)

    def wait_for_output(self):
        """Until what it has written is in its log: then an answer never comes before its lines."""
        unread = array.array("i", [1])
        while unread[0] and self.copier.is_alive():
            with self.copying:
                fcntl.ioctl(self.process.stdout.fileno(), termios.FIONREAD, unread)
            time.sleep(0.001 if unread[0] else 0)

    def invoke(self, arn, body):
        """(answer, kind of error or None) of an event to the function by this ARN."""
        request, answered = str(uuid.uuid4()), threading.Event()
        self.pending[request] = [answered, None, None]
        timeout, self.taken = int(self.function.timeout), None
        self.events.put((request, arn, body))
        starts_until = time.monotonic() + INIT_SECONDS
        while not answered.wait(0.05):
            if self.process.poll() is not None:
                self.stop()
                return error("Runtime.ExitError", f"RequestId: {request} Error: Runtime exited"), "Unhandled"
            if time.monotonic() > (self.taken or starts_until) + timeout:
                self.stop()
                text = f"{request} Task timed out after {timeout}.00 seconds"
                return error("Sandbox.Timedout", text), "Unhandled"
        self.wait_for_output()
        _, answer, kind = self.pending.pop(request)
        return answer, kind

    def is_alive(self):
        return self.process.poll() is None

    def stop(self):
        self.process.kill()
        self.process.wait()
        self.events.put(None)
        self.api.shutdown()
        self.api.server_close()
        self.folder.cleanup()


def runtime_api(environment):
    """The four calls of the Runtime API, for one environment."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_GET(self):
            got = environment.events.get()
            if got is None:  # stopped: nobody is there to be told
                self.close_connection = True
                return None
            request, arn, body = got
            environment.taken = time.monotonic()
            deadline = int((time.time() + int(environment.function.timeout)) * 1000)
            return self.answer(
                200,
                body,
                {
                    "Lambda-Runtime-Aws-Request-Id": request,
                    "Lambda-Runtime-Deadline-Ms": str(deadline),
                    "Lambda-Runtime-Invoked-Function-Arn": arn,
                    "Lambda-Runtime-Trace-Id": f"Root=1-{int(time.time()):08x}-{uuid.uuid4().hex[:24]};Sampled=0",
                },
            )

        def do_POST(self):
            body = self.body()
            parts = self.path.removeprefix(API).split("/")
            if parts[0] == "invocation" and parts[1] in environment.pending:
                waiting = environment.pending[parts[1]]
                waiting[1], waiting[2] = body, None if parts[2] == "response" else "Unhandled"
                if len(body) > SYNC_LIMIT:
                    waiting[1:] = [error("Function.ResponseSizeTooLarge", "the response is over 6 MB"), "Unhandled"]
                waiting[0].set()
            return self.answer(202, b'{"status":"OK"}')

        def body(self):
            if "chunked" not in self.headers.get("Transfer-Encoding", ""):
                return self.rfile.read(int(self.headers.get("Content-Length", 0)))
            parts = []
            while size := int(self.rfile.readline().split(b";")[0], 16):
                parts.append(self.rfile.read(size))
                self.rfile.readline()
            self.rfile.readline()
            return b"".join(parts)

        def answer(self, status, body, headers=None):
            self.send_response(status)
            for name, value in {"Content-Type": "application/json", **(headers or {})}.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    return Handler


def error(kind, message):
    return json.dumps({"errorType": kind, "errorMessage": message}).encode()


class Pool:
    """The environments of one function, whatever their version: idle ones are used again, new code
    starts new ones."""

    def __init__(self):
        self.idle, self.busy, self.free = [], 0, threading.Condition()

    def run(self, called, body):
        environment = self.take(called.function, called.latest.reserved_concurrency)
        try:
            return environment.invoke(called.arn, body)
        finally:
            self.give_back(environment)

    def take(self, function, reserved):
        with self.free:
            if reserved is not None and self.busy >= int(reserved):
                raise Throttled(f"Rate Exceeded: {function.function_name}")
            self.free.wait_for(lambda: self.busy < ENVIRONMENTS)
            self.busy += 1
            for environment in [one for one in self.idle[::-1] if one.function.version == function.version]:
                self.idle.remove(environment)
                if environment.is_alive() and environment.made_of == made_of(function):
                    return environment
                environment.stop()
        try:
            environment = Environment(function)
            environment.made_of = made_of(function)
            return environment
        except BaseException:
            self.give_back(None)
            raise

    def give_back(self, environment):
        with self.free:
            self.busy -= 1
            if environment and environment.is_alive():
                self.idle.append(environment)
            self.free.notify()


def made_of(function):
    """What an environment has to be started anew for."""
    return function.code_digest, json.dumps(function.environment_vars, sort_keys=True), function.memory_size


def find(name):
    """What is called by a name or ARN, with a qualifier or without."""
    parts = name.split(":")
    region = parts[3] if len(parts) > 6 else settings["region"]
    account = parts[4] if len(parts) > 6 else "123456789012"
    return versions.called(get_backend(account, region), name)


def invoke(called, body):
    """Runs what is called and gives (answer, kind of error or None)."""
    if len(body) > SYNC_LIMIT:
        raise TooLarge(f"{len(body)} bytes: over 6 MB")
    if not called.is_ready:
        raise NotReady(f"{called.arn} is pending")
    with _lock:
        pool = _pools.setdefault(called.latest.function_arn, Pool())
    # Of all versions together, as the dimension FunctionName alone has it.
    named = {"FunctionName": called.function.function_name}
    try:
        answer, kind = pool.run(called, body)
    except Throttled:
        metrics.count("AWS/Lambda", "Throttles", **named)
        raise
    metrics.count("AWS/Lambda", "Invocations", **named)
    metrics.count("AWS/Lambda", "Errors", 1 if kind else 0, **named)
    return answer, kind


def invoke_later(name, body):
    """An asynchronous invocation: retried, and then sent to the destination for failures."""
    if len(body) > ASYNC_LIMIT:
        raise TooLarge(f"{len(body)} bytes: over 1 MB")
    thread = threading.Thread(target=invoke_with_retries, args=(find(name), body), daemon=True)
    thread.start()
    return thread


def invoke_with_retries(called, body):
    config = called.of.event_invoke_config[0].config if called.of.event_invoke_config else {}
    for attempt in range(1 + config.get("MaximumRetryAttempts", 2)):
        try:
            answer, kind = invoke(called, body)
        except Exception as failure:  # noqa: BLE001 - such as a zip without a bootstrap
            answer, kind = error(type(failure).__name__, str(failure)), "Unhandled"
        if kind is None:
            return answer
    queue_arn = config.get("DestinationConfig", {}).get("OnFailure", {}).get("Destination", "")
    if ":sqs:" in queue_arn:
        _, _, _, region, account, name = queue_arn.split(":", 5)
        message = {
            "requestContext": {"functionArn": called.arn, "approximateInvokeCount": attempt + 1},
            "requestPayload": json.loads(body or b"null"),
            "responsePayload": json.loads(answer),
        }
        sqs_backends[account][region].send_message(queue_name=name, message_body=json.dumps(message))
    return answer


def log_group(function):
    return function.logging_config.get("LogGroup") or f"/aws/lambda/{function.function_name}"


def log(account, region, group, lines, stream="events"):
    """Writes lines to a log group that is there; a group that nobody made takes none."""
    backend = logs_backends[account][region]
    if group not in backend.groups:
        return
    metrics.of_log(group, lines)
    if stream not in backend.groups[group].streams:
        backend.create_log_stream(group, stream)
    now = int(time.time() * 1000)
    backend.put_log_events(group, stream, [{"timestamp": now, "message": line or " "} for line in lines])


def api_invoke(backend, function_name, qualifier, body, headers, response_headers):
    """Lambda's Invoke, as moto's server hands it on."""
    called = versions.called(backend, function_name, qualifier)
    payload = (body.encode() if isinstance(body, str) else body) or b"{}"
    if headers.get("X-Amz-Invocation-Type") == "Event":
        invoke_later(called.arn, payload)
        return b""
    try:
        answer, kind = invoke(called, payload)
    except NotReady as error:
        raise versions.Conflict(str(error)) from error
    if kind:
        response_headers["x-amz-function-error"] = kind
    response_headers["x-amz-log-result"] = base64.b64encode(b"").decode()
    return answer


def stop_all():
    with _lock:
        for pool in _pools.values():
            for environment in pool.idle:
                environment.stop()
        _pools.clear()


def install():
    LambdaBackend.invoke = api_invoke
    LambdaSimpleBackend.invoke = api_invoke
