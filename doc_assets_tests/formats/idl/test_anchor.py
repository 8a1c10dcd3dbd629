"""Types of Anchor and Shank in Rust's words, and the declarations of generic and tuple types."""

from __future__ import annotations

import pytest

from doc_assets.formats.idl.anchor import read_anchor, type_text


@pytest.mark.parametrize(
    ("given", "text"),
    [
        ("publicKey", "Pubkey"),
        ("bytes", "Vec<u8>"),
        ({"option": {"vec": "u64"}}, "Option<Vec<u64>>"),
        ({"coption": "pubkey"}, "COption<Pubkey>"),
        ({"array": [{"array": ["u8", 3]}, {"generic": "N"}]}, "[[u8; 3]; N]"),
        ({"defined": "Old"}, "Old"),
        ({"defined": {"name": "G", "generics": [{"kind": "type", "type": "u8"}, {"kind": "const", "value": "4"}]}},
         "G<u8, 4>"),
        ({"hashMap": ["string", "u64"]}, "HashMap<String, u64>"),
        ({"tuple": ["u8", {"generic": "T"}]}, "(u8, T)"),
        (None, "_"),
    ],
)  # fmt: skip
def test_types_are_written_as_in_rust(given: object, text: str) -> None:
    assert type_text(given) == text


def test_a_type_that_is_nested_too_deep_is_cut() -> None:
    given: object = "u8"
    for _ in range(40):
        given = {"option": given}
    assert type_text(given).count("Option<") == 25
    assert "…" in type_text(given)


def test_generic_tuple_and_alias_types_are_declared() -> None:
    generics = [{"kind": "type", "name": "T"}, {"kind": "const", "name": "N", "type": "usize"}]
    types = [
        {"name": "A", "generics": generics, "type": {"kind": "struct", "fields": [{"array": [{"generic": "T"}, 2]}]}},
        {"name": "B", "type": {"kind": "type", "alias": {"vec": "u8"}}},
        {"name": "C", "type": {"kind": "struct"}},
    ]
    program = read_anchor({"name": "a", "instructions": [], "types": types})
    shown = ["struct A<T, const N: usize>([T; 2]);", "type B = Vec<u8>;", "struct C;"]
    assert [one.declaration for one in program.types] == shown


def test_the_name_of_a_group_of_accounts_is_cut_since_each_member_repeats_it() -> None:
    group = {"name": "g" * 1_000, "accounts": [{"name": "a"}, {"name": "b"}]}
    (instruction,) = read_anchor({"name": "p", "instructions": [{"name": "i", "accounts": [group]}]}).instructions
    assert [account.name for account in instruction.accounts] == [f"{'g' * 300}.a", f"{'g' * 300}.b"]
