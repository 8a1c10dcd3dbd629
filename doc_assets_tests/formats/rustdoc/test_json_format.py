"""The format ``rustdoc_json``: modules and types as documents, and what is refused."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from doc_assets.document import Block, lay_out
from doc_assets.errors import DocumentRejected, DocumentSkipped
from doc_assets.formats.base import RawFile
from doc_assets.formats.rustdoc.json_format import RustdocJsonFormat
from doc_assets_tests.support.rustdoc_json import (
    U8,
    CrateJson,
    crate_with_a_pool,
    fn,
    read,
    section,
    titled,
    use,
)
from doc_assets_tests.support.texts import any_text


@pytest.fixture
def crate() -> CrateJson:
    return crate_with_a_pool()


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


def test_what_postgresql_refuses_is_taken_out_of_names_and_text(crate: CrateJson) -> None:
    crate.index["1"]["docs"] = "A \ud800 pool\x00 of \x1b[31mwater."
    crate.index["1"]["name"] = "Po\x00ol"
    document = titled(read(crate, crate_version="1\x00"), "Struct tank::Pool")
    assert document.metadata["crate_version"] == "1"
    assert document.sections[0].blocks[-1].text == "A \ufffd pool of water."


_WRONG = st.one_of(st.none(), st.integers(0, 9), any_text(max_size=3), st.just([]), st.just({}), st.just([1]))


@settings(max_examples=60)
@given(st.data())
def test_wherever_the_json_is_wrong_it_is_read_or_refused(data: st.DataObject) -> None:
    made = crate_with_a_pool()
    deprecation = {"since": "1.0", "note": "use `x`"}
    made.add(61, "parts", {"module": {"items": [60, 65, 68], "is_stripped": True}}, visibility="default")
    made.add(60, "Hose", {"struct": {"kind": "unit", "generics": {}, "impls": []}}, deprecation=deprecation)
    made.add(65, "State", {"enum": {"generics": {}, "variants": [66], "impls": []}}, "A.\n\n[^1]: Note")
    made.add(66, "On", {"variant": {"kind": "plain", "discriminant": None}}, attrs=["#[doc(inline)]"])
    made.hold(use(made, 62, "parts", 61, is_glob=True), use(made, 63, "parts::Hose", 60, name="Pipe"))
    made.hold(use(made, 64, "State", 65, is_glob=True), use(made, 67, "crate", 0, name="again"))
    made.hold(made.add(69, "std", {"extern_crate": {"name": "std", "rename": "core"}}, "Words."))
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
