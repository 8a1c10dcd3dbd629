"""HTTP: parses requests and sends answers, watches and logs, as the ``kubernetes`` client expects them."""

from __future__ import annotations

import contextlib
import json
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlsplit

from doc_assets_tests.support.apiserver import answers
from doc_assets_tests.support.apiserver.answers import Json, Refusal
from doc_assets_tests.support.apiserver.faults import Faults, HangUp
from doc_assets_tests.support.apiserver.requests import Api, Request, Target

if TYPE_CHECKING:
    from doc_assets_tests.support.apiserver.processes import Output

# Prefix of a path whose next step is the token, much as ``kubectl proxy`` acts for its user: a pod of these tests has
# no file system of its own to mount a token into.
PROXY = "/proxy/"
Logs = Callable[[Request], "Output | None"]


class Loopback(ThreadingHTTPServer):
    """Listens on a free port of the loopback interface."""

    daemon_threads = True

    def __init__(self, handler: type[BaseHTTPRequestHandler]) -> None:
        super().__init__(("127.0.0.1", 0), handler)
        self.address = f"http://127.0.0.1:{self.server_port}"

    def start(self) -> None:
        """Serve in a thread."""
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()

    def stop(self) -> None:
        """Stop serving and free the port."""
        with contextlib.suppress(OSError):
            self.shutdown()
            self.server_close()


class Handler(BaseHTTPRequestHandler):
    """Keeps connections open, and logs nothing."""

    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: object) -> None:
        """Log nothing."""

    def send_json(self, code: int, body: object, headers: Iterable[tuple[str, str]] = ()) -> None:
        """Send an answer."""
        data = json.dumps(body).encode()
        self.send_response(code)
        for name, value in (("Content-Type", "application/json"), ("Content-Length", str(len(data))), *headers):
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(data)


class HttpServer(Loopback):
    """Serves the API."""

    def __init__(self, api: Api, faults: Faults, logs: Logs) -> None:
        """Bind a port; ``logs`` returns the output that a request for a pod's log names."""
        self.api, self.faults, self.logs = api, faults, logs
        super().__init__(_Handler)


class _Handler(Handler):
    server: HttpServer  # pyrefly: ignore[bad-override-mutable-attribute] - started by the class above only

    def do_GET(self) -> None:
        self._handle()

    do_POST = do_PUT = do_PATCH = do_DELETE = do_GET

    def _handle(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        try:
            self._respond(body)
        except HangUp:
            self.close_connection = True
        except Refusal as refusal:
            self.send_json(refusal.code, refusal.body)
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True  # the client has gone

    def _respond(self, body: bytes) -> None:
        parts = urlsplit(self.path)
        path, token = parts.path, self.headers.get("Authorization")
        if path.startswith(PROXY):
            token, _, path = path.removeprefix(PROXY).partition("/")
        user = self.server.api.authorizer.user(token)
        target = Target.of(path)
        query = dict(parse_qsl(parts.query, keep_blank_values=True))
        kind = self.headers.get("Content-Type") or "application/json"
        request = Request(self.command, target, user, query, _parsed(body), kind)
        fault = self.server.faults.take(request.verb, request.wanted)
        if fault is not None and not fault.after:
            raise fault.error()
        self.server.api.authorize(request)
        if request.wanted == "pods/log":
            self._send_log(request)
        elif request.verb == "watch":
            self._send_chunks("application/json", self._changes(request))
        else:
            answer = self.server.api.answer(request)
            if fault is not None:
                raise fault.error()
            self.send_json(answer.code, answer.body, [("Warning", f"299 - {json.dumps(w)}") for w in answer.warnings])

    def _send_chunks(self, content_type: str, chunks: Iterator[bytes]) -> None:
        self.send_response(200)
        self.send_header("Content-Type", content_type)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for chunk in filter(None, chunks):
            self.wfile.write(f"{len(chunk):x}\r\n".encode() + chunk + b"\r\n")
            self.wfile.flush()
        self.wfile.write(b"0\r\n\r\n")

    def _changes(self, request: Request) -> Iterator[bytes]:
        """Yield JSON lines: the objects that exist, unless a version was named, then changes until the time is over."""
        state, resource, selected = self.server.api.state, request.target.resource, self.server.api.selects(request)
        deadline = time.monotonic() + float(request.query.get("timeoutSeconds") or 1800)
        with state.changed:
            version = int(request.query.get("resourceVersion") or 0)
            first = [] if version else [found for found in state.all(resource) if selected(found)]
            version = version or state.version
        yield b"".join(_line("ADDED", found) for found in first)
        while not state.stopped and (left := deadline - time.monotonic()) > 0:
            changes = state.since(version, resource)
            yield b"".join(_line(change.what, change.found) for change in changes if selected(change.found))
            version = changes[-1].version if changes else version
            state.wait_for(lambda: state.stopped or state.since(version, resource), min(left, 1))  # noqa: B023

    def _send_log(self, request: Request) -> None:
        output, tail = self.server.logs(request), int(request.query.get("tailLines", "-1"))
        stamped, follow = request.says("timestamps"), request.says("follow")
        self._send_chunks("text/plain", _log(output, tail=tail, stamped=stamped, follow=follow) if output else iter(()))


def _log(output: Output, *, tail: int, stamped: bool, follow: bool) -> Iterator[bytes]:
    position = max(0, len(output.lines) - tail) if tail >= 0 else 0
    while True:
        with output.grown:
            ended, lines = output.ended, output.lines[position:]
        position += len(lines)
        yield "".join(f"{line.time} {line.text}\n" if stamped else f"{line.text}\n" for line in lines).encode()
        if ended or not follow:
            return
        with output.grown:
            output.grown.wait_for(lambda: output.ended or len(output.lines) > position, 1)  # noqa: B023


def _parsed(body: bytes) -> object:
    try:
        return json.loads(body) if body else None
    except ValueError as error:
        raise answers.bad_request(f"the object provided is unrecognized: json parse error: {error}") from error


def _line(what: str, found: Json) -> bytes:
    return json.dumps({"type": what, "object": found}).encode() + b"\n"
