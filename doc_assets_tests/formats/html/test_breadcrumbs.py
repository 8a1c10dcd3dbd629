"""Titles above a page from its own breadcrumbs, as themes of site generators write them."""

from __future__ import annotations

import pytest

from doc_assets.formats.base import RawFile
from doc_assets.formats.html.format import HtmlFormat

RTD = """<ul class="wy-breadcrumbs"><li><a href="../index.html" class="icon icon-home" aria-label="Home"></a></li>
<li class="breadcrumb-item"><a href="index.html">Tracing</a></li><li class="breadcrumb-item active">Kprobes</li>
<li class="wy-breadcrumbs-aside"><a href="x.rst.txt"> View page source</a></li></ul>"""
CLASSIC = """<div class="related" role="navigation"><h3>Navigation</h3><ul>
<li class="right"><a href="genindex.html">index</a></li>
<li class="nav-item nav-item-0"><a href="../index.html">Pumps 1.0 documentation</a> &#187;</li>
<li class="nav-item nav-item-1"><a href="index.html" accesskey="U">Tracing</a> &#187;</li>
<li class="nav-item nav-item-this"><a href="">Kprobes</a></li></ul></div>"""
DOCUSAURUS = """<nav class="theme-doc-breadcrumbs" aria-label="Breadcrumbs"><ul class="breadcrumbs">
<li class="breadcrumbs__item"><a aria-label="Home page" class="breadcrumbs__link" href="/"><svg></svg></a></li>
<li class="breadcrumbs__item"><span class="breadcrumbs__link">Guides</span></li>
<li class="breadcrumbs__item"><a href="/t"><span>Tracing</span></a></li>
<li class="breadcrumbs__item breadcrumbs__item--active"><span>Kprobes</span></li></ul></nav>"""
DOCSY = """<nav aria-label="breadcrumb" class="td-breadcrumbs"><ol class="breadcrumb">
<li class="breadcrumb-item"><a href="/docs/">Documentation</a></li>
<li class="breadcrumb-item active" aria-current="page">Kprobes</li></ol></nav>"""
DOXYGEN = """<div id="nav-path" class="navpath"><ul><li class="navelem"><a href="a.html">trace</a></li>
<li class="navelem"><a href="b.html">Kprobes</a></li></ul></div>"""


@pytest.mark.parametrize(
    ("trail", "parents"),
    [
        (RTD, ("Tracing",)),
        (CLASSIC, ("Pumps 1.0 documentation", "Tracing")),
        (DOCUSAURUS, ("Guides", "Tracing")),
        (DOCSY, ("Documentation",)),
        (DOXYGEN, ("trace",)),
        ("<p class='breadcrumb'>a / b</p>", ()),
        ("", ()),
    ],
)
def test_a_page_knows_the_titles_in_its_breadcrumbs_which_are_no_text(trail: str, parents: tuple[str, ...]) -> None:
    html = f"<html><body>{trail}<main><h1>Kprobes</h1><p>Words.</p></main></body></html>"
    [document] = HtmlFormat().parse(RawFile("trace/kprobes.html", html.encode()))
    assert (document.title, document.parents) == ("Kprobes", parents)
    assert [block.text for section in document.sections for block in section.blocks] == ["Words."]
