"""Small pages in the shape that each tool writes, and what a reader of the tool's own site sees of them.

The pages are in ``data/reading_cases``. A row states one fact about one page; its name says which.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass

import pytest

from doc_assets.document import BlockKind, Document, JsonValue, lay_out
from doc_assets.errors import DocumentSkipped
from doc_assets.formats.base import RawFile
from doc_assets.formats.outline import slug
from doc_assets.formats.registry import parse
from doc_assets.metadata import describe
from doc_assets_tests.support import ROOT

PAGES = ROOT / "doc_assets_tests" / "data" / "reading_cases"


class Page:
    """What the product keeps of one file: its first document, unless a name says otherwise."""

    def __init__(self, path: str) -> None:
        self.documents = parse(RawFile(path, (PAGES / path).read_bytes(), neighbours=_Neighbours()))

    @property
    def title(self) -> str:
        return self.documents[0].title

    @property
    def metadata(self) -> dict[str, JsonValue]:
        return describe(self.documents[0], "type", {}, "path")

    @functools.cached_property
    def text(self) -> str:
        return self.text_of(self.documents[0])

    @functools.cached_property
    def headings(self) -> list[str]:
        return [section.heading_path[-1] for section in self.documents[0].sections if section.heading_path]

    @functools.cached_property
    def anchors(self) -> list[str]:
        return [section.anchor for section in self.documents[0].sections if section.anchor]

    @functools.cached_property
    def code(self) -> list[str]:
        return [
            block.text for section in self.documents[0].sections for block in section.blocks if block.kind == "code"
        ]

    def kind(self, words: str) -> BlockKind | None:
        """Kind of the first block that holds the words."""
        blocks = (block for section in self.documents[0].sections for block in section.blocks)
        return next((block.kind for block in blocks if words in block.text), None)

    def heading_of(self, words: str) -> str | None:
        """Heading above the first block that holds the words; "" before any heading, None if no block does."""
        for section in self.documents[0].sections:
            if any(words in block.text for block in section.blocks):
                return section.heading_path[-1] if section.heading_path else ""
        return None

    @staticmethod
    def text_of(document: Document) -> str:
        return lay_out(document)[0]

    def holds(self, *words: str) -> bool:
        return all(word in self.text for word in words)


class _Neighbours:
    def read(self, path: str) -> bytes | None:
        file = PAGES / path
        return file.read_bytes() if file.is_file() else None


@dataclass(frozen=True)
class Fact:
    """One thing that a reader of the page sees, or does not see."""

    name: str
    path: str
    holds: Callable[[Page], object]


FACTS = [
    # Headings and their ids
    Fact(
        "braces in a heading are words",
        "md/braces-heading.md",
        lambda page: (
            page.headings
            == ["GET /v1/pools/{poolId}", "DELETE /v1/pools/{poolId}/positions/{positionId}", "The set {a, b}"]
        ),
    ),
    Fact(
        "braces give letters to the id",
        "md/braces-heading.md",
        lambda page: "get-v1poolspoolid" in page.anchors,
    ),
    Fact(
        "escaped braces in MDX are words",
        "mdx/heading-comment-id.mdx",
        lambda page: "Fields of {pool}" in page.headings,
    ),
    Fact(
        "a comment in MDX states the id",
        "mdx/heading-comment-id.mdx",
        lambda page: "roll-back-a-release" in page.anchors,
    ),
    Fact("a class may stand before the id", "md/heading-ids.md", lambda page: "one" in page.anchors),
    Fact("Kramdown's id stands on the next line", "md/heading-ids.md", lambda page: "two" in page.anchors),
    Fact(
        "an element in MDX is a heading",
        "mdx/jsx-heading.mdx",
        lambda page: "Fee tiers" in page.headings and "fee-tiers" in page.anchors,
    ),
    Fact(
        "an exported title is the title",
        "mdx/jsx-heading.mdx",
        lambda page: page.title == "Swap fees of the pool",
    ),
    # Template tags
    Fact("a shortcode makes a heading", "md/k8s-heading.md", lambda page: len(page.headings) == 3),
    Fact(
        "the words below it are in its section",
        "md/k8s-heading.md",
        lambda page: page.heading_of("two nodes") not in ("", None),
    ),
    Fact(
        "the section before it ends",
        "md/k8s-heading.md",
        lambda page: page.heading_of("Read about taints") != "Drain it",
    ),
    Fact(
        "a term of the glossary is shown",
        "md/k8s-heading.md",
        lambda page: "pod that has no controller" in page.text.lower(),
    ),
    Fact("a feature has its version and state", "md/k8s-heading.md", lambda page: page.holds("1.29", "beta")),
    Fact("Hugo's comment is hidden", "md/k8s-heading.md", lambda page: not page.holds("not for readers")),
    Fact("Liquid's comment is hidden", "md/liquid-comment.md", lambda page: not page.holds("infra people")),
    Fact("Markdoc's tags are no text", "md/markdoc.md", lambda page: not page.holds("{%")),
    Fact(
        "the description of Markdoc's link stays",
        "md/markdoc.md",
        lambda page: page.holds("supply that nobody needs"),
    ),
    Fact("Markdoc's id is the heading's", "md/markdoc.md", lambda page: "prepare" in page.anchors),
    # Listings
    Fact(
        "the title of a listing stays",
        "md/fence-title.md",
        lambda page: page.holds("/etc/agent/limits.yaml", "src/program.ts"),
    ),
    Fact(
        "lines of a listing in HTML stay lines in Markdown",
        "md/pre-br.md",
        lambda page: page.code[:2] == ["ring/\n  head.c\n  tail.c", "ring --open 8\nring --close"],
    ),
    Fact(
        "a listing in a cell keeps its lines",
        "md/pre-br.md",
        lambda page: page.holds("int open(int n)\n{\n    return n;\n}"),
    ),
    Fact(
        "lines of a listing in HTML stay lines",
        "html/starlight.html",
        lambda page: "for file in files:\n    parcel.send(file)" in page.code[0],
    ),
    Fact(
        "Doxygen's fragment is a listing",
        "html/doxygen.html",
        lambda page: page.code == ["#include <ring.h>\n\nint main(void)\n{\n    return ring_open(8);\n}"],
    ),
    Fact(
        "a listing of a manual page keeps its indentation",
        "txt/bpf2.txt",
        lambda page: page.holds("    int fd = ring_open(8);"),
    ),
    Fact("three blanks make a sub-heading", "txt/bpf2.txt", lambda page: "Return value" in page.headings),
    # Directives
    Fact("slashes of PyMdown's blocks are no text", "md/pymdown-blocks.md", lambda page: not page.holds("///")),
    Fact("a block's options are no text", "md/pymdown-blocks.md", lambda page: not page.holds("type: tip")),
    Fact("a comment of MyST is hidden", "md/myst.md", lambda page: not page.holds("authors only")),
    Fact("a listing of MyST has its caption", "md/myst.md", lambda page: page.holds("solve_all.py")),
    Fact(
        "a table of MyST has its caption",
        "md/myst.md",
        lambda page: page.holds("Solvers by speed") and page.kind("CG | fast") == "table",
    ),
    Fact(
        "a theorem is prose with its title",
        "md/myst.md",
        lambda page: page.holds("Convergence of CG") and page.kind("The method converges") == "prose",
    ),
    Fact("a card has its title", "md/myst.md", lambda page: page.holds("Benchmarks of solvers")),
    Fact(
        "a table written as a list is a table",
        "md/myst.md",
        lambda page: page.kind("depth") == "table" and page.holds("Limits"),
    ),
    Fact(
        "a listing below colons is verbatim",
        "md/myst-colon.md",
        lambda page: (
            any("# shut both\n    total = valve_a * 2 * valve_b" in code for code in page.code) and page.headings == []
        ),
    ),
    Fact("a table of contents is no text", "md/myst-colon.md", lambda page: not page.holds("other/page")),
    Fact("a formula below colons is verbatim", "md/myst-colon.md", lambda page: page.holds("\\{c\\}")),
    Fact(
        "includes of MyST are resolved",
        "mystinc/page.md",
        lambda page: page.holds("Shared words about", "def pump"),
    ),
    Fact("the path of an include is no text", "mystinc/page.md", lambda page: not page.holds("_shared2.md")),
    Fact("a default value stays", "rst/sphinx-new.rst", lambda page: page.holds("17")),
    Fact(
        "tabs of listings have their names",
        "rst/sphinx-new.rst",
        lambda page: page.holds("Fish shell", "I am Python"),
    ),
    Fact("a removal has its version", "rst/sphinx-new.rst", lambda page: page.holds("3.10")),
    Fact("a sidebar has its subtitle", "rst/sphinx-new.rst", lambda page: page.holds("in bytes")),
    Fact("a table in raw HTML stays", "rst/sphinx-new.rst", lambda page: page.holds("gossip")),
    # Tabs
    Fact("the value of a tab is its label", "mdx/tabs-value.mdx", lambda page: page.holds("Windows", "macOS")),
    Fact("labels in a list of values stay", "mdx/tabs-value.mdx", lambda page: page.holds("Stable channel")),
    Fact("tabs that are buttons have their names", "html/sphinx-tabs.html", lambda page: page.holds("Generic", "GKE")),
    # Notebooks
    Fact(
        "front matter in a cell gives the title",
        "nb/myst-frontmatter.ipynb",
        lambda page: page.title == "Estimate tides",
    ),
    Fact("%md makes a cell Markdown", "nb/databricks.ipynb", lambda page: page.title == "Load the ledger"),
    Fact("%md-sandbox makes a cell Markdown", "nb/databricks.ipynb", lambda page: "Clean it" in page.headings),
    Fact(
        "a formula outside of dollars is verbatim",
        "nb/latex-env.ipynb",
        lambda page: page.holds("\\{b, c\\} \\\\", "\\,dx"),
    ),
    # Pages of sites
    Fact("an aside in the content stays", "html/starlight.html", lambda page: page.holds("never be uploaded twice")),
    Fact(
        "a sidebar in the content stays",
        "html/sphinx-sidebar.html",
        lambda page: page.holds("at most 512 bytes"),
    ),
    Fact(
        "permalinks are no words",
        "html/anchors.html",
        lambda page: page.title == "Tuning" and page.headings[:2] == ["Buffers", "Threads"],
    ),
    Fact(
        "the header of a section stays",
        "html/section-header.html",
        lambda page: page.headings == ["Back up", "Restore"] and page.holds("Every night at two"),
    ),
    Fact(
        "a manual page is titled by its name",
        "html/debian-man.html",
        lambda page: page.title.lower().startswith("ring-dump"),
    ),
    Fact("a page may be in windows-874", "html/windows-874.html", lambda page: page.holds("ขนาดของบัฟเฟอร์")),
    # Crates
    Fact(
        "every public path is a name",
        "rust/house.json",
        lambda page: any(
            "Door" in page.text_of(one).replace("DoorV1", "").replace("A door", "") for one in page.documents
        ),
    ),
    Fact(
        "a prelude lists what it re-exports",
        "rust/house.json",
        lambda page: any(
            one.title == "Module house::prelude" and "Gate" in page.text_of(one) for one in page.documents
        ),
    ),
    Fact(
        "words on a re-export stay",
        "rust/house.json",
        lambda page: any("Old name." in page.text_of(one) for one in page.documents),
    ),
    Fact(
        "docs.rs' frame leaves the path alone",
        "rust/docsrs-attr.html",
        lambda page: page.metadata["item_path"] == "frames::ring::framed",
    ),
    Fact(
        "an attribute is of its own kind",
        "rust/docsrs-attr.html",
        lambda page: page.metadata["item_kind"] == "attr",
    ),
]


@functools.cache
def read(path: str) -> Page:
    return Page(path)


@pytest.mark.parametrize("fact", FACTS, ids=lambda fact: f"{fact.path}: {fact.name}")
def test_a_page_reads_as_on_its_own_site(fact: Fact) -> None:
    assert fact.holds(read(fact.path)), read(fact.path).text


def test_a_fragment_keeps_combining_marks() -> None:
    assert [slug("सेवा का उपयोग"), slug("การตั้งค่า")] == ["सेवा-का-उपयोग", "การตั้งค่า"]


def test_a_page_of_source_code_on_docs_rs_is_skipped() -> None:
    with pytest.raises(DocumentSkipped):
        read("rust/docsrs-src.html")
