"""The format ``html``: what is content, what is chrome, and that no page can hang or kill the reader."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from doc_assets.document import Block
from doc_assets.errors import DocumentRejected, DocumentSkipped
from doc_assets.formats.html.tree import parse_tree
from doc_assets_tests.support.html_pages import blocks, read, section, text


def test_only_the_content_of_a_page_is_read() -> None:
    page = """<html><head><title>Ports - The Manual</title><style>.x{}</style></head><body>
      <nav>Home Products</nav><header>Site banner</header><div class="sidebar">Chapters</div>
      <main><script>track()</script><nav class="toc">On this page</nav><h1>Ports</h1><p>A port is a number.</p>
      <aside>Related</aside><form><button>Search</button></form><svg><text>icon</text></svg></main>
      <footer>Imprint</footer></body></html>"""
    assert read(page).title == "Ports"
    assert text(page) == "A port is a number."


def test_a_page_without_a_main_element_is_read_from_its_body() -> None:
    assert text("<title>T</title><p>Only text</p>") == "Only text"


def test_an_empty_main_element_does_not_hide_the_body() -> None:
    assert text("<main></main><div><p>Rendered beside it</p></div>") == "Rendered beside it"


def test_titles_come_from_the_heading_then_the_title_element_then_the_file() -> None:
    assert read("<title>B</title><h1>A <code>x</code></h1><p>t</p>").title == "A x"
    assert read("<title>B — The Manual</title><p>t</p>").title == "B"
    assert read("<p>t</p>", "docs/set-up.html").title == "Set up"


def test_headings_become_paths_and_keep_their_anchors() -> None:
    page = """<h1 id="top">Guide</h1><p>Intro</p><h2 id="install">Install<a class="headerlink"
    href="#install">¶</a></h2>
      <section id="linux"><h3>Linux</h3><p>Use a package.</p></section><a
    name="old"></a><h2>Remove</h2><p>Delete it.</p>"""
    document = read(page)
    assert document.title == "Guide"
    assert [(s.heading_path, s.anchor) for s in document.sections] == [
        ((), "top"),
        (("Install",), "install"),
        (("Install", "Linux"), "linux"),
        (("Remove",), "old"),
    ]


def test_inline_code_keeps_its_marks_and_links_only_their_words() -> None:
    page = """<p>Call <a href="https://x.example/y"><code>run</code></a> or
      <b>stop</b> it<img src="i.png" alt="i">.<code></code></p>"""
    assert text(page) == "Call `run` or stop it."


def test_listings_are_verbatim_and_without_hidden_lines_and_line_numbers() -> None:
    page = (
        '<pre><code><span class="boring">fn main() {\n</span>    let x = 1;<br>\n    y(&amp;x)\n</code></pre>'
        '<table class="highlighttable"><tr><td class="linenos"><pre>1\n2</pre></td>'
        "<td><pre>a\n  b</pre></td></tr></table>"
    )
    assert blocks(page) == [Block("    let x = 1;\n\n    y(&x)", "code"), Block("a\n  b", "code")]


def test_nested_lists_are_one_block_and_listings_stand_between_items() -> None:
    page = "<ol start=3><li><p>One</p><ul><li>Inner</li></ul></li><li>Two<pre>run</pre>after</li></ol><p>End</p>"
    assert blocks(page) == [
        Block("3. One\n  - Inner\n4. Two", "list"),
        Block("run", "code"),
        Block("after", "list"),
        Block("End"),
    ]


def test_definitions_follow_their_terms() -> None:
    page = "<dl><dt><code>-v</code><dd>Says more.<dt>-q<dd><p>Says less.</p><p>Much less.</p></dl>"
    assert blocks(page) == [Block("`-v`: Says more.\n-q: Says less.\nMuch less.", "list")]


def test_tables_of_data_are_rows_with_their_head() -> None:
    page = "<table><thead><tr><th>Port<th>Use</thead><tr><td>80<td><p>http</p><tr><td><td>spare</table>"
    assert blocks(page) == [Block("Port | Use\n80 | http\n| spare", "table")]


def test_a_table_that_lays_out_a_page_is_not_data() -> None:
    page = "<table><tr><td><h2>Left</h2><p>Text</p></td><td><pre>code</pre></td></tr></table>"
    assert blocks(page) == [Block("Text"), Block("code", "code")]


def test_long_lists_and_tables_are_cut_between_items() -> None:
    items = [f"item number {i} with some words" for i in range(300)]
    pieces = blocks("<ul>" + "".join(f"<li>{item}" for item in items) + "</ul>")
    assert len(pieces) > 5 and all(len(piece.text) < 1_200 for piece in pieces)
    assert [line for piece in pieces for line in piece.text.split("\n")] == [f"- {item}" for item in items]
    rows = "".join(f"<tr><td>{i}<td>value {i} of the table" for i in range(300))
    pieces = blocks(f"<table><tr><th>Key<th>Value{rows}</table>")
    assert len(pieces) > 5 and all(piece.text.startswith("Key | Value\n") for piece in pieces)
    assert sum(piece.text.count(" of the table") for piece in pieces) == 300


def test_documented_functions_of_sphinx_are_sections_with_signatures() -> None:
    page = """<div role="main"><h1>API</h1><dl class="py function"><dt class="sig sig-object py" id="m.load">
      <span class="sig-prename descclassname"><span class="pre">m.</span></span><span class="sig-name descname"><span
      class="pre">load</span></span><span class="sig-paren">(</span><em>path</em><span class="sig-paren">)</span></dt>
      <dd><p>Loads a file.</p><dl class="field-list"><dt>Parameters</dt><dd>path, where</dd></dl></dd></dl></div>"""
    found = section(read(page), "m.load")
    assert found.anchor == "m.load"
    assert found.blocks == (
        Block("m.load(path)", "signature"),
        Block("Loads a file."),
        Block("Parameters: path, where", "list"),
    )


def test_a_heading_that_was_left_open_does_not_swallow_the_page() -> None:
    document = read("<h1>Title<p>" + "word " * 100 + "<ul><li>item</ul>")
    assert document.title == "Title"
    assert any(block.kind == "list" for s in document.sections for block in s.blocks)


@pytest.mark.parametrize(
    ("page", "path", "reason"),
    [
        ('<meta http-equiv="Refresh" content="0; URL=../new.html"><p>Moved</p>', "a.html", "redirect to ../new.html"),
        ("<!-- Book generated using mdBook --><main>All of it</main>", "book/print.html", "repeats the whole book"),
        ("<body class='sphinx'><main>Index</main>", "genindex.html", "index of names"),
        ("<html><body>{% block content %}{{ content }}{% endblock %}</body></html>", "layout.html", "template"),
        ("---\nlayout: x\n---\n<p>See {% include_relative the-guidelines-of-everything.md %}", "i.html", "template"),
        ("<html><body><script>location='x'</script></body></html>", "a.html", "no text"),
    ],
)
def test_pages_with_nothing_to_load_are_skipped_with_the_reason(page: str, path: str, reason: str) -> None:
    with pytest.raises(DocumentSkipped, match=reason):
        read(page, path)


BOOK_PAGE = """<!-- Book generated using mdBook --><head><title>Linux - The Book</title></head><body>
<script>var path_to_root = "../../";</script><h1 class="menu-title">The Book</h1><nav>{}</nav>
<main><p>Use a package.</p></main></body>"""
BOOK_CONTENTS = """<ol class="chapter"><li class="part-title">Basics</li>
<li><a href="{0}intro.html"><strong aria-hidden="true">1.</strong> Intro</a></li>
<li class="part-title">Practice</li>
<li><a href="{0}set-up.html"><strong aria-hidden="true">2.</strong> Set up</a><a class="toggle">&gt;</a></li>
<li><ol class="section"><li><a href="{0}set-up/os/mac.html"><strong aria-hidden="true">2.1.</strong> macOS</a></li>
<li><a href="{0}set-up/os/li%6eux.html#top"><strong aria-hidden="true">2.2.</strong> Linux</a></li></ol></li></ol>"""


@pytest.mark.parametrize(
    ("page", "beside"),
    [
        (BOOK_PAGE.format(BOOK_CONTENTS.format("../../")), {}),
        (BOOK_PAGE.format(""), {"book__toc": BOOK_CONTENTS.format("").encode()}),
    ],
    ids=["contents in the page", "contents beside it"],
)
def test_a_page_of_mdbook_knows_its_book_its_part_and_the_chapters_above_it(
    page: str, beside: dict[str, bytes]
) -> None:
    document = read(page, "book/set-up/os/linux.html", **beside)
    assert document.parents == ("The Book", "Practice", "Set up")
    assert document.title == "Linux"


def test_a_page_of_mdbook_without_its_contents_knows_its_book_and_no_file_outside_the_source_is_asked_for() -> None:
    assert read(BOOK_PAGE.format(""), "linux.html").parents == ("The Book",)
    assert read(BOOK_PAGE.format(""), "a/b/linux.html", toc=b"\0binary").parents == ("The Book",)
    assert read("<p>No book.</p>").parents == ()


def test_notes_start_with_their_name() -> None:
    page = """<div><p class="admonition-title">Note</p><p>Take <b>care</b>.</p><p>More.</p></div>
      <div class="admonition"><p class="admonition-title">Example:</p><pre>run</pre></div>
      <blockquote><p class="blockquote-tag-title"><svg></svg>Warning</p></blockquote><p>End</p>"""
    assert blocks(page) == [
        Block("Note: Take care."),
        Block("More."),
        Block("Example"),
        Block("run", "code"),
        Block("Warning"),
        Block("End"),
    ]


def test_what_a_generator_numbers_repeats_or_hides_is_dropped() -> None:
    page = """<h1><span class="sectnum">1 </span>Guide</h1><h2><span class="section-number">1.2. </span>Part</h2>
      <p hidden>Old <b>text</b></p><div role="tabpanel" hidden>On Linux</div><span class="sr-only">opens a window</span>
      <div class="toctree-wrapper"><ul><li class="toctree-l1">Next<ul><li class="toctree-l2">Inside</ul></ul></div>"""
    document = read(page)
    assert document.title == "Guide"
    assert section(document, "Part").blocks == (Block("On Linux"), Block("- Next", "list"))


def test_the_version_that_a_page_of_sphinx_documents_is_metadata() -> None:
    page = '<div class="wy-side-nav-search"><div class="version">\n 6.1 </div></div><div role="main"><p>Text</p></div>'
    assert read(page).metadata == {"version": "6.1"}


def test_a_page_that_reloads_itself_is_no_redirect() -> None:
    assert text('<meta http-equiv="refresh" content="300"><p>Status</p>') == "Status"


def test_the_declared_charset_is_used() -> None:
    page = '<meta charset="windows-1252"><p>Größe: “x”</p>'.encode("cp1252")
    assert read(page).sections[0].blocks[0].text == "Größe: “x”"


@pytest.mark.parametrize(
    ("page", "expected"),
    [
        ('<?xml version="1.0" encoding="ISO-8859-1"?><p>Größe “x”</p>'.encode("cp1252"), "Größe “x”"),
        ('<meta charset="shift_jis"><p>日本語</p>'.encode("shift_jis"), "日本語"),
        ('<meta charset="iso-2022-jp"><p>日本語</p>'.encode("iso2022_jp"), "日本語"),
        ('<meta charset="latin1"><p>Größe</p>'.encode(), "Größe"),
        ('<meta charset="utf-16"><p>Größe</p>'.encode(), "Größe"),
        (b'<meta charset="utf-7"><p>+ADw-b+AD4-</p>', "+ADw-b+AD4-"),
        (b'<meta charset="punycode"><p>' + b"\xfc-" * 10 + b"</p>", "ü-" * 10),
        (b'<meta charset="unicode_escape"><p>\\x41</p>', "\\x41"),
        (b'<meta charset="utf-8"><p>Caf\xe9 caf\xe9</p>', "Café café"),
    ],
)
def test_bytes_are_read_as_what_they_are_then_as_what_the_page_declares(page: bytes, expected: str) -> None:
    assert read(page).sections[0].blocks[0].text == expected


def test_a_charset_that_python_cannot_decode_with_is_ignored() -> None:
    assert text('<meta charset="undefined"><p>Plain</p>') == "Plain"


def test_the_facts_that_a_page_states_are_metadata() -> None:
    document = read('---\ntitle: Stated\n---\n<head><meta name="generator" content="Hugo 0.1"></head><p>t</p>')
    assert document.title == "Stated"
    assert document.metadata == {"title": "Stated", "generator": "Hugo 0.1"}


@pytest.mark.parametrize(
    ("opening", "closing"),
    [("<div>", "</div>"), ("<section><b>", "</b></section>"), ("<ul><li>", "</ul>"), ("<q>", "")],
)
def test_a_page_nested_deeper_than_the_limit_is_refused(opening: str, closing: str) -> None:
    def nested(depth: int) -> str:
        return opening * depth + "<br>core" + closing * depth

    with pytest.raises(DocumentRejected, match="more than 4 elements nested"):
        parse_tree(nested(5), max_depth=4, few_tags=0)
    parse_tree(nested(2), max_depth=4, few_tags=0)
    parse_tree(nested(5), max_depth=4)  # too few tags to count


def test_formatting_that_is_left_open_is_limited_by_the_paragraphs_that_repeat_it() -> None:
    page = "<p><b><i><font size=1>words" + "<p>x" * 5
    with pytest.raises(DocumentRejected, match="left open"):
        parse_tree(page, max_copies=20, few_tags=0, few_open=2)
    parse_tree(page, max_copies=30, few_tags=0, few_open=2)
    parse_tree(page, max_copies=20, few_tags=0)  # four of them make a page five times as large at most


def test_a_page_is_read_up_to_512_levels_and_no_further() -> None:
    def page(depth: int) -> str:
        return "<div>" * depth + "<br>core" + "</div>" * depth + "<br>" * 2_000

    assert text(page(512)) == "core"
    with pytest.raises(DocumentRejected, match="512"):
        read(page(513))


def test_tags_in_scripts_comments_and_ends_left_out_do_not_count_as_depth() -> None:
    page = "<script>" + "'<div>'" * 9 + "</script><!--" + "<div>" * 9 + "--><ul>" + "<li>x<p>y" * 9 + "</ul>"
    parse_tree(page, max_depth=4, few_tags=0)
    assert text(page).count("y") == 9


def test_entities_are_not_expanded() -> None:
    declared = '<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "expanded">]>'
    assert "expanded" not in text(f"{declared}<html><body><p>&a; end</p></body></html>").replace(declared, "")


@pytest.mark.parametrize(
    "page",
    [
        "<" + "a" * 500,
        '<a "' * 100,
        "<!--" * 100,
        "{{" * 100,
        "<p>" + " " * 500 + "x",
        "<title>" + " | a" * 100,
        "<a<" * 100,
    ],
    ids=["name", "quotes", "comments", "marks", "spaces", "title", "starts"],
)
def test_broken_pages_have_a_sound_outcome(page: str) -> None:
    with contextlib.suppress(DocumentSkipped, DocumentRejected):
        assert read(page).title.strip()


# fmt: off
_TOKENS = st.sampled_from((
    "<p>", "</p>", "<pre>", "</pre>", "<table>", "<tr>", "<td>", "<th>", "</table>", "<caption>", "<ul>", "<li>",
    "</ul>", "<dl>", "<dt>", "<dt class=sig>", "<dd>", "</dl>", "<h1>", "<h2>", "</h2>",
    "<code>", "</code>", "<br>", "<b>",
    "</b>", "<main>", "</main>", "<blockquote>", "</div>", "<math>", "<svg>", "<template>", "<!--", "-->", "<body>",
    "<details>", "<summary>", "&#0;", "&#xD800;", "\ufeff", " ", "word",
    "<sup>", "</sup>", "<sub>", "<kbd>", "</kbd>", "<a href=#x>", "</a>", "<td colspan=3 rowspan=2>", "<img alt=words>",
    "<ol start=3 reversed type=i>", "<li value=9>", "<input type=radio>", "<label>", "<div role=tablist>",
    "<button role=tab>", "<div role=tabpanel hidden>", "<span class=line>", "<div class=fragment>", "1", "<aside>",
    "<header>", "<footer>", "<p class=admonition-title>",
))
# fmt: on


@settings(max_examples=100)
@given(st.lists(_TOKENS, max_size=40))
def test_whatever_the_tags_every_block_is_sound(tokens: list[str]) -> None:
    try:
        document = read("".join(tokens))
    except (DocumentSkipped, DocumentRejected):
        return
    assert document.title.strip()
    for one in document.sections:
        assert all(heading.strip() for heading in one.heading_path)
        for block in one.blocks:
            assert block.text.strip() and block.text == block.text.strip("\n") and "\0" not in block.text
            block.text.encode()


def test_a_page_that_a_generator_has_yet_to_render_has_no_tags_of_it() -> None:
    words = "The ring is opened once by the agent, and closed by the kernel when the last reader has left it for good."
    tags = "{% if page.x %}<p>{{ site.name }} {{ x | upcase }}Now.</p>{% endif %}{{< tab-code header='Kube' >}}"
    page = f"---\nlayout: home\n---\n<h1>T</h1><p>{words} {words}</p>{tags}<p>run</p>{{{{< /tab-code >}}}}"
    assert text(page) == f"{words} {words}\nNow.\nKube\nrun"
    assert "{{ x }}" in text("<h1>T</h1><p>A rendered page says {{ x }} to its reader.</p>")


def test_further_targets_of_a_section_of_sphinx_do_not_hide_its_own() -> None:
    page = """<section id="maps"><h1>Maps</h1><p>x</p><section id="flags"><span id="id1"></span><span
      id="bpf-flags"></span><h2>Flags<a class="headerlink" href="#flags">\u00b6</a></h2><p>Words.</p></section>"""
    assert read(page).sections[-1].anchor == "flags"


def test_a_term_of_docutils_has_its_type_in_brackets() -> None:
    term = '<dt><strong>size</strong><span class="classifier">int, optional</span></dt><dd><p>In bytes.</p></dd>'
    assert text(f"<main><h1>T</h1><dl>{term}</dl></main>") == "size (int, optional): In bytes."


def test_a_note_whose_name_ends_like_a_title_is_a_note() -> None:
    note = '<div class="admonition-a-title admonition"><p class="admonition-title">A title</p><p>Body.</p></div>'
    assert text(f"<main><h1>T</h1>{note}<p>x</p></main>") == "A title: Body.\nx"


def test_an_option_of_sphinx_keeps_the_blank_before_its_argument() -> None:
    option = """<dl class="std option"><dt class="sig sig-object std" id="cmdoption-o"><span
      class="sig-name descname">-o</span><span class="sig-prename descclassname"> &lt;file&gt;</span></dt>
      <dd><p>Out.</p></dd></dl>"""
    assert read(f"<main><h1>T</h1>{option}</main>").sections[-1].heading_path == ("-o <file>",)


def test_a_method_of_an_older_javadoc_has_the_anchor_before_its_list() -> None:
    page = """<div class="details"><h3>Method Detail</h3><a name="close--"></a><ul class="blockListLast"><li
      class="blockList"><h4>close</h4><div>Closes it.</div></li></ul></div>"""
    assert read(f"<main><h1>T</h1><p>x</p>{page}</main>").sections[-1].anchor == "close--"


def test_further_definitions_of_a_term_stand_below_it() -> None:
    page = "<dl><dt>T<dd>A<dd>B<dt>U<dd><ul><li>x</ul><dd>C<dt>V<dd>D</dl>"
    assert text(f"<main><h1>T</h1>{page}</main>") == "T: A\n  B\nU\n  - x\n  C\nV: D"
