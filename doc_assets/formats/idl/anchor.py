"""Interfaces by Anchor (before and since 0.30) and by Shank, which writes Anchor's older layout."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from doc_assets.document import clean_text
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
    items,
    line,
    mapping,
    mappings,
    variant,
)

_NAMES = {"publicKey": "Pubkey", "pubkey": "Pubkey", "string": "String", "bytes": "Vec<u8>"}
_HOLDERS = {
    **{"option": "Option", "coption": "COption", "vec": "Vec", "hashMap": "HashMap", "hashSet": "HashSet"},
    **{"bTreeMap": "BTreeMap", "bTreeSet": "BTreeSet"},
}
_BYTES = frozenset(("Vec<u8>", "&[u8]"))
_LONGEST_NAME = 300  # characters of a group of accounts, which stands before each of its members
_NUMBERS = re.compile(r"\[\d{1,3}(?:, ?\d{1,3})*\]")
_BOILERPLATE = "Created with Anchor"  # by ``anchor init``


def read_anchor(root: Mapping[str, Any]) -> Program:
    """Return the program that an interface describes."""
    metadata = mapping(root.get("metadata"))
    types = {line(one.get("name")): one for one in mappings(root.get("types"))}
    accounts = [_with_type(one, types) for one in mappings(root.get("accounts"))]
    events = [_with_type(one, types) for one in mappings(root.get("events"))]
    taken = {line(one.get("name")) for one in (*accounts, *events)}
    description = clean_text(text).strip() if isinstance(text := metadata.get("description"), str) else ""
    return Program(
        name=line(metadata.get("name")) or line(root.get("name")) or "program",
        address=line(root.get("address")) or line(metadata.get("address")),
        version=line(metadata.get("version")) or line(root.get("version")),
        spec=line(metadata.get("spec")) or line(metadata.get("origin")) or "legacy",
        docs="\n\n".join(text for text in (docs_of(root), description) if text and text != _BOILERPLATE),
        instructions=tuple(map(_instruction, mappings(root.get("instructions")))),
        accounts=tuple(map(_definition, accounts)),
        types=tuple(_definition(one) for name, one in types.items() if name not in taken),
        events=tuple(map(_definition, events)),
        errors=tuple(
            (line(one.get("code")), line(one.get("name")), line(one.get("msg"))) for one in mappings(root.get("errors"))
        ),
        constants=tuple(map(_constant, mappings(root.get("constants")))),
    )


def _with_type(one: Mapping[str, Any], types: Mapping[str, Mapping[str, Any]]) -> Mapping[str, Any]:
    """Return an account or event with its type, which since 0.30 stands among the others."""
    return {**types.get(line(one.get("name")), {}), **one}


def _instruction(one: Mapping[str, Any]) -> Instruction:
    told = bytes_text(one.get("discriminator")) or line(mapping(one.get("discriminant")).get("value"))
    return Instruction(
        name=line(one.get("name")) or "_",
        docs=docs_of(one),
        discriminator=told,
        accounts=tuple(_accounts(one.get("accounts"), "", 0)),
        arguments=tuple(map(_field, mappings(one.get("args")))),
        returns=type_text(returned) if (returned := one.get("returns")) else "",
    )


def _accounts(given: object, above: str, depth: int) -> Iterator[Account]:
    for one in mappings(given):
        name = f"{above}{line(one.get('name'))[:_LONGEST_NAME] or '_'}"
        if isinstance(one.get("accounts"), list) and depth < DEEPEST:
            yield from _accounts(one["accounts"], f"{name}.", depth + 1)
            continue
        signer = "either" if one.get("isOptionalSigner") is True else "yes" if _is(one, "signer", "isSigner") else ""
        places = [line(one.get("address")), _derived(mapping(one.get("pda")))]
        related = ", ".join(text for other in items(one.get("relations")) if (text := line(other)))
        places += [f"field of {related}"] if related else []
        yield Account(
            name,
            _is(one, "writable", "isMut"),
            signer,
            _is(one, "optional", "isOptional"),
            "; ".join(filter(None, places)),
            line(docs_of(one)),
        )


def _is(one: Mapping[str, Any], *keys: str) -> bool:
    return any(one.get(key) is True for key in keys)


def _derived(pda: Mapping[str, Any]) -> str:
    seeds = [_seed(seed) for seed in mappings(pda.get("seeds"))]
    if not seeds:
        return ""
    program = _seed(mapping(pda["program"])) if pda.get("program") else ""
    return f"PDA of {', '.join(seeds)}" + (f" by {program}" if program else "")


def _seed(seed: Mapping[str, Any]) -> str:
    kind, value = line(seed.get("kind")), seed.get("value")
    if kind == "const":
        return bytes_text(value) or (f'b"{line(value)}"' if isinstance(value, str) else _value(value)) or "constant"
    path = line(seed.get("path"))
    return f"argument {path}" if kind == "arg" else path or kind or "seed"


def _field(one: Mapping[str, Any]) -> Field:
    return Field(line(one.get("name")) or "_", type_text(one.get("type")), docs_of(one))


def _fields(given: object) -> tuple[list[Field], bool]:
    """Return fields, and whether they are a tuple's, which have no names."""
    if not isinstance(given, list):
        return [], False
    if given and all(isinstance(one, Mapping) and "name" in one and "type" in one for one in given):
        return [_field(one) for one in given], False
    return [Field("", type_text(one)) for one in given], True


