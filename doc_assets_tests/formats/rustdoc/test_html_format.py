"""The format ``rustdoc_html``: what documents an item stays, what repeats on every page goes."""

from __future__ import annotations

import re

import pytest

from doc_assets.document import Block, Document, Section
from doc_assets.errors import DocumentRejected, DocumentSkipped
from doc_assets.formats.base import RawFile
from doc_assets.formats.rustdoc.html_format import RustdocHtmlFormat

HEAD = """<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><meta name="generator" content="rustdoc">
<title>Timer in clocks::wall - Rust</title>
<meta name="rustdoc-vars" data-current-crate="clocks" data-rustdoc-version="1.95.0"></head>"""
PATH = "clocks::wall::BigTimer"
SIDEBAR = """<nav class="sidebar"><div class="sidebar-crate"><h2><a>clocks</a><span
    class="version">2.1.0</span></h2></div>
<ul><li>Sidebar entry</li></ul></nav>"""
HEADING = """<div class="main-heading"><div class="rustdoc-breadcrumbs"><a>clocks</a>::<wbr><a>wall</a></div>
<h1>Struct <span class="struct">Big<wbr>Timer</span>&nbsp;<button id="copy-path">Copy item path</button></h1>
<span class="sub-heading"><span class="since">1.2.0</span> · <a class="src" href="x">Source</a></span></div>"""
TOP = """<pre class="rust item-decl"><code><details
    class="toggle"><summary><span>Show 2 fields</span></summary>pub struct
BigTimer&lt;T&gt; {
    pub period: <a>Duration</a>,
}</details></code></pre>
<span class="item-info"><div
    class="stab portability">Available on <strong>crate feature <code>time</code></strong> only.
</div></span>
<details class="toggle top-doc" open><summary class="hideme"><span>Expand description</span></summary>
<div class="docblock"><p>A timer that <a href="x"><code>ticks</code></a>.</p><h2 id="panics"><a
    class="doc-anchor">§</a>Panics</h2>
<p>Never.</p></div></details>"""


def method(name: str, docs: str, *, kind: str = "method", extra: str = "", number: str = "") -> str:
    return f"""<details class="toggle method-toggle" open><summary><section id="{kind}.{name}{number}"
    class="method{extra}">
<span class="rightside"><span class="since">1.0.0</span> · <a class="src">Source</a></span><a class="anchor">§</a>
<h4 class="code-header">pub fn <a class="fn">{name}</a>&lt;F&gt;(&amp;self, f: F)<div class="where">where
    F: Fn(),</div></h4></section></summary>{docs}</details>"""


def implementation(header: str, items: str = "", docs: str = "") -> str:
    return f"""<details class="toggle implementors-toggle" open><summary><section id="impl-x" class="impl">
<a class="src rightside">Source</a><a class="anchor">§</a><h3 class="code-header">{header}</h3></section></summary>
{docs}<div class="impl-items">{items}</div></details>"""


def page(main: str, *, kind: str = "struct", heading: str = HEADING) -> str:
    return (
        f'{HEAD}<body class="rustdoc {kind}">{SIDEBAR}<main><div class="width-limiter">'
        f'<section id="main-content" class="content">{heading}{main}</section></div></main></body></html>'
    )


def read(html: str, path: str = "clocks/wall/struct.BigTimer.html") -> Document:
    (document,) = RustdocHtmlFormat().parse(RawFile(path, html.encode()))
    return document


def section(document: Document, *path: str) -> Section:
    (found,) = (s for s in document.sections if s.heading_path == path)
    return found


def everything(document: Document) -> str:
    return "\n".join(block.text for s in document.sections for block in s.blocks)


def test_the_title_is_the_kind_and_the_full_path() -> None:
    document = read(page(TOP))
    assert document.title == "Struct clocks::wall::BigTimer"
    assert document.metadata == {
        "crate": "clocks",
        "crate_version": "2.1.0",
        "item_kind": "struct",
        "item_path": "clocks::wall::BigTimer",
        "stable_since": "1.2.0",
    }


