"""Unified diffs of one document in two snapshots."""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterator

import psycopg

from doc_assets.errors import NotFound
from doc_assets.store.database.connection import Store
from doc_assets.store.versions.comparison import Comparison


def patch(store: Store, comparison: Comparison, path: str) -> Iterator[str]:
    """Yield the lines of a unified diff of one document: title, metadata and text as stored.

    Raises:
        NotFound: The document does not differ.
    """
    change = next((c for c in comparison.documents if path in (c.path, c.origin)), None)
    if change is None:
        raise NotFound(
            f"{path!r} does not differ between snapshots {comparison.before.id} and {comparison.after.id} of "
            f"{comparison.partition}: doc-assets diff lists what does"
        )
    with store.reading("doc-assets diff", one_state=True) as connection:
        old = _lines(connection, comparison.before.id, change.origin or change.path)
        new = _lines(connection, comparison.after.id, change.path)
    yield from difflib.unified_diff(
        old,
        new,
        f"a/{change.origin or change.path}" if old else "/dev/null",
        f"b/{change.path}" if new else "/dev/null",
        f"snapshot {comparison.before.id}",
        f"snapshot {comparison.after.id}",
        lineterm="",
    )


def _lines(connection: psycopg.Connection, snapshot_id: int, path: str) -> list[str]:
    rows = connection.execute(
        "SELECT o.title, o.metadata, o.text FROM snapshot_file f JOIN snapshot_document d"
        " ON d.snapshot_id = f.snapshot_id AND d.path = coalesce(f.duplicate_of, f.path)"
        " JOIN document o ON o.id = d.document_id WHERE f.snapshot_id = %s AND f.path = %s ORDER BY d.part",
        (snapshot_id, path),
    ).fetchall()
    return [
        line
        for title, metadata, text in rows
        for line in (
            f"title: {title}",
            *(f"{name}: {json.dumps(value, ensure_ascii=False)}" for name, value in sorted(metadata.items())),
            "",
            *text.splitlines(),
        )
    ]
