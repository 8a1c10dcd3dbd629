"""HTML: the main content of a page, and of rustdoc's pages what is documented there."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from selectolax.lexbor import LexborHTMLParser, LexborNode

from benchmarks.renderings.markdown import FRONT_MATTER, TEMPLATE, markdown, shown_in_template
from benchmarks.renderings.rendering import Rendering
from benchmarks.renderings.tags import INLINE

_MAIN = "main, [role=main], #main-content, #main, article, div.body, div.document, #content"
_CHROME = ", ".join(
    (
        "script, style, noscript, template, nav, button, footer, form, svg, [hidden], [aria-hidden=true], .headerlink",
        ".boring, .toctree-wrapper, .footnote-reference, .footnote-definition-label, .sr-only, .visually-hidden",
        ".toc, #toc, .sphinxsidebar, .breadcrumb, .breadcrumbs",
    )
)
_RUSTDOC_CHROME = ", ".join(
    (
        "script, style, noscript, nav, button, rustdoc-toolbar, rustdoc-search, .src, .srclink, a.anchor, .doc-anchor",
        ".rightside, .out-of-band, .since, .tooltip, .notable-traits, .test-arrow, .scraped-example-list",
        ".more-scraped-examples, .hideme, .item-decl summary, pre summary, #copy-path, #layout, #layout + .docblock",
        "#synthetic-implementations, #synthetic-implementations-list, #blanket-implementations, #settings",
        "#blanket-implementations-list, .section-header, .small-section-header, #implementors-list",
        "#foreign-impls ~ details.implementors-toggle, #foreign-impls ~ section.impl, #implementations-list .impl",
        ".rustdoc-breadcrumbs, .non-exhaustive, .stab.unstable, #dyn-compatibility, #object-safety + *",
        ".dyn-compatibility-info",
    )
)
_TAG = re.compile(r"""</?([a-zA-Z][\w:-]*)(?:[^>"']|"[^"]*"|'[^']*')*>""")
_LEAST_OF_A_METHOD = 120  # characters of words on a trait's method; below, they say what the trait says
_NO_PAGE = ("<title>Redirection", "<title>List of all items")
_COMMENTS = re.compile(r"<!--.*?-->", re.DOTALL)


def page(source: str) -> Rendering:
    """Return the words of the main content of an HTML page."""
    if head := FRONT_MATTER.match(source):
        source = source[head.end() :]
    return _html(TEMPLATE.sub(shown_in_template, source), _MAIN, _CHROME)


def rustdoc_page(source: str) -> Rendering:
    """Return the words of rustdoc's page, without what docs/reading.md drops: blanket and lent implementations."""
    # Single quotes mark a sentence repeated from the trait, below a method without words of its own.
    source = re.sub(r"<div class='docblock'>.*?</div>", "", source, flags=re.DOTALL)
    lent = source.find('id="deref-methods-')
    if lent >= 0 and (end := source.find('id="trait-implementations', lent)) >= 0:
        source = source[: source.rfind("<h2", 0, lent)] + source[source.rfind("<h2", 0, end) :]
    return _html(source, "#main-content, section#main, #main", _RUSTDOC_CHROME, "#trait-implementations-list")


def _html(source: str, main: str, chrome: str, documented: str = "") -> Rendering:
    """Return the words of the main element without chrome; of elements ``documented`` their ``.docblock`` alone."""
    tree = LexborHTMLParser(source)
    root = tree.css_first(main) or tree.body
    if root is None:
        return Rendering("")
    for node in root.css(chrome):
        node.decompose()
    if documented:
        _keep_own_documentation(root, documented)
    markup = _COMMENTS.sub("", root.html or "")
    text = _text(markup)
    return Rendering(text, text)


def _keep_own_documentation(root: LexborNode, selector: str) -> None:
    """Leave the words on implementations for the page's own item; others are on the pages of their items."""
    heading = root.css_first("h1")
    name = re.split(r"\W+", heading.text().strip())[-1] if heading is not None else ""
    for listed in root.css(selector):
        kept = []
        for header in listed.css(".impl"):
            folded = header.parent.parent if header.parent is not None and header.parent.tag == "summary" else None
            first = header.css_first(".code-header") or header
            if folded is not None and re.search(rf" for (?:&|mut |'\w+ )*{name}\b", first.text()):
                kept += [docs.html or "" for docs in folded.css(".docblock") if _says_much(docs)]
        listed.replace_with(LexborHTMLParser("".join(kept)).body)


def _says_much(docs: LexborNode) -> bool:
    return docs.css_first("pre") is not None or len(docs.text().strip()) >= _LEAST_OF_A_METHOD


def _text(markup: str) -> str:
    return html.unescape(_TAG.sub(lambda tag: "" if tag[1].lower() in INLINE else " ", markup))


def rustdoc_crate(source: str, sources: Path) -> Rendering:
    """Return the words of rustdoc's own pages of a crate in JSON, if a source has those of its version; else its docs.

    Args:
        source: The JSON.
        sources: Folder of the sources of one type.
    """
    crate = json.loads(source)
    name = crate["index"][str(crate["root"])]["name"]
    version = f'class="version">{crate["crate_version"]}<'
    types = {
        f"{kind}.{item['name']}.html"
        for item in crate["index"].values()
        for kind in ("struct", "enum", "trait")
        if item.get("crate_id") == 0 and kind in item["inner"]
    }
    for front in sorted(sources.glob(f"*/{name}/index.html")):
        files = sorted(front.parent.rglob("*.html"))
        if version in _read(front) and 2 * len(types & {file.name for file in files}) > len(types):
            read = [text for text in map(_read, files) if not any(mark in text for mark in _NO_PAGE)]
            pages = [rustdoc_page(text) for text in read]
            return Rendering("\n".join(one.text for one in pages), "\n".join(one.code for one in pages))
    return rustdoc_json(source)


def _read(file: Path) -> str:
    return file.read_text(encoding="utf-8", errors="replace")


def rustdoc_json(source: str) -> Rendering:
    """Return the words of the documentation of every item of the crate itself."""
    items: Iterable[dict[str, Any]] = json.loads(source)["index"].values()
    pages = [markdown(item["docs"]) for item in items if item.get("docs") and item.get("crate_id") == 0]
    return Rendering("\n".join(one.text for one in pages), "\n".join(one.code for one in pages))
