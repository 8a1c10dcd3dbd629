"""The part of the Kubernetes API that progress on Jobs needs, recording each request."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from doc_assets.settings import ClusterSettings

LABEL = re.compile(r"(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?")


@dataclass
class Cluster:
    """The Jobs of a namespace behind HTTP, as far as the program asks; every request is noted."""

    folder: Path
    jobs: dict[str, dict] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    refuse: int = 0
    rights: set[tuple[str, str, str]] = field(default_factory=set)  # API group, resource, verb
    url: str = ""

    def add(self, name: str, run: str | None = None, completions: int = 1) -> None:
        labels = {"app.kubernetes.io/name": "doc-assets", **({"dagster/run-id": run} if run else {})}
        self.jobs[name] = {"metadata": {"name": name, "labels": labels}, "spec": {"completions": completions}}

    def settings(self, job: str | None = None, index: int | None = None) -> ClusterSettings:
        return ClusterSettings(self.url, "doc-assets", self.folder, job, index)

    def written(self, name: str) -> tuple[str | None, str | None]:
        metadata = self.jobs[name]["metadata"]
        label = metadata["labels"].get("doc-assets/progress")
        assert label is None or LABEL.fullmatch(label)
        return label, metadata.get("annotations", {}).get("doc-assets/progress")

    def patches(self) -> int:
        return sum(asked.startswith("PATCH") for asked in self.asked)

    def answer(self, method: str, path: str, token: str, patch: dict) -> tuple[int, dict]:
        place = urlsplit(path)
        self.asked.append(f"{method} {place.path}")
        if not token.endswith("secret"):
            return 401, {"message": "Unauthorized"}
        if self.refuse:
            return self.refuse, {"message": "jobs is forbidden: User may not"}
        if place.path == "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews":
            wanted = patch["spec"]["resourceAttributes"]
            resource = "/".join(filter(None, (wanted["resource"], wanted.get("subresource"))))
            allowed = (wanted["group"], resource, wanted["verb"]) in self.rights and wanted["namespace"] == "doc-assets"
            return 201, {**patch, "status": {"allowed": allowed}}
        head, _, name = place.path.partition("/apis/batch/v1/namespaces/doc-assets/jobs")
        if head or name == "/":
            return 404, {"message": "not found"}
        if not name:
            (selector,) = parse_qs(place.query)["labelSelector"]
            assert selector == "dagster/run-id,doc-assets/progress!=100"
            items = [job for job in self.jobs.values() if self._selected(job["metadata"]["labels"])]
            return 200, {"items": items, "metadata": {}}
        if (job := self.jobs.get(name[1:])) is None:
            return 404, {"message": f'jobs.batch "{name[1:]}" not found'}
        for kind, values in patch.get("metadata", {}).items():
            job["metadata"].setdefault(kind, {}).update(values)
        return 200, job

    def _selected(self, labels: dict) -> bool:
        return "dagster/run-id" in labels and labels.get("doc-assets/progress") != "100"


@contextmanager
def cluster_in(folder: Path) -> Iterator[Cluster]:
    """Serve the Jobs over HTTP to those who send the token that is in ``folder``."""
    (folder / "token").write_text("secret\n")
    cluster = Cluster(folder)

    class Requests(BaseHTTPRequestHandler):
        def _answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            kinds = {"PATCH": "application/merge-patch+json", "POST": "application/json"}
            assert self.headers["Content-Type"] == kinds.get(self.command)
            token = self.headers["Authorization"]
            status, value = cluster.answer(self.command, self.path, token, json.loads(body or b"{}"))
            self.send_response(status)
            self.end_headers()
            self.wfile.write(json.dumps(value).encode())

        do_GET = do_PATCH = do_POST = _answer

        def log_message(self, format: str, *args: object) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Requests)
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    cluster.url = f"http://127.0.0.1:{server.server_port}"
    yield cluster
    server.shutdown()
    server.server_close()


def wait_until(holds) -> None:
    for _ in range(500):
        if holds():
            return
        threading.Event().wait(0.01)
    pytest.fail("it never came to that")
