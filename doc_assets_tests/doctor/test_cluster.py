"""What a pod may do is asked of the API server."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from doc_assets.doctor import cluster as kubernetes
from doc_assets_tests.support import ROOT
from doc_assets_tests.support.apiserver.authorization import rights_of
from doc_assets_tests.support.jobs_api import Cluster, cluster_in

LAUNCHER = {(group, resource, verb) for group, resource, verbs in kubernetes.LAUNCHER for verb in verbs}


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Cluster]:
    with cluster_in(tmp_path) as cluster:
        yield cluster


def test_the_rights_that_are_asked_for_are_those_of_the_manifests():
    with (ROOT / "k8s/base/access.yaml").open() as file:
        (role,) = [
            one
            for one in yaml.safe_load_all(file)
            if one["kind"] == "Role" and one["metadata"]["name"] == "doc-assets-dagster"
        ]
    assert rights_of(role["rules"]) == LAUNCHER


def test_a_right_that_the_launcher_lacks_is_a_fault_that_names_it(around, cluster: Cluster, tmp_path: Path):
    (tmp_path / "dagster.yaml").write_text("run_launcher: {module: dagster_k8s, class: K8sRunLauncher}")
    place = replace(around({"DAGSTER_HOME": str(tmp_path)}), cluster=cluster.settings())
    cluster.rights = LAUNCHER - {("", "pods/log", "get")}
    (found,) = kubernetes.rights(place)
    assert (found.verdict, "may not get pods/log in namespace doc-assets" in found.sentence) == ("fault", True)
    cluster.rights = LAUNCHER
    (found,) = kubernetes.rights(place)
    assert (found.verdict, "may start runs" in found.sentence) == ("ok", True)


def test_a_job_may_write_on_itself_and_others_are_asked_for_nothing(around, cluster: Cluster):
    cluster.rights = {("batch", "jobs", "get")}
    (found,) = kubernetes.rights(replace(around(), cluster=cluster.settings("migrate")))
    assert (found.verdict, "may not patch jobs" in found.sentence) == ("fault", True)
    cluster.asked.clear()
    assert [one.verdict for one in kubernetes.rights(replace(around(), cluster=cluster.settings()))] == ["ok"]
    assert [one.verdict for one in kubernetes.rights(around({"KUBERNETES_SERVICE_HOST": "10.0.0.1"}))] == ["ok"]
    assert list(kubernetes.rights(around())) == []
    assert cluster.asked == []
