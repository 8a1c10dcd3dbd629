"""Raised text, footnotes, formulas, images and keys: as they read."""

from __future__ import annotations

import pytest

from doc_assets_tests.support.html_pages import blocks, headings, read, text


def test_raised_text_reads_the_same_in_paragraphs_headings_and_cells() -> None:
    assert text(
        "<p>2<sup>64</sup> - 1 of H<sub>2</sub>O, the 1<sup>st</sup>, Rust<sup>TM</sup>, <i>x</i><sup>2</sup>"
    ) == ("2^64 - 1 of H2O, the 1st, Rust™, x^2")
    assert headings("<h1>T</h1><h2>Up to 2<sup>8</sup></h2><p>x</p>") == ["Up to 2^8"]
    assert text("<table><tr><td>a<td>2<sup>8</sup></table>") == "a | 2^8"
    assert text("<p><code>x</code><sup>n-1</sup>") == "`x`^(n-1)"


@pytest.mark.parametrize(
    "mark",
    [
        '<sup id="fnref1"><a href="#fn1">1</a></sup>',
        '<sup>[<a href="#fn1">1</a>]</sup>',
        '<sup><a href="#fn1">1</a>, <a href="#fn2">2</a></sup>',
        '<a href="#fn1" class="footnote-ref" role="doc-noteref"><sup>1</sup></a>',
        ' <a class="footnote-reference brackets" href="#id2" id="id1" role="doc-noteref">'
        '<span class="fn-bracket">[</span>1'
        '<span class="fn-bracket">]</span></a>',
        '<sup class="reference"><a href="#cite_note-1"><span>[</span>1<span>]</span></a></sup>',
        '<sup><a href="#fn__1" id="fnt__1" class="fn_top">1)</a></sup>',
        "<sup>[1]</sup>",
    ],
)
def test_a_reference_to_a_note_leaves_nothing(mark: str) -> None:
    assert text(f"<p>The scheduler{mark}, and more.</p>") == "The scheduler, and more."


@pytest.mark.parametrize(
    "note",
    [
        '<div class="footnotes"><ol><li id="fn1"><p>The note.&nbsp;<a href="#fnref1" class="footnote-back">↩︎'
        "</a></p></li></ol>",
        '<ol><li>The note. <a href="#r" class="reversefootnote">&#8617;</a></li></ol>',
        '<ol><li><span class="mw-cite-backlink">^ <a href="#r_a">a</a> <a href="#r_b">b</a></span> The note.</li></ol>',
    ],
)
def test_a_note_has_no_link_back(note: str) -> None:
    assert text(note) == "1. The note."


def test_notes_and_citations_of_sphinx() -> None:
    page = """<aside class="footnote brackets" id="id2" role="doc-footnote"><span class="label"><span
      class="fn-bracket">[</span><a
      role="doc-backlink" href="#id1">1</a><span class="fn-bracket">]</span></span><p>The note.</p></aside><div
      class="citation"
      id="c" role="doc-biblioentry"><span class="label"><span class="fn-bracket">[</span>CIT2002<span
      class="fn-bracket">]</span></span><p>A book.</p></div><p>As in <a class="citation-reference"
      href="#c">[CIT2002]</a>.</p>"""
    assert text(page) == "The note.\n[CIT2002] A book.\nAs in [CIT2002]."


def test_a_number_behind_a_word_refers_to_a_note_that_the_page_has() -> None:
    assert text("<p>The scheduler<sup>1</sup> runs 2<sup>1</sup>.</p><p><sup>1</sup> Not always.</p>") == (
        "The scheduler runs 2^1.\n1 Not always."
    )


@pytest.mark.parametrize(
    "formula",
    [
        '<span class="katex"><span class="katex-mathml"><math><semantics><mrow><mi>x</mi></mrow><annotation '
        'encoding="application/x-tex">x^2</annotation></semantics></math></span><span class="katex-html">x2'
        "</span></span>",
        '<span class="mwe-math-element"><span style="display: none;"><math alttext="x^2"><mi>x</mi></math></span><img '
        'class="mwe-math-fallback-image-inline" aria-hidden="true" alt="x^2" src="/svg/1"></span>',
        '<math alttext="x^2"><mi>x</mi></math>',
        "<math><msup><mi>x</mi><mn>2</mn></msup></math>",
        '<img class="math" src="_images/math/1.png" alt="x^2">',
        '<span class="MathJax_Preview">x2</span><span class="MathJax">x2</span><script type="math/tex">x^2</script>',
        '<mjx-container><mjx-math data-latex="x^2"><mjx-mi>x</mjx-mi></mjx-math></mjx-container>',
    ],
)
def test_a_formula_is_written_once_as_its_author_wrote_it(formula: str) -> None:
    assert text(f"<p>Let {formula} be.</p>") == "Let x^2 be."