def test_declaration_remarks_and_documentation_come_first() -> None:
    document = read(page(TOP))
    assert document.sections[0].blocks == (
        Block("pub struct\nBigTimer<T> {\n    pub period: Duration,\n}", "signature"),
        Block("Available on crate feature time only."),
        Block("A timer that `ticks`."),
    )
    assert section(document, "Panics").anchor == "panics"


def test_each_documented_method_is_one_section_with_its_signature_and_anchor() -> None:
    docs = """<div class="docblock"><p>Calls <code>f</code> later.</p><h5 id="examples">Examples</h5><div
    class="example-wrap"><pre class="rust"><code><span class="kw">let </span>t = 1;
    t.after(|| {});</code></pre><a class="test-arrow">Run</a></div></div>"""
    impl = implementation("impl&lt;T&gt; BigTimer&lt;T&gt;", method("after", docs, number="-1"))
    found = section(read(page(TOP + f'<div id="implementations-list">{impl}</div>')), PATH + "::after")
    assert found.anchor == "method.after-1"
    assert found.blocks == (
        Block("pub fn after<F>(&self, f: F)\nwhere\n    F: Fn(),", "signature"),
        Block("Calls `f` later."),
        Block("Examples"),
        Block("let t = 1;\n    t.after(|| {});", "code"),
    )


def test_methods_without_documentation_are_listed_by_their_signatures() -> None:
    bare = '<section id="method.stop" class="method"><h4 class="code-header">pub fn stop(self)</h4></section>'
    document = read(page(TOP + f'<div id="implementations-list">{implementation("impl BigTimer", bare)}</div>'))
    assert section(document, "BigTimer: items without documentation").blocks == (
        Block("pub fn stop(self)", "signature"),
    )


def test_remarks_on_a_method_are_kept_unless_the_whole_page_has_them() -> None:
    remark = '<span class="item-info"><div class="stab {}">{}</div></span>'
    same = remark.format("portability", "Available on <strong>crate feature <code>time</code></strong> only.")
    other = remark.format("deprecated", "Deprecated since 1.5: use <code>after</code> (or else)")
    unstable = remark.format("unstable", "This is a nightly-only experimental API. (<code>x_y</code>&nbsp;<a>#91</a>)")
    items = method("go", same + other + unstable + '<div class="docblock"><p>Goes.</p></div>')
    found = section(
        read(page(TOP + f'<div id="implementations-list">{implementation("impl B", items)}</div>')), PATH + "::go"
    )
    assert [block.text for block in found.blocks[1:]] == [
        "Deprecated since 1.5: use after (or else)",
        "This is a nightly-only experimental API.",
        "Goes.",
    ]


def test_variants_and_fields_with_documentation_are_sections() -> None:
    main = """<pre class="rust item-decl"><code>pub enum BigTimer { A, B { x: u8 } }</code></pre>
    <h2 id="variants" class="section-header">Variants</h2><div class="variants"><section id="variant.A" class="variant">
    <h3 class="code-header">A</h3></section><div class="docblock"><p>First.</p></div>
    <section id="variant.B" class="variant"><h3 class="code-header">B</h3></section>
    <div class="sub-variant"><h4>Fields</h4><div class="sub-variant-field"><span id="variant.B.field.x"
    class="section-header"><code>x: u8</code></span><div class="docblock"><p>Inner.</p></div></div></div></div>
    <span id="structfield.period" class="structfield"><code>period: Duration</code></span>
    <div class="docblock"><p>How often.</p></div>"""
    document = read(page(main))
    assert section(document, PATH + "::A").blocks == (Block("A", "signature"), Block("First."))
    assert section(document, PATH + "::B::x").blocks == (Block("x: u8", "signature"), Block("Inner."))
    assert section(document, PATH + "::period").anchor == "structfield.period"
    assert not any(s.heading_path == (PATH + "::B",) for s in document.sections)


