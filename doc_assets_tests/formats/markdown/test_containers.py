"""The first lines of containers in each dialect, and the options below them: titles stay, marks and options go."""

from __future__ import annotations

import pytest

from doc_assets.document import Block
from doc_assets.formats.directive_kinds import Kind
from doc_assets.formats.markdown.containers import Head, Options, colon_opening, fence_opening
from doc_assets_tests.support.markdown_pages import blocks_of, headings_of, texts_of


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("/// note | Mind *this*\nInside.\n///\nAfter.\n", ["Mind this", "Inside.", "After."]),
        ("/// warning\nInside.\n///\n", ["Inside."]),
        ("/// details | Why\n    type: tip\n    open: true\n\nBecause.\n///\n", ["Why", "Because."]),
        ("/// admonition | Title\n    type: tip\nAt once.\n///\n", ["Title", "At once."]),
        ("//// tab | A\n    new: true\n\n/// note | B\nIn.\n///\n\nOut.\n////\n", ["A", "B", "In.", "Out."]),
        ("/// html | div.grid[style='a: b']\nIn *it*.\n///\n", ["In it."]),
        ("/// html | pre\n\n    a *b*\n      c\n///\n", ["a *b*\n  c"]),
        ("/// html | script\nhidden()\n///\nAfter.\n", ["After."]),
        ("/// figure-caption | #id\n    attrs: {class: x}\nThe caption.\n///\n", ["The caption."]),
        ("/// table-caption | <\nOf the table.\n///\n", ["Of the table."]),
        ("/// define\nApple\n\n- A fruit.\n///\n", ["Apple", "- A fruit."]),
        ("- item\n\n    /// tip | In it\n    Words.\n    ///\n", ["- item\n  In it\n  Words."]),
        ('=== "A"\n\n    /// note | N\n    In.\n    ///\n\n=== "B"\n\n    M.\n', ["A", "N", "In.", "B", "M."]),
        ("/// a line of documentation\n/// and one more\n", ["/// a line of documentation\n/// and one more"]),
    ],
)  # fmt: skip
def test_blocks_of_pymdown_give_title_and_body(text: str, expected: list[str]) -> None:
    assert texts_of(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (":::tip[My **title**]{#id .c}\n\nIn.\n\n:::\n", ["My title", "In."]),
        (":::info Words of it {open}\nIn.\n:::\n", ["Words of it", "In."]),
        ("::::warning\n\n:::note[Inner]\n\nIn.\n\n:::\n\nOut.\n\n::::\n", ["Inner", "In.", "Out."]),
        ("::: details Click me {open}\nIn.\n:::\n", ["Click me", "In."]),
        ('::: tip {title="T *t*"}\nIn.\n:::\n', ["T t", "In."]),
        ('::: {.callout-note title="T" collapse="true"}\nIn.\n:::\n', ["T", "In."]),
        ("::: Warning ::::::\nIn.\n::::::::::\nAfter.\n", ["In.", "After."]),
        ("::: code-group labels=[a,b]\n```sh\nrun\n```\n:::\n", ["run"]),
        ("::: tabs\n@tab One\n1\n@tab:active Two#b\n2\n:::\n", ["One", "1", "Two", "2"]),
        (":::tabs key:ab\n== One\n1\n== Two\n2\n:::\n", ["One", "1", "Two", "2"]),
        (":::message alert\nIn.\n:::\n", ["In."]),
        ("- item\n\n  :::caution Careful\n  In.\n  :::\n", ["- item\n  Careful\n  In."]),
        ('::: zone pivot="py"\nIn.\n::: zone-end\n', ["In."]),
        (':::image type="content" source="a.png" alt-text="Two wide doors":::\n', ["Two wide doors"]),
        (":::row:::\n:::column span=2:::\nIn.\n:::column-end:::\n:::row-end:::\n", ["In."]),
    ],
)
def test_divs_of_docusaurus_vitepress_and_pandoc_give_title_and_body(text: str, expected: list[str]) -> None:
    assert texts_of(text) == expected


@pytest.mark.parametrize(
    ("first", "shown"),
    [
        ('.content-visible when-format="pdf"', False),
        ('.content-visible unless-format="html"', False),
        ('.content-visible when-format="html:js"', True),
        ('.content-hidden when-format="html"', False),
        ('.content-hidden when-format="pdf"', True),
        ('.content-hidden unless-format="pdf"', False),
        ('.content-visible when-profile="x"', True),
        (".content-hidden", False),
        (".hidden", False),
    ],
)
def test_what_quarto_leaves_out_of_web_pages_goes_with_all_that_it_holds(first: str, shown: bool) -> None:
    found = texts_of(f"::: {{{first}}}\n::: {{.inner}}\nIn.\n:::\nStill.\n:::\nAfter.\n")
    assert found == (["In.", "Still.", "After."] if shown else ["After."])


def test_headings_of_callouts_and_tab_sets_are_their_titles_and_labels() -> None:
    text = "## Real\n\nx\n\n::: {.callout-tip}\n## Title\n\nIn.\n:::\n\n::: {#thm-a}\n### Line\nIt holds.\n:::\n\n"
    text += "::: {.panel-tabset}\n## R\n\nUse R.\n\n### Deep\n\ny\n\n## Python\n\nUse P.\n:::\n\n## After\n\nz\n"
    assert headings_of(text) == ["Real", "Deep", "After"]
    assert texts_of(text) == ["x", "Title", "In.", "Line", "It holds.", "R", "Use R.", "y", "Python", "Use P.", "z"]


