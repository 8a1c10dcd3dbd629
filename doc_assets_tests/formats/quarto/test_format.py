"""Quarto and R Markdown: the page that a reader of the web page sees."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from doc_assets.document import Block, Document
from doc_assets.errors import DocumentSkipped
from doc_assets.formats.base import RawFile
from doc_assets.formats.registry import parse


@dataclass
class Beside:
    files: dict[str, str]

    def read(self, path: str) -> bytes | None:
        text = self.files.get(path)
        return None if text is None else text.encode()


def read(text: str, path: str = "docs/page.qmd", **files: str) -> Document:
    beside = {name.replace("__", "/").replace("_dot_", "."): content for name, content in files.items()}
    return parse(RawFile(path, text.encode(), neighbours=Beside(beside)))[0]


def blocks(text: str, path: str = "docs/page.qmd", **files: str) -> list[Block]:
    return [block for section in read(text, path, **files).sections for block in section.blocks]


def texts(text: str, path: str = "docs/page.qmd", **files: str) -> list[str]:
    return [block.text for block in blocks(text, path, **files)]


# Front matter


def test_a_page_shows_subtitle_description_and_abstract_and_states_its_authors() -> None:
    authors = "author:\n  - name: Ada Lovelace\n    url: https://a.example\n  - {name: {given: Alan, family: Turing}}\n"
    head = f"title: Engines\nsubtitle: A *short* history\n{authors}categories: [maths]\nformat: {{html: default}}\n"
    long = "Long abstract. " * 100
    document = read(f"---\n{head}abstract: |\n  {long}\n---\n\n# First\n\nText.\n", "docs/page.qmd")
    assert document.title == "Engines" and document.format == "quarto"
    assert [block.text for block in document.sections[0].blocks] == ["A short history", long.strip()]
    assert document.metadata["author"] == ["Ada Lovelace", "Alan Turing"]
    assert document.metadata["categories"] == ["maths"] and "format" not in document.metadata


# Cells


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("```{r}\na <- 1\n```", ["a <- 1"]),
        ("```{python}\n#| label: fig-a\n#| fig-cap: A plot\na = 1\n```", ["a = 1", "A plot"]),
        ("```{r}\n#| fig-cap: >\n#|   A plot\n#|   of x\na\n```", ["a", "A plot of x"]),
        ('```{r}\n#| fig-cap:\n#|   - "One"\n#|   - Two\na\n```', ["a", "One Two"]),
        ('```{r lab, fig.cap="A \\"plot\\", here", echo=TRUE}\na\n```', ["a", 'A "plot", here']),
        ("```{r, fig.cap=paste0('a', b)}\na\n```", ["a"]),
        ("```{r, fig.cap=caption}\na\n```", ["a"]),
        ('```{r, echo = FALSE, fig.cap = "Only drawn"}\na\n```', ["Only drawn"]),
        ('```{r, echo=F, eval=FALSE, fig.cap="never drawn"}\na\n```', []),
        ("```{python}\n#| echo: false\na = 1\n```", []),
        ("```{r setup, include=FALSE}\nlibrary(x)\n```", []),
        ("```{r}\n#| include: false\n#| fig-cap: x\na\n```", []),
        ("```{r}\n#| output: false\n#| tbl-cap: x\na\n```", ["a"]),
        ('```{r, tags=c("remove-cell")}\na\n```', []),
        ('```{python}\n#| code-summary: "Show it"\n#| code-fold: true\na\n```', ["Show it", "a"]),
        ("```{python}\n#| filename: run.py\na\n```", ["run.py", "a"]),
        ("```{python}\n#| echo = FALSE\na\n```", []),
        ("```{ojs}\n//| echo: false\na\n```", []),
        ("```{sql}\n-- | no option\nSELECT 1\n```", ["-- | no option\nSELECT 1"]),
        ("```{{r}}\na\n```", ["a"]),
        ("````markdown\n```{r, echo=FALSE}\na\n```\n````", ["```{r, echo=FALSE}\na\n```"]),
        ('```{.python .content-hidden when-format="html"}\na\n```', []),
        ('```{.python filename="b.py"}\na\n```', ["b.py", "a"]),
        ("- item\n\n  ```{r, echo=TRUE}\n  #| fig-cap: Cap\n  f(x,\n    y)\n  ```", ["- item", "f(x,\n  y)", "  Cap"]),
        ("> ```{r, include=FALSE}\n> a\n> ```\n> said", ["said"]),
    ],
)
def test_a_cell_is_shown_as_its_options_say(cell: str, expected: list[str]) -> None:
    assert texts(f"{cell}\n\nEnd.\n") == [*expected, "End."]


def test_a_cell_without_an_end_is_shown() -> None:
    assert texts("```{r}\n#| lst-cap: Open\na\n") == ["Open", "a"]


def test_options_of_page_folder_project_and_chunk_defaults_hold_for_the_cells_below_them() -> None:
    two = "```{r}\na\n```\n\nText.\n\n```{r, echo=TRUE}\nb\n```\n"
    assert texts(f"---\nexecute:\n  echo: false\n---\n{two}") == ["Text.", "b"]
    assert texts(f"---\nknitr:\n  opts_chunk:\n    echo: false\n---\n{two}") == ["Text.", "b"]
    assert texts(two, docs___quarto_dot_yml="execute: {echo: false}\n") == ["Text.", "b"]
    assert texts(two, docs___metadata_dot_yml="execute: {echo: false}\n", _quarto_dot_yml="x: 1\n") == ["Text.", "b"]
    setting = "```{r, include=FALSE}\nknitr::opts_chunk$set(fig.width = c(1, 2), echo = FALSE)\n```\n\n"
    assert texts(f"{setting}{two}") == ["Text.", "b"]
    assert texts(f"{two}{setting}") == ["a", "Text.", "b"]


def test_the_language_of_most_cells_is_metadata() -> None:
    assert read("```{python}\na\n```\n\n```{python}\nb\n```\n\n```{r}\nc\n```\n").metadata["language"] == "python"
    assert "language" not in read("---\nlanguage: de.yml\n---\n```{mermaid}\na\n```\n").metadata


def test_children_includes_and_files_of_cells_are_read_beside_the_page_only() -> None:
    child = "```{r, child=c('part.Rmd', \"gone.Rmd\")}\n```\n\nEnd.\n"
    document = read(child, "docs/a.Rmd", docs__part_dot_Rmd="---\ntitle: x\n---\nPart.\n\n```{r, echo=FALSE}\nh\n```\n")
    assert [block.text for section in document.sections for block in section.blocks] == ["Part.", "End."]
    assert document.metadata["includes_missing"] == 1
    assert texts("{{< include _p.qmd >}}\n\nEnd.\n", docs___p_dot_qmd="```{r}\n#| echo: false\nx\n```\nIn.") == [
        "In.",
        "End.",
    ]
    assert texts("{{< include page.qmd >}}\n\nOnce.\n", docs__page_dot_qmd="No.") == ["Once."]
    assert texts('```{r, file="x.R"}\n```\n\nEnd.\n', docs__x_dot_R="f <- 1\n") == ["f <- 1", "End."]
    assert texts('```{r, code=readLines("../../x.R")}\nown\n```\n', x_dot_R="no") == ["own"]


# Pages


def test_headings_have_pandoc_s_ids_and_no_attributes() -> None:
    text = "# R 4.2: what's new?\n\na\n\n## Named {#own .x}\n\nb\n\n## Bare {-}\n\nc\n\n## Slide {auto-animate=true}\n"
    assert [section.anchor for section in read(text).sections] == ["r-4.2-whats-new", "own", "bare", "slide"]
    assert [section.heading_path for section in read(text).sections][1:] == [("Named",), ("Bare",), ("Slide",)]


@pytest.mark.parametrize("name", ["_part.qmd", "docs/_child.Rmd"])
def test_a_piece_that_pages_include_is_no_page(name: str) -> None:
    with pytest.raises(DocumentSkipped, match="other pages include"):
        read("Text.\n", name)


def test_one_of_a_page_and_the_markdown_that_is_rendered_of_it_is_read() -> None:
    page = "---\noutput: github_document\n---\nText.\n"
    with pytest.raises(DocumentSkipped, match=r"the source of README\.md"):
        read(page, "README.Rmd", README_dot_md="Text.\n")
    assert texts(page, "README.Rmd") == ["Text."]
    assert texts("---\noutput: html_document\n---\nText.\n", "README.Rmd", README_dot_md="Text.\n") == ["Text."]


def test_shortcodes_are_words_in_prose_and_text_in_listings() -> None:
    words = "{{< meta word >}} {{< var v.x >}} {{< video https://a.example/v.mp4 >}}{{< kbd Ctrl-P >}}"
    shown = "```\n{{< meta word >}}\n{{{< video x >}}}\n```\n"
    page = f"---\nword: w1\n---\n{words}\n\n{shown}"
    found = texts(page, docs___variables_dot_yml="v: {x: w2}\n")
    assert found == ["w1 w2 Ctrl-P", "{{< meta word >}}\n{{< video x >}}"]


def test_a_child_of_the_folder_above_is_read_once_in_a_circle() -> None:
    page = '```{r, child="b.Rmd"}\n```\n'
    child = 'Shared.\n\n```{r, child="b.Rmd"}\n```\n'
    assert texts(page, "docs/a.Rmd", b_dot_Rmd=child) == ["Shared."]


def test_children_have_children_and_a_circle_of_them_ends() -> None:
    page = '```{r, child="b.Rmd"}\n```\n\nend\n'
    found = texts(page, "docs/page.Rmd", docs__b_dot_Rmd=f"b\n\n{page.replace('b.', 'c.')}", docs__c_dot_Rmd="c\n")
    assert found == ["b", "c", "end", "end"]
    found = texts(page, "docs/page.Rmd", docs__b_dot_Rmd=f"b\n\n{page}{page}")
    assert found == ["b", "end", "end", "end"]


def test_the_code_of_a_file_ends_where_the_file_does() -> None:
    code = '"""\n```\ndoc\n```\n"""\nx = 1'
    assert texts("```{python}\n#| file: x.py\n```\n\nend\n", "docs/page.qmd", docs__x_dot_py=f"{code}\n") == [
        code,
        "end",
    ]
