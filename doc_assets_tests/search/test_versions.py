"""Versions and ranges as readers write them, and the nearest one below."""

from __future__ import annotations

import itertools

import pytest

from doc_assets.errors import Misuse
from doc_assets.search.versions import Version, VersionRange, newest_first, select

# The example of Semantic Versioning 2.0.0, section 11, and forms that other projects write.
ASCENDING = [
    "0.9", "1.0.0-alpha", "1.0.0-alpha.1", "1.0.0-alpha.beta", "1.0.0-beta", "1.0.0-beta.2", "1.0.0-beta.11",
    "1.0.0-rc.1", "1.0.0", "v1.0.1", "1.2", "1.10", "1.14.0-rc.1", "1.14.2", "2.0rc1", "2.0",
]  # fmt: skip


def test_versions_are_in_the_order_of_semantic_versioning() -> None:
    versions = [Version.parse(text) for text in ASCENDING]
    assert None not in versions
    assert all(a < b for a, b in itertools.pairwise(versions))  # pyrefly: ignore[unsupported-operation]
    assert newest_first([*ASCENDING, "nightly"]) == [*reversed(ASCENDING), "nightly"]
    assert Version.parse("1.14") == Version.parse("v1.14.0") == Version.parse("1.14.0+build.7")
    assert Version.parse("1.0.0-20240101") < Version.parse("1.0.0")  # pyrefly: ignore[unsupported-operation]
    assert Version.parse("nightly") is None


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ("1.14", "1.14.0-rc.1 1.14.0 1.14.2"),
        ("v1.14.x", "1.14.0-rc.1 1.14.0 1.14.2"),
        ("1", "1.8.0 1.9.3 1.14.0-rc.1 1.14.0 1.14.2"),
        ("=1.14.0", "1.14.0"),
        ("1.14.0-rc.1", "1.14.0-rc.1"),
        (">=1.8,<2", "1.8.0 1.9.3 1.14.0 1.14.2"),
        (">=1.8 <1.14", "1.8.0 1.9.3"),
        ("^1.9", "1.9.3 1.14.0 1.14.2"),
        ("~1.14.1", "1.14.2"),
        ("^0.3", "0.3.1"),
        ("<=1.9.3", "0.3.1 0.4.0 1.8.0 1.9.3"),
        (">1.14,!=1.14.2", "2.1.0"),
        ("latest", "2.1.0"),
    ],
)
def test_a_range_holds_what_cargo_and_npm_would_take(asked: str, found: str) -> None:
    versions = ["0.3.1", "0.4.0", "1.8.0", "1.9.3", "1.14.0-rc.1", "1.14.0", "1.14.2", "2.0.0-beta.1", "2.1.0"]
    selected = select(VersionRange.parse(asked), {"p": versions})
    assert selected.chosen == {"p": tuple(found.split())} and not selected.below


def test_the_nearest_version_below_stands_in_for_one_that_is_absent() -> None:
    have = {"cilium": ["1.14.2", "1.15.0", "1.16.1"]}
    for asked, found in (("1.15.9", "1.15.0"), ("1.99", "1.16.1"), (">=1.17,<1.20", "1.16.1"), ("=1.15.1", "1.15.0")):
        selected = select(VersionRange.parse(asked), have)
        assert selected.chosen == {"cilium": (found,)} and selected.below == {"cilium"}, asked
    assert select(VersionRange.parse("1.13"), have).chosen == {}


def test_products_that_have_the_version_exclude_those_that_have_not() -> None:
    selected = select(VersionRange.parse("1.14"), {"talos": ["1.14"], "cilium": ["1.13"], "jax": []})
    assert selected.chosen == {"talos": ("1.14",)}


def test_only_pre_releases_are_the_latest_where_there_is_nothing_else() -> None:
    assert select(VersionRange.parse("latest"), {"p": ["1.0.0-a", "1.0.0-b"]}).chosen == {"p": ("1.0.0-b",)}


@pytest.mark.parametrize("wrong", ["", "stable", ">=", ">=1.x.y", "1.2 || 3", "1..2", "^"])
def test_what_is_no_version_is_refused_with_examples(wrong: str) -> None:
    with pytest.raises(Misuse, match=r"1\.14\.x"):
        VersionRange.parse(wrong)
