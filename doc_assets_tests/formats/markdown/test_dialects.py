"""Containers in containers: where each ends, what stands before its lines, comments of MyST, time and depth."""

from __future__ import annotations

import time

import pytest

from doc_assets.document import Block, lay_out
from doc_assets_tests.support.markdown_pages import blocks_of, headings_of, read_page, texts_of


def test_directives_nest_with_longer_fences_outside() -> None:
    text = "````{note} A\n:class: x\n\nIn.\n\n```{tip} B\nDeep.\n```\n\n```python\n# c\n```\n\nOut.\n````\n\nEnd.\n"
    assert texts_of(text) == ["A", "In.", "B", "Deep.", "# c", "Out.", "End."]
    colons = text.replace("````{", "::::{").replace("```{", ":::{").replace("````\n", "::::\n")
    assert texts_of(colons.replace("Deep.\n```", "Deep.\n:::")) == ["A", "In.", "B", "Deep.", "# c", "Out.", "End."]


def test_tabs_in_a_set_have_their_labels_and_their_listings() -> None:
    text = "::::{tab-set}\n:::{tab-item} One\n:sync: a\n\n```sh\n# x\n```\n:::\n:::{tab-item} Two\n2\n:::\n::::\n"
    assert texts_of(text) == ["One", "# x", "Two", "2"]


def test_a_listing_of_colons_ends_at_its_own_colons_and_keeps_the_others() -> None:
    text = "::::{code-block} md\n:::note\n# x\n:::\n::::\n\nEnd.\n"
    assert blocks_of(text) == [Block(":::note\n# x\n:::", "code"), Block("End.")]
    assert headings_of(text) == []


def test_headings_in_directives_of_myst_open_no_section() -> None:
    text = "## Own\n\n:::{note}\n### In it\nx\n\n::::{tip}\n# Deeper\n::::\n:::\n\ny\n\n:::note\n## Kept\nz\n:::\n"
    assert headings_of(text) == ["Own", "Kept"]
    assert texts_of(text) == ["In it", "x", "Deeper", "y", "z"]


def test_attributes_of_a_block_are_no_text_and_name_a_heading() -> None:
    document = read_page("x\n\n{.wide #own}\n## Head\n\n{.big key=1}\nWords.\n")
    assert [(s.anchor, [b.text for b in s.blocks]) for s in document.sections] == [(None, ["x"]), ("own", ["Words."])]


def test_containers_in_lists_and_quotations_stay_in_them() -> None:
    assert texts_of("- a\n\n  ```{note} B\n  c\n  ```\n\n- d\n") == ["- a\n  B\n  c\n- d"]
    assert texts_of("1. ```{tip} B\n   c\n   ```\n2. d\n") == ["1. B\n  c\n2. d"]
    assert texts_of("> ```{note} B\n> :class: x\n>\n> c\n> ```\n\nEnd.\n") == ["B", "c", "End."]
    assert texts_of("- a\n\n  ```{code-block} py\n  :caption: C\n\n  # x\n    y\n  ```\n- d\n") == [
        "- a\n  C", "# x\n  y", "- d",
    ]  # fmt: skip


def test_comments_and_breaks_of_myst_are_hidden_on_its_pages_only() -> None:
    text = "% one\n% two\nWords 5\n% of it.\n\n+++ {\"a\": 1}\n\n(t)=\n## Head\n\nx\n"  # fmt: skip
    assert texts_of(text) == ["Words 5", "x"]
    assert texts_of("Words 5\n% of it.\n") == ["Words 5\n% of it."]
    assert texts_of("% Title of an old book\n\nx\n") == ["% Title of an old book", "x"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("> [!note]- A *title*\n> In.\n", ["A title", "In."]),
        ("> [!NOTE]\n> In.\n", ["In."]),
        ("> [!my-type|meta] T\n> In.\n> > [!todo] U\n> > Deep.\n", ["T", "In.", "U", "Deep."]),
        ("- > [!TIP]\n  > In.\n", ["- In."]),
        ("> [!EDITION-2024]\n> In.\n", ["Edition 2024", "In."]),
        ('> [!div class="nextstepaction"]\n> [Next](x.md)\n', ["Next"]),
        ("{: .note-title }\n> A title\n>\n> In.\n", ["A title", "In."]),
    ],
)
def test_alerts_and_callouts_give_title_and_body(text: str, expected: list[str]) -> None:
    assert texts_of(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Press {kbd}`Ctrl+C` on {ref}`the part <part>`.", "Press `Ctrl+C` on the part."),
        ("{math}`a < b`, {py:func}`~a.b`, {term}`gl <term one>`.", "$a < b$, `a.b`, gl."),
        ("{abbr}`CSS (Cascading Style)` {guilabel}`&File` {octicon}`x;1em` end.", "CSS (Cascading Style) File end."),
        ("{material-regular}`engineering;1.5rem;sd-mr-1` Under way {sub-ref}`today`.", "Under way ."),
        ("{pep}`8`, {numref}`Table %s <t>`, {bdg-success}`plugin`.", "PEP 8, Table, plugin."),
        ("Call `/a/{id}` or `b`, ``c{d}`` and `e`.", "Call `/a/{id}` or `b`, `c{d}` and `e`."),
        ("Two words {doc}`over\nlines <x>`.", "Two words over\nlines."),
    ],
)  # fmt: skip
def test_roles_read_as_in_restructuredtext(text: str, expected: str) -> None:
    assert texts_of(text + "\n") == [expected]


def test_tabs_of_docfx_are_labels_and_no_headings() -> None:
    text = "# T\n\n## Own\n\n# [Linux](#tab/linux)\n\nL.\n\n# [Mac](#tab/mac)\n\nM.\n\n---\n"
    assert headings_of(text) == ["Own"]
    assert texts_of(text) == ["Linux", "L.", "Mac", "M."]


