"""Who may do what: the policies for applying and their boundary, and those of a lake on S3, asked with
their conditions by the local AWS."""

import json

import boto3
import pytest
from botocore.exceptions import ClientError

import applying
import standin
from localaws import policies
from localaws.permissions import ACCOUNT, principals
from localaws.stack import Stack

NAME = "bounded"
ROLES = f"arn:aws:iam::{ACCOUNT}:role/{NAME}/{NAME}-"
TRUST = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}],
    }
)
EVERYTHING = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": ["*"], "Resource": ["*"]}]})


# --- the evaluator --------------------------------------------------------------------------------

ALLOW = {"Effect": "Allow", "Action": "s3:Get*", "Resource": ["arn:aws:s3:::b/raw/*"]}


@pytest.mark.parametrize(
    ("statement", "action", "resource", "context", "allowed"),
    [
        ({}, "s3:GetObject", "arn:aws:s3:::b/raw/x/y", {}, True),
        ({}, "S3:getobject", "arn:aws:s3:::b/raw/x", {}, True),
        ({}, "s3:PutObject", "arn:aws:s3:::b/raw/x", {}, False),
        ({}, "s3:GetObject", "arn:aws:s3:::b/RAW/x", {}, False),
        ({}, "s3:GetObject", "arn:aws:s3:::b/raw", {}, False),
        ({"Resource": "arn:aws:s3:::b/raw/?"}, "s3:GetObject", "arn:aws:s3:::b/raw/xy", {}, False),
        ({"Resource": "arn:aws:s3:::b/raw.x"}, "s3:GetObject", "arn:aws:s3:::b/raw/x", {}, False),
        ({"Condition": {"StringEquals": {"a:B": ["x", "y"]}}}, "s3:GetObject", "arn:aws:s3:::b/raw/x", {"A:b": "y"}, True),
        ({"Condition": {"StringEquals": {"a:b": "x*"}}}, "s3:GetObject", "arn:aws:s3:::b/raw/x", {"a:b": "xy"}, False),
        ({"Condition": {"StringLike": {"a:b": "x*"}}}, "s3:GetObject", "arn:aws:s3:::b/raw/x", {"a:b": "xy"}, True),
        ({"Condition": {"StringLike": {"a:b": "x*"}}}, "s3:GetObject", "arn:aws:s3:::b/raw/x", {}, False),
        ({"Condition": {"StringLikeIfExists": {"a:b": "x*"}}}, "s3:GetObject", "arn:aws:s3:::b/raw/x", {}, True),
        ({"Condition": {"StringNotEquals": {"a:b": "x"}}}, "s3:GetObject", "arn:aws:s3:::b/raw/x", {}, True),
        ({"Condition": {"StringNotEquals": {"a:b": "x"}}}, "s3:GetObject", "arn:aws:s3:::b/raw/x", {"a:b": "x"}, False),
        ({"Condition": {"StringEquals": {"a:b": "x", "a:c": "y"}}}, "s3:GetObject", "arn:aws:s3:::b/raw/x", {"a:b": "x"}, False),
        ({"Condition": {"Bool": {"a:b": "false"}}}, "s3:GetObject", "arn:aws:s3:::b/raw/x", {"a:b": "False"}, True),
    ],
)
def test_a_statement_allows_what_it_says(statement, action, resource, context, allowed):
    assert policies.is_allowed([{"Statement": [ALLOW | statement]}], action, resource, context) is allowed


def test_a_deny_and_a_boundary_are_stronger():
    one = ("s3:GetObject", "arn:aws:s3:::b/raw/x")
    allow, deny = {"Statement": [ALLOW]}, {"Statement": [ALLOW | {"Effect": "Deny"}]}
    assert not policies.is_allowed([allow, deny], *one)
    assert policies.is_allowed([EVERYTHING], *one, boundary=allow)
    assert not policies.is_allowed([EVERYTHING], "s3:PutObject", one[1], boundary=allow)
    assert not policies.is_allowed([EVERYTHING], *one, boundary={"Statement": []})
    assert not policies.is_allowed([], *one, boundary=EVERYTHING), "a boundary allows nothing by itself"


