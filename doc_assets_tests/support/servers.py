"""Servers on this machine for the tests: git over HTTP(S) with a password, files, a forward proxy, an authority."""

from __future__ import annotations

import base64
import datetime
import ipaddress
import json
import os
import select
import socket
import ssl
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any, ClassVar
from urllib.parse import urlsplit

import pytest

Answer = tuple[int, dict[str, str], bytes]
# Resolves nowhere: only a proxy that knows it gets there.
HOST = "git.example.test"


def basic(username: str, password: str) -> str:
    """The Authorization header of Basic authentication."""
    return f"Basic {base64.b64encode(f'{username}:{password}'.encode()).decode()}"


def authority(folder: Path) -> tuple[Path, Path]:
    """A private authority's certificate, and the key and certificate (one file) of a server of this machine."""
    pytest.importorskip("cryptography", reason="certificates are made with cryptography")
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import NameOID

    now = datetime.datetime.now(datetime.UTC)
    keys = [ec.generate_private_key(ec.SECP256R1()) for _ in range(2)]
    names = [x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]) for name in ("House Authority", "server")]

    def certificate(index: int) -> x509.CertificateBuilder:
        return (
            x509.CertificateBuilder()
            .subject_name(names[index])
            .issuer_name(names[0])
            .public_key(keys[index].public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - datetime.timedelta(hours=1))
            .not_valid_after(now + datetime.timedelta(days=1))
            .add_extension(x509.BasicConstraints(ca=index == 0, path_length=None), critical=True)
        )

    hosts = [x509.DNSName("localhost"), x509.DNSName(HOST), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
    root = certificate(0).sign(keys[0], hashes.SHA256())
    server = certificate(1).add_extension(x509.SubjectAlternativeName(hosts), critical=False)
    pem = serialization.Encoding.PEM
    key = keys[1].private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    ca_file, server_file = folder / "ca.crt", folder / "server.pem"
    ca_file.write_bytes(root.public_bytes(pem))
    server_file.write_bytes(key + server.sign(keys[0], hashes.SHA256()).public_bytes(pem))
    return ca_file, server_file


class Server(ThreadingHTTPServer):
    """Answers with what ``respond`` makes of path and headers, and remembers what it was asked.

    Attributes:
        seen: Path and Authorization header of each request.
        repositories: Folder of the repositories that git is answered from.
        git_settings: Of git on the server.
        lfs: Content that Git LFS hands out, by the SHA-256 that it is asked for; None without LFS.
        old: git gets no word of the newer protocols.
        on_request: Called while a request is under way.
    """

    daemon_threads = True

    def __init__(self, certificate: Path | None = None) -> None:
        """Listens on a free port of this machine, with TLS where there is a certificate."""
        super().__init__(("127.0.0.1", 0), _Handler)
        self.scheme = "https" if certificate else "http"
        if certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate)
            self.socket = context.wrap_socket(self.socket, server_side=True, do_handshake_on_connect=False)
        self.respond: Callable[[str, Any], Answer | None] = lambda path, headers: None
        self.repositories: Path | None = None
        self.git_settings = ["uploadpack.allowFilter=true", "uploadpack.allowAnySHA1InWant=true"]
        self.old = False
        self.lfs: dict[str, bytes] | None = None
        self.seen: list[tuple[str, str | None]] = []
        self.on_request: Callable[[], None] = lambda: None

    @property
    def address(self) -> str:
        """Where it listens, as the start of a URL."""
        return f"{self.scheme}://127.0.0.1:{self.server_port}"

    @property
    def authorizations(self) -> set[str | None]:
        """What came in as Authorization."""
        return {authorization for _, authorization in self.seen}

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Says nothing: a client that does not trust the certificate hangs up."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.0"

    def do_GET(self) -> None:
        self._answer()

    def do_POST(self) -> None:
        self._answer()

    def _answer(self) -> None:
        server = self.server
        assert isinstance(server, Server)
        server.seen.append((self.path, self.headers.get("Authorization")))
        server.on_request()
        answer = server.respond(self.path, self.headers)
        if answer is not None:
            status, headers, body = answer
            self.send_response(status)
            for name, value in {"Content-Length": str(len(body)), **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)
        elif server.lfs is not None and "/lfs/" in self.path:
            self._lfs(server, server.lfs)
        elif server.repositories is not None:
            self._git(server, server.repositories)
        else:
            self.send_error(404)

    def _lfs(self, server: Server, content: dict[str, bytes]) -> None:
        """The batch API of Git LFS, and the downloads that it leads to."""
        given = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        kind = "application/octet-stream"
        if self.path.endswith("/objects/batch"):
            kind = "application/vnd.git-lfs+json"
            wanted = json.loads(given)["objects"]
            absent = {"error": {"code": 404, "message": "Object does not exist on the server"}}
            found = [
                {**item, "actions": {"download": {"href": f"{server.address}/lfs/{item['oid']}"}}}
                if item["oid"] in content
                else {**item, **absent}
                for item in wanted
            ]
            body = json.dumps({"transfer": "basic", "objects": found}).encode()
        else:
            body = content[self.path.rpartition("/")[2]]
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _git(self, server: Server, repositories: Path) -> None:
        """What a web server does for ``git http-backend``."""
        parts = urlsplit(self.path)
        environment = {
            "PATH": os.environ["PATH"],
            "GIT_PROJECT_ROOT": str(repositories),
            "GIT_HTTP_EXPORT_ALL": "1",
            "GIT_PROTOCOL": "" if server.old else self.headers.get("Git-Protocol", ""),
            "GIT_CONFIG_GLOBAL": os.devnull,
            "GIT_CONFIG_NOSYSTEM": "1",
            "PATH_INFO": parts.path,
            "QUERY_STRING": parts.query,
            "REQUEST_METHOD": self.command,
            "CONTENT_TYPE": self.headers.get("Content-Type", ""),
            "HTTP_CONTENT_ENCODING": self.headers.get("Content-Encoding", ""),
            "REMOTE_ADDR": "127.0.0.1",
        }
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        environment["CONTENT_LENGTH"] = str(len(body))
        settings = (part for setting in ["safe.directory=*", *server.git_settings] for part in ("-c", setting))
        command = ["git", *settings, "http-backend"]
        done = subprocess.run(command, input=body, env=environment, capture_output=True, check=False)
        head, _, content = done.stdout.partition(b"\r\n\r\n")
        fields = dict(line.split(": ", 1) for line in head.decode().split("\r\n"))
        self.send_response(int(fields.pop("Status", "200 OK")[:3]))
        for name, value in fields.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:
        """Says nothing."""


