"""Headings and blocks from a docutils tree: the walk over sections, and the text of each kind of element.

docutils' system messages never become text, except for source that it could not place, which is kept as written. The
tree is made by ``parser``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cached_property

from docutils import nodes

from doc_assets.document import Block
from doc_assets.formats.markdown.raw_html import alt_text
from doc_assets.formats.numbering import Numerals, item_number
from doc_assets.formats.packing import definition_blocks, item_blocks, labelled, pack
from doc_assets.formats.parts import Heading, Part
from doc_assets.formats.rst.tables import list_table_blocks, table_blocks
from doc_assets.formats.superscripts import subscript, superscript

# Used definitions of `.. include:: <isonum.txt>`; other undefined substitutions stay as their name.
KNOWN_CHARACTERS = {
    "copy": "©", "reg": "®", "trade": "™", "deg": "°", "micro": "µ", "times": "\xd7", "plusmn": "±", "frac12": "½",
    "sup2": "²", "sup3": "³", "rarr": "→", "larr": "←", "hellip": "…", "mdash": "—", "ndash": "\u2013", "nbsp": " ",
}  # fmt: skip
_TABLE_OF_CONTENTS = ("Contents:", "Contents", "Table of contents", "Table of Contents", "Table of contents:")
_MAX_SUBSTITUTION = 1_000  # characters; bounds the growth of nested definitions
_NUMERALS: dict[str, Numerals] = {"loweralpha": "a", "upperalpha": "A", "lowerroman": "i", "upperroman": "I"}

_SILENT = (
    nodes.comment,
    nodes.raw,
    nodes.pending,
    nodes.substitution_definition,
    nodes.decoration,
    nodes.meta,
    nodes.problematic,
)


class TreeReader:
    """Reads one document's tree; each public method is a pure function of its node."""

    def __init__(self, document: nodes.document) -> None:
        """Store the substitution definitions of the tree."""
        self._definitions: Mapping[str, nodes.Element] = document.substitution_defs
        self._names: Mapping[str, str] = document.substitution_names
        self._resolved: dict[str, str] = {}
        self._document = document
        self._footnotes = {label for note in document.footnotes for label in note.get("names", ())}

    @cached_property
    def _labelled(self) -> dict[str, nodes.title]:
        """Return the titles of sections by the labels before them."""
        found: dict[str, nodes.title] = {}
        open_nodes: list[nodes.Element] = [self._document]
        while open_nodes:
            labels: list[str] = []
            for child in open_nodes.pop().children:
                if isinstance(child, nodes.target):
                    labels += child["names"]
                    continue
                if isinstance(child, nodes.section) and isinstance(child.children[0], nodes.title):
                    found.update(dict.fromkeys(labels, child.children[0]))
                labels = []
                if isinstance(child, (nodes.section, nodes.container)):
                    open_nodes.append(child)
        return found

    # Inline text

    def inline(self, node: nodes.Node, *, verbatim: bool = False) -> str:
        """Return the text of inline markup: literals in backticks, links as their words, white space as single blanks.

        Args:
            node: Any element that holds inline nodes.
            verbatim: Keep white space and add no backticks, as in a listing.
        """
        parts: list[str] = []
        self._collect(node, parts, verbatim)
        text = "".join(parts)
        return text if verbatim else " ".join(text.split())

    def heading(self, title: nodes.Node) -> str:
        """Return a heading's text in one line, without backticks."""
        return " ".join(self.inline(title, verbatim=True).split())

    def _collect(self, node: nodes.Node, parts: list[str], verbatim: bool) -> None:
        if isinstance(node, (nodes.Text, nodes.problematic)):
            parts.append(node.astext())
        elif isinstance(node, (nodes.literal, nodes.math)):
            parts.append(node.astext() if verbatim else _backticked(node.astext()))
        elif isinstance(node, nodes.substitution_reference):
            self._collect_substitution(node.astext(), parts, verbatim)
        elif isinstance(node, (nodes.superscript, nodes.subscript)):
            shift = superscript if isinstance(node, nodes.superscript) else subscript
            parts.append(shift("".join(parts[-8:]), node.astext()))
        elif isinstance(node, nodes.image):
            parts.append(alt_text(node.get("alt", ""), node.get("uri", "")))
        elif isinstance(node, nodes.footnote_reference):
            if node.get("auto") or node.astext() in self._footnotes:
                parts[-1:] = [part.rstrip() for part in parts[-1:]]  # the blank is part of the reference
            else:
                parts.append(f"[{node.astext()}]")
        elif isinstance(node, nodes.citation_reference):
            parts.append(f"[{node.astext()}]")
        elif isinstance(node, nodes.inline) and "label" in node:
            section = self._labelled.get(node["label"])
            parts.append(" ".join(section.astext().split()) if section is not None else node.astext())
        elif not isinstance(node, (nodes.system_message, *_SILENT)):
            for child in node.children:
                self._collect(child, parts, verbatim)

    def _collect_substitution(self, name: str, parts: list[str], verbatim: bool) -> None:
        definition = self._definitions.get(self._key(name))
        if definition is not None and any(
            isinstance(child, (nodes.superscript, nodes.subscript)) for child in definition.children
        ):
            for child in definition.children:  # how they read depends on the text before them
                if not isinstance(child, nodes.substitution_reference):
                    self._collect(child, parts, verbatim)
        else:
            parts.append(self._substitution(name))

    def _key(self, name: str) -> str:
        return name if name in self._definitions else self._names.get(nodes.fully_normalize_name(name), "")

    def _substitution(self, name: str) -> str:
        if name not in self._resolved:
            self._resolved[name] = name  # the result for a definition that refers to itself
            if key := self._key(name):
                text = " ".join(self.inline(child) for child in self._definitions[key].children)
                self._resolved[name] = text if len(text) <= _MAX_SUBSTITUTION else name
            else:
                self._resolved[name] = KNOWN_CHARACTERS.get(name, name)
        return self._resolved[name]

    # Blocks

    def blocks(self, node: nodes.Node) -> list[Block]:
        """Return the blocks of one body element in reading order; none if it has no text."""
        if isinstance(node, (nodes.system_message, *_SILENT, nodes.title)):
            return _unplaced(node) if isinstance(node, nodes.system_message) else []
        if isinstance(node, (nodes.literal_block, nodes.doctest_block, nodes.math_block)):
            return _block(self.inline(node, verbatim=True), "signature" if node.get("signature") else "code")
        if isinstance(node, (nodes.bullet_list, nodes.enumerated_list)):
            return self._list(node)
        if isinstance(node, (nodes.definition_list, nodes.field_list, nodes.option_list)):
            return self._definitions_list(node)
        if isinstance(node, nodes.table):
            caption = next((self.inline(child) for child in node.children if isinstance(child, nodes.title)), "")
            return labelled(caption, table_blocks(node, self.blocks))
        if isinstance(node, nodes.line_block):
            return _block("\n".join(self._lines(node)), "prose")
        if isinstance(node, (nodes.footnote, nodes.citation)):
            return self._footnote(node)
        if isinstance(node, nodes.attribution):
            return _block("— " + self.inline(node), "prose")
        if isinstance(node, nodes.container) and "blocks" in node:
            return list(node["blocks"])
        if isinstance(node, nodes.container) and "list_table" in node:
            rows = [
                list_table_blocks(child, node["list_table"], self.blocks)
                if isinstance(child, nodes.bullet_list)
                else self.blocks(child)
                for child in node.children
            ]
            return labelled(node.get("label", ""), [block for some in rows for block in some])
        if isinstance(node, (nodes.TextElement, nodes.image, nodes.Text)):
            return _block(self.inline(node), "prose")
        label = node.get("label", "") if isinstance(node, nodes.Element) else ""
        return labelled(label, [block for child in node.children for block in self.blocks(child)])

    def _list(self, node: nodes.Element) -> list[Block]:
        pieces: list[Block] = []
        for number, item in enumerate(node.children):
            inner = [block for child in item.children for block in self.blocks(child)]
            pieces += item_blocks(_marker(node, number), inner)
        return pack(pieces)

    def _definitions_list(self, node: nodes.Element) -> list[Block]:
        pieces: list[Block] = []
        for item in node.children:
            heads = [
                c for c in item.children if not isinstance(c, (nodes.definition, nodes.field_body, nodes.description))
            ]
            head = self._head(heads)
            inner = [b for c in item.children if c not in heads for child in c.children for b in self.blocks(child)]
            pieces += definition_blocks(head, inner)
        return pack(pieces)

    def _head(self, heads: Iterable[nodes.Node]) -> str:
        names: list[str] = []
        for head in heads:
            if isinstance(head, nodes.option_group):
                names.append(_backticked(", ".join(option.astext() for option in head.children)))
            elif isinstance(head, nodes.classifier) and names:
                names[-1] += f" ({self.inline(head)})"
            else:
                names.append(self.inline(head))
        return ", ".join(name for name in names if name)

    def _lines(self, node: nodes.Element, indent: str = "") -> list[str]:
        lines: list[str] = []
        for child in node.children:
            if isinstance(child, nodes.line_block):
                lines += self._lines(child, indent + "  ")
            else:
                lines.append((indent + self.inline(child)).rstrip())
        return lines

    def _footnote(self, node: nodes.Element) -> list[Block]:
        """Return a note's blocks; only citations keep their label, as text refers to them by it."""
        label = next((child.astext() for child in node.children if isinstance(child, nodes.label)), "")
        if not isinstance(node, nodes.citation):
            label = ""
        body = [block for child in node.children if not isinstance(child, nodes.label) for block in self.blocks(child)]
        if body and body[0].kind == "prose" and label:
            body[0] = Block(f"[{label}] {body[0].text}")
        return body


