"""Documentation of an item in rustdoc JSON: CommonMark with tables and footnotes, and no other dialect.

Examples hide lines, and links name items instead of addresses. The notes above it are in ``item_notes``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from doc_assets.document import Block, clean_text
from doc_assets.formats.markdown.blocks import MarkdownReader
from doc_assets.formats.markdown.html_islands import HtmlIslands
from doc_assets.formats.markdown.inline_marks import drop_data_uris
from doc_assets.formats.markdown.raw_html import closed_names
from doc_assets.formats.parts import Heading, Part
from doc_assets.formats.rustdoc.items import Item

Resolve = Callable[[object], tuple[str, bool]]

_LONGEST_SUMMARY = 240  # characters of an item's summary in a module
# Examples stand in lists and quotes too.
_FENCE = re.compile(
    r"^[ \t]*+(?:(?:[-*+>]|\d{1,9}[.)])[ \t]++){0,8}+(`{3,}|~{3,})[ \t]*+([^`\n]*)$"
)  # also in lists and quotes
_FENCE_END = re.compile(r"^[ \t>]*+(`{3,}|~{3,})[ \t]*$")
_HIDDEN = re.compile(r"^[\s>]*#(?:\s|$)")
# fmt: off
_RUST = frozenset((
    "rust", "should_panic", "no_run", "ignore", "compile_fail", "edition2015", "edition2018", "edition2021",
    "edition2024", "standalone_crate",
))
# fmt: on
_NOTE = re.compile(r"[ ]{0,3}\[\^[^\]\s]{1,60}\]:[ \t]*")
_DEFINITION = re.compile(r"^ {0,3}\[([^\[\]\n]{1,200})\]:[ \t]*<?([^\s<>]{1,300})>?", re.MULTILINE)
# A run of code, which stays as written, or a link: its words, and its target if it has one.
_LINK = re.compile(
    r"(`{1,3})(?!`)[^\n]{1,300}?(?<!`)\1(?!`)"
    r"|(?<!\\)\[((?:[^\[\]\\`]|\\.|`[^`\n]{1,200}`|\[[^\[\]\n]{0,100}\]){1,300})\]"
    r"(?:\([ ]?<?([^()\s<>]{0,300}(?:\([^()\s]{0,100}\))?)>?(?:[ ]\"[^\"\n]{0,200}\")?[ ]?\)"
    r"|\[([^\[\]\n]{0,200})\])?(?![:\[(])"
)
_UNRESOLVED = re.compile(r"\[(`[^`\[\]\n]{1,200}`)\](?:\[[^\[\]\n]{0,200}\])?")
_NAMED = re.compile(r"(?:\w{2,12}@)?((?:\w+::)*\w+)(?:<[^<>]{0,100}>)?(\(\)|!)?")
# A paragraph without marks (one in seven) needs no Markdown parser.
_PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9 ,.;:'()/-]*")


def documentation(item: Item, resolve: Resolve, *, fold: bool = False) -> list[Part]:
    """Return an item's documentation as parts.

    Args:
        item: Item of the crate's index.
        resolve: Maps an id to an item's full path ("" if it has none), and whether it belongs to this crate.
        fold: Turn headings into paragraphs, so that the parts stay one section.
    """
    docs = item.get("docs")
    if not isinstance(docs, str) or not docs.strip():
        return []
    if _PLAIN.fullmatch(docs):
        return [Block(docs.rstrip())]
    docs = clean_text(docs)  # JSON can escape characters that its text may not contain
    given = item.get("links")
    links = given if isinstance(given, Mapping) else {}
    # Links that are not written out below lose their brackets through a definition.
    targets = [key for key in links if not set("[]\n") & set(key)]
    definitions = "".join(f"\n[{key}]: #" for key in targets)
    parts: list[Part] = []
    for part in _read(_prepared(docs, links, resolve, item.get("id")), definitions):
        if isinstance(part, Block) and part.kind != "code":
            parts.append(Block(_UNRESOLVED.sub(r"\1", part.text), part.kind))
        elif isinstance(part, Heading) and fold:
            parts.append(Block(part.text))
        elif isinstance(part, Block | Heading):
            parts.append(part)
    return parts


def first_sentence(item: Item, resolve: Resolve) -> str:
    """Return an item's summary in a module's table: the first paragraph, shortened if long."""
    docs = item.get("docs")
    if not isinstance(docs, str):
        return ""
    paragraph = docs.strip().split("\n\n", 1)[0]
    if _PLAIN.fullmatch(paragraph):
        words = paragraph
    else:
        shortened = {"docs": paragraph, "links": item.get("links"), "id": item.get("id")}
        parts = documentation(shortened, resolve)
        words = next((part.text for part in parts if isinstance(part, Block | Heading)), "")
    words = " ".join(words.split())
    return words if len(words) <= _LONGEST_SUMMARY else words[:_LONGEST_SUMMARY].rpartition(" ")[0] + " …"


def documented(item: Item, uses: Sequence[Item]) -> Item:
    """Return an item whose documentation starts with that of the re-exports that lead to it, as on rustdoc's pages."""
    said = [use for use in uses if isinstance(use.get("docs"), str) and use["docs"].strip()]
    if not said:
        return item
    docs = [str(one["docs"]) for one in (*said, item) if one.get("docs")]
    links = [one["links"] for one in (*said, item) if isinstance(one.get("links"), Mapping)]
    return {**item, "docs": "\n".join(docs), "links": {key: to for held in links for key, to in held.items()}}