@pytest.mark.parametrize("statement", [{"NotAction": "iam:*"}, {"Condition": {"DateLessThan": {"a": "b"}}}])
def test_what_the_evaluator_does_not_know_is_an_error(statement):
    with pytest.raises(ValueError, match="not understood"):
        policies.is_allowed([{"Statement": [ALLOW | statement]}], "s3:GetObject", "arn:aws:s3:::b/raw/x")


# --- applying -------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def applier(client):
    return applying.prepare(client, NAME)


@pytest.fixture(scope="module")
def boundary(applier):
    return applier[1]["role_permissions_boundary"]


@pytest.fixture(scope="module")
def as_applier(aws, applier):
    """Clients of the principal that applies."""
    session = boto3.Session(aws_access_key_id=applier[0], aws_secret_access_key="x", region_name=aws.region)
    return lambda service: session.client(service, endpoint_url=aws.endpoint)


def is_refused(call, **arguments):
    """Whether IAM refuses a call; any other failure of it is the test's."""
    try:
        call(**arguments)
    except ClientError as error:
        assert error.response["Error"]["Code"] in ("AccessDenied", "AccessDeniedException"), error
        return True
    return False


@pytest.fixture(scope="module")
def own_role(as_applier, boundary):
    """A role of the stack, made by the applier."""
    iam, name = as_applier("iam"), f"{NAME}-own"
    iam.create_role(RoleName=name, Path=f"/{NAME}/", AssumeRolePolicyDocument=TRUST, PermissionsBoundary=boundary)
    return name


@pytest.fixture(scope="module")
def other_roles(client):
    """Roles that were there before: an administrator's, and one of the stack's path without the boundary."""
    iam = client("iam")
    iam.create_role(RoleName="administrator", AssumeRolePolicyDocument=TRUST)
    iam.put_role_policy(RoleName="administrator", PolicyName="all", PolicyDocument=EVERYTHING)
    iam.create_role(RoleName=f"{NAME}-unbounded", Path=f"/{NAME}/", AssumeRolePolicyDocument=TRUST)
    iam.create_role(RoleName=f"{NAME}-elsewhere", AssumeRolePolicyDocument=TRUST)


ANOTHER = f"arn:aws:iam::{ACCOUNT}:policy/another"


@pytest.mark.parametrize(
    ("path", "name", "bound"),
    [
        (f"/{NAME}/", f"{NAME}-new", None),
        (f"/{NAME}/", f"{NAME}-new", ANOTHER),
        ("/", f"{NAME}-new", "boundary"),
        (f"/{NAME}/", "another-new", "boundary"),
        ("/other/", f"{NAME}-new", "boundary"),
    ],
)
def test_a_role_without_the_boundary_or_elsewhere_is_not_made(as_applier, boundary, path, name, bound):
    bounds = {"PermissionsBoundary": boundary if bound == "boundary" else bound} if bound else {}
    assert is_refused(as_applier("iam").create_role, RoleName=name, Path=path, AssumeRolePolicyDocument=TRUST, **bounds)


@pytest.mark.parametrize("role", ["administrator", f"{NAME}-unbounded", f"{NAME}-elsewhere"])
def test_no_policy_is_put_on_a_role_without_the_boundary_or_elsewhere(as_applier, other_roles, role):
    iam = as_applier("iam")
    assert is_refused(iam.put_role_policy, RoleName=role, PolicyName="p", PolicyDocument=EVERYTHING)
    assert is_refused(iam.attach_role_policy, RoleName=role, PolicyArn="arn:aws:iam::aws:policy/AdministratorAccess")


def test_the_trust_of_another_role_is_not_changed(as_applier, other_roles):
    assert is_refused(as_applier("iam").update_assume_role_policy, RoleName="administrator", PolicyDocument=TRUST)


def test_the_boundary_stays_and_stays_what_it_is(as_applier, own_role, boundary):
    iam = as_applier("iam")
    assert is_refused(iam.delete_role_permissions_boundary, RoleName=own_role)
    assert is_refused(iam.put_role_permissions_boundary, RoleName=own_role, PermissionsBoundary=ANOTHER)
    assert is_refused(iam.create_policy_version, PolicyArn=boundary, PolicyDocument=EVERYTHING, SetAsDefault=True)
    assert is_refused(iam.set_default_policy_version, PolicyArn=boundary, VersionId="v1")
    assert is_refused(iam.delete_policy, PolicyArn=boundary)
    assert not is_refused(iam.put_role_permissions_boundary, RoleName=own_role, PermissionsBoundary=boundary)


