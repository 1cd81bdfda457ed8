"""Who may do what: the policies for applying and their boundary, and those of a lake on S3, asked with
their conditions by the local AWS."""

import json
import re
import signal
import subprocess

import boto3
import pytest
from botocore.exceptions import ClientError

import applying
import github
import standin
from lake import LakeOnS3
from localaws import permissions, policies
from localaws.permissions import ACCOUNT, Principal, principals
from localaws.stack import REPOSITORY, Stack

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
        ({"Condition": {"ForAllValues:StringEquals": {"a:b": "x"}}}, "s3:GetObject", "arn:aws:s3:::b/raw/x", {}, True),
        ({"Condition": {"ForAllValues:StringEquals": {"a:b": "x"}}}, "s3:GetObject", "arn:aws:s3:::b/raw/x", {"a:b": "y"}, False),
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
    documents = [*principals[applier[0]].documents, EVERYTHING]

    def may(action, resource, **context):
        return policies.is_allowed(documents, action, resource, context)

    role, bound = f"{ROLES}own", {"iam:PermissionsBoundary": boundary}
    assert may("iam:CreateRole", role, **bound) and not may("iam:CreateRole", role)
    assert may("iam:PutRolePolicy", role, **bound) and not may("iam:PutRolePolicy", role)
    assert not may("iam:AttachRolePolicy", role) and not may("iam:PutRolePermissionsBoundary", role)
    assert not may("iam:DeleteRolePermissionsBoundary", role, **bound) and not may("iam:CreatePolicyVersion", boundary)


def make_function(lambdas, name, role, setup=standin.ECHO, **settings):
    settings |= {"Runtime": "provided.al2023", "Handler": "bootstrap", "Code": {"ZipFile": standin.zipped(setup)}}
    return lambdas.create_function(FunctionName=name, Role=role, **settings)


def test_a_role_of_another_is_not_passed(as_applier, other_roles, own_role):
    lambdas = as_applier("lambda")
    ingest = {"lambdas": lambdas, "name": f"{NAME}-ingest"}
    for role in ("administrator", f"{NAME}-elsewhere"):
        assert is_refused(make_function, **ingest, role=f"arn:aws:iam::{ACCOUNT}:role/{role}")
    assert not is_refused(make_function, **ingest, role=f"{ROLES}own")
    update = lambdas.update_function_configuration
    assert is_refused(update, FunctionName=f"{NAME}-ingest", Role=f"arn:aws:iam::{ACCOUNT}:role/administrator")
    lambdas.delete_function(FunctionName=f"{NAME}-ingest")


def test_a_function_of_another_is_not_touched_and_an_alias_needs_leave_of_its_own(client, applier, as_applier, own_role, other_roles):
    """Without the ARNs that end in `:*` who applies would stop at the function URL; none is of another stack."""
    principal, lambdas = principals[applier[0]], as_applier("lambda")
    make_function(client("lambda"), "another-ingest", f"arn:aws:iam::{ACCOUNT}:role/administrator", Publish=True)
    make_function(lambdas, f"{NAME}-ingest", f"{ROLES}own", Publish=True)
    own = {"FunctionName": f"{NAME}-ingest"}
    assert not is_refused(lambdas.publish_version, **own)
    assert not is_refused(lambdas.create_alias, **own, Name="live", FunctionVersion="1")
    documents, refused = principal.documents, list(principal.refused)
    qualified = f'"arn:aws:lambda:eu-central-1:{ACCOUNT}:function:{NAME}-ingest:*", '
    for call, arguments in (
        (lambdas.update_alias, {"Name": "live", "FunctionVersion": "1"}),
        (lambdas.create_function_url_config, {"Qualifier": "live", "AuthType": "NONE"}),
        (lambdas.add_permission, {"Qualifier": "live", "StatementId": "s", "Action": "lambda:InvokeFunctionUrl", "Principal": "*"}),
    ):
        assert is_refused(call, FunctionName="another-ingest", **arguments)
        principal.documents = json.loads(json.dumps(documents).replace(qualified, ""))
        assert principal.documents != documents
        try:
            assert is_refused(call, **own, **arguments)
        finally:
            principal.documents, principal.refused = documents, list(refused)
        assert not is_refused(call, **own, **arguments)
    assert is_refused(lambdas.publish_version, FunctionName="another-ingest")
    lambdas.delete_function(FunctionName=f"{NAME}-ingest")
    client("lambda").delete_function(FunctionName="another-ingest")


