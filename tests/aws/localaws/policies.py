"""IAM policies as documents: what they allow, conditions included. Pure; knows no request.

Only what the policies of this repository use is understood. Anything else in a statement is an
error, so that no test passes because a word was overlooked.
"""

import json
import re

KNOWN = {"Sid", "Effect", "Action", "Resource", "Condition"}
OPERATORS = {
    "StringEquals": lambda value, wanted: value == wanted,
    "StringLike": lambda value, wanted: matches(wanted, value),
    "ArnEquals": lambda value, wanted: matches(wanted, value),
    "ArnLike": lambda value, wanted: matches(wanted, value),
    "Bool": lambda value, wanted: value.lower() == wanted.lower(),
}


def is_allowed(documents, action, resource, context=None, boundary=None):
    """Whether policies allow an action: an Allow among them, in the boundary too, and no Deny in either.

    `resource` None is one that the caller doesn't know: then no statement is left out for its own.
    `context` has the condition keys that the request brings."""
    request = (action, resource, {key.lower(): str(value) for key, value in (context or {}).items()})
    own = effects(documents, request)
    bounds = {"Allow"} if boundary is None else effects([boundary], request)
    return "Allow" in own & bounds and "Deny" not in own | bounds


def effects(documents, request):
    """Effects of all statements that a request meets."""
    return {statement["Effect"] for document in documents for statement in statements(document) if applies(statement, *request)}


def statements(document):
    document = json.loads(document) if isinstance(document, str) else document
    found = many(document["Statement"])
    for statement in found:
        if unknown := statement.keys() - KNOWN:
            raise ValueError(f"not understood in a policy: {sorted(unknown)}")
    return found


def applies(statement, action, resource, context):
    if not any(matches(wanted.lower(), action.lower()) for wanted in many(statement["Action"])):
        return False
    if resource is not None and not any(matches(wanted, resource) for wanted in many(statement["Resource"])):
        return False
    conditions = statement.get("Condition", {})
    return all(holds(operator, key, many(values), context) for operator, keys in conditions.items() for key, values in keys.items())


def holds(operator, key, wanted, context):
    """One condition. A key that the request doesn't bring meets no condition, but for one that says
    `IfExists` or is negated."""
    # A key of several values; requests bring one here. None meets "all of them are".
    of_all = operator.startswith("ForAllValues:")
    operator = operator.removeprefix("ForAllValues:")
    name = operator.removesuffix("IfExists")
    is_negated = "Not" in name
    test = OPERATORS.get(name.replace("Not", ""))
    if test is None:
        raise ValueError(f"not understood in a condition: {operator}")
    value = context.get(key.lower())
    if value is None:
        return is_negated or of_all or operator != name
    return any(test(value, one) for one in wanted) != is_negated


def matches(pattern, text):
    """Whether a text is of a pattern with `*` and `?`, as IAM has them: both match any character."""
    wild = {"*": ".*", "?": "."}
    return re.fullmatch("".join(wild.get(char, re.escape(char)) for char in pattern), text, re.DOTALL) is not None


def many(value):
    return value if isinstance(value, list) else [value]
