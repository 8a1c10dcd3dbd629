"""Interfaces by Codama and its predecessor Kinobi: trees of nodes, each with its ``kind``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from doc_assets.formats.idl.program import (
    DEEPEST,
    Account,
    Field,
    Instruction,
    Program,
    TypeDefinition,
    bytes_text,
    declaration,
    docs_of,
    enum_declaration,
    line,
    mapping,
    mappings,
    variant,
)

_SIMPLE = {
    "publicKeyTypeNode": "Pubkey",
    "stringTypeNode": "String",
    "bytesTypeNode": "Vec<u8>",
    "booleanTypeNode": "bool",
    "solAmountTypeNode": "SolAmount",
}
_HOLDERS = {
    "optionTypeNode": "Option",
    "zeroableOptionTypeNode": "ZeroableOption",
    "remainderOptionTypeNode": "RemainderOption",
    "setTypeNode": "HashSet",
}
_DEFAULTS = {
    "payerValueNode": "the payer",
    "identityValueNode": "the identity",
    "programIdValueNode": "this program",
    "noneValueNode": "none",
}


def read_codama(root: Mapping[str, Any]) -> list[Program]:
    """Return the programs of a root node."""
    spec = " ".join(filter(None, (line(root.get("standard")), line(root.get("version")))))
    return [
        _program(one, spec) for one in (mapping(root.get("program")), *mappings(root.get("additionalPrograms"))) if one
    ]


def _program(node: Mapping[str, Any], spec: str) -> Program:
    pdas = {line(one.get("name")): one for one in mappings(node.get("pdas"))}
    return Program(
        name=line(node.get("name")) or "program",
        address=line(node.get("publicKey")),
        version=line(node.get("version")),
        spec=spec,
        docs=docs_of(node),
        instructions=tuple(_instruction(one, pdas) for one in mappings(node.get("instructions"))),
        accounts=tuple(_definition(one, one.get("data")) for one in mappings(node.get("accounts"))),
        types=tuple(_definition(one, one.get("type")) for one in mappings(node.get("definedTypes"))),
        events=tuple(_definition(one, one.get("data", one.get("type"))) for one in mappings(node.get("events"))),
        errors=tuple(
            (line(one.get("code")), line(one.get("name")), line(one.get("message")) or line(docs_of(one)))
            for one in mappings(node.get("errors"))
        ),
        constants=tuple(
            Field(
                line(one.get("name")) or "_", f"{type_text(one.get('type'))} = {_value(one.get('value'))}", docs_of(one)
            )
            for one in mappings(node.get("constants"))
        ),
        addresses=tuple(Field(name, _seeds(one), docs_of(one)) for name, one in pdas.items()),
    )


def _instruction(node: Mapping[str, Any], pdas: Mapping[str, Mapping[str, Any]]) -> Instruction:
    arguments = mappings(node.get("arguments"))
    told = [_discriminator(one, arguments) for one in mappings(node.get("discriminators"))]
    notes = [f"Further accounts: {_remaining(one)}" for one in mappings(node.get("remainingAccounts"))]
    return Instruction(
        name=line(node.get("name")) or "_",
        docs=docs_of(node),
        discriminator="; ".join(filter(None, told)),
        accounts=tuple(_account(one, pdas) for one in mappings(node.get("accounts"))),
        arguments=tuple(
            _argument(one)
            for one in (*arguments, *mappings(node.get("extraArguments")))
            if one.get("defaultValueStrategy") != "omitted"
        ),
        notes=tuple(notes),
    )


def _argument(node: Mapping[str, Any]) -> Field:
    default = _value(node.get("defaultValue"))
    said = " ".join(filter(None, (docs_of(node), f"Default: {default}." if default else "")))
    return Field(line(node.get("name")) or "_", type_text(node.get("type")), said)


def _discriminator(node: Mapping[str, Any], arguments: list[Mapping[str, Any]]) -> str:
    if node.get("kind") == "constantDiscriminatorNode":
        return _value(node.get("constant"))
    if node.get("kind") == "sizeDiscriminatorNode":
        return f"{line(node.get('size'))} bytes"
    named = next((one for one in arguments if one.get("name") == node.get("name")), {})
    return f"{line(node.get('name'))} = {_value(named.get('defaultValue'))}".rstrip(" =")


def _account(node: Mapping[str, Any], pdas: Mapping[str, Mapping[str, Any]]) -> Account:
    default = mapping(node.get("defaultValue"))
    address = _value(default)
    if default.get("kind") == "pdaValueNode":
        linked = mapping(default.get("pda"))
        seeds = _seeds(pdas.get(line(linked.get("name")), linked))
        address = f"PDA {line(linked.get('name'))} of {seeds}" if seeds else f"PDA {line(linked.get('name'))}"
    signer = "either" if node.get("isSigner") == "either" else "yes" if node.get("isSigner") is True else ""
    name = line(node.get("name")) or "_"
    optional = node.get("isOptional") is True
    return Account(name, node.get("isWritable") is True, signer, optional, address, line(docs_of(node)))


def _seeds(pda: Mapping[str, Any]) -> str:
    return ", ".join(
        line(seed.get("name")) or _value(seed.get("value")) or "seed" for seed in mappings(pda.get("seeds"))[:32]
    )


def _remaining(node: Mapping[str, Any]) -> str:
    signer = "signers" if node.get("isSigner") is True else "some signers" if node.get("isSigner") == "either" else ""
    kinds = [signer, "writable" if node.get("isWritable") is True else "", line(docs_of(node))]
    name = line(mapping(node.get("value")).get("name"))
    return ", ".join(filter(None, (name, *kinds))) or "any"


def _value(value: object, depth: int = 0) -> str:
    """Return a value node in words; "" for one that only a program could work out."""
    node = mapping(value)
    kind = line(node.get("kind"))
    if depth > DEEPEST:
        return "…"
    if kind in _DEFAULTS:
        return _DEFAULTS[kind]
    if kind in ("accountValueNode", "argumentValueNode", "accountBumpValueNode"):
        return f"the {kind[:7]} {line(node.get('name'))}"
    if kind == "publicKeyValueNode":
        return line(node.get("publicKey"))
    if kind == "enumValueNode":
        return line(node.get("variant"))
    if kind == "conditionalValueNode":
        chosen = [_value(node.get(key), depth + 1) for key in ("ifTrue", "ifFalse")]
        return " or ".join(filter(None, chosen))
    if kind in ("constantValueNode", "someValueNode"):
        return _value(node.get("value"), depth + 1)
    if kind in ("arrayValueNode", "tupleValueNode", "setValueNode"):
        return f"[{', '.join(_value(one, depth + 1) for one in mappings(node.get('items')))}]"
    if kind == "bytesValueNode":
        data = line(node.get("data"))
        if node.get("encoding") == "base16" and len(data) % 2 == 0 and len(data) <= 128:
            try:
                return bytes_text(list(bytes.fromhex(data)))
            except ValueError:
                return data
        return data
    held = node.get("number", node.get("string", node.get("boolean")))
    return str(held).lower() if isinstance(held, bool) else line(held)


def _definition(node: Mapping[str, Any], given: object) -> TypeDefinition:
    name = _type_name(node.get("name"))
    held = _unwrapped(mapping(given))
    kind = held.get("kind")
    if kind == "structTypeNode":
        text = declaration("struct", name, list(_fields(held)))
    elif kind == "enumTypeNode":
        text = enum_declaration(name, [_variant(one) for one in mappings(held.get("variants"))])
    else:
        text = f"type {name} = {type_text(held)};"
    seeds = line(mapping(node.get("pda")).get("name"))
    said = "\n\n".join(filter(None, (docs_of(node), f"Its address is the PDA {seeds}." if seeds else "")))
    told = [_discriminator(one, mappings(held.get("fields"))) for one in mappings(node.get("discriminators"))]
    return TypeDefinition(name, said, text, "; ".join(filter(None, told)))


def _fields(struct: Mapping[str, Any]) -> Iterator[Field]:
    for one in mappings(struct.get("fields")):
        yield Field(line(one.get("name")) or "_", type_text(one.get("type")), docs_of(one))


def _variant(node: Mapping[str, Any]) -> Field:
    name = _type_name(node.get("name"))
    if node.get("kind") == "enumStructVariantTypeNode":
        text = variant(list(_fields(_unwrapped(mapping(node.get("struct"))))), is_tuple=False)
    elif node.get("kind") == "enumTupleVariantTypeNode":
        members = _unwrapped(mapping(node.get("tuple"))).get("items")
        text = variant([Field("", type_text(one)) for one in mappings(members)], is_tuple=True)
    else:
        text = ""
    return Field(name, text, docs_of(node))


def _unwrapped(node: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the type inside of those that only say how it is written: sizes, prefixes, offsets."""
    for _ in range(DEEPEST):
        if line(node.get("kind")) in _HOLDERS or not isinstance(node.get("type"), Mapping):
            break
        node = node["type"]
    return node


