"""Runs that go wrong: workers that die, an API that refuses, starts that take too long, runs that are cancelled.

Whatever happens: readers find a whole snapshot or none, one worker at a time writes, and what was committed is never
embedded again.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from dagster._time import get_current_timestamp

from doc_assets_tests.support.apiserver import service_account_user
from doc_assets_tests.support.apiserver.forked import BATCH_FILES
from doc_assets_tests.support.cluster.catalogues import SEVERAL_BATCHES, catalogue_of
from doc_assets_tests.support.cluster.deployment import DAEMON, NAMESPACE, Cluster, cluster_of, job_name
from doc_assets_tests.support.databases import new_database

TYPES = {"rust": {"large": SEVERAL_BATCHES, "cancelled": SEVERAL_BATCHES, "watched": 4, "refused": 3}}
# Up to four batches are under way at a time, so the first is written once so many chunks are embedded.
FIFTH_BATCH = 4 * BATCH_FILES + 20


@pytest.fixture(scope="module")
def shared_cluster(
    server_url: str, template_with_records: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Cluster]:
    folder: Path = tmp_path_factory.mktemp("failures")
    with (
        new_database(server_url, template=template_with_records) as url,
        cluster_of(folder, url, catalogue_of(folder, TYPES)) as cluster,
    ):
        yield cluster


@pytest.fixture
def cluster(shared_cluster: Cluster) -> Iterator[Cluster]:
    yield shared_cluster
    shared_cluster.clear()
    assert [access for access in shared_cluster.server.authorizer.record if not access.allowed] == []


def launched(cluster: Cluster, partition: str) -> str:
    """A run whose Job is made."""
    run_id = cluster.launch(partition)
    cluster.dequeue()
    return run_id


def pod_of(cluster: Cluster, run_id: str) -> str:
    """The run's pod once it runs."""
    return cluster.server.running_pod(job_name(run_id))["metadata"]["name"]


def retried(cluster: Cluster, run_id: str) -> str:
    """The run that the daemon queues and launches in place of a failed one."""
    assert cluster.status(run_id) == "FAILURE", cluster.messages(run_id)
    again = cluster.retry(run_id)
    assert again is not None, cluster.messages(run_id)
    cluster.dequeue()
    return again.run_id


