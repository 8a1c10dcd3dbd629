"""Listings as their tools write them: line by line in elements, with numbers, prompts and buttons that are not code.

A line is an element that a browser begins on a line of its own (blocks, rows of tables, ``<br>``), or one that is named
a line (``token-line``, ``ec-line``, ``data-line``). What stands beside the code is known by its content: numbers alone.
"""

from __future__ import annotations

import re
from itertools import pairwise

from selectolax.lexbor import LexborNode

from doc_assets.document import clean_text
from doc_assets.formats.html.tree import below, children, classes, collapsed, verbatim, visit

# Line numbers by name; each is removed only if it holds nothing but digits. Prism calls the listing itself so.
_NUMBER_NAMES = frozenset((
    "linenos", "lineno", "linenodiv", "ln", "lnt", "line-number", "line-numbers", "line-numbers-rows",
    "line-numbers-wrapper", "hljs-ln-numbers", "gutter", "rouge-gutter", "blob-num", "source-line-no",
    "react-line-number",
))  # fmt: skip
_DIGITS = re.compile(r"[\d\s.:|\u2502]*")
# Inside of a listing, these are no code: buttons, hidden lines, tips, prompts that cannot be selected.
_BESIDE_NAMES = frozenset((
    "boring", "copybtn", "copy-btn", "copy-button", "copy-code-button", "twoslash-popup-container", "unselectable",
    "noselect", "select-none", "user-select-none", "no-select", "ttc",
))  # fmt: skip
_BESIDE_CODE = ", ".join((
    *(f".{name}" for name in (*_NUMBER_NAMES, *_BESIDE_NAMES)), "pre button", "pre clipboard-copy", "pre summary",
    "pre [role=tooltip]", '[style*="user-select"]', "[data-unselectable]", ".code-toolbar > .toolbar",
))  # fmt: skip
# What makes a listing more than its text: without one of these, the text is the listing.
_LINE_ELEMENTS = (
    "div, p, li, tr, br, pre pre, code + code, [data-line], span[class$=line], span[class*='line '], "
    'code[class*=line], span[style*="display:block"], span[style*="display: block"], span[style*="display:flex"]'
)
_LINE_NAME = re.compile(r"(?:[\w-]*[-_])?line(?:_\w+)?")
# Elements that are listings without ``<pre>``: Doxygen, SyntaxHighlighter, CodeMirror.
LISTINGS = frozenset(("fragment", "syntaxhighlighter", "CodeMirror-code", "cm-content"))
_BLOCKS = frozenset(("pre", "div", "p", "li", "tr", "ol", "ul", "table", "tbody", "thead", "figure", "section"))
_FRAMES = frozenset(("table", "tbody", "thead", "tr", "ol", "ul"))  # blanks in them are no text
_LISTING_ROWS = "td.blob-code, td.hljs-ln-code, td.js-file-line, td.code-line, td.codeline, td.line-content"
_NAMED_LANGUAGE = re.compile(r"(?:language|lang|highlight|brush|sourceCode|highlight-source)-([\w+#.-]+)")


def drop_beside_code(root: LexborNode, *, tables: bool) -> None:
    """Remove line numbers, buttons, hidden lines and prompts that cannot be selected from the listings of a tree.

    Args:
        root: Element that holds listings.
        tables: Whether it also holds tables.
    """
    for node in below(root, ".code-with-filename-file > pre"):  # Quarto's title of a listing
        node.replace_with(collapsed(node))
    for node in below(root, _BESIDE_CODE):
        names = frozenset(classes(node))
        if not _NUMBER_NAMES.isdisjoint(names):
            _drop_number(node, names)
        elif "boring" in names or "toolbar" in names or _in_listing(node):
            style = node.attributes.get("style") or ""
            if "user-select" not in style or re.search(r"user-select\s*:\s*none", style):
                (_bar_around(node) if node.tag == "button" else node).remove()
    if tables:
        _drop_gutters(root)


def _drop_number(node: LexborNode, names: frozenset[str]) -> None:
    if (names <= {"ln", "lnt"} and not _in_listing(node)) or not _DIGITS.fullmatch(node.text()):
        return
    following = node.next
    if "lineno" in names and following is not None and following.is_text_node:
        text = following.text_content or ""
        if text.startswith((" ", "\xa0")):  # Doxygen sets one blank between number and code
            following.replace_with(text[1:])
    node.remove()


def _bar_around(button: LexborNode) -> LexborNode:
    """Return the bar that a button is in, all of it in front of a listing's code ("bash", "Copy"), or itself."""
    node = button
    while node.parent is not None and node.parent.tag in ("div", "span", "header", "p"):
        node = node.parent
    parent = node.parent
    beside = parent is not None and parent.tag == "pre" and any(child.tag == "code" for child in children(parent))
    return node if beside and node.css_first("code") is None else button


