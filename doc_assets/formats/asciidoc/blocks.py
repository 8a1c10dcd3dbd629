"""Reads lines to headings and blocks: what begins a block, what its style makes of it, how blocks nest.

Lists are read by ``lists``, tables by ``tables``, the head of a document by ``header``, words by ``inline``.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator, Sequence

from doc_assets.document import Block, BlockKind
from doc_assets.formats.asciidoc.attributes import Attributes, entry_of
from doc_assets.formats.asciidoc.block_attributes import LINE, BlockAttributes, values_of
from doc_assets.formats.asciidoc.delimiters import delimiter_of
from doc_assets.formats.asciidoc.inline import Inline
from doc_assets.formats.asciidoc.lines import Lines
from doc_assets.formats.asciidoc.lists import ListReader, item_of
from doc_assets.formats.asciidoc.references import References
from doc_assets.formats.asciidoc.tables import table_of
from doc_assets.formats.html.fragments import fragment_blocks
from doc_assets.formats.markdown.raw_html import alt_text
from doc_assets.formats.missing_includes import MissingIncludes
from doc_assets.formats.packing import labelled
from doc_assets.formats.parts import Heading, Part

MAX_NESTING = 16  # blocks in blocks; what is deeper is read as paragraphs

_HEADING = re.compile(r"(={1,6}|#{1,6})[ \t]+(\S.*?)(?:[ \t]+\1)?$")
_UNDERLINE = {"=": 0, "-": 1, "~": 2, "^": 3, "+": 4}
_HEADING_ID = re.compile(r"(.*?)[ ]?(?<!\\)\[\[([^\W\d][\w:.-]{0,200})(?:,[ ]*[^\]]*)?\]\]$")
_TITLE = re.compile(r"\.(\.?[^ \t.].*)$")
_NOTES = frozenset(("NOTE", "TIP", "IMPORTANT", "WARNING", "CAUTION"))
_NOTE = re.compile(r"(NOTE|TIP|IMPORTANT|WARNING|CAUTION):[ \t]+(?=\S)")
_MACRO = re.compile(r"([A-Za-z_][\w-]*)::(\S*|\S.*\S)\[(.*)\]$")
_BLANK_LINES = re.compile(r"\A(?:[^\S\n]*\n)+")
_RULE = re.compile(r"'{3,}$|<{3,}$|(?:-[ ]?-[ ]?-|\*[ ]?\*[ ]?\*)$")
_CALLOUT = re.compile(
    r"(?:[ \t]*(?://|#|--|;;|%)[ \t]?|[ \t]*<!--[ \t]?|(?<=\S)(?=<)|[ \t]+(?=<))((?:<(?:\d{1,3}|\.)>|[ ])+)"
    r"(?:[ \t]*-->)?$|<!--(\d{1,3})-->"
)
_NUMBER = re.compile(r"<(\d{1,3}|\.)>")
_LISTINGS = frozenset(("source", "listing", "literal", "pass"))
# Blocks of extensions whose content a reader sees as a picture: its source says what is in it.
_CODE_STYLES = frozenset((
    "listing", "literal", "source", "mermaid", "plantuml", "graphviz", "ditaa", "vega", "vegalite", "blockdiag",
    "seqdiag", "actdiag", "nwdiag", "wavedrom", "bytefield", "a2s", "svgbob", "c4plantuml", "d2", "erd", "nomnoml",
    "structurizr", "pikchr", "console", "subs",
))  # fmt: skip
_FORMULAS = frozenset(("stem", "latexmath", "asciimath"))
# Inline macros whose target begins with a colon, and an include that is escaped.
_NO_BLOCKS = frozenset((
    "include", "xref", "link", "mailto", "footnote", "kbd", "btn", "menu", "icon", "pass", "stem", "anchor", "label",
))  # fmt: skip
_WORDS = frozenset(("title", "caption", "alt", "text", "label", "description"))  # of macros that extensions define


class BlockReader:
    """Reads one document's lines, and those of blocks inside its blocks."""

    def __init__(
        self, attributes: Attributes, inline: Inline, references: References, missing: MissingIncludes
    ) -> None:
        """Store what the blocks of the document share; ``missing`` counts what is included by unknown macros."""
        self.attributes = attributes
        self.inline = inline
        self.references = references
        self._missing = missing
        self._lists = ListReader(self)

    def parts(self, lines: Lines, about: BlockAttributes | None = None) -> Iterator[Part]:
        """Yield the headings and blocks of a document's body in reading order, the first below ``about``."""
        while True:
            about = self.above(lines, about)
            if lines.peek() is None:
                return
            level = heading_level(lines)
            if level is not None:
                offset = lines.level_offset
                yield self._heading(lines, about, max(0, level + offset))
            else:
                yield from self.block(lines, about, 0)
            yield from self.notes()
            about = None

    def blocks(self, source: Sequence[str], depth: int) -> list[Block]:
        """Return the blocks inside of a block, of lines that the preprocessor has been through."""
        lines = Lines(source, self.attributes)
        found: list[Block] = []
        while True:
            about = self.above(lines)
            if lines.peek() is None:
                return found
            found += self.block(lines, about, depth)

    def notes(self) -> Iterator[Block]:
        """Yield the footnotes of what was read last."""
        while self.inline.notes:
            notes, self.inline.notes = self.inline.notes, []
            yield from map(Block, notes)

    def above(self, lines: Lines, about: BlockAttributes | None = None) -> BlockAttributes:
        """Go past blank lines, comments and attribute entries; return what the lines above the next block state."""
        about = about or BlockAttributes()
        while (line := lines.peek()) is not None:
            first = line[:1]
            if not line:
                lines.next()
            elif first == "/" and line.startswith("//"):
                if not skip_comment(lines, line):
                    break
            elif first == ":" and (entry := entry_of(line)) is not None:
                lines.next()
                self.define(entry, lines)
            elif first == "[" and LINE.match(line):
                lines.next()
                about.add_line(self.attributes.resolve(line))
            elif first == "." and (title := _TITLE.match(line)) and not delimiter_of(line):
                lines.next()
                about.title = title[1]
            else:
                break
        return about

    def define(self, entry: tuple[str, str | None], lines: Lines) -> None:
        """Set or unset an attribute, with the lines that continue its value."""
        name, value = entry
        if value is not None:
            pieces = [value]
            while pieces[-1].endswith(" \\") and (more := lines.peek()) is not None:
                forced = pieces[-1].endswith(" + \\")
                pieces[-1] = pieces[-1].removesuffix("\\").rstrip() + ("\n" if forced else "")
                pieces.append(more.strip())
                lines.next()
            value = " ".join(pieces) if len(pieces) > 1 else pieces[0]
            value = self.attributes.resolve(value)
            if value.startswith("pass:") and value.endswith("]"):
                value = self.inline.text(value)
        self.attributes.define(name, value)

    def _heading(self, lines: Lines, about: BlockAttributes, level: int) -> Heading | Block:
        text = take_heading(lines)
        explicit = about.id
        if text.endswith("]]") and (stated := _HEADING_ID.match(text)):
            text, explicit = stated[1], stated[2]
        words = self.inline.heading(text)
        anchor = self.references.heading_id(words, self.attributes, explicit)
        if about.id and about.reference:
            self.references.name(about.id, about.reference)
        if not words:
            return Block(text)
        return Heading(min(6, level + 1), words, anchor)

    def block(self, lines: Lines, about: BlockAttributes, depth: int, *, in_item: bool = False) -> list[Block]:
        """Return the blocks of the next block, whose first line is not blank.

        Args:
            lines: It comes next.
            about: The lines above it.
            depth: Blocks that it stands in.
            in_item: Whether the next item or ``+`` of a list ends its paragraph.
        """
        line = lines.peek() or ""
        if about.id:
            self.references.name(about.id, about.reference or self.inline.heading(about.title))
        if depth <= MAX_NESTING and (found := delimiter_of(line)) is not None:
            lines.next()
            kind, terminator = found
            return self._delimited(kind, line, lines.until(terminator), about, depth)
        if line[0] in " \t":
            if about.style not in ("normal",) and item_of(line) is None:
                return self._styled_listing(paragraph_of(lines, in_item=in_item), about, "literal")
        elif (macro := line[-1:] == "]" and _MACRO.match(line)) and (shown := self._macro(macro, about)) is not None:
            lines.next()
            return shown
        elif _RULE.match(line):
            lines.next()
            return []
        elif heading_level(lines) is not None:  # discrete, or in a block, where it opens no section
            return [Block(text)] if (text := self.inline.heading(take_heading(lines))) else []
        if about.style not in _LISTINGS and depth <= MAX_NESTING and item_of(line) is not None:
            return self.titled(self._lists.read(lines, about, depth), about)
        return self._paragraph(paragraph_of(lines, in_item=in_item), about)

    def _paragraph(self, source: list[str], about: BlockAttributes) -> list[Block]:
        style = about.style
        if not source:
            return []
        if style in _CODE_STYLES or style == "pass" or style in _FORMULAS:
            return self._styled_listing(source, about, "listing")
        if style == "comment":
            return []
        if style == "verse":
            return self._quoted([Block(self.inline.text("\n".join(source), keep_lines=True))], about)
        label = style if style in _NOTES else ""
        if not style and (note := _NOTE.match(source[0])):
            label, source = note[1], [source[0][note.end() :], *source[1:]]
        keep = (
            "hardbreaks" in about.options or "hardbreaks" in self.attributes or "hardbreaks-option" in self.attributes
        )
        text = self.inline.text("\n".join(line.strip() for line in source), keep_lines=keep)
        blocks = [Block(text)] if text else []
        if style == "quote":
            blocks = self._quoted(blocks, about)
        elif source[0][:1] == '"' and source[-1].startswith("-- ") and len(source) > 1:
            blocks = [Block(text.replace(" — ", "\n— ", 1))] if text else []
        return self._noted(blocks, label, about) if label else self.titled(blocks, about)

    def _delimited(self, kind: str, opening: str, source: list[str], about: BlockAttributes, depth: int) -> list[Block]:
        style = about.style
        if kind == "comment" or style == "comment":
            return []
        if kind == "fence":
            about.positional = ["source", opening.lstrip("`").strip()]
            return self._styled_listing(source, about, "listing")
        if kind in ("listing", "literal", "pass"):
            if style in ("verse", "normal"):
                return self._quoted([Block(self.inline.text("\n".join(source), keep_lines=True))], about)
            return self._styled_listing(source, about, kind)
        if kind == "table":
            return self.titled(table_of(opening, source, about, self, depth), about)
        if kind == "quote" and style == "verse":
            text = self.inline.text("\n".join(source), keep_lines=True)
            return self._quoted([Block(text)] if text else [], about)
        if kind == "open" and (style in _CODE_STYLES or style in _FORMULAS or style == "pass"):
            return self._styled_listing(source, about, "listing")
        blocks = self.blocks(source, depth + 1)
        if style in _NOTES:
            return self._noted(blocks, style, about)
        return self._quoted(blocks, about) if kind == "quote" or style == "quote" else self.titled(blocks, about)

    def _noted(self, blocks: list[Block], name: str, about: BlockAttributes) -> list[Block]:
        label = about.named.get("caption") or self.attributes.get(f"{name.lower()}-caption") or name.capitalize()
        if blocks and about.title:
            label = f"{label}: {self.inline.heading(about.title)}"
        return labelled(label, blocks) if blocks else self.titled([], about)

    def titled(self, blocks: list[Block], about: BlockAttributes) -> list[Block]:
        """Return blocks below the title that stands above them."""
        return labelled(self.inline.heading(about.title).rstrip(":."), blocks) if about.title else blocks

    def _quoted(self, blocks: list[Block], about: BlockAttributes) -> list[Block]:
        by = [self.inline.text(words) for words in (about.at(1), about.at(2)) if words]
        if by:
            blocks = [*blocks, Block("— " + ", ".join(by))]
        return self.titled([block for block in blocks if block.text.strip()], about)

    def _styled_listing(self, source: Sequence[str], about: BlockAttributes, kind: str) -> list[Block]:
        """Return a block whose lines are kept: a listing, a formula, or HTML that is passed through."""
        style = about.style
        text = "\n".join(source).strip("\n").rstrip()
        if style in _FORMULAS:
            is_latex = style == "latexmath" or (style == "stem" and self.attributes.get("stem") == "latexmath")
            text = f"$$\n{text}\n$$" if is_latex else text
            text = _BLANK_LINES.sub("", text).rstrip()
            return self.titled([Block(text)] if text else [], about)
        if kind == "pass" or style == "pass":
            if "subs" in about.named:
                text = self.inline.listing(text)
            return self.titled(fragment_blocks(text), about)
        if kind == "literal" and not style and text[:1] in " \t":
            text = textwrap.dedent(text)
        if about.named.get("indent", "").isdecimal():
            text = textwrap.dedent(text)
        code: BlockKind = "code"
        text = self._substituted(text, about.named.get("subs", ""))
        if "<" in text:
            text = with_callouts(text)
        text = _BLANK_LINES.sub("", text).rstrip()
        return self.titled([Block(text, code)] if text else [], about)

    def _substituted(self, text: str, stated: str) -> str:
        names = {name.strip("+ -") for name in stated.split(",") if name and not name.strip().startswith("-")}
        if names & {"quotes", "macros", "normal", "q", "m", "n"}:
            return self.inline.listing(text)
        return self.attributes.resolve(text) if names & {"attributes", "a"} else text

    def _macro(self, match: re.Match[str], about: BlockAttributes) -> list[Block] | None:
        """Return what a macro on a line of its own shows; None for what is none."""
        name, target, text = match.groups()
        positional, named = values_of(self.attributes.resolve(text))
        first = positional[0] if positional else ""
        about.title = about.title or named.get("title", "")
        if name in ("image", "video", "audio"):
            words = alt_text(named.get("alt") or (first if name == "image" else ""), self.attributes.resolve(target))
            blocks = [Block(self.inline.text(words))] if words else []
            if words and self.inline.heading(about.title).casefold() == blocks[0].text.casefold():
                blocks = []
            return self.titled(blocks, about)
        if name == "toc":
            return []
        if name in _NO_BLOCKS:
            return None
        if "include" in name:
            self._missing.miss(f"{name}::{target}")
            return []
        if not target and not text:
            return []
        shown = [first] if " " in first else []
        shown += [value for key, value in named.items() if key in _WORDS and key != "title"]
        return self.titled([Block(words) for value in shown if (words := self.inline.text(value))], about)


