"""An issuer of tokens on this machine: its discovery document, its keys, and tokens as it signs them."""

import base64
import hmac
import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from joserfc import jwt
from joserfc.jwk import RSAKey

from localaws import authorizers

NAME = "https://issuer.example/tenant"


class Issuer:
    """Serves until it is closed; the local AWS finds it under its name."""

    def __init__(self, audience):
        self.audience = audience
        self.key = new_key()
        self.documents = {
            "/.well-known/openid-configuration": {"issuer": NAME, "jwks_uri": f"{NAME}/keys"},
            "/keys": {"keys": [self.key.as_dict(private=False)]},
        }
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), handler(self.documents))
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        authorizers.issuers[NAME] = "http://127.0.0.1:%d" % self.server.server_address[1]

    def close(self):
        self.server.shutdown()
        self.server.server_close()

    def token(self, key=None, **claims):
        """A token that opens the door, but for what differs; a claim of None is left out."""
        now = int(time.time())
        usual = {"iss": NAME, "aud": self.audience, "sub": "tests", "scope": "events/write", "iat": now - 1, "exp": now + 600}
        told = {name: value for name, value in (usual | claims).items() if value is not None}
        return jwt.encode({"alg": "RS256", "kid": "one"}, told, key or self.key)


def new_key():
    return RSAKey.generate_key(2048, {"kid": "one"})


def handler(documents):
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            found = documents.get(self.path)
            body = json.dumps(found or {}).encode()
            self.send_response(200 if found else 404)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    return Handler


# --- tokens that open nothing ----------------------------------------------------------------------


def wrong_tokens(tokens):
    """{what is wrong: a token} of tokens that open nothing."""
    public = tokens.key.as_pem(private=False)
    now = int(time.time())
    return {
        "no token": "x",
        "another key of the same name": tokens.token(new_key()),
        "signed with the public key": signed_with(public, tokens.token()),
        "run out": tokens.token(exp=now - 1),
        "without an end": tokens.token(exp=None),
        "not valid yet": tokens.token(nbf=now + 300),
        "for somebody else": tokens.token(aud="other"),
        "of another issuer": tokens.token(iss="https://issuer.example"),
        "with other claims": swapped(tokens.token(aud="other"), tokens.token()),
        "unsigned": unsigned(tokens.token()),
    }


def swapped(claims_of, signature_of):
    """The claims of one token under the signature of another."""
    return ".".join(claims_of.split(".")[:2] + signature_of.split(".")[2:])


def signed_with(public, token):
    """The claims of a token under an HMAC, with the key that everybody may read as its secret."""
    told = ".".join([encoded(json.dumps({"alg": "HS256", "kid": "one"}).encode()), token.split(".")[1]])
    return f"{told}.{encoded(hmac.digest(public, told.encode(), 'sha256'))}"


def encoded(data):
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def unsigned(token):
    return ".".join([encoded(b'{"alg":"none"}'), token.split(".")[1], ""])
