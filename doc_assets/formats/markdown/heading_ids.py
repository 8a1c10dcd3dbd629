"""Explicit ids of headings in the dialects of Markdown, and headings written as elements.

Attributes at a heading's end are those of Pandoc, Python-Markdown, kramdown, mdBook, Hugo, MyST and VitePress
(``{#id .class key=value}``, with a colon in some), of Docusaurus (also as a comment) and of Fumadocs (``[#id]``). Other
braces are text. ``blocks`` reads the headings; tags of Markdoc are in ``inline_marks``.
"""

from __future__ import annotations

import re

from doc_assets.formats.markdown.raw_html import attributes_of

_LONGEST = 400  # characters of a heading's end
_ITEM = r"""(?:\#[^\s{}\#]+|\.-?[^\W\d][\w:/.-]*|[\w:-]+=(?:"[^"{}]*"|'[^'{}]*'|[^\s"'{}]+)|[\w-]+|-)"""
_BRACES = re.compile(rf"(?<!\\)\{{(?P<colon>:?)[ \t]*(?P<items>{_ITEM}(?:[ \t]+{_ITEM})*)[ \t]*\}}[ \t]*$", re.VERBOSE)
_SHORT = re.compile(r"\{(?::[ \t]*)?#[^\s{}]+\}$")  # needs no space before it
_ESCAPED = re.compile(r"[ \t]*\\\{#([^\s{}\\]+)\\?\}[ \t]*$")
_DOCSIFY = re.compile(r"[ ]:id=([^\s:]{1,200})$")
_COMMENT = re.compile(r"[ \t]*<!--[ \t]*#([^\s<>{}]+)[ \t]*-->[ \t]*$")
# Fumadocs; a number alone is that of an issue.
_BRACKETS = re.compile(r"(?:[ \t]+\[#(?P<id>(?!\d+\])[^\s\[\]]+)\]|[ \t]+\[!?toc\]){1,2}[ \t]*$")
_KNOWN = re.compile(r"(?:id|class|style|title|lang|dir|role|tabindex|data-[\w-]+|markdown|number|unnumbered)=|-$")
_MDX_COMMENT = re.compile(
    r"^(?P<heading>(?:[ ]{0,3}\#{1,6}[ \t]|(?=[^\n]*\n[ ]{0,3}(?:=+|-+)[ \t]*$))[^\n]*?)"
    r"\{/\*[ \t]*\#(?P<id>[^\s{}*]+)[ \t]*\*/\}[ \t#]*$",
    re.MULTILINE | re.VERBOSE,
)
_ELEMENT = re.compile(
    r"(?P<line>^[^\n<]{0,200})?<(?P<name>[hH][1-6]|Heading)(?P<attributes>(?:\s[^<>]{0,1000})?)>"
    r"(?P<text>(?:(?!</?[hH][1-6]\b|</?Heading\b).){1,600}?)</(?P=name)\s*>",
    re.MULTILINE | re.DOTALL,
)
_LEVEL = re.compile(r"""\b(?:level|as|type|size|depth)\s*=\s*\{?\s*["'`]?[hH]?([1-6])\b""")
_ID = re.compile(r"""\bid\s*=\s*(?:\{\s*)?(?:"([^"]+)"|'([^']+)'|`([^`$]+)`)""")


def split_attributes(heading: str, *, mdx: bool = False) -> tuple[str, str | None]:
    """Return a heading's Markdown without attributes at its end, and the id that they state."""
    end = heading[-_LONGEST:].rstrip()
    if end.endswith("}"):
        escaped = _ESCAPED.search(end) if mdx else None  # as Docusaurus wants it since MDX 2
        if escaped:
            return heading.rstrip()[: -len(escaped[0])].rstrip(), escaped[1]
        braces = _BRACES.search(end)
        if braces and _are_attributes(braces, end):
            text = heading.rstrip()[: -(len(end) - braces.start())]
            return _without_closing(text), _stated(braces["items"])
    elif " :id=" in end and (docsify := _DOCSIFY.search(end)):
        return _without_closing(heading.rstrip()[: -len(docsify[0])]), docsify[1]
    elif end.endswith("-->") and (comment := _COMMENT.search(end)):
        return _without_closing(heading.rstrip()[: -len(comment[0])]), comment[1]
    elif end.endswith("]") and (brackets := _BRACKETS.search(end)):
        return _without_closing(heading.rstrip()[: -(len(end) - brackets.start())]), brackets["id"]
    return heading, None


def own_id(line: str) -> str | None:
    """Return the id in a line of attributes alone (``{: #id .class}``, ``{#id}``), "" for one without; else None."""
    braces = _BRACES.fullmatch(line.strip())
    return (_stated(braces["items"]) or "") if braces and _are_attributes(braces, "") else None


def mark_headings(prose: str, *, mdx: bool) -> str:
    """Rewrite headings of MDX into Markdown: ids in comments, ``<h2 id="…">``, ``<Heading level={3}>``."""
    if not mdx:
        return prose
    if "{/*" in prose:
        prose = _MDX_COMMENT.sub(lambda m: f"{m['heading'].rstrip()} {{#{m['id']}}}", prose)
    return _ELEMENT.sub(_as_markdown, prose) if "<h" in prose or "<H" in prose else prose


def _as_markdown(match: re.Match[str]) -> str:
    line = match["line"] or ""
    text = " ".join(match["text"].split())
    if not text or line.lstrip().startswith("|"):
        return match[0]
    stated = _LEVEL.search(match["attributes"])
    level = int(match["name"][1]) if match["name"][1:].isdigit() else int(stated[1]) if stated else 2
    found = _ID.search(match["attributes"])
    own = next((value for value in found.groups() if value), "") if found else ""
    return f"{line}\n\n{'#' * level} {text}{f' {{#{own}}}' if own and ' ' not in own else ''}\n\n"


def _are_attributes(braces: re.Match[str], end: str) -> bool:
    """Return whether braces hold attributes rather than words such as ``{poolId}``."""
    items = braces["items"]
    if braces["colon"]:
        return True
    if items.startswith("#") or " #" in items:
        return braces.start() == 0 or end[braces.start() - 1].isspace() or _SHORT.search(end) is not None
    spaced = braces.start() == 0 or end[braces.start() - 1].isspace()
    return spaced and (items.startswith(".") or " ." in items or _KNOWN.match(items) is not None)


def _stated(items: str) -> str | None:
    for item in re.findall(_ITEM, items, re.VERBOSE):
        if item.startswith("#"):
            return item[1:]
    return attributes_of(items).get("id")


def _without_closing(text: str) -> str:
    return re.sub(r"[ \t]+#+$", "", text.rstrip())
