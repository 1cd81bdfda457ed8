"""python -m localaws [--port N] [--gateway-port N] [--region R]: runs until it is told to stop.

The first line on stdout is JSON with the addresses, {"endpoint": …, "gateway": …}."""

import argparse
import json
import logging
import signal
import threading

from localaws import LocalAws


def main():
    parser = argparse.ArgumentParser(prog="localaws", description="A local AWS for tests.")
    parser.add_argument("--port", type=int, default=0, help="of AWS's APIs; 0 takes a free one")
    parser.add_argument("--gateway-port", type=int, default=0, help="of function URLs and controls")
    parser.add_argument("--region", default="eu-central-1")
    args = parser.parse_args()

    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    with LocalAws(args.port, args.gateway_port, args.region) as aws:
        print(json.dumps({"endpoint": aws.endpoint, "gateway": aws.gateway}), flush=True)
        stop.wait()


if __name__ == "__main__":
    main()
