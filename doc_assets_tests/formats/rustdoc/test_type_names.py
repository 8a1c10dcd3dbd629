"""Types in rustdoc JSON read as Rust."""

from __future__ import annotations

from typing import Any

import pytest

from doc_assets.formats.rustdoc.type_names import type_name
from doc_assets_tests.support.rustdoc_json import SELF, U8, bound, bracketed, named, reference


def item_of(owner: object, trait: str) -> dict[str, Any]:
    return {"qualified_path": {"name": "Item", "self_type": owner, "trait": {"path": trait}, "args": None}}


CALL = {"trait": {"path": "Fn", "args": {"parenthesized": {"inputs": [U8], "output": U8}}}, "generic_params": []}


POINTER = {"sig": {"inputs": [["x", U8]], "output": None}, "header": {"is_unsafe": True}}


@pytest.mark.parametrize(
    ("node", "shown"),
    [
        (reference({"slice": U8}, lifetime="'a"), "&'a [u8]"),
        (reference({"dyn_trait": {"traits": [CALL], "lifetime": "'b"}}), "&(dyn Fn(u8) -> u8 + 'b)"),
        (reference({"dyn_trait": {"traits": [CALL], "lifetime": None}}), "&dyn Fn(u8) -> u8"),
        (named("crate::parts::Hose"), "Hose"),
        (named("super::Hose", bracketed({"type": U8})), "Hose<u8>"),
        (named("std::io::Error"), "std::io::Error"),
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
