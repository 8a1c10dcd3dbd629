"""Facts that the name of a folder states."""

from __future__ import annotations

import pytest

from doc_assets.catalogue.inference import attributes_of


@pytest.mark.parametrize(
    ("doc_type", "folder", "expected"),
    [
        ("rust", "crate-serde-json", {"crate": "serde_json"}),
        ("rust", "crate-tokio-1.24.2", {"crate": "tokio", "crate_version": "1.24.2"}),
        ("rust", "std-rustdoc", {"crate": "std"}),
        ("rust", "rustdoc-json", {}),
        ("rust", "async-book", {}),
        ("kubernetes", "talos-docs", {"product": "talos"}),
        ("kubernetes", "talos_docs_v1.14", {"product": "talos", "version": "1.14"}),
        ("kubernetes", "Linkerd", {"product": "linkerd"}),
        ("kubernetes", "istio-io-site", {"product": "istio"}),
        ("defi", "meteora-dlmm-sdk", {"protocol": "meteora"}),
        ("ebpf", "linux-bpf-rst", {"product": "linux"}),
        ("ebpf", "bpf-developer-tutorial", {}),
        ("ebpf", "some-long-name", {}),
        ("best_practices", "google-styleguide", {}),
        ("databases", "postgres-docs", {"product": "postgres"}),
        ("databases", "docs", {}),
    ],
)
def test_a_folders_name_tells_crate_product_and_protocol_or_nothing(
    doc_type: str, folder: str, expected: dict[str, str]
) -> None:
    assert attributes_of(doc_type, folder) == expected
