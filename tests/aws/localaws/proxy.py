"""A request as Lambda's payload 2.0, and a function's answer as HTTP: what function URLs and HTTP APIs
share."""

import base64
import json
import time
import uuid

from localaws import functions

JSON = {"content-type": "application/json"}
TEXT = ("application/json", "application/xml", "application/javascript", "text/")


def refusal(status, text):
    """An answer of AWS's own, without a function."""
    return status, JSON, json.dumps({"message": text}, separators=(",", ":")).encode()


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
        return 200, JSON, answer
    body = value.get("body") or ""
    body = base64.b64decode(body) if value.get("isBase64Encoded") else body.encode()
    return value["statusCode"], {**JSON, **(value.get("headers") or {})}, body


def run(called, event, failed, throttled):
    """The HTTP answer of what is called to an event; the door's own where the function gave none: `failed`
    is its status then, and `throttled` its answer where no environment is free."""
    payload = json.dumps(event, ensure_ascii=False).encode()
    try:
        answer, kind = functions.invoke(called, payload)
    except functions.TooLarge:
        return refusal(413, "Request Entity Too Large")
    except functions.Throttled:
        return throttled
    except functions.NotReady:
        return refusal(failed, "Internal Server Error")
    if kind:
        return refusal(failed, "Internal Server Error")
    return http_of(answer)
