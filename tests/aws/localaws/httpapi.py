"""HTTP APIs: a request goes by its route, through the throttling of its stage and the route's
authorizer, to a function or straight to EventBridge's PutEvents. What is refused is told in the words of
API Gateway.
"""

import json
import re
import time

from moto.apigatewayv2.models import apigatewayv2_backends
from moto.core.exceptions import JsonRESTError
from moto.events.models import events_backends

from localaws import authorizers, bus, functions, metrics, permissions, policies, proxy

BODY_LIMIT = 10 * 1024 * 1024
MAPPED_LIMIT = 100 * 1024  # a mapping that takes a part of the body sees so much of it
STAGE = "$default"

_buckets = {}  # API's id: (tokens left, when)


def by_api(api_id, request):
    api = api_of(api_id)
    answer = through(api, request)
    metrics.count("AWS/ApiGateway", "5xx", 1 if answer[0] >= 500 else 0, ApiId=api_id)
    functions.log(permissions.ACCOUNT, region(), f"/aws/vendedlogs/apigateway/{api.name}", [json.dumps({"status": str(answer[0])})], "access")
    return answer


def region():
    return functions.settings["region"]


def api_of(api_id):
    return apigatewayv2_backends[permissions.ACCOUNT][region()].get_api(api_id)


def through(api, request):
    route, parameters = find_route(api, request["method"], request["path"])
    if route is None:
        return proxy.refusal(404, "Not Found")
    if not has_token(api):
        return proxy.refusal(429, "Too Many Requests")
    if len(request["body"]) > BODY_LIMIT:
        return proxy.refusal(413, "Request Entity Too Large")
    if refused := authorizers.refusal(api, route, request):
        return refused
    integration = api.get_integration(route.target.removeprefix("integrations/"))
    if integration.integration_subtype == "EventBridge-PutEvents":
        return put_event(integration, request, parameters)
    arn = integration.integration_uri.split("/functions/")[-1].removesuffix("/invocations")
    called = functions.find(arn)
    if not may_call(api, called, request):
        return proxy.refusal(500, "Internal Server Error")
    event = proxy.event_of(**request, route=route.route_key)
    return proxy.run(called, event, failed=500, throttled=proxy.refusal(503, "Service Unavailable"))


def may_call(api, called, request):
    """Whether the function's own policy lets this API call it; an alias has a policy to itself."""
    of_ours = [one for one in called.of.policy.statements if one["Principal"] == {"Service": "apigateway.amazonaws.com"}]
    statements = [{key: value for key, value in one.items() if key != "Principal"} for one in of_ours]
    source = f"arn:aws:execute-api:{region()}:{permissions.ACCOUNT}:{api.api_id}/{STAGE}/{request['method']}{request['path']}"
    return policies.is_allowed([{"Statement": statements}], "lambda:InvokeFunction", called.arn, {"AWS:SourceArn": source})


def find_route(api, method, path):
    """The route of a request, and what stands at the {names} of its path; a route of a method comes
    before one of any."""
    for wanted in (method, "ANY"):
        for route in api.routes.values():
            verb, _, pattern = route.route_key.partition(" ")
            names = re.sub(r"\\{(\w+)\\}", r"(?P<\1>[^/]+)", re.escape(pattern))
            if verb == wanted and (found := re.fullmatch(names, path)):
                return route, found.groupdict()
    return next((route for route in api.routes.values() if route.route_key == "$default"), None), {}


def has_token(api):
    """Whether the stage's throttling lets one more request through."""
    stage = api.stages.get(STAGE)
    limits = stage.default_route_settings if stage else {}
    rate, burst = limits.get("throttlingRateLimit"), limits.get("throttlingBurstLimit")
    if rate is None or burst is None:
        return True
    now = time.monotonic()
    left, since = _buckets.get(api.api_id, (burst, now))
    left = min(burst, left + (now - since) * rate)
    _buckets[api.api_id] = (left - 1 if left >= 1 else left, now)
    return left >= 1


# --- PutEvents without a function -----------------------------------------------------------------


def put_event(integration, request, parameters):
    """One entry, made as the integration maps it and put by the integration's role."""
    mapped = {name: value_of(text, request, parameters) for name, text in integration.request_parameters.items()}
    entry = {name: value for name, value in mapped.items() if value}
    role = permissions.principal_of(permissions.role_key(integration.credentials_arn))
    wanted = {"events:source": entry.get("Source", ""), "events:detail-type": entry.get("DetailType", "")}
    if role and not role.may("events:PutEvents", bus_arn(entry), wanted):
        role.refused.append(("events:PutEvents", bus_arn(entry)))
        return proxy.refusal(403, "Forbidden")
    try:
        answers = bus.put_events(events_backends[permissions.ACCOUNT][region()], [entry])
    except JsonRESTError as error:
        return error.code, {"content-type": "application/x-amz-json-1.1"}, error.get_body().encode()
    # PutEvents itself answers 200 for an entry that it did not take: the body tells.
    told = {"Entries": answers, "FailedEntryCount": sum("ErrorCode" in answer for answer in answers)}
    return 200, {"content-type": "application/x-amz-json-1.1"}, json.dumps(told).encode()


def bus_arn(entry):
    name = entry.get("EventBusName", "default")
    return name if name.startswith("arn:") else f"arn:aws:events:{region()}:{permissions.ACCOUNT}:event-bus/{name}"


def value_of(text, request, parameters):
    """What a mapping's text stands for: a part of the request, or itself."""
    kind, _, name = text.removeprefix("$request.").partition(".")
    if not text.startswith("$"):
        return text
    if text == "$request.body":
        return request["body"].decode(errors="replace")
    if kind == "body":
        return part_of(request["body"], name)
    if kind == "path":
        return parameters.get(name)
    if kind == "header":
        return next((value for header, value in request["headers"] if header.lower() == name.lower()), None)
    raise NotImplementedError(f"no mapping {text}")


def part_of(body, name):
    """A member of a JSON body; nothing where the body is longer than a mapping sees, or no JSON."""
    try:
        value = bus.at_path(json.loads(body[:MAPPED_LIMIT]), f"$.{name}")
    except ValueError:
        return None
    return value if isinstance(value, str) or value is None else json.dumps(value)
