"""Includes that tools write as one line or tag: resolved within the source, or removed and counted."""

from __future__ import annotations

import pytest

from doc_assets.document import Block
from doc_assets_tests.support.markdown_pages import blocks_of, read_page, texts_of

FILES = {
    "docs/part.md": "---\ntitle: T\n---\nOne.\n\n<!--s-->\n**Two**.\n<!--e-->\n\n"
    "## Usage\n\nUse it.\n\n## Next\n\nNo.\n",
    "code/a.py": "import a\n# region part\nrun()\n# endregion part\n# <tag>\nstop()\n# </tag>\n",
}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("<!--@include: ./part.md{1,1}-->\n", ["One."]),
        ("<!-- @include: ./part.md#usage -->\n", ["Use it."]),
        ('{% include-markdown "part.md" start="<!--s-->" end="<!--e-->" %}\n', ["Two."]),
        ("{%\n   include-markdown 'part.md'\n   start='<!--s-->'\n   end='<!--e-->'\n%}\n", ["Two."]),
        ("{!part.md!lines=1}\n", ["One."]),
        ("::include{file=part.md}\n", ["One.", "Two.", "Use it.", "No."]),
        ("[!INCLUDE [Some title](part.md)]\n", ["One.", "Two.", "Use it.", "No."]),
        ('{% include "part.md" %}\n', ["One.", "Two.", "Use it.", "No."]),
    ],
)
def test_pages_are_markdown_or_the_part_of_them_that_is_named(text: str, expected: list[str]) -> None:
    assert texts_of(text, FILES) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("<<< @/code/a.py#part{1 py:line-numbers} [A label]\n", [Block("A label"), Block("run()", "code")]),
        ("<<< ../code/a.py#tag\n", [Block("stop()", "code")]),
        ("{* ../code/a.py ln[3:3] hl[1] *}\n", [Block("run()", "code")]),
        ("```py\n{!../code/a.py [ln:3]!}\n```\n", [Block("run()", "code")]),
        ("[!code-python[Main](../code/a.py?range=3)]\n", [Block("run()", "code")]),
        ("[!code-python[Main](../code/a.py?name=part)]\n", [Block("run()", "code")]),
        (':::code language="python" source="../code/a.py" range="3":::\n', [Block("run()", "code")]),
        ('{{< include "part.qmd" >}}\n', [Block("From *quarto*.".replace("*", ""))]),
    ],
)
def test_listings_are_the_lines_or_the_region_that_is_named(text: str, expected: list[Block]) -> None:
    assert blocks_of(text, {**FILES, "docs/part.qmd": "From *quarto*.\n"}) == expected


@pytest.mark.parametrize(
    ("text", "target"),
    [
        ("<!--@include: ./gone.md-->", "./gone.md"),
        ("<<< ./gone.js", "./gone.js"),
        ("<<< ../code/a.py#nope", "../code/a.py"),
        ("{!gone.md!}", "gone.md"),
        ("{* ../gone.py *}", "../gone.py"),
        ('{% include-markdown "../../../out.md" %}', "../../../out.md"),
        ("[!INCLUDE [x](gone.md)]", "gone.md"),
        ("{{< include gone.qmd >}}", "gone.qmd"),
        ("{{< embed a.ipynb#fig-x >}}", "a.ipynb#fig-x"),
        ('--8<-- "https://a.example/x.md"', "https://a.example/x.md"),
        ('```py\n--8<-- "gone.py"\n```', "gone.py"),
        ("--8<--\ngone.md\n--8<--", "gone.md"),
    ],
)
def test_what_is_missing_is_removed_and_counted(text: str, target: str) -> None:
    document = read_page(f"{text}\n\nEnd.\n", FILES)
    assert [block.text for section in document.sections for block in section.blocks] == ["End."]
    assert document.metadata == {"includes_missing": 1, "first_include_missing": target}


def test_snippets_are_sought_where_mkdocs_says() -> None:
    for stated in ("[docs/src/.parts, .]", "docs/src/.parts", "\n        - docs/src/.parts\n        - ."):
        settings = f"site_name: x\nmarkdown_extensions:\n  - pymdownx.snippets:\n      base_path: {stated}\n"
        files = {"mkdocs.yml": settings, "docs/src/.parts/a.md": "A words.\n"}
        assert texts_of('--8<-- "a.md"\n\nEnd.\n', files) == ["A words.", "End."]


def test_a_range_counts_from_the_start_of_its_region() -> None:
    text = "<!-- #region a -->\n\nOne.\n\nTwo.\n\nThree.\n<!-- #endregion a -->\n"
    assert texts_of("<!--@include: ./p.md#a{4,}-->\n", {"docs/p.md": text}) == ["Two.", "Three."]


def test_marks_that_are_shown_or_are_none_stay() -> None:
    text = '```\nx <<< y\n{!gone.md!}\n{% include "gone.md" %}\n;--8<-- "a.py"\n```\n\n'
    document = read_page(text + ';--8<-- "b.py"\n\n1 <<< 2 and {!x} `<!--@include: ./a.md-->` `{{#include}}`\n')
    assert [block.text for section in document.sections for block in section.blocks] == [
        'x <<< y\n{!gone.md!}\n{% include "gone.md" %}\n--8<-- "a.py"',
        '--8<-- "b.py"',
        "1 <<< 2 and {!x} `<!--@include: ./a.md-->` `{{#include}}`",
    ]
    assert "includes_missing" not in document.metadata


def test_includes_of_vuepress_are_shown_or_counted() -> None:
    files = {"docs/a.js": "one\ntwo\nthree\n", "docs/part.md": "Part.\n"}
    text = "@[code{2-3} js](./a.js)\n\n@include(./part.md)\n\n@[code](./missing.js)\n\nEnd @include(x).\n"
    page = read_page(text, files)
    assert [block.text for block in page.sections[0].blocks] == ["two\nthree", "Part.", "End @include(x)."]
    assert page.metadata["includes_missing"] == 1


def test_includes_of_fumadocs_are_shown_or_counted() -> None:
    page = read_page(
        "<include>./part.md#two</include>\n\n<include lang='ts'>missing.ts</include>\n",
        {"docs/part.md": "a\n\n## Two\n\nb\n"},
    )
    assert [block.text for section in page.sections for block in section.blocks] == ["b"]
    assert page.metadata["includes_missing"] == 1
