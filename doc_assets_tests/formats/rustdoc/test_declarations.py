"""Declarations of items in rustdoc JSON read as on rustdoc's pages."""

from __future__ import annotations

import pytest

from doc_assets.document import Block
from doc_assets.formats.rustdoc.declarations import declaration, function
from doc_assets_tests.support.rustdoc_json import (
    NO_GENERICS,
    SELF,
    U8,
    CrateJson,
    bound,
    bracketed,
    crate_with_a_pool,
    fn,
    read,
    reference,
    section,
    titled,
)


@pytest.fixture
def crate() -> CrateJson:
    return crate_with_a_pool()


def test_enums_and_traits_declare_what_is_in_them(crate: CrateJson) -> None:
    crate.add(
        41, "Empty", {"variant": {"kind": "plain", "discriminant": {"expr": "1", "value": "1"}}}, docs="No water."
    )
    crate.add(42, "Level", {"variant": {"kind": {"tuple": [43, None]}, "discriminant": None}})
    crate.add(43, "0", {"struct_field": U8}, docs="Centimetres.")
    crate.add(40, "State", {"enum": {"generics": NO_GENERICS, "variants": [41, 42], "impls": []}})
    crate.add(51, "flow", fn([["self", reference(SELF)]]), docs="Flows.", visibility="default")
    crate.index["51"]["inner"]["function"]["has_body"] = False
    crate.add(52, "Unit", {"assoc_type": {"generics": NO_GENERICS, "bounds": [], "type": None}}, visibility="default")
    bound = {"trait_bound": {"trait": {"path": "Sized", "args": None}, "generic_params": [], "modifier": "maybe"}}
    crate.add(50, "Flow", {"trait": {"generics": NO_GENERICS, "bounds": [bound], "items": [51, 52], "is_unsafe": True}})
    crate.hold(40, 50)
    state, flow = titled(read(crate), "Enum tank::State"), titled(read(crate), "Trait tank::Flow")
    assert state.sections[0].blocks == (Block("pub enum State {\n    Empty = 1,\n    Level(u8, _),\n}", "signature"),)
    assert section(state, "tank::State::Empty").anchor == "variant.Empty"
    assert section(state, "tank::State::Level::0").blocks[1] == Block("Centimetres.")
    crate.index["51"]["inner"]["function"]["has_body"] = True
    assert "fn flow(&self) { ... }" in titled(read(crate), "Trait tank::Flow").sections[0].blocks[0].text
    declared = "pub unsafe trait Flow: ?Sized {\n    type Unit;\n\n    // Required method\n    fn flow(&self);\n}"
    assert flow.sections[0].blocks == (Block(declared, "signature"),)
    assert section(flow, "tank::Flow::flow").anchor == "tymethod.flow"


def test_generics_and_long_parameter_lists_read_as_rust() -> None:
    into = bound("Into", bracketed({"type": U8}))
    generics = {
        "params": [
            {"name": "'a", "kind": {"lifetime": {"outlives": []}}},
            {"name": "T", "kind": {"type": {"bounds": [into], "default": None, "is_synthetic": False}}},
            {"name": "impl X", "kind": {"type": {"bounds": [into], "is_synthetic": True}}},
            {"name": "N", "kind": {"const": {"type": U8, "default": None}}},
        ],
        "where_predicates": [{"bound_predicate": {"type": {"generic": "T"}, "bounds": [{"outlives": "'a"}]}}],
    }
    short = fn([["self", SELF], ["x", {"generic": "T"}]], generics=generics, is_async=True)["function"]
    assert (
        function("go", short, "public")
        == "pub async fn go<'a, T: Into<u8>, const N: u8>(self, x: T)\nwhere\n    T: 'a,"
    )
    long = fn([[f"parameter_{i}", U8] for i in range(6)], U8)["function"]
    shown = function("go", long)
    assert shown.startswith("fn go(\n    parameter_0: u8,\n") and shown.endswith("\n) -> u8")


