"""A store that is far away: S3's API over a folder of this machine, each answer after a delay.

It knows what lakes ask and no more; nobody checks signatures. What is asked is done when it comes
and answered a delay later, by the clock of the request: neither what this takes nor how many wait
beside it is added, and a wait costs no thread. It counts requests, bytes, and how many waited at once.
"""

import asyncio
import bisect
import hashlib
import os
import threading
import time
import urllib.parse
import xml.etree.ElementTree as ElementTree
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timezone
from email.utils import formatdate
from pathlib import Path
from xml.sax.saxutils import escape

PAGE = 1000
REASONS = {200: "OK", 204: "No Content", 206: "Partial Content", 304: "Not Modified", 400: "Bad Request",
           404: "Not Found", 412: "Precondition Failed", 416: "Range Not Satisfiable", 501: "Not Implemented"}
CODES = {404: "NoSuchKey", 412: "PreconditionFailed", 416: "InvalidRange", 501: "NotImplemented"}
SETTLED = 1_000_000_000  # nanoseconds after which a folder's time tells whether it changed


@dataclass
class Counted:
    """What was asked: requests by kind, bytes of the bodies both ways, the most that waited at once."""

    requests: Counter = field(default_factory=Counter)
    read: int = 0
    written: int = 0
    at_once: int = 0

    @property
    def all(self):
        return sum(self.requests.values())

    def __str__(self):
        return ", ".join(f"{count} {kind}" for kind, count in sorted(self.requests.items()))


def etag(status):
    return '"' + hashlib.md5(f"{status.st_ino} {status.st_size} {status.st_mtime_ns}".encode()).hexdigest() + '"'


class Keys:
    """The keys of a folder in the order of S3, without going through all of them for one page.

    The names in a folder are kept, sorted, for as long as its time of change stays the same."""

    def __init__(self, root):
        self.root, self.kept = root, {}

    def names(self, folder):
        """Sorted names in a folder, with `/` behind those of folders."""
        path = os.path.join(self.root, folder)
        try:
            changed = os.stat(path).st_mtime_ns
            kept = self.kept.get(folder)
            if kept and kept[0] == changed:
                return kept[1]
            now = time.time_ns()
            with os.scandir(path) as items:
                names = sorted(item.name + "/" * item.is_dir() for item in items)
        except (FileNotFoundError, NotADirectoryError):
            return []
        if now - changed > SETTLED:
            self.kept[folder] = (changed, names)
        return names

    def after(self, prefix, after, delimiter):
        """Keys that begin with `prefix` behind `after`, in order; folders as one if there is a delimiter."""
        folder, _, begin = prefix.rpartition("/")
        yield from self.walk(f"{folder}/" if folder else "", begin, after, delimiter)

    def walk(self, folder, begin, after, delimiter):
        names = self.names(folder)
        # What `after` lies in comes too: it sorts before the names in it.
        least = max(begin, after[len(folder):].partition("/")[0] if after.startswith(folder) else begin)
        for place in range(bisect.bisect_left(names, least), len(names)):
            name = names[place]
            if not name.startswith(begin):
                return
            key = folder + name
            if not name.endswith("/") or delimiter:
                if key > after:
                    yield key
            elif key > after or after.startswith(key):
                yield from self.walk(key, "", after, False)


