"""The format ``idl``: documents of programs, what an instruction shows, and what is refused."""

from __future__ import annotations

import json
from typing import Any

import pytest

from doc_assets.document import Document, lay_out
from doc_assets.errors import DocumentRejected, DocumentSkipped
from doc_assets.formats.base import RawFile
from doc_assets.formats.idl.format import IdlFormat

SEEDS = {
    "seeds": [
        {"kind": "const", "value": list(b"pool")},
        {"kind": "arg", "path": "id"},
        {"kind": "account", "path": "mint"},
    ]
}
PROGRAM: dict[str, Any] = {
    "address": "Pool111", "metadata": {"name": "pool", "version": "0.2.0", "spec": "0.1.0"},
    "docs": ["Pools of *tokens*."],
    "instructions": [{
        "name": "open", "docs": ["Opens a pool."], "discriminator": [1, 2], "returns": "u64",
        "accounts": [
            {"name": "pool", "writable": True, "pda": SEEDS},
            {"name": "payer", "writable": True, "signer": True, "docs": ["Pays the", "rent."]},
            {"name": "more", "accounts": [{"name": "oracle", "optional": True, "relations": ["pool"]}]},
            {"name": "system", "address": "1111"},
        ],
        "args": [{"name": "id", "type": "u16", "docs": ["Its number."]},
                 {"name": "by", "type": {"defined": {"name": "By"}}}],
    }],
    "accounts": [{"name": "Pool", "discriminator": [3, 4]}],
    "events": [{"name": "Opened", "discriminator": [5]}],
    "types": [
        {"name": "Pool", "docs": ["A pool."], "type": {"kind": "struct", "fields": [
            {"name": "mints", "docs": ["Both."], "type": {"array": ["pubkey", 2]}}]}},
        {"name": "Opened", "type": {"kind": "struct", "fields": [{"name": "at", "type": "i64"}]}},
        {"name": "By", "type": {"kind": "enum", "variants": [
            {"name": "Id"}, {"name": "Name", "fields": ["string"]},
            {"name": "Both", "fields": [{"name": "id", "type": {"option": "u16"}}]}]}},
    ],
    "errors": [{"code": 6000, "name": "TooSmall", "msg": "Too small"}],
    "constants": [{"name": "SEED", "type": "bytes", "value": "[112, 111]"},
                  {"name": "MAX", "type": "u8", "value": "7"}],
}  # fmt: skip


def read(values: object) -> list[Document]:
    return IdlFormat().parse(RawFile("idls/pool.json", json.dumps(values).encode()))


def text_of(values: object) -> str:
    return "\n\n".join(lay_out(document)[0] for document in read(values))


OPEN = """\
### open

fn open(id: u16, by: By) -> u64

Opens a pool.

Account | Writable | Signer | Optional | Address | Description
pool | yes |  |  | PDA of b"pool", argument id, mint
payer | yes | yes |  |  | Pays the rent.
more.oracle |  |  | yes | field of pool
system |  |  |  | 1111

Argument | Type | Description
id | u16 | Its number.
by | By

enum By {
    Id,
    Name(String),
    Both { id: Option<u16> },
}

Discriminator: [1, 2]
"""
OVERVIEW = """\
Pools of tokens.

Solana program pool, version 0.2.0, address Pool111: 1 instruction, 1 account, 1 event.

## Errors

Code | Name | Message
6000 (0x1770) | TooSmall | Too small

## Constants

Constant | Description
SEED: Vec<u8> = b"po"
MAX: u8 = 7
"""
ACCOUNT = """\
### Pool

A pool.

struct Pool {
    /// Both.
    mints: [Pubkey; 2],
}

Discriminator: [3, 4]
"""


def test_a_program_is_a_document_with_a_section_for_each_instruction_and_type() -> None:
    (document,) = read(PROGRAM)
    facts = {"program": "pool", "program_address": "Pool111", "program_version": "0.2.0", "spec": "0.1.0"}
    assert (document.title, document.metadata) == ("pool", facts)
    paths = [section.heading_path for section in document.sections if len(section.heading_path) == 2]
    assert paths == [("Instructions", "open"), ("Accounts", "Pool"), ("Types", "By"), ("Events", "Opened")]
    assert next(s.anchor for s in document.sections if s.heading_path[-1:] == ("open",)) == "open"
    text = lay_out(document)[0]
    assert text.startswith(OVERVIEW)
    assert OPEN in text
    assert ACCOUNT in text


