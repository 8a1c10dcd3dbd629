"""What a load expects of its files follows what is live of them, and what those before gave."""

from __future__ import annotations

import pytest

from doc_assets.ingest.expected_work import ExpectedWork, StoredFiles, expected_of_partition
from doc_assets.sources.token_estimate import TOKENS_PER_FILE, expected_of

FILES = [(f"page-{i}.md", 10_000) for i in range(100)]
TOKENS = expected_of("page.md", 10_000)


@pytest.mark.parametrize(
    ("stored", "files", "share", "kind"),
    [
        (StoredFiles(), 100, 1.0, ".md"),
        (StoredFiles(dict(FILES), same_recipe=True), 0, 0.0, " changed"),
        (StoredFiles({path: 9_999 for path, _ in FILES}, same_recipe=True), 100, 0.6, ".md changed"),
        (StoredFiles(dict(FILES), same_recipe=False), 100, 0.1, ".md parsed anew"),
    ],
)
def test_what_is_live_is_hardly_to_embed_again(stored: StoredFiles, files: int, share: float, kind: str):
    found = expected_of_partition(FILES, stored)
    assert (found.files, found.kind) == (files, kind)
    assert found.tokens == pytest.approx(files * (share * TOKENS + TOKENS_PER_FILE))


def test_files_that_give_twice_as_much_as_expected_double_what_is_left():
    work = ExpectedWork(FILES * 1)
    assert work.left == 100 * (TOKENS + TOKENS_PER_FILE)
    for path, _ in FILES[:50]:
        work.see(path, 20 * TOKENS)
    work.see("not-of-this-load.md", 1_000_000)
    assert work.left > 50 * 5 * TOKENS
    for path, _ in FILES[50:]:
        work.see(path, 0)
    assert work.left == 0
