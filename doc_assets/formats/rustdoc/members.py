"""Members of an item on a page of rustdoc: methods, variants, fields, associated items, and its traits.

The page itself and the parts above the members are read in ``html_format``.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import chain
from urllib.parse import unquote

from selectolax.lexbor import LexborNode

from doc_assets.document import Block, clean_text
from doc_assets.formats.html.blocks import in_pieces
from doc_assets.formats.html.tree import after, below, children, classes, collapsed, remove, until_heading
from doc_assets.formats.parts import Heading, Part

Read = Callable[[LexborNode], list[Part]]

_MEMBER_IDS = ("variant", "structfield", "tymethod", "method", "associatedtype", "associatedconstant")
_MEMBERS = ", ".join(("#implementations-list .impl", *(f'[id^="{kind}."]' for kind in _MEMBER_IDS)))
# The declaration contains these whole, so that one without documentation adds nothing.
_DECLARED = ("variant", "structfield", "tymethod")
_LONGEST_HEADER = 1_000  # characters of an impl's first line
_MANY_IMPLEMENTORS = 30  # of thousands for Debug; more add little
SHORT_SUMMARY = 200  # characters of derived traits beside the declaration; more become a section
_FIELDS = re.compile(r"[^.]+\.fields")  # "Move.fields", but not "Move.field.fields"
_SUBSTANTIAL = 120  # characters of its own documentation that a trait's method needs, unless it has an example
_TARGET = re.compile(r" for (?:&|mut |'\w+ )*(\w+)")
_BELONGING = frozenset(("docblock", "item-info", "stab", "sub-variant"))
_LINE_START = re.compile(r"([ ]*(?:\n[ ]*)?)\v[ ]*(.?)")
_LAST_PARAMETER = re.compile(r"([^\s,({])(?=\n *\) (?:->|\{|where)|\n *\)(?:$|\n))")


def read_members(main: LexborNode, path: str, kind: str, known: set[str], read: Read) -> list[Part]:
    """Return a section for each member with documentation or notes; list the others by their signatures.

    Args:
        main: The page's content.
        path: The item's path, which starts its members' headings.
        kind: The item's kind.
        known: Notes on the whole page, which are not repeated.
        read: Reads documentation; its headings become paragraphs.
    """
    parts: list[Part] = []
    undocumented: list[str] = []
    stated = {"": set(map(_folded, known))}  # notes on the page, and on each variant, which rustdoc repeats on fields
    added = _in_implementations(main) if kind == "trait" else None
    for node in below(main, _MEMBERS):
        member_kind, _, member = unquote(node.id or "").partition(".")
        if member_kind == "variant" and _FIELDS.fullmatch(member):
            continue  # the list of fields, which follow one by one
        signature = _signature(node)
        documentation, notes = _documentation(node, read)
        if not member or member_kind not in _MEMBER_IDS:
            if documentation:
                parts += [Heading(1, signature.split("\n")[0], node.id or None), *documentation]
            continue
        around = stated[""] | stated.get(member.partition(".field.")[0], set())
        remarks = [Block(text) for text in notes if _folded(text) not in around]
        if member_kind == "variant" and ".field." not in member:
            stated[member] = set(map(_folded, notes))
        declared = member_kind in _DECLARED or (added is not None and node.mem_id not in added)
        if documentation or remarks:
            full = f"{path}::{_member_name(node)}"
            parts += [Heading(1, full, node.id), Block(signature or full, "signature"), *remarks, *documentation]
        elif not declared and signature:
            undocumented.append(signature)
    if undocumented:
        parts.append(Heading(1, f"{path.rpartition('::')[2]}: items without documentation", "implementations"))
        parts += in_pieces(undocumented, "signature")
    return parts


def _in_implementations(main: LexborNode) -> set[int]:
    """Return the members in ``impl dyn Trait`` on a trait's page, which the trait's declaration does not hold."""
    found = main.css_first("#implementations-list")
    return {node.mem_id for node in below(found, "[id]")} if found is not None else set()


def _folded(note: str) -> str:
    """Return a note's words: rustdoc resolves links in an item's note, but not where it repeats it on a member."""
    return " ".join(re.findall(r"\w+", note))


@dataclass(frozen=True)
class Implementations:
    """Trait implementations on an item's page.

    Attributes:
        summary: Line for the top of the page, if one is enough.
        parts: Sections, if a line is not enough.
        shown_methods: Number of methods of traits in the sections.
    """

    summary: str
    parts: list[Part]
    shown_methods: int


def take_implementations(main: LexborNode, path: str, lenders: Iterable[str], read: Read) -> Implementations:
    """Return the traits that an item implements, and their methods with documentation of their own.

    Removes them from the tree, so that the item's members are left.

    Args:
        main: The page's content.
        path: The item's path.
        lenders: Lines about the types whose methods are also callable on it.
        read: Reads documentation; its headings become paragraphs.
    """
    nodes = main.css("#trait-implementations-list .impl")
    headers = [_without_bounds(_signature(node)) for node in nodes]
    name = _own_name(headers, path.rpartition("::")[2])
    parts: list[Part] = []
    shown = 0
    for node, header in zip(nodes, headers, strict=True):
        container = _container(node)
        # An implementation for another type is documented on that type's page.
        if container.css_first(".docblock") is None or not re.search(
            rf" for (?:&|mut |'\w+ )*{re.escape(name)}\b", header
        ):
            continue
        documentation, _ = _documentation(node, read)
        if documentation:
            parts += [Heading(1, header, node.id or None), *documentation]
        for method in container.css('[id^="method."]'):
            own, _ = _documentation(method, read)
            if is_substantial(own):
                declaration = Block(f"{header}\n{_signature(method)}", "signature")
                parts += [Heading(1, f"{path}::{_member_name(method)}", method.id), declaration, *own]
                shown += 1
    # The item's own traits by name only: "impl … for" would double the embedded text and add nothing.
    traits = [_trait_of(header, name) for header in headers]
    lines = _unique([trait or header for trait, header in zip(traits, headers, strict=True)])
    summary = ""
    if all(traits) and sum(map(len, lines)) < SHORT_SUMMARY:
        summary = "Implements " + ", ".join(lines) if lines else ""
        lines = []
    lines += lenders
    if lines:
        parts += [Heading(1, "Trait implementations", "trait-implementations"), *in_pieces(lines, "list")]
    parts += _take_implementors(main)
    remove(main, "#trait-implementations-list")
    return Implementations(summary, parts, shown)


def _own_name(headers: list[str], name: str) -> str:
    """Return the name that an item has in the headers: on the page of a renamed re-export it is the item's own."""
    targets = Counter(match[1] for header in headers if (match := _TARGET.search(header)))
    return name if name in targets or not targets else targets.most_common(1)[0][0]


