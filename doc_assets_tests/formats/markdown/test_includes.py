"""What the directives of books bring in, what their listings hide; other generators' includes too."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from doc_assets.document import Block, Document, lay_out
from doc_assets.formats.base import RawFile
from doc_assets.formats.markdown.format import MarkdownFormat, MdxFormat
from doc_assets.formats.markdown.includes import MAX_DEPTH, Includes
from doc_assets_tests.support.source_files import SourceFiles

SUMMARY = "- [Third](third.md)\n"
BOOK = '[book]\ntitle = "The Book"\nsrc = "src"\n[output.html.code.hidelines]\npython = "~"\n'


def read(text: str, path: str = "src/page.md", files: Mapping[str, str] | None = None) -> Document:
    reader = MdxFormat() if path.endswith(".mdx") else MarkdownFormat()
    return reader.parse(RawFile(path, text.encode(), {}, SourceFiles(files)))[0]


def texts(text: str, path: str = "src/page.md", **files: str) -> list[str]:
    named = {name.replace("__", "/").replace("_md", ".md").replace("_rs", ".rs"): body for name, body in files.items()}
    return [block.text for section in read(text, path, named).sections for block in section.blocks]


# Directives

LISTING = (
    "use a;\n// ANCHOR: main\nfn main() {\n    // ANCHOR: body\n    run();\n    // ANCHOR_END: body\n}\n"
    "// ANCHOR_END: main\n"
)


@pytest.mark.parametrize(
    ("selection", "expected"),
    [
        ("", "use a;\nfn main() {\n    run();\n}"),
        (":3", "fn main() {"),
        (":5:", "    run();\n}"),
        ("::3", "use a;\nfn main() {"),
        (":3:5", "fn main() {\n    run();"),
        (":main", "fn main() {\n    run();\n}"),
        (":body", "    run();"),
    ],
)
def test_listings_are_included_by_lines_and_anchors(selection: str, expected: str) -> None:
    for directive in ("#include", "#rustdoc_include", " #include"):
        text = f"```rust\n{{{{{directive} ../code/a.rs{selection}}}}}\n```\n"
        assert texts(text, "book/page.md", code__a_rs=LISTING) == [expected]


def test_included_pages_include_relative_to_themselves() -> None:
    found = texts(
        "{{#include part/one.md}}\n\nafter\n",
        src__part__one_md="One.\n\n{{#include two.md}}\n",
        src__part__two_md="Two.\n",
    )
    assert found == ["One.", "Two.", "after"]


def test_playgrounds_become_listings_and_templates_take_values() -> None:
    assert texts("{{#playground a.rs editable}}\n", src__a_rs="fn f() {}\n# fn g() {}\n") == ["fn f() {}"]
    text = "{{#template t.md name=the map kind=hash}}\n"
    assert texts(text, src__t_md="Use [[#name]] of [[#kind]], [[#size small]].\n") == ["Use the map of hash, small."]


def test_an_include_in_a_list_or_quotation_stays_in_it() -> None:
    text = "- item\n\n  ```rust\n  {{#include a.rs}}\n  ```\n\n- next\n"
    assert texts(text, src__a_rs="fn a() {\n    b();\n}\n") == ["- item", "fn a() {\n    b();\n}", "- next"]


def test_what_cannot_be_included_is_dropped_and_counted() -> None:
    text = "# {{#include gone.md}}\n\n{{#include a.rs:absent}}\n\nkept {{#include ../../../outside.md}} words\n\n"
    text += "```rust\n{{#rustdoc_include /outside.md}}\n```\n"
    document = read(text, files={"src/a.rs": "x\n"})
    assert [b.text for s in document.sections for b in s.blocks] == ["kept words"]
    assert document.metadata["includes_missing"] == 4
    assert document.metadata["first_include_missing"] == "gone.md"


def test_includes_do_not_leave_the_book() -> None:
    files = {"books/one/src/SUMMARY.md": "- [P](page.md)\n", "books/one/a.md": "inside", "books/two/b.md": "outside"}
    text = "{{#include ../a.md}}\n\n{{#include ../../two/b.md}}\n\n{{#include ../../one/../two/b.md}}\n"
    document = read(text, "books/one/src/page.md", files)
    assert [b.text for s in document.sections for b in s.blocks] == ["inside"]
    assert document.metadata["includes_missing"] == 2


def test_an_escaped_directive_is_text() -> None:
    assert texts("Write \\{{#include a.rs}} here.\n\n```\n\\{{#include a.rs}}\n```\n", src__a_rs="secret") == [
        "Write {{#include a.rs}} here.",
        "{{#include a.rs}}",
    ]


def test_files_that_include_themselves_or_others_too_deep_end() -> None:
    document = read("{{#include a.md}}\n", files={"src/a.md": "word\n\n{{#include a.md}}\n"})
    assert document.metadata["includes_missing"] == 1 and lay_out(document)[0].count("word") == 1
    chain = {f"src/{n}.md": f"word{n}\n\n{{{{#include {n + 1}.md}}}}\n" for n in range(12)}
    shown = lay_out(read("{{#include 0.md}}\n", files=chain))[0]
    assert f"word{MAX_DEPTH - 1}" in shown and f"word{MAX_DEPTH}" not in shown


def test_what_includes_may_add_and_look_through_is_limited() -> None:
    file = RawFile("src/page.md", b"", {}, SourceFiles({"src/a.md": "four", "src/b.md": "five!"}))
    grows = Includes(file, max_text=9)
    assert [grows.take(text, "a.md") for text in ("four", "five!", "x")] == ["four", "five!", None]
    assert grows.facts() == {"includes_missing": 1, "first_include_missing": "a.md"}
    looks = Includes(file, max_looked_through=8)
    assert [looks.find([path]) for path in ("src/a.md", "src/b.md", "src/a.md")] == [
        ("src/a.md", "four"), None, ("src/a.md", "four")
    ]  # fmt: skip
    asks = Includes(file, max_includes=2)
    assert [asks.find(["src/a.md"]) is not None for _ in range(3)] == [True, True, False]


# Hidden lines


def test_hidden_lines_are_dropped_and_escaped_ones_shown() -> None:
    text = "```rust\n# use a;\n#\n## shown\n#[derive(A)]\n    # hidden\nfn f() {}\n```\n"
    assert texts(text) == ["# shown\n#[derive(A)]\nfn f() {}"]


def test_other_languages_hide_what_the_book_or_the_listing_says() -> None:
    files = {"src/SUMMARY.md": SUMMARY, "book.toml": BOOK}
    text = "```python\n~import a\n# shown\nb()\n```\n\n```sh,hidelines=!!!\n!!!hidden\nc\n```\n\n```yaml\n~: d\n```\n"
    document = read(text, "src/third.md", files)
    assert [b.text for s in document.sections for b in s.blocks] == ["# shown\nb()", "c", "~: d"]


# Other generators


def test_mkdocs_snippets_are_resolved_in_prose_and_listings() -> None:
    files = {
        "docs/includes/a.md": "---\ntitle: A\n---\nSnippet *a*.\n",
        "code/b.py": "# --8<-- [start:part]\nrun()\n# --8<-- [end:part]\nstop()\n",
    }
    text = '--8<-- "includes/a.md"\n\n```py\n--8<-- "code/b.py:part"\n--8<-- "absent"\n;--8<-- "shown"\n```\n\n'
    text += "--8<--\nincludes/a.md\n;no\ngone.md\n--8<--\n\nend\n"
    document = read(text, "docs/x/page.md", files)
    assert [b.text for s in document.sections for b in s.blocks] == [
        "Snippet a.",
        'run()\n\n--8<-- "shown"',
        "Snippet a.",
        "end",
    ]
    assert document.metadata["includes_missing"] == 2
    assert document.metadata["first_include_missing"] == "absent"


def test_an_unpaired_snippet_mark_swallows_nothing() -> None:
    assert texts("a\n\n--8<--\n\nkept\n") == ["a", "kept"]


def test_imported_partials_and_constants_are_put_in() -> None:
    files = {
        "docs/_part.mdx": "---\ntitle: x\n---\nimport Two from './sub/_two.md'\n\nFor {props.who}:\n\n<Two />\n",
        "docs/sub/_two.md": "Two.\n",
        "snippets/shared.mdx": "Shared.\n",
        "snippets/vars.mdx": "export const release = 'v1.2';\n",
    }
    text = (
        "import Part from './_part.mdx'\nimport Shared from '/snippets/shared.mdx';\nimport Gone from './gone.md'\n"
        "import { release } from '/snippets/vars.mdx'\n\n<Part who=\"you\" />\n\n"
        "<Tabs>\n  <Shared></Shared>\n</Tabs>\n\n"
        '<Gone/>\n\n<Snippet file="shared.mdx" />\n\nGet {release}.\n\n'
        "<CodeBlock>\n{`curl ${release}`}\n</CodeBlock>\n\n"
        "```jsx\n<Part />\n{release}\n```\n"
    )
    document = read(text, "docs/page.mdx", files)
    assert [b for s in document.sections for b in s.blocks] == [
        Block("For you:"),
        Block("Two."),
        Block("Shared."),
        Block("Shared."),
        Block("Get v1.2."),
        Block("curl v1.2", "code"),
        Block("<Part />\n{release}", "code"),
    ]
    assert document.metadata["includes_missing"] == 1


def test_hugo_and_jekyll_includes_are_put_in() -> None:
    files = {"content/a.yaml": "a: 1\n", "content/en/part.md": "Part.\n", "_includes/note.md": "Note.\n"}
    text = '{{< readfile file="/a.yaml" code="true" lang="yaml" >}}\n\n{{% include "part.md" %}}\n\n'
    text += '{% include note.md a="b" %}\n'
    text += '\n{{< readfile "gone.md" >}}\n\n```\n{{% include "part.md" %}}\n```\n'
    document = read(text, "content/en/page.md", files)
    assert [b for s in document.sections for b in s.blocks] == [
        Block("a: 1", "code"),
        Block("Part."),
        Block("Note."),
        Block('{{% include "part.md" %}}', "code"),
    ]
    assert document.metadata["includes_missing"] == 1


@pytest.mark.parametrize(
    "piece",
    [
        "{{#include ",
        "{{#template a x=",
        "\\{{#include a}}",
        "--8<--\n",
        '--8<-- "a"\n',
        "import A from './a.md'\n<A ",
        "import {a} from '/b.js'\n{a}",
        "export const a = 'bbbbbbbbbbbbbbb'\n{a}",
        '<Snippet file="',
        "{{< include ",
        "{% include a.md ",
        "```\n--8<-- ",
    ],
)
def test_includes_without_an_end_swallow_no_text(piece: str) -> None:
    document = read(f"# T\n\n{piece * 20}\n\n```\n\nlast words\n", "a/page.mdx", {"a/a.md": "A", "b.js": ""})
    assert "last words" in lay_out(document)[0]