def files_of(folder: Path) -> Callable[[str, Any], Answer]:
    """A ``respond`` of a server that knows nothing of git and hands out files: "dumb HTTP"."""

    def respond(path: str, headers: Any) -> Answer:
        file = folder / urlsplit(path).path.lstrip("/")
        return (200, {}, file.read_bytes()) if file.is_file() else (404, {}, b"")

    return respond


def with_password(expected: str) -> Callable[[str, Any], Answer | None]:
    """A ``respond`` that lets through only who sends this Authorization header."""

    def respond(path: str, headers: Any) -> Answer | None:
        if headers.get("Authorization") == expected:
            return None
        return 401, {"WWW-Authenticate": 'Basic realm="docs"'}, b"who are you?"

    return respond


class Proxy(ThreadingHTTPServer):
    """A forward proxy that takes every host to be this machine, on the port that is asked for.

    Attributes:
        seen: What it was asked: ``CONNECT host:port`` or ``GET address``.
        authorizations: What came in as Proxy-Authorization.
    """

    daemon_threads = True

    def __init__(self) -> None:
        """Listens on a free port of this machine."""
        super().__init__(("127.0.0.1", 0), _ProxyHandler)
        self.seen: list[str] = []
        self.authorizations: set[str | None] = set()


class _ProxyHandler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.0"
    dropped: ClassVar = {"proxy-connection", "proxy-authorization", "connection"}

    def _note(self) -> None:
        server = self.server
        assert isinstance(server, Proxy)
        server.seen.append(f"{self.command} {self.path}")
        server.authorizations.add(self.headers.get("Proxy-Authorization"))

    def do_CONNECT(self) -> None:
        self._note()
        with socket.create_connection(("127.0.0.1", int(self.path.rpartition(":")[2])), 10) as there:
            self.send_response(200)
            self.end_headers()
            here = self.connection
            while True:
                ready, _, _ = select.select([here, there], [], [], 10)
                for end in ready:
                    data = end.recv(65536)
                    if not data:
                        return
                    (there if end is here else here).sendall(data)
                if not ready:
                    return

    def _forward(self) -> None:
        self._note()
        parts = urlsplit(self.path)
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        target = f"{parts.path}?{parts.query}" if parts.query else parts.path
        kept = "".join(f"{k}: {v}\r\n" for k, v in self.headers.items() if k.lower() not in self.dropped)
        with socket.create_connection(("127.0.0.1", parts.port or 80), 10) as there:
            there.sendall(f"{self.command} {target} HTTP/1.0\r\n{kept}Connection: close\r\n\r\n".encode() + body)
            while data := there.recv(65536):
                self.wfile.write(data)

    do_GET = _forward
    do_POST = _forward

    def log_message(self, format: str, *args: object) -> None:
        """Says nothing."""


@contextmanager
def running(server: ThreadingHTTPServer) -> Iterator[None]:
    """The server answers within."""
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def listed_processes(value: str) -> list[str]:
    """Command lines of this machine's processes, and environments of git's and ssh's, that hold the value."""
    found: list[str] = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            line = (process / "cmdline").read_bytes()
            name = (process / "comm").read_text()
            environment = (process / "environ").read_bytes() if name.startswith(("git", "ssh")) else b""
        except OSError:
            continue
        if value.encode() in line + environment:
            found.append(line.decode(errors="replace"))
    return found
