"""Who may use a route of an HTTP API: tokens of an issuer, with a real check of their signature, or
requests that are signed for IAM.

An issuer is an https:// address on AWS; where a test's one really is, it says in `issuers`.
"""

import hmac
import json
import re
import time
import urllib.request
from datetime import UTC, datetime

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from localaws import functions, permissions, proxy

ALGORITHMS = ["RS256", "RS384", "RS512"]  # API Gateway takes no others
SECRET_KEY = "test"  # of every access key here
MAY_DIFFER = 300  # seconds between a signature's clock and ours

issuers = {}  # {issuer: where it really is}


def refusal(api, route, request):
    """The answer to who may not use the route; None to who may."""
    if route.authorization_type == "JWT":
        return by_token(api.get_authorizer(route.authorizer_id), route, request)
    if route.authorization_type == "AWS_IAM":
        return by_signature(api, request)
    return None


def header(request, name):
    return next((value for key, value in request["headers"] if key.lower() == name), "")


# --- tokens ---------------------------------------------------------------------------------------


def by_token(authorizer, route, request):
    unauthorized = (401, {**proxy.JSON, "www-authenticate": "Bearer"}, b'{"message":"Unauthorized"}')
    token = header(request, "authorization").removeprefix("Bearer ")
    config = authorizer.jwt_config
    try:
        claims = jwt.decode(token, keys_of(config["issuer"]), ALGORITHMS).claims
    except (JoseError, ValueError):
        return unauthorized
    if not is_valid(claims, config, time.time()):
        return unauthorized
    scopes = str(claims.get("scope", "")).split() + list(claims.get("scp", []))
    if route.authorization_scopes and not set(route.authorization_scopes) & set(scopes):
        return proxy.refusal(403, "Forbidden")
    return None


def keys_of(issuer):
    """The issuer's keys, as its discovery document says where they are."""
    place = issuers[issuer]
    told = read(f"{place}/.well-known/openid-configuration")
    return KeySet.import_key_set(read(told["jwks_uri"].replace(issuer, place, 1)))


def read(url):
    with urllib.request.urlopen(url, timeout=5) as answer:
        return json.load(answer)


def is_valid(claims, config, now):
    audience = claims.get("aud", claims.get("client_id"))
    audiences = audience if isinstance(audience, list) else [audience]
    return (
        claims.get("iss") == config["issuer"]
        and bool(set(audiences) & set(config["audience"]))
        and claims.get("exp", 0) > now
        and claims.get("nbf", 0) <= now
        and claims.get("iat", 0) <= now
    )


# --- IAM ------------------------------------------------------------------------------------------

SIGNED = re.compile(
    r"AWS4-HMAC-SHA256 Credential=([^/]+)/(\d{8})/([^/]+)/execute-api/aws4_request, ?"
    r"SignedHeaders=([a-z0-9;-]+), ?Signature=([0-9a-f]{64})"
)


def by_signature(api, request):
    found = SIGNED.fullmatch(header(request, "authorization"))
    if not found or not hmac.compare_digest(found[5], signature(api, request, *found.groups()[:4])):
        return proxy.refusal(403, "Forbidden")
    principal = permissions.principal_of(found[1])
    arn = f"arn:aws:execute-api:{functions.settings['region']}:{permissions.ACCOUNT}:{api.api_id}/$default/{request['method']}{request['path']}"
    if principal and not principal.may("execute-api:Invoke", arn, {}):
        return proxy.refusal(403, "Forbidden")
    return None


def signature(api, request, key, day, region, names):
    """What the signature of a request has to be; nothing that any is where its time is not now."""
    stamp = header(request, "x-amz-date")
    try:
        at = datetime.strptime(stamp, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    except ValueError:
        return ""
    if not stamp.startswith(day) or abs((datetime.now(UTC) - at).total_seconds()) > MAY_DIFFER or "host" not in names.split(";"):
        return ""
    query = f"?{request['query']}" if request["query"] else ""
    url = f"http://{header(request, 'host')}/api/{api.api_id}{request['path']}{query}"
    headers = {name: header(request, name) for name in names.split(";")}
    again = AWSRequest(request["method"], url, headers=headers, data=request["body"])
    again.context["timestamp"] = stamp
    signer = SigV4Auth(Credentials(key, SECRET_KEY), "execute-api", region)
    return signer.signature(signer.string_to_sign(again, signer.canonical_request(again)), again)