def _trait_of(header: str, name: str) -> str:
    """Return ``Trait<U>`` of ``impl<T: Bound> Trait<U> for Name<T>``; "" for an implementation for another type."""
    match = re.search(rf" for ({re.escape(name)}(?:<.*>)?)$", header)
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
    trait = header[start : match.start()].removeprefix("const ")
    # A trait's parameter is the type itself by default; rustdoc before 1.71 wrote that out.
    return trait.removesuffix(f"<{match[1]}>") if trait.startswith("Partial") else trait


def _take_implementors(main: LexborNode) -> list[Part]:
    """Return the implementors on a trait's page, without bounds and methods, and remove them from the tree."""
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
    return implementors(_unique(headers))


def implementors(headers: list[str]) -> list[Part]:
    """Return the section on the implementations of a trait: at most thirty, and the number of the others."""
    if not headers:
        return []
    lines = headers[:_MANY_IMPLEMENTORS]
    if len(headers) > len(lines):
        lines.append(f"and {len(headers) - len(lines)} more")
    return [Heading(1, "Implementors", "implementors"), *in_pieces(lines, "list")]


def _container(node: LexborNode) -> LexborNode:
    """Return the element whose followers document a member: rustdoc folds a documented one into ``<summary>``."""
    parent = node.parent
    if parent is not None and parent.tag == "summary" and parent.parent is not None:
        return parent.parent
    return node


