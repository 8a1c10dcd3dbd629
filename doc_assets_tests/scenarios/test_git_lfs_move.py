"""A repository that moves its pages to Git LFS, from the first load to the setting that brings them back."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from doc_assets.catalogue import load_catalogue
from doc_assets.errors import PublicationRefused
from doc_assets.ingest.result import LoadResult
from doc_assets.store.database.connection import Store
from doc_assets.store.versions import listing
from doc_assets.validation.audit import audit
from doc_assets_tests.support.git_upstream import Upstream, needs_git, pointer_to
from doc_assets_tests.support.loading import guide, loader_for, settings_for

CATALOGUE = """\
types:
  best_practices:
    sources:
      - {name: guides, kind: git, location: upstream.git, subfolders: [docs, book.toml]MORE}
"""


@needs_git
@pytest.mark.services("git-lfs")
def test_pages_that_move_to_lfs_stay_live_and_are_the_same_once_lfs_is_on(tmp_path: Path, store: Store) -> None:
    upstream = Upstream(tmp_path)
    pages = {f"docs/guide-{i}.md": guide(i).encode() for i in range(4)}
    upstream.commit({**pages, "book.toml": "[book]\n", "docs/logo.png": b"\x89PNG"})
    loader, embedder = loader_for(settings_for(tmp_path, store), store)

    def load(more: str = "") -> LoadResult:
        (tmp_path / "sources.yaml").write_text(CATALOGUE.replace("MORE", more))
        catalogue = load_catalogue(tmp_path / "sources.yaml")
        survey = loader.survey(catalogue.partitions()[0], catalogue)
        with loader.stage(survey, run_id="test") as staged:
            checks = audit(store, staged.snapshot)
            assert [check for check in checks if not check.passed] == []
            try:
                return staged.publish(checks)
            except PublicationRefused as refusal:
                return staged.reject(checks, refusal)

    def manifest() -> dict[str, str | None]:
        rows = listing.manifest(store, "best_practices/guides")
        return {row.path: row.document for row in rows if row.outcome == "loaded"}

    first, before = load(), manifest()
    assert (first.loaded, first.skipped) == (4, 2)
    for path, data in pages.items():
        oid = hashlib.sha256(data).hexdigest()
        content = upstream.bare / "lfs" / "objects" / oid[:2] / oid[2:4] / oid
        content.parent.mkdir(parents=True)
        content.write_bytes(data)
        upstream.commit({path: pointer_to(data)})
    upstream.commit({"docs/logo.png": pointer_to(b"\x89PNG")})
    refused = load()
    assert (refused.result, refused.rejected, refused.pointers, refused.skipped) == ("rejected", 4, 4, 2)
    assert refused.error and "4 of 4 live documents (100 %) would vanish" in refused.error
    assert manifest() == before
    embedder.texts.clear()
    again = load(", lfs: true")
    assert (again.result, again.loaded, again.rejected, again.skipped) == ("published", 4, 0, 2)
    assert manifest() == before
    assert embedder.texts == [], "the pages are the same"
