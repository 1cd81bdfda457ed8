"""octolake.yaml: what stands in it reaches its part as a variable would, and what it may not have is told with
its place."""

import json
import re

import pytest
import yaml

import standin
from localaws.stack import REPOSITORY, Stack

COMMENTED = REPOSITORY / "crates/lakequery/src/commands/aws/octolake.yaml"
QUEUE = "arn:aws:sqs:eu-central-1:123456789012:q"

# A file, and what is said of it; the variable reserved_concurrency and the route mine are set beside it.
WRONG = [
    ("endpoint: {}", "octolake.yaml: endpoint: no such key; did you mean endpoints?"),
    ("name: x", "octolake.yaml: name: no such key; there are endpoints, routes, secrets, throttles."),
    ("endpoints: {front_dor: http-api}", "octolake.yaml: endpoints.front_dor: no such key; there are domain, front_door, producers_door."),
    ("endpoints: {front_odor: http-api}", "octolake.yaml: endpoints.front_odor: no such key; did you mean front_door?"),
    ("endpoints: {front_door: [http-api]}", 'octolake.yaml: endpoints.front_door: must be a text, and is ["http-api"].'),
    ("endpoints: {domain: hooks.example.com}", 'octolake.yaml: endpoints.domain: must be an object, and is "hooks.example.com".'),
    ("endpoints: {domain: {name: hooks.example.com}}", "octolake.yaml: endpoints.domain.certificate_arn: is missing."),
    ("endpoints: {domain: {name: a.b, certificate: c}}", "octolake.yaml: endpoints.domain.certificate: no such key; did you mean certificate_arn?"),
    ("endpoints: {domain: {name: 5, certificate_arn: c}}", "octolake.yaml: endpoints.domain.name: must be a text, and is 5."),
    ("endpoints: {producers_door: deploy-tools}", 'octolake.yaml: endpoints.producers_door: must be an object, and is "deploy-tools".'),
    ("endpoints: {producers_door: {}}", "octolake.yaml: endpoints.producers_door.source: is missing."),
    ("endpoints: {producers_door: {source: a, iam: 'yes'}}", 'octolake.yaml: endpoints.producers_door.iam: must be true or false, and is "yes".'),
    ("endpoints: {producers_door: {source: a, throtle: {}}}", "octolake.yaml: endpoints.producers_door.throtle: no such key; there are iam, jwt, source, throttle."),
    ("endpoints: {producers_door: {source: a, jwt: {isuser: x, audience: [y]}}}", "octolake.yaml: endpoints.producers_door.jwt.isuser: no such key; did you mean issuer?"),
    ("endpoints: {producers_door: {source: a, jwt: {audience: [z]}}}", "octolake.yaml: endpoints.producers_door.jwt.issuer: is missing."),
    ("endpoints: {producers_door: {source: a, jwt: {issuer: x, audience: octolake}}}", 'octolake.yaml: endpoints.producers_door.jwt.audience: must be a list of texts, and is "octolake".'),
    ("endpoints: {producers_door: {source: a, iam: true, throttle: {rate: fast}}}", 'octolake.yaml: endpoints.producers_door.throttle.rate: must be a number, and is "fast".'),
    ("endpoints: {producers_door: {source: a, throttle: 5}}", "octolake.yaml: endpoints.producers_door.throttle: must be an object, and is 5."),
    ("secrets: {existing_secret_names: one}", 'octolake.yaml: secrets.existing_secret_names: must be a list of texts, and is "one".'),
    ("secrets: {existing_parameter_names: [1]}", "octolake.yaml: secrets.existing_parameter_names: must be a list of texts, and is [1]."),
    ("secrets: {webhook_secret_version: two}", 'octolake.yaml: secrets.webhook_secret_version: must be a number, and is "two".'),
    ("secrets: [x]", 'octolake.yaml: secrets: must be an object, and is ["x"].'),
    ('throttles: {rate: "65"}', 'octolake.yaml: throttles.rate: must be a number, and is "65".'),
    ("throttles: {reserved_concurrency: 20}", "octolake.yaml: throttles.reserved_concurrency: is said here and by the variable reserved_concurrency; leave one of them out."),
    ("routes: {mine: {target: {type: sqs}}}", "octolake.yaml: routes.mine: is a route here and of the variable routes; give one of them another name."),
    ("routes: []", "octolake.yaml: routes: must be an object, and is []."),
    ("- endpoints", "octolake.yaml: must be sections: endpoints, routes, secrets, throttles."),
    ("endpoints: {front_door: 'http-api", "octolake.yaml: is no YAML; look at the indentation"),
    (None, "config_file: there is no file"),
]  # fmt: skip