def test_the_schedule_may_run_what_is_live_and_nothing_else():
    bound = applying.filled(applying.BOUNDARY, NAME)
    arn = f"arn:aws:lambda:eu-central-1:{ACCOUNT}:function:{NAME}-"
    may = {run: policies.is_allowed([EVERYTHING], "lambda:InvokeFunction", arn + run, {}, bound) for run in ("compactor:live", "compactor", "compactor:7", "ingest:live")}
    assert may == {"compactor:live": True, "compactor": False, "compactor:7": False, "ingest:live": False}


@pytest.mark.parametrize("service", ["ec2.amazonaws.com", "cloudformation.amazonaws.com", None])
def test_a_role_of_the_stack_is_passed_to_its_services_only(applier, service):
    documents = principals[applier[0]].documents
    context = {"iam:PassedToService": service} if service else {}
    assert not policies.is_allowed(documents, "iam:PassRole", f"{ROLES}own", context)


# A function that makes the call that it is told, and answers with what AWS made of it.
TRIES = """
import boto3
from botocore.exceptions import ClientError
def handle(event):
    try: getattr(boto3.client(event["service"]), event["call"])(**event["with"])
    except ClientError as error: return error.response["Error"]["Code"]
    return "done"
"""


def test_whatever_policy_a_role_gets_its_boundary_holds(client, as_applier, own_role, aws):
    """An applier who gives a function all of AWS has given it the stack."""
    as_applier("iam").put_role_policy(RoleName=own_role, PolicyName="all", PolicyDocument=EVERYTHING)
    own = f"{NAME}-{ACCOUNT}-{aws.region}"
    for bucket in (own, "somebody-else-s"):
        client("s3").create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": aws.region})
    make_function(client("lambda"), f"{NAME}-tries", f"{ROLES}own", TRIES, Timeout=30)

    def tries(service, call, **arguments):
        event = {"service": service, "call": call, "with": arguments}
        answer = client("lambda").invoke(FunctionName=f"{NAME}-tries", Payload=json.dumps(event))
        return json.load(answer["Payload"])

    assert tries("s3", "put_object", Bucket=own, Key="events/x", Body="x") == "done"
    assert tries("s3", "put_object", Bucket="somebody-else-s", Key="events/x", Body="x") == "AccessDenied"
    assert tries("s3", "list_objects_v2", Bucket="somebody-else-s") == "AccessDenied"
    assert tries("s3", "delete_object", Bucket=own, Key="raw/x") == "AccessDenied"
    assert tries("iam", "create_user", UserName="mallory") == "AccessDenied"
    assert tries("secretsmanager", "list_secrets") == "AccessDeniedException"
    client("lambda").delete_function(FunctionName=f"{NAME}-tries")
    client("s3").delete_object(Bucket=own, Key="events/x")
    client("s3").delete_bucket(Bucket=own)  # a stack makes it


# --- the stack's own roles ------------------------------------------------------------------------

KEY = f"arn:aws:kms:eu-central-1:{ACCOUNT}:key/k"
OWN_ROLES = {f"{NAME}-ingest", f"{NAME}-compactor", f"{NAME}-compactor-schedule", f"{NAME}-raw-rule", f"{NAME}-firehose"}


