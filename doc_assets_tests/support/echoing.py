"""Servers that refuse whoever asks, and put all that they were sent into the answer, in several encodings."""

from __future__ import annotations

import base64
import json
import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import quote, unquote

_AUTHENTICATION, _PASSWORD, _ERROR = b"R", b"p", b"E"


class EchoingServer(ThreadingHTTPServer):
    """An endpoint, a file server, a git server or a proxy; ``status`` is what it answers with."""

    daemon_threads = True

    def __init__(self, status: int = 401) -> None:
        """Listen on a free port of this machine."""
        super().__init__(("127.0.0.1", 0), _Echo)
        self.status = status
        self.host = f"127.0.0.1:{self.server_port}"

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing: a client may hang up."""


class _Echo(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.0"

    def _answer(self) -> None:
        assert isinstance(self.server, EchoingServer)
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        got = [self.path, *(self.headers.get(name, "") for name in ("Authorization", "Proxy-Authorization"))]
        got += [one.partition(" ")[2] for one in got]
        for one in got[-2:]:
            try:
                got.append(base64.b64decode(one, validate=True).decode())
            except ValueError:
                continue
        said = " ".join([*got, *map(quote, got), *map(unquote, got), json.dumps(got)])
        body = f"refused: {said}".encode()
        self.send_response(self.server.status, said.encode("ascii", "replace").decode().replace("\n", " ")[:2_000])
        self.send_header("WWW-Authenticate", 'Basic realm="docs"')
        self.send_header("Content-Type", "text/plain")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_POST = do_CONNECT = _answer

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@contextmanager
def echoing_database() -> Iterator[int]:
    """Answer as a PostgreSQL that wants the password in clear text, and refuses it by its value; yield the port."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=_serve, args=(listening,), daemon=True)
        thread.start()
        yield listening.getsockname()[1]
        listening.shutdown(socket.SHUT_RDWR)
    thread.join(10)


def _serve(listening: socket.socket) -> None:
    while True:
        try:
            connection, _ = listening.accept()
        except OSError:
            return
        with connection, connection.makefile("rb") as got:
            connection.settimeout(10)
            (length,) = struct.unpack("!i", got.read(4))
            if length == 8:  # asks for TLS or GSS encryption
                got.read(4)
                connection.sendall(b"N")
                (length,) = struct.unpack("!i", got.read(4))
            got.read(length - 4)
            connection.sendall(_AUTHENTICATION + struct.pack("!ii", 8, 3))
            if got.read(1) == _PASSWORD:
                (length,) = struct.unpack("!i", got.read(4))
                said = b"SFATAL\0VFATAL\0C28P01\0Mno such password: " + got.read(length - 4) + b"\0"
                connection.sendall(_ERROR + struct.pack("!i", len(said) + 4) + said)