class Store:
    """What is asked and what is answered: (status, headers, body) of a request."""

    def __init__(self, root):
        self.root, self.keys = Path(root), Keys(str(root))

    def answer(self, kind, key, query, headers, body):
        if ".." in key.split("/"):
            return 400, {}, b""
        do = {"GET": self.get, "HEAD": self.head, "PUT": self.put, "DELETE": self.delete}.get(kind)
        if kind == "LIST":
            return self.list(query)
        if kind == "POST" and "delete" in query:
            return self.delete_all(body)
        if do is None or "transfer-encoding" in headers or "uploadId" in query:
            return error(501)
        try:
            return do(key, headers, body)
        except (FileNotFoundError, IsADirectoryError, NotADirectoryError):
            return error(404)

    def head(self, key, *_):
        status = os.stat(self.root / key)
        if os.path.isdir(self.root / key):
            return error(404)
        return 200, told(status), b""

    def get(self, key, headers, _):
        with open(self.root / key, "rb") as file:
            status = os.fstat(file.fileno())
            said, size = told(status), status.st_size
            if headers.get("if-none-match") == said["ETag"]:
                return 304, {"ETag": said["ETag"]}, b""
            if headers.get("if-match", said["ETag"]) != said["ETag"]:
                return error(412)
            asked = headers.get("range")
            if asked is None:
                return 200, said, file.read()
            first, _, last = asked.removeprefix("bytes=").partition("-")
            start = int(first) if first else max(0, size - int(last))
            end = min(size, int(last) + 1) if first and last else size
            if start >= end:
                return error(416)
            file.seek(start)
            said |= {"Content-Range": f"bytes {start}-{end - 1}/{size}", "Content-Length": end - start}
            return 206, said, file.read(end - start)

    def put(self, key, headers, body):
        path = self.root / key
        path.parent.mkdir(parents=True, exist_ok=True)
        if headers.get("if-none-match") == "*":
            part = path.with_name(f".{path.name}.part")
            part.write_bytes(body)
            try:
                os.link(part, path)
            except FileExistsError:
                return error(412)
            finally:
                part.unlink()
        else:
            path.write_bytes(body)
        return 200, {"ETag": etag(path.stat())}, b""

    def delete(self, key, *_):
        (self.root / key).unlink(missing_ok=True)
        return 204, {}, b""

    def delete_all(self, body):
        for node in ElementTree.fromstring(body).iter():
            if node.tag.endswith("Key") and ".." not in (node.text or "..").split("/"):
                self.delete(node.text)
        return 200, {}, b"<DeleteResult></DeleteResult>"

    def list(self, query):
        """Keys and common prefixes behind a prefix, in order."""
        after = query.get("continuation-token") or query.get("start-after", "")
        most = min(PAGE, int(query.get("max-keys", PAGE)))
        text, last, count, more = [], "", 0, False
        for name in self.keys.after(query.get("prefix", ""), after, query.get("delimiter")):
            if count == most:
                more = True
                break
            said = self.entry(name)
            text.append(said)
            last, count = name, count + bool(said)
        token = f"<NextContinuationToken>{escape(last)}</NextContinuationToken>" if more else ""
        return 200, {}, (f'<?xml version="1.0"?><ListBucketResult><KeyCount>{count}</KeyCount>{"".join(text)}'
                         f"<IsTruncated>{str(more).lower()}</IsTruncated>{token}</ListBucketResult>").encode()

    def entry(self, name):
        if name.endswith("/"):
            return f"<CommonPrefixes><Prefix>{escape(name)}</Prefix></CommonPrefixes>"
        try:
            status = os.stat(self.root / name)
        except FileNotFoundError:
            return ""
        at = datetime.fromtimestamp(status.st_mtime, timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.000Z")
        return (f"<Contents><Key>{escape(name)}</Key><LastModified>{at}</LastModified>"
                f"<ETag>{escape(etag(status), {chr(34): '&quot;'})}</ETag><Size>{status.st_size}</Size></Contents>")


def told(status):
    return {"ETag": etag(status), "Last-Modified": formatdate(status.st_mtime, usegmt=True),
            "Accept-Ranges": "bytes", "Content-Length": status.st_size}


def error(status):
    return status, {}, f"<Error><Code>{CODES[status]}</Code></Error>".encode()


class Far:
    """Buckets of any name, which are all `root`; `delay` seconds before each answer."""

    def __init__(self, root, delay):
        self.store, self.delay = Store(root), delay
        self.lock, self.counts, self.waiting = threading.Lock(), Counted(), 0
        self.loop, self.port = asyncio.new_event_loop(), None

    @property
    def environment(self):
        return {"AWS_ENDPOINT_URL": f"http://127.0.0.1:{self.port}", "AWS_ACCESS_KEY_ID": "none",
                "AWS_SECRET_ACCESS_KEY": "none", "AWS_REGION": "eu-central-1"}

    def counted(self):
        """What was asked since this was asked last."""
        with self.lock:
            counts, self.counts = self.counts, Counted()
        return counts

    async def serve(self, reader, writer):
        """One connection, one request after the other."""
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                came = self.loop.time()
                first, *lines = head[:-4].decode("latin-1").split("\r\n")
                headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
                if "expect" in headers:
                    writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
                body = await reader.readexactly(int(headers.get("content-length", 0)))
                await self.respond(writer, *first.split(" ")[:2], headers, body, came)
        except (asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            pass
        finally:
            writer.close()

    async def respond(self, writer, method, target, headers, body, came):
        url = urllib.parse.urlsplit(target)
        query = dict(urllib.parse.parse_qsl(url.query, keep_blank_values=True))
        key = urllib.parse.unquote(url.path).lstrip("/").partition("/")[2]
        kind = "LIST" if "list-type" in query else method
        with self.lock:
            self.waiting += 1
            self.counts.at_once = max(self.counts.at_once, self.waiting)
        try:
            status, said, content = self.store.answer(kind, key, query, headers, body)
            await asyncio.sleep(came + self.delay - self.loop.time())
        finally:
            with self.lock:
                self.waiting -= 1
                self.counts.requests[kind] += 1
                self.counts.written += len(body)
        content = b"" if kind == "HEAD" else content
        with self.lock:
            self.counts.read += len(content)
        said = {"Content-Length": len(content)} | said
        lines = "".join(f"{name}: {value}\r\n" for name, value in said.items())
        writer.write(f"HTTP/1.1 {status} {REASONS[status]}\r\n{lines}\r\n".encode())
        writer.write(content)
        await writer.drain()

    def __enter__(self):
        started = threading.Event()

        async def start():
            server = await asyncio.start_server(self.serve, "127.0.0.1", 0, backlog=1024, limit=1 << 20)
            self.server = server
            self.port = server.sockets[0].getsockname()[1]
            started.set()

        def forever():
            asyncio.set_event_loop(self.loop)
            self.loop.run_until_complete(start())
            self.loop.run_forever()
            self.server.close()
            open_ones = asyncio.all_tasks(self.loop)
            for task in open_ones:
                task.cancel()
            self.loop.run_until_complete(asyncio.gather(*open_ones, return_exceptions=True))
            self.loop.close()

        self.thread = threading.Thread(target=forever, daemon=True)
        self.thread.start()
        started.wait()
        return self

    def __exit__(self, *_):
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join()
