"""What of a page is content: by its place, not by its name; and which lines of the site go."""

from __future__ import annotations

import pytest

from doc_assets.document import Block
from doc_assets_tests.support.html_pages import blocks, headings, read, text


def _in(page: str) -> str:
    return text(f"<main><h1>Maps</h1><p>Maps keep data.</p>{page}<p>The end.</p></main>").removeprefix(
        "Maps keep data.\n"
    )


@pytest.mark.parametrize(
    "note",
    [
        '<aside class="sidebar"><p class="sidebar-title">Caution</p><p>Keys have 512 bytes.</p></aside>',
        '<div class="sidebar"><p class="sidebar-title">Caution</p><p>Keys have 512 bytes.</p></div>',
        '<aside aria-label="Caution" class="starlight-aside">'
        '<p class="starlight-aside__title" aria-hidden="true"><svg></svg>'
        'Caution</p><div class="starlight-aside__content"><p>Keys have 512 bytes.</p></div></aside>',
        '<div class="theme-admonition alert"><div class="admonitionHeading_G"><span><svg></svg></span>Caution'
        "</div><div>"
        "<p>Keys have 512 bytes.</p></div></div>",
        '<div class="warning custom-block"><p class="custom-block-title">Caution</p><p>Keys have 512 bytes.</p></div>',
        '<div class="markdown-alert"><p class="markdown-alert-title">Caution</p><p>Keys have 512 bytes.</p></div>',
        '<div class="alert alert-primary"><h4 class="alert-heading">Caution</h4><p>Keys have 512 bytes.</p></div>',
        '<div class="hint-container"><p class="hint-container-title">Caution</p><p>Keys have 512 bytes.</p></div>',
    ],
)
def test_a_note_is_content_whatever_it_is_called(note: str) -> None:
    assert _in(note) == "Caution: Keys have 512 bytes.\nThe end."


def test_a_sentence_around_a_link_is_no_navigation() -> None:
    aside = '<aside>See <a href="/rings">the guide to rings and buffers</a>.</aside>'
    assert _in(aside) == "See the guide to rings and buffers.\nThe end."
    note = '<aside class="callout-note"><a href="/a">Rings</a> <a href="/b">Buffers</a></aside>'
    assert _in(note) == "Rings Buffers\nThe end."


def test_the_lead_above_the_content_of_mintlify_stays() -> None:
    page = """<title>Start - Ring</title><div id="content-area"><header id="header"><div class="eyebrow">Guides</div><h1
      id="page-title">Start</h1><div><p>Open a ring.</p></div><button>Copy page</button></header><div
      id="content"><h2 id="a">
      <div><a href="#a" aria-label="Navigate to
      header">\u200b</a></div><span>First</span></h2><p>Text.</p></div></div>"""
    assert read(page).title == "Start"
    assert headings(page) == ["First"] and text(page) == "Open a ring.\nText."


@pytest.mark.parametrize(
    "navigation",
    [
        '<aside class="toc"><h2>On this page</h2><a href="#a">A</a> <a href="#b">B</a></aside>',
        '<div class="right-sidebar"><p>Related</p><ul><li><a href="/a">Queues</a><li><a href="/b">Arrays</a>'
        "</ul></div>",
        '<ol class="breadcrumb-list"><li><a href="/">Home</a></li><li><a href="/d">Docs</a></li></ol>',
        '<div class="bd-breadcrumbs"><a href="/">Home</a> / <a href="/d">Docs</a></div>',
        '<div class="page-nav"><a href="/a">Queues</a><a href="/b">Arrays</a></div>',
        '<a rel="prev" href="/a">Queues</a><a rel="next" href="/b">Arrays</a>',
        '<div role="contentinfo">Built with Sphinx</div>',
        '<div class="dropdown-menu"><a href="x.rst"><span>.rst</span></a></div>',
        '<span class="sr-only">Press enter</span><span class="visually-hidden">Opens a window</span>',
        '<iframe title="A video" src="https://example.org/v"></iframe><noscript>Enable scripts</noscript>',
        "<template><p>Row</p></template>",
    ],
)
def test_what_only_leads_elsewhere_or_is_not_seen_goes(navigation: str) -> None:
    assert _in(navigation) == "The end."


def test_an_index_of_links_is_content() -> None:
    page = '<main><div class="nav-index"><ul><li><a href="/a">Queues</a><li><a href="/b">Arrays</a></ul></div></main>'
    assert text(page) == "- Queues\n- Arrays"