BOILERPLATE = """<div class='docblock'>Returns a copy of the value. <a href="x">Read more</a></div>"""
OLD_BOILERPLATE = """<div class='docblock'><p>Returns a copy of the value, as each of them does of this kind, and
the value keeps what it has, which is said once where the trait is documented. <a href="x">Read more</a></p></div>"""
OWN = (
    f'<div class="docblock"><p>Reads the interval as seconds. {"It may be given with a unit after it. " * 4}</p></div>'
)


def test_traits_are_named_once_and_only_their_own_documentation_is_kept() -> None:
    traits = (
        implementation(
            "impl&lt;T: Clone&gt; Clone for BigTimer&lt;T&gt;", method("clone", BOILERPLATE, extra=" trait-impl")
        )
        + implementation("impl FromStr for BigTimer", method("from_str", OWN, extra=" trait-impl"))
        + implementation("impl From&lt;BigTimer&gt; for u64", method("from", OWN, extra=" trait-impl"))
    )
    document = read(page(TOP + f'<div id="trait-implementations-list">{traits}</div>'))
    assert section(document, "Trait implementations").blocks == (
        Block("Clone\nFromStr\nimpl From<BigTimer> for u64", "list"),
    )
    own = section(document, PATH + "::from_str")
    assert own.blocks[0].text.startswith("impl FromStr for BigTimer\npub fn from_str")
    assert not any(s.heading_path in ((PATH + "::clone",), (PATH + "::from",)) for s in document.sections)
    assert "Read more" not in everything(document)


def test_a_few_derived_traits_stand_beside_the_declaration() -> None:
    traits = implementation("impl Clone for BigTimer") + implementation("impl PartialEq&lt;u8&gt; for BigTimer")
    document = read(page(TOP + f'<div id="trait-implementations-list">{traits}</div>'))
    assert document.sections[0].blocks[1] == Block("Implements Clone, PartialEq<u8>")


@pytest.mark.parametrize("inside", [True, False], ids=["in the implementation", "behind it"])
def test_words_on_an_implementation_are_kept_however_few(inside: bool) -> None:
    words = '<div class="docblock"><p>Ticks in <code>u64</code>.</p></div>'
    one = implementation("impl Tick for BigTimer", docs="" if inside else words)
    one = one.replace("</section>", f"{words}</section>") if inside else one
    found = section(read(page(TOP + f'<div id="trait-implementations-list">{one}</div>')), "impl Tick for BigTimer")
    assert (found.anchor, found.blocks) == ("impl-x", (Block("Ticks in `u64`."),))


def test_a_renamed_re_export_shows_the_traits_of_the_item_under_its_own_name() -> None:
    traits = implementation("impl&lt;T&gt; Clone for Watch&lt;T&gt;") + implementation("impl Tick for Watch")
    traits += implementation("impl From&lt;Watch&gt; for u64")
    document = read(page(TOP + f'<div id="trait-implementations-list">{traits}</div>'))
    assert section(document, "Trait implementations").blocks == (
        Block("Clone\nTick\nimpl From<Watch> for u64", "list"),
    )


def lent(name: str, items: str, *, folded: bool) -> str:
    header = f'<h2 id="deref-methods-{name}"><span>Methods from <a>Deref</a>&lt;Target = {name}&gt;</span><a>§</a></h2>'
    body = f'<div id="deref-methods-{name}-1" class="impl-items">{items}</div>'
    if not folded:
        return f"{header}<div>{body}</div>"
    return f'<details class="toggle big-toggle" open><summary>{header}</summary>{body}</details>'


