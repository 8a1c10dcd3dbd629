"""Every public path of an item is a name of it, and re-exports are listed where rustdoc's pages list them."""

from __future__ import annotations

from pathlib import Path

import pytest

from doc_assets.document import Block, Document, JsonValue
from doc_assets.formats.base import RawFile
from doc_assets.formats.rustdoc.json_format import RustdocJsonFormat
from doc_assets_tests.support.rustdoc_json import (
    NO_GENERICS,
    U8,
    CrateJson,
    crate_with_a_pool,
    fn,
    implementation,
    read,
    section,
    titled,
    use,
)

YARD = Path(__file__).parents[2] / "support" / "rustdoc_crate" / "yard.json"


@pytest.fixture(scope="module")
def yard() -> list[Document]:
    return RustdocJsonFormat().parse(RawFile("yard.json", YARD.read_bytes()))


@pytest.fixture
def crate() -> CrateJson:
    return crate_with_a_pool()


def unit(crate: CrateJson, number: int, name: str, docs: str | None = None) -> int:
    return crate.add(number, name, {"struct": {"kind": "unit", "generics": NO_GENERICS, "impls": []}}, docs)


def module(crate: CrateJson, number: int, name: str, items: list[int], *, public: bool) -> int:
    held = {"module": {"items": items, "is_stripped": not public}}
    return crate.add(number, name, held, visibility="public" if public else "default")


def paths(documents: list[Document], title: str) -> list[JsonValue]:
    stated = titled(documents, title).metadata.get("item_paths")
    return stated if isinstance(stated, list) else []


def listed(documents: list[Document], title: str) -> str:
    return "\n".join(block.text for block in section(titled(documents, title), "Items").blocks)


def test_an_item_keeps_its_own_name_and_says_every_other(yard: list[Document]) -> None:
    door = titled(yard, "Struct yard::Door")
    assert door.metadata["item_path"] == "yard::Door"
    others = ["yard::Portal", "yard::prelude::Door", "yard::prelude::Gate"]
    assert door.metadata["item_paths"] == ["yard::Door", *others]
    assert [block.text for block in door.sections[0].blocks] == [
        "pub struct Door;",
        "Also public as `yard::prelude::Door`, `yard::prelude::Gate`",
        "Also public as `yard::Portal`: Words on a portal.",
        "A door of the house.",
    ]


def test_members_are_found_by_the_other_names_of_their_type(yard: list[Document]) -> None:
    shown = section(titled(yard, "Struct yard::Door"), "yard::Door::open").blocks[1].text
    assert shown == "Also `yard::Portal::open`, `yard::prelude::Gate::open`"


def test_functions_and_variants_have_every_name_too(yard: list[Document]) -> None:
    knock = section(titled(yard, "Crate yard"), "yard::knock")
    assert [block.text for block in knock.blocks] == [
        "pub fn knock()",
        "Also public as `yard::prelude::knock`",
        "Also public as `yard::rap`: Old name.",
        "Knocks.",
    ]
    lit = section(titled(yard, "Enum yard::State"), "yard::State::On")
    assert "Also public as `yard::prelude::Lit`" in [block.text for block in lit.blocks]


def test_a_module_lists_what_it_re_exports_from_private_ones_by_kind(yard: list[Document]) -> None:
    root = listed(yard, "Crate yard")
    assert "- Portal (yard::Door): Words on a portal. A door of the house." in root
    assert "- rap (yard::knock): Old name. Knocks." in root
    prelude = listed(yard, "Module yard::prelude")
    assert "Structs:\n- Gate (yard::Door): A door of the house." in prelude
    assert "Functions:\n- knock (yard::knock): Knocks." in prelude


def test_what_is_public_elsewhere_is_listed_as_a_re_export_with_its_words(yard: list[Document]) -> None:
    assert "Re-exports:\npub use open::Open as Opening; Words on open." in listed(yard, "Crate yard")
    prelude = listed(yard, "Module yard::prelude")
    assert prelude.startswith(
        "Re-exports:\npub use crate::Door;\npub use crate::imp::State::On as Lit;\npub use crate::imp::State;"
    )