def type_text(given: object, depth: int = 0) -> str:
    """Return a type in Rust's words."""
    node = mapping(given)
    kind = line(node.get("kind"))
    if depth > DEEPEST:
        return "…"
    if kind in _SIMPLE:
        return _SIMPLE[kind]
    if kind in _HOLDERS:
        return f"{_HOLDERS[kind]}<{type_text(node.get('item'), depth + 1)}>"
    if kind == "numberTypeNode":
        return line(node.get("format")) or "number"
    if kind in ("amountTypeNode", "dateTimeTypeNode"):
        return type_text(node.get("number"), depth + 1)
    if kind == "definedTypeLinkNode":
        return _type_name(node.get("name"))
    if kind == "arrayTypeNode":
        inside, count = type_text(node.get("item"), depth + 1), mapping(node.get("count"))
        return f"[{inside}; {line(count.get('value'))}]" if count.get("kind") == "fixedCountNode" else f"Vec<{inside}>"
    if kind == "mapTypeNode":
        return f"HashMap<{type_text(node.get('key'), depth + 1)}, {type_text(node.get('value'), depth + 1)}>"
    if kind == "tupleTypeNode":
        return f"({', '.join(type_text(one, depth + 1) for one in mappings(node.get('items')))})"
    if kind == "structTypeNode":
        inside = ", ".join(
            f"{line(one.get('name'))}: {type_text(one.get('type'), depth + 1)}" for one in mappings(node.get("fields"))
        )
        return f"{{ {inside} }}"
    if kind == "enumTypeNode":
        return f"enum {{ {', '.join(_type_name(one.get('name')) for one in mappings(node.get('variants')))} }}"
    if kind == "fixedSizeTypeNode" and mapping(node.get("type")).get("kind") in ("bytesTypeNode", "stringTypeNode"):
        return f"[u8; {line(node.get('size'))}]"
    if isinstance(node.get("type"), Mapping):
        return type_text(node["type"], depth + 1)
    return kind.removesuffix("TypeNode") or "_"


def _type_name(value: object) -> str:
    name = line(value) or "_"
    return name[0].upper() + name[1:]
