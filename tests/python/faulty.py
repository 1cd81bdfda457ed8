"""A proxy before S3 that fails: it stalls, refuses, breaks off after the work is done, or says that
it failed where it didn't. A seed decides which request meets what."""

import http.client
import http.server
import random
import threading
import time
from collections import Counter

STALLED, REFUSED = "stalled", "refused"
CUT, LIED = "cut off when done", "done and said to have failed"
FAULTS = [STALLED, REFUSED, CUT, LIED]
# In a hundred requests, by fault; a commit to the table's log has its own.
USUAL = [2, 3, 2, 2]
COMMIT = [12, 12, 18, 18]
STALL = (2.0, 6.0)


class Handler(http.server.BaseHTTPRequestHandler):
    """Passes one connection's requests on, but for the faults."""

    protocol_version = "HTTP/1.1"

    def pass_on(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        is_commit = self.command == "PUT" and "If-None-Match" in self.headers
        fault, stall = self.server.draw(is_commit)
        if fault == STALLED:
            time.sleep(stall)
        if fault == REFUSED:
            return self.answer(503, [], b"")
        # moto looks and puts in two steps: S3 does both at once, and here one at a time does.
        with self.server.commits if is_commit else self.server.nothing:
            status, headers, answer = self.ask(body)
        if fault == CUT:
            self.close_connection = True
            return None
        if fault == LIED:
            return self.answer(503, [], b"")
        return self.answer(status, headers, answer)

    def ask(self, body):
        s3 = http.client.HTTPConnection("127.0.0.1", self.server.s3, timeout=120)
        try:
            s3.request(self.command, self.path, body, dict(self.headers))
            answer = s3.getresponse()
            return answer.status, answer.getheaders(), answer.read()
        finally:
            s3.close()

    def answer(self, status, headers, body):
        self.send_response_only(status)
        names = {name.lower() for name, _ in headers}
        for name, value in headers:
            if name.lower() not in ("connection", "transfer-encoding"):
                self.send_header(name, value)
        if "content-length" not in names:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_PUT = do_POST = do_DELETE = do_HEAD = pass_on

    def log_message(self, *_):
        """Says nothing."""


class Nothing:
    """A lock that anybody holds."""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        return False


class Proxy(http.server.ThreadingHTTPServer):
    """Stands before S3 on a port of this machine; `met` counts what requests met."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, s3, seed):
        super().__init__(("127.0.0.1", 0), Handler)
        self.s3 = s3
        self.random = random.Random(seed)
        self.drawing = threading.Lock()
        self.commits = threading.Lock()
        self.nothing = Nothing()
        self.met = Counter()

    def handle_error(self, *_):
        """A client that went away is no news."""

    def draw(self, is_commit):
        """The fault that a request meets, or none; and for how long, where it stalls."""
        rates = COMMIT if is_commit else USUAL
        with self.drawing:
            kinds = [*FAULTS, None]
            fault = self.random.choices(kinds, [*rates, 100 - sum(rates)])[0]
            self.met["commits" if is_commit else "requests", fault] += 1
            return fault, self.random.uniform(*STALL)

    def __enter__(self):
        threading.Thread(target=self.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.shutdown()
        self.server_close()
