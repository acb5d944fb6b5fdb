"""A server on loopback that misbehaves as told, and a table of small datasets that it serves."""

import contextlib
import socket
import socketserver
import struct
import threading
import time
from dataclasses import dataclass, field

PIECE = 1000  # bytes that are sent at a time where the speed matters


@dataclass
class Answer:
    """What the server does when it is asked.

    body: the whole file.
    status: 200 stands for a right answer, 206 if a range is asked for.
    ranges: False to ignore Range.
    honours_if_range: False to send the range whatever If-Range says.
    headers: further ones; they replace those of the same name, and None removes.
    stop_after: bytes of the body, after which ending happens: "drop", "reset", "stall" or "hold" (until told).
    speed: bytes a second; None as fast as can be.
    raw: these bytes instead of any HTTP, then ending.
    """

    body: bytes = b""
    status: int = 200
    ranges: bool = True
    honours_if_range: bool = True
    headers: dict = field(default_factory=dict)
    stop_after: int | None = None
    ending: str = "drop"
    speed: float | None = None
    raw: bytes | None = None


@dataclass
class Request:
    path: str
    headers: dict
    sent: int = 0  # bytes of the body


class Loopback:
    """Answers by path. Of several answers each is given once, the last one again and again."""

    def __init__(self):
        self.answers, self.requests = {}, []
        self.closing = threading.Event()
        outer = self

        class Handler(socketserver.BaseRequestHandler):
            def handle(self):
                with contextlib.suppress(OSError):
                    outer._handle(self.request)

        class Server(socketserver.ThreadingTCPServer):
            daemon_threads = True
            allow_reuse_address = True
            request_queue_size = 128

        self.server = Server(("127.0.0.1", 0), Handler)
        self.port = self.server.server_address[1]
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True)
        self.thread.start()

    def close(self):
        self.closing.set()
        self.server.shutdown()
        self.server.server_close()

    def url(self, path):
        return f"http://127.0.0.1:{self.port}{path}"

    def serve(self, path, *answers):
        """The address at which these answers are given."""
        self.answers[path] = list(answers)
        return self.url(path)

    def asked(self, path=None):
        return [request for request in self.requests if path in (None, request.path)]

    def _handle(self, connection):
        head = b""
        while b"\r\n\r\n" not in head:
            part = connection.recv(65536)
            if not part:
                return
            head += part
        first, *lines = head.split(b"\r\n\r\n")[0].decode().split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        request = Request(first.split()[1], headers)
        self.requests.append(request)
        answers = self.answers.get(request.path, [Answer(status=404, body=b"not found")])
        answer = answers.pop(0) if len(answers) > 1 else answers[0]
        self._answer(connection, request, answer)

    def _answer(self, connection, request, answer):
        if answer.raw is not None:
            self._send(connection, request, answer.raw, answer, is_body=False)
            self._end(connection, answer)
            return
        status, body, extra = answer.status, answer.body, {}
        wanted = request.headers.get("range")
        fresh = request.headers.get("if-range") in (
            None, answer.headers.get("ETag"), answer.headers.get("Last-Modified"),
        ) or not answer.honours_if_range  # fmt: skip
        if status == 200 and wanted and answer.ranges and fresh:
            start = int(wanted.removeprefix("bytes=").split("-")[0])
            if start >= len(body):
                status, body, extra = 416, b"", {"Content-Range": f"bytes */{len(body)}"}
            else:
                extra = {"Content-Range": f"bytes {start}-{len(body) - 1}/{len(body)}"}
                status, body = 206, body[start:]
        headers = {
            "Content-Length": str(len(body)), "Content-Type": "application/octet-stream", "Connection": "close",
            **extra, **answer.headers,
        }  # fmt: skip
        lines = [f"HTTP/1.1 {status} X"] + [f"{name}: {value}" for name, value in headers.items() if value is not None]
        connection.sendall("\r\n".join([*lines, "", ""]).encode())
        cut = body if answer.stop_after is None else body[: max(0, answer.stop_after)]
        self._send(connection, request, cut, answer)
        if answer.stop_after is not None:
            self._end(connection, answer)

    def _send(self, connection, request, content, answer, *, is_body=True):
        step = len(content) or 1
        if answer.speed is not None:
            step = max(1, min(PIECE, int(answer.speed / 20)))
        for start in range(0, len(content), step):
            piece = content[start : start + step]
            connection.sendall(piece)
            request.sent += len(piece) if is_body else 0
            if answer.speed is not None and self.closing.wait(len(piece) / answer.speed):
                return

    def _end(self, connection, answer):
        if answer.ending == "reset":
            time.sleep(0.1)  # or what was sent is lost on the way
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            connection.close()
        elif answer.ending == "stall":
            self.closing.wait(30)


def chunked(body, step=10_000):
    """The body as an answer without a length sends it."""
    pieces = [body[start : start + step] for start in range(0, len(body), step)]
    return b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\n\r\n"
