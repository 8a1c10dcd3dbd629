"""Implementations of traits in rustdoc JSON are shown as on rustdoc's pages."""

from __future__ import annotations

import pytest

from doc_assets.document import Block
from doc_assets_tests.support.rustdoc_json import (
    NO_GENERICS,
    U8,
    CrateJson,
    bracketed,
    crate_with_a_pool,
    implementation,
    named,
    read,
    reference,
    section,
    titled,
)


@pytest.fixture
def crate() -> CrateJson:
    return crate_with_a_pool()


def implementing(crate: CrateJson, *implementations: dict) -> list[str]:
    """Return the traits of the pool, which has these implementations."""
    numbers = [crate.add(200 + n, None, held) for n, held in enumerate(implementations)]
    crate.index["1"]["inner"]["struct"]["impls"] = numbers
    document = titled(read(crate), "Struct tank::Pool")
    (first, *_) = [b for s in document.sections if s.heading_path == ("Trait implementations",) for b in s.blocks] or [
        document.sections[0].blocks[1]
    ]
    return first.text.removeprefix("Implements ").split("\n" if first.kind == "list" else ", ")


def test_only_substantial_documentation_of_trait_methods_is_kept(crate: CrateJson) -> None:
    crate.index["9"]["docs"] = "Clones."
    assert not any(s.heading_path == ("tank::Pool::clone",) for s in titled(read(crate), "Struct tank::Pool").sections)
    crate.index["9"]["docs"] = "Copies the pool with all the water that is in it. " * 4
    found = section(titled(read(crate), "Struct tank::Pool"), "tank::Pool::clone")
    assert found.blocks[0] == Block("impl Clone for Pool\npub fn clone(&self) -> Self", "signature")


def test_who_implements_a_trait_is_listed_without_automatic_ones(crate: CrateJson) -> None:
    crate.add(90, "Flow", {"trait": {"generics": NO_GENERICS, "bounds": [], "items": [], "implementations": [91, 92]}})
    crate.add(91, None, implementation([], trait="Flow"))
    crate.add(92, None, implementation([], trait="Flow", is_synthetic=True))
    crate.hold(90)
    found = section(titled(read(crate), "Trait tank::Flow"), "Implementors")
    assert found.blocks == (Block("impl Flow for Pool", "list"),)


def test_traits_without_items_come_last(crate: CrateJson) -> None:
    held = (implementation([], trait="Copy"), implementation([9], trait="Debug"), implementation([9], trait="Clone"))
    assert implementing(crate, *held) == ["Clone", "Debug", "Copy"]


def test_an_implementation_for_another_type_says_so_and_is_documented_there(crate: CrateJson) -> None:
    crate.index["9"]["docs"] = "Copies the pool with all the water that is in it. " * 4
    other, same = implementation([9], trait="PartialEq"), implementation([], trait="Eq")
    other["impl"]["for"] = named("Pump")
    by_reference = implementation([], trait="IntoIterator")
    by_reference["impl"]["for"] = reference(named("Pool"), lifetime="'a")
    by_reference["impl"]["generics"] = {"params": [{"name": "'a", "kind": {"lifetime": {"outlives": []}}}]}
    shown = implementing(crate, other, same, by_reference)
    assert shown == ["impl PartialEq for Pump", "Eq", "impl<'a> IntoIterator for &'a Pool"]
    assert not any(s.heading_path == ("tank::Pool::clone",) for s in titled(read(crate), "Struct tank::Pool").sections)


@pytest.mark.parametrize(
    ("target", "lines"),
    [
        (named("Vec", bracketed({"type": U8})), ["Methods from Deref<Target = Vec<u8>>"]),
        ({"slice": U8}, ["Methods from Deref<Target = [u8]>"]),
        ({"generic": "T"}, ["Deref"]),
        (None, ["Deref"]),
    ],
)
def test_a_type_says_whose_methods_it_lends(crate: CrateJson, target: object, lines: list[str]) -> None:
    crate.add(90, "Target", {"assoc_type": {"generics": NO_GENERICS, "bounds": [], "type": target}})
    assert implementing(crate, implementation([90], trait="Deref")) == lines
    assert titled(read(crate), "Struct tank::Pool").sections[0].blocks[1] == Block("Implements Deref")


def test_who_implements_a_trait_is_sorted_by_number(crate: CrateJson) -> None:
    names = ["u128", "u8", "Ball", "u16"]
    numbers = [crate.add(91 + n, None, implementation([], trait="Flow")) for n in range(len(names))]
    for number, name in zip(numbers, names, strict=True):
        crate.index[str(number)]["inner"]["impl"]["for"] = {"primitive": name}
    held = {"generics": NO_GENERICS, "bounds": [], "items": [], "implementations": numbers}
    crate.hold(crate.add(90, "Flow", {"trait": held}))
    lines = section(titled(read(crate), "Trait tank::Flow"), "Implementors").blocks[0].text.split("\n")
    assert [line.rpartition(" ")[2] for line in lines] == ["Ball", "u8", "u16", "u128"]


def test_words_on_an_implementation_are_kept_however_few(crate: CrateJson) -> None:
    implementing(crate, implementation([], trait="Tick"))
    crate.index["200"]["docs"] = "Ticks in `u64`."
    found = section(titled(read(crate), "Struct tank::Pool"), "impl Tick for Pool")
    assert found.blocks == (Block("Ticks in `u64`."),)