def test_the_boundary_stays_whatever_else_the_applier_may(applier, own_role, boundary):
    """Beside an administrator's policy the two still keep the stack's roles bounded."""
    may = lambda action, resource, **context: policies.is_allowed([*principals[applier[0]].documents, EVERYTHING], action, resource, context)
    role, bound = f"{ROLES}own", {"iam:PermissionsBoundary": boundary}
    assert may("iam:CreateRole", role, **bound) and not may("iam:CreateRole", role)
    assert may("iam:PutRolePolicy", role, **bound) and not may("iam:PutRolePolicy", role)
    assert not may("iam:AttachRolePolicy", role) and not may("iam:PutRolePermissionsBoundary", role)
    assert not may("iam:DeleteRolePermissionsBoundary", role, **bound) and not may("iam:CreatePolicyVersion", boundary)


def make_function(lambdas, name, role):
    return lambdas.create_function(
        FunctionName=name, Runtime="provided.al2023", Handler="bootstrap", Role=role, Code={"ZipFile": standin.zipped(standin.ECHO)}
    )


def test_a_role_of_another_is_not_passed(as_applier, other_roles, own_role):
    lambdas = as_applier("lambda")
    for role in (f"arn:aws:iam::{ACCOUNT}:role/administrator", f"arn:aws:iam::{ACCOUNT}:role/{NAME}-elsewhere"):
        call = lambda role=role: make_function(lambdas, f"{NAME}-ingest", role)
        assert is_refused(call)
    assert not is_refused(lambda: make_function(lambdas, f"{NAME}-ingest", f"{ROLES}own"))
    update = lambdas.update_function_configuration
    assert is_refused(update, FunctionName=f"{NAME}-ingest", Role=f"arn:aws:iam::{ACCOUNT}:role/administrator")
    lambdas.delete_function(FunctionName=f"{NAME}-ingest")


@pytest.mark.parametrize("service", ["ec2.amazonaws.com", "cloudformation.amazonaws.com", None])
def test_a_role_of_the_stack_is_passed_to_its_services_only(applier, service):
    documents = principals[applier[0]].documents
    context = {"iam:PassedToService": service} if service else {}
    assert not policies.is_allowed(documents, "iam:PassRole", f"{ROLES}own", context)


def test_whatever_policy_a_role_gets_its_boundary_holds(client, as_applier, own_role, aws):
    """An applier who gives a function all of AWS has given it the stack."""
    as_applier("iam").put_role_policy(RoleName=own_role, PolicyName="all", PolicyDocument=EVERYTHING)
    setup = "\n".join(
        [
            "import boto3",
            "from botocore.exceptions import ClientError",
            "def handle(event):",
            "    try: getattr(boto3.client(event['service']), event['call'])(**event['with'])",
            "    except ClientError as error: return error.response['Error']['Code']",
            "    return 'done'",
        ]
    )
    for bucket in (f"{NAME}-{ACCOUNT}-{aws.region}", "somebody-else-s"):
        client("s3").create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": aws.region})
    client("lambda").create_function(
        FunctionName=f"{NAME}-tries", Runtime="provided.al2023", Handler="bootstrap", Role=f"{ROLES}own", Timeout=30,
        Code={"ZipFile": standin.zipped(setup)},
    )

    def tries(service, call, **arguments):
        event = {"service": service, "call": call, "with": arguments}
        answer = client("lambda").invoke(FunctionName=f"{NAME}-tries", Payload=json.dumps(event))
        return json.load(answer["Payload"])

    assert tries("s3", "put_object", Bucket=f"{NAME}-{ACCOUNT}-{aws.region}", Key="events/x", Body="x") == "done"
    assert tries("s3", "put_object", Bucket="somebody-else-s", Key="events/x", Body="x") == "AccessDenied"
    assert tries("s3", "list_objects_v2", Bucket="somebody-else-s") == "AccessDenied"
    assert tries("s3", "delete_object", Bucket=f"{NAME}-{ACCOUNT}-{aws.region}", Key="raw/x") == "AccessDenied"
    assert tries("iam", "create_user", UserName="mallory") == "AccessDenied"
    assert tries("secretsmanager", "list_secrets") == "AccessDeniedException"
    client("lambda").delete_function(FunctionName=f"{NAME}-tries")
