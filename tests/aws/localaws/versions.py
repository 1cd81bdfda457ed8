"""Versions and aliases of functions as Lambda has them, where moto shares or forgets: a version never
changes, an alias has permissions, a function URL and settings of its own, an update takes a moment, and
who says which revision is meant is refused where it is another by now.
"""

import copy
import json
import re
import time
import uuid
from dataclasses import dataclass
from types import SimpleNamespace
from urllib.parse import unquote

from moto.awslambda.exceptions import (
    GenericResourcNotFound,
    InvalidParameterValueException,
    LambdaClientError,
    PreconditionFailedException,
    UnknownEventConfig,
)
from moto.awslambda.models import EventInvokeConfig, FunctionUrlConfig, LambdaAlias, LambdaBackend, LambdaFunction, LambdaStorage
from moto.awslambda.policy import Policy
from moto.awslambda.responses import LambdaResponse
from moto.core.responses import ActionResult

SETTLES = 0.2  # seconds for which an update is in progress, and a new version pending


class Conflict(LambdaClientError):
    code = 409

    def __init__(self, message):
        super().__init__("ResourceConflictException", message)


@dataclass
class Called:
    """What a name and a qualifier stand for: the version that runs, and whose permissions, URL and
    settings count."""

    function: LambdaFunction
    of: LambdaFunction | LambdaAlias
    arn: str
    latest: LambdaFunction

    @property
    def is_ready(self):
        return is_settled(self.function) or self.function is self.latest


def called(backend, name, qualifier=None):
    """Of a name or ARN, with a qualifier in it or beside it; UnknownFunctionException where there is none."""
    storage = backend._lambdas
    if name.startswith("arn:"):
        _, name, named = storage.split_function_arn(name)
    else:
        name, _, named = name.partition(":")
    qualifier = named or qualifier
    function = storage.get_function_by_name_with_qualifier(name, qualifier)
    latest = storage._get_latest(name)
    alias = storage._aliases[latest.function_arn].get(qualifier)
    arn = f"{latest.function_arn}:{qualifier}" if qualifier else latest.function_arn
    return Called(function, alias or function, arn, latest)


def door_name(holder):
    """How the gateway calls a function's URL: by the function, or by the function and the alias."""
    return f"{holder.function_name}:{holder.name}" if isinstance(holder, LambdaAlias) else holder.function_name


# --- what moves -----------------------------------------------------------------------------------


def settle(function):
    function.settled_at, function.revision = time.monotonic() + SETTLES, str(uuid.uuid4())


def is_settled(function):
    return time.monotonic() >= function.settled_at


def revision_of(function):
    """Lambda makes another one when an update is through."""
    return function.revision if not is_settled(function) else str(uuid.uuid5(uuid.NAMESPACE_OID, function.revision))


def must_be(wanted, revision):
    if wanted and wanted != revision:
        text = "The RevisionId provided does not match the latest RevisionId. Call the GetFunction/GetAlias API to retrieve the latest RevisionId"
        raise PreconditionFailedException(text)


def must_be_settled(function):
    if not is_settled(function):
        raise Conflict(f"The operation cannot be performed at this time. An update is in progress for resource: {function.function_arn}")


def update(backend, name, change, body):
    """One change of $LATEST; versions have none."""
    function = called(backend, name).latest
    must_be_settled(function)
    must_be(body.get("RevisionId"), revision_of(function))
    change(function)(body)
    settle(function)
    return function


def publish(storage, name, description="", body=None):
    """A version of $LATEST as it is; the last one where nothing has changed since."""
    body, latest = body or {}, storage.get_function_by_name_or_arn_forbid_qualifier(name)
    versions = storage._functions[latest.function_name]["versions"]
    must_be_settled(latest)
    must_be(body.get("RevisionId"), revision_of(latest))
    if body.get("CodeSha256", latest.code_sha_256) != latest.code_sha_256:
        raise InvalidParameterValueException("CodeSHA256 is different from current CodeSHA256 in $LATEST. Please try again with the CodeSHA256 in $LATEST.")
    if versions and versions[-1].made_of == latest.revision:
        return versions[-1]
    made = copy.copy(latest)
    latest.published = getattr(latest, "published", 0) + 1  # a number is never given twice
    made.set_version(latest.published)
    made.description, made.made_of = description or latest.description, latest.revision
    holds_nothing(made, latest.function_arn)
    settle(made)
    versions.append(made)
    storage._arns[made.function_arn] = made
    return made


def holds_nothing(holder, arn):
    """Neither permissions nor a URL nor settings; `arn` is the function's own."""
    holder.policy, holder.url_config, holder.event_invoke_config = Policy(SimpleNamespace(function_arn=arn)), None, []


# --- in moto's place ------------------------------------------------------------------------------


def asked(response):
    """(what is called, body) of a request about one function."""
    name = re.search("/functions/([^/]+)", unquote(response.path))[1]
    return called(response.backend, name, response.querystring.get("Qualifier", [None])[0]), json.loads(response.body or "{}")


def answer(status, body=None):
    return status, {"status": status}, json.dumps(body) if body is not None else ""