@pytest.mark.parametrize("folded", [False, True], ids=["1.63", "1.95"])
def test_what_repeats_on_every_page_is_dropped_and_counted(folded: bool) -> None:
    boilerplate = BOILERPLATE if folded else OLD_BOILERPLATE
    deref = implementation("impl Deref for BigTimer", method("deref", boilerplate))
    main = (
        TOP
        + lent("str", method("trim", OWN) + method("len", OWN), folded=folded)
        + lent("[u8]", method("sort", OWN), folded=folded)
        + f'<h2 id="trait-implementations">Traits</h2><div id="trait-implementations-list">{deref}</div>'
        + '<h2 id="synthetic-implementations">Auto Trait Implementations</h2><div id="synthetic-implementations-list">'
        + implementation("impl Freeze for BigTimer")
        + '</div><h2 id="blanket-implementations">Blanket</h2><div id="blanket-implementations-list">'
        + implementation("impl&lt;T&gt; Any for T", method("type_id", OWN))
        + "</div><script>var x</script>"
    )
    document = read(page(main))
    lines = section(document, "Trait implementations").blocks[0].text
    assert lines == "Methods from Deref<Target = str>\nMethods from Deref<Target = [u8]>"
    assert document.metadata["dropped_implementations"] == 2
    assert document.metadata["dropped_methods"] == 4
    shown = everything(document)
    gone = (
        "Freeze",
        "Any",
        "type_id",
        "trim",
        "sort",
        "Sidebar",
        "Source",
        "§",
        "Copy item",
        "Show 2",
        "Expand",
        "var x",
    )
    assert not [words for words in (*gone, "Returns a copy", "Read more") if words in shown]


def test_a_name_that_repeats_a_section_of_rustdoc_cuts_nothing() -> None:
    docs = """<div class="docblock"><p>See the <a href="#x">blanket ones</a>: id="blanket-implementations".</p></div>"""
    tail = '<h2 id="blanket-implementations">B</h2>' + implementation("impl Any for T", method("type_id", OWN))
    shown = everything(read(page(TOP + docs + tail)))
    assert "blanket ones" in shown and "type_id" not in shown


def test_bounds_and_attributes_of_a_declaration_stand_on_lines_of_their_own() -> None:
    new = """<pre class="rust item-decl"><code><div class="code-attribute">#[non_exhaustive]</div>pub struct
    A&lt;T&gt;<div class="where">where
    T: B,</div>{ <span>/* private fields */</span> }</code></pre>"""
    old = """<div class="docblock item-decl"><pre class="rust struct"><code><span
    class="code-attribute">#[non_exhaustive]
</span>pub struct
    A&lt;T&gt; <span class="where fmt-newline">where<br>&nbsp;&nbsp;&nbsp;&nbsp;T: B,&nbsp;</span> {
/* private fields */ }</code></pre></div>""".replace("{\n", "{ ")
    laid_out = "#[non_exhaustive]\npub struct\n    A<T>\nwhere\n    T: B,\n{ /* private fields */ }"
    assert read(page(new)).sections[0].blocks == read(page(old)).sections[0].blocks == (Block(laid_out, "signature"),)


def test_a_method_reads_the_same_in_old_and_new_layouts() -> None:
    docs = '<div class="docblock"><p>Waits.</p></div>'
    header = "pub fn wait(\n    &amp;self,\n    for_how_long: Duration{}\n) -&gt; Result"
    shown = []
    for comma in ("", ","):
        one = method("wait", docs).replace("pub fn <a", f"{header.format(comma)}<i hidden></i><!--<a", 1)
        one = re.sub(r"<!--.*?</h4>", "</h4>", one, flags=re.DOTALL)
        document = read(page(TOP + f'<div id="implementations-list">{implementation("impl BigTimer", one)}</div>'))
        shown.append(section(document, PATH + "::wait").blocks[0].text)
    assert shown[0] == shown[1] == "pub fn wait(\n    &self,\n    for_how_long: Duration,\n) -> Result"


def test_remarks_inside_the_summary_of_a_method_are_kept() -> None:
    remark = '</section><span class="item-info"><div class="stab deprecated">Deprecated since 2: use x</div></span>'
    items = method("go", '<div class="docblock"><p>Goes.</p></div>').replace("</section>", remark)
    found = section(
        read(page(TOP + f'<div id="implementations-list">{implementation("impl B", items)}</div>')), PATH + "::go"
    )
    assert [block.text for block in found.blocks[1:]] == ["Deprecated since 2: use x", "Goes."]


