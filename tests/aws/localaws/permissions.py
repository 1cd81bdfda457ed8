"""IAM, for those that a test makes known: the request of a principal is judged by its policies, with
resources and conditions, and refused as AWS refuses it. All other keys may do anything.

    principals["KEY"] = Principal("arn:…", [policy, …])     a principal of a test's own
    role_key("acme-ingest")                                the key that a function of this role gets

Resources are known for S3, IAM, Lambda and what functions call; of other services only the action is judged.
"""

import json
import re
from dataclasses import dataclass, field
from urllib.parse import unquote

from moto.core.exceptions import AccessDeniedError, JsonRESTError
from moto.core.responses import BaseResponse
from moto.iam.exceptions import NotFoundException
from moto.iam.models import iam_backends
from moto.s3.exceptions import BucketAccessDeniedError
from moto.s3.models import s3_backends

from localaws import calls, policies

ACCOUNT = "123456789012"
API_GATEWAY = "ops.apigateway.amazonaws.com"
ROLE_KEY = "ROLE-"  # no slash: one ends the key in a signature


@dataclass
class Principal:
    """Who asks: a user's name or a role's ARN, what it may do at most, and what was refused."""

    name: str
    documents: list
    boundary: dict | str | None = None
    refused: list = field(default_factory=list)

    def may(self, action, resource, context):
        return policies.is_allowed(self.documents, action, resource, context, self.boundary)


principals = {}
# Of a key that isn't there, S3 says 404 to those that may list the bucket, else 403. Whether a
# condition on s3:prefix then looks at the key (Ceph's developers say that AWS does so) or finds no
# prefix, AWS doesn't document. None is the second, and the stricter.
settings = {"prefix_of_a_missing_key": None}


def iam():
    return iam_backends[ACCOUNT]["aws"]


def role_key(arn):
    """Access key of a role's functions; a role without a policy is one that tests don't look at."""
    name = arn.rsplit("/", 1)[-1]
    role = find_role(name)
    return ROLE_KEY + name if role and (role.policies or role.managed_policies) else "test"


def find_role(name):
    try:
        return iam().get_role(name)
    except NotFoundException:
        return None


def principal_of(key):
    """The principal of an access key; a role's policies are those that it has now."""
    if not key.startswith(ROLE_KEY):
        return principals.get(key)
    role = find_role(key.removeprefix(ROLE_KEY))
    if role is None:
        return Principal(key, [])
    attached = [managed_document(arn) for arn in role.managed_policies]
    boundary = managed_document(role.permissions_boundary_arn) if role.permissions_boundary_arn else None
    return Principal(role.arn, [*role.policies.values(), *attached], boundary)


def managed_document(arn):
    """What a managed policy says; one that isn't there allows nothing."""
    try:
        policy = iam().get_policy(arn)
    except NotFoundException:
        return {"Statement": []}
    return next(version.document for version in policy.versions if version.is_default)


# --- what a request asks for ----------------------------------------------------------------------


def questions(response, service, action):
    """(action, resource, context) of everything that a request needs, but for S3's."""
    if service == "iam":
        yield iam_question(response, action)
        return
    body = json_body(response)
    if service == "lambda":
        yield from ((calls.name(service, action), resource, {}) for resource in functions_asked(response, action, body))
    else:
        yield calls.name(service, action), resource_of(service, body, response.region), {}
    for role, via in passed_roles(body, service):
        yield "iam:PassRole", role, {"iam:PassedToService": via}
    yield from beside(service, action, body)


def beside(service, action, body):
    """What a service asks of its caller beside its own permission."""
    if service == "lambda" and body.get("VpcConfig", {}).get("SubnetIds"):
        yield from ((f"ec2:Describe{what}", None, {}) for what in ("SecurityGroups", "Subnets", "Vpcs"))
    if (service, action) == ("apigateway", "CreateDomainName"):
        role = f"arn:aws:iam::{ACCOUNT}:role/aws-service-role/{API_GATEWAY}/AWSServiceRoleForAPIGateway"
        yield "iam:CreateServiceLinkedRole", role, {"iam:AWSServiceName": API_GATEWAY}


def iam_question(response, action):
    name, arn = response._get_param("RoleName"), response._get_param("PolicyArn")
    role = find_role(name) if name else None
    if action == "CreateRole":
        path = response._get_param("Path") or "/"
        resource = f"arn:aws:iam::{ACCOUNT}:role{path}{name}"
    else:
        resource = role.arn if role else arn
    # What the role is to have, where the request says so; else what it has.
    boundary = response._get_param("PermissionsBoundary") or (role and role.permissions_boundary_arn)
    context = {"iam:PermissionsBoundary": boundary} if boundary else {}
    if arn and role:
        context["iam:PolicyARN"] = arn
    return f"iam:{action}", resource, context