def functions():
    """Revisions, states, and updates that take a moment."""

    def made(self, *args, init=LambdaFunction.__init__, **kwargs):
        init(self, *args, **kwargs)
        self.settled_at, self.revision = 0, str(uuid.uuid4())

    def told(self, *args, tell=LambdaFunction.get_configuration, **kwargs):
        told = tell(self, *args, **kwargs) | {"RevisionId": revision_of(self)}
        if is_settled(self):
            return told
        is_version = self.version != "$LATEST"
        return told | {"LastUpdateStatus": "InProgress"} | ({"State": "Pending"} if is_version else {})

    def configure(self, name, qualifier, body):
        return update(self, name, lambda function: function.update_configuration, body).get_configuration()

    def load(self, name, qualifier, body):
        function = update(self, name, lambda function: function.update_function_code, body)
        return (publish_at_once(self, name) if body.get("Publish") else function).get_configuration()

    def publish_at_once(backend, name):
        called(backend, name).latest.settled_at = 0
        return publish(backend._lambdas, name)

    def publish_version(self):
        found, body = asked(self)
        return answer(201, publish(self.backend._lambdas, found.function.function_name, body.get("Description"), body).get_configuration())

    def delete(self, name, qualifier=None, remove=LambdaBackend.delete_function):
        aliases = self._lambdas._aliases[called(self, name).latest.function_arn].values()
        if named := [alias.name for alias in aliases if qualifier and alias.function_version == qualifier]:
            raise Conflict(f"Unable to delete version because the following aliases reference it: {named}")
        remove(self, name, qualifier)

    LambdaFunction.__init__, LambdaFunction.get_configuration = made, told
    LambdaBackend.update_function_configuration, LambdaBackend.update_function_code = configure, load
    LambdaStorage.publish_version, LambdaResponse.publish_version = publish, publish_version
    LambdaBackend.delete_function = delete


def aliases():
    """With revisions; what they hold is theirs."""

    def made(self, *args, init=LambdaAlias.__init__, **kwargs):
        init(self, *args, **kwargs)
        self.function_name, self.function_arn, self.region = kwargs["function_name"], self.arn, kwargs["region"]
        holds_nothing(self, self.arn.removesuffix(f":{self.name}"))

    def create(self, name, function_name, function_version, *rest, put=LambdaBackend.create_alias, **more):
        if name in self._lambdas._get_function_aliases(function_name):
            raise Conflict(f"Alias already exists: {function_name}:{name}")
        return put(self, name, function_name, function_version, *rest, **more)

    def change(self, change=LambdaResponse.update_alias):
        alias = self.backend.get_alias(unquote(self.path.rsplit("/", 1)[1]), unquote(self.path.rsplit("/", 3)[1]))
        must_be(json.loads(self.body).get("RevisionId"), alias.revision_id)
        answered = change(self)
        alias.revision_id = str(uuid.uuid4())
        return 200, {}, json.dumps(json.loads(answered[2]) | {"RevisionId": alias.revision_id})

    LambdaAlias.__init__, LambdaBackend.create_alias, LambdaResponse.update_alias = made, create, change


def permissions():
    def add(self, name, qualifier, raw):
        policy = called(self, name, qualifier).of.policy
        sid = json.loads(raw)["StatementId"]
        if any(statement["Sid"] == sid for statement in policy.statements):
            raise Conflict(f"The statement id ({sid}) provided already exists. Please provide a new statement id, or remove the existing statement.")
        return policy.add_statement(raw, qualifier)[0]

    def told(self, name, qualifier=None):
        return called(self, name, qualifier).of.policy.wire_format()

    def remove(self):
        asked(self)[0].of.policy.del_statement(unquote(self.path.rsplit("/", 1)[1]), self.querystring.get("RevisionId", [""])[0])
        return answer(204)

    LambdaBackend.add_permission, LambdaBackend.get_policy, LambdaResponse.remove_permission = add, told, remove


def urls():
    """One for $LATEST, and one for each alias."""

    def create(self):
        found, config = asked(self)
        if found.of is not found.latest and not isinstance(found.of, LambdaAlias):
            raise InvalidParameterValueException("Function URLs are of $LATEST or of an alias")
        if found.of.url_config:
            raise Conflict(f"Failed to create function url config for [functionArn = {found.arn}]. Error message:  FunctionUrlConfig exists for this Lambda function")
        found.of.url_config = FunctionUrlConfig(found.of, config)
        return answer(201, found.of.url_config.to_dict())

    def there(self):
        found, config = asked(self)
        if found.of.url_config is None:
            raise GenericResourcNotFound()
        return found.of, config

    def told(self):
        return answer(200, there(self)[0].url_config.to_dict())

    def change(self):
        holder, config = there(self)
        holder.url_config.update(config)
        return answer(200, holder.url_config.to_dict())

    def delete(self):
        there(self)[0].url_config = None
        return answer(204)

    LambdaResponse.create_function_url_config, LambdaResponse.get_function_url_config = create, told
    LambdaResponse.update_function_url_config, LambdaResponse.delete_function_url_config = change, delete


def settings_of_asynchronous_invocations():
    def put(self):
        found, config = asked(self)
        found.of.event_invoke_config = [EventInvokeConfig(found.arn, found.latest.last_modified, config)]
        return ActionResult(found.of.event_invoke_config[0].response())

    def told(self):
        found, _ = asked(self)
        if not found.of.event_invoke_config:
            raise UnknownEventConfig(found.arn)
        return ActionResult(found.of.event_invoke_config[0].response())

    def delete(self):
        told(self)
        asked(self)[0].of.event_invoke_config = []
        return answer(204)

    LambdaResponse.put_function_event_invoke_config = LambdaResponse.update_function_event_invoke_config = put
    LambdaResponse.get_function_event_invoke_config, LambdaResponse.delete_function_event_invoke_config = told, delete


def invocations():
    """moto looks for the qualifier of an invocation under another name."""

    def invoke(self, run=LambdaResponse.invoke):
        self.querystring["qualifier"] = self.querystring.get("Qualifier", [None])
        return run(self)

    LambdaResponse.invoke = invoke


def install():
    for part in (functions, aliases, permissions, urls, settings_of_asynchronous_invocations, invocations):
        part()
