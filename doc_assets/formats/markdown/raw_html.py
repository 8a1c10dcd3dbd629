"""Tags of raw HTML inside Markdown: which are markup, their attributes, the words of images and links.

``html_fragments`` makes blocks of them. Whole pages are read by the package ``html``.
"""

from __future__ import annotations

import html
import re

# fmt: off
BREAKING_TAGS = frozenset((
    "address", "article", "aside", "blockquote", "body", "center", "dd", "details", "div", "dl", "dt", "fieldset",
    "figcaption", "figure", "footer", "form", "h1", "h2", "h3", "h4", "h5", "h6", "head", "header", "hr", "html",
    "iframe", "legend", "li", "main", "menu", "nav", "ol", "optgroup", "option", "p", "picture", "pre", "search",
    "section", "select", "summary", "table", "tbody", "td", "tfoot", "th", "thead", "title", "tr", "ul", "video",
))
# fmt: on
# fmt: off
INLINE_TAGS = frozenset((
    "a", "abbr", "acronym", "audio", "b", "bdi", "bdo", "big", "br", "button", "cite", "code", "col", "colgroup",
    "data", "del", "dfn", "em", "embed", "font", "i", "img", "input", "ins", "kbd", "label", "link", "map", "mark",
    "meta", "meter", "nobr", "object", "output", "param", "picture", "progress", "q", "rp", "rt", "ruby", "s",
    "samp", "script", "slot", "small", "source", "span", "strike", "strong", "style", "sub", "sup", "svg",
    "template", "textarea", "time", "track", "tt", "u", "var", "wbr", "base", "caption", "area", "canvas",
))
# fmt: on
_ATTRIBUTE = re.compile(r"""([\w:-]+)\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'>]+))""")
_CLOSING = re.compile(r"</([A-Za-z][\w.:-]*)\s*>")
_LINK = re.compile(r"(!?)\[([^\[\]]*)\]\((?:[^()\s]|\([^()\s]*\)){0,2000}(?:\s+\"[^\"\n]*\")?\s*\)|(?<=\])\[[\w -]*\]")
_RETURN = re.compile(
    r"(?:[↩↑⬆⇧▲\ufe0f]\s*)*(?:parent|(?:back to )?(?:the )?top|back to contents)|[↩↑⬆⇧▲\ufe0f]+", re.IGNORECASE
)
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
    if name.lower() in BREAKING_TAGS or name.lower() in INLINE_TAGS or name in closed:
        return True
    return "=" in attributes or attributes.rstrip().endswith("/")


def attributes_of(text: str) -> dict[str, str]:
    """Return the attributes by lower-case name, with entities resolved."""
    return {name.lower(): html.unescape(a or b or c) for name, a, b, c in _ATTRIBUTE.findall(text)}
