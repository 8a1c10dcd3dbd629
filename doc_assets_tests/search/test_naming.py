"""What a query names is preferred to what mentions its word by chance."""

from __future__ import annotations

from doc_assets.search.naming import named, names_of


def test_a_document_is_about_its_crate_product_protocol_and_source() -> None:
    assert names_of("crate-parking-lot", {"crate": "parking_lot", "version": "1"}) >= {"parkinglot", "parking", "lot"}
    assert names_of("talos-docs", {"product": "Talos", "tags": ["a"]}) >= {"talos"}


def test_what_the_query_names_counts_by_how_few_have_the_name() -> None:
    documents = [names_of(source, {}) for source in ("crate-log", "crate-tokio", "crate-serde", "crate-rand")]
    assert named("log levels at compile time", documents) == [0.75, 0, 0, 0]
    assert named("which crate is best", documents) == [0, 0, 0, 0]
    assert named("parking lot mutex", [names_of("x", {"crate": "parking_lot"}), names_of("y", {})]) == [0.5, 0]
    assert named("anything", []) == []
