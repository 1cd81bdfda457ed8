"""The doors, as one HTTP server has them.

    /url/<function name>/<path>      a function URL; of an alias: /url/<function name>:<alias>/<path>
    /api/<api id>/<path>             an HTTP API, see httpapi.py
    /control/<what>                  a test's own levers, see CONTROLS
"""

import json
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import unquote, urlsplit

from moto.awslambda.exceptions import UnknownFunctionException
from moto.scheduler.models import scheduler_backends

from localaws import bus, firehose, functions, httpapi, metrics, proxy, targets

URL_LIMIT = 6 * 1024 * 1024
URL_PERMISSIONS = {"lambda:InvokeFunctionUrl", "lambda:InvokeFunction"}  # both, since October 2025


def by_url(name, request):
    answer = through_url(name, request)
    for metric, statuses in (("Url4xxCount", range(400, 500)), ("Url5xxCount", range(500, 600))):
        metrics.count("AWS/Lambda", metric, 1 if answer[0] in statuses else 0, FunctionName=name.partition(":")[0])
    return answer


def through_url(name, request):
    """Its permissions are those of the very function or alias that has the URL."""
    forbidden = 403, proxy.JSON, b'{"Message":"Forbidden"}'
    try:
        called = functions.find(name)
    except UnknownFunctionException:
        return forbidden
    allowed = {s["Action"] for s in called.of.policy.statements if s["Principal"] == "*"}
    if called.of.url_config is None or not URL_PERMISSIONS <= allowed:
        return forbidden
    if len(request["body"]) > URL_LIMIT:
        return proxy.refusal(413, "Request Entity Too Large")
    event = proxy.event_of(**request, route="$default")
    return proxy.run(called, event, failed=502, throttled=proxy.refusal(429, "Too Many Requests"))


def fire(name):
    """Runs the target of the schedule of this name now, and waits for its end."""
    backend = scheduler_backends["123456789012"][functions.settings["region"]]
    for group in backend.schedule_groups.values():
        if name in group.schedules:
            target = group.schedules[name].target
            body = target.get("Input", "{}").encode()
            targets.must_be_allowed(target["RoleArn"], "lambda:InvokeFunction", target["Arn"])
            return json.loads(functions.invoke_with_retries(functions.find(target["Arn"]), body))
    raise KeyError(f"no schedule {name}")


def fail_events(count):
    """The next so many entries of PutEvents fail; 0 ends it."""
    bus.settings["failing_entries"] = int(count)


def fail_calls(count):
    """The next so many calls of PutEvents fail as a whole; 0 ends it."""
    bus.settings["failing_calls"] = int(count)


def limit_events(size):
    """Bytes that one call of PutEvents may carry: 262144 is the quota before 2026."""
    bus.settings["call_limit"] = int(size)


def look_at_alarms(ahead=0):
    """Evaluates every alarm as it would be so many seconds from now; gives {name: state}."""
    return metrics.look(firehose.buffers(), ahead)


# POST /control/<name>, its JSON body {"args": […]} being the arguments.
CONTROLS = {
    "flush": firehose.flush_all,  # closes Firehose's open objects and gives their keys
    "fire": fire,
    "alarms": look_at_alarms,
    "fail-calls": fail_calls,
    "fail-events": fail_events,
    "limit-events": limit_events,
    "stop-functions": functions.stop_all,  # the next event of each starts cold
}


def control(name, request):
    try:
        args = json.loads(request["body"] or b"{}").get("args", [])
        return 200, {}, json.dumps({"result": CONTROLS[name](*args)}).encode()
    except (KeyError, ValueError, TypeError) as error:
        return 400, {}, json.dumps({"error": repr(error)}).encode()


DOORS = {"url": by_url, "api": httpapi.by_api, "control": control}


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def handle_any(self):
        parts = urlsplit(self.path)
        _, door, name, path = [*parts.path.split("/", 3), "", "", ""][:4]
        request = {
            "method": self.command,
            "path": "/" + unquote(path),
            "query": parts.query,
            "headers": self.headers.items(),
            "body": self.rfile.read(int(self.headers.get("Content-Length") or 0)),
        }
        try:
            status, headers, body = DOORS[door](name, request) if door in DOORS else (404, {}, b"")
        except Exception as error:  # noqa: BLE001 - the emulator's own fault, told as such
            status, headers, body = 500, {}, f"localaws: {error!r}".encode()
        self.send_response(status)
        for header, value in headers.items():
            self.send_header(header, str(value))
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    do_GET = do_POST = do_PUT = do_DELETE = do_PATCH = do_HEAD = do_OPTIONS = do_TRACE = handle_any

    def log_message(self, *_):
        pass


def serve(port):
    return ThreadingHTTPServer(("127.0.0.1", port), Handler)
