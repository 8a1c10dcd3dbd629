"""Failures of the API server, in a sentence with what was asked."""

from __future__ import annotations

import pytest

from doc_assets.job_progress.api import ClusterError, JobApi
from doc_assets.settings import ClusterSettings
from doc_assets_tests.support.jobs_api import Cluster


def test_an_api_out_of_reach_is_an_error_with_what_was_asked(cluster: Cluster):
    api = JobApi(ClusterSettings("http://127.0.0.1:1", "doc-assets", cluster.folder))
    with pytest.raises(ClusterError, match=r"did not answer to GET .*/namespaces/doc-assets/jobs"):
        api.jobs("x")


def test_a_token_that_no_header_can_hold_is_an_error_that_does_not_show_it(cluster: Cluster):
    (cluster.folder / "token").write_text("Zq9-s3cr3t\nZq9-s3cr3t")
    with pytest.raises(ClusterError, match="holds a control character") as refused:
        JobApi(cluster.settings()).jobs("x")
    assert "s3cr3t" not in str(refused.value)
