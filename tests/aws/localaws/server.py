"""One object that starts and stops it all, and the addresses that Terraform's outputs then have."""

import json
import threading
import urllib.error
import urllib.request

from moto.apigatewayv2.models import Api
from moto.awslambda.models import FunctionUrlConfig
from moto.core.config import default_user_config
from moto.server import ThreadedMotoServer

from localaws import bus, calls, firehose, functions, gaps, gateway, metrics, permissions, states, versions


def address_doors(base):
    """Function URLs and HTTP APIs get addresses of the gateway, where moto makes names of AWS."""

    def url(self, function, config, made=FunctionUrlConfig.__init__):
        made(self, function, config)
        self.url = f"{base}/url/{versions.door_name(function)}/"

    def api(self, *args, made=Api.__init__, **kwargs):
        made(self, *args, **kwargs)
        self.api_endpoint = f"{base}/api/{self.api_id}"

    FunctionUrlConfig.__init__, Api.__init__ = url, api


class LocalAws:
    """A local AWS: `endpoint` is the API of every service, `gateway` the doors and the controls."""

    def __init__(self, port=0, gateway_port=0, region="eu-central-1"):
        default_user_config["lambda"]["use_docker"] = False
        functions.settings["region"] = metrics.settings["region"] = region
        for part in (bus, permissions, calls, firehose, functions, gaps, versions, states):
            part.install()
        self._moto = ThreadedMotoServer("127.0.0.1", port, verbose=False)
        self._gateway = gateway.serve(gateway_port)
        self.region = region
        self.gateway = "http://127.0.0.1:%d" % self._gateway.server_address[1]
        address_doors(self.gateway)

    def start(self):
        self._moto.start()
        self.endpoint = "http://%s:%d" % self._moto.get_host_and_port()
        functions.settings["endpoint"] = self.endpoint
        threading.Thread(target=self._gateway.serve_forever, daemon=True).start()
        return self

    def stop(self):
        functions.stop_all()
        self._gateway.shutdown()
        self._moto.stop()

    def control(self, name, *args):
        """Pulls a lever over HTTP, as another process would; an answer but 200 is an HTTPError."""
        request = urllib.request.Request(f"{self.gateway}/control/{name}", json.dumps({"args": args}).encode())
        try:
            with urllib.request.urlopen(request) as answer:
                return json.load(answer)["result"]
        except urllib.error.HTTPError as error:
            error.add_note(error.read().decode())
            raise

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.stop()
