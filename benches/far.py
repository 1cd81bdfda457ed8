"""A store that is far away: S3's API over a folder of this machine, each answer after a delay.

It knows what the compactor asks and no more; nobody checks signatures. What it counts are requests.
"""

import hashlib
import http.server
import os
import threading
import time
import urllib.parse
import xml.sax.saxutils
from collections import Counter
from datetime import datetime, timezone
from pathlib import Path

PAGE = 1000


def entry(name, path):
    status = path.stat()
    at = datetime.fromtimestamp(status.st_mtime, timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.000Z")
    return (f"<Contents><Key>{xml.sax.saxutils.escape(name)}</Key><LastModified>{at}</LastModified>"
            f"<ETag>&quot;{etag(status)}&quot;</ETag><Size>{status.st_size}</Size></Contents>")


def etag(status):
    return hashlib.md5(f"{status.st_ino} {status.st_size} {status.st_mtime_ns}".encode()).hexdigest()


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def take(self):
        length = int(self.headers.get("Content-Length", 0))
        self.body = self.rfile.read(length)
        url = urllib.parse.urlsplit(self.path)
        self.query = dict(urllib.parse.parse_qsl(url.query, keep_blank_values=True))
        _, _, key = urllib.parse.unquote(url.path).lstrip("/").partition("/")
        self.key, self.file = key, self.server.root / key
        if ".." in key.split("/"):
            return self.answer(400)
        time.sleep(self.server.delay)
        kind = "LIST" if "list-type" in self.query else self.command
        with self.server.lock:
            self.server.requests[kind] += 1
        return getattr(self, kind.lower())()

    do_GET = do_PUT = do_POST = do_DELETE = do_HEAD = take

    def get(self):
        try:
            with open(self.file, "rb") as file:
                status = os.fstat(file.fileno())
                headers = {"ETag": f'"{etag(status)}"', "Last-Modified": self.date_time_string(status.st_mtime)}
                asked = self.headers.get("Range")
                if asked is None:
                    return self.answer(200, file.read(), headers)
                first, _, last = asked.removeprefix("bytes=").partition("-")
                start = int(first) if first else max(0, status.st_size - int(last))
                end = min(status.st_size, int(last) + 1) if first and last else status.st_size
                file.seek(start)
                headers["Content-Range"] = f"bytes {start}-{end - 1}/{status.st_size}"
                return self.answer(206, file.read(end - start), headers)
        except (FileNotFoundError, IsADirectoryError, NotADirectoryError):
            return self.answer(404, b"<Error><Code>NoSuchKey</Code></Error>")

    def head(self):
        if not self.file.is_file():
            return self.answer(404)
        status = self.file.stat()
        return self.answer(200, b"", {"Content-Length": status.st_size, "ETag": f'"{etag(status)}"',
                                      "Last-Modified": self.date_time_string(status.st_mtime)})

    def put(self):
        self.file.parent.mkdir(parents=True, exist_ok=True)
        if self.headers.get("If-None-Match") == "*":
            part = self.file.with_name(f".{self.file.name}.{threading.get_ident()}")
            part.write_bytes(self.body)
            try:
                os.link(part, self.file)
            except FileExistsError:
                return self.answer(412, b"<Error><Code>PreconditionFailed</Code></Error>")
            finally:
                part.unlink()
        else:
            self.file.write_bytes(self.body)
        return self.answer(200, b"", {"ETag": f'"{etag(self.file.stat())}"'})

    def delete(self):
        self.file.unlink(missing_ok=True)
        return self.answer(204)

    def list(self):
        """Keys and common prefixes behind a prefix, in order."""
        prefix, delimiter = self.query.get("prefix", ""), self.query.get("delimiter")
        after = self.query.get("continuation-token") or self.query.get("start-after", "")
        found = [name for name in self.names(prefix, delimiter) if name > after]
        page = found[:PAGE]
        text = "".join(f"<CommonPrefixes><Prefix>{xml.sax.saxutils.escape(name)}</Prefix></CommonPrefixes>"
                       if name.endswith("/") else entry(name, self.server.root / name) for name in page)
        more = f"<IsTruncated>true</IsTruncated><NextContinuationToken>{xml.sax.saxutils.escape(page[-1])}" \
               "</NextContinuationToken>" if len(found) > PAGE else "<IsTruncated>false</IsTruncated>"
        self.answer(200, f'<?xml version="1.0"?><ListBucketResult><KeyCount>{len(page)}</KeyCount>{text}{more}'
                         "</ListBucketResult>".encode())

    def names(self, prefix, delimiter):
        folder, _, begin = prefix.rpartition("/")
        top = self.server.root / folder
        behind = f"{folder}/" if folder else ""
        if not top.is_dir():
            return []
        if delimiter:
            names = (behind + item.name + "/" * item.is_dir() for item in os.scandir(top))
        else:
            names = (str(path.relative_to(self.server.root)) for path in top.rglob("*") if path.is_file())
        return sorted(name for name in names if name.startswith(behind + begin))

    def answer(self, status, body=b"", headers=None):
        self.send_response_only(status)
        for name, value in {"Content-Length": len(body), **(headers or {})}.items():
            self.send_header(name, str(value))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        """Says nothing."""


class Far(http.server.ThreadingHTTPServer):
    """Buckets of any name, which are all `root`; `delay` seconds before each answer."""

    daemon_threads = True
    request_queue_size = 256

    def __init__(self, root, delay):
        super().__init__(("127.0.0.1", 0), Handler)
        self.root, self.delay = Path(root), delay
        self.lock = threading.Lock()
        self.requests = Counter()

    @property
    def environment(self):
        return {"AWS_ENDPOINT_URL": f"http://127.0.0.1:{self.server_address[1]}", "AWS_ACCESS_KEY_ID": "none",
                "AWS_SECRET_ACCESS_KEY": "none", "AWS_REGION": "eu-central-1"}

    def counted(self):
        """What was asked since this was asked last."""
        with self.lock:
            requests, self.requests = self.requests, Counter()
        return requests

    def __enter__(self):
        threading.Thread(target=self.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.shutdown()
        self.server_close()
