"""A running door: requests to it are signed where they bring no signature, each status is noted, and
schemathesis makes requests of its own from the document.
"""

import json
import os
from collections import Counter
from pathlib import Path
from urllib.parse import urlsplit

import requests
import schemathesis
from hypothesis import strategies
from hypothesis.configuration import set_hypothesis_home_dir
from schemathesis.config import GenerationConfig, PhasesConfig, ProjectConfig, ProjectsConfig, SchemathesisConfig

import document
from document import METHODS, OTHER_METHODS, OTHER_PATHS, SIGNATURE

# What hypothesis keeps goes where the environments of the tests are, and not beside them.
CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
set_hypothesis_home_dir(CACHE / "octolake/hypothesis")

TIMEOUT = 30
JSON_OBJECT = "json-object"
TEXTS = strategies.text(strategies.characters(codec="utf-8"))
schemathesis.openapi.format(JSON_OBJECT, strategies.dictionaries(TEXTS, TEXTS | strategies.integers()).map(json.dumps))


class Signer(requests.auth.AuthBase):
    """Signs a delivery as GitHub does. A request that says what its signature is keeps it."""

    def __call__(self, request):
        body = request.body.encode() if isinstance(request.body, str) else request.body or b""
        if request.method == "POST" and SIGNATURE not in request.headers:
            request.headers[SIGNATURE] = document.sign(body)
        return request


class Door:
    """One door at `url`; `name` is its name in the document."""

    def __init__(self, name, url, paths=None):
        self.name, self.url = name, url.rstrip("/")
        self.document = document.at(document.read(), name)
        if paths:
            self.document["paths"] = {path: self.document["paths"][path] for path in paths}
        self.seen = set()
        # Requests made that are as the document wants them, by path, content type and status.
        self.valid = Counter()
        self.session = requests.Session()
        self.session.trust_env = False
        self.session.hooks["response"] = lambda answer, **_: self.note(answer.request.method, answer.request.url, answer.status_code)

    def note(self, method, url, status):
        """Remembers a status under what the document calls its request."""
        path = urlsplit(url).path.removeprefix(urlsplit(self.url).path) or "/"
        item = self.document["paths"].get(path)
        if item is None:
            self.seen.add((OTHER_PATHS, "", status))
        else:
            self.seen.add((method.lower() if method.lower() in item else OTHER_METHODS, path, status))

    def send(self, example):
        """The answer to an example, sent as it stands there."""
        request = requests.Request(example.method, self.url + example.path, example.headers, data=example.body)
        answer = self.session.send(request.prepare(), timeout=TIMEOUT)
        self.note(example.method, answer.url, answer.status_code)
        return answer

    def try_case(self, case):
        """Sends what schemathesis made, and holds the answer against the document."""
        answer = case.call_and_validate(base_url=self.url, session=self.session, auth=Signer())
        if case.meta.generation.mode.is_positive:
            self.valid[case.path, case.media_type, answer.status_code] += 1

    def taken_at_least(self, count, paths):
        """Whether requests made as the document wants them were all taken, and so many of each kind."""
        for path in paths:
            for kind in (document.JSON, document.FORM):
                found = {status: n for (*where, status), n in self.valid.items() if where == [path, kind]}
                assert set(found) == {202} and found[202] >= count, (path, kind, found)
        return True


def generable(value):
    """A schema in which a text that is to hold a JSON object has the format of one: schemathesis makes
    texts by their format, and does not read `contentSchema`."""
    if isinstance(value, list):
        return [generable(part) for part in value]
    if not isinstance(value, dict):
        return value
    text = {"format": JSON_OBJECT} if "contentSchema" in value else {}
    return {name: generable(part) for name, part in value.items()} | text


def schema(name, paths=None, examples=80, unexpected_methods=()):
    """The document for schemathesis, with so many requests for each operation in each phase."""
    generation = GenerationConfig(max_examples=examples, deterministic=True, no_shrink=True, with_security_parameters=False)
    phases = PhasesConfig.from_dict({"coverage": {"unexpected-methods": list(unexpected_methods)}, "stateful": {"enabled": False}})
    project = ProjectConfig(generation=generation, phases=phases, request_timeout=TIMEOUT)
    config = SchemathesisConfig(projects=ProjectsConfig(default=project))
    whole = generable(document.at(document.read(), name))
    # `x-…` of ours are no methods, and the servers of the document are not the one that runs here.
    items = {path: item for path, item in whole["paths"].items() if (path in paths if paths else path != "/metrics")}
    items = {path: {m: item[m] for m in METHODS if m in item} for path, item in items.items()}
    return schemathesis.openapi.from_dict({**whole, "paths": items}, config=config)


def compare(example, answer):
    """An example is answered as the document says."""
    assert answer.status_code == example.status, (answer.status_code, answer.text)
    # What AWS says by itself tells no more than its body.
    for header, wanted in example.told.items() if "error" in example.value else ():
        assert answer.headers[header] in [str(value) for value in wanted.get("enum", [wanted.get("const")])]
    if example.method == "HEAD":
        assert answer.content == b""
    else:
        assert answer.headers["content-type"] == document.JSON
        assert answer.json() == example.value
