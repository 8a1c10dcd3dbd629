"""Partitions come heaviest first, with shards that part a source, and are found by their name."""

from __future__ import annotations

from pathlib import Path

import pytest

from doc_assets.errors import CatalogueError
from doc_assets_tests.support.catalogue_files import SOUND, load


def test_partitions_are_heaviest_first_and_those_of_unknown_weight_last_in_file_order(tmp_path: Path) -> None:
    catalogue = load(tmp_path, SOUND)
    assert [p.name for p in catalogue.partitions()] == [
        "ebpf/kernel",
        "rust/std",
        "rust/tokio.1",
        "rust/tokio.2",
        "rust/book",
    ]
    assert [p.key for p in catalogue.partitions("rust")] == ["std", "tokio.1", "tokio.2", "book"]


def test_every_path_belongs_to_exactly_one_shard_and_always_the_same(tmp_path: Path) -> None:
    shards = [p for p in load(tmp_path, SOUND).partitions("rust") if p.source.name == "tokio"]
    paths = [f"docs/{i}.md" for i in range(200)] + ["ü\\xff.md"]
    owners = [[p.shard for p in shards if p.holds(path)] for path in paths]
    assert all(len(owner) == 1 for owner in owners)
    assert {owner[0] for owner in owners} == {1, 2}
    # Written down: another hash would move the documents of every sharded source that is loaded already.
    assert [owner[0] for owner in owners[:8]] == [1, 1, 1, 1, 1, 1, 1, 2]


def test_an_unknown_partition_names_those_that_were_meant(tmp_path: Path) -> None:
    catalogue = load(tmp_path, SOUND)
    assert catalogue.find_partition("rust/tokio.2").shard == 2
    with pytest.raises(CatalogueError, match=r"did you mean rust/tokio\.1, rust/tokio\.2"):
        catalogue.find_partition("rust/tokio")
    with pytest.raises(CatalogueError, match="did you mean ebpf/kernel"):
        catalogue.find_partition("rust/kernel")
    with pytest.raises(CatalogueError, match=r"'rst' .*did you mean 'rust'"):
        catalogue.partitions("rst")