ROLE_POLICIES = (
    "ingest.module.function.aws_iam_role_policy.this",
    "compactor.module.function.aws_iam_role_policy.this",
    "compactor.aws_iam_role_policy.schedule",
    "raw.aws_iam_role_policy.rule",
    "raw.aws_iam_role_policy.firehose",
)
# What is there with the options that want more of who applies, and of the roles.
OPTIONAL = ("ingest.aws_apigatewayv2_api_mapping.ingest", "ingest.module.function.aws_lambda_function.this", "compactor.module.function.aws_lambda_function.this")
OPTIONS = {
    "front_door": "http-api",
    "domain": {"name": f"{NAME}.example.com", "certificate_arn": f"arn:aws:acm:eu-central-1:{ACCOUNT}:certificate/c"},
    "tracing": True,
    "vpc": {"subnet_ids": ["subnet-1"], "security_group_ids": ["sg-1"]},
}


@pytest.fixture(scope="module")
def stack(aws, applier, tmp_path_factory):
    """The roles of a stack with every option and what they stand on, applied by the applier and destroyed
    again; the rest is applied in this way by test_end_to_end.py."""
    zips = {name: tmp_path_factory.mktemp("zips") / f"{name}.zip" for name in ("ingest", "compactor")}
    for path in zips.values():
        path.write_bytes(standin.zipped(standin.ECHO))
    key, roles = applier
    inputs = {f"{name}_zip": str(path) for name, path in zips.items()} | roles
    stack = Stack(aws, key=key, name=NAME, kms_key_arn=KEY, tls_only=False, force_destroy=True, **OPTIONS, **inputs)
    targets = [f"-target=module.{part}" for part in ROLE_POLICIES + OPTIONAL]
    principals[key].refused.clear()
    stack.run("apply", "-auto-approve", "-input=false", "-parallelism=20", *targets)
    yield stack
    stack.destroy()
    assert {action for action, _ in principals[key].refused} <= applying.NEEDS_NO_PERMISSION


@pytest.fixture(scope="module")
def role_policies(client, stack):
    """{name: statements} of the roles that the stack made."""
    iam, found = client("iam"), {}
    for role in iam.list_roles(PathPrefix=f"/{NAME}/")["Roles"]:
        names = iam.list_role_policies(RoleName=role["RoleName"])["PolicyNames"]
        documents = [iam.get_role_policy(RoleName=role["RoleName"], PolicyName=name)["PolicyDocument"] for name in names]
        found[role["RoleName"]] = [statement for document in documents for statement in document["Statement"]]
    return {name: statements for name, statements in found.items() if name in OWN_ROLES}


def test_each_role_has_path_and_boundary(client, role_policies, boundary):
    assert role_policies.keys() == OWN_ROLES
    for name in OWN_ROLES:
        role = client("iam").get_role(RoleName=name)["Role"]
        assert role["Path"] == f"/{NAME}/" and role["PermissionsBoundary"]["PermissionsBoundaryArn"] == boundary


def test_the_boundary_leaves_each_role_what_it_needs(role_policies):
    bound, count = applying.filled(applying.BOUNDARY, NAME), 0
    for name, statements in role_policies.items():
        for statement in (one for one in statements if one["Effect"] == "Allow"):
            keys = statement.get("Condition", {}).get("StringEquals", {})
            context = {key: policies.many(values)[0] for key, values in keys.items()}
            for action in policies.many(statement["Action"]):
                for resource in policies.many(statement["Resource"]):
                    one = resource.replace("*", "one/of/them")
                    assert policies.is_allowed([{"Statement": statements}], action, one, context, bound), (name, action, one)
                    count += 1
    assert count > 30


# --- a lake on S3 ---------------------------------------------------------------------------------


def documented(bucket, prefix):
    """{who: policy} as docs/operations.md has them, filled in."""
    text = (REPOSITORY / "docs/operations.md").read_text().replace("BUCKET", bucket)
    text = text.replace("PREFIX/", f"{prefix}/" if prefix else "")
    found = [json.loads(block) for block in re.findall(r"```json\n(.*?)```", text, re.DOTALL) if '"Statement"' in block]
    return dict(zip(("read", "compact", "serve", "mend"), found, strict=True))