def test_what_changed_between_the_formats_reads_the_same(crate: CrateJson) -> None:
    generics = {"params": [{"name": "N", "kind": {"const": {"type": U8, "default": "3"}}}], "where_predicates": []}
    captured = [{"lifetime": "'a"}, {"param": "T"}]
    shown = []
    for forms in (
        {
            "name": "name",
            "args": bracketed(),
            "use": ["'a", "T"],
            "attrs": ["#[non_exhaustive]", "#[repr(C, align(8))]"],
        },
        {
            "name": "path",
            "args": None,
            "use": captured,
            "attrs": ["non_exhaustive", {"repr": {"kind": "c", "align": 8, "packed": None, "int": None}}],
        },
    ):
        held = {forms["name"]: "Box", "id": 9, "args": forms["args"]}
        bounds = [{"trait_bound": {"trait": held, "generic_params": [], "modifier": "none"}}, {"use": forms["use"]}]
        crate.add(80, "give", fn([], {"impl_trait": bounds}), docs="Gives.")
        crate.add(81, "Tap", {"struct": {"kind": "unit", "generics": generics, "impls": []}}, attrs=forms["attrs"])
        crate.hold(80, 81)
        documents = read(crate)
        shown.append(
            section(documents[0], "tank::give").blocks + titled(documents, "Struct tank::Tap").sections[0].blocks
        )
    assert shown[0] == shown[1]
    assert shown[0][0] == Block("pub fn give() -> impl Box + use<'a, T>", "signature")
    assert shown[0][2] == Block(
        "#[non_exhaustive]\n#[repr(C, align(8))]\npub struct Tap<const N: u8 = 3>;", "signature"
    )


def declared(crate: CrateJson, inner: object) -> str:
    crate.add(99, "IT", inner)
    return declaration(crate.index["99"], crate.index)


@pytest.mark.parametrize(
    ("constant", "shown"),
    [
        ({"expr": "9", "value": "9u8", "is_literal": True}, " = 9;"),
        ({"expr": "_", "value": "6u8", "is_literal": False}, " = _; // 6u8"),
        ({"expr": "u8::MAX", "value": "255u8", "is_literal": False}, " = u8::MAX; // 255u8"),
        ({"expr": "OTHER", "value": None, "is_literal": False}, ";"),
        ({"expr": "_", "value": None, "is_literal": False}, ";"),
        ({"expr": f"{'1' * 200}", "value": None, "is_literal": True}, " = _;"),
    ],
)
def test_the_value_of_a_constant_is_shown_as_rustdoc_does(crate: CrateJson, constant: object, shown: str) -> None:
    assert declared(crate, {"constant": {"type": U8, "const": constant}}) == f"pub const IT: u8{shown}"


@pytest.mark.parametrize(
    ("macro", "shown"),
    [
        ({"kind": "attr", "helpers": []}, "#[IT]"),
        ({"kind": "bang", "helpers": []}, "IT!() { /* proc-macro */ }"),
        ({"kind": "derive", "helpers": []}, "#[derive(IT)]"),
        (
            {"kind": "derive", "helpers": ["show"]},
            "#[derive(IT)]\n{\n    // Attributes available to this derive:\n    #[show]\n}",
        ),
    ],
)
def test_procedural_macros_read_as_they_are_used(crate: CrateJson, macro: object, shown: str) -> None:
    assert declared(crate, {"proc_macro": macro}) == shown


def test_bounds_of_a_type_stand_on_lines_before_its_body(crate: CrateJson) -> None:
    where = [{"bound_predicate": {"type": {"generic": "T"}, "bounds": [bound("Clone")]}}]
    generics = {"params": [{"name": "T", "kind": {"type": {"bounds": []}}}], "where_predicates": where}
    crate.add(98, "wide", {"struct_field": U8})
    shown = [
        declared(crate, {"struct": {"kind": kind, "generics": generics, "impls": []}})
        for kind in (
            "unit",
            {"tuple": [98]},
            {"tuple": [None, None]},
            {"plain": {"fields": [98], "has_stripped_fields": True}},
            {"plain": {"fields": [], "has_stripped_fields": True}},
        )
    ]
    start = "pub struct IT<T>"
    assert shown == [
        f"{start}\nwhere\n    T: Clone;",
        f"{start}(pub u8)\nwhere\n    T: Clone;",
        f"{start}(/* private fields */)\nwhere\n    T: Clone;",
        f"{start}\nwhere\n    T: Clone,\n{{\n    pub wide: u8,\n    /* private fields */\n}}",
        f"{start}\nwhere\n    T: Clone,\n{{ /* private fields */ }}",
    ]
