"""What one snapshot holds, and whether its proof still holds."""

from __future__ import annotations

from doc_assets.store.versions.details import describe
from doc_assets_tests.support.library import Library, change_everything


def test_show_tells_what_a_snapshot_holds_and_that_a_changed_row_breaks_its_proof(pages: Library):
    change_everything(pages)
    found = describe(pages.store, "rust/std")
    assert found.snapshot.published and found.counts and found.contents and found.proof and found.changes
    assert found.contents.formats == {"markdown": found.counts.documents}
    assert (found.proof.digest, found.proof.seal) == (True, True)
    assert found.contents.vectors > 0 < found.contents.vector_bytes
    assert found.changes.summary["added"] == 13 and found.changes.before.id == found.facts.parent
    assert [event.to_snapshot for event in found.history] == [found.snapshot.id]
    with pages.store.connect() as connection:
        connection.execute("UPDATE snapshot_file SET size = size + 1 WHERE path = 'new.md'")
    broken = describe(pages.store, str(found.snapshot.id)).proof
    assert broken is not None and (broken.digest, broken.seal) == (True, False)
    with pages.store.connect() as connection:
        connection.execute("UPDATE snapshot_file SET fingerprint = sha256('') WHERE path = 'new.md'")
    broken = describe(pages.store, str(found.snapshot.id)).proof
    assert broken is not None and (broken.digest, broken.seal) == (False, False)