def modules(stack, texts, given, routes):
    """Plans modules/config on each text, and gives Terraform's answer."""
    made = {}
    for at, text in enumerate(texts):
        path = stack.root / str(at) / "octolake.yaml"
        path.parent.mkdir()
        if text is not None:
            path.write_text(text)
        made[f"one_{at}"] = {"source": "../../modules/config", "file": str(path), "given": given, "routes": routes}
    outputs = {name: {"value": f"${{module.{name}}}"} for name in made}
    (stack.root / "all.tf.json").write_text(json.dumps({"module": made, "output": outputs}))
    stack.run("init", "-input=false")


@pytest.fixture(scope="module")
def told(aws):
    """What one plan says of all wrong files."""
    stack = Stack(aws, root="terraform/tests/queries")
    modules(stack, [text for text, _ in WRONG], {"reserved_concurrency": 30, "front_door": None}, ["mine"])
    done = stack.run("plan", "-input=false", check=False)
    assert done.returncode == 1
    return " ".join(done.stderr.split())


@pytest.mark.parametrize("sentence", [sentence for _, sentence in WRONG])
def test_a_wrong_file_is_told_where_and_what_to_do(told, sentence):
    assert sentence in told


def uncommented():
    """The file of 'lakequery aws init' with each of its keys said."""
    return re.sub(r"^  # ", "  ", COMMENTED.read_text(), flags=re.MULTILINE)


def defaults():
    """{setting: default} of modules/settings, as its source has them."""
    text = (REPOSITORY / "terraform/modules/settings/variables.tf").read_text()
    return dict(re.findall(r'^variable "(\w+)" \{.*?^  default     = (.*?)$', text, re.MULTILINE | re.DOTALL))


def test_the_commented_file_says_nothing_and_its_comments_the_defaults(aws):
    assert yaml.safe_load(COMMENTED.read_text()) == dict.fromkeys(("endpoints", "secrets", "throttles", "routes"))
    stack = Stack(aws, root="terraform/tests/queries")
    modules(stack, [COMMENTED.read_text(), uncommented()], {}, [])
    outputs = stack.apply()
    assert outputs["one_0"]["says"] == {} and outputs["one_0"]["routes"] == {}

    said = {key: json.loads(value) for key, value in outputs["one_1"]["says"].items()}
    assert said.pop("throttle") == {"rate": 65, "burst": 5000}
    expected = {key: json.loads(value) for key, value in defaults().items() if key != "throttle"}
    assert said == {key: value for key, value in expected.items() if value is not None}
    assert outputs["one_1"]["routes"]["fleet"]["target"] == {"type": "sqs"}


def test_every_setting_is_in_the_commented_file():
    read = yaml.safe_load(uncommented())
    said = {*read["endpoints"], *read["secrets"], *read["throttles"]} - {"rate", "burst"} | {"throttle"}
    assert said == defaults().keys()


FILE = """
endpoints:
  front_door: http-api
  domain: {name: hooks.example.com, certificate_arn: "arn:aws:acm:eu-central-1:123456789012:certificate/c"}
  producers_door: {source: deploy-tools, iam: true, throttle: {rate: 3}}
secrets: {existing_secret_names: [file/one], secret_json_key: webhook}
throttles: {rate: 7, inline_limit_bytes: 123456}
routes:
  fleet: {events: [workflow_job], target: {type: sqs}}
"""
INGEST = "module.ingest.module.function.aws_lambda_function.this"
STAGE = "module.ingest.aws_apigatewayv2_stage.ingest[0]"
PRODUCERS = "module.producers[0].aws_apigatewayv2_{}.producers"
ROUTE = 'module.routes.module.route["{}"].aws_cloudwatch_event_rule.this[0]'


