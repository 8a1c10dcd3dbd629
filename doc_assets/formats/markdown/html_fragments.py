"""Blocks of text from raw HTML inside Markdown, without tags, scripts, styles and comments.

Fragments are pieces (`</td><td>`), often broken: they are read in one pass without a tree, so that depth and missing
ends do not matter. Tables are in ``html_tables``. Whole pages are read by the package ``html``.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from dataclasses import dataclass

from doc_assets.document import Block
from doc_assets.formats.markdown.components import tab_label, words_of
from doc_assets.formats.markdown.html_tables import HtmlCell, HtmlTable
from doc_assets.formats.markdown.raised import KEY, RAISED_TAGS, RaisedText, write_keys
from doc_assets.formats.markdown.raw_html import (
    BREAKING_TAGS,
    INLINE_TAGS,
    alt_text,
    attributes_of,
    closed_names,
    is_markup,
    leads_back,
    strip_links,
)
from doc_assets.formats.numbering import Numerals, item_number
from doc_assets.formats.parts import Anchor, Heading, Part

_SKIPPED = "script|style|svg|template|title"

# The limit on quoted values bounds the steps that a stray quote costs at each "<".
_VALUE = r"""(?:[^<>"']|"[^"]{0,4000}"|'[^']{0,4000}')*"""
_TAG = re.compile(
    rf"<!--.*?(?:-->|\Z)|<(?P<skipped>{_SKIPPED})\b[^<>]*>.*?(?:</(?P=skipped)\s*>|\Z)"
    rf"|<!\[CDATA\[|\]\]>|<[!?][^<>]*>|<(?P<end>/?)(?P<name>[A-Za-z][\w.:-]*)(?P<attributes>(?:[\s/]{_VALUE})?)>",
    re.DOTALL | re.IGNORECASE,
)
_BOLD = re.compile(r"\*\*([^\s*][^*\n]{0,500})\*\*")
_SPACES = re.compile(r"[ \t\xa0]+")
_HEADINGS = frozenset(("h1", "h2", "h3", "h4", "h5", "h6"))
_CODE = frozenset(("code", "kbd", "samp", "tt"))
_LINE_ELEMENTS = frozenset(("div", "p", "li", "tr"))
# What highlighters put into listings beside the code.
_NOT_CODE = re.compile(
    r"\b(?:hljs-ln-numbers|linenos?|lineno|line-numbers?(?:-wrapper)?|lnt?|gutter|rouge-gutter|copy(?:-btn|-button)?)\b"
)
_NUMERALS: dict[str, Numerals] = {"a": "a", "A": "A", "i": "i", "I": "I"}
_MAX_LISTS, _MAX_TABLES = 20, 16
_LIST_PIECE = 1_000  # characters, about 250 tokens, as a chunk holds no more
# In the text collected: the start of an item, a step of indentation, the border between a term and its definition.
_ITEM, _STEP, _DEFINES = "\x05", "\x04", "\x06"
_MAX_COUNTED = 20  # lists of a document that count down, whose items are counted before they are read


def read_fragment(text: str, closed: frozenset[str] = frozenset()) -> list[Part]:
    """Return the parts of a piece of HTML in reading order.

    Args:
        text: HTML; starts and ends of elements may be missing.
        closed: Elements that the whole document closes (``closed_names``), if the fragment is a piece of one.
    """
    reader = FragmentReader()
    reader.feed(text, closed)
    return reader.finish()


@dataclass(slots=True)
class _List:
    """An open list."""

    tag: str
    number: int = 1
    step: int = 1
    numerals: Numerals = "1"

    def marker(self) -> str:
        """Return the marker of the next item."""
        if self.tag != "ol":
            return "- "
        self.number += self.step
        return f"{item_number(self.number - self.step, self.numerals)}. "


class FragmentReader:
    """Reads the pieces of HTML of one document, and takes what stands between them."""

    def __init__(self) -> None:
        """Start a document."""
        self._parts: list[Part] = []
        self._tables: list[HtmlTable] = []
        self._counted = 0
        self._start_piece()

    def _start_piece(self) -> None:
        self._buffer: list[str] = []
        self._raised = RaisedText(self._buffer)
        self._heading: int | None = None
        self._heading_anchor: str | None = None
        self._verbatim = False
        self._line_starts: list[int] = []  # of the open elements of a listing that are lines
        self._left_out: tuple[str, int] | None = None  # element of a listing that is no code, and where it started
        self._lists: list[_List] = []
        self._code: list[str] = []  # open elements of code
        self._undefined = False  # after a term

    @property
    def last(self) -> Part | None:
        """The last part that is not in a table."""
        return None if self._tables or not self._parts else self._parts[-1]

    def add(self, part: Part) -> None:
        """Add what stands between two pieces."""
        if self._tables:
            self._tables[-1].add(part)
        else:
            self._parts.append(part)

    def feed(self, text: str, closed: frozenset[str] = frozenset()) -> None:
        """Read a piece; see ``read_fragment``."""
        names = closed | closed_names(text)
        position = 0
        for match in _TAG.finditer(text):
            name = match["name"]
            if name and not is_markup(name, match["attributes"], names):
                continue  # text: stays in the next slice
            self._text(text[position : match.start()])
            position = match.end()
            if name:
                self._tag(name, bool(match["end"]), match["attributes"], text, position)
        self._text(text[position:])
        self._flush()
        while self._tables and not self._tables[-1].stated:
            self._end_table()
        self._start_piece()

    def finish(self) -> list[Part]:
        """Return all parts of the document in reading order."""
        while self._tables:
            self._end_table()
        return self._parts

    # Tags

    def _text(self, raw: str) -> None:
        if raw:
            self._buffer.append(html.unescape(raw) if "&" in raw else raw)

    def _tag(self, name: str, end: bool, raw: str, text: str, position: int) -> None:
        lower = name.lower()
        if lower == "pre":
            self._flush()
            self._verbatim = not end
        elif self._verbatim:
            self._tag_in_listing(lower, end, raw)
            return
        elif lower in ("table", "tr", "td", "th", "caption"):
            self._table_tag(lower, end, raw)
        elif lower in _HEADINGS:
            self._flush()
            self._heading = None if end else int(lower[1])
            self._heading_anchor = attributes_of(raw).get("id") if not end else None
        elif lower in _CODE and self._heading is None:
            self._code_tag(lower, end)
        elif lower in RAISED_TAGS:
            self._raised.close(lower) if end else self._raised.open(lower)
        elif lower in ("ul", "ol", "dl", "li", "dt", "dd") and self._heading is None:
            self._list_tag(lower, end, raw, text, position)
        elif lower == "br" or lower in BREAKING_TAGS:
            self._break_line(lower)
        elif lower == "a" and end:
            self._raised.close_link()
        if not end and "=" in raw:
            self._attributes(name, attributes_of(raw))

    def _tag_in_listing(self, name: str, end: bool, raw: str) -> None:
        """Keep the lines of a listing whose lines are elements, and leave out line numbers and buttons."""
        buffer = self._buffer
        if self._left_out:
            if end and name == self._left_out[0]:
                del buffer[self._left_out[1] :]
                self._left_out = None
        elif name == "br":
            buffer.append("\n")
        elif not end and (name == "button" or ("class" in raw and _NOT_CODE.search(raw))):
            self._left_out = (name, len(buffer))
        elif name in _LINE_ELEMENTS and not end:
            if buffer and not buffer[-1].endswith("\n"):
                buffer.append("\n")
            self._line_starts.append(len(buffer))
        elif name in _LINE_ELEMENTS and self._line_starts:
            start = self._line_starts.pop()
            if len(buffer) == start or not buffer[-1].endswith("\n"):
                buffer.append("\n")

    def _code_tag(self, name: str, end: bool) -> None:
        """Write one pair of marks around code, also where elements of code are nested (keys of a combination)."""
        if end:
            if self._code:
                self._code.pop()
            if self._code:
                return
        else:
            self._code.append(name)
            if len(self._code) > 1:
                return
        self._buffer.append(KEY if name == "kbd" else "`")

    def _table_tag(self, name: str, end: bool, raw: str) -> None:
        self._flush()
        if name == "table":
            self._lists.clear()
            if end and self._tables:
                self._end_table()
            elif not end and len(self._tables) < _MAX_TABLES:
                self._tables.append(HtmlTable(stated=True))
            return
        if not self._tables:
            self._tables.append(HtmlTable(stated=False))
        table = self._tables[-1]
        if name == "tr":
            table.start_row()
        elif name == "caption" or end:
            table.cell = None
        else:
            values = attributes_of(raw) if "span" in raw else {}
            table.start_cell(HtmlCell(name == "th", _span(values.get("colspan")), _span(values.get("rowspan"))))

    def _end_table(self) -> None:
        for part in self._tables.pop().finish():
            self.add(part)

    def _list_tag(self, name: str, end: bool, raw: str, text: str, position: int) -> None:
        depth = max(0, len(self._lists) - 1)
        if name in ("ul", "ol", "dl"):
            if not end:
                if not self._lists:
                    self._flush()
                if len(self._lists) < _MAX_LISTS:
                    self._lists.append(self._open_list(name, raw, text, position))
            elif self._lists:
                self._lists.pop()
                if not self._lists:
                    self._flush()
            self._buffer.append("\n")
        elif end:
            self._buffer.append("\n")
        elif name == "dd":
            self._buffer.append(_DEFINES if self._undefined else "\n")
            self._undefined = False
        elif name == "dt":
            self._undefined = True
            self._buffer.append(f"\n{_ITEM}{_STEP * depth}")
        else:
            inside = self._lists[-1] if self._lists else _List("ul")
            value = attributes_of(raw).get("value", "") if "value" in raw else ""
            if re.fullmatch(r"-?\d{1,6}", value):
                inside.number = int(value)
            self._buffer.append(f"\n{_ITEM}{_STEP * depth}{inside.marker()}")

    def _open_list(self, name: str, raw: str, text: str, position: int) -> _List:
        values = attributes_of(raw) if "=" in raw else {}
        start = values.get("start", "")
        number = int(start) if re.fullmatch(r"-?\d{1,6}", start) else 1
        step = 1
        if name == "ol" and re.search(r"\breversed\b", raw):
            step = -1
            self._counted += 1
            if not start and self._counted <= _MAX_COUNTED:
                number = _count_items(text, position)
        return _List(name, number, step, _NUMERALS.get(values.get("type", ""), "1"))

    def _break_line(self, name: str) -> None:
        if self._heading is not None:
            self._buffer.append(" ")
        elif name in ("br", "option") or self._lists:
            self._buffer.append("\n")
        else:
            self._flush()

    def _attributes(self, name: str, values: dict[str, str]) -> None:
        lower = name.lower()
        if lower == "a" and "href" in values:
            self._raised.open_link(values["href"])
        anchor = values.get("id") or (values.get("name") if lower == "a" else None)
        if anchor and self._heading is not None:
            self._heading_anchor = anchor
        elif anchor and lower in ("a", "span"):
            self.add(Anchor(anchor))
        if lower == "img":
            self._buffer.append(alt_text(values.get("alt", ""), values.get("src", "")))
        elif name[0].isupper() and lower not in INLINE_TAGS | BREAKING_TAGS:
            self._buffer.append("\n".join(words_of(name, values) or tab_label(name, values)) + "\n")

    # Writing

    def _flush(self) -> None:
        """End the open paragraph, list, heading or listing."""
        if not self._buffer:
            return
        raw = "".join(self._buffer)
        self._buffer.clear()
        self._raised = RaisedText(self._buffer)
        self._line_starts.clear()
        self._left_out = None
        self._code.clear()
        if self._verbatim:
            code = re.sub(r"\A(?:[ \t]*\n)+", "", raw).rstrip()
            if code:
                self.add(Block(code, "code"))
        elif self._heading is not None:
            words = " ".join(write_keys(strip_links(raw)).split())
            if words:
                self.add(Heading(self._heading, words, self._heading_anchor))
        else:
            for block in _paragraphs(raw):
                self.add(block)


def _count_items(text: str, position: int) -> int:
    """Return the number of items of the list that opens at ``position``, as a list that counts down starts there."""
    depth = count = 0
    for tag in re.compile(r"<(/?)(ol|ul|li)\b", re.IGNORECASE).finditer(text, position, position + 100_000):
        if tag[2].lower() == "li":
            count += depth == 0 and not tag[1]
        elif tag[1]:
            depth -= 1
            if depth < 0:
                break
        else:
            depth += 1
    return count


def _span(value: str | None) -> int:
    return int(value) if value and re.fullmatch(r"\s*\d{1,5}\s*", value) else 1


def _paragraphs(raw: str) -> Iterator[Block]:
    """Yield blocks of loose text with white space collapsed in lines and empty code marks dropped."""
    raw = write_keys(_BOLD.sub(r"\1", strip_links(raw)).replace("``", "").replace(f"{KEY}{KEY}", ""))
    terms = ""
    if _DEFINES in raw:
        defined_below = raw.rstrip().endswith(_DEFINES) and _ITEM in raw
        first, *others = raw.split(_DEFINES)
        raw = ": ".join([first.rstrip(), *(text.strip(" \t\n") for text in others[:-1]), others[-1].lstrip()])
        raw, terms = _without_open_terms(raw) if defined_below else (raw, "")
    lines: list[str] = []
    items = 0
    waits = ""  # the marker of an item whose words stand on the next line
    for line in raw.split("\n"):
        words = _SPACES.sub(" ", line).strip()
        if words.startswith(_ITEM):
            marker, text = _marker(words[1:])
            items += 1
            if text:
                lines.append(marker + text)
            waits = "" if text else marker
        elif waits and words:
            lines.append(waits + words.lstrip(_STEP))
            waits = ""
        elif words not in ("", "-"):
            lines.append(f"  {words}" if items else words)
    if lines and not (len(lines) == 1 and leads_back(lines[0])):
        yield from _pieces(lines, items)
    if terms:
        yield Block(terms)


def _without_open_terms(raw: str) -> tuple[str, str]:
    """Split off the terms at the end whose definition is Markdown after the piece of HTML: they introduce it."""
    lines = [line for line in raw.rstrip().split("\n") if line.strip()]
    first = len(lines) - 1
    while first and lines[first - 1].startswith(_ITEM) and ": " not in lines[first - 1]:
        first -= 1
    terms = [_SPACES.sub(" ", line).strip(f" {_ITEM}{_STEP}") for line in lines[first:]]
    return "\n".join(lines[:first]), "\n".join(filter(None, terms))


def _pieces(lines: list[str], items: int) -> Iterator[Block]:
    """Yield lines as a list or a paragraph; a long list in pieces between its items."""
    kind = "list" if items * 2 > len(lines) or (items and lines[0][:2] != "  ") else "prose"
    piece: list[str] = []
    size = 0
    for line in lines:
        if size > _LIST_PIECE and kind == "list" and not line.startswith("  "):
            yield Block("\n".join(piece), kind)
            piece, size = [], 0
        piece.append(line)
        size += len(line)
    yield Block("\n".join(piece), kind)


def _marker(item: str) -> tuple[str, str]:
    """Return an item's indentation with its marker, and its words."""
    text = item.lstrip(_STEP)
    indent = "  " * (len(item) - len(text))
    match = re.match(r"(?:-|[\w-]{1,12}\.)(?: |$)", text)
    return (indent + match[0].rstrip() + " ", text[match.end() :].strip()) if match else (indent, text)