def test_an_identifier_of_mkdocstrings_is_a_signature_and_its_options_are_no_text() -> None:
    text = (
        "::: pkg.mod.Class\n    options:\n      members:\n        - a\n\nAfter.\n\n::: single\n    handler: x\n\nEnd.\n"
    )
    assert blocks_of(text) == [
        Block("pkg.mod.Class", "signature"),
        Block("After."),
        Block("single", "signature"),
        Block("End."),
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('```admonish warning title="Data *loss*"\nIn **it**.\n```\n', ["Data loss", "In it."]),
        ("```admonish\nIn.\n```\n", ["In."]),
        ("~~~admonish bug \"Old\"\nIn:\n```py\nx\n```\n~~~\n", ["Old", "In:", "x"]),
        ("````admonish info collapsible=true, title='It'\n```rust\nfn f() {}\n```\n````\n", ["It", "fn f() {}"]),
        ('```admonish success title=""\nIn.\n```\n', ["In."]),
        ("```ad-note\ntitle: It\ncollapse: open\nIn.\n```\n", ["It", "In."]),
        ("```{=html}\n<p>In <b>it</b></p>\n```\n```{=latex}\n\\x\n```\nAfter.\n", ["In it", "After."]),
        ('```{theorem, name="Of T"}\nIt *holds*.\n```\n', ["Of T", "It holds."]),
        ("```{r plot, fig.cap='x'}\na <- 1\n```\n", ["a <- 1"]),
        ("```{.python .numberLines}\nx\n```\n", ["x"]),
    ],
)  # fmt: skip
def test_fences_of_mdbook_obsidian_pandoc_and_knitr_hold_what_their_tool_shows(text: str, expected: list[str]) -> None:
    assert texts_of(text) == expected


def test_languages_in_braces_are_listings_and_unknown_names_are_prose() -> None:
    assert fence_opening("", "```", "{python}") is None
    assert fence_opening("", "```", "{julia}") is None
    unknown = fence_opening("", "```", "{my-box .wide} A title")
    assert unknown and (unknown.kind, unknown.name, unknown.argument) == (Kind.UNKNOWN, "my-box", "A title")


@pytest.mark.parametrize(
    ("lines", "values", "rest"),
    [
        ([":name: a", ":caption: 'B c'", "body"], {"name": "a", "caption": "B c"}, "body"),
        (["", ":name: a", "", "body"], {"name": "a"}, ""),
        (["---", "name: a", "caption: |", "    B", "    c", "---", "body"], {"name": "a", "caption": "B c"}, "body"),
        (["---", "a: 1", "```"], {}, "---"),
        (['"Name", "Price"'], {}, '"Name", "Price"'),
        ([':header: "Name", "Price"'], {"header": '"Name", "Price"'}, None),
    ],
)
def test_options_are_lines_with_colons_or_a_block_that_ends(lines: list[str], values: dict, rest: str | None) -> None:
    opening = fence_opening("", "```", "{code-block} yaml")
    assert opening and opening.head is Head.DIRECTIVE
    options = Options(opening)
    left = next((line for n, line in enumerate(lines) if not options.takes(line, lines[n + 1 :])), None)
    assert (options.values, left) == (values, rest)


def test_a_lone_name_is_a_div_if_colons_close_it_or_it_is_a_note() -> None:
    for line, closed, kind in (
        ("::: package", False, Kind.SIGNATURE),
        ("::: package", True, Kind.ADMONITION),
        ("::: note", False, Kind.ADMONITION),
        ("::: a.b", True, Kind.SIGNATURE),
    ):
        opening = colon_opening(line, closed=closed)
        assert opening and opening.kind is kind


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('::alert{title="Head" type="info"}\nBody *x*.\n::\n\nEnd.\n', ["Head", "Body x.", "End."]),
        ("::card\n---\ntitle: Head\nicon: i-x\nto: /x\n---\nBody.\n::\n", ["Head", "Body."]),
        (
            "::hero\nBody.\n\n#title\nSlot.\n\n  :::tip\n  Deep.\n  :::\n::\n\nEnd.\n",
            ["Body.", "Slot.", "Deep.", "End."],
        ),
        ("::u-button\n---\nlabel: Press\n---\n::\n\nA :badge[new words]{type=x} end.\n", ["Press", "A new words end."]),
        ('::leaf[Words]{id=3}\n\n::video{src="x"}\n\nEnd.\n', ["Words", "End."]),
        ("std::vector, 12::30\n\n::name\n\nEnd.\n", ["std::vector, 12::30", "::name", "End."]),
    ],
)
def test_components_of_nuxt_keep_titles_and_words(text: str, words: list[str]) -> None:
    assert texts_of(text) == words


def test_a_quoted_title_of_mdbook_admonish_may_stand_before_options() -> None:
    assert texts_of('```admonish tip "My \\"own\\" title" collapsible=true\nx\n```\n') == ['My "own" title', "x"]
    assert texts_of('```admonish tip title="" class="wide"\nx\n```\n') == ["x"]