def test_formulas_as_images_keep_their_dollars_and_fractions_their_terms() -> None:
    assert text(r'<p><img class="formulaInl" alt="$\frac{a}{b}$" src="form_0.png">') == r"$\frac{a}{b}$"
    assert text(r'<p><img alt="\alpha" src="https://l.example/latex.php?a">') == r"\alpha"
    assert text("<p><math><msqrt><mi>x</mi><mo>+</mo><mn>1</mn></msqrt></math>") == "√(x+1)"
    total = "<munderover><mo>∑</mo><mrow><mi>i</mi><mo>=</mo><mn>0</mn></mrow><mi>n</mi></munderover>"
    assert text(f"<p><math>{total}<msubsup><mi>x</mi><mi>i</mi><mn>2</mn></msubsup></math>") == "∑_(i=0)^nx_i^2"
    assert text("<p><math><mfrac><mrow><mi>a</mi><mo>+</mo><mn>1</mn></mrow><mi>b</mi></mfrac></math>") == "(a+1)/b"


def test_the_words_of_an_image_are_text_unless_it_is_decoration() -> None:
    assert text('<p>See <img src="r.png" alt="A ring of buffers"></p>') == "See A ring of buffers"
    assert text('<figure><img src="r.png" alt="A ring"><figcaption>A ring.</figcaption></figure>') == "A ring."
    for image in (
        '<a href="https://x.example"><img src="b.svg" alt="Build status"></a>',
        '<img src="l.png" alt="Company logo">',
        '<img src="/images/ring-logo.svg" alt="The ring company">',
        '<img src="t.svg" width="24" alt="Test tube">',
        '<img src="a.png" alt="An arrow" aria-hidden="true">',
        '<img src="diagram-1.png" alt="diagram-1.png">',
    ):
        assert text(f"<p>Text {image}</p>") == "Text"


def test_keys_of_a_shortcut_are_one() -> None:
    assert text("<p>Press <kbd><kbd>Ctrl</kbd>+<kbd>C</kbd></kbd>.") == "Press `Ctrl+C`."
    assert text('<p>Press <span class="keys"><kbd>Ctrl</kbd><span>+</span><kbd>C</kbd></span>.') == "Press `Ctrl+C`."
    assert text("<p>Press <kbd><kbd>Alt</kbd><kbd>F4</kbd></kbd>.") == "Press `Alt+F4`."
    assert text("<p>Press <kbd><kbd>Alt</kbd> <kbd>F4</kbd></kbd>.") == "Press `Alt F4`."
    assert text("<p>Press <kbd>g</kbd><kbd>i</kbd>.") == "Press `g` `i`."
    assert text("<p>Press <kbd>A</kbd> or <kbd>B</kbd>.") == "Press `A` or `B`."


def test_tasks_keep_their_state() -> None:
    assert (
        text('<ul><li><input type="checkbox" checked> Done<li><input type="checkbox"> Open</ul>')
        == "- [x] Done\n- [ ] Open"
    )


def test_numbers_of_lists_are_as_written() -> None:
    assert text('<ol type="i" start="3"><li>a<li>b<li value="9">c<li>d</ol>') == "iii. a\niv. b\nix. c\nx. d"
    assert text("<ol reversed><li>a<li>b<li>c</ol>") == "3. a\n2. b\n1. c"
    assert text('<ol class="loweralpha simple"><li>a<li>b</ol>') == "a. a\nb. b"
    assert text('<ol style="list-style-type: upper-roman"><li>a<li>b</ol>') == "I. a\nII. b"
    assert blocks("<dl><dt>Parameters<span>:</span></dt><dd>path</dd></dl>")[0].text == "Parameters: path"


def test_a_heading_with_a_line_break_keeps_its_words_apart() -> None:
    assert read("<h1>One<br>Two</h1><p>x</p>").title == "One Two"


def test_exponents_of_exponents_stay_in_their_order() -> None:
    assert text("<p>2<sup>2<sup>n</sup></sup> of frames") == "2^(2^n) of frames"


def test_the_switch_of_a_note_in_the_margin_is_no_task() -> None:
    note = '<label for="n"></label><input type="checkbox" id="n"><span class="sidenote">A note.</span>'
    assert text(f"<p>Rings{note}</p>") == "Rings A note."
    assert text("<ul><li><p><label><input type=checkbox checked> Done</label></p></ul>") == "- [x] Done"


def test_the_number_of_a_note_of_mdbook_goes() -> None:
    note = '<div class="footnote-definition"><sup class="footnote-definition-label">1</sup><p>The note.</p></div>'
    assert text(note) == "The note."
