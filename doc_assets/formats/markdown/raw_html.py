"""Blocks of text from raw HTML inside Markdown, without tags, scripts, styles and comments.

Fragments are pieces (`</td><td>`), often broken: they are read in one pass without a tree, so that depth and missing
ends do not matter. Whole pages are read by the package ``html``.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator

from doc_assets.document import Block
from doc_assets.formats.parts import Anchor, Heading, Part

# fmt: off
_BREAKING = frozenset((
    "address", "article", "aside", "blockquote", "body", "center", "dd", "details", "div", "dl", "dt", "fieldset",
    "figcaption", "figure", "footer", "form", "h1", "h2", "h3", "h4", "h5", "h6", "head", "header", "hr", "html",
    "iframe", "legend", "li", "main", "menu", "nav", "ol", "optgroup", "option", "p", "picture", "pre", "search",
    "section", "select", "summary", "table", "tbody", "td", "tfoot", "th", "thead", "title", "tr", "ul", "video",
))
# fmt: on
# fmt: off
_INLINE = frozenset((
    "a", "abbr", "acronym", "audio", "b", "bdi", "bdo", "big", "br", "button", "cite", "code", "col", "colgroup",
    "data", "del", "dfn", "em", "embed", "font", "i", "img", "input", "ins", "kbd", "label", "link", "map", "mark",
    "meta", "meter", "nobr", "object", "output", "param", "picture", "progress", "q", "rp", "rt", "ruby", "s",
    "samp", "script", "slot", "small", "source", "span", "strike", "strong", "style", "sub", "sup", "svg",
    "template", "textarea", "time", "track", "tt", "u", "var", "wbr", "base", "caption", "area", "canvas",
))
# fmt: on
_SKIPPED = "script|style|svg|template|title"

# The limit on quoted values bounds the steps that a stray quote costs at each "<".
_VALUE = r"""(?:[^<>"']|"[^"]{0,4000}"|'[^']{0,4000}')*"""
_TAG = re.compile(
    rf"<!--.*?(?:-->|\Z)|<(?P<skipped>{_SKIPPED})\b[^<>]*>.*?(?:</(?P=skipped)\s*>|\Z)"
    rf"|<!\[CDATA\[|\]\]>|<[!?][^<>]*>|<(?P<end>/?)(?P<name>[A-Za-z][\w.:-]*)(?P<attributes>(?:[\s/]{_VALUE})?)>",
    re.DOTALL | re.IGNORECASE,
)
_ATTRIBUTE = re.compile(r"""([\w:-]+)\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'>]+))""")
_CLOSING = re.compile(r"</([A-Za-z][\w.:-]*)\s*>")
_LINK = re.compile(r"(!?)\[([^\[\]]*)\]\((?:[^()\s]|\([^()\s]*\)){0,2000}(?:\s+\"[^\"\n]*\")?\s*\)|(?<=\])\[[\w -]*\]")
_RETURN = re.compile(
    r"(?:[↩↑⬆⇧▲\ufe0f]\s*)*(?:parent|(?:back to )?(?:the )?top|back to contents)|[↩↑⬆⇧▲\ufe0f]+", re.IGNORECASE
)
_BOLD = re.compile(r"\*\*([^\s*][^*\n]{0,500})\*\*")
_SPACES = re.compile(r"[ \t\xa0]+")
_SHOWN = ("title", "caption", "label", "summary", "header", "heading")
_FILE_NAME = re.compile(r"[\w./-]+\.(?:png|jpe?g|gif|svg|webp)", re.IGNORECASE)
_BADGE = re.compile(r"badge|shields\.io|/workflows/|codecov|travis-ci|\.svg\?(?:branch|style)", re.IGNORECASE)
# fmt: off
_NO_ALT = frozenset((
    "alt", "text", "image", "img", "picture", "screenshot", "logo", "figure", "icon", "banner", "diagram", "badge",
    "alt text",
))
# fmt: on


def alt_text(alt: str, source: str) -> str:
    """Return the words that describe an image, or "" for badges, file names and words such as "image"."""
    words = " ".join(alt.split())
    if _BADGE.search(source[:500]) or not re.search(r"[^\W\d_]{2}", words):
        return ""
    named = " " not in words and re.search(r"[-_/.].*[-_/.]|\d{3}", words) is not None
    return "" if named or words.lower() in _NO_ALT or _FILE_NAME.fullmatch(words) else words


def leads_back(text: str) -> bool:
    """Return whether a paragraph only links to the top of the page or to the parent entry."""
    return len(text) < 40 and _RETURN.fullmatch(text) is not None


def strip_links(text: str) -> str:
    """Replace the Markdown links and images in raw text by their words."""
    return _LINK.sub(lambda m: "" if m[1] else m[2] or "", text) if "](" in text or "][" in text else text


def closed_names(text: str) -> frozenset[str]:
    """Return the names, as written, of elements that are closed somewhere in a text."""
    return frozenset(_CLOSING.findall(text))


def is_markup(name: str, attributes: str, closed: frozenset[str]) -> bool:
    """Return whether ``<name attributes>`` is a tag rather than text such as ``Vec<T>`` or ``<node-ip>``.

    HTML's elements are tags; others only if the document closes them, they close themselves or have ``key=value``.
    """
    if name.lower() in _BREAKING or name.lower() in _INLINE or name in closed:
        return True
    return "=" in attributes or attributes.rstrip().endswith("/")


def attributes_of(text: str) -> dict[str, str]:
    """Return the attributes by lower-case name, with entities resolved."""
    return {name.lower(): html.unescape(a or b or c) for name, a, b, c in _ATTRIBUTE.findall(text)}


def read_fragment(text: str, closed: frozenset[str] = frozenset()) -> list[Part]:
    """Return the parts of a piece of HTML in reading order.

    Args:
        text: HTML; starts and ends of elements may be missing.
        closed: Elements that the whole document closes (``closed_names``), if the fragment is a piece of one.
    """
    writer = _Writer()
    names = closed | closed_names(text)
    position = 0
    for match in _TAG.finditer(text):
        name = match["name"]
        if name and not is_markup(name, match["attributes"], names):
            continue  # text: stays in the next slice
        writer.text(text[position : match.start()])
        position = match.end()
        if name:
            writer.tag(name, bool(match["end"]), match["attributes"])
    writer.text(text[position:])
    return writer.finish()


class _Writer:
    """Collects text until a tag starts another block."""

    def __init__(self) -> None:
        self.parts: list[Part] = []
        self.buffer: list[str] = []
        self.rows: list[list[str]] | None = None
        self.heading: int | None = None
        self.heading_anchor: str | None = None
        self.verbatim = False

    def text(self, raw: str) -> None:
        if raw:
            self.buffer.append(html.unescape(raw))

    def tag(self, name: str, end: bool, raw: str) -> None:
        lower = name.lower()
        if lower == "pre":
            self.flush()
            self.verbatim = not end
        elif self.verbatim:
            return
        elif lower in ("table", "tr", "td", "th"):
            self.table_tag(lower, end)
        elif lower in ("h1", "h2", "h3", "h4", "h5", "h6") and self.rows is None:
            self.flush()
            self.heading = None if end else int(lower[1])
            self.heading_anchor = attributes_of(raw).get("id") if not end else None
        elif lower in ("code", "kbd", "samp", "tt") and self.heading is None:
            self.buffer.append("`")
        elif lower == "br" or lower in _BREAKING:
            self.break_line(lower, end)
        if not end and "=" in raw:
            self.attributes(name, attributes_of(raw))

    def table_tag(self, name: str, end: bool) -> None:
        if name == "table":
            self.flush_table() if end or self.rows is None else None
            self.rows = None if end else self.rows or []
            return
        if self.rows is None:
            self.flush()
            self.rows = []
        if name == "tr":
            self.end_cell()
            if not end and (not self.rows or self.rows[-1]):
                self.rows.append([])
        else:
            self.end_cell()

    def end_cell(self) -> None:
        """Add the text so far to the last row as a cell; between cells there is only white space."""
        cell = " ".join(_BOLD.sub(r"\1", strip_links("".join(self.buffer))).split())
        self.buffer.clear()
        if cell and self.rows is not None:
            if not self.rows:
                self.rows.append([])
            self.rows[-1].append(cell)

    def break_line(self, name: str, end: bool) -> None:
        if self.rows is not None or self.heading is not None:
            self.buffer.append(" ")
        elif name == "br" or name in ("dt", "dd", "li", "tr", "option"):
            self.buffer.append("\n- " if name == "li" and not end else "\n")
        else:
            self.flush()

    def attributes(self, name: str, values: dict[str, str]) -> None:
        anchor = values.get("id") or (values.get("name") if name == "a" else None)
        if anchor and self.heading is not None:
            self.heading_anchor = anchor
        elif anchor and name == "a" and self.rows is None:
            self.parts.append(Anchor(anchor))
        if name.lower() == "img":
            self.buffer.append(alt_text(values.get("alt", ""), values.get("src", "")))
        elif name[0].isupper() and name.lower() not in _INLINE | _BREAKING:
            self.buffer.append(" ".join(values[key] for key in _SHOWN if key in values) + "\n")

    def flush_table(self) -> None:
        self.end_cell()
        rows = [" | ".join(row) for row in self.rows or [] if row]
        if rows:
            single = all(len(row) <= 1 for row in self.rows or [])
            self.parts.append(Block("\n".join(rows), "prose" if single else "table"))
        self.rows = None

    def flush(self) -> None:
        if self.rows is not None:
            self.buffer.append(" ")
            return
        raw = "".join(self.buffer)
        self.buffer.clear()
        if self.verbatim:
            code = raw.strip("\n").rstrip()
            if code.strip():
                self.parts.append(Block(code, "code"))
            return
        if self.heading is not None:
            words = " ".join(strip_links(raw).split())
            if words:
                self.parts.append(Heading(self.heading, words, self.heading_anchor))
            return
        self.parts.extend(_paragraphs(raw))

    def finish(self) -> list[Part]:
        if self.rows is not None:
            self.flush_table()
        self.flush()
        return self.parts


def _paragraphs(raw: str) -> Iterator[Block]:
    """Yield blocks of loose text with white space collapsed in lines and empty code marks dropped."""
    lines = [
        _SPACES.sub(" ", line).strip() for line in _BOLD.sub(r"\1", strip_links(raw)).replace("``", "").split("\n")
    ]
    lines = [line for line in lines if line not in ("", "-")]
    if lines and not (len(lines) == 1 and leads_back(lines[0])):
        items = sum(1 for line in lines if line.startswith("- "))
        yield Block("\n".join(lines), "list" if items * 2 > len(lines) else "prose")