@pytest.mark.parametrize("name", ["anchorWithStickyNavbar_LWe7", "anchorTargetStickyNavbar_Vzrq"])
def test_a_heading_is_content_whatever_it_is_called(name: str) -> None:
    page = f"""<main><h1>Install</h1><p>Get it.</p><h2 class="anchor {name}" id="linux">Linux<a href="#linux"
      class="hash-link" aria-label="Direct link to Linux">\u200b</a></h2><p>Use apt.</p></main>"""
    assert headings(page) == ["Linux"] and read(page).sections[-1].anchor == "linux"


def test_the_words_of_a_link_that_covers_a_card_are_not_seen() -> None:
    card = '<div><p>Rings.</p><a class="sd-stretched-link sd-hide-link-text" href="r.html"><span>rings</span></a></div>'
    assert _in(card) == "Rings.\nThe end."


def test_a_header_of_a_section_is_content_and_that_of_the_site_is_not() -> None:
    page = """<body><header><p>Site banner</p></header><main><h1>Operations</h1><section><header><h2>Back
      up</h2><p>Every
      night.</p></header><p>Run it.</p></section></main><footer>Imprint</footer></body>"""
    assert headings(page) == ["Back up"] and text(page) == "Every night.\nRun it."
    page = "<header><h2>Site</h2></header><p>Only text.</p><blockquote>Wise.<footer>Someone</footer></blockquote>"
    assert text(page) == "Only text.\nWise.\nSomeone"


@pytest.mark.parametrize(
    "heading",
    [
        '<h2 id="b">Buffers<a class="headerlink" href="#b" title="Link to this heading">¶</a></h2>',
        '<h2 id="b">Buffers <a class="anchor" href="#b">#</a></h2>',
        '<h2 id="b"><a href="#b" class="zola-anchor" aria-label="Anchor">🔗</a>Buffers</h2>',
        '<h2 class="anchor" id="b">Buffers<a href="#b" class="hash-link" aria-label="Direct link to'
        ' Buffers">\u200b</a></h2>',
        '<h2 id="b"><a class="header" href="#b">Buffers</a></h2>',
        '<h1 id="b"><a class="permalink" href="#b">Buffers</a></h1>',
        '<div class="sl-heading-wrapper"><h2 id="b">Buffers</h2><a class="sl-anchor-link" href="#b">'
        '<span aria-hidden="true">'
        '<svg></svg></span><span class="sr-only">Section titled “Buffers”</span></a></div>',
        '<h2 id="b">Buffers<a href="#b" class="link">Permalink</a></h2>',
        '<h2 class="memtitle"><span class="permalink"><a id="b" href="#b">&#9670;&#160;</a></span>Buffers</h2>',
        '<h2><a id="b" href="#b"></a>Buffers &nbsp; <a href="#top_of_page"><span class="top-link">top</span></a></h2>',
        '<h2 id="b">Buffers<a href="#b">\uf0c1</a></h2>',
        '<h2 id="b">Buffers<span class="mw-editsection">[<a href="/w?action=edit">edit</a>]</span></h2>',
        '<h2 id="b">Buffers [<a href="https://github.com/o/r/edit/main/a.md">edit on GitHub</a>]</h2>',
        '<h2 id="b">Buffers[<a href="/wiki/Rings?section=1">edit</a>]</h2>',
        '<h2 id="b">Buffers <a href="../_modules/m.html#b"><span class="viewcode-link">[source]</span></a></h2>',
    ],
)
def test_links_beside_the_words_of_a_heading_go_and_its_anchor_stays(heading: str) -> None:
    (section,) = [s for s in read(f"<main><h1>T</h1>{heading}<p>Two.</p></main>").sections if s.blocks]
    assert (section.heading_path[-1], section.anchor) == ("Buffers", "b")


def test_signs_that_are_words_stay() -> None:
    page = """<main><h1>T</h1><h2><a href="#plus">+</a></h2><p>Add <a href="op.html#minus">-</a>.</p><h2>C#</h2><p>x</p>
      </main>"""
    assert headings(page) == ["+", "C#"]
    assert text(page) == "Add -.\nx"


