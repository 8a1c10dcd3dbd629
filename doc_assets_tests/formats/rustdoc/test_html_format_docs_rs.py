"""Pages of docs.rs, which puts rustdoc's page into a frame of its own, read as rustdoc's own pages."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from doc_assets.document import Document
from doc_assets.errors import DocumentSkipped
from doc_assets.formats.base import RawFile
from doc_assets.formats.rustdoc.html_format import RustdocHtmlFormat

MENU = """<div class="nav-container"><div class="container"><form action="/releases/search"><a
    href="/" class="docsrs-logo"><span class="title">Docs.rs</span></a><ul class="pure-menu-list"><script
    id="crate-metadata" type="application/json">{"name": "frames", "version": "2.3.1"}</script><li
    class="pure-menu-item"><a class="crate-name"><span class="title">frames-2.3.1</span></a></li><li>Feature flags</li>
</ul></form></div></div>"""
TOP = """<script async src="/-/static/menu.js"></script><iframe src="/-/storage-change-detection.html"></iframe><a
    class="skip-main-content" href="#main-content">Skip to main content</a><rustdoc-topbar><h2><a href="#">Crate
    frames</a></h2></rustdoc-topbar>"""


def page(kind: str, main: str, title: str = "framed in frames::ring - Rust") -> str:
    return f"""<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><meta name="generator" content="rustdoc">
<title>{title}</title><meta name="rustdoc-vars" data-current-crate="frames" data-rustdoc-version="1.97.0"></head>
<body class="rustdoc {kind}"><nav class="sidebar"><div class="sidebar-crate"><h2><a>frames</a><span
    class="version">2.3.1</span></h2></div></nav><main><div class="width-limiter"><section id="main-content"
    class="content">{main}</section></div></main></body></html>"""


def heading(label: str, name: str) -> str:
    return f"""<div class="main-heading"><div class="rustdoc-breadcrumbs"><a>frames</a>::<wbr><a>ring</a></div>
<h1>{label} <span>{name}</span>&nbsp;<button id="copy-path">Copy item path</button></h1></div>
<pre class="rust item-decl"><code>declared</code></pre><details class="top-doc" open><summary
    class="hideme"><span>Expand description</span></summary><div class="docblock"><p>Told.</p></div></details>"""


def _wrapped(html: str, opening: str) -> str:
    """Return what the site makes of a page: its body becomes an element in another one, behind a menu."""
    body = re.search(r'<body class="([^"]*)">', html)
    assert body
    framed = html.replace(body[0], opening.format(classes=body[1], menu=MENU) + TOP)
    return framed.replace("</body>", "</div></body>")


def now(html: str) -> str:
    return _wrapped(
        html,
        '<body class="rustdoc-page">{menu}<div class="{classes} container-rustdoc" id="rustdoc_body_wrapper"'
        ' tabindex="-1">',
    )


def of_2021(html: str) -> str:
    return _wrapped(html, '<body>{menu}<div class="{classes}" container-rustdoc="" id="rustdoc_body_wrapper">')


def of_2019(html: str) -> str:
    return _wrapped(html, '<body>{menu}<div class="{classes} container-rustdoc">')


def without_classes(html: str) -> str:
    return _wrapped(html, '<body class="rustdoc-page">{menu}<div id="rustdoc_body_wrapper">')


FRAMES = [now, of_2021, of_2019, without_classes]
ITEMS = [
    ("struct", "Struct", "Struct frames::ring::framed", "struct"),
    ("attr", "Attribute Macro", "Attribute Macro frames::ring::framed", "attr"),
    ("derive", "Derive Macro", "Derive Macro frames::ring::framed", "derive"),
    ("macro", "Macro", "Macro frames::ring::framed", "macro"),
    ("fn", "Function", "Function frames::ring::framed", "fn"),
    ("type", "Type Alias", "Type Alias frames::ring::framed", "type"),
    ("traitalias", "Trait Alias", "Trait Alias frames::ring::framed", "trait_alias"),
    ("constant", "Constant", "Constant frames::ring::framed", "constant"),
]


def read(html: str, path: str = "frames/ring/item.framed.html") -> Document:
    reader, file = RustdocHtmlFormat(), RawFile(path, html.encode())
    assert reader.accepts(file)
    (document,) = reader.parse(file)
    return document


@pytest.mark.parametrize("frame", FRAMES)
@pytest.mark.parametrize(("kind", "label", "title", "item_kind"), ITEMS, ids=[item[0] for item in ITEMS])
def test_a_page_in_the_frame_reads_as_the_page(
    frame: Callable[[str], str], kind: str, label: str, title: str, item_kind: str
) -> None:
    own = page(kind, heading(label, "framed"))
    document = read(frame(own))
    assert document == read(own)
    assert document.title == title
    assert document.metadata == {
        "crate": "frames",
        "crate_version": "2.3.1",
        "item_kind": item_kind,
        "item_path": "frames::ring::framed",
    }


@pytest.mark.parametrize("frame", FRAMES)
def test_the_root_of_a_crate_in_the_frame_is_a_crate(frame: Callable[[str], str]) -> None:
    own = page("mod crate", '<div class="main-heading"><h1>Crate <span>frames</span></h1></div><p>Told.</p>', "frames")
    document = read(frame(own), "frames/index.html")
    assert (document.title, document.metadata["item_kind"]) == ("Crate frames", "crate")


LINES = {
    "1.86 and later": '<pre class="rust"><code><a href=#1 id=1 data-nosnippet>1</a>pub struct A;\n</code></pre>',
    "before": '<pre class="src-line-numbers"><a href="#1" id="1">1</a></pre><pre class="rust"><code>x</code></pre>',
}


@pytest.mark.parametrize("frame", FRAMES)
@pytest.mark.parametrize("lines", LINES.values(), ids=LINES.keys())
def test_sources_in_the_frame_are_skipped(frame: Callable[[str], str], lines: str) -> None:
    main = f'<div class="main-heading"><h1>frames/<wbr>ring.rs</h1></div><div class="example-wrap">{lines}</div>'
    with pytest.raises(DocumentSkipped, match="source code"):
        read(frame(page("src", main, "ring.rs - source")), "src/frames/ring.rs.html")


@pytest.mark.parametrize("label", ["Attribute", "Keyword", "Primitive Type"])
def test_what_stands_in_no_module_has_no_path_before_its_name(label: str) -> None:
    kind = label.partition(" ")[0].lower()
    assert read(page(kind, heading(label, "inline"))).metadata["item_path"] == "inline"
