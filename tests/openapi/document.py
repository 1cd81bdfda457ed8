"""docs/openapi.yaml as one door has it: its statuses, and its examples as requests that can be sent.

What the extensions mean (`x-doors`, `x-request`, `x-unseen`, `x-other-methods`, `x-other-paths`) is in
the document's own description.
"""

import hashlib
import hmac
import json
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlencode

import yaml
from openapi_spec_validator import OpenAPIV31SpecValidator

FILE = Path(__file__).resolve().parents[2] / "docs/openapi.yaml"
SECRET = "It's a Secret to Everybody"
SIGNATURE = "X-Hub-Signature-256"
METHODS = ("get", "head", "post", "put", "patch", "delete", "options", "trace")
OTHER_METHODS, OTHER_PATHS = "other methods", "other paths"
JSON, FORM = "application/json", "application/x-www-form-urlencoded"
FIRST = "opened"  # the request that examples begin with


def read():
    """The document, which must be valid OpenAPI 3.1."""
    document = yaml.safe_load(FILE.read_text())
    faults = [f"{'/'.join(map(str, fault.path))}: {fault.message}" for fault in OpenAPIV31SpecValidator(document).iter_errors()]
    assert not faults, faults
    return document


def at(document, door):
    """The document without what is at other doors only."""

    def kept(value):
        if isinstance(value, dict):
            return {name: kept(part) for name, part in value.items() if not is_elsewhere(part)}
        return [kept(part) for part in value] if isinstance(value, list) else value

    def is_elsewhere(part):
        return isinstance(part, dict) and door not in part.get("x-doors", [door])

    return kept(document)


def resolved(document, value):
    """A value, or what it refers to."""
    while "$ref" in value:
        found = document
        for name in value["$ref"].removeprefix("#/").split("/"):
            found = found[name]
        value = found
    return value


def answers(document, door):
    """(method, path, status, response) of each answer that the document has."""
    for path, item in document["paths"].items():
        for method in METHODS:
            for status, response in item.get(method, {}).get("responses", {}).items():
                if door not in response.get("x-unseen", []):
                    yield method, path, int(status), resolved(document, response)
        yield OTHER_METHODS, path, 405, resolved(document, item["x-other-methods"])
    yield OTHER_PATHS, "", 404, resolved(document, document["x-other-paths"])


def statuses(document, door):
    return {(method, path, status) for method, path, status, _ in answers(document, door)}


def sign(body):
    return "sha256=" + hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()


@dataclass(frozen=True)
class Example:
    """What asks for an answer, and the answer; `told` has the schemas of the answer's headers."""

    name: str
    method: str
    path: str
    headers: dict
    body: bytes | None
    situation: str | None
    status: int
    value: object
    told: dict

    def __str__(self):
        return f"{self.method} {self.path} {self.status} {self.name}"


def examples(document, door):
    """Each example of an answer, as its request says."""
    for method, path, status, response in answers(document, door):
        for content in response.get("content", {}).values():
            for name, example in content.get("examples", {}).items():
                asked = example.get("x-request", {})
                sent = request_of(document["paths"].get(path, {}).get(method, {}), asked)
                told = {header: resolved(document, value)["schema"] for header, value in response.get("headers", {}).items()}
                yield Example(name, *in_place(document, method, path), *sent, asked.get("situation"), status, example["value"], told)


def in_place(document, method, path):
    """A method and path that stand for others."""
    if method == OTHER_PATHS:
        return "GET", "/deliveries"
    if method == OTHER_METHODS:
        return next(other for other in ("PUT", "GET") if other.lower() not in document["paths"][path]), path
    return method.upper(), path


def request_of(operation, asked):
    """(headers, body) of a request: the first one of the document, changed as asked."""
    if "requestBody" not in operation:
        return {}, None
    headers = {p["name"]: p["example"] for p in operation["parameters"] if "example" in p}
    name = asked.get("example", FIRST)
    found = ((kind, content["examples"][name]) for kind, content in operation["requestBody"]["content"].items() if name in content["examples"])
    headers["Content-Type"], example = next(found)
    value = example["value"]
    body = urlencode(value) if headers["Content-Type"] == FORM else json.dumps(value, separators=(",", ":"))
    body = asked.get("body", body).encode()
    headers |= {SIGNATURE: sign(body)} | asked.get("headers", {})
    return {name: value for name, value in headers.items() if value is not None}, body
