"""A Solana program as its interface describes it, whatever tool wrote it: what ``anchor`` and ``codama`` read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from doc_assets.document import clean_text

DEEPEST = 24  # types in types; the text of a deeper one ends in "…"


@dataclass(frozen=True, slots=True)
class Field:
    """A field, argument or variant: its name ("" in a tuple), its type in Rust's words, its documentation."""

    name: str
    type: str
    docs: str = ""


@dataclass(frozen=True, slots=True)
class Account:
    """An account that an instruction takes.

    Attributes:
        name: Names of its groups and its own, with dots.
        writable: Whether the instruction changes it.
        signer: "yes", "" or "either".
        optional: Whether it may be left out.
        address: Its fixed address, or what it is derived from or defaults to.
        docs: Its documentation.
    """

    name: str
    writable: bool
    signer: str
    optional: bool
    address: str
    docs: str


@dataclass(frozen=True, slots=True)
class Instruction:
    """An instruction: accounts and arguments in their order, what it returns, and the bytes that tell it apart."""

    name: str
    docs: str
    discriminator: str
    accounts: tuple[Account, ...]
    arguments: tuple[Field, ...]
    returns: str = ""
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class TypeDefinition:
    """A type: its declaration in Rust's words, with the documentation of its fields as comments."""

    name: str
    docs: str
    declaration: str
    discriminator: str = ""


@dataclass(frozen=True, slots=True)
class Program:
    """A program.

    Attributes:
        name: As the interface states it.
        address: Of the deployed program; "" if it is not stated.
        version: Of the program.
        spec: Of the description: "0.1.0" of Anchor, "codama 1.5.0".
        docs: What the interface says of the program.
        instructions: In their order.
        accounts: Types of accounts; so ``types`` and ``events``.
        errors: Code, name and message.
        constants: Their type is followed by " = " and the value.
        addresses: Addresses that are derived: name, and what from.
    """

    name: str
    address: str
    version: str
    spec: str
    docs: str
    instructions: tuple[Instruction, ...] = ()
    accounts: tuple[TypeDefinition, ...] = ()
    types: tuple[TypeDefinition, ...] = ()
    events: tuple[TypeDefinition, ...] = ()
    errors: tuple[tuple[str, str, str], ...] = ()
    constants: tuple[Field, ...] = ()
    addresses: tuple[Field, ...] = ()


def mapping(value: object) -> Mapping[str, Any]:
    """Return the value if it is a mapping, else an empty one."""
    return value if isinstance(value, Mapping) else {}


def items(value: object) -> list[Any]:
    """Return the value if it is a list, else an empty one."""
    return value if isinstance(value, list) else []


def mappings(value: object) -> list[Mapping[str, Any]]:
    """Return the mappings in a list; none for anything else."""
    return [one for one in items(value) if isinstance(one, Mapping)]


def line(value: object) -> str:
    """Return a text or a number as one clean line; "" for anything else."""
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        return ""
    return " ".join(clean_text(str(value)).split())


def docs_of(node: Mapping[str, Any]) -> str:
    """Return the documentation of a part of an interface: lines in a list, or a text."""
    given = node.get("docs")
    lines = [one for one in given if isinstance(one, str)] if isinstance(given, list) else [given]
    return clean_text("\n".join(one for one in lines if isinstance(one, str))).strip()


def bytes_text(value: object) -> str:
    """Return bytes as a string if they are one (``b"position"``), else as a list; "" for anything else."""
    if not isinstance(value, list) or not all(isinstance(one, int) and 0 <= one < 256 for one in value):
        return ""
    if value and all(32 <= one < 127 for one in value):
        return f'b"{bytes(value).decode()}"'
    return str(value) if len(value) <= 64 else f"{str(value[:64])[:-1]}, …]"


def declaration(keyword: str, name: str, fields: list[Field], *, is_tuple: bool = False) -> str:
    """Return a struct's declaration with the documentation of its fields."""
    if not fields:
        return f"{keyword} {name};"
    if is_tuple:
        return f"{keyword} {name}({', '.join(field.type for field in fields)});"
    return (
        f"{keyword} {name} {{\n"
        + "\n".join(_member(f"{field.name}: {field.type},", field.docs) for field in fields)
        + "\n}"
    )


def enum_declaration(name: str, variants: list[Field]) -> str:
    """Return an enum's declaration; the type of a variant is what stands behind its name."""
    return f"enum {name} {{\n" + "\n".join(_member(f"{one.name}{one.type},", one.docs) for one in variants) + "\n}"


def variant(fields: list[Field], *, is_tuple: bool) -> str:
    """Return what stands behind a variant's name: ``(u64)``, `` { a: u64 }`` or nothing."""
    if not fields:
        return ""
    if is_tuple:
        return f"({', '.join(field.type for field in fields)})"
    return f" {{ {', '.join(f'{field.name}: {field.type}' for field in fields)} }}"


def _member(text: str, docs: str) -> str:
    comments = [f"    /// {one.strip()}".rstrip() for one in docs.split("\n") if one.strip()]
    return "\n".join((*comments, f"    {text}"))