def test_an_alias_does_not_repeat_the_members_of_its_type() -> None:
    variant = """<section id="variant.Ok" class="variant"><h3 class="code-header">Ok(T)</h3></section>
    <div class="docblock"><p>Contains the success value.</p></div>"""
    main = f"""<pre class="rust item-decl"><code>pub type BigTimer = Other;</code></pre>
    <h2 id="aliased-type">Aliased Type</h2><pre class="rust item-decl"><code>pub enum BigTimer {{ Ok(T) }}</code></pre>
    <h2 id="variants">Variants</h2><div class="variants">{variant}</div>"""
    document = read(page(main, kind="type"))
    assert document.metadata["item_kind"] == "type"
    assert [block.text for block in document.sections[0].blocks] == [
        "pub type BigTimer = Other;",
        "pub enum BigTimer { Ok(T) }",
    ]
    assert "success" not in everything(document)


@pytest.mark.parametrize(
    ("classes", "heading", "title", "kind"),
    [
        ("mod crate", "<h1>Crate <span>clocks</span></h1>", "Crate clocks", "crate"),
        ("mod", "<h1>Module <span>clocks</span>::<a>wall</a></h1>", "Module clocks::wall", "module"),
        ("type", "<h1>Type Definition <a>clocks</a>::<a>Tick</a></h1>", "Type Alias clocks::Tick", "type"),
        ("foreigntype", "<h1>Foreign Type <a>clocks</a>::<a>Ext</a></h1>", "Foreign Type clocks::Ext", "foreign_type"),
        ("keyword", "<h1>Keyword <a>match</a></h1>", "Keyword match", "keyword"),
        ("primitive", "<h1>Primitive Type <a>char</a></h1>", "Primitive Type char", "primitive"),
        ("attr", "<h1>Attribute Macro <a>clocks</a>::<a>test</a></h1>", "Attribute Macro clocks::test", "attr"),
    ],
)
def test_kinds_have_one_name_in_every_version(classes: str, heading: str, title: str, kind: str) -> None:
    html = page('<div class="docblock"><p>Told.</p></div>', kind=classes, heading=heading).replace(
        " in clocks::wall", ""
    )
    document = read(html)
    assert (document.title, document.metadata["item_kind"]) == (title, kind)


def test_the_version_is_the_catalogues_where_the_page_states_none() -> None:
    html = page(TOP).replace(SIDEBAR, "")
    file = RawFile("struct.BigTimer.html", html.encode(), {"crate": "clocks", "version": "3.0.0"})
    (document,) = RustdocHtmlFormat().parse(file)
    assert document.metadata["crate_version"] == "3.0.0"


def test_the_standard_library_has_rustdocs_version() -> None:
    variables = '<div id="rustdoc-vars" data-current-crate="std" data-rustdoc-version="1.63.0"></div></body>'
    html = re.sub(r"<meta name=.rustdoc-vars.*?>", "", page(TOP).replace(SIDEBAR, "")).replace("</body>", variables)
    assert read(html).metadata["crate_version"] == "1.63.0"


def test_implementors_of_a_trait_are_counted_after_the_first_thirty() -> None:
    foreign = "".join(implementation(f"impl Tick for A{i}<div class='where'>where\n  A{i}: X</div>") for i in range(40))
    main = f"""<pre class="rust item-decl"><code>pub trait Tick {{ fn tick(&amp;self); }}</code></pre>
    <h2 id="required-methods">Required Methods</h2><div class="methods">
    {method("tick", '<div class="docblock"><p>Ticks.</p></div>', kind="tymethod")}</div>
    <h2 id="foreign-impls">Implementations on Foreign Types</h2>{foreign}
    <h2 id="implementors">Implementors</h2><div id="implementors-list">{implementation("impl Tick for Own")}</div>"""
    heading = "<h1>Trait <span>Tick</span></h1>"
    document = read(page(main, kind="trait", heading=heading))
    lines = [line for block in section(document, "Implementors").blocks for line in block.text.split("\n")]
    assert lines[0] == "impl Tick for A0" and len(lines) == 31 and lines[-1] == "and 11 more"
    assert section(document, "clocks::wall::Tick::tick").anchor == "tymethod.tick"


