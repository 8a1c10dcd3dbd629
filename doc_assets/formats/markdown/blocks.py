"""Headings and blocks of clean text from CommonMark, parsed by markdown-it.

Dialects are rewritten before (``dialects``, ``inline_marks``); ``outline`` makes the sections after.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from markdown_it import MarkdownIt
from markdown_it.token import Token
from mdit_py_plugins.deflist import deflist_plugin
from mdit_py_plugins.dollarmath import dollarmath_plugin

from doc_assets.document import Block, BlockKind
from doc_assets.formats.markdown.heading_ids import own_id, split_attributes
from doc_assets.formats.markdown.html_fragments import FragmentReader
from doc_assets.formats.markdown.html_islands import placeholder_number
from doc_assets.formats.markdown.inline_text import InlineReader
from doc_assets.formats.markdown.listing_titles import listing_title, read_cell
from doc_assets.formats.markdown.raw_html import (
    leads_back,
)
from doc_assets.formats.parts import Anchor, Heading, Part
from doc_assets.formats.table_grid import row_text
from doc_assets.formats.table_pieces import table_blocks

_MAX_NESTING = 100  # blocks in blocks; markdown-it drops deeper ones, so ``read`` checks the depth
_LIST_PIECE = 1_000  # characters, about 250 tokens: longer lists are split between items, as a chunk holds no more

_BLANK = frozenset(" \t\n")
_BLANK_LINES = re.compile(r"\A(?:[ \t]*\n)+")

_LOCAL_LINK = re.compile(r"\[[^\n]{0,300}\]\(#[^)\s]*\)")
_PERMALINK = re.compile(
    r"(?<=\S)[ \t]{0,9}\[(?:\\?#|¶|§|🔗|&para;)\]\(#(?P<target>[^\s()]{1,300})(?:[ ]\"[^\"]{0,300}\")?\)$"
)
_MIN_CONTENTS = 4  # links; fewer may be an answer
_OWN_BLOCKS = frozenset(
    ("fence", "code_block", "html_block", "math_block", "math_block_label", "table_open", "dl_open")
)
_VERBATIM: dict[str, BlockKind] = {
    "fence": "code",
    "code_block": "code",
    "math_block": "prose",
    "math_block_label": "prose",
}
_LISTS = frozenset(("bullet_list_open", "ordered_list_open", "dl_open"))
_TABLE_TAGS = re.compile(r"(?:</?(?:table|thead|tbody|tfoot|tr|td|th|caption)\b[^<>]*>\s*)+")


def _as_written(url: str) -> str:
    return url


def _any_link(url: str) -> bool:
    return True


def _parser(*, mdx: bool, definitions: bool) -> MarkdownIt:
    parser = MarkdownIt("commonmark", {"html": True, "maxNesting": _MAX_NESTING}).enable(["table", "strikethrough"])
    parser.use(dollarmath_plugin, allow_space=False, allow_digits=False)
    if definitions:
        parser.use(deflist_plugin)
    # Link targets are dropped later: normalising them took 5 % of the time.
    parser.normalizeLink = _as_written
    parser.validateLink = _any_link
    # ``inline_text`` parses each paragraph alone, so that a pathological one can be left out.
    parser.disable(["inline", "text_join"])
    return parser.disable(["code", "html_block"]) if mdx else parser


_PARSERS = {
    (mdx, definitions): _parser(mdx=mdx, definitions=definitions)
    for mdx in (False, True)
    for definitions in (False, True)
}


class MarkdownReader:
    """Reads one document.

    Args:
        mdx: Read MDX: no indented code, no raw HTML blocks.
        closed: Element names that the document closes (``raw_html.closed_names``).
        lifted: Parts removed by ``html_islands``, by the number in their placeholder.
        attributes: Whether braces at a heading's end hold attributes; rustdoc's dialect has none.
        definitions: Read definition lists (``definitions.holds_definitions``).
    """

    def __init__(
        self,
        *,
        mdx: bool,
        closed: frozenset[str],
        lifted: Sequence[Sequence[Part]],
        attributes: bool = True,
        definitions: bool = False,
    ) -> None:
        """Store the results of the earlier stages; see the class."""
        self._parser = _PARSERS[mdx, definitions]
        self._mdx = mdx
        self._closed = closed
        self._lifted = lifted
        self._attributes = attributes
        self._environment: dict = {}
        self._inline = InlineReader(self._parser, closed, self._environment).read
        self._out = FragmentReader()

    def read(self, text: str) -> list[Part] | None:
        """Return the parts in reading order, or None if the text is nested too deep to be read whole."""
        tokens = self._parser.parse(text, self._environment)
        if any(token.level >= _MAX_NESTING - 1 for token in tokens):
            return None
        i = 0
        while i < len(tokens):
            i = self._read_block(tokens, i)
        return self._out.finish()

    def _read_block(self, tokens: list[Token], i: int) -> int:
        """Read the block that starts at token ``i``, and return the index after it."""
        token = tokens[i]
        if token.type in ("bullet_list_open", "ordered_list_open"):
            return self._read_list(tokens, i)
        if token.type == "table_open":
            return self._read_table(tokens, i)
        if token.type == "dl_open":
            return self._read_definitions(tokens, i)
        if token.type == "heading_open":
            self._add_heading(int(token.tag[1]), tokens[i + 1].content, nested=token.level > 0)
            return i + 3
        if token.type == "inline":
            self._add_paragraph(token.content)
        elif token.type in _VERBATIM and "\x02" in token.content:
            self._add_around(token.content, _VERBATIM[token.type])
        elif token.type in ("fence", "code_block"):
            self._add_listing(token.info, token.content)
        elif token.type in ("math_block", "math_block_label"):
            self._add(f"$${token.content.rstrip()}$$", "prose")
        elif token.type == "html_block":
            self._out.feed(token.content, self._closed)
        return i + 1

    def _add(self, text: str, kind: BlockKind) -> None:
        if text[:1] in _BLANK:
            text = _BLANK_LINES.sub("", text)
        text = text.rstrip()
        if text:
            self._out.add(Block(text, kind))

    def _add_parts(self, parts: Sequence[Part]) -> None:
        for part in parts:
            self._out.add(part)

    def _add_around(self, content: str, kind: BlockKind) -> None:
        """Add code or a formula in which a directive or an element stood: what that gave, and the lines around it."""
        lines: list[str] = []
        for line in content.split("\n"):
            number = placeholder_number(line.strip())
            if number is None:
                lines.append(line)
                continue
            self._add("\n".join(lines), kind)
            lines.clear()
            self._add_parts(self._lifted[number])
        self._add("\n".join(lines), kind)

    def _add_listing(self, info: str, code: str) -> None:
        """Add a listing below its titles."""
        titles = [listing_title(info, mdx=self._mdx)]
        if info.startswith("{"):
            if info.startswith("{="):  # raw output: HTML is shown on the page, what is for other outputs is not
                if info.startswith("{=html"):
                    self._out.feed(code, self._closed)
                return
            cell = read_cell(info, code) if not info.startswith("{{") else None
            if cell and cell.hidden:
                return
            if cell:
                code = cell.code
                titles.extend(cell.titles)
        last = self._out.last
        for title in titles:
            # A tab or the paragraph before may have said it.
            if title and not (isinstance(last, Block) and last.text.rstrip(":") == title):
                self._add(title, "prose")
        self._add(code.rstrip(), "code")

    def _add_heading(self, level: int, content: str, *, nested: bool) -> None:
        explicit = None
        if self._attributes and (content.endswith(("}", "-->", "]")) or " :id=" in content):
            content, explicit = split_attributes(content, mdx=self._mdx)
        if content.endswith(")") and (permalink := _PERMALINK.search(content)):
            content, explicit = content[: permalink.start()], explicit or permalink["target"]
        text, anchor = self._inline(content, marks=False)
        text = " ".join(text.split())
        if text and nested:
            self._add(text, "prose")
        elif text:
            self._out.add(Heading(level, text, explicit or anchor))

    def _add_paragraph(self, content: str) -> None:
        number = placeholder_number(content)
        if number is not None:
            self._add_parts(self._lifted[number])
            return
        if not content:  # no-break spaces alone
            return
        first = content[0]
        if first == "<" and _TABLE_TAGS.fullmatch(content):  # MDX has no blocks of HTML
            self._out.feed(content)
            return
        if first == "{" and content[-1] == "}" and (own := own_id(content)) is not None:
            if own:
                self._out.add(Anchor(own))
            return
        if (
            first in ":T"
            and content.startswith((": ", "Table: "))
            and isinstance(last := self._out.last, Block)
            and last.kind == "table"
        ):
            content = split_attributes(content.partition(": ")[2])[0]  # a caption of Pandoc
        text, anchor = self._inline(content)
        if anchor and not text:
            self._out.add(Anchor(anchor))
        if not leads_back(text):
            self._add(text, "prose")

    def _read_table(self, tokens: list[Token], i: int) -> int:
        rows: list[str] = []
        cells: list[str] = []
        heads = 0
        while tokens[i].type != "table_close":
            token = tokens[i]
            if token.type == "inline":
                cells.append(" ".join(self._inline(token.content)[0].split()))
            elif token.type == "tr_close":
                rows.append(row_text(cells))
                cells = []
            elif token.type == "thead_close":
                heads = len(rows)
            i += 1
        self._add_parts(table_blocks(rows, heads))
        return i + 1

    def _read_list(self, tokens: list[Token], i: int) -> int:
        """Read a whole list, and return the index after it; listings and tables in it become blocks of their own."""
        base = tokens[i].level
        if contents_end := _contents_end(tokens, i):
            return contents_end
        lines: list[str] = []
        size = depth = 0
        marker = ""

        def cut() -> None:
            nonlocal size
            self._add("\n".join(lines), "list")
            lines.clear()
            size = 0

        while True:
            token = tokens[i]
            if token.type in ("bullet_list_open", "ordered_list_open"):
                depth += 1
            elif token.type in ("bullet_list_close", "ordered_list_close"):
                depth -= 1
                if token.level == base:
                    cut()
                    return i + 1
            elif token.type == "list_item_open":
                marker = f"{token.info}. " if token.info else "- "
                if size > _LIST_PIECE:
                    cut()
            elif token.type == "inline" and placeholder_number(token.content) is None:
                text, _ = self._inline(token.content)
                if text:
                    indent = "  " * (depth - 1)
                    lines.append(indent + (marker or "  ") + text.replace("\n", "\n" + indent + "  "))
                    size += len(lines[-1])
                    marker = ""
            elif token.type == "inline" or token.type in _OWN_BLOCKS:
                cut()
                i = self._read_block(tokens, i)
                continue
            i += 1

    def _read_definitions(self, tokens: list[Token], i: int) -> int:
        """Read a definition list, and return the index after it; other blocks in it become blocks of their own."""
        base = tokens[i].level
        lines: list[str] = []
        size = 0
        defines = False

        def cut() -> None:
            nonlocal size
            self._add("\n".join(lines), "list")
            lines.clear()
            size = 0

        i += 1
        while tokens[i].level != base or tokens[i].type != "dl_close":
            token = tokens[i]
            if token.type == "dt_open":
                if size > _LIST_PIECE:
                    cut()
                lines.append(self._inline(tokens[i + 1].content)[0].replace("\n", " "))
                size += len(lines[-1])
                defines = True
                i += 2
            elif token.type == "inline" and placeholder_number(token.content) is None:
                text = self._inline(token.content)[0].replace("\n", "\n  ")
                if defines and lines:
                    lines[-1] += f": {text}"
                elif text:
                    lines.append(f"  {text}")
                size += len(text)
                defines = False
            elif token.type in _OWN_BLOCKS or token.type == "inline" or token.type in _LISTS:
                cut()
                i = self._read_block(tokens, i)
                defines = False
                continue
            i += 1
        cut()
        return i + 1


def _contents_end(tokens: list[Token], i: int) -> int:
    """Return the index after the list at ``i`` if it is a table of contents (four links or more, all to this page).

    Such a list repeats the headings of the sections; for any other list, return 0.
    """
    level, links = tokens[i].level, 0
    for j in range(i, len(tokens)):
        token = tokens[j]
        if token.type == "inline":
            if not _LOCAL_LINK.fullmatch(token.content.strip()):
                return 0
            links += 1
        elif token.type in _OWN_BLOCKS:
            return 0
        elif token.level == level and token.type in ("bullet_list_close", "ordered_list_close"):
            return j + 1 if links >= _MIN_CONTENTS else 0
    return 0
