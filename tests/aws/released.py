"""What an owner does by hand to a function of a stack: a change that becomes a version, and the alias on it."""

from waiting import soon

LIVE = "live"


def settled(lambdas, name, version):
    """Waits until an update is through, or a version is active."""
    member, wanted = ("State", "Active") if version else ("LastUpdateStatus", "Successful")
    at = {"FunctionName": name} | ({"Qualifier": version} if version else {})
    soon(lambda: lambdas.get_function_configuration(**at)[member] == wanted)


def release(lambdas, name, **changes):
    """Puts $LATEST live with these changes of its configuration; gives its version."""
    settled(lambdas, name, None)
    lambdas.update_function_configuration(FunctionName=name, **changes)
    settled(lambdas, name, None)
    version = lambdas.publish_version(FunctionName=name)["Version"]
    settled(lambdas, name, version)
    roll(lambdas, name, version)
    return version


def roll(lambdas, name, version):
    """Lets the alias point to a version, as `aws lambda update-alias` does."""
    lambdas.update_alias(FunctionName=name, Name=LIVE, FunctionVersion=version)


def live(lambdas, name):
    """The version that the alias points to."""
    return lambdas.get_alias(FunctionName=name, Name=LIVE)["FunctionVersion"]