def test_re_exports_of_a_module_are_a_line_each() -> None:
    names = "".join(f"<dt id='reexport.{name}'><code>pub use a::<a>{name}</a>;</code></dt>" for name in ("B", "C"))
    main = f"""<h2 id="reexports">Re-exports</h2><dl class="item-table"><dt><code>pub extern crate x;</code></dt></dl>
    <h2 id="reexports">Re-exports</h2><dl class="item-table reexports">{names}</dl>"""
    document = read(page(main, kind="mod", heading="<h1>Module <span>wall</span></h1>"))
    lines = "Re-exports:\npub extern crate x;\npub use a::B;\npub use a::C;"
    assert section(document, "Items").blocks == (Block(lines, "list"),)


def test_a_list_keeps_powers_and_drops_the_sign_of_what_is_unsafe() -> None:
    main = """<h2 id="functions">Functions</h2><dl class="item-table"><dt><a>go</a><sup title="unsafe">⚠</sup><wbr>
    <span class="stab deprecated" title="">Deprecated</span></dt><dd>Up to 2<sup>64</sup> - 1.</dd></dl>"""
    document = read(page(main, kind="mod", heading="<h1>Module <span>wall</span></h1>"))
    assert section(document, "Items").blocks == (Block("Functions:\n- go (Deprecated): Up to 2^64 - 1.", "list"),)


@pytest.mark.parametrize(
    "table",
    [
        "<dl class='item-table'><dt><a>Big<wbr>Timer</a></dt><dd>Ticks <code>x</code>.</dd>"
        "<dt><a>A</a></dt><dt>B</dt></dl>",
        "<ul class='item-table'><li><div class='item-name'><a>Big<wbr>Timer</a></div>"
        "<div class='desc'>Ticks <code>x</code>.</div></li>"
        "<li><div class='item-name'>A</div></li><li><div class='item-name'>B</div></li></ul>",
        "<div class='item-table'><div class='item-row'><div class='item-left'>BigTimer</div>"
        "<div class='item-right'>Ticks <code>x</code>.</div></div>"
        "<div class='item-left'>A</div><div class='item-left'>B</div></div>",
    ],
    ids=["1.84 and later", "1.67 to 1.83", "1.63 to 1.66"],
)
def test_a_module_lists_its_items_in_every_version(table: str) -> None:
    heading = "<h1>Module <span>wall</span></h1>"
    document = read(page(f"<h2 id='structs'>Structs</h2>{table}", kind="mod", heading=heading))
    assert section(document, "Items").blocks == (Block("Structs:\nA, B\n- BigTimer: Ticks `x`.", "list"),)


def test_pages_of_1_63_are_read() -> None:
    html = """<!DOCTYPE html><html><head><meta name="generator"
    content="rustdoc"><title>Timer in clocks::wall - Rust</title>
    </head><body class="rustdoc struct"><nav class="sidebar"><div class="block version"><p>Version 2.0.0</p></div></nav>
    <main><section id="main-content" class="content"><div class="main-heading"><h1 class="fqn"><span
    class="in-band">Struct
    <a class="mod">clocks</a>::<wbr><a class="mod">wall</a>::<wbr><a
    class="struct">Timer</a><button>copy</button></span>
    </h1><span class="out-of-band">source</span></div><div class="docblock item-decl"><pre class="rust struct"><code>pub
    struct Timer;</code></pre></div><details class="rustdoc-toggle top-doc" open><summary
    class="hideme">Expand</summary>
    <div class="docblock"><p>Old but good.</p></div></details><h2 id="implementations" class="small-section-header">
    Implementations</h2><div id="implementations-list"><details class="rustdoc-toggle implementors-toggle"
    open><summary>
    <section id="impl" class="impl has-srclink"><h3 class="code-header in-band">impl Timer</h3></section></summary>
    <div class="impl-items"><details class="rustdoc-toggle method-toggle" open><summary><section id="method.go"
    class="method has-srclink"><h4 class="code-header">pub fn <a class="fnname">go</a>(&amp;self)<span class="where
    fmt-newline">where<br>&nbsp;&nbsp;Self: Sized</span></h4></section></summary><div
    class="docblock"><p>Goes.</p></div>
    </details></div></details></div></section></main></body></html>"""
    document = read(html)
    assert document.title == "Struct clocks::wall::Timer"
    assert document.metadata["crate_version"] == "2.0.0"
    assert [block.text for block in document.sections[0].blocks] == ["pub\n    struct Timer;", "Old but good."]
    assert section(document, "clocks::wall::Timer::go").blocks == (
        Block("pub fn go(&self)\nwhere\n  Self: Sized", "signature"),
        Block("Goes."),
    )