def _followers(node: LexborNode) -> Iterator[LexborNode]:
    """Yield a member's elements up to the next member: documentation, and notes inside its ``<summary>`` or after."""
    parent = node.parent
    folded = parent if parent is not None and parent.tag == "summary" else None
    if (node.id or "").startswith("impl"):  # an implementation may hold its documentation itself
        yield from (child for child in children(node) if "docblock" in classes(child))
    for follower in chain(after(node), after(folded) if folded is not None else ()):
        kinds = classes(follower)
        if not _BELONGING.isdisjoint(kinds) or (follower.tag == "details" and not kinds):
            yield follower
        else:
            return


def _documentation(node: LexborNode, read: Read) -> tuple[list[Part], list[str]]:
    """Return the blocks that document a member, and the notes on it (features, deprecation)."""
    parts: list[Part] = []
    notes = list(stability(node))
    for follower in _followers(node):
        kinds = classes(follower)
        if "docblock" in kinds:
            parts += read(follower)
        elif "sub-variant" not in kinds:
            notes += stability(follower)
    return parts, _unique(notes)


def stability(node: LexborNode) -> list[str]:
    """Return the texts of the stability marks in a node (features, deprecation), without links to issues."""
    texts = []
    for mark in [node] if "stab" in classes(node) else node.css(".stab"):
        text = collapsed(mark)
        texts.append(re.sub(r"\s*\([\w-]+\s*(?:#\d+)?\)$", "", text) if "unstable" in classes(mark) else text)
    return _unique(texts)


def _signature(node: LexborNode) -> str:
    """Return the declaration of a member in rustdoc's layout, with each ``where`` on a line of its own."""
    code = node.css_first(".code-header") or node.css_first("code") or node
    return "\n".join(line for line in written_out(code).split("\n") if line)


def written_out(code: LexborNode) -> str:
    """Return a declaration in the layout of rustdoc 1.95: bounds and attributes on their own lines, trailing commas."""
    # A vertical tab occurs in no declaration: it marks the start of a line.
    for node in below(code, "br, .where, .code-attribute"):
        if node.tag == "br":
            node.replace_with("\n")
            continue
        node.insert_after("\v")
        if "where" in classes(node):
            node.insert_before("\v")
    text = clean_text(_LINE_START.sub(_on_own_line, code.text().replace("\xa0", " ")))
    # A sign that notable traits exist has left a blank.
    text = "\n".join(line.rstrip().removesuffix(" ;") + ";" * line.endswith(" ;") for line in text.split("\n"))
    text = text.strip("\n")
    return text if "macro" in text[:20] else _LAST_PARAMETER.sub(r"\1,", text)


def _on_own_line(match: re.Match[str]) -> str:
    """Return a line break, unless there is one already or a semicolon follows."""
    return match[0].replace("\v", "") if "\n" in match[0] or match[2] == ";" else f"\n{match[2]}"


def _member_name(node: LexborNode) -> str:
    """Return ``push`` of ``method.push-1``, ``Move::x`` of ``variant.Move.field.x``."""
    member = unquote(node.id or "").partition(".")[2]
    return re.sub(r"-\d+$", "", member).replace(".field.", ".").replace(".", "::")


def _without_bounds(header: str) -> str:
    return " ".join(header.split()).partition(" where ")[0][:_LONGEST_HEADER]


def is_substantial(parts: list[Part]) -> bool:
    """Return whether a trait's method has enough documentation of its own for a section."""
    blocks = [part for part in parts if isinstance(part, Block)]
    return any(b.kind == "code" for b in blocks) or sum(len(b.text) for b in blocks) >= _SUBSTANTIAL


def _unique(lines: list[str]) -> list[str]:
    return list(dict.fromkeys(line for line in lines if line))
