"""Implementations of traits in rustdoc JSON: those of a type, and the types that implement a trait."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from doc_assets.document import Block
from doc_assets.formats.parts import Heading, Part
from doc_assets.formats.rustdoc.crate import Crate
from doc_assets.formats.rustdoc.declarations import declaration
from doc_assets.formats.rustdoc.item_docs import documentation
from doc_assets.formats.rustdoc.items import Item, content_of, kind_of
from doc_assets.formats.rustdoc.members import implementors, is_substantial
from doc_assets.formats.rustdoc.type_names import generics, path, type_name

LENT = "Methods from Deref<Target = "


def member_anchor(member: Item) -> str:
    """Return the kind that the anchor of a trait's member starts with."""
    kind = kind_of(member)
    if kind == "function":
        return "method" if content_of(member).get("has_body") else "tymethod"
    return {"assoc_type": "associatedtype", "assoc_const": "associatedconstant"}.get(kind, kind)


def trait_implementations(crate: Crate, place: str, item: Item) -> tuple[list[str], list[Part], int]:
    """Return a type's trait implementations.

    Returns:
        Names of its own traits, and whole headers of implementations for other types; sections for their methods with
        documentation of their own; the number of automatic and blanket implementations left out.
    """
    found: list[tuple[bool, str]] = []
    parts: list[Part] = []
    lenders: list[str] = []
    dropped = 0
    for implementation in crate.members(content_of(item).get("impls")):
        inner = content_of(implementation)
        if not inner.get("trait"):
            continue
        if inner.get("is_synthetic") or inner.get("blanket_impl"):
            dropped += 1
            continue
        header = _header(inner)
        trait = f"{'!' if inner.get('is_negative') else ''}{path(inner['trait'])}"
        target, is_reference = _named_type(inner.get("for"))
        is_own = target == item.get("name")
        # As on rustdoc's pages, those without items come last.
        found.append((not inner.get("items"), trait if is_own and not is_reference else header))
        if not is_own:
            continue  # documented with the type that it is for
        if trait == "Deref":
            lenders += _lenders(crate, inner)
        said = documentation(implementation, crate.resolve, fold=True)
        if said:
            parts += [Heading(1, header, "trait-implementations"), *said]
        for member in crate.members(inner.get("items")):
            own = documentation(member, crate.resolve, fold=True)
            if is_substantial(own):
                shown = Block(f"{header}\n{declaration(member, crate.index)}", "signature")
                anchor = f"{member_anchor(member)}.{member.get('name')}"
                parts += [Heading(1, f"{place}::{member.get('name')}", anchor), shown, *own]
    return list(dict.fromkeys([*(shown for _, shown in sorted(found)), *lenders])), parts, dropped


def _lenders(crate: Crate, inner: Mapping) -> Iterator[str]:
    """Yield the line that rustdoc's pages have above the methods of a type that this one leads to."""
    for member in crate.members(inner.get("items")):
        content = content_of(member)
        if kind_of(member) == "assoc_type" and isinstance(content, Mapping):
            target = content.get("type")
            if isinstance(target, Mapping) and "generic" not in target and "qualified_path" not in target:
                yield f"{LENT}{type_name(target)}>"


def _header(inner: Mapping) -> str:
    """Return the first line of an implementation, without bounds."""
    parameters, _ = generics(inner.get("generics"))
    mark = "!" if inner.get("is_negative") else ""
    return f"impl{parameters} {mark}{path(inner['trait'])} for {type_name(inner.get('for'))}"


def _named_type(node: object) -> tuple[str, bool]:
    """Return the name of the type that an implementation is for, and whether it is for a reference to it."""
    is_reference = False
    while isinstance(node, Mapping) and isinstance(node.get("borrowed_ref"), Mapping):
        node, is_reference = node["borrowed_ref"].get("type"), True
    named = node.get("resolved_path") if isinstance(node, Mapping) else None
    name = (named.get("path") or named.get("name")) if isinstance(named, Mapping) else None
    return str(name or "").rpartition("::")[2], is_reference


def trait_implementors(crate: Crate, content: Mapping) -> list[Part]:
    """Return the crate's types that implement a trait."""
    headers: list[str] = []
    for implementation in crate.members(content.get("implementations")):
        inner = content_of(implementation)
        if inner.get("trait") and not inner.get("is_synthetic") and not inner.get("blanket_impl"):
            headers.append(_header(inner))
    return implementors(sorted(dict.fromkeys(headers), key=_natural))


def _natural(header: str) -> list[tuple[int, str]]:
    """Return a key that sorts u8 before u16."""
    return [(int(part), "") if part.isdecimal() else (-1, part) for part in re.split(r"(\d{1,9})", header)]
