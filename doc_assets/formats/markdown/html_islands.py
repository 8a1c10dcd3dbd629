"""Lifts whole pieces of raw HTML out of Markdown, as blank lines and indentation in them would read as Markdown.

A table whose cells hold Markdown (listings, paragraphs after a blank line) stays, but its tags lose their indentation.
"""

from __future__ import annotations

import html
import re
from dataclasses import dataclass, field

from doc_assets.formats.markdown.html_fragments import read_fragment
from doc_assets.formats.markdown.js_expressions import write_rows
from doc_assets.formats.markdown.raw_html import closed_names
from doc_assets.formats.parts import Part

_ISLAND = re.compile(r"^[ \t]*<(table|pre|script|style|svg)\b", re.MULTILINE | re.IGNORECASE)
# MDX has no blocks of HTML: lists are lifted there if they hold neither Markdown nor components.
_ISLAND_OF_MDX = re.compile(r"^[ \t]*<(table|pre|script|style|svg|ol|ul|dl)\b", re.MULTILINE | re.IGNORECASE)
_LISTS = frozenset(("ol", "ul", "dl"))
_HOLD_TEXT = _LISTS | {"table"}
_TEXT = re.compile(r"(?<!=)\{\s{0,20}(?:\"([^\"\n]*)\"|'([^'\n]*)'|`([^`\n]*)`)\s{0,20}\}")
_LITERAL = re.compile(r"=\{\s*(?:(\d{1,6})|\"([^\"{}]*)\"|'([^'{}]*)')\s*\}")
_MARKDOWN_ITEM = re.compile(
    r"[{}]|</?[A-Z]|\n[ \t]*\n[ \t]*(?!<)\S|(?<![\w*_`])[*_](?![*_\s])|^[ \t]*[-+*][ ]", re.MULTILINE
)
_MARKDOWN_CELL = re.compile(r"<t[dh]\b[^<>]*>[ \t]*\n[ \t]*\n[ ]{0,3}(?![ \t<\n])", re.IGNORECASE)
_TABLE_TAG = re.compile(r"^[ \t]+(?=</?(?:table|thead|tbody|tfoot|tr|td|th|caption)\b)", re.MULTILINE | re.IGNORECASE)
_TABLE_BORDER = re.compile(r"<(/?)table\b", re.IGNORECASE)
_PLACEHOLDER = re.compile("\x02(\\d+)\x02")


@dataclass(slots=True)
class HtmlIslands:
    """The pieces lifted out of one document, by the number in their placeholder."""

    mdx: bool = False
    parts: list[list[Part]] = field(default_factory=list)
    open_tables: int = 0  # at the end of the last stretch, as a listing in a cell ends it

    def lift(self, prose: str) -> str:
        """Move tables, preformatted text, scripts and drawings out of a stretch of prose; unclosed ones stay.

        Each leaves a paragraph that ``placeholder_number`` recognises.
        """
        if self.open_tables:
            return self._flat(prose)
        kept: list[str] = []
        position = 0
        lowered: str | None = None
        absent: set[str] = set()
        pattern = _ISLAND_OF_MDX if self.mdx else _ISLAND
        while match := pattern.search(prose, position):
            name = match[1].lower()
            lowered = lowered if lowered is not None else prose.lower()
            end = -1 if name in absent else _end_of(name, lowered, match.end()) if len(lowered) == len(prose) else -1
            if end < 0 and name == "table":
                kept.append(self._flat(prose[position:]))
                return "".join(kept)
            if end < 0:
                absent.add(name)
                kept.append(prose[position : match.end()])
                position = match.end()
                continue
            kept.append(prose[position : match.start()])
            piece = prose[match.start() : end]
            position = end
            indent = len(match[0]) - len(match[0].lstrip(" "))
            if name == "pre" and indent:  # of the list that it is in
                piece = re.sub(rf"^[ ]{{1,{min(indent, 20)}}}", "", piece, flags=re.MULTILINE)
            if self.mdx and "{" in piece and name in _HOLD_TEXT:
                piece = _TEXT.sub(lambda m: html.escape(m[1] or m[2] or m[3] or "", quote=False), piece)
            if self.mdx and "map(" in piece:
                piece = write_rows(piece, table=name == "table")
            if name in _LISTS:
                piece = _LITERAL.sub(lambda m: f'="{m[1] or m[2] or m[3] or ""}"', piece)
                if _MARKDOWN_ITEM.search(piece):
                    kept.append(prose[match.start() : end])
                    continue
            if name == "table" and _MARKDOWN_CELL.search(piece):
                kept.append(_TABLE_TAG.sub("", piece))
                continue
            kept.append(f"\n\n\x02{len(self.parts)}\x02\n\n")
            self.parts.append(read_fragment(piece, closed_names(piece)))
        return "".join(kept) + prose[position:] if kept else prose

    def _flat(self, prose: str) -> str:
        """Return a stretch in which a table is open, without the indentation of the tags of tables."""
        for border in _TABLE_BORDER.finditer(prose):
            self.open_tables = max(0, self.open_tables + (-1 if border[1] else 1))
        return _TABLE_TAG.sub("", prose)


def _end_of(name: str, text: str, start: int) -> int:
    """Return the end of the element opened before ``start``, counting nested ones of its name; -1 if unclosed."""
    depth = 1
    for tag in re.compile(rf"<(/?){name}\b[^<>]*>").finditer(text, start):
        depth += -1 if tag[1] else 1
        if not depth:
            return tag.end()
    return -1


def placeholder_number(text: str) -> int | None:
    """Return the index in ``parts`` if the paragraph is a placeholder of ``lift``."""
    match = _PLACEHOLDER.fullmatch(text.strip()) if "\x02" in text else None
    return int(match[1]) if match else None