def json_body(response):
    try:
        return json.loads(response.body or "{}")
    except (TypeError, ValueError):
        return {}


def functions_asked(response, action, body):
    """ARNs of the function that a call is about. Of one with a qualifier Lambda's pages do not say for
    each action whether it is asked about the function or the alias: both have to be allowed, but for an
    invocation, which is of the one that it names."""
    path = unquote(response.path)
    named = re.search("/(?:functions|tags)/([^/?]+)", path)
    name = named[1] if named else body.get("FunctionName")
    if name is None:
        return [None]
    own, _, qualifier = name.removeprefix(f"arn:aws:lambda:{response.region}:{ACCOUNT}:function:").partition(":")
    alias = re.search("/aliases/([^/?]+)", path)
    qualifier = qualifier or response.querystring.get("Qualifier", [None])[0] or (alias and alias[1])
    arn = f"arn:aws:lambda:{response.region}:{ACCOUNT}:function:{own}"
    qualified = [f"{arn}:{qualifier}"] if qualifier else [arn]
    return qualified if action == "Invoke" else sorted({arn, *qualified})


def resource_of(service, body, region):
    """ARN of what a function's call is about: a bus, or a secret or parameter that is named by its ARN."""
    if service == "events" and "Entries" in body:
        return f"arn:aws:events:{region}:{ACCOUNT}:event-bus/{body['Entries'][0].get('EventBusName', 'default')}"
    name = str(body.get({"secretsmanager": "SecretId", "ssm": "Name"}.get(service), ""))
    return name if name.startswith("arn:") else None


def passed_roles(body, service):
    """(ARN, service that gets it) of each role in a request."""
    if isinstance(body, dict):
        for name, value in body.items():
            if re.fullmatch("(?i)role(arn)?|credentialsarn", name) and isinstance(value, str):
                yield value, f"{service}.amazonaws.com"
            else:
                yield from passed_roles(value, service)
    elif isinstance(body, list):
        for value in body:
            yield from passed_roles(value, service)


def s3_questions(response, action, bucket, key):
    """As `questions`, of a request to S3."""
    arn = f"arn:aws:s3:::{bucket or '*'}"
    if action == "s3:DeleteObject" and not key:
        for name in re.findall(rb"<Key>(.*?)</Key>", response.raw_body or b""):
            yield action, f"{arn}/{name.decode()}", {}
        return
    prefix = response.querystring.get("prefix")
    context = {"s3:prefix": prefix[0]} if prefix and action == "s3:ListBucket" else {}
    yield action, f"{arn}/{key}" if key else arn, context
    if action == "s3:GetObject" and not is_there(bucket, key):
        looked_at = settings["prefix_of_a_missing_key"]
        yield "s3:ListBucket", arn, {"s3:prefix": key} if looked_at == "key" else {}


def is_there(bucket, key):
    backend = s3_backends[ACCOUNT]["aws"]
    return bucket in backend.buckets and backend.get_object(bucket, unquote(key)) is not None


# --- in moto's place ------------------------------------------------------------------------------


def refusal(response, asked):
    """(principal, action) where a request's principal may not do all of it."""
    key = re.search(r"Credential=([^,]+?)/\d{8}/", response.headers.get("Authorization", ""))
    principal = principal_of(key[1]) if key else None
    for action, resource, context in asked() if principal else []:
        if not principal.may(action, resource, context):
            principal.refused.append((action, resource))
            return principal, action
    return None


def told(service, principal, action):
    """A refusal in the words of the service's protocol."""
    if service in ("iam", "sts"):
        return AccessDeniedError(principal.name, action)
    error = JsonRESTError("AccessDeniedException", f"User: {principal.name} is not authorized to perform: {action}")
    error.code = 403
    return error


def install():
    """Asked by moto about every request, in front of its own checks, which are off."""

    def normal(self, *args, ask=BaseResponse._authenticate_and_authorize_normal_action, **kwargs):
        service = calls.SERVICES.get(self.service_name, self.service_name)
        if refused := refusal(self, lambda: questions(self, service, self._get_action())):
            raise told(service, *refused)
        return ask(self, *args, **kwargs)

    def s3(self, bucket_name=None, key_name=None, ask=BaseResponse._authenticate_and_authorize_s3_action):
        action = calls.name("s3", self.data.get("Action"))
        if refusal(self, lambda: s3_questions(self, action, bucket_name, key_name)):
            raise BucketAccessDeniedError(bucket=bucket_name)
        return ask(self, bucket_name=bucket_name, key_name=key_name)

    BaseResponse._authenticate_and_authorize_normal_action = normal
    BaseResponse._authenticate_and_authorize_s3_action = s3
