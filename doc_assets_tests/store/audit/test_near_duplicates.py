"""An audit of a snapshot reads its own signatures and links."""

from __future__ import annotations

from doc_assets.store.audit import near_duplicates
from doc_assets.store.audit.consistent_read import SnapshotSet
from doc_assets.store.database.connection import Store
from doc_assets_tests.support.library import DIMENSIONS, WINDOW, Library, WordModel
from doc_assets_tests.support.near_duplicates import article
from doc_assets_tests.support.scans import reads


def test_an_audit_reads_the_links_of_its_own_documents_and_no_others(store: Store) -> None:
    library = Library(store, WordModel())
    for other in range(4):
        files = {f"{n}.md": article(f"Other {other}", n % 3, version=f"{n}") for n in range(5)}
        library.publish(f"rust/other{other}", files)
    own = library.publish("rust/own", {f"{n}.md": article("Own", n, version=f"{n}") for n in range(2)})
    audited = SnapshotSet((own,), 1, DIMENSIONS, WINDOW)
    with store.connect() as connection:
        found = reads(connection, lambda: near_duplicates.links(connection, audited))
    assert found["near_duplicate"] == (0, 2)  # one link, found from either of its documents
    assert found["document_signature"] == (0, 2)
