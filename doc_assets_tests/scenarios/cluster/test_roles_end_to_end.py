"""With a role for each kind of work, as in production, every Job has the rights that it needs."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from doc_assets.dagster.storage import DocAssetsStorage
from doc_assets_tests.support import ROOT
from doc_assets_tests.support.apiserver import ApiServer
from doc_assets_tests.support.apiserver.job_rules import end_of
from doc_assets_tests.support.cluster.catalogues import catalogue_of, page
from doc_assets_tests.support.cluster.deployment import IMAGE_ENVIRONMENT, NAMESPACE, cluster_of, secret
from doc_assets_tests.support.databases import Roles, database_of_roles
from doc_assets_tests.support.manifests.rendering import render


@pytest.fixture
def roles(server_url: str) -> Iterator[Roles]:
    with database_of_roles(server_url) as found:
        yield found


def test_the_schema_job_upgrades_a_database_whose_tables_belong_to_two_roles(
    roles: Roles, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ours to the owner, Dagster's to whoever loads: a web server that starts before the Job makes them."""
    monkeypatch.setenv("DOC_ASSETS_DATABASE_URL", roles.loader)
    DocAssetsStorage.from_config_value(None, {})
    manifests = render(ROOT / "k8s" / "overlays" / "production")
    (job,) = [m for m in manifests if (m["kind"], m["metadata"]["name"]) == ("Job", "doc-assets-schema")]
    manifests += [
        secret("doc-assets-database", DOC_ASSETS_DATABASE_URL=roles.loader),
        secret("doc-assets-database-owner", DOC_ASSETS_DATABASE_URL=roles.owner),
    ]
    image = {**IMAGE_ENVIRONMENT, "DAGSTER_HOME": str(ROOT)}  # the image has the dagster.yaml of the repository
    with ApiServer(manifests, image, namespace=NAMESPACE, forks=True) as server:
        server.submit(job)
        done = server.finished_job("doc-assets-schema")
        assert end_of(done)[0] == "Complete", server.logs()
        assert done["status"].get("failed", 0) == 0, server.logs()


def test_gc_removes_what_the_role_that_loads_may_not(roles: Roles, tmp_path: Path) -> None:
    catalogue = catalogue_of(tmp_path, {"rust": {"tokio": 2}})
    with cluster_of(tmp_path, roles.loader, catalogue, roles.owner) as cluster:
        for words in ("", "Rewritten."):
            (tmp_path / "tokio" / "page-000.md").write_text(page("tokio", 0, words))
            run = cluster.launch("rust/tokio")
            cluster.dequeue()
            assert cluster.finished(run) == "SUCCESS", cluster.server.logs()
        run = cluster.launch_job("gc", {"ops": {"collect": {"config": {"keep": 0, "days": 0}}}})
        cluster.dequeue()
        assert cluster.finished(run) == "SUCCESS", cluster.server.logs()
        assert cluster.query("SELECT count(*) FROM document") == [(2,)]
        by_owner = "SELECT actor LIKE 'owner%%' FROM migration_history WHERE action = %s ORDER BY id"
        assert cluster.query(by_owner, "load") == [(False,), (False,)]
        assert cluster.query(by_owner, "gc") == [(True,), (True,)]  # started, and done
    with psycopg.connect(roles.loader) as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
        connection.execute("DELETE FROM doc_assets.document")