def test_a_load_that_dies_twice_resumes_each_time_and_is_published(cluster: Cluster) -> None:
    """Killed for its memory, then evicted: two retries, as many as dagster.yaml allows."""
    server, endpoint = cluster.server, cluster.endpoint
    first = launched(cluster, "rust/large")
    with endpoint.holding(FIFTH_BATCH):
        endpoint.until_held()
        stored = cluster.until_embedded(BATCH_FILES)
        server.out_of_memory(pod_of(cluster, first))
        job = server.finished_job(job_name(first))
    assert (job["status"]["failed"], cluster.status(first)) == (1, "STARTED")
    cluster.monitor()
    assert "Terminated with exit code 137: OOMKilled" in cluster.messages(first)
    assert cluster.live("rust/large") == 0
    sent = len(endpoint.texts)
    with endpoint.holding(BATCH_FILES // 2):
        second = retried(cluster, first)
        endpoint.until_held()
        evicted = pod_of(cluster, second)
        server.evict(evicted)
        server.until_terminating(evicted)
    server.finished_job(job_name(second))
    assert server.exit_code(evicted) == 1, server.log(evicted)  # it ended by itself, and its run failed
    assert cluster.live("rust/large") == 0
    assert stored.isdisjoint(endpoint.chunks(sent))
    stored = cluster.embedded()
    third = retried(cluster, second)
    sent = len(endpoint.texts)
    assert cluster.finished(third) == "SUCCESS", server.logs()
    assert stored.isdisjoint(endpoint.chunks(sent))
    assert cluster.live("rust/large") == SEVERAL_BATCHES
    labels = cluster.job_of(third)["metadata"]["labels"]
    assert (labels["doc-assets/run"], labels["doc-assets/type"], labels["doc-assets/partition"]) == (
        *(third, "rust"),
        "large",
    )


def test_an_api_that_refuses_to_tell_never_has_two_workers_write(cluster: Cluster) -> None:
    """The monitor takes the run for lost and starts it again, while its worker goes on."""
    server, endpoint = cluster.server, cluster.endpoint
    with endpoint.holding(0):
        first = launched(cluster, "rust/watched")
        endpoint.until_held()
        with server.fault(500, "get", "jobs/status", left=2) as fault:
            cluster.monitor()
        assert (fault.met, cluster.status(first)) == (2, "STARTED")  # asked again until it answered
        with server.fault(403, "get", "jobs/status"):
            cluster.monitor()
        assert cluster.status(first) == "FAILURE"
        sent = len(endpoint.texts)
        second = retried(cluster, first)
        waiting = pod_of(cluster, second)
        server.until_printed(waiting, f"run {first}, which this one retries, still holds rust/watched")
        assert pod_of(cluster, first)
        assert len(endpoint.texts) == sent
    server.finished_job(job_name(first))
    assert cluster.finished(second) == "SUCCESS", server.logs()
    assert cluster.live("rust/watched") == 4
    assert sorted(set(endpoint.texts[sent:])) == sorted(endpoint.texts[sent:])
    loads = cluster.query(
        "SELECT run_id, result FROM migration_history h JOIN partition p ON p.id = h.partition_id"
        " WHERE h.action = 'load' AND p.key = 'watched' ORDER BY h.id"
    )
    assert loads == [(first, "published"), (second, "unchanged")]


def test_a_job_that_may_not_be_made_fails_its_run_with_the_reason(cluster: Cluster) -> None:
    with cluster.server.fault(403, "create", "jobs"):
        run_id = launched(cluster, "rust/refused")
    assert cluster.status(run_id) == "FAILURE"
    assert "forbidden: ordered by a test" in cluster.messages(run_id)
    assert cluster.server.jobs() == []
    assert cluster.live("rust/refused") == 0


def test_a_pod_that_starts_too_late_does_nothing(cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its Job was made although the API answered with 500; Dagster asked again and was told so."""
    server = cluster.server
    with server.slow_start():
        with server.fault(500, "create", "jobs", left=1, after=True) as fault:
            run_id = launched(cluster, "rust/refused")
        assert (fault.met, cluster.status(run_id), len(server.jobs())) == (1, "STARTING", 1)
        server.until(lambda: server.pods(job_name(run_id)), "its pod")
        cluster.monitor()
        assert cluster.status(run_id) == "STARTING"
        later = timedelta(seconds=cluster.instance.run_monitoring_start_timeout_seconds + 1).total_seconds()
        clock = "dagster._daemon.monitoring.run_monitoring.get_current_timestamp"
        monkeypatch.setattr(clock, lambda: get_current_timestamp() + later)
        cluster.monitor()
        assert cluster.status(run_id) == "FAILURE"
        assert "Run timed out due to taking longer than 600 seconds to start." in cluster.messages(run_id)
        assert "Pod status: Pending" in cluster.messages(run_id)
    server.finished_job(job_name(run_id))
    assert cluster.status(run_id) == "FAILURE"
    assert cluster.live("rust/refused") == 0
    assert "Ignoring a run worker that started after the run had already finished." in cluster.messages(run_id)


def test_a_cancelled_run_stops_at_a_batch_border_and_the_next_resumes(cluster: Cluster) -> None:
    server, endpoint = cluster.server, cluster.endpoint
    run_id = launched(cluster, "rust/cancelled")
    with endpoint.holding(FIFTH_BATCH):
        endpoint.until_held()
        pod = pod_of(cluster, run_id)
        cluster.terminate(run_id)
        assert cluster.status(run_id) == "CANCELING"
        server.until_terminating(pod)
        assert server.jobs() == []
        (left,) = server.pods(job_name(run_id))
        assert left["metadata"]["deletionGracePeriodSeconds"] == 120
    server.until(lambda: not server.pods(job_name(run_id)), "the pod to end")
    assert cluster.status(run_id) == "CANCELED", server.log(pod)
    assert server.exit_code(pod) != 137  # SIGKILL
    assert cluster.live("rust/cancelled") == 0
    stored, sent = cluster.embedded(), len(endpoint.texts)
    assert cluster.retry(run_id) is None
    again = launched(cluster, "rust/cancelled")
    assert cluster.finished(again) == "SUCCESS", server.logs()
    assert stored.isdisjoint(endpoint.chunks(sent))
    assert cluster.live("rust/cancelled") == SEVERAL_BATCHES


def test_the_daemons_role_holds_what_it_asks_for_and_nothing_more(cluster: Cluster) -> None:
    """Launching, watching, explaining a death, cancelling: no rule is left that nothing needs."""
    server, launcher = cluster.server, cluster.instance.run_launcher
    dead = launched(cluster, "rust/refused")
    server.out_of_memory(pod_of(cluster, dead))
    server.finished_job(job_name(dead))
    launcher.check_run_worker_health(cluster.run(dead))
    assert "OOMKilled" in str(launcher.get_run_worker_debug_info(cluster.run(dead)))
    cluster.instance.report_run_failed(cluster.run(dead))
    with server.slow_start():
        cancelled = launched(cluster, "rust/refused")
        server.until(lambda: server.pods(job_name(cancelled)), "its pod")
        assert launcher.terminate(cancelled)
        server.until(lambda: not server.pods(job_name(cancelled)), "its pod to go")
    assert "Could not find job" in str(launcher.get_run_worker_debug_info(cluster.run(cancelled)))
    user, authorizer = service_account_user(NAMESPACE, DAEMON), server.authorizer
    assert authorizer.used(user) == authorizer.granted(user, NAMESPACE)
