"""Notes above an item's documentation in rustdoc JSON: each once, with its item."""

from __future__ import annotations

from typing import Any

import pytest

from doc_assets.document import Block
from doc_assets_tests.support.rustdoc_json import NO_GENERICS, U8, CrateJson, crate_with_a_pool, read, section, titled


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


USE_A = {"since": "2.0.0", "note": "use a"}
SAID = Block("Deprecated since 2.0.0: use a")


def test_the_note_of_a_member_without_words_is_a_section(crate: CrateJson) -> None:
    for number in ("2", "8"):
        crate.index[number].update(docs=None, deprecation=USE_A)
    document = titled(read(crate), "Struct tank::Pool")
    assert section(document, "tank::Pool::depth").blocks == (Block("depth: u8", "signature"), SAID)
    assert section(document, "tank::Pool::drain").blocks == (Block("pub fn drain(self)", "signature"), SAID)


def test_the_note_of_a_constant_without_words_is_a_section(crate: CrateJson) -> None:
    held = {"constant": {"type": U8, "const": {"expr": "9", "value": "9u8", "is_literal": True}}}
    crate.hold(crate.add(31, "MAX", held, deprecation=USE_A))
    found = section(titled(read(crate), "Crate tank"), "tank::MAX")
    assert (found.anchor, found.blocks) == ("constants", (Block("pub const MAX: u8 = 9;", "signature"), SAID))


def test_a_note_is_not_repeated_on_the_fields_that_inherit_it(crate: CrateJson) -> None:
    """Rustdoc's JSON states the deprecation of a type on each of its fields, and that of a variant on its fields."""
    crate.index["1"]["deprecation"] = crate.index["2"]["deprecation"] = USE_A
    document = titled(read(crate), "Struct tank::Pool")
    assert [block for s in document.sections for block in s.blocks].count(SAID) == 1
    crate.add(43, "x", {"struct_field": U8}, docs="Inner.", deprecation=USE_A)
    held = {"struct": {"fields": [43], "has_stripped_fields": False}}
    crate.add(42, "Full", {"variant": {"kind": held, "discriminant": None}}, deprecation=USE_A)
    crate.hold(crate.add(40, "State", {"enum": {"generics": NO_GENERICS, "variants": [42], "impls": []}}))
    document = titled(read(crate), "Enum tank::State")
    assert section(document, "tank::State::Full").blocks == (Block("Full", "signature"), SAID)
    assert section(document, "tank::State::Full::x").blocks == (Block("x: u8", "signature"), Block("Inner."))


def test_a_list_marks_what_is_deprecated_or_unstable(crate: CrateJson) -> None:
    crate.index["1"]["deprecation"] = USE_A
    crate.index["20"].update(deprecation={"since": "TBD", "note": None}, stability={"level": "unstable"})
    lines = section(titled(read(crate), "Crate tank"), "Items").blocks[0].text.split("\n")
    assert lines[1:] == ["Pump (Deprecation planned) (Experimental)", "- Pool (Deprecated): A pool."]


@pytest.mark.parametrize(
    ("deprecation", "shown"),
    [
        ({"since": None, "note": None}, "Deprecated"),
        ({"since": None, "note": "use a"}, "Deprecated: use a"),
        ({"since": "1.0", "note": None}, "Deprecated since 1.0"),
        ({"since": "TBD", "note": "use a"}, "Deprecating in a future version: use a"),
        (
            {"since": "1.0", "note": "use [`Pump`],\n`x()` or *[this](Pump)*"},
            "Deprecated since 1.0: use Pump, x() or this",
        ),
    ],
)
def test_a_deprecation_reads_as_on_rustdocs_pages(crate: CrateJson, deprecation: object, shown: str) -> None:
    crate.index["1"]["deprecation"] = deprecation
    assert titled(read(crate), "Struct tank::Pool").sections[0].blocks[2] == Block(shown)