@pytest.mark.parametrize(
    ("html", "path", "reason"),
    [
        (page("<ul class='all-items'><li>x</li></ul>"), "clocks/all.html", "list of all items"),
        (page("<p>x</p>"), "settings.html", "settings"),
        (page("<p>x</p>", kind="src"), "src/clocks/lib.rs.html", "source code"),
        (page("<p>x</p>", kind="mod sys"), "index.html", "index of pages"),
        ('<meta http-equiv="refresh" content="0;URL=../fn.go.html"><p>Redirecting to</p>', "go.html", "redirect to"),
    ],
)
def test_pages_that_document_nothing_are_skipped_with_the_reason(html: str, path: str, reason: str) -> None:
    with pytest.raises(DocumentSkipped, match=reason):
        read(html, path)


def test_only_pages_of_rustdoc_are_accepted() -> None:
    reader = RustdocHtmlFormat()
    assert reader.accepts(RawFile("a.html", page(TOP).encode()))
    assert not reader.accepts(
        RawFile("a.html", b"<html><head><title>rustdoc</title></head><body>rustdoc</body></html>")
    )
    written = page(TOP).replace('<body class="rustdoc struct">', '<body class="rustdoc">')
    assert not reader.accepts(RawFile("guide.html", written.encode()))  # by rustdoc, from a Markdown file
    with pytest.raises(DocumentRejected, match="not rustdoc"):
        read("<p>Another page</p>")


FULL = page(
    TOP
    + f'<div id="implementations-list">{implementation("impl BigTimer", method("go", OWN))}</div>'
    + '<h2 id="trait-implementations">T</h2><div id="trait-implementations-list">'
    + f"{implementation('impl Clone for BigTimer', method('clone', BOILERPLATE))}</div>"
    + f'<h2 id="blanket-implementations">B</h2>{implementation("impl Any for T")}'
)


def test_a_page_that_was_cut_off_is_read_as_far_as_it_goes() -> None:
    for end in range(FULL.index("<h1>"), len(FULL), 37):
        document = read(FULL[:end])
        assert document.title
        assert all(block.text.strip() for s in document.sections for block in s.blocks)


@pytest.mark.parametrize(
    "html",
    [
        page(TOP + "<div><span>" * 12),
        page(TOP + f'<div id="{"x" * 300}" class="{"impl " * 200}">y</div>'),
        page(TOP + '<h2 id="deref-methods-' * 12),
        page(TOP + "<div class='docblock'>" * 12),
        page(TOP + '<details class="toggle"><summary>' * 12 + '<h2 id="trait-implementations">' * 12),
        '<!DOCTYPE html [<!ENTITY a "b">]>' + page(TOP + "&a;" * 12),
    ],
    ids=["deep", "long attributes", "lent without end", "sentences without end", "headings", "entities"],
)
def test_pages_without_ends_are_read(html: str) -> None:
    assert read(html).title


def test_a_page_nested_deeper_than_the_limit_is_refused() -> None:
    with pytest.raises(DocumentRejected, match="512"):
        read(page(TOP + "<div>" * 513 + "<br>words" + "</div>" * 513 + "<br>" * 2_000))


def test_a_byte_order_mark_is_no_text() -> None:
    (document,) = RustdocHtmlFormat().parse(RawFile("x.html", b"\xef\xbb\xbf" + page(TOP).encode()))
    assert document.title == "Struct clocks::wall::BigTimer"


def test_a_layout_that_is_not_known_is_still_read() -> None:
    document = read(page("<article><p>Told in a new way.</p></article>"))
    assert everything(document) == "Told in a new way."
