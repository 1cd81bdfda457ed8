"""HTTP in, Lambda's payload 2.0 on, and the answer back: function URLs and HTTP APIs.

    /url/<function name>/<path>      a function URL
    /api/<api id>/<path>             an HTTP API with a Lambda proxy
    /control/<what>                  a test's own levers, see CONTROLS
"""

import base64
import json
import time
import uuid
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import unquote, urlsplit

from moto.apigatewayv2.models import apigatewayv2_backends
from moto.scheduler.models import scheduler_backends

from localaws import bus, firehose, functions, metrics

TEXT = ("application/json", "application/xml", "application/javascript", "text/")
URL_LIMIT = 6 * 1024 * 1024
API_LIMIT = 10 * 1024 * 1024
URL_PERMISSIONS = {"lambda:InvokeFunctionUrl", "lambda:InvokeFunction"}  # both, since October 2025


def event_of(method, path, query, headers, body, route):
    """A request as payload 2.0 has it."""
    now = time.time()
    lower = {name.lower(): value for name, value in headers}
    event = {
        "version": "2.0",
        "routeKey": route,
        "rawPath": path,
        "rawQueryString": query,
        "headers": lower,
        "requestContext": {
            "accountId": "anonymous",
            "apiId": "local",
            "domainName": lower.get("host", ""),
            "domainPrefix": "local",
            "http": {
                "method": method,
                "path": path,
                "protocol": "HTTP/1.1",
                "sourceIp": "127.0.0.1",
                "userAgent": lower.get("user-agent", ""),
            },
            "requestId": str(uuid.uuid4()),
            "routeKey": route,
            "stage": "$default",
            "time": time.strftime("%d/%b/%Y:%H:%M:%S +0000", time.gmtime(now)),
            "timeEpoch": int(now * 1000),
        },
        "isBase64Encoded": False,
    }
    if body:
        event |= encoded(body, lower.get("content-type", ""))
    return event


def encoded(body, content_type):
    """A body as text where its type says text and it is UTF-8, else in base64."""
    if content_type.lower().startswith(TEXT):
        try:
            return {"body": body.decode(), "isBase64Encoded": False}
        except UnicodeDecodeError:
            pass
    return {"body": base64.b64encode(body).decode(), "isBase64Encoded": True}


def http_of(answer):
    """(status, headers, body) of a function's answer."""
    value = json.loads(answer)
    if not isinstance(value, dict) or "statusCode" not in value:
        return 200, {"content-type": "application/json"}, answer
    body = value.get("body") or ""
    body = base64.b64decode(body) if value.get("isBase64Encoded") else body.encode()
    return value["statusCode"], {"content-type": "application/json", **(value.get("headers") or {})}, body


def run(function, event, failed, throttled):
    """The HTTP answer of a function to an event; the door's own where the function gave none."""
    payload = json.dumps(event, ensure_ascii=False).encode()
    try:
        answer, kind = functions.invoke(function, payload)
    except functions.TooLarge:
        return 413, {}, b'{"message":"Request Entity Too Large"}'
    except functions.Throttled:
        return throttled, {}, b'{"message":"Too Many Requests"}'
    if kind:
        return failed, {}, b'{"message":"Internal Server Error"}'
    return http_of(answer)


def by_url(name, request):
    answer = through_url(functions.find(name), request)
    for metric, statuses in (("Url4xxCount", range(400, 500)), ("Url5xxCount", range(500, 600))):
        metrics.count("AWS/Lambda", metric, 1 if answer[0] in statuses else 0, FunctionName=name)
    return answer


def through_url(function, request):
    allowed = {s["Action"] for s in function.policy.statements if s["Principal"] == "*"}
    if function.url_config is None or not URL_PERMISSIONS <= allowed:
        return 403, {}, b'{"Message":"Forbidden"}'
    if len(request["body"]) > URL_LIMIT:
        return 413, {}, b'{"message":"Request Entity Too Large"}'
    return run(function, event_of(**request, route="$default"), failed=502, throttled=429)


def by_api(api_id, request):
    answer = through_api(api_id, request)
    metrics.count("AWS/ApiGateway", "5xx", 1 if answer[0] >= 500 else 0, ApiId=api_id)
    group = f"/aws/vendedlogs/apigateway/{api_of(api_id).name}"
    functions.log("123456789012", functions.settings["region"], group, [json.dumps({"status": str(answer[0])})], "access")
    return answer


def api_of(api_id):
    return apigatewayv2_backends["123456789012"][functions.settings["region"]].get_api(api_id)


def through_api(api_id, request):
    api = api_of(api_id)
    routes = {route.route_key: route for route in api.routes.values()}
    keys = (f"{request['method']} {request['path']}", f"ANY {request['path']}", "$default")
    route = next((routes[key] for key in keys if key in routes), None)
    if route is None:
        return 404, {}, b'{"message":"Not Found"}'
    if len(request["body"]) > API_LIMIT:
        return 413, {}, b'{"message":"Request Entity Too Large"}'
    integration = api.get_integration(route.target.removeprefix("integrations/"))
    arn = integration.integration_uri.split("/functions/")[-1].removesuffix("/invocations")
    return run(functions.find(arn), event_of(**request, route=route.route_key), failed=500, throttled=503)


def fire(name):
    """Runs the target of the schedule of this name now, and waits for its end."""
    backend = scheduler_backends["123456789012"][functions.settings["region"]]
    for group in backend.schedule_groups.values():
        if name in group.schedules:
            target = group.schedules[name].target
            body = target.get("Input", "{}").encode()
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


DOORS = {"url": by_url, "api": by_api, "control": control}


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def handle_any(self):
        parts = urlsplit(self.path)
        _, door, name, *rest = (parts.path + "//").split("/", 3)
        request = {
            "method": self.command,
            "path": "/" + unquote("/".join(rest)).strip("/"),
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

    do_GET = do_POST = do_PUT = do_DELETE = do_PATCH = do_HEAD = do_OPTIONS = handle_any

    def log_message(self, *_):
        pass


def serve(port):
    return ThreadingHTTPServer(("127.0.0.1", port), Handler)