def _read(stretches: list[tuple[bool, str]], definitions: str) -> list[Part]:
    """Return the parts of Markdown in stretches of code and text; plain paragraphs if it is nested too deep."""
    closed = closed_names("\n".join(text for _, text in stretches))
    islands = HtmlIslands()
    noted = 0
    pieces: list[str] = []
    for is_code, text in stretches:
        if not is_code:
            text, noted = _numbered_notes(text, noted) if "]:" in text and "[^" in text else (text, noted)
            text = islands.lift(drop_data_uris(text))
        pieces.append(text)
    reader = MarkdownReader(mdx=False, closed=closed, lifted=islands.parts, attributes=False)
    parts = reader.read("\n".join((*pieces, definitions, "")))
    if parts is not None:
        return parts
    return [Block(text.strip()) for _, stretch in stretches for text in stretch.split("\n\n") if text.strip()]


def _numbered_notes(text: str, number: int) -> tuple[str, int]:
    """Return Markdown with its footnotes as a numbered list, as rustdoc shows them, and the last number."""
    lines: list[str] = []
    for line in text.split("\n"):
        mark = _NOTE.match(line)
        if mark:
            number += 1
            # Only a list that starts with 1 may follow a paragraph directly.
            lines += [*([""] if lines and lines[-1].strip() and number == 1 else []), f"{number}. {line[mark.end() :]}"]
        else:
            lines.append(line)
    return "\n".join(lines), number


def _prepared(docs: str, links: Mapping[str, Any], resolve: Resolve, own: object) -> list[tuple[bool, str]]:
    """Return Markdown without the hidden lines of Rust examples (``# use …;``), and with links as words.

    Each stretch says whether it is code.
    """
    labels = {label.lower(): target for label, target in _DEFINITION.findall(docs) if target in links}
    written: set[str] = set()
    pieces: list[tuple[bool, str]] = []
    for is_code, text in _stretches(docs):
        if is_code or not links or "[" not in text:
            pieces.append((is_code, text))
            continue

        def words(match: re.Match[str]) -> str:
            if match[2] is None:
                return match[0]
            key = match[3] or match[4] or match[2]
            target = key if key in links else labels.get(key.lower())
            if target is None:
                return match[0]
            return _link_words(match[2], links[target], resolve, own, written)

        pieces.append((False, _LINK.sub(words, text)))
    return pieces


def _link_words(text: str, identity: object, resolve: Resolve, own: object, written: set[str]) -> str:
    """Return a link to an item as words: its full path in place of a part of it, and after any other words.

    Names of other crates' items stay as written: their known paths are those of the definition
    (``core::option::Option``), not those that users import.
    """
    full, is_local = resolve(identity)
    if not full or identity == own:
        return text
    named = _NAMED.fullmatch(text.replace("`", "").strip())
    if named and named[1].rpartition("::")[2] == full.rpartition("::")[2]:
        return f"`{full}{named[2] or ''}`" if is_local else text
    if full in written:
        return text
    written.add(full)
    return f"{text} (`{full}`)"


def _stretches(docs: str) -> Iterator[tuple[bool, str]]:
    """Yield stretches of the documentation: text, and fenced code without its hidden lines."""
    lines: list[str] = []
    fence = ""
    is_rust = False
    for line in docs.split("\n"):
        match = (_FENCE_END if fence else _FENCE).match(line)
        if fence:
            if match and match[1].startswith(fence):
                fence = ""
                yield True, "\n".join((*lines, line))
                lines = []
                continue
            if is_rust and _HIDDEN.match(line):
                continue
            if is_rust and line.lstrip().startswith("##"):
                line = line.replace("##", "#", 1)
        elif match:
            if lines:
                yield False, "\n".join(lines)
            lines = []
            fence = match[1]
            words = re.split(r"[,\s]+", match[2].strip())
            is_rust = all(word in _RUST or word.startswith("E0") for word in words if word)
        lines.append(line)
    if lines:
        yield bool(fence), "\n".join(lines)
