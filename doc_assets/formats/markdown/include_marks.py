"""Includes that one line or tag of prose writes: VitePress, MkDocs' plug-ins, GitBook, Docs of Microsoft, FastAPI.

What they name becomes a page's text or a listing; what is missing is removed and counted. In listings a mark whose file
is not found stays, as the listing may show the notation. The files come through ``partials``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Protocol

from doc_assets.formats.excerpt import clip
from doc_assets.formats.markdown.containers import attributes_of
from doc_assets.formats.markdown.fences import outside_fences
from doc_assets.formats.outline import slug

_MARK = re.compile(
    # VitePress: <!--@include: ./part.md#region{1,3}-->, <<< @/code.js#region{2 js} [Label]
    r"(?<!`)<!--[ \t]*@include:[ \t]*(?P<page>[^\s#{}<>]{1,300})(?:\#(?P<section>[\w-]+))?"
    r"(?:\{(?P<range>[\d,]*)\})?[ \t]*-->"
    r"|^(?P<lead>[ \t]*)<<<[ \t]+(?P<code>[^\s#{}\[\]<>]{1,300})(?:\#(?P<region>[\w-]+))?(?P<meta>[ \t]*\{[^{}\n]*\})?"
    r"(?:[ \t]*\[(?P<label>[^\[\]\n]*)\])?[ \t]*$"
    # markdown-include and mdx_include: {!part.md!}, {! code.py [ln:1-3] !}, {!part.md!lines=1-3}; then FastAPI's:
    # {* code.py ln[1:3] hl[2] *}
    r"|(?<!`)\{!>?[ \t]*(?P<file>[^\s{}!\[\]]{1,300})[ \t]*"
    r"(?P<options>(?:\[[^\[\]\n]*\]|ln[^!\n]*|lines[^!\n]*)?)[ \t]*!"
    r"(?:lines=(?P<lines>[\d ,-]+))?\}"
    r"|(?<!`)\{\*[ \t]+(?P<example>[^\s{}*\[\]]{1,300})(?P<words>[^{}*\n]{0,200})\*\}"
    # include-markdown, Nunjucks, GitBook: {% include-markdown "part.md" start="…" heading-offset=1 %}
    r"|(?<![\{`])\{%-?[ \t\n]*include(?P<markdown>-markdown)?[ \t\n]+(?P<quote>[\"'])(?P<tag>[^\"'\n]{1,300})(?P=quote)"
    r"(?P<arguments>[^{}%]{0,1000})-?%\}"
    # VuePress and its theme Hope: @[code{3-10} js](./a.js), @include(./part.md)
    r"|^@\[code(?P<chosen>\{[\d,-]*\})?[^\[\]\n]{0,100}\]\((?P<vuecode>[^()\s]{1,300})\)[ \t]*$"
    r"|^@include(?:\([ \t]*|:[ \t]+)(?P<vuepage>[^()\s]{1,300})(?:[ \t]*\))?[ \t]*$"
    # Fumadocs: <include>./part.mdx#section</include>
    r"|<include\b[^<>]{0,200}>[ \t]*(?P<element>[^<>\s#]{1,300})(?:\#(?P<anchor>[\w-]+))?[ \t]*</include>"
    # GitLab: ::include{file=part.md}
    r"|^::include\{file=(?P<gitlab>[^\s{}]{1,300})\}[ \t]*$"
    # DocFX: [!INCLUDE [title](part.md)], [!code-python[Main](code.py#region?range=1-3)]
    r"|(?<!`)\[!(?P<docfx>include|code(?:-[\w#+]+)?)[ \t]*\[[^\[\]\n]{0,200}\]\((?P<path>[^()\s#?]{1,300})"
    r"(?:[#?](?P<part>[^()\s]{0,200}))?\)[ \t]*\]",
    re.MULTILINE | re.IGNORECASE,
)
_REGION = re.compile(r"(?P<end>end)?region\b[ \t]*(?P<name>[\w-]*)")
_HEADING = re.compile(r"(#{1,6})[ \t]+(.*?)[ \t#]*(?:\{[ \t]*#([\w-]+)[ \t]*\})?$")
_RANGE = re.compile(r"(?:range=|ln\[|\[ln:)?([\d:,\s-]+)")


Cut = Callable[[str], str | None]


class Files(Protocol):
    """What reads files for a page; a method returns None, and counts the file, if there is nothing to show."""

    def is_page(self, target: str) -> bool:
        """Return whether a path names Markdown."""
        ...

    def page_of(self, target: str, cut: Cut) -> str | None:
        """Return the text of the page at a path as written, or of the part that ``cut`` returns."""
        ...

    def listing_of(self, target: str, cut: Cut) -> str | None:
        """Return the lines of the file at a path as written, likewise."""
        ...

    def uncounted(self, show: Callable[[], str | None]) -> str | None:
        """Return what a function returns, without counting what it misses."""
        ...


def holds_marks(text: str) -> bool:
    """Return whether a text may hold a mark: a cheap test."""
    if "{!" in text or "{* " in text or "<<< " in text or "@[code" in text:
        return True
    if "[!" in text and ("[!INCLUDE" in text or "[!include" in text or "[!code" in text):
        return True
    return "include" in text and (
        "@include" in text
        or "</include>" in text
        or "::include{" in text
        or "include-markdown" in text
        or "% include" in text
    )


def expand_marks(text: str, files: Files) -> str:
    """Replace the marks in a text by what they name."""

    def in_prose(match: re.Match[str]) -> str:
        return _shown(match, files, listed=False) or ""

    def in_listing(match: re.Match[str]) -> str:
        found = files.uncounted(lambda: _shown(match, files, listed=True))
        return match[0] if found is None else found

    return outside_fences(text, lambda prose: _MARK.sub(in_prose, prose), lambda code: _MARK.sub(in_listing, code))


def _shown(match: re.Match[str], files: Files, *, listed: bool) -> str | None:
    """Return what stands for a mark, None if its file is missing."""
    target, options, region = _named(match)
    cut = _cutter(options, region)
    as_page = files.is_page(target) and not (match["code"] or match["example"] or match["vuecode"]) and not listed
    if as_page or match["page"] or match["markdown"]:
        text = files.page_of(target, cut)
        return None if text is None else f"\n\n{text}\n\n" if as_page else text
    text = files.listing_of(target, cut)
    if text is None or listed:
        return text
    lead = match["lead"] or ""
    title = f' title="{match["label"]}"' if match["label"] else ""
    language = target.rpartition(".")[2]
    lines = (f"{lead}~~~~~~~~ {language}{title}", *(lead + line for line in text.split("\n")), f"{lead}~~~~~~~~")
    return "\n\n" + "\n".join(lines) + "\n\n"


def _named(match: re.Match[str]) -> tuple[str, dict[str, str], str]:
    """Return the path, the options of ``excerpt.clip`` and the region that a mark names."""
    if match["tag"]:
        values = attributes_of(match["arguments"])
        named = {"start": "start-after", "end": "end-before"}
        return match["tag"], {new: values[old] for old, new in named.items() if old in values}, ""
    if match["docfx"]:
        part = match["part"] or ""
        if "range=" in part or "name=" in part:
            values = attributes_of(part.replace("&", " "))
            return match["path"], _lines(values.get("range", "")), values.get("name", "")
        return match["path"], {}, part
    target = match["page"] or match["gitlab"] or match["code"] or match["file"] or match["example"]
    target = target or match["vuecode"] or match["vuepage"] or match["element"]
    written = match["range"] or match["lines"] or match["options"] or match["words"] or match["chosen"] or ""
    if match["range"] and "," in written:  # {3,10}, {3,}: from, to
        written = written.replace(",", "-")
    elif match["words"]:
        at = written.find("ln[")
        written = written[at + 3 : written.find("]", at)] if at >= 0 else ""
    return (
        target.removeprefix("@").removeprefix("~"),
        _lines(written),
        match["section"] or match["region"] or match["anchor"] or "",
    )


def _lines(written: str) -> dict[str, str]:
    found = _RANGE.search(written)
    chosen = ",".join(found[1].replace(":", "-").replace(",", " ").split()) if found else ""
    return {"lines": chosen} if chosen.strip("-,") else {}


def _cutter(options: Mapping[str, str], region: str) -> Cut:
    def cut(text: str) -> str | None:
        chosen = _region(text, region) if region else text
        return clip(chosen, options, by_line=False) if chosen is not None and options else chosen

    return cut


def _region(text: str, name: str) -> str | None:
    """Return the lines between the marks of a region, or else a heading's part; None if there is neither."""
    kept: list[str] = []
    inside = False
    for line in text.split("\n"):
        mark = _REGION.search(line) if "region" in line else None
        if f"</{name}>" in line or (mark and inside and mark["end"] and mark["name"] in ("", name)):
            return "\n".join(kept)
        if f"<{name}>" in line or (mark and not mark["end"] and mark["name"] == name):
            inside = True
        elif inside and not mark:
            kept.append(line)
    return "\n".join(kept) if inside else _below_heading(text, name)


def _below_heading(text: str, name: str) -> str | None:
    kept: list[str] = []
    level = 0
    for line in text.split("\n"):
        heading = _HEADING.match(line) if line.startswith("#") else None
        if heading and level and len(heading[1]) <= level:
            break
        if heading and not level and name in (heading[3], slug(heading[2])):
            level = len(heading[1])
        if level:
            kept.append(line)
    return "\n".join(kept) if level else None
