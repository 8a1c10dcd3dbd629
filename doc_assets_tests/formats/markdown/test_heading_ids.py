"""Headings: braces that are words, explicit ids in each dialect, headings written as elements."""

from __future__ import annotations

import pytest

from doc_assets.document import lay_out
from doc_assets.formats.base import RawFile
from doc_assets.formats.registry import parse


def headings(text: str, name: str = "a.md") -> list[tuple[str, str | None]]:
    """Return the headings below the title with their anchors."""
    document = parse(RawFile(name, f"# Title\n\nIntro.\n\n{text}\n\nText.\n".encode()))[0]
    return [(s.heading_path[-1], s.anchor) for s in document.sections if s.heading_path]


@pytest.mark.parametrize(
    "heading",
    [
        "GET /v1/pools/{poolId}",
        "The set {a, b}",
        "Fields {}",
        "Template {{ name }}",
        "Use {name}",
        "Style {a: b}",
        "Block {#if",
        "f{x=1}",
        "Mended [#123]",
    ],
)
def test_braces_that_are_no_attributes_are_words(heading: str) -> None:
    assert [text for text, _ in headings(f"## {heading}")] == [heading]


@pytest.mark.parametrize(
    "attributes",
    [
        "{#own}",
        "{ #own }",
        "{: #own }",
        "{.wide #own}",
        '{ #own .x data-k="v w" }',
        "{#own .unnumbered}",
        "{.x id=own}",
        "<!-- #own -->",
        "{#own} ##",
        "[#own]",
        "[!toc] [#own]",
    ],
)
def test_the_id_that_a_heading_states_is_its_anchor(attributes: str) -> None:
    assert headings(f"## Of {{x}} {attributes}") == [("Of {x}", "own")]
    assert headings(f"Of {{x}} {attributes.removesuffix(' ##')}\n---") == [("Of {x}", "own")]


@pytest.mark.parametrize("attributes", ["{.unnumbered}", "{-}", "{: .no_toc }", 'style="x"'.join("{}")])
def test_attributes_without_an_id_go(attributes: str) -> None:
    assert headings(f"## Set up {attributes}") == [("Set up", "set-up")]


@pytest.mark.parametrize(
    "text",
    [
        "## Second\n{: #own }",
        "## Second ##\n{:#own .wide}",
        "Second\n------\n{: #own }",
        "{: #own }\n## Second",
        "{#own}\n## Second",
        "(own)=\n## Second",
        "[](){#own}\n## Second",
        "<a id='own'></a>\n\n## Second",
        '<a name="own"></a>\n## Second',
        "## <a id='own'></a>Second",
        '## Second <a href="#own" id="own"></a>',
        '<h2 id="own">Second</h2>',
        '<span id="own"></span>\n\n## Second',
    ],
)
def test_an_id_beside_a_heading_is_its_anchor(text: str) -> None:
    assert headings(text) == [("Second", "own")]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("## Roll back {/* #own */}", ("Roll back", "own")),
        ("Roll back {/* #own */}\n---", ("Roll back", "own")),
        ("## Squash {#own}", ("Squash", "own")),
        ("## Squash \\{#own\\}", ("Squash", "own")),
        ("## `GET /pools/{id}` reads one", ("GET /pools/{id} reads one", "get-poolsid-reads-one")),
        ("## Fields of \\{pool\\}", ("Fields of {pool}", "fields-of-pool")),
        ('<h2 id="own">Fee <b>tiers</b></h2>', ("Fee tiers", "own")),
        ('<h2\n  className="x"\n  id={"own"}\n>\n  Fee tiers\n</h2>', ("Fee tiers", "own")),
        ('<Heading level="2" id="own">Who pays</Heading>', ("Who pays", "own")),
        ('<div>\n  <H2 id="own">Who pays</H2>\n</div>', ("Who pays", "own")),
    ],
)
def test_headings_of_mdx_keep_their_words_and_ids(text: str, found: tuple[str, str]) -> None:
    assert headings(text, "a.mdx") == [found]


def test_a_line_of_attributes_after_a_paragraph_is_dropped_and_names_nothing() -> None:
    assert headings("Words.\n{: #own }\n\n## Second") == [("Second", "second")]


def test_a_heading_in_a_cell_of_a_table_is_text() -> None:
    document = parse(RawFile("a.mdx", b"| a | b |\n|---|---|\n| <h2>x</h2> | y |\n"))[0]
    assert lay_out(document)[0] == "a | b\nx | y"


class Book:
    """A book's files."""

    def __init__(self, settings: str) -> None:
        """Take what stands in book.toml."""
        self.files = {"src/SUMMARY.md": b"# Summary\n\n- [A](a.md)\n", "book.toml": settings.encode()}

    def read(self, path: str) -> bytes | None:
        """Return a file's bytes."""
        return self.files.get(path)


@pytest.mark.parametrize(
    ("settings", "anchors"),
    [
        ('[book]\ntitle = "B"\nmultilingual = false\n', ["Über-uns", "uns"]),
        ("[output.html]\ncurly-quotes = true\n", ["Über-uns", "uns"]),
        ('[book]\ntitle = "B"\n', ["über-uns", "-uns"]),
        ("[output.html]\ndefinition-lists = false\n", ["über-uns", "-uns"]),
    ],
)
def test_anchors_of_a_book_are_those_of_the_mdbook_that_builds_it(settings: str, anchors: list[str]) -> None:
    page = b"# A\n\n## \xc3\x9cber uns\n\na\n\n## & uns\n\nb\n"
    document = parse(RawFile("src/a.md", page, neighbours=Book(settings)))[0]
    assert [s.anchor for s in document.sections if s.heading_path] == anchors


@pytest.mark.parametrize("sign", ["[¶](#own)", '[#](#own "Permalink to this")', r"[\#](#own)"])
def test_a_permalink_without_a_word_is_no_part_of_its_heading(sign: str) -> None:
    assert headings(f"## Use it {sign}") == [("Use it", "own")]
    assert headings("## Use [C#](#own)") == [("Use C#", "use-c")]


def test_an_id_of_docsify_is_the_anchor() -> None:
    assert headings("## Use it :id=own") == [("Use it", "own")]
    assert headings("## Set a :id= b") == [("Set a :id= b", "set-a-id-b")]
