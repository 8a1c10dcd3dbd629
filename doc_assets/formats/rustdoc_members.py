"""The members of an item on a page of ``rustdoc``: methods, variants, fields, associated items, and its traits.

Which pages are read, and what stands above the members, is in ``rustdoc_html``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import unquote

from selectolax.lexbor import LexborNode

from doc_assets.document import Block
from doc_assets.formats.html_blocks import in_pieces, read_parts
from doc_assets.formats.html_fragment import Heading, Part
from doc_assets.formats.html_tree import after, below, classes, collapsed, remove, until_heading, verbatim

__all__ = [
    "SHORT_SUMMARY",
    "Implementations",
    "is_substantial",
    "read_members",
    "stability",
    "take_implementations",
]

_MEMBER_IDS = ("variant", "structfield", "tymethod", "method", "associatedtype", "associatedconstant")
_MEMBERS = ", ".join(("#implementations-list .impl", *(f'[id^="{kind}."]' for kind in _MEMBER_IDS)))
# The declaration above lists these whole, so that one without documentation adds nothing.
_DECLARED = ("variant", "structfield", "tymethod")
_LONGEST_HEADER = 1_000  # characters of an impl's first line
_MANY_IMPLEMENTORS = 30  # of the thousands that Debug has; the rest says little
SHORT_SUMMARY = 200  # characters of derived traits that fit beside the declaration; more are a section
_SUBSTANTIAL = 120  # characters of documentation that a trait's method must have of its own, unless it has an example
_BLOCKS = "p, ul, ol, pre, h2, h3, h4, h5, h6, table, blockquote"


def read_members(main: LexborNode, name: str, known: set[str]) -> list[Part]:
    """One section for each documented member; those without documentation are listed by their signatures.

    Args:
        main: The page's content.
        name: The item's, as its members' headings start with it.
        known: Notes that hold for the whole page and are not repeated.
    """
    parts: list[Part] = []
    undocumented: list[str] = []
    for node in below(main, _MEMBERS):
        kind, _, member = unquote(node.id or "").partition(".")
        signature = _signature(node)
        if not member or kind not in _MEMBER_IDS:
            documentation = _documentation(node)
            if documentation:
                parts += [Heading(1, signature.split("\n")[0], node.id or None), *documentation]
            continue
        documentation = _documentation(node)
        if documentation:
            path = f"{name}::{_member_name(node)}"
            remarks = [Block(text) for text in _remarks(node) if text not in known]
            parts += [Heading(1, path, node.id), Block(signature or path, "signature"), *remarks, *documentation]
        elif kind not in _DECLARED and signature:
            undocumented.append(signature)
    if undocumented:
        parts.append(Heading(1, f"{name}: items without documentation", "implementations"))
        parts += in_pieces(undocumented, "signature")
    return parts


@dataclass(frozen=True)
class Implementations:
    """What an item's page says of traits: a line for the top of the page where one will do, and sections."""

    summary: str
    parts: list[Part]


def take_implementations(main: LexborNode, name: str) -> Implementations:
    """The traits an item implements, and those methods of them that say something of their own.

    Takes what it read, and the methods that other types lend, out of the tree: what is left are the item's members.
    """
    parts: list[Part] = []
    headers: list[str] = []
    for node in main.css("#trait-implementations-list .impl"):
        header = _without_bounds(_signature(node))
        headers.append(header)
        # What is implemented for another type is documented on that type's page.
        if not re.search(rf" for (?:&|mut |'\w+ )*{re.escape(name)}\b", header):
            continue
        documentation = _documentation(node)
        if is_substantial(documentation):
            parts += [Heading(1, header, node.id or None), *documentation]
        for method in _container(node).css('[id^="method."]'):
            own = _documentation(method, own=True)
            if is_substantial(own):
                declaration = Block(f"{header}\n{_signature(method)}", "signature")
                parts += [Heading(1, f"{name}::{_member_name(method)}", method.id), declaration, *own]
    # The item's own traits by their names alone: "impl … for" it would double what is embedded and say nothing.
    lines = _unique([_trait_of(header, name) or header for header in headers])
    summary = ""
    if all(_trait_of(header, name) for header in headers) and sum(map(len, lines)) < SHORT_SUMMARY:
        summary = "Implements " + ", ".join(lines) if lines else ""
        lines = []
    lines += _take_deref_methods(main)
    if lines:
        parts += [Heading(1, "Trait implementations", "trait-implementations"), *in_pieces(lines, "list")]
    parts += _take_implementors(main)
    remove(main, "#trait-implementations-list")
    return Implementations(summary, parts)