def _in_listing(node: LexborNode) -> bool:
    parent = node.parent
    for _ in range(8):
        if parent is None:
            return False
        if parent.tag == "pre" or (parent.tag == "div" and not LISTINGS.isdisjoint(classes(parent))):
            return True
        parent = parent.parent
    return False


def _drop_gutters(root: LexborNode) -> None:
    """Remove the listing beside another one that holds nothing but rising numbers, under any name."""
    judged: set[int] = set()
    for cell in below(root, "td + td pre, td + td code"):
        row = cell.parent
        while row is not None and row.tag not in ("tr", "pre"):
            row = row.parent
        if row is None or row.mem_id in judged:
            continue
        judged.add(row.mem_id)
        first = next(children(row), None) if row.tag == "tr" else None
        if first is None or first.css_first("pre, code") is None:
            continue
        numbers = first.text().split()
        if numbers and all(n.isdecimal() for n in numbers) and numbers == [str(int(n)) for n in numbers]:
            values = [int(n) for n in numbers if len(n) < 9]
            if len(values) == len(numbers) and all(b == a + 1 for a, b in pairwise(values)):
                first.remove()


def holds_lines_of_code(table: LexborNode) -> bool:
    """Return whether the rows of a table are the lines of a listing (GitHub, highlightjs-line-numbers)."""
    return table.css_first(_LISTING_ROWS) is not None


def listing_text(node: LexborNode) -> str:
    """Return the text of a listing verbatim, each of its lines on one line."""
    if node.css_first(_LINE_ELEMENTS) is None:
        return verbatim(node)
    lines = _Lines(node)
    visit(node, lines.enter, lines.leave)
    text = clean_text("".join(lines.written)).replace("\xa0", " ")
    return re.sub(r"\A(?:[ \t]*\n)+", "", text).rstrip()


def named_language(node: LexborNode) -> frozenset[str]:
    """Return what a listing's element, its ``<code>`` and the element around it call its language, in lower case."""
    named: set[str] = set()
    for one in (node, node.css_first("code"), node.parent):
        if one is not None:
            values = one.attributes
            named.update(name.lower() for name in _NAMED_LANGUAGE.findall(values.get("class") or ""))
            named.update((values.get(key) or "").lower() for key in ("data-lang", "data-language", "lang"))
    return frozenset(named - {""})


def _has_own_text(listing: LexborNode) -> bool:
    return any(node.is_text_node and (node.text_content or "").strip() for node in listing.iter(include_text=True))


class _Lines:
    """Writes the text of a listing; an element that is a line starts and ends one."""

    def __init__(self, listing: LexborNode) -> None:
        self.written: list[str] = []
        self._due = False  # a line was ended: the next text starts another
        codes = [child for child in children(listing) if child.tag == "code"]
        self._code_is_line = len(codes) > 1 and not _has_own_text(listing)
        self._starts: list[int] = []  # of the open lines, in ``written``

    def enter(self, node: LexborNode) -> bool:
        if node.is_text_node:
            text = node.text_content or ""
            if text.strip() or node.parent is None or node.parent.tag not in _FRAMES:
                self._write(text)
            return False
        if not node.is_element_node:
            return False
        if node.tag == "br":
            self._write("\n")
            return False
        if self._is_line(node):
            self._start()
        return True

    def leave(self, node: LexborNode) -> None:
        if node.tag != "br" and self._is_line(node):
            self._end()

    def _is_line(self, node: LexborNode) -> bool:
        tag = node.tag or ""
        if tag in _BLOCKS:
            return True
        if tag in ("td", "th"):
            return False
        if tag == "code" and self._code_is_line:
            return True
        values = node.attributes
        if "data-line" in values:
            return True
        style = values.get("style")
        if style and re.search(r"display\s*:\s*(?:block|flex|grid)", style[:500]) and tag != "code":
            return True
        names = values.get("class")
        return bool(names and "line" in names and any(_LINE_NAME.fullmatch(name) for name in names.split()))

    def _write(self, text: str) -> None:
        if self._due and text:
            self._due = False
            if not text.startswith("\n"):
                if not text.strip():
                    self._due = True  # indentation of the markup between two lines
                    return
                self.written.append("\n")
        if text:
            self.written.append(text)

    def _start(self) -> None:
        if self._due or (self.written and not self.written[-1].endswith("\n")):
            self.written.append("\n")
        self._due = False
        self._starts.append(len(self.written))

    def _end(self) -> None:
        start = self._starts.pop()
        if not any(piece.strip() for piece in self.written[start:]):
            del self.written[start:]  # a blank that gives an empty line its height
        elif not self._due and self.written[-1].endswith("\n"):
            self.written[-1] = self.written[-1][:-1]  # the break inside the line is the one that ends it
        self._due = True
