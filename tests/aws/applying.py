"""The policies of terraform/apply-policy, filled in for a stack, and the principal that has them."""

import json

from localaws.permissions import ACCOUNT, Principal, principals
from localaws.stack import REPOSITORY

FOLDER = REPOSITORY / "terraform/apply-policy"
POLICIES = ("door-and-bus.json", "lake.json", "routes.json", "options.json")
BOUNDARY = "boundary.json"
# The provider asks who it is; where it may not, it asks STS.
NEEDS_NO_PERMISSION = {"iam:GetUser"}


def filled(file, name, region="eu-central-1"):
    text = (FOLDER / file).read_text()
    for word, value in (("NAME", name), ("ACCOUNT", ACCOUNT), ("REGION", region), ("DOMAIN", f"{name}.example.com")):
        text = text.replace(word, value)
    return json.loads(text)


def prepare(client, name):
    """What an administrator makes before the first apply: the boundary, and a principal with the two
    policies. Gives the principal's key, and the inputs of the stack."""
    document = json.dumps(filled(BOUNDARY, name))
    boundary = client("iam").create_policy(PolicyName=f"{name}-boundary", PolicyDocument=document)["Policy"]["Arn"]
    key = f"APPLIES{name.upper()}"
    principals[key] = Principal(f"arn:aws:iam::{ACCOUNT}:user/{key}", [filled(file, name) for file in POLICIES])
    return key, {"role_path": f"/{name}/", "role_permissions_boundary": boundary}
