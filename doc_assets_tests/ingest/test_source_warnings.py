"""A load that brings nothing says so, with the setting that would help."""

from __future__ import annotations

from pathlib import Path

import pytest

from doc_assets.catalogue import DirectorySource, Partition
from doc_assets.document.records import Counts
from doc_assets.ingest.source_warnings import source_warnings
from doc_assets.sources.discovery import Discovery
from doc_assets.store.snapshots.missing_includes import LackingDocuments


@pytest.mark.parametrize(
    ("shard", "counts", "sentence"),
    [
        (None, Counts(), "0 documents: no file is taken by `include: [*.mdd]` of the source in the catalogue"),
        (
            2,
            Counts(),
            "0 documents: no file falls into this shard: `shards: 2` of the source may be",
        ),
        (
            None,
            Counts(files=9, skipped=4, rejected=5),
            "0 documents: 5 of 9 files cannot be read (doc-assets",
        ),
        (
            None,
            Counts(files=9, skipped=9),
            "0 documents: its 9 files hold nothing to load (doc-assets manifest t/s",
        ),
        (None, Counts(files=9, loaded=1, documents=1), None),
    ],
)
def test_a_partition_without_documents_is_warned_of_with_the_setting_that_would_help(
    shard: int | None, counts: Counts, sentence: str | None
) -> None:
    source = DirectorySource(kind="directory", name="s", location="x", include=("*.mdd",), shards=shard or 1)
    discovery = Discovery("r", Path(), (), 1)
    found = source_warnings(Partition("t", "s", source, shard), discovery, counts, LackingDocuments())
    assert [one.startswith(sentence) for one in found] == [True] if sentence else found == ()
