"""Files that MyST's directives name: shown as pages, listings and tables within the source, or counted as missing."""

from __future__ import annotations

import pytest

from doc_assets.document import Block
from doc_assets_tests.support.markdown_pages import blocks_of, read_page, texts_of

CODE = "import a\nclass A:\n    def run(self):\n        return 1\n\nx = 2\n"


def missing(text: str, files: dict[str, str] | None = None) -> tuple[object, object]:
    facts = read_page(text + "\nEnd.\n", files).metadata
    return facts.get("includes_missing", 0), facts.get("first_include_missing", "")


@pytest.mark.parametrize("mark", ["```", ":::"])
def test_pages_are_included_relative_to_the_file_that_includes_them(mark: str) -> None:
    files = {
        "docs/part/a.md": f"---\ntitle: T\n---\nA *words*.\n\n{mark}{{include}} b.md\n{mark}\n",
        "docs/part/b.md": "B words.\n",
        "shared.md": "From the root.\n",
    }
    text = f"{mark}{{include}} part/a.md\n{mark}\n\n{mark}{{include}} /shared.md\n{mark}\n\nEnd.\n"
    assert texts_of(text, files) == ["A words.", "B words.", "From the root.", "End."]


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ([":start-after: start-here"], ["Second."]),
        ([':start-after: "<!-- start-here -->"'], ["Second."]),
        ([":end-before: <!-- start"], ["First."]),
        ([":start-line: 4"], ["Second."]),
        ([":end-line: 1"], ["First."]),
        ([":lines: 1"], ["First."]),
        (["---", "start-at: Second", "---"], ["Second."]),
        ([":parser: myst_parser.sphinx_", ":end-line: 1"], ["First."]),
    ],
)
def test_options_select_a_part_of_a_page(options: list[str], expected: list[str]) -> None:
    files = {"docs/a.md": "First.\n\n<!-- start-here -->\n\nSecond.\n"}
    assert texts_of("\n".join(["```{include} a.md", *options, "```", ""]), files) == expected


def test_headings_of_an_included_page_are_shifted_outside_of_its_listings() -> None:
    files = {"docs/a.md": "# Part\n\nx\n\n```sh\n# no heading\n```\n\n##### Deep\n\ny\n"}
    document = read_page("# T\n\n## Own\n\nz\n\n```{include} a.md\n:heading-offset: 2\n```\n", files)
    assert [section.heading_path for section in document.sections] == [
        ("Own",),
        ("Own", "Part"),
        ("Own", "Part", "Deep"),
    ]


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (":lines: 1,6", "import a\nx = 2"),
        (":lines: 2-3", "class A:\n    def run(self):"),
        (":pyobject: A.run", "    def run(self):\n        return 1"),
        (":pyobject: A.run\n:dedent:", "def run(self):\n    return 1"),
        (":start-after: import\n:end-before: def", "class A:"),
        (":start-at: x =\n:language: python", "x = 2"),
    ],
)
def test_literal_includes_are_listings_of_the_part_selected(options: str, expected: str) -> None:
    text = f"```{{literalinclude}} ../src/a.py\n{options}\n:caption: In a.py\n```\n"
    assert blocks_of(text, {"src/a.py": CODE}) == [Block("In a.py"), Block(expected, "code")]


def test_an_include_with_a_language_is_a_listing() -> None:
    for option in (":literal:", ":code: python", ":lang: python"):
        assert blocks_of(f"```{{include}} a.py\n{option}\n```\n", {"docs/a.py": "# a\nb\n"}) == [
            Block("# a\nb", "code")
        ]


def test_included_restructuredtext_is_read_as_such_with_what_it_includes() -> None:
    files = {"docs/a.rst": "Head\n====\n\n``a`` of it.\n\n.. include:: b.rst\n", "docs/b.rst": "B words.\n"}
    document = read_page("# T\n\n```{include} a.rst\n```\n\n```{eval-rst}\n.. include:: gone.rst\n```\n", files)
    assert [(s.heading_path, [b.text for b in s.blocks]) for s in document.sections] == [
        (("Head",), ["`a` of it.", "B words."])
    ]
    assert document.metadata == {"includes_missing": 1, "first_include_missing": "gone.rst"}


def test_tables_of_files_are_read() -> None:
    text = "```{csv-table} T\n:file: a.csv\n:header-rows: 1\n```\n"
    assert blocks_of(text, {"docs/a.csv": "n,v\na,1\n"}) == [Block("T"), Block("n | v\na | 1", "table")]


def test_a_project_s_own_directive_shows_the_file_that_it_names() -> None:
    files = {"docs/a.py": "# tag: part\nrun()\n# tag: part\nstop()\n"}
    assert blocks_of("```{tagged-block} a.py part\n```\n", files) == [Block("run()", "code")]
    assert missing("```{tagged-block} gone.py part\n```\n") == (1, "gone.py part")
    assert texts_of("```{my-box} a.py\nIts words.\n```\n", files) == ["a.py", "Its words."]


@pytest.mark.parametrize(
    ("directive", "target"),
    [
        ("{include} gone.md", "gone.md"),
        ("{include} ../../out.md", "../../out.md"),
        ("{literalinclude} gone.py", "gone.py"),
        ("{literalinclude} a.py\n:pyobject: Nope", "a.py"),
        ("{literalinclude} a.py\n:start-after: nope", "a.py"),
        ("{include} page.md", "page.md"),
        ("{csv-table} T\n:file: gone.csv", "gone.csv"),
        ("{embed} #fig-x", "#fig-x"),
    ],
)
def test_what_cannot_be_included_is_counted_and_its_path_is_no_text(directive: str, target: str) -> None:
    for text in (f"```{directive}\n```\n", f":::{directive}\n:::\n"):
        assert missing(text, {"docs/a.py": "x\n"}) == (1, target)
        assert target not in texts_of(text + "\nEnd.\n", {"docs/a.py": "x\n"})


def test_an_include_shown_in_a_listing_is_not_resolved() -> None:
    text = "````md\n```{include} a.md\n```\n````\n"
    assert blocks_of(text, {"docs/a.md": "no"}) == [Block("```{include} a.md\n```", "code")]
    assert missing(text) == (0, "")


def test_an_include_in_a_list_stays_in_it() -> None:
    text = "- item\n\n  ```{include} a.md\n  ```\n\n- next\n"
    assert texts_of(text, {"docs/a.md": "In it.\n\n- deep\n"}) == ["- item\n  In it.\n  - deep\n- next"]


def test_pages_that_include_one_another_end() -> None:
    files = {f"docs/{n}.md": f"word{n}\n\n```{{include}} {n + 1}.md\n```\n" for n in range(15)}
    text = "\n".join(texts_of("```{include} 0.md\n```\n", files))
    assert "word9" in text and "word11" not in text
    loop = {"docs/a.md": "A.\n\n```{include} b.md\n```\n", "docs/b.md": "B.\n\n```{include} a.md\n```\n"}
    assert texts_of("```{include} a.md\n```\n", loop) == ["A.", "B."]


def test_pieces_in_restructuredtext_share_the_limits_of_the_page() -> None:
    piece = "```{eval-rst}\n.. include:: a.rst\n```\n\n"
    facts = read_page(piece * 3 + "End.\n", {"docs/a.rst": "word " * 80_000}).metadata
    assert facts["includes_missing"] == 1
