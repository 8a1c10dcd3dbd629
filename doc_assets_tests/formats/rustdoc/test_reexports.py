"""Re-exports of other crates' items: what they name, and which crates a crate is a front of."""

from __future__ import annotations

import pytest

from doc_assets_tests.support.rustdoc_json import (
    OTHERS,
    SUMMARIES,
    CrateJson,
    crate_with_a_pool,
    read,
    section,
    titled,
    use,
)


@pytest.fixture
def crate() -> CrateJson:
    return crate_with_a_pool()


def test_a_crate_of_re_exports_says_where_the_items_are() -> None:
    """As rustdoc 1.95 writes ``pub use other::*``: the target is the other crate's root, its items are not listed."""
    front = CrateJson()
    front.hold(
        use(front, 1, "tank_parts", 100, is_glob=True),
        use(front, 2, "tank_parts::Hose", 101, name="Pipe"),
        use(front, 3, "tank_derive::Flow", 102),
        use(front, 4, "std::time::Duration", 103),
    )
    (document,) = read(front, paths=SUMMARIES, external_crates=OTHERS)
    assert section(document, "Items").blocks[0].text.splitlines() == [
        "Re-exports:",
        "pub use tank_parts::*; (all public items of crate tank_parts)",
        "pub use tank_parts::Hose as Pipe; (struct tank_parts::inner::Hose)",
        "pub use tank_derive::Flow; (derive macro tank_derive::Flow)",
        "pub use std::time::Duration;",
        "Documented in tank-parts 4.5.1 https://docs.rs/tank-parts/4.5.1/",
        "Documented in tank_derive",
    ]
    assert document.metadata["front_of"] == ["tank-parts", "tank_derive"]


def test_a_crate_with_items_of_its_own_is_no_front_for_a_few_re_exports(crate: CrateJson) -> None:
    crate.hold(use(crate, 30, "tank_parts::Hose", 101))
    documents = read(crate, paths=SUMMARIES, external_crates=OTHERS)
    assert not any("front_of" in document.metadata for document in documents)
    assert "(struct tank_parts::inner::Hose)" in section(titled(documents, "Crate tank"), "Items").blocks[0].text
    crate.hold(use(crate, 31, "tank_derive::Flow", 102), use(crate, 32, "tank_parts::inner::Hose", 101))
    documents = read(crate, paths=SUMMARIES, external_crates=OTHERS)
    assert titled(documents, "Crate tank").metadata["front_of"] == ["tank-parts", "tank_derive"]


@pytest.mark.parametrize(
    ("paths", "external"),
    [({}, OTHERS), (SUMMARIES, {}), (None, None), ({"100": {"crate_id": 20, "path": []}}, OTHERS), ({"100": 5}, OTHERS),
        (SUMMARIES, {"20": {"name": 7}}), (SUMMARIES, {"20": {"name": "x", "html_root_url": 3}})],
)  # fmt: skip
def test_a_re_export_whose_target_is_not_described_is_only_named(paths, external) -> None:
    front = CrateJson()
    front.hold(use(front, 1, "tank_parts", 100, is_glob=True))
    (document,) = read(front, paths=paths, external_crates=external)
    assert section(document, "Items").blocks[0].text.startswith("Re-exports:\npub use tank_parts::*;")