def _definition(one: Mapping[str, Any]) -> TypeDefinition:
    name = line(one.get("name")) or "_"
    generics = [
        f"const {label}: {line(generic.get('type'))}" if generic.get("kind") == "const" else label
        for generic in mappings(one.get("generics"))
        if (label := line(generic.get("name")))
    ]
    shown = f"{name}<{', '.join(generics)}>" if generics else name
    given = mapping(one.get("type"))
    held = given.get("fields", one.get("fields"))
    if given.get("kind") == "enum":
        variants = []
        for member in mappings(given.get("variants")):
            fields, is_tuple = _fields(member.get("fields"))
            variants.append(Field(line(member.get("name")) or "_", variant(fields, is_tuple=is_tuple), docs_of(member)))
        text = enum_declaration(shown, variants)
    elif given.get("kind") in ("alias", "type"):
        text = f"type {shown} = {type_text(given.get('value', given.get('alias')))};"
    else:
        fields, is_tuple = _fields(held)
        text = declaration("struct", shown, fields, is_tuple=is_tuple)
    return TypeDefinition(name, docs_of(one), text, bytes_text(one.get("discriminator")))


def _constant(one: Mapping[str, Any]) -> Field:
    kind, value = type_text(one.get("type")), one.get("value")
    text = _value(value)
    if kind in _BYTES and isinstance(value, str) and len(value) <= 2_000 and _NUMBERS.fullmatch(value):
        text = bytes_text([int(number) for number in re.findall(r"\d+", value)]) or text  # a seed, mostly
    return Field(line(one.get("name")) or "_", f"{kind} = {text}", docs_of(one))


def _value(value: object) -> str:
    try:
        text = line(value) if isinstance(value, (str, int, float)) else line(json.dumps(value))
    except (ValueError, RecursionError):
        return ""
    return text if len(text) <= 2_000 else text[:2_000] + " …"


def type_text(given: object, depth: int = 0) -> str:
    """Return a type in Rust's words: ``Option<Vec<u64>>``, ``[Pubkey; 3]``."""
    if depth > DEEPEST:
        return "…"
    if isinstance(given, str):
        return _NAMES.get(given, line(given)) or "_"
    if not isinstance(given, Mapping) or not given:
        return "_"
    key, value = next(iter(given.items()))
    if key == "array" and isinstance(value, list) and len(value) == 2:
        size = line(value[1]) or line(mapping(value[1]).get("generic")) or "_"
        return f"[{type_text(value[0], depth + 1)}; {size}]"
    if key == "defined":
        return _defined(value, depth)
    if key == "generic":
        return line(value) or "_"
    if key == "tuple" and isinstance(value, list):
        return f"({', '.join(type_text(one, depth + 1) for one in value)})"
    if key in _HOLDERS:
        inside = value if isinstance(value, list) else [value]
        return f"{_HOLDERS[key]}<{', '.join(type_text(one, depth + 1) for one in inside)}>"
    return line(given.get("kind")) or line(key) or "_"


def _defined(value: object, depth: int) -> str:
    if not isinstance(value, Mapping):
        return line(value) or "_"
    inside = [
        line(one.get("value")) if one.get("kind") == "const" else type_text(one.get("type"), depth + 1)
        for one in mappings(value.get("generics"))
    ]
    name = line(value.get("name")) or "_"
    return f"{name}<{', '.join(inside)}>" if inside else name
