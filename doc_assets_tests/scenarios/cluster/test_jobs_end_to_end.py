"""The plain Jobs of ``k8s/``, for those without Dagster in the cluster, taken from their files and run."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from doc_assets.store.database.connection import Store
from doc_assets_tests.support import ROOT
from doc_assets_tests.support.apiserver import ApiServer, Json, service_account_user
from doc_assets_tests.support.apiserver.job_rules import end_of
from doc_assets_tests.support.cluster.catalogues import catalogue_of, page
from doc_assets_tests.support.cluster.deployment import IMAGE_ENVIRONMENT, NAMESPACE, secret
from doc_assets_tests.support.cluster.endpoint import Endpoint
from doc_assets_tests.support.manifests.rendering import load

FILES = ("migration-job.yaml", "migration-job-indexed.yaml", "rollback-job.yaml", "validate-job.yaml")
USER = service_account_user(NAMESPACE, "doc-assets-migration")
Exit = tuple[int, str]


@dataclass(frozen=True)
class Place:
    """A namespace with what the files hold beside their Jobs, and a database that is set up."""

    server: ApiServer
    folder: Path
    store: Store
    jobs: dict[str, Json]

    def catalogue(self, text: str) -> None:
        """Puts it in the place of the one in the files."""
        metadata = {"name": "doc-assets-migration-sources"}
        self.server.put({"kind": "ConfigMap", "metadata": metadata, "data": {"sources.yaml": text}})

    def run(self, name: str, args: list[str] | None = None) -> Json:
        """The Job of a file once it is over; with other arguments, as its comments tell the user to write them."""
        job = self.jobs[name]
        if args:
            job["spec"]["template"]["spec"]["containers"][0]["args"] = ["doc-assets", *args]
        self.server.submit(job)
        return self.server.finished_job(name)

    def exits(self, job: str) -> list[Exit]:
        """Exit code and termination message of each pod, in the order in which they started."""
        pods = sorted(self.server.pods(job), key=lambda pod: int(pod["metadata"]["resourceVersion"]))
        ended = (pod["status"]["containerStatuses"][0]["state"]["terminated"] for pod in pods)
        return [(state["exitCode"], state.get("message", "")) for state in ended]

    def live(self) -> dict[str, int]:
        """Documents of each partition that readers find."""
        with self.store.connect() as connection:
            rows = connection.execute("SELECT doc_type || '/' || key, count(*) FROM live_document GROUP BY 1")
            return dict(rows.fetchall())


@pytest.fixture
def place(store: Store, tmp_path: Path) -> Iterator[Place]:
    endpoint = Endpoint()
    found = [manifest for name in FILES for manifest in load(ROOT / "k8s" / name)]
    settings = {"DOC_ASSETS_DATABASE_URL": store.url, **endpoint.settings}
    manifests = [*{(m["kind"], m["metadata"]["name"]): m for m in found}.values()]
    jobs = {m["metadata"]["name"]: m for m in manifests if m["kind"] == "Job"}
    manifests.append(secret("doc-assets-database", **settings))
    with ApiServer(manifests, IMAGE_ENVIRONMENT, namespace=NAMESPACE, forks=True) as server:
        yield Place(server, tmp_path, store, jobs)
        endpoint.close()


def test_the_jobs_load_each_partition_once_roll_back_and_validate(place: Place) -> None:
    server = place.server
    place.catalogue(catalogue_of(place.folder, {"rust": {"tokio": 3}, "ebpf": {"aya": 2}}))
    job = place.run("doc-assets-migrate-indexed")
    assert end_of(job) == ("Complete", "CompletionsReached"), server.logs()
    assert job["status"]["completedIndexes"] == "0-3"
    assert place.live() == {"rust/tokio": 3, "ebpf/aya": 2}
    with place.store.connect() as connection:
        loads = connection.execute("SELECT count(*) FROM migration_history WHERE action = 'load'").fetchall()
    assert loads == [(2,)]

    (place.folder / "tokio" / "page-003.md").write_text(page("tokio", 3))
    job = place.run("doc-assets-migrate")
    assert end_of(job) == ("Complete", "CompletionsReached"), server.logs()
    ((code, message),) = place.exits("doc-assets-migrate")
    assert (code, json.loads(message)["exit_code"]) == (0, 0)
    assert len(message.encode()) <= 4096
    assert place.live() == {"rust/tokio": 4, "ebpf/aya": 2}
    assert job["metadata"]["labels"]["doc-assets/progress"]
    assert server.authorizer.used(USER) == server.authorizer.granted(USER, NAMESPACE)

    job = place.run("doc-assets-rollback", ["rollback", "rust/tokio"])
    assert end_of(job) == ("Complete", "CompletionsReached"), server.logs()
    assert place.live() == {"rust/tokio": 3, "ebpf/aya": 2}
    job = place.run("doc-assets-validate")
    assert end_of(job) == ("Complete", "CompletionsReached"), server.logs()
    assert [access for access in server.authorizer.record if not access.allowed] == []


def test_a_wrong_catalogue_is_not_tried_again(place: Place) -> None:
    place.catalogue("types: {rust: {sources: [{name: tokio, kind: folder}]}}\n")
    job = place.run("doc-assets-migrate")
    assert end_of(job) == ("Failed", "PodFailurePolicy"), place.server.logs()
    ((code, message),) = place.exits("doc-assets-migrate")
    assert (code, json.loads(message)["exit_code"]) == (2, 2)
    assert "sources.yaml" in message


def test_a_mistyped_partition_is_not_tried_again(place: Place) -> None:
    job = place.run("doc-assets-rollback", ["rollback", "rust/tokoi"])
    assert end_of(job) == ("Failed", "PodFailurePolicy"), place.server.logs()
    ((code, message),) = place.exits("doc-assets-rollback")
    assert (code, json.loads(message)["result"]) == (2, "misuse")
    assert "partition rust/tokoi was never loaded here" in message


def test_what_may_pass_is_tried_as_often_as_the_file_says(place: Place) -> None:
    """Nothing was live an hour ago, and nothing is now: refused with 1, which Kubernetes cannot tell from an outage."""
    job = place.run("doc-assets-rollback")
    assert end_of(job) == ("Failed", "BackoffLimitExceeded"), place.server.logs()
    assert job["status"]["failed"] == 1 + job["spec"]["backoffLimit"]
    exits = place.exits("doc-assets-rollback")
    assert [code for code, _ in exits] == [1] * len(exits)
    assert json.loads(exits[-1][1])["exit_code"] == 1
