"""HTTP: requests in, answers, watches and logs out, as the ``kubernetes`` client and ``kubectl`` expect them."""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlsplit

from doc_assets_tests.support.apiserver import answers
from doc_assets_tests.support.apiserver.answers import RESOURCES, Json, Refusal
from doc_assets_tests.support.apiserver.faults import Faults, HangUp
from doc_assets_tests.support.apiserver.requests import Answer, Api, Request, Target

if TYPE_CHECKING:
    from doc_assets_tests.support.apiserver.processes import Output

# A path that begins with it names the token in its next step, as ``kubectl proxy`` speaks for who started it: a pod of
# these tests has no folder of its own that a token could be mounted to.
PROXY = "/proxy/"
Logs = Callable[[Request], "Output | None"]


class HttpServer(ThreadingHTTPServer):
    """Listens on a free port of the loopback interface."""

    daemon_threads = True

    def __init__(self, api: Api, faults: Faults, logs: Logs) -> None:
        """``logs`` finds the output that a request for a pod's log is about."""
        self.api, self.faults, self.logs = api, faults, logs
        super().__init__(("127.0.0.1", 0), _Handler)

    @property
    def address(self) -> str:
        """URL."""
        return f"http://127.0.0.1:{self.server_port}"


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: HttpServer  # pyright: ignore[reportIncompatibleVariableOverride] - the class above is what starts it

    def do_GET(self) -> None:
        self._handle()

    do_POST = do_PUT = do_PATCH = do_DELETE = do_GET

    def log_message(self, format: str, *args: object) -> None:
        """Says nothing."""

    def _handle(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        try:
            self._respond(body)
        except HangUp:
            self.close_connection = True
        except Refusal as refusal:
            self._send(Answer(refusal.code, refusal.status, refusal.warnings))
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True  # whoever asked has gone

    def _respond(self, body: bytes) -> None:
        parts = urlsplit(self.path)
        path, token = parts.path, self.headers.get("Authorization")
        if path.startswith(PROXY):
            token, _, path = path.removeprefix(PROXY).partition("/")
        if (document := _discovery(path)) is not None:
            self._send(Answer(200, document))
            return
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
            self._send(answer)

    def _send(self, answer: Answer) -> None:
        data = json.dumps(answer.body).encode()
        self.send_response(answer.code)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        for warning in answer.warnings:
            self.send_header("Warning", f"299 - {json.dumps(warning)}")
        self.end_headers()
        self.wfile.write(data)

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
        """JSON lines: what is there, if no version was named, then every change until the time is over."""
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
        output, query = self.server.logs(request), request.query
        stamped, follow = request.says("timestamps"), request.says("follow")
        tail = int(query.get("tailLines", "-1"))
        if output is None:
            self._send_chunks("text/plain", iter(()))
            return
        self._send_chunks("text/plain", _log(output, tail=tail, stamped=stamped, follow=follow))


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


def _discovery(path: str) -> Json | None:
    """What ``kubectl`` asks for before anything else."""
    match path.strip("/"):
        case "version":
            return {"major": "1", "minor": "36", "gitVersion": "v1.36.0"}
        case "api":
            return {"kind": "APIVersions", "versions": ["v1"]}
        case "apis":
            version = {"groupVersion": "batch/v1", "version": "v1"}
            group = {"name": "batch", "versions": [version], "preferredVersion": version}
            return {"kind": "APIGroupList", "apiVersion": "v1", "groups": [group]}
        case "api/v1" | "apis/batch/v1" as asked:
            version = asked.removeprefix("apis/").removeprefix("api/")
            verbs = ["create", "delete", "get", "list", "patch", "update", "watch"]
            listed = [
                {
                    "name": r.plural,
                    "singularName": r.kind.lower(),
                    "namespaced": r.namespaced,
                    "kind": r.kind,
                    "verbs": verbs,
                }
                for r in RESOURCES
                if r.api_version == version
            ]
            return {"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": version, "resources": listed}
    return None


def closed(server: HttpServer) -> None:
    """Stops serving and frees the port."""
    with contextlib.suppress(OSError):
        server.shutdown()
        server.server_close()
