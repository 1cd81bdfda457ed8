"""The functions' zips from a release: what Terraform fetches is what was published, or nothing."""

import base64
import hashlib
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

import pytest

import standin
from localaws.stack import Stack

FETCHED = "modules/release/fetched"


class Releases:
    """A folder of releases that a server on this machine gives, and how often it was asked for which file."""

    def __init__(self, folder):
        self.folder, self.asked = folder, []
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), partial(self.handler(), directory=folder))
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/download"

    def handler(self):
        asked = self.asked

        class Handler(SimpleHTTPRequestHandler):
            def do_GET(self):
                asked.append(self.path.rsplit("/", 1)[1])
                super().do_GET()

            def log_message(self, *_):
                pass

        return Handler

    def publish(self, version, setup=standin.ECHO):
        """A release with two different zips; gives their sums as Lambda writes them."""
        folder = self.folder / "download" / version
        folder.mkdir(parents=True)
        lines, sums = "", {}
        for name in ("ingest", "compactor"):
            body = standin.zipped(setup + f"\n# {name} of {version}\n")
            (folder / f"{name}-arm64.zip").write_bytes(body)
            digest = hashlib.sha256(body)
            lines += f"{digest.hexdigest()}  {name}-arm64.zip\n"
            sums[name] = base64.b64encode(digest.digest()).decode()
        (folder / "SHA256SUMS").write_text(f"{'0' * 64}  ingest-x86_64.zip\n" + lines)
        return sums


@pytest.fixture(scope="module")
def releases(tmp_path_factory):
    made = Releases(tmp_path_factory.mktemp("releases"))
    yield made
    made.server.shutdown()
    made.server.server_close()


@pytest.fixture(scope="module")
def module(aws, releases):
    """The module by itself, with a release that is whole, one with a wrong sum, one that lacks a zip and one
    that lacks a sum."""
    made = Stack(aws, root="terraform/modules/release", url=releases.url, architecture="arm64")
    made.published = {version: releases.publish(version) for version in ("v1.0.0", "v1.0.1", "mixed-up", "cut-off", "unsigned")}
    download = releases.folder / "download"
    (download / "mixed-up/compactor-arm64.zip").write_bytes(b"another")
    (download / "cut-off/ingest-arm64.zip").unlink()
    sums = download / "unsigned/SHA256SUMS"
    sums.write_text("".join(line for line in sums.read_text().splitlines(True) if "ingest-arm64" not in line))
    return made


def apply(module, version, check=True):
    return module.run("apply", "-auto-approve", "-input=false", f"-var=release_version={version}", check=check)


def is_settled(stack, *more):
    """Whether a plan would change nothing."""
    return stack.run("plan", "-input=false", "-detailed-exitcode", *more, check=False).returncode == 0


def test_the_zips_of_a_release_are_fetched_once_and_are_not_in_the_state(module, releases):
    apply(module, "v1.0.0")
    outputs = module.read_outputs()
    assert outputs["sums"] == module.published["v1.0.0"]
    published = (releases.folder / "download/v1.0.0/ingest-arm64.zip").read_bytes()
    assert (module.root / outputs["paths"]["ingest"]).read_bytes() == published
    assert base64.b64encode(published[:30]).decode() not in module.state() and len(module.state()) < 5000
    assert sorted(releases.asked) == ["SHA256SUMS", "compactor-arm64.zip", "ingest-arm64.zip"]
    assert is_settled(module, "-var=release_version=v1.0.0")


def test_another_checkout_plans_nothing_and_another_release_is_fetched(module, releases):
    (module.root / "fetched").rename(module.root / "elsewhere")
    releases.asked.clear()
    assert is_settled(module, "-var=release_version=v1.0.0") and releases.asked == []
    apply(module, "v1.0.1")
    assert module.read_outputs()["sums"] == module.published["v1.0.1"] != module.published["v1.0.0"]


def test_what_is_there_is_kept_and_what_was_changed_there_is_fetched_again(module, releases):
    apply(module, "v1.0.1")
    (module.root / "fetched/v1.0.1/ingest-arm64.zip").write_bytes(b"of somebody")
    releases.asked.clear()
    module.run("apply", "-auto-approve", "-input=false", "-var=release_version=v1.0.1", "-replace=terraform_data.fetched")
    assert releases.asked == ["SHA256SUMS", "ingest-arm64.zip"]
    assert module.read_outputs()["sums"] == module.published["v1.0.1"]


@pytest.mark.parametrize(
    ("version", "sentence"),
    [
        ("v9.9.9", "there is no SHA256SUMS at {url}/v9.9.9 (404): release_version and release_url have to name a release"),
        ("cut-off", "there is no ingest-arm64.zip at {url}/cut-off (404)"),
        ("unsigned", "SHA256SUMS at {url}/unsigned has no one sum of ingest-arm64.zip: the release is not whole."),
        ("mixed-up", "compactor-arm64.zip has the sha256 " + hashlib.sha256(b"another").hexdigest() + ", and SHA256SUMS says"),
    ],
)
def test_what_is_not_as_published_is_told_and_not_kept(module, releases, version, sentence):
    done = apply(module, version, check=False)
    assert done.returncode == 1
    assert sentence.format(url=releases.url) in " ".join((done.stdout + done.stderr).split())
    # The other zip of the two is whole, and fetched first.
    kept = ["compactor-arm64.zip"] if version in ("cut-off", "unsigned") else []
    assert [path.name for path in (module.root / "fetched" / version).iterdir()] == kept


def test_a_server_that_does_not_answer_is_told(module):
    done = module.run("apply", "-auto-approve", "-input=false", "-var=release_version=v1", "-var=url=http://127.0.0.1:9/download", check=False)
    assert "can't be fetched (curl says why above): look at the network and at release_url." in " ".join((done.stdout + done.stderr).split())


def test_a_function_runs_the_release_that_is_named(aws, client, releases):
    sums = releases.publish("v2.0.0")
    stack = Stack(aws, name="released", release_url=releases.url, release_version="v2.0.0", tls_only=False, force_destroy=True)
    target = "-target=module.compactor.module.function"
    stack.run("apply", "-auto-approve", "-input=false", target)
    assert client("lambda").get_function(FunctionName="released-compactor")["Configuration"]["CodeSha256"] == sums["compactor"]
    (stack.root / FETCHED).rename(stack.root / "elsewhere")
    assert is_settled(stack, target), "without the files, as in a fresh checkout"
    sums = releases.publish("v2.0.1")
    stack.run("apply", "-auto-approve", "-input=false", target, "-var=release_version=v2.0.1")
    assert client("lambda").get_function(FunctionName="released-compactor")["Configuration"]["CodeSha256"] == sums["compactor"]
    stack.run("destroy", "-auto-approve", "-input=false", "-var=release_version=v2.0.1")