@pytest.fixture(scope="module")
def stack(aws, tmp_path_factory):
    """The root module with a file to plan, and variables for what the file does not say."""
    zips = {name: tmp_path_factory.mktemp("zips") / f"{name}.zip" for name in ("ingest", "compactor")}
    for path in zips.values():
        path.write_bytes(standin.zipped(standin.ECHO))
    inputs = {f"{name}_zip": str(path) for name, path in zips.items()}
    mine = {"mine": {"events": ["push"], "target": {"type": "sqs"}}}
    return Stack(aws, name="filed", config_file="octolake.yaml", routes=mine, reserved_concurrency=20, **inputs)


def test_each_key_reaches_its_part_as_its_variable_would(client, stack):
    client("secretsmanager").create_secret(Name="file/one", SecretString="{}")
    (stack.root / "octolake.yaml").write_text(FILE)
    stack.run("plan", "-input=false", "-out=p.tfplan")
    planned = json.loads(stack.run("show", "-json", "p.tfplan").stdout)["resource_changes"]
    after = {change["address"]: change["change"]["after"] for change in planned}
    settings = after[STAGE]["default_route_settings"][0]
    assert (settings["throttling_rate_limit"], settings["throttling_burst_limit"]) == (7, 5000), "a default beside what is said"
    variables = after[INGEST]["environment"][0]["variables"]
    assert variables["OCTOLAKE_INLINE_LIMIT"] == "123456" and variables["OCTOLAKE_SECRET_JSON_KEY"] == "webhook"
    assert ":secret:file/one-" in variables["OCTOLAKE_SECRET_ARNS"]
    assert after[INGEST]["reserved_concurrent_executions"] == 20, "a variable where the file says nothing"
    assert after["module.ingest.aws_apigatewayv2_domain_name.ingest[0]"]["domain_name"] == "hooks.example.com"
    settings = after[PRODUCERS.format("stage")]["default_route_settings"][0]
    assert (settings["throttling_rate_limit"], settings["throttling_burst_limit"]) == (3, 100), "the second door's, with a default"
    assert after[PRODUCERS.format("route")]["authorization_type"] == "AWS_IAM"
    assert after[PRODUCERS.format("integration")]["request_parameters"]["Source"] == "deploy-tools"
    assert {ROUTE.format(name) for name in ("fleet", "mine")} <= after.keys()


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("throttles: {rate: 0}", "throttle needs 1 <= rate <= burst <= 5000"),
        ("endpoints: {producers_door: {source: deploy-tools}}", "producers_door needs one of jwt = { issuer, audience } and iam = true"),
        ("endpoints: {producers_door: {source: deploy-tools, iam: true, thrott: {}}}", "octolake.yaml: endpoints.producers_door.thrott: no such key; did you mean throttle?"),
        ("endpoints: {front_door: alb}", "front_door must be function-url or http-api."),
        ("routes: {fleet: {traget: {type: sqs}}}", "octolake.yaml: routes.fleet.traget: no such key; did you mean target?"),
        ("routes: {fleet: {target: {type: sqs, nmae: q}}}", "octolake.yaml: routes.fleet.target.nmae: no such key; did you mean name?"),
        ("throttles: {reserved_concurrency: 30}", "octolake.yaml: throttles.reserved_concurrency: is said here and by the variable"),
    ],
)
def test_a_plan_says_what_is_wrong_in_the_file(stack, text, sentence):
    (stack.root / "octolake.yaml").write_text(text)
    done = stack.run("plan", "-input=false", check=False)
    assert done.returncode == 1 and sentence in " ".join(done.stderr.split())