def test_the_layout_before_0_30_reads_as_the_new_one() -> None:
    old = {
        "version": "0.2.0", "name": "pool", "docs": PROGRAM["docs"], "metadata": {"address": "Pool111"},
        "instructions": [{**PROGRAM["instructions"][0], "accounts": [
            {"name": "pool", "isMut": True, "isSigner": False, "pda": {"seeds": [
                {"kind": "const", "type": "string", "value": "pool"}, {"kind": "arg", "path": "id"},
                {"kind": "account", "path": "mint"}]}},
            {"name": "payer", "isMut": True, "isSigner": True, "docs": ["Pays the rent."]},
            {"name": "more", "accounts": [{"name": "oracle", "isOptional": True, "relations": ["pool"]}]},
            {"name": "system", "address": "1111"}],
            "args": [PROGRAM["instructions"][0]["args"][0], {"name": "by", "type": {"defined": "By"}}]}],
        "accounts": [{**PROGRAM["types"][0], "discriminator": [3, 4]}],
        "events": [{"name": "Opened", "fields": [{"name": "at", "type": "i64", "index": False}]}],
        "types": [PROGRAM["types"][2]], "errors": PROGRAM["errors"], "constants": PROGRAM["constants"],
    }  # fmt: skip
    shown = text_of(old)
    assert shown.startswith(OVERVIEW)
    assert OPEN in shown
    assert ACCOUNT in shown
    assert "struct Opened {\n    at: i64,\n}" in shown
    assert read(old)[0].metadata["spec"] == "legacy"


def test_a_large_program_is_several_documents() -> None:
    many = [{**PROGRAM["instructions"][0], "name": f"open{i}"} for i in range(40)]
    documents = read({**PROGRAM, "instructions": many})
    kinds = ["instructions", "accounts", "types", "events"]
    assert [d.title for d in documents] == ["pool", *(f"pool: {kind}" for kind in kinds)]
    assert [d.parents for d in documents] == [(), *[("pool",)] * 4]
    assert "Instruction | Description\nopen0 | Opens a pool.\n" in lay_out(documents[0])[0]


@pytest.mark.parametrize(
    ("data", "claimed"),
    [
        (json.dumps(PROGRAM).encode(), True),
        (b'{"version": "1", "name": "a", "instructions": [{"accounts": [{"isMut": true}], "args": []}]}', True),
        (b'{"kind": "rootNode", "program": {"kind": "programNode"}}', True),
        (b'{"address": "a", "metadata": {"name": "a", "spec": "0.1.0"}, "instructions": [], "types": []}', True),
        (b'{"instructions": ["Cook it."], "name": "Soup"}', False),
        (b'{"kind": "rootNode"}', False),
        (b'[{"instructions": [], "accounts": [], "args": [], "isMut": 1}]', False),
    ],
)
def test_only_interfaces_are_claimed(data: bytes, claimed: bool) -> None:
    assert IdlFormat().accepts(RawFile("a.json", data)) is claimed


def test_what_is_no_interface_is_skipped_and_what_is_no_json_rejected() -> None:
    with pytest.raises(DocumentSkipped, match="no instructions"):
        read({"a": 1})
    with pytest.raises(DocumentRejected, match="not valid JSON"):
        IdlFormat().parse(RawFile("a.json", b'{"instructions": ['))


@pytest.mark.parametrize("odd", [None, 7, "x", [], {}, [7], {"a": 7}, [[{}]], True])
def test_values_of_another_type_than_due_are_passed_over(odd: object) -> None:
    for place in ("instructions", "accounts", "events", "types", "errors", "constants", "metadata", "address", "docs"):
        if place != "instructions":
            assert "fn open" in text_of({**PROGRAM, place: odd})
    for key in ("docs", "discriminator", "discriminant", "accounts", "args", "returns"):
        assert "### open" in text_of({**PROGRAM, "instructions": [{**PROGRAM["instructions"][0], key: odd}]})
    for key in ("type", "docs", "generics", "fields"):
        assert "### By" in text_of({**PROGRAM, "types": [{"name": "By", key: odd}]})
