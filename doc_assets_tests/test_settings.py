"""Settings that come from where the program runs."""

from __future__ import annotations

from pathlib import Path

from doc_assets.settings import ClusterSettings


def test_where_it_runs_is_read_from_what_kubernetes_sets(tmp_path: Path):
    pod = {"KUBERNETES_SERVICE_HOST": "10.0.0.1", "KUBERNETES_SERVICE_PORT": "443", "JOB_COMPLETION_INDEX": "3"}
    assert ClusterSettings.from_environment(pod, tmp_path).api is None  # a pod without a token
    (tmp_path / "token").write_text("t")
    (tmp_path / "namespace").write_text("docs\n")
    found = ClusterSettings.from_environment({**pod, "DOC_ASSETS_KUBERNETES_JOB": "migrate"}, tmp_path)
    assert (found.api, found.namespace, found.job, found.index) == ("https://10.0.0.1:443", "docs", "migrate", 3)
    six = ClusterSettings.from_environment({**pod, "KUBERNETES_SERVICE_HOST": "fd00::1"}, tmp_path)
    assert six.api == "https://[fd00::1]:443"
    assert ClusterSettings.from_environment({}, tmp_path).api is None