def test_a_re_export_that_is_not_to_be_inlined_gives_no_item_its_name(yard: list[Document]) -> None:
    assert not any("NotInlined" in document.title or "prelude::State" in document.title for document in yard)
    assert "yard::prelude::State" in paths(yard, "Enum yard::State")


def test_an_item_that_is_only_renamed_has_the_new_name(crate: CrateJson) -> None:
    unit(crate, 60, "Inner", docs="A hose.")
    module(crate, 61, "parts", [60], public=False)
    crate.hold(use(crate, 62, "parts::Inner", 60, name="Hose"))
    document = titled(read(crate), "Struct tank::Hose")
    assert document.sections[0].blocks[0] == Block("pub struct Hose;", "signature")
    assert "item_paths" not in document.metadata


def test_an_item_that_only_a_listed_re_export_names_is_documented(crate: CrateJson) -> None:
    unit(crate, 60, "Hose", docs="A hose.")
    module(crate, 61, "parts", [60], public=False)
    crate.hold(use(crate, 62, "parts::Hose", 60))
    crate.index["62"]["attrs"] = [{"other": "#[doc(no_inline)]"}]
    documents = read(crate)
    assert titled(documents, "Struct tank::Hose")
    assert "Re-exports:\npub use parts::Hose;" in listed(documents, "Crate tank")


@pytest.mark.parametrize(
    "attribute", ["#[doc(inline)]", {"other": "#[doc(inline)]"}, {"other": '#[doc(alias = "x", inline)]'}]
)
def test_a_re_export_that_asks_for_it_is_listed_by_kind(crate: CrateJson, attribute: object) -> None:
    module(crate, 61, "parts", [unit(crate, 60, "Hose", docs="A hose.")], public=True)
    crate.hold(61, use(crate, 62, "parts::Hose", 60))
    crate.index["62"]["attrs"] = [attribute]
    documents = read(crate)
    assert "- Hose (tank::parts::Hose): A hose." in listed(documents, "Crate tank")
    assert titled(documents, "Struct tank::parts::Hose").metadata["item_paths"] == ["tank::parts::Hose", "tank::Hose"]


def test_all_items_of_a_public_module_have_the_names_that_a_glob_gives(crate: CrateJson) -> None:
    module(crate, 61, "parts", [unit(crate, 60, "Hose"), crate.add(63, "open", fn([]))], public=True)
    crate.hold(61, use(crate, 62, "parts", 61, is_glob=True))
    documents = read(crate)
    assert "Re-exports:\npub use parts::*;" in listed(documents, "Crate tank")
    assert titled(documents, "Struct tank::parts::Hose").metadata["item_paths"] == ["tank::parts::Hose", "tank::Hose"]
    opened = section(titled(documents, "Module tank::parts"), "tank::parts::open")
    assert opened.blocks[1] == Block("Also public as `tank::open`")


def test_items_have_the_other_names_of_their_module(crate: CrateJson) -> None:
    module(crate, 61, "parts", [unit(crate, 60, "Hose")], public=False)
    crate.hold(use(crate, 62, "hidden::parts", 61), use(crate, 63, "hidden::parts", 61, name="pieces"))
    assert paths(read(crate), "Struct tank::parts::Hose") == ["tank::parts::Hose", "tank::pieces::Hose"]


def test_a_name_that_a_module_gives_itself_precedes_that_of_a_glob(crate: CrateJson) -> None:
    own = unit(crate, 64, "Hose", docs="Its own hose.")
    module(crate, 61, "parts", [unit(crate, 60, "Hose", docs="A hose.")], public=False)
    crate.hold(use(crate, 62, "parts", 61, is_glob=True), own)
    documents = read(crate)
    assert titled(documents, "Struct tank::Hose").sections[0].blocks[-1] == Block("Its own hose.")


def test_the_documentation_of_re_exports_stands_before_that_of_the_item(crate: CrateJson) -> None:
    module(crate, 61, "parts", [unit(crate, 60, "Hose", docs="A hose.")], public=False)
    crate.hold(use(crate, 62, "parts", 61, is_glob=True))
    crate.index["62"].update(docs="See [it](Pool).", links={"Pool": 1})
    crate.index["60"]["docs"] = "A [hose](Pump)."
    crate.index["60"]["links"] = {"Pump": 20}
    text = titled(read(crate), "Struct tank::Hose").sections[0].blocks[-1].text
    assert " ".join(text.split()) == "See it (`tank::Pool`). A hose (`tank::Pump`)."


