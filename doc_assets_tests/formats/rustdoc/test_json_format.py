"""The format ``rustdoc_json``: modules and types as documents, declarations as Rust, and what is refused."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from doc_assets.document import Block, Document, Section, lay_out
from doc_assets.errors import DocumentRejected, DocumentSkipped
from doc_assets.formats.base import RawFile
from doc_assets.formats.rustdoc.declarations import function
from doc_assets.formats.rustdoc.json_format import RustdocJsonFormat
from doc_assets.formats.rustdoc.type_names import type_name

U8 = {"primitive": "u8"}
SELF = {"generic": "Self"}
NO_GENERICS = {"params": [], "where_predicates": []}
HEADER = {"is_const": False, "is_unsafe": False, "is_async": False, "abi": "Rust"}


def named(name: str, args: object = None) -> dict[str, Any]:
    return {"resolved_path": {"path": name, "id": 9_000, "args": args}}


def reference(node: object, *, mutable: bool = False, lifetime: str | None = None) -> dict[str, Any]:
    return {"borrowed_ref": {"lifetime": lifetime, "is_mutable": mutable, "type": node}}


def fn(inputs: list, output: object = None, *, generics: object = None, **header: object) -> dict[str, Any]:
    return {
        "function": {
            "sig": {"inputs": inputs, "output": output, "is_c_variadic": False},
            "generics": generics or NO_GENERICS,
            "header": {**HEADER, **header},
            "has_body": True,
        }
    }


def implementation(items: list[int], *, trait: str | None = None, **more: object) -> dict[str, Any]:
    head = {"path": trait, "id": 9_001, "args": None} if trait else None
    return {"impl": {"trait": head, "for": named("Pool"), "items": items, "blanket_impl": None, **more}}


class CrateJson:
    """Items by number; the module of the root is 0."""

    def __init__(self) -> None:
        self.index: dict[str, Any] = {}
        self.add(0, "tank", {"module": {"is_crate": True, "items": [], "is_stripped": False}}, docs="Keeps water.")

    def add(self, number: int, name: str | None, inner: Any, docs: str | None = None, **more: Any) -> int:
        self.index[str(number)] = {
            "id": number,
            "crate_id": 0,
            "name": name,
            "visibility": "public",
            "docs": docs,
            "links": {},
            "deprecation": None,
            "inner": inner,
            **more,
        }
        return number

    def hold(self, *numbers: int, module: int = 0) -> None:
        self.index[str(module)]["inner"]["module"]["items"].extend(numbers)

    def data(self, **top: object) -> bytes:
        crate = {"root": 0, "crate_version": "1.2.3", "includes_private": False, "index": self.index, "paths": {}}
        return json.dumps({**crate, "external_crates": {}, "format_version": 57, **top}).encode()


def crate_with_a_pool() -> CrateJson:
    made = CrateJson()
    fields = {"plain": {"fields": [2], "has_stripped_fields": True}}
    made.add(
        1,
        "Pool",
        {"struct": {"kind": fields, "generics": NO_GENERICS, "impls": [4, 5, 6, 7]}},
        docs="A pool.\n\n# Use\n\nSwim.",
    )
    made.add(2, "depth", {"struct_field": U8}, docs="In metres.")
    takes_self = [["self", reference(SELF, mutable=True)], ["by", U8]]
    docs = (
        "Fills it, see [`Pool`] and [the pump][crate::Pump].\n\n# Panics\n\nWhen full.\n\n"
        "```\n# use tank::Pool;\nlet p = Pool;\n## x\n```\n"
    )
    made.add(
        3,
        "fill",
        fn(takes_self, named("Result", {"angle_bracketed": {"args": [{"type": {"tuple": []}}], "constraints": []}})),
        docs,
        links={"`Pool`": 1, "crate::Pump": 20},
    )
    made.add(4, None, implementation([3, 8]))
    made.add(5, None, implementation([9], trait="Clone"))
    made.add(6, None, implementation([], trait="Send", is_synthetic=True))
    made.add(7, None, implementation([], trait="Any", blanket_impl={"generic": "T"}))
    made.add(20, "Pump", {"struct": {"kind": "unit", "generics": NO_GENERICS, "impls": []}})
    made.add(8, "drain", fn([["self", SELF]]))
    made.add(9, "clone", fn([["self", reference(SELF)]], SELF))
    made.hold(1, 20)
    return made


@pytest.fixture
def crate() -> CrateJson:
    return crate_with_a_pool()


def read(crate: CrateJson, **top: object) -> list[Document]:
    return RustdocJsonFormat().parse(RawFile("tank.json", crate.data(**top)))


def titled(documents: list[Document], title: str) -> Document:
    (found,) = (d for d in documents if d.title == title)
    return found


def section(document: Document, *path: str) -> Section:
    (found,) = (s for s in document.sections if s.heading_path == path)
    return found


def test_a_crate_is_one_document_per_module_and_type(crate: CrateJson) -> None:
    crate.add(21, "deep", {"module": {"items": [], "is_stripped": False}}, docs="Deep end.")
    crate.hold(21)
    titles = ["Crate tank", "Struct tank::Pool", "Struct tank::Pump", "Module tank::deep"]
    assert [d.title for d in read(crate)] == titles
    assert titled(read(crate), "Struct tank::Pool").metadata == {
        "crate": "tank",
        "crate_version": "1.2.3",
        "item_kind": "struct",
        "item_path": "tank::Pool",
        "format_version": 57,
        "dropped_implementations": 2,
    }
    assert section(titled(read(crate), "Crate tank"), "Items").blocks == (
        Block("Modules:\n- deep: Deep end.", "list"),
        Block("Structs:\nPump\n- Pool: A pool.", "list"),
    )


def test_a_type_shows_its_declaration_its_own_traits_and_its_documentation(crate: CrateJson) -> None:
    document = titled(read(crate), "Struct tank::Pool")
    assert document.sections[0].blocks == (
        Block("pub struct Pool {\n    pub depth: u8,\n    /* private fields */\n}", "signature"),
        Block("Implements Clone"),
        Block("A pool."),
    )
    assert section(document, "Use").blocks == (Block("Swim."),)
    assert section(document, "tank::Pool::depth").anchor == "structfield.depth"


def test_a_method_is_one_section_with_links_resolved_and_hidden_lines_dropped(crate: CrateJson) -> None:
    found = section(titled(read(crate), "Struct tank::Pool"), "tank::Pool::fill")
    assert found.anchor == "method.fill"
    assert found.blocks == (
        Block("pub fn fill(&mut self, by: u8) -> Result<()>", "signature"),
        Block("Fills it, see `tank::Pool` and the pump (`tank::Pump`)."),
        Block("Panics"),
        Block("When full."),
        Block("let p = Pool;\n# x", "code"),
    )


def test_methods_without_documentation_are_listed_by_their_signatures(crate: CrateJson) -> None:
    found = section(titled(read(crate), "Struct tank::Pool"), "Pool: items without documentation")
    assert found.blocks == (Block("pub fn drain(self)", "signature"),)


def test_only_substantial_documentation_of_trait_methods_is_kept(crate: CrateJson) -> None:
    crate.index["9"]["docs"] = "Clones."
    assert not any(s.heading_path == ("tank::Pool::clone",) for s in titled(read(crate), "Struct tank::Pool").sections)
    crate.index["9"]["docs"] = "Copies the pool with all the water that is in it. " * 4
    found = section(titled(read(crate), "Struct tank::Pool"), "tank::Pool::clone")
    assert found.blocks[0] == Block("impl Clone for Pool\npub fn clone(&self) -> Self", "signature")


def test_functions_macros_and_constants_stand_in_their_module(crate: CrateJson) -> None:
    crate.hold(
        crate.add(
            30,
            "open",
            fn([], is_const=True, is_unsafe=True),
            docs="Opens.",
            deprecation={"since": "1.1", "note": "shut"},
        ),
        crate.add(31, "MAX", {"constant": {"type": U8, "const": {"expr": "9", "value": "9u8", "is_literal": True}}}),
        crate.add(32, "pump", {"macro": "macro_rules! pump { () => { ... }; }"}, docs="Pumps."),
    )
    document = titled(read(crate), "Crate tank")
    assert section(document, "tank::open").blocks == (
        Block("pub const unsafe fn open()", "signature"),
        Block("Deprecated since 1.1: shut"),
        Block("Opens."),
    )
    assert section(document, "tank::pump").blocks[0].kind == "signature"
    assert section(document, "tank: items without documentation").blocks == (
        Block("pub const MAX: u8 = 9;", "signature"),
    )
    assert Block("Constants:\nMAX", "list") in section(document, "Items").blocks


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


def test_what_is_re_exported_from_a_private_module_is_found_there(crate: CrateJson) -> None:
    crate.add(60, "Hose", {"struct": {"kind": "unit", "generics": NO_GENERICS, "impls": []}}, docs="A hose.")
    crate.add(61, "parts", {"module": {"items": [60], "is_stripped": True}}, visibility="default")
    crate.hold(
        crate.add(62, None, {"use": {"source": "parts::*", "name": "parts", "id": 61, "is_glob": True}}),
        crate.add(63, None, {"use": {"source": "std::time", "name": "time", "id": 777, "is_glob": False}}),
        crate.add(64, None, {"use": {"source": "self::Pool", "name": "Basin", "id": 1, "is_glob": False}}),
    )
    documents = read(crate)
    assert "Struct tank::Hose" in [d.title for d in documents]
    assert "Struct tank::Basin" not in [d.title for d in documents]
    shown = [block.text for block in section(titled(documents, "Crate tank"), "Items").blocks]
    assert "Re-exports:\npub use std::time;\npub use self::Pool as Basin;" in shown


OTHERS = {
    "20": {"name": "tank_parts", "html_root_url": "https://docs.rs/tank-parts/4.5.1/x86_64-unknown-linux-gnu/"},
    "21": {"name": "tank_derive", "html_root_url": None},
    "1": {"name": "core", "html_root_url": "https://doc.rust-lang.org/nightly/"},
}
SUMMARIES = {
    "100": {"crate_id": 20, "path": ["tank_parts"], "kind": "module"},
    "101": {"crate_id": 20, "path": ["tank_parts", "inner", "Hose"], "kind": "struct"},
    "102": {"crate_id": 21, "path": ["tank_derive", "Flow"], "kind": "proc_derive"},
    "103": {"crate_id": 1, "path": ["core", "time", "Duration"], "kind": "struct"},
}


def use(crate: CrateJson, number: int, source: str, target: int, *, name: str = "", is_glob: bool = False) -> int:
    held = {"source": source, "name": name or source.rpartition("::")[2], "id": target, "is_glob": is_glob}
    return crate.add(number, None, {"use": held})


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


def test_re_exports_that_go_in_circles_end(crate: CrateJson) -> None:
    crate.add(70, "a", {"module": {"items": [72], "is_stripped": True}}, visibility="crate")
    crate.hold(
        crate.add(71, None, {"use": {"source": "a::*", "name": "a", "id": 70, "is_glob": True}}),
        crate.add(72, None, {"use": {"source": "crate::*", "name": "tank", "id": 70, "is_glob": True}}),
    )
    assert len(read(crate)) == 3


def bracketed(*args: object, **constraints: object) -> dict[str, Any]:
    held = [{"name": name, "binding": {"equality": {"type": node}}} for name, node in constraints.items()]
    return {"angle_bracketed": {"args": list(args), "constraints": held}}


def bound(name: str, args: object = None) -> dict[str, Any]:
    return {"trait_bound": {"trait": {"path": name, "args": args}, "generic_params": [], "modifier": "none"}}


def item_of(owner: object, trait: str) -> dict[str, Any]:
    return {"qualified_path": {"name": "Item", "self_type": owner, "trait": {"path": trait}, "args": None}}


CALL = {"trait": {"path": "Fn", "args": {"parenthesized": {"inputs": [U8], "output": U8}}}, "generic_params": []}
POINTER = {"sig": {"inputs": [["x", U8]], "output": None}, "header": {"is_unsafe": True}}


@pytest.mark.parametrize(
    ("node", "shown"),
    [
        (reference({"slice": U8}, lifetime="'a"), "&'a [u8]"),
        ({"raw_pointer": {"is_mutable": False, "type": U8}}, "*const u8"),
        ({"array": {"type": U8, "len": "4"}}, "[u8; 4]"),
        ({"tuple": [U8]}, "(u8,)"),
        (named("Vec", bracketed({"lifetime": "'_"}, {"type": U8})), "Vec<'_, u8>"),
        ({"dyn_trait": {"traits": [CALL], "lifetime": "'b"}}, "dyn Fn(u8) -> u8 + 'b"),
        ({"impl_trait": [bound("Iterator", bracketed(Item=U8))]}, "impl Iterator<Item = u8>"),
        (item_of(SELF, "Iterator"), "Self::Item"),
        (item_of(U8, "A"), "<u8 as A>::Item"),
        ({"function_pointer": POINTER}, "unsafe fn(u8)"),
        ({"resolved_path": {"name": "Old", "id": 1, "args": None}}, "Old"),
        ({"borrowed_ref": {"mutable": True, "type": U8}}, "&mut u8"),
        ({"not_yet_invented": {"name": "Thing"}}, "Thing"),
        ({"not_yet_invented": 3}, "_"),
        ("infer", "_"),
        (None, "_"),
    ],
)
def test_types_read_as_rust(node: object, shown: str) -> None:
    assert type_name(node) == shown


def test_types_nested_without_end_are_cut() -> None:
    node: dict[str, Any] = U8
    for _ in range(40):
        node = {"slice": node}
    assert "…" not in type_name(node)
    assert "…" in type_name({"slice": node})


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


def test_a_crate_is_told_from_other_json_by_its_ends(crate: CrateJson) -> None:
    accepts = RustdocJsonFormat().accepts
    data = crate.data()
    assert accepts(RawFile("tank.json", data))
    assert accepts(RawFile("tank.json", data[: len(data) // 2]))
    assert accepts(RawFile("tank.json", json.dumps(json.loads(data), indent=2, sort_keys=True).encode()))
    for other in (
        b'{"name": "package", "version": "1.0.0"}',
        b'[{"root": 1}]',
        b'{"index": 1}',
        b"",
        b'{"root": "/srv"}',
    ):
        assert not accepts(RawFile("other.json", other))


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"format_version": 36}, "format 36: formats 37 to 61 are read; .* a newer Rust"),
        ({"format_version": 62}, "format 62: formats 37 to 61 are read; .* an older Rust"),
        ({"format_version": "57"}, "not a crate"),
        ({"root": 12_345}, "root module is missing"),
        ({"index": []}, "not a crate"),
        ({"index": {"0": {"inner": {"module": {"items": [1]}}, "id": 0}, "1": {}}}, "not built as formats 37"),
    ],
)
def test_what_is_not_understood_is_refused_with_the_reason(
    crate: CrateJson, change: dict[str, Any], reason: str
) -> None:
    with pytest.raises(DocumentRejected, match=reason):
        read(crate, **change)


def test_json_that_was_cut_off_is_refused(crate: CrateJson) -> None:
    for data in (crate.data()[:-200], b'{"a":' * 9):
        with pytest.raises(DocumentRejected, match="cut off"):
            RustdocJsonFormat().parse(RawFile("tank.json", data))


def test_json_that_its_parser_gives_up_is_refused(crate: CrateJson, monkeypatch: pytest.MonkeyPatch) -> None:
    def gives_up(*_: object, **__: object) -> None:
        raise RecursionError

    monkeypatch.setattr("json.loads", gives_up)
    with pytest.raises(DocumentRejected, match="cut off"):
        RustdocJsonFormat().parse(RawFile("tank.json", crate.data()))


def test_other_json_is_skipped_as_unsupported() -> None:
    for data in (b'{"name": "package", "root": 1}', b"[1]", b'"text"', b"3", b"null"):
        with pytest.raises(DocumentSkipped, match="unsupported"):
            RustdocJsonFormat().parse(RawFile("other.json", data))


@pytest.mark.parametrize("version", range(37, 62))
def test_every_format_of_the_window_is_read(crate: CrateJson, version: int) -> None:
    assert len(read(crate, format_version=version)) == 3


def test_a_byte_order_mark_is_no_part_of_the_json(crate: CrateJson) -> None:
    file = RawFile("tank.json", b"\xef\xbb\xbf" + crate.data())
    assert RustdocJsonFormat().accepts(file)
    assert len(RustdocJsonFormat().parse(file)) == 3


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


@pytest.mark.parametrize(
    ("docs", "shown"),
    [
        ("See [`Pool`].", "See `tank::Pool`."),
        ("See [Pool].", "See `tank::Pool`."),
        ("See [`fill`](Pool::fill).", "See `tank::Pool::fill`."),
        ("See [`fill()`](Pool::fill).", "See `tank::Pool::fill()`."),
        ("See [the pool][Pool] and [it](Pool).", "See the pool (`tank::Pool`) and it."),
        ("See [the\npool][p].\n\n[p]: Pool", "See the\npool (`tank::Pool`)."),
        ("See [`Option`] and [maybe](Option).", "See `Option` and maybe (`std::option::Option`)."),
        ("See [`Gone`].", "See `Gone`."),
        ("See [this] and `[Pool]`.", "See [this] and `[Pool]`."),
        ("See [the site](https://example.org/Pool).", "See the site."),
    ],
)
def test_links_between_items_read_as_full_paths(crate: CrateJson, docs: str, shown: str) -> None:
    links = {"Pool": 1, "`Pool`": 1, "Pool::fill": 3, "`Option`": 500, "Option": 500, "`Gone`": 501}
    crate.add(20, "Pump", {"struct": {"kind": "unit", "generics": NO_GENERICS, "impls": []}}, docs=docs, links=links)
    paths = {"500": {"crate_id": 2, "path": ["core", "option", "Option"], "kind": "enum"}}
    document = titled(read(crate, paths=paths), "Struct tank::Pump")
    assert document.sections[0].blocks[1].text.replace("\n", " ") == shown.replace("\n", " ")


def test_links_in_listings_are_left_alone(crate: CrateJson) -> None:
    crate.index["1"]["docs"] = "Take [`Pump`].\n\n```text\n[`Pump`]\n```"
    crate.index["1"]["links"] = {"`Pump`": 20}
    blocks = titled(read(crate), "Struct tank::Pool").sections[0].blocks
    assert blocks[-2:] == (Block("Take `tank::Pump`."), Block("[`Pump`]", "code"))


def test_brackets_without_end_are_read(crate: CrateJson) -> None:
    for docs in ("[" * 50, "[a" * 50, "[`" * 50, "[a](" * 50, "`[" * 50, "[\\" * 50):
        crate.index["1"]["docs"] = docs
        crate.index["1"]["links"] = {"a": 20}
        assert read(crate)


def test_who_implements_a_trait_is_listed_without_automatic_ones(crate: CrateJson) -> None:
    crate.add(90, "Flow", {"trait": {"generics": NO_GENERICS, "bounds": [], "items": [], "implementations": [91, 92]}})
    crate.add(91, None, implementation([], trait="Flow"))
    crate.add(92, None, implementation([], trait="Flow", is_synthetic=True))
    crate.hold(90)
    found = section(titled(read(crate), "Trait tank::Flow"), "Implementors")
    assert found.blocks == (Block("impl Flow for Pool", "list"),)


def test_what_postgresql_refuses_is_taken_out_of_names_and_text(crate: CrateJson) -> None:
    crate.index["1"]["docs"] = "A \ud800 pool\x00 of \x1b[31mwater."
    crate.index["1"]["name"] = "Po\x00ol"
    document = titled(read(crate, crate_version="1\x00"), "Struct tank::Pool")
    assert document.metadata["crate_version"] == "1"
    assert document.sections[0].blocks[-1].text == "A \ufffd pool of water."


_WRONG = st.one_of(st.none(), st.integers(0, 9), st.text(max_size=3), st.just([]), st.just({}), st.just([1]))


@settings(max_examples=100)
@given(st.data())
def test_wherever_the_json_is_wrong_it_is_read_or_refused(data: st.DataObject) -> None:
    made = crate_with_a_pool()
    made.index = json.loads(json.dumps(made.index))  # its own copy of what the items share
    places: list[tuple[Any, Any]] = []

    def collect(node: object) -> None:
        items = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
        for key, value in items:
            places.append((node, key))
            collect(value)

    collect(made.index)
    for _ in range(data.draw(st.integers(1, 3))):
        node, key = places[data.draw(st.integers(0, len(places) - 1))]
        node[key] = data.draw(_WRONG)
    try:
        documents = read(made)
    except DocumentRejected:
        return
    for document in documents:
        assert document.title.strip()
        lay_out(document)[0].encode()
        assert all(block.text.strip() for s in document.sections for block in s.blocks)