@pytest.mark.parametrize(
    "line",
    [
        "Was this page helpful?",
        "Did you find this page helpful? Yes No",
        "✏️ Edit this page",
        '<a href="https://github.com/o/r/edit/main/a.md">Edit this page on GitHub</a>',
        "Suggest edits",
        "Report an issue with this page",
        "Last updated on Mar 3, 2024 by Jane",
        "Page last modified: 2024-03-03.",
        "This page was last edited on 3 March 2024, at 10:00.",
        "Previous",
        "Next »",
        "Back to top",
        "Updated over 1 year ago",
        "Did this article solve your issue?",
        "© 2024 The Ring Project",
        "Thanks for the feedback. If you have a specific, answerable question about how to use rings, ask elsewhere. "
        "Open an issue in the repository if you want to report a problem or suggest an improvement.",
        "Copy page",
        "Copy pageMore",
        "Open in ChatGPT Ask questions about this page",
        '<span style="font-size: 0">Words that nobody sees.</span>',
        '<span style="position:absolute;left:-9999px">Words that nobody sees.</span>',
        "Open in ChatGPT",
        "For AI agents: the complete documentation index is at https://example.org/llms.txt.",
    ],
)
def test_lines_of_the_site_around_the_content_go(line: str) -> None:
    page = f"<main><h1>T</h1><p>{line}</p><p>The content.</p><p>More of it.</p><p>{line}</p></main>"
    assert text(page) == "The content.\nMore of it."


def test_such_words_in_the_content_stay() -> None:
    page = """<main><h1>T</h1><p>One.</p><p>Next</p><p>Last updated in 2020, the pool is
      closed.</p><h2>Feedback</h2><p>A
      loop needs feedback.</p><h2>Contents</h2><p>Two.</p><p>Copy the file to the server.</p></main>"""
    assert text(page).split("\n")[1:] == [
        "Next",
        "Last updated in 2020, the pool is closed.",
        "A loop needs feedback.",
        "Two.",
        "Copy the file to the server.",
    ]
    assert headings(page) == ["Feedback", "Contents"]


def test_a_heading_goes_with_the_question_below_it() -> None:
    page = "<main><h1>T</h1><p>Text.</p><h2>Feedback</h2><p>Was this page helpful?</p><button>Yes</button></main>"
    assert headings(page) == [] and text(page) == "Text."


def test_the_contents_of_the_page_itself_go_and_lists_of_other_links_stay() -> None:
    body = '<h2 id="a">A</h2><p>One.</p><h2 id="b">B</h2><p>Two.</p><h2 id="c">C</h2><p>Three.</p>'
    listed = '<ul><li><a href="#a">A</a></li><li><a href="#b">B</a></li><li><a href="#c">C</a></li></ul>'
    assert text(f"<main><h1>T</h1><p>In this article</p>{listed}{body}</main>") == "One.\nTwo.\nThree."
    others = listed.replace("#c", "other.html#c")
    assert text(f"<main><h1>T</h1>{others}{body}</main>").startswith("- A\n- B\n- C\n")


def test_the_title_above_the_content_is_the_pages_if_the_title_element_says_so() -> None:
    doxygen = """<head><title>Ring: Quick start</title></head><div class="header"><div class="headertitle"><div
      class="title">
      Quick start</div></div></div><div class="contents"><p>Open it.</p><h1>Details</h1><p>More.</p></div>"""
    assert read(doxygen).title == "Quick start" and headings(doxygen) == ["Details"]
    asciidoctor = """<head><title>Ring Manual</title></head><body class="article"><div id="header"><h1>Ring
      Manual</h1><div
      class="details"><span>Jane Doe</span></div></div><div id="content"><p>Text <sup class="footnote">[<a
      class="footnote" href="#_footnotedef_1">1</a>]</sup>.</p></div><div id="footnotes"><hr><div class="footnote"
      id="_footnotedef_1"><a href="#_footnoteref_1">1</a>. The note.</div></div><div id="footer">Last updated</div>"""
    assert read(asciidoctor).title == "Ring Manual"
    assert blocks(asciidoctor) == [Block("Text."), Block("The note.")]
    assert read("<title>Ports</title><h1>My site</h1><main><p>Text</p></main>").title == "Ports"


def test_who_wrote_a_page_stays() -> None:
    assert text("<main><h1>Rings</h1><p>Copyright 2009 A. Writer</p><p>A ring.</p></main>") == (
        "Copyright 2009 A. Writer\nA ring."
    )


def test_the_menu_of_languages_of_the_kernel_is_no_text() -> None:
    assert _in('<div class="language-selection">English<ul><li><a href="../zh">Chinese</a></ul></div>') == "The end."


def test_a_closed_cell_has_no_label_of_a_button() -> None:
    cell = """<details class="above-input"><summary><span class="collapsed">Show code cell source</span><span
      class="expanded">Hide code cell source</span></summary><pre>y = 1</pre></details>"""
    assert _in(cell) == "y = 1\nThe end."


def test_a_button_beside_the_words_of_a_heading_goes_and_one_around_them_stays() -> None:
    page = """<main><h1>T</h1><h2 id="a">Rings <button>Copy link</button></h2><p>x</p><h2><button>Queues</button></h2>
      <p>y</p></main>"""
    assert headings(page) == ["Rings", "Queues"]