def test_many_names_of_modules_are_cut(crate: CrateJson) -> None:
    module(crate, 61, "parts", [unit(crate, 60, "Hose")], public=False)
    crate.hold(*(use(crate, 100 + n, "hidden::parts", 61, name=f"parts{n}") for n in range(40)))
    assert len(paths(read(crate), "Struct tank::parts0::Hose")) == 13


def test_what_is_re_exported_from_a_private_module_is_found_there(crate: CrateJson) -> None:
    module(crate, 61, "parts", [unit(crate, 60, "Hose", docs="A hose.")], public=False)
    crate.hold(
        use(crate, 62, "parts", 61, is_glob=True),
        use(crate, 63, "std::time", 777),
        use(crate, 64, "self::Pool", 1, name="Basin"),
    )
    documents = read(crate)
    assert "Struct tank::Hose" in [d.title for d in documents]
    assert "Struct tank::Basin" not in [d.title for d in documents]
    assert "Re-exports:\npub use std::time;\npub use self::Pool as Basin;" in listed(documents, "Crate tank")


def test_re_exports_that_go_in_circles_end(crate: CrateJson) -> None:
    module(crate, 70, "a", [72], public=False)
    crate.index["70"]["visibility"] = "crate"
    crate.hold(use(crate, 71, "a", 70, is_glob=True), use(crate, 72, "crate", 70, name="tank", is_glob=True))
    assert len(read(crate)) == 3


def test_a_module_that_re_exports_the_crate_gives_only_the_crate_a_name(crate: CrateJson) -> None:
    crate.hold(module(crate, 61, "inner", [use(crate, 62, "crate", 0, name="root")], public=True))
    documents = read(crate)
    assert titled(documents, "Crate tank").metadata["item_paths"] == ["tank", "tank::inner::root"]
    assert "item_paths" not in titled(documents, "Struct tank::Pool").metadata


def test_a_method_of_a_renamed_type_is_not_repeated(crate: CrateJson) -> None:
    crate.add(60, "Inner", {"struct": {"kind": "unit", "generics": NO_GENERICS, "impls": [65]}})
    crate.add(65, None, implementation([66]))
    crate.add(66, "fill", fn([["by", U8]]), docs="Fills.")
    module(crate, 61, "parts", [60], public=False)
    crate.hold(use(crate, 62, "parts::Inner", 60), use(crate, 63, "parts::Inner", 60, name="Hose"))
    documents = read(crate)
    assert not any(d.title == "Struct tank::Hose" for d in documents)
    assert section(titled(documents, "Struct tank::Inner"), "tank::Inner::fill").blocks[1:] == (
        Block("Also `tank::Hose::fill`"),
        Block("Fills."),
    )


def test_an_underscore_is_no_name(crate: CrateJson) -> None:
    unit(crate, 60, "Hose", docs="A hose.")
    crate.hold(60, module(crate, 61, "prelude", [use(crate, 62, "crate::Hose", 60, name="_")], public=True))
    documents = read(crate)
    assert paths(documents, "Struct tank::Hose") == []
    assert listed(documents, "Module tank::prelude") == "Re-exports:\npub use crate::Hose as _;"


def test_modules_that_all_import_a_large_one_list_it_a_limited_number_of_times(
    crate: CrateJson, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("doc_assets.formats.rustdoc.public_names._MOST_COPIES", 0)
    module(crate, 61, "parts", [unit(crate, 60, "Hose", docs="A hose.")], public=False)
    for number in (70, 80):
        crate.hold(
            module(crate, number, f"m{number}", [use(crate, number + 1, "parts", 61, is_glob=True)], public=True)
        )
    documents = read(crate)
    assert "- Hose: A hose." in listed(documents, "Module tank::m70")
    assert listed(documents, "Module tank::m80") == "Re-exports:\npub use parts::*;"
    assert titled(documents, "Struct tank::m70::Hose")
