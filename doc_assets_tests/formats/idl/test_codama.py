"""Root nodes of Codama and Kinobi: instructions, derived addresses, types."""

from __future__ import annotations

import pytest

from doc_assets.formats.idl.codama import read_codama, type_text
from doc_assets.formats.idl.program import Account, Field

U8 = {"kind": "numberTypeNode", "format": "u8"}
LINK = {"kind": "definedTypeLinkNode", "name": "poolArgs"}
PDA = {"kind": "pdaNode", "name": "pool", "seeds": [
    {"kind": "constantPdaSeedNode", "value": {"kind": "stringValueNode", "string": "pool"}},
    {"kind": "variablePdaSeedNode", "name": "mint"}]}  # fmt: skip
INSTRUCTION = {
    "kind": "instructionNode", "name": "open", "docs": ["Opens."],
    "accounts": [
        {"name": "pool", "isWritable": True, "isSigner": False,
         "defaultValue": {"kind": "pdaValueNode", "pda": {"kind": "pdaLinkNode", "name": "pool"}}},
        {"name": "payer", "isSigner": "either", "isOptional": True, "docs": ["Pays."], "defaultValue":
         {"kind": "payerValueNode"}},
    ],
    "arguments": [
        {"name": "kind", "type": U8, "defaultValueStrategy": "omitted", "defaultValue": {"kind": "numberValueNode",
                                                                                          "number": 4}},
        {"name": "args", "type": LINK},
        {"name": "fee", "type": U8, "docs": ["Its fee."], "defaultValue": {"kind": "numberValueNode", "number": 9}},
    ],
    "discriminators": [{"kind": "fieldDiscriminatorNode", "name": "kind"}],
    "remainingAccounts": [{"value": {"kind": "argumentValueNode", "name": "signers"}, "isSigner": True}],
}  # fmt: skip
ROOT = {
    "kind": "rootNode", "standard": "codama", "version": "1.0.0",
    "program": {
        "kind": "programNode", "name": "pool", "publicKey": "Pool111", "version": "0.1.0", "pdas": [PDA],
        "instructions": [INSTRUCTION],
        "accounts": [{"name": "poolState", "data": {"kind": "sizePrefixTypeNode", "type": {
            "kind": "structTypeNode", "fields": [{"name": "mint", "type": {"kind": "publicKeyTypeNode"}}]}},
            "pda": {"kind": "pdaLinkNode", "name": "pool"}}],
        "definedTypes": [{"name": "side", "type": {"kind": "enumTypeNode", "variants": [
            {"kind": "enumEmptyVariantTypeNode", "name": "bid"},
            {"kind": "enumTupleVariantTypeNode", "name": "at", "tuple": {"kind": "tupleTypeNode", "items": [U8]}},
            {"kind": "enumStructVariantTypeNode", "name": "by", "struct": {"kind": "structTypeNode",
             "fields": [{"name": "id", "type": U8}]}}]}}],
        "errors": [{"code": 1, "name": "small", "message": "Too small"}],
    },
    "additionalPrograms": [{"kind": "programNode", "name": "other"}],
}  # fmt: skip


def test_a_root_node_gives_its_programs() -> None:
    program, other = read_codama(ROOT)
    assert (program.name, program.address, program.version, program.spec) == (
        "pool",
        "Pool111",
        "0.1.0",
        "codama 1.0.0",
    )
    assert other.name == "other"
    (opened,) = program.instructions
    assert opened.accounts == (
        Account("pool", True, "", False, "PDA pool of pool, mint", ""),
        Account("payer", False, "either", True, "the payer", "Pays."),
    )
    assert opened.arguments == (Field("args", "PoolArgs"), Field("fee", "u8", "Its fee. Default: 9."))
    assert opened.discriminator == "kind = 4"
    assert opened.notes == ("Further accounts: signers, signers",)
    assert program.accounts[0].declaration == "struct PoolState {\n    mint: Pubkey,\n}"
    assert program.accounts[0].docs == "Its address is the PDA pool."
    assert program.types[0].declaration == "enum Side {\n    Bid,\n    At(u8),\n    By { id: u8 },\n}"
    assert program.errors == (("1", "small", "Too small"),)
    assert program.addresses == (Field("pool", "pool, mint"),)


@pytest.mark.parametrize(
    ("node", "text"),
    [
        ({"kind": "optionTypeNode", "item": U8}, "Option<u8>"),
        ({"kind": "arrayTypeNode", "item": U8, "count": {"kind": "fixedCountNode", "value": 3}}, "[u8; 3]"),
        ({"kind": "arrayTypeNode", "item": LINK, "count": {"kind": "prefixedCountNode"}}, "Vec<PoolArgs>"),
        ({"kind": "mapTypeNode", "key": {"kind": "stringTypeNode"}, "value": U8}, "HashMap<String, u8>"),
        ({"kind": "sizePrefixTypeNode", "type": {"kind": "stringTypeNode"}}, "String"),
        ({"kind": "fixedSizeTypeNode", "size": 32, "type": {"kind": "bytesTypeNode"}}, "[u8; 32]"),
        ({"kind": "amountTypeNode", "number": U8, "decimals": 2}, "u8"),
        ({"kind": "tupleTypeNode", "items": [U8, U8]}, "(u8, u8)"),
        ({"kind": "newTypeNode"}, "new"),
        (7, "_"),
    ],
)
def test_types_are_written_as_in_rust(node: object, text: str) -> None:
    assert type_text(node) == text
