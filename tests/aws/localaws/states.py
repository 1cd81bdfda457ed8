"""Step Functions, as far as an express workflow of tasks goes: Task and Succeed, arguments in JSONata,
Retry without its pauses, Catch, and two services. Anything else is an error.

A definition is held against that when Terraform asks (ValidateStateMachineDefinition), so one that the
local AWS can't run doesn't get as far as an apply.
"""

import json
import re

import boto3
import jsonata
from botocore.exceptions import ClientError
from moto.core.responses import ActionResult
from moto.stepfunctions.models import stepfunctions_backends
from moto.stepfunctions.responses import StepFunctionResponse

from localaws import functions, permissions

KNOWN = {
    "Task": {"Type", "Resource", "Arguments", "Retry", "Catch", "Next", "End"},
    "Succeed": {"Type"},
}
# Resource → (client, call, service as errors name it, name of what it is about).
TASKS = {
    "dynamodb:putItem": ("dynamodb", "put_item", "DynamoDB", lambda given: given["TableName"].split("/")[-1]),
    "sqs:sendMessage": ("sqs", "send_message", "Sqs", lambda given: given["QueueUrl"].rsplit("/", 1)[1]),
}
ACTIONS = {"dynamodb:putItem": ("dynamodb:PutItem", "table/"), "sqs:sendMessage": ("sqs:SendMessage", "")}


class Failed(Exception):
    """A state's error: its name and its cause, as Catch and Retry have them."""

    def __init__(self, name, cause):
        super().__init__(f"{name}: {cause}")
        self.name, self.cause = name, cause


def start(arn, event):
    """Runs a workflow to its end. How it ends, who started it is not told: an express workflow that was
    started by a rule has no one to answer to."""
    _, _, _, region, account, _ = arn.split(":", 5)
    machine = stepfunctions_backends[account][region].describe_state_machine(arn)
    try:
        run(machine, event)
    except Failed as error:
        print(f"states: {machine.name} failed: {error}", flush=True)


def run(machine, event):
    definition = json.loads(machine.definition)
    name, value = definition["StartAt"], event
    while name:
        state = definition["States"][name]
        if state["Type"] == "Succeed":
            return
        try:
            value = attempt(machine, state, {"input": value, "context": {"Execution": {"Input": event}}})
            name = state.get("Next")
        except Failed as error:
            caught = next((one for one in state.get("Catch", []) if meets(one, error)), None)
            if caught is None:
                raise
            name, value = caught["Next"], {"Error": error.name, "Cause": error.cause}


def meets(rule, error):
    return error.name in rule["ErrorEquals"] or "States.ALL" in rule["ErrorEquals"]


def attempt(machine, state, known):
    """One task, again as often as its Retry says of the error."""
    tried = 0
    while True:
        try:
            return task(machine, state["Resource"].rsplit(":::", 1)[1], evaluated(state["Arguments"], known))
        except Failed as error:
            rule = next((one for one in state.get("Retry", []) if meets(one, error)), {"MaxAttempts": 0})
            tried += 1
            if tried > rule.get("MaxAttempts", 3):
                raise


def task(machine, resource, given):
    """A call of a service, by the workflow's role."""
    client, call, service, named = TASKS[resource]
    _, _, _, region, account, _ = machine.arn.split(":", 5)
    action, kind = ACTIONS[resource]
    key = permissions.role_key(machine.roleArn)
    arn = f"arn:aws:{client}:{region}:{account}:{kind}{named(given)}"
    if key != "test" and not permissions.principal_of(key).may(action, arn, {}):
        raise Failed(f"{service}.AccessDeniedException", f"{machine.roleArn} may not do {action} on {arn}")
    keys = {"aws_access_key_id": key, "aws_secret_access_key": "x"}
    made = boto3.client(client, region_name=region, endpoint_url=functions.settings["endpoint"], **keys)
    try:
        return getattr(made, call)(**given)
    except ClientError as error:
        raise Failed(f"{service}.{error.response['Error']['Code']}", error.response["Error"]["Message"]) from error


def evaluated(value, known):
    """A value with each of its {% expressions %} replaced by what it comes to."""
    if isinstance(value, dict):
        return {name: evaluated(one, known) for name, one in value.items()}
    if isinstance(value, list):
        return [evaluated(one, known) for one in value]
    found = re.fullmatch(r"\{%(.*)%\}", value, re.DOTALL) if isinstance(value, str) else None
    if not found:
        return value
    try:
        expression = jsonata.Jsonata(found[1])
        expression.assign("states", known)
        result = expression.evaluate(None)
    except jsonata.JException as error:
        raise Failed("States.QueryEvaluationError", str(error)) from error
    if result is None:
        raise Failed("States.QueryEvaluationError", f"{found[1].strip()} came to nothing")
    return result


def problems(definition):
    """What of a definition the local AWS can't run."""
    if definition.get("QueryLanguage") != "JSONata":
        yield "the local AWS runs JSONata only"
    for name, state in definition.get("States", {}).items():
        known = KNOWN.get(state.get("Type"), set())
        if unknown := state.keys() - known:
            yield f"{name}: the local AWS does not know {sorted(unknown)}"
        elif state["Type"] == "Task" and state["Resource"].rsplit(":::", 1)[-1] not in TASKS:
            yield f"{name}: the local AWS has no {state['Resource']}"


def validate(self):
    found = list(problems(json.loads(self._get_param("definition"))))
    diagnostics = [{"severity": "ERROR", "code": "UNSUPPORTED", "message": text} for text in found]
    return ActionResult({"result": "FAIL" if found else "OK", "diagnostics": diagnostics, "truncated": False})


def versions(self):
    """No workflow here has versions; moto does not say so."""
    return ActionResult({"stateMachineVersions": []})


def install():
    StepFunctionResponse.validate_state_machine_definition = validate
    StepFunctionResponse.list_state_machine_versions = versions
