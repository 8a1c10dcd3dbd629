"""Re-exports of other crates' items: what they name, and which crates a crate is a front of."""

from __future__ import annotations

import pytest

from doc_assets.document import Block
from doc_assets_tests.support.rustdoc_json import (
    OTHERS,
    SUMMARIES,
    CrateJson,
    crate_with_a_pool,
    fn,
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


def test_a_root_with_more_foreign_re_exports_than_items_is_a_front(crate: CrateJson) -> None:
    """Whatever its modules hold: users look for what the root re-exports, and find it in the other crate."""
    for number in range(50, 60):
        crate.add(number, f"f{number}", fn([]))
    crate.add(40, "deep", {"module": {"items": list(range(50, 60)), "is_stripped": False}})
    crate.hold(40, *(use(crate, 30 + n, "tank_parts::Hose", 101, name=f"Hose{n}") for n in range(3)))
    documents = read(crate, paths=SUMMARIES, external_crates=OTHERS)
    assert not any("front_of" in document.metadata for document in documents)
    crate.hold(use(crate, 33, "tank_parts::Hose", 101))
    documents = read(crate, paths=SUMMARIES, external_crates=OTHERS)
    assert titled(documents, "Crate tank").metadata["front_of"] == ["tank-parts"]


def test_words_on_a_foreign_re_export_are_kept(crate: CrateJson) -> None:
    crate.hold(use(crate, 30, "tank_parts::Hose", 101))
    crate.index["30"]["docs"] = "Carries water."
    shown = section(titled(read(crate, paths=SUMMARIES, external_crates=OTHERS), "Crate tank"), "Items").blocks[0].text
    assert shown.startswith(
        "Re-exports:\npub use tank_parts::Hose; (struct tank_parts::inner::Hose) Carries water.\nDocumented in"
    )


@pytest.mark.parametrize(
    ("held", "shown"),
    [
        ({"name": "tank_parts", "rename": None}, "pub extern crate tank_parts;"),
        ({"name": "pieces", "rename": "tank_parts"}, "pub extern crate tank_parts as pieces;"),  # rustdoc 1.95
        ({"name": "tank_parts", "rename": "pieces"}, "pub extern crate tank_parts as pieces;"),  # as documented
    ],
)
def test_crates_that_are_re_exported_are_listed(crate: CrateJson, held: object, shown: str) -> None:
    crate.hold(crate.add(30, "pieces", {"extern_crate": held}))
    (first, *_) = section(titled(read(crate, external_crates=OTHERS), "Crate tank"), "Items").blocks
    assert first == Block(f"Re-exports:\n{shown}", "list")