def by_sid(statements):
    """Statements without what differs in writing only."""
    return {one["Sid"]: {key: policies.many(value) for key, value in one.items() if key != "Sid"} for one in statements}


@pytest.mark.parametrize("missing", ["apigateway:POST", "iam:CreateServiceLinkedRole", "ec2:DescribeSubnets"])
def test_an_option_needs_its_policy(as_applier, own_role, applier, missing):
    """Without the one action the call is refused: what a policy has too much nothing here would notice."""
    principal = principals[applier[0]]
    documents, refused = principal.documents, list(principal.refused)
    fewer = json.loads(json.dumps(documents).replace(f'"{missing}"', '"none:None"'))
    configured = [{"CertificateArn": OPTIONS["domain"]["certificate_arn"], "EndpointType": "REGIONAL"}]
    principal.documents = fewer
    try:
        if missing.startswith("ec2"):
            network = {"SubnetIds": ["subnet-1"], "SecurityGroupIds": ["sg-1"]}
            assert is_refused(make_function, lambdas=as_applier("lambda"), name=f"{NAME}-ingest", role=f"{ROLES}own", VpcConfig=network)
        else:
            domain = {"DomainName": f"other.{OPTIONS['domain']['name']}", "DomainNameConfigurations": configured}
            assert is_refused(as_applier("apigatewayv2").create_domain_name, **domain)
    finally:
        principal.documents, principal.refused = documents, refused


@pytest.mark.parametrize(
    ("action", "resource"),
    [
        ("apigateway:POST", "arn:aws:apigateway:eu-central-1::/domainnames/other.example.com/apimappings"),
        ("apigateway:DELETE", "arn:aws:apigateway:eu-central-1::/domainnames/other.example.com"),
        ("iam:CreateServiceLinkedRole", f"arn:aws:iam::{ACCOUNT}:role/aws-service-role/ecs.amazonaws.com/AWSServiceRoleForECS"),
        ("ec2:CreateNetworkInterface", "*"),
        ("xray:PutTraceSegments", "*"),
    ],
)
def test_the_options_allow_who_applies_no_more(applier, action, resource):
    assert not policies.is_allowed(principals[applier[0]].documents, action, resource, {"iam:AWSServiceName": "ecs.amazonaws.com"})


def test_the_documented_policy_is_the_one_of_the_compactor_s_role(role_policies, aws):
    bucket = f"{NAME}-{ACCOUNT}-{aws.region}"
    ours = by_sid(role_policies[f"{NAME}-compactor"])
    others = {sid: ours.pop(sid) for sid in ("DeadLetters", "Key", "Logs", "Network", "Traces")}
    assert all("s3" not in str(one["Action"]) for one in others.values())
    assert by_sid(documented(bucket, "")["compact"]["Statement"]) == ours


class Users:
    """The principals of a lake on S3, each with its documented policy and no more."""

    def __init__(self, aws, client, bucket, prefix):
        client("s3").create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": aws.region})
        self.url = f"s3://{bucket}/{prefix}" if prefix else f"s3://{bucket}"
        self.raw = {"Bucket": bucket, "Key": f"{prefix}/raw/2026/03/02/09/odd".lstrip("/")}
        self.aws = aws
        for who, document in documented(bucket, prefix).items():
            principals[who] = Principal(who, [document])

    def lake(self, who):
        return LakeOnS3(self.aws, self.url, key=who)

    def refused(self):
        return {who: principals[who].refused for who in ("read", "compact", "serve", "mend") if principals[who].refused}


