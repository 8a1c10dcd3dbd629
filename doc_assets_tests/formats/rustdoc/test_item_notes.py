"""Notes above an item's documentation in rustdoc JSON: each once, with its item."""

from __future__ import annotations

from typing import Any

import pytest

from doc_assets.document import Block
from doc_assets_tests.support.rustdoc_json import CrateJson, crate_with_a_pool, read, section, titled


@pytest.fixture
def crate() -> CrateJson:
    return crate_with_a_pool()


@pytest.mark.parametrize(
    "unstable",
    [
        {"feature": "x", "level": "unstable"},
        {"feature": "x", "level": {"unstable": {}}},
        {"feature": "x", "level": {"unstable": None}},
    ],
)
def test_stability_is_a_note_or_metadata(crate: CrateJson, unstable: dict[str, Any]) -> None:
    crate.index["3"]["stability"] = unstable
    stable = (
        {"level": "stable", "since": "1.2.0"}
        if unstable["level"] == "unstable"
        else {"level": {"stable": {"since": "1.2.0"}}}
    )
    crate.index["1"]["stability"] = {"feature": "y", **stable}
    document = titled(read(crate), "Struct tank::Pool")
    assert document.metadata["stable_since"] == "1.2.0"
    assert section(document, "tank::Pool::fill").blocks[1] == Block("This is a nightly-only experimental API.")


@pytest.mark.parametrize(
    ("attribute", "shown"),
    [
        ('#[doc(cfg(feature = "net"))]', "Available on crate feature net only."),
        (
            {"other": '#[doc(cfg(all(feature = "net", feature = "io")))]'},
            "Available on crate features net and io only.",
        ),
        ('#[cfg(any(feature="a", feature="b", feature="c"))]', "Available on crate features a, b or c only."),
        (
            {"other": '#[attr = CfgTrace([NameValue { name: "feature", value: Some("net"), span: x }])]'},
            "Available on crate feature net only.",
        ),
        ('#[cfg(not(feature = "std"))]', ""),
        ("#[cfg(unix)]", ""),
        ({"must_use": {"reason": None}}, ""),
    ],
)
def test_the_features_that_an_item_needs_are_a_note(crate: CrateJson, attribute: object, shown: str) -> None:
    crate.index["3"]["attrs"] = [attribute]
    second = section(titled(read(crate), "Struct tank::Pool"), "tank::Pool::fill").blocks[1].text
    assert second == (shown or "Fills it, see `tank::Pool` and the pump (`tank::Pump`).")