def _block(text: str, kind: str) -> list[Block]:
    text = text.strip("\n").rstrip()
    if not text.strip():
        return []
    return [Block(text if kind in ("code", "signature") else text.strip(), kind)]  # pyrefly: ignore[bad-argument-type]


def _unplaced(message: nodes.system_message) -> list[Block]:
    """Return source that docutils could not place (errors, not warnings) as written."""
    if message.get("level", 0) < 3:
        return []
    lost = [child.astext() for child in message.children if isinstance(child, nodes.literal_block)]
    return [block for text in lost for block in _block(text, "code")]


def _marker(node: nodes.Element, number: int) -> str:
    if isinstance(node, nodes.bullet_list):
        return "- "
    numeral = item_number(number + node.get("start", 1), _NUMERALS.get(node.get("enumtype", ""), "1"))
    return f"{node.get('prefix', '')}{numeral}{node.get('suffix', '.') or '.'} "


def _backticked(text: str) -> str:
    return f"``{text}``" if "`" in text else f"`{text}`" if text.strip() else text


def parts_of(document: nodes.document) -> list[Part]:
    """Return the headings, with Sphinx's anchors, and the blocks of a whole tree in reading order."""
    _label_quotes(document)
    reader = TreeReader(document)
    parts: list[Part] = []
    label: str | None = None

    def walk(node: nodes.Node, depth: int) -> None:
        nonlocal label
        for child in node.children:
            if isinstance(child, nodes.section):
                heading = next((reader.heading(c) for c in child.children if isinstance(c, nodes.title)), "")
                if heading:
                    parts.append(Heading(depth, heading, label or next(iter(child["ids"]), None)))
                label = None
                walk(child, depth + 1)
            elif isinstance(child, nodes.target):
                label = child["ids"][0] if child["ids"] and not child.get("refuri") else label
            elif isinstance(child, nodes.container) and next(child.findall(nodes.section), None) is not None:
                parts.extend(labelled(child.get("label", ""), []))
                walk(child, depth)
            elif not isinstance(child, nodes.title):
                found = [block for block in reader.blocks(child) if block.text not in _TABLE_OF_CONTENTS]
                parts.extend(found)
                label = None if found else label

    walk(document, 1)
    return parts


def _label_quotes(document: nodes.document) -> None:
    """Join a short line and the indented text below it: many kernel pages write terms and meanings like this."""
    open_nodes: list[nodes.Element] = [document]
    while open_nodes:
        node = open_nodes.pop()
        kept: list[nodes.Node] = []
        for child in node.children:
            if isinstance(child, nodes.block_quote) and kept and (term := _term(kept[-1])):
                child["label"] = term
                kept.pop()
            kept.append(child)
            if isinstance(child, nodes.Element) and not isinstance(child, nodes.TextElement):
                open_nodes.append(child)
        if len(kept) < len(node.children):
            node.children = kept


def _term(node: nodes.Node) -> str:
    """Return a paragraph's text if it is one short line that ends without punctuation."""
    term = node.astext().strip() if isinstance(node, nodes.paragraph) and len(node.rawsource) <= 400 else ""
    return term if len(term) <= 60 and "\n" not in term and term[-1:] not in ".:;,!?" else ""