def heading_level(lines: Lines) -> int | None:
    """Return the level of the heading that the next line is, 0 for a document's title; None for another line."""
    line = lines.peek() or ""
    if line[:1] in ("=", "#"):
        match = _HEADING.match(line)
        return len(match[1]) - 1 if match else None
    if line[:1] == "." or not re.search(r"\w", line[:200]) or len(line) > 200:
        return None
    below = lines.following()
    mark = below[:1]
    if mark not in _UNDERLINE or below.strip(mark) or not -1 <= len(below) - len(line) <= 1 or len(below) < 2:
        return None
    return _UNDERLINE[mark]


def take_heading(lines: Lines) -> str:
    """Return the text of the heading that comes next, and go past it."""
    line = lines.next() or ""
    match = _HEADING.match(line)
    if match is None:
        lines.next()  # the line below
        return line
    return match[2]


def skip_comment(lines: Lines, line: str) -> bool:
    """Go past a comment or a block of comments; return False if the line is none."""
    if line.startswith("///"):
        if line.strip("/") or len(line) < 4:
            return False
        lines.next()
        lines.until(line)
        return True
    lines.next()
    return True


def paragraph_of(lines: Lines, *, in_item: bool = False) -> list[str]:
    """Return the lines up to a blank one or the beginning of another block, without comments."""
    taken: list[str] = []
    while (line := lines.peek()) is not None and line:
        if taken and (ends_paragraph(line) or (in_item and (line == "+" or item_of(line) is not None))):
            break
        lines.next()
        if not (line.startswith("//") and not line.startswith("///")):
            taken.append(line)
    return taken


def ends_paragraph(line: str) -> bool:
    """Return whether a line ends the paragraph above it without a blank line between them."""
    return (line[0] == "[" and LINE.match(line) is not None) or delimiter_of(line) is not None


def with_callouts(text: str) -> str:
    """Return a listing with the marks of its callouts as a page shows them, ``(1)``, without the comment around."""
    numbered = 0

    def shown(match: re.Match[str]) -> str:
        nonlocal numbered
        if match[2]:
            return f"({match[2]})"
        marks = []
        for number in _NUMBER.findall(match[1]):
            numbered = numbered + 1 if number == "." else int(number)
            marks.append(f"({numbered})")
        return " " + " ".join(marks) if marks else match[0]

    lines = text.split("\n")
    return "\n".join(_CALLOUT.sub(shown, line) if line.endswith(">") and "<" in line else line for line in lines)
