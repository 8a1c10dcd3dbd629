"""What a name means: exact names first, typing mistakes forgiven, versions taken off."""

from __future__ import annotations

import pytest

from doc_assets.serving.service import Service
from doc_assets.serving.sources.resolving import Name, best_matches, split_version

SOURCES = ["crate-tokio", "crate-tokio-stream", "tokio-website", "talos-docs", "talos-repo", "jax-docs", "cilium-docs",
           "crate-serde", "crate-serde-json", "cpp-core-guidelines", "raydium-amm"]  # fmt: skip


def found(asked: str) -> list[str]:
    matches = best_matches(asked, {one: [Name(one, "source")] for one in SOURCES})
    return sorted(matches, key=lambda one: -matches[one].score)


@pytest.mark.parametrize(
    ("asked", "first"),
    [
        ("tokio", "crate-tokio"),
        ("Tokio docs", "crate-tokio"),
        ("tokoi", "crate-tokio"),
        ("tokio_stream", "crate-tokio-stream"),
        ("serdejson", "crate-serde-json"),
        ("cillium", "cilium-docs"),
        ("silium", "cilium-docs"),
        ("c++ core guidlines", "cpp-core-guidelines"),
        ("radium", "raydium-amm"),
        ("jx", "jax-docs"),
    ],
)
def test_a_name_is_found_though_it_is_mistyped(asked: str, first: str) -> None:
    assert found(asked)[0] == first


def test_a_sure_match_makes_guesses_superfluous_and_nonsense_matches_nothing() -> None:
    assert found("talos") == ["talos-docs", "talos-repo"]
    assert found("zzzz") == found("postgres") == found("!!") == []


@pytest.mark.parametrize(
    ("text", "name", "version"),
    [
        ("cilium 1.19", "cilium", "1.19"),
        ("tokio@v1.40.0", "tokio", "v1.40.0"),
        ("talos >=1.13,<2", "talos", ">=1.13,<2"),
        ("serde latest", "serde", "latest"),
        ("raydium amm v4", "raydium amm", "v4"),
        ("http2", "http2", None),
        ("the book", "the book", None),
    ],
)
def test_a_version_is_taken_off_the_name(text: str, name: str, version: str | None) -> None:
    assert split_version(text) == (name, version)


def test_a_product_resolves_to_its_sources_with_versions_and_counts(service: Service) -> None:
    answer = service.resolve("cilium 1.15")
    assert [one.source for one in answer.sources] == ["cilium-1.15", "cilium-1.14", "cilium-1.16"]
    first = answer.sources[0]
    assert (first.asked, first.is_below, first.documents) == (("1.15.0",), False, 2)
    assert [(v.product, v.version, v.documents) for v in first.versions] == [("cilium", "1.15.0", 2)]
    assert answer.sources[1].is_below


def test_a_scope_and_what_is_unknown_are_said(service: Service) -> None:
    assert service.resolve("networking").scopes == ("networking",)
    assert service.resolve("postgres").notes[0].startswith("nothing is called like 'postgres'")