def _trait_of(header: str, name: str) -> str:
    """``Trait<U>`` of ``impl<T: Bound> Trait<U> for Name<T>``; "" for what is implemented for another type."""
    match = re.search(rf" for {re.escape(name)}(?:<.*>)?$", header)
    if match is None:
        return ""
    start = len("impl")
    depth = 0
    for i, character in enumerate(header[: match.start()]):
        if character == "<":
            depth += 1
        elif character == ">" and header[i - 1] != "-":
            depth -= 1
        elif character == " " and depth == 0:
            start = i + 1
            break
    return header[start : match.start()].removeprefix("const ")


def _take_implementors(main: LexborNode) -> list[Part]:
    """On a trait's page: who implements it, without the bounds and without each one's methods."""
    foreign = main.css_first("#foreign-impls")
    lists = list(until_heading(foreign)) if foreign is not None else []
    own = main.css_first("#implementors-list")
    if own is not None:
        lists.append(own)
    headers: list[str] = []
    for one in lists:
        found = [one] if "impl" in classes(one) else one.css(".impl")
        headers += [_without_bounds(_signature(node)) for node in found]
        one.remove()
    headers = _unique(headers)
    if not headers:
        return []
    lines = headers[:_MANY_IMPLEMENTORS]
    if len(headers) > len(lines):
        lines.append(f"and {len(headers) - len(lines)} more")
    return [Heading(1, "Implementors", "implementors"), *in_pieces(lines, "list")]


def _take_deref_methods(main: LexborNode) -> list[str]:
    """One line for the methods that each other type lends: they are documented on its page."""
    lines = []
    for header in main.css('h2[id^="deref-methods"]'):
        lines.append(collapsed(header))
        parent = header.parent
        if parent is not None and parent.tag == "summary" and parent.parent is not None:
            parent.parent.remove()
        else:
            for follower in after(header):
                if "impl-items" in classes(follower):
                    follower.remove()
                break
    return lines


def _container(node: LexborNode) -> LexborNode:
    """The element whose followers document a member: rustdoc folds a documented one into ``<summary>``."""
    parent = node.parent
    if parent is not None and parent.tag == "summary" and parent.parent is not None:
        return parent.parent
    return node


def _followers(node: LexborNode) -> Iterator[LexborNode]:
    """Elements that belong to a member: notes and documentation, up to the next member."""
    parent = node.parent
    start = parent if parent is not None and parent.tag == "summary" else node
    for follower in after(start):
        kinds = classes(follower)
        if {"docblock", "item-info", "stab", "sub-variant"} & set(kinds) or (follower.tag == "details" and not kinds):
            yield follower
        else:
            return


def _documentation(node: LexborNode, *, own: bool = False) -> list[Part]:
    """The blocks that document a member; with ``own``, not the first sentence that a trait lends."""
    parts: list[Part] = []
    for follower in _followers(node):
        if "docblock" not in classes(follower):
            continue
        # Inherited documentation is a bare sentence with "Read more"; a member's own has paragraphs.
        if not own or follower.css_first(_BLOCKS) is not None:
            parts += read_parts(follower, fold_headings=True)
    return parts


def _remarks(node: LexborNode) -> list[str]:
    found = list(stability(node))
    for follower in _followers(node):
        if {"item-info", "stab"} & set(classes(follower)):
            found += stability(follower)
    return _unique(found)


def stability(node: LexborNode) -> list[str]:
    """The short texts of the stability marks in a node (features, deprecation), without links to issues."""
    texts = []
    for mark in [node] if "stab" in classes(node) else node.css(".stab"):
        text = collapsed(mark)
        texts.append(re.sub(r"\s*\([\w-]+\s*(?:#\d+)?\)$", "", text) if "unstable" in classes(mark) else text)
    return _unique(texts)


def _signature(node: LexborNode) -> str:
    """The declaration of a member as rustdoc lays it out, with each ``where`` on a line of its own."""
    code = node.css_first(".code-header") or node.css_first("code") or node
    for line_break in code.css("br"):
        line_break.replace_with("\n")
    for bounds in code.css("div.where, .where.fmt-newline"):
        bounds.insert_before("\n")
    for attribute in code.css(".code-attribute"):
        attribute.insert_after("\n")
    return "\n".join(line.rstrip() for line in verbatim(code).split("\n") if line.strip())


def _member_name(node: LexborNode) -> str:
    """``push`` of ``method.push-1``, ``Move::x`` of ``variant.Move.field.x``."""
    member = unquote(node.id or "").partition(".")[2]
    return re.sub(r"-\d+$", "", member).replace(".field.", ".").replace(".", "::")


def _without_bounds(header: str) -> str:
    return " ".join(header.split()).partition(" where ")[0][:_LONGEST_HEADER]


def is_substantial(parts: list[Part]) -> bool:
    """Whether a trait's method says enough of its own to be worth a section."""
    blocks = [part for part in parts if isinstance(part, Block)]
    return any(b.kind == "code" for b in blocks) or sum(len(b.text) for b in blocks) >= _SUBSTANTIAL


def _unique(lines: list[str]) -> list[str]:
    return list(dict.fromkeys(line for line in lines if line))
