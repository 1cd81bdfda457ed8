"""EventBridge's event patterns: whether an event is of one. Pure; knows no bus.

As AWS's guide has them ("Comparison operators for use in event patterns"). A word that this module does
not know is an error, so that no test passes because an operator was overlooked.
"""

import ipaddress
import operator
import re

MISSING = object()
NUMERIC = {"=": operator.eq, "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge}


def matches(pattern, event):
    """Whether every member of a pattern finds its like in an event, and of `$or` one of the patterns."""
    return all(
        any(matches(one, event) for one in wanted) if name == "$or" else member(wanted, event, name)
        for name, wanted in pattern.items()
    )


def member(wanted, event, name):
    if isinstance(event, list):  # of a list of objects, one has to be it
        return any(member(wanted, one, name) for one in event) if event else member(wanted, {}, name)
    value = event.get(name, MISSING) if isinstance(event, dict) else MISSING
    if isinstance(wanted, dict):
        return matches(wanted, value if isinstance(value, (dict, list)) else {})
    return any(leaf(one, value) for one in wanted)


def leaf(wanted, value):
    """One thing that a pattern lists, and a value. Only a value that is no object can be matched; of a
    list, one of its values has to be it."""
    if isinstance(value, dict) or value == []:
        value = MISSING
    if isinstance(wanted, dict) and "exists" in wanted:
        return wanted["exists"] is (value is not MISSING)
    if isinstance(value, list):
        return any(leaf(wanted, one) for one in value)
    if value is MISSING:
        return False
    if not isinstance(wanted, dict):
        return same(wanted, value)
    ((name, argument),) = wanted.items()
    return COMPARISONS[name](argument, value)


def same(wanted, value):
    """Equal and of one kind: 300 is not 300.0, nor true 1."""
    return type(wanted) is type(value) and wanted == value


def text(test):
    """A comparison of texts; it may be asked to ignore their case."""

    def compare(argument, value):
        if not isinstance(value, str):
            return False
        if isinstance(argument, dict):
            ((name, argument),) = argument.items()
            if name != "equals-ignore-case":
                raise ValueError(f"not understood in a pattern: {name}")
            return test(value.lower(), argument.lower())
        return test(value, argument)

    return compare


def wildcard(argument, value):
    parts = [re.escape(part) for part in argument.split("*")]
    return isinstance(value, str) and re.fullmatch(".*".join(parts), value, re.DOTALL) is not None


def numeric(argument, value):
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return False
    return all(NUMERIC[name](value, bound) for name, bound in zip(argument[::2], argument[1::2], strict=True))


def cidr(argument, value):
    try:
        return ipaddress.ip_address(value) in ipaddress.ip_network(argument, strict=False)
    except ValueError:
        return False


def anything_but(argument, value):
    if isinstance(argument, dict):
        ((name, others),) = argument.items()
        return not any(COMPARISONS[name](one, value) for one in many(others))
    return not any(same(one, value) for one in many(argument))


def many(value):
    return value if isinstance(value, list) else [value]


COMPARISONS = {
    "prefix": text(str.startswith),
    "suffix": text(str.endswith),
    "equals-ignore-case": text(lambda value, argument: value.lower() == argument.lower()),
    "wildcard": wildcard,
    "numeric": numeric,
    "cidr": cidr,
    "anything-but": anything_but,
}