def serve(lake, spool, deliveries):
    """Deliveries to `serve`, which lands them at its end."""
    lake.environment["OCTOLAKE_TEST_SECRET"] = "secret"
    command = lake.command("serve", "--listen", "127.0.0.1:0", "--secret-env", "OCTOLAKE_TEST_SECRET", "--spool", spool)
    server = subprocess.Popen(command, env=lake.environment, stderr=subprocess.PIPE, text=True)
    try:
        url = next(found[0] for line in iter(server.stderr.readline, "") if (found := re.search(r"http://\S+/webhook", line)))
        assert {delivery.send(url, "secret")[0] for delivery in deliveries} <= {200, 202}
        server.send_signal(signal.SIGTERM)
        assert server.wait(timeout=60) == 0
    finally:
        server.kill()
        server.stderr.close()


@pytest.mark.parametrize(
    ("bucket", "prefix", "looked_at"), [("whole", "", None), ("shared", "team/lake", None), ("shared-too", "team/lake", "key")]
)
def test_the_documented_policies_suffice(aws, client, tmp_path, monkeypatch, bucket, prefix, looked_at):
    monkeypatch.setitem(permissions.settings, "prefix_of_a_missing_key", looked_at)
    users = Users(aws, client, bucket, prefix)
    stories = github.stories()
    serve(users.lake("serve"), tmp_path / "spool", stories)
    client("s3").put_object(**users.raw, Body=b"half a rec\n")
    done = users.lake("compact").ask("compact")
    assert (done["read"], done["quarantined"]) == (len(stories) + 1, 1)
    assert users.lake("compact").ask("compact")["read"] == 0
    reader = users.lake("read")
    assert reader.ask("verify")["holds"] is True
    assert reader.ask("status")["rows"] == done["stored"]
    assert reader.ask("report", "queue-latency")["rows"]
    mender = users.lake("mend")
    assert mender.ask("quarantine", "retry")["kept"] == 1
    erased = mender.ask("erase", "--delivery", stories[0].guid)
    assert erased["rows"] == 1
    assert mender.ask("compact", "--rebuild")["swapped"] is True
    assert users.lake("compact").ask("compact")["read"] == 0
    assert reader.ask("verify", "--deep")["holds"] is True
    assert users.refused() == {}


def test_a_condition_on_prefixes_could_stop_everything(aws, client):
    """The policy that was documented until there was this test: right only if S3 looks at the key."""
    users = Users(aws, client, "conditional", "team/lake")
    client("s3").put_object(**users.raw, Body=b"half a rec\n")
    for who in ("read", "compact"):
        condition = {"Condition": {"StringLike": {"s3:prefix": ["team/lake/*"]}}}
        of_list = [one | condition if one["Sid"] == "List" else one for one in principals[who].documents[0]["Statement"]]
        principals[who].documents = [{"Statement": of_list}]
    with pytest.raises(AssertionError, match="_last_checkpoint.*403 Forbidden"):
        users.lake("compact").ask("compact")
    assert set(users.refused().pop("compact")) == {("s3:ListBucket", "arn:aws:s3:::conditional")}


@pytest.mark.parametrize(
    ("who", "action", "key"),
    [
        ("read", "s3:PutObject", "events/x"),
        ("read", "s3:DeleteObject", "events/x"),
        ("compact", "s3:PutObject", "raw/x"),
        ("compact", "s3:DeleteObject", "raw/x"),
        ("compact", "s3:DeleteObject", "large/x"),
        ("compact", "s3:DeleteObject", "quarantine/x"),
        ("serve", "s3:PutObject", "events/x"),
        ("serve", "s3:PutObject", "large/x"),
        ("serve", "s3:DeleteObject", "raw/x"),
        ("serve", "s3:GetObject", "events/x"),
        ("mend", "s3:PutObject", "raw/x"),
        ("mend", "s3:DeleteObject", "raw/x"),
        ("mend", "s3:DeleteObject", "erased/x"),
    ],
)
def test_the_documented_policies_allow_no_more(who, action, key):
    assert not policies.is_allowed([documented("b", "p")[who]], action, f"arn:aws:s3:::b/p/{key}")