def test_the_place_of_kramdown_s_contents_is_no_text() -> None:
    assert texts_of("Words.\n\n* TOC\n{:toc}\n\n1. Contents\n{:toc .x}\n\nMore.\n") == ["Words.", "More."]


def test_mdbook_s_tabs_have_labels_before_their_bodies() -> None:
    tabs = (f'{{{{#tab name="{name}" }}}}\n{name[0]}.\n{{{{#endtab }}}}\n' for name in ("Linux", "Mac"))
    text = '{{#tabs global="os" }}\n' + "".join(tabs) + "{{#endtabs }}\n"
    assert texts_of(text) == ["Linux", "L.", "Mac", "M."]


@pytest.mark.parametrize(
    "piece",
    [
        "```{note}\n",
        "```{toctree}x\n",
        ":::{note}\n---\n",
        ":::{toctree}\n",
        "::: {.hidden}\n",
        "::: a\n",
        "/// note | x\n",
        "/// html | pre\n",
        ":::{list-table}\n* - a\n",
        "::::{list-table}\n* - :::{list-table}\n",
        "````{list-table}\n* - ```\n",
        "```{x} a.py\n",
        ":::\n",
        "{note}`x ",
        "{!a ",
        "<<< a\n",
    ],
)
def test_containers_without_an_end_take_linear_time(piece: str) -> None:
    def seconds(count: int) -> float:
        started = time.process_time()
        read_page(piece * count + "\n\nlast words\n")
        return time.process_time() - started

    seconds(10)
    assert seconds(400) < 0.05 + 30 * max(seconds(40), 0.001)


def test_runs_of_backticks_that_close_nothing_take_little_time() -> None:
    started = time.process_time()
    for mark in ("x ````", "{note}````"):
        assert "last words" in lay_out(read_page(f"{mark}y " + "``` " * 60 + "and {a}` last words\n"))[0]
    assert time.process_time() - started < 2


def test_colons_and_slashes_without_an_end_hide_nothing() -> None:
    for piece in (":::{toctree}\n", "::: {.hidden}\n", "/// html | script\n", ":::{only} latex\n"):
        assert "last words" in lay_out(read_page(f"# T\n\n{piece}\nlast words\n"))[0]


def test_tables_nested_deeper_than_any_real_one_keep_their_words() -> None:
    text = "deep words"
    for level in range(30):
        inner = text.replace("\n", "\n    ")
        text = f"{'`' * (level + 3)}{{list-table}}\n* - {inner}\n  - b\n{'`' * (level + 3)}"
    assert "deep words" in lay_out(read_page(f"# T\n\n{text}\n"))[0]


@pytest.mark.parametrize(
    "options", [":tags: [remove-input]", "---\ntags: [remove-cell]\n---", "---\ntags:\n- remove-input\n---"]
)
def test_cells_that_jupyter_book_removes_are_no_text(options: str) -> None:
    assert texts_of(f"```{{code-cell}} python\n{options}\n\nx = 1\n```\n\nEnd.\n") == ["End."]
    assert texts_of("```{code-cell} python\n:tags: [hide-input]\n\nx = 1\n```\n") == ["x = 1"]


def test_colon_fences_in_quotations_are_containers() -> None:
    assert texts_of("> :::{note} Head\n> Quoted.\n> :::\n> After.\n\nEnd.\n") == ["Head", "Quoted.", "After.", "End."]


def test_comments_of_myst_in_lists_are_no_text() -> None:
    assert texts_of("% x\n\n(a)=\n\n- item\n  % for authors\n") == ["- item"]


def test_terms_on_lines_of_their_own_share_a_definition() -> None:
    text = "Term one\nTerm two\n: Words.\n\nA sentence that ends here.\nAnother one.\n: Odd.\n"
    assert texts_of(text) == ["Term one, Term two: Words.", "A sentence that ends here.\nAnother one.\n: Odd."]


def test_the_caption_of_a_div_of_quarto_is_text() -> None:
    assert texts_of('::: {#lst-a lst-cap="All of them"}\n```sql\nSELECT\n```\n:::\n') == ["All of them", "SELECT"]


def test_fields_of_myst_are_names_with_words_and_comments_may_hold_fences() -> None:
    text = "% ```{note}\n\n(a)=\n\n:name one: First *word*.\n:other: Second.\n\nEnd.\n"
    assert texts_of(text) == ["name one: First word.\nother: Second.", "End."]
    assert texts_of(":warning: No field.\n") == [":warning: No field."]


def test_a_fence_that_is_indented_by_four_columns_ends_no_listing() -> None:
    text = '``` title="t"\n!!! a\n\n    ``` md\n    # x\n    ```\n\n=== "Tab"\n```\n\n1. ~~~\n   y\n   ~~~\n\nEnd.\n'
    assert texts_of(text) == ["t", '!!! a\n\n    ``` md\n    # x\n    ```\n\n=== "Tab"', "y", "End."]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("?> A *tip*.\n\n!> A warning.\n", ["A tip.", "A warning."]),
        ("*[CSS]: Style sheets\n\nUse CSS.\n", ["CSS: Style sheets", "Use CSS."]),
        ("::Tabs\n\n:::TabTitle One\n\n1\n\n::EndTabs\n", ["One", "1"]),
        ("::: mermaid\ngraph LR\n# x\n:::\n\nEnd.\n", ["graph LR\n# x", "End."]),
        ("[[_TOSP_]]\n\nEnd.\n", ["End."]),
    ],
)
def test_lines_of_docsify_gitlab_azure_and_markdown_extra_have_no_marks(text: str, words: list[str]) -> None:
    assert texts_of(text) == words
