"""A store with a run of everything that a report tells of: a batch of loads, of which some fail, and a rollback."""

from __future__ import annotations

import contextlib
import time
from dataclasses import asdict

from doc_assets.catalogue import Partition
from doc_assets.catalogue.model import DirectorySource
from doc_assets.document.records import FileRecord, StoredDocument
from doc_assets.errors import SourceError
from doc_assets.ingest.load_history import record_surveys, recording_failures
from doc_assets.ingest.result import LoadResult
from doc_assets.store.history import history
from doc_assets.store.snapshots import lifecycle
from doc_assets.store.versions.rollback import rollback
from doc_assets_tests.support.hostile_library import IMAGE, LONG_TITLE, SCRIPT
from doc_assets_tests.support.library import Library, page
from doc_assets_tests.support.near_duplicates import article

FIRST, SECOND = "aaaaaaaa-0000-4000-8000-000000000001", "bbbbbbbb-0000-4000-8000-000000000002"
UNDONE = "cccccccc-0000-4000-8000-000000000003"
MACHINE = {
    "cpu": "A CPU <made up>",
    "cpu_flags": ["avx2"],
    "cores": 2,
    "memory_bytes": 8_000_000_000,
    "threads": 1,
    "parse_workers": 2,
    "shares_model": True,
    "backend": "openvino",
    "python": "3.11.9",
    "versions": {"openvino": "2026.1"},
    "settings": {"DOC_ASSETS_PARSE_SECONDS": "30"},
}
SAMPLES = {
    "seconds": [0.0, 2.0, 4.0, 8.0],
    "documents": [0, 1, 2, 3],
    "tokens": [0, 100, 300, 400],
    "rss_bytes": [10**8, 3 * 10**8, 2 * 10**8, 2 * 10**8],
}
STAGES = {
    "discover": 0.1,
    "parse": 0.5,
    "embed": 7.0,
    "write": 1.0,
    "seal": 0.2,
    "audit": 0.3,
    "embed_waited_for_parse": 0.4,
}


def left_out(path: str, outcome: str, reason: str) -> FileRecord:
    return FileRecord(path, 10, path.encode().ljust(32)[:32], outcome, reason)


def publish_batches(library: Library) -> None:
    """Two batches and a rollback: the second changes what the first loaded, and one of its partitions fails."""
    _load(
        library,
        "rust/book",
        {"a.md": page("A", "a worker"), "b.md": page("B", "to go"), "c.md": page("C", "stays")},
        FIRST,
        8.0,
    )
    _load(library, "ebpf/notes", {"map.md": article("Map notes")}, FIRST, 4.0)
    files = {
        "a.md": page(f"A {SCRIPT}", "a worker waits"),
        "c.md": page("C", "stays"),
        "new.md": page(LONG_TITLE, f"text {IMAGE}"),
        "r1.html": left_out("r1.html", "skipped", "redirect to ../1.html"),
        "r2.html": left_out("r2.html", "skipped", "redirect to ../2.html"),
        "x.md": left_out("x.md", "rejected", f"odd bytes {IMAGE} at 17"),
        "big.md": left_out(
            "big.md", "rejected", "9,999 characters of text: above the limit (DOC_ASSETS_MAX_TEXT_CHARACTERS)"
        ),
    }
    _load(library, "rust/book", files, SECOND, 10.0, samples=SAMPLES, machine=MACHINE, warnings=[f"odd {SCRIPT}"])
    _load(library, "rust/copy", {"map.md": article("Map notes", 1)}, SECOND, 3.0)
    partition = Partition("defi", "gone", DirectorySource(name="gone", kind="directory", location="."))
    with (
        contextlib.suppress(SourceError),
        recording_failures(library.store, partition, "run-of-gone", time.perf_counter(), batch_id=SECOND),
    ):
        raise SourceError(f"source gone: {SCRIPT} did not answer")
    same = Partition("ebpf", "notes", partition.source)
    record_surveys(library.store, [(same, LoadResult("ebpf", "notes", "unchanged"))], batch_id=SECOND)
    rollback(library.store, "rust/book", run_id=UNDONE)


def _load(
    library: Library,
    name: str,
    files: dict[str, StoredDocument | FileRecord],
    batch: str,
    seconds: float,
    **counts: object,
) -> None:
    lease = library.stage(name, files)
    with library.store.connect() as connection:
        sealed = lifecycle.sealed_counts(connection, lease.snapshot)
        known = {**asdict(sealed), "embedded": sealed.chunks, "tokens_embedded": sealed.tokens, "rejected_allowed": 3}
        event = {"run_id": f"run-of-{name}-{lease.snapshot}", "batch_id": batch, "stages": STAGES, "seconds": seconds}
        lifecycle.publish(connection, lease, **event, counts=known | counts, peak_rss_bytes=3 * 10**8)


def stage_killed(library: Library) -> str:
    """Leave a snapshot as a load does that was killed; the id of its run, of which the history has no event."""
    lease = library.stage("rust/killed", {})
    with library.store.connect() as connection:
        query = "UPDATE snapshot SET status = 'staging', run_id = 'killed-run' WHERE id = %s"
        connection.execute(query, (lease.snapshot,))
    return "killed-run"


def number_of(library: Library, result: str) -> int:
    """Return the number of the newest event with a result."""
    return next(row.id for row in history.history(library.store, limit=None) if row.result == result)
