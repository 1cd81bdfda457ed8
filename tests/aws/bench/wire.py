"""HTTP/1.1 as a server, for measuring: one asyncio protocol, no header is parsed that nobody reads."""

import asyncio
import re

CONTENT_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.I)
CHUNKED = re.compile(rb"\r\ntransfer-encoding: *chunked", re.I)
EXPECT = re.compile(rb"\r\nexpect: *100-continue", re.I)


class Server(asyncio.Protocol):
    """Gives `answer(server, head, body)` each request; the answer goes out by `send`.

    asyncio sets TCP_NODELAY by itself.
    """

    def __init__(self, answer):
        self.answer, self.buffer, self.head = answer, bytearray(), None

    def connection_made(self, transport):
        self.transport = transport

    def data_received(self, data):
        self.buffer += data
        while (body := self.next_body()) is not None:
            head, self.head = self.head, None
            self.answer(self, head, body)

    def next_body(self):
        """The body of the next request that is there whole, its head in `self.head`; or None."""
        if self.head is None:
            end = self.buffer.find(b"\r\n\r\n")
            if end < 0:
                return None
            self.head = bytes(self.buffer[:end])
            del self.buffer[: end + 4]
            length = CONTENT_LENGTH.search(self.head)
            self.length = int(length[1]) if length else 0
            self.chunked = bool(CHUNKED.search(self.head))
            if EXPECT.search(self.head):
                self.transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        return self.next_chunked() if self.chunked else self.cut(self.length)

    def next_chunked(self):
        if not self.buffer.endswith(b"0\r\n\r\n"):
            return None
        body = chunks(self.buffer)
        self.buffer.clear()
        return body

    def cut(self, length):
        if len(self.buffer) < length:
            return None
        body = bytes(self.buffer[:length])
        del self.buffer[:length]
        return body

    def send(self, status, body=b"", headers=b""):
        self.transport.write(b"HTTP/1.1 %s\r\ncontent-length: %d\r\n%s\r\n%s" % (status, len(body), headers, body))


def chunks(data):
    """The content of a chunked body; also of S3's `aws-chunked`, whose chunks may carry signatures."""
    parts, at = [], 0
    while True:
        end = data.index(b"\r\n", at)
        size = int(bytes(data[at:end]).split(b";")[0], 16)
        if size == 0:
            return b"".join(parts)
        parts.append(bytes(data[end + 2 : end + 2 + size]))
        at = end + 2 + size + 2


async def listen(answer):
    """(server, port) on this machine."""
    server = await asyncio.get_running_loop().create_server(lambda: Server(answer), "127.0.0.1", 0)
    return server, server.sockets[0].getsockname()[1]
