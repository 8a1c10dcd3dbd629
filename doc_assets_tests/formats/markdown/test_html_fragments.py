"""Raw HTML in Markdown: listings, lists, tables around Markdown, keys, raised text."""

from __future__ import annotations

from pathlib import Path

import pytest

from doc_assets.document import Block
from doc_assets.formats.base import RawFile
from doc_assets.formats.registry import parse


def blocks(text: str, name: str = "a.md") -> list[Block]:
    return [block for s in parse(RawFile(name, text.encode()))[0].sections for block in s.blocks]


def texts(text: str) -> list[str]:
    return [block.text for block in blocks(text)]


# Listings


@pytest.mark.parametrize(
    "listing",
    [
        "<pre>\nring/<br>  head.c<br/>  tail.c\n</pre>",
        "<pre><code><div>ring/</div><div>  head.c</div><div>  tail.c</div></code></pre>",
        "<pre><code><span class='line'>ring/</span>\n<span>  head.c</span>\n  tail.c</code></pre>",
        "<pre><div class='ec-line'><div class='code'>ring/</div></div><div><div>  head.c</div></div>  tail.c</pre>",
        "<pre><table><tr><td class='hljs-ln-numbers'>1</td><td>ring/</td></tr><tr><td>  head.c</td></tr>"
        "<tr><td>  tail.c</td></tr></table></pre>",
        "<pre><button>Copy</button>ring/\n  head.c\n<span class='lnt'>3</span>  tail.c</pre>",
    ],
)
def test_lines_of_a_listing_stay_lines_and_nothing_else_is_code(listing: str) -> None:
    assert blocks(listing) == [Block("ring/\n  head.c\n  tail.c", "code")]


def test_an_empty_line_of_a_listing_stays() -> None:
    assert texts("<pre><div>a</div><div></div><div>b</div></pre>") == ["a\n\nb"]


# Tables


BAD_GOOD = """\
<table>
<thead><tr><th>Bad</th><th>Good</th></tr></thead>
<tbody><tr><td>

```go
bad()
```

</td><td>

```go
good()
```

</td></tr><tr><td>It <em>fails</em>.</td><td>

- one
- two

</td></tr></tbody>
</table>

After.
"""


def test_a_table_of_listings_labels_each_with_its_column() -> None:
    assert blocks(BAD_GOOD) == [
        Block("Bad"),
        Block("bad()", "code"),
        Block("Good"),
        Block("good()", "code"),
        Block("Bad"),
        Block("It fails."),
        Block("Good"),
        Block("- one\n- two", "list"),
        Block("After."),
    ]


def test_a_table_of_listings_in_mdx_and_with_indented_tags_reads_the_same() -> None:
    indented = BAD_GOOD.replace("</td><td>", "    </td>\n    <td>").replace("<tbody>", "  <tbody>\n    ")
    assert blocks(indented) == blocks(BAD_GOOD)
    assert blocks(BAD_GOOD, "a.mdx") == blocks(BAD_GOOD)


def test_a_listing_in_a_cell_keeps_its_lines() -> None:
    text = "<table><tr><th>Call</th><th>Body</th></tr><tr><td>open</td><td><pre>\nint a;\n  b\n</pre></td></tr></table>"
    assert texts(text) == ["Call", "open", "Body", "int a;\n  b"]


def test_a_table_of_markdown_words_is_rows() -> None:
    cells = "\n    <td>\n\nOne *word*\n\n    </td>\n    <td>\n\n- x\n- y\n\n    </td>\n"
    text = f"<table>\n  <tr><th>A</th><th>B</th></tr>\n  <tr>{cells}  </tr>\n</table>\n"
    assert blocks(text) == [Block("A | B\nOne word | x y", "table")]
    assert blocks(text, "a.mdx") == [Block("A | B\nOne word | x y", "table")]


def test_values_stand_in_their_columns() -> None:
    text = "<table><tr><th>a</th><th>b</th><th>c</th></tr><tr><td rowspan=2>1</td><td></td><td>3</td></tr>"
    assert texts(text + "<tr><td colspan=2>2</td></tr></table>") == ["a | b | c\n1 |  | 3\n1 | 2"]


def test_a_long_table_repeats_its_head() -> None:
    rows = "".join(f"<tr><td>name_{i}</td><td>some words of it</td></tr>\n" for i in range(60))
    found = texts(f"<table>\n<tr><th>Name</th><th>Text</th></tr>\n{rows}</table>\n")
    assert len(found) > 2
    assert all(text.startswith("Name | Text\n") for text in found)


def test_a_table_without_an_end_loses_nothing() -> None:
    text = "<table><tr><td>\n\nOne.\n\n## Two\n\nThree.\n"
    document = parse(RawFile("a.md", text.encode()))[0]
    assert [(s.heading_path, [b.text for b in s.blocks]) for s in document.sections] == [
        ((), ["One."]),
        (("Two",), ["Three."]),
    ]


def test_a_row_without_a_table_ends_with_its_piece() -> None:
    assert texts("<tr><td>a</td>\n\nWords.\n\n</tr>\n\nMore.\n") == ["a", "Words.", "More."]


# Lists


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("<ol><li>a</li><li>b</li></ol>", "1. a\n2. b"),
        ("<ol start='9'><li>a<li>b</ol>", "9. a\n10. b"),
        ("<ol><li>a</li><li value=9>b</li><li>c</li></ol>", "1. a\n9. b\n10. c"),
        ("<ol type='i' start=4><li>a</li><li>b</li></ol>", "iv. a\nv. b"),
        ("<ol type='A'><li>a</li></ol>", "A. a"),
        ("<ol reversed><li>a</li><li>b<ul><li>x</li></ul></li></ol>", "2. a\n1. b\n  - x"),
        ("<ul><li>a<ol><li>x</li></ol></li><li><p>b</p><p>more</p></li></ul>", "- a\n  1. x\n- b\n  more"),
        ("<dl><dt>head</dt><dd>to read</dd><dt>tail</dt><dd><p>to write</p></dd><dd>or not</dd></dl>",
         "head: to read\ntail: to write\n  or not"),
    ],
)  # fmt: skip
def test_lists_keep_numbers_depth_and_definitions(text: str, lines: str) -> None:
    assert blocks(text) == [Block(lines, "list")]


def test_lists_of_html_in_mdx_are_lists_unless_they_hold_components() -> None:
    assert blocks("<ol start={3}>\n  <li>c</li>\n  <li>`d`</li>\n</ol>\n", "a.mdx") == [Block("3. c\n4. `d`", "list")]
    assert blocks("<dl><dt>a</dt><dd>b</dd></dl>\n", "a.mdx") == [Block("a: b", "list")]
    held = [b.text for b in blocks("<ul>\n<li><Badge>new</Badge> c</li>\n<li>*d*</li>\n</ul>\n", "a.mdx")]
    assert " ".join(held).split() == ["new", "c", "d"]


def test_terms_whose_definition_is_markdown_introduce_it() -> None:
    text = "<dl>\n<dt>-h</dt><dd>Help.</dd>\n<dt>-v</dt>\n<dt>--verbose</dt>\n<dd>\n\nSay *more*.\n\n</dd>\n</dl>\n"
    assert blocks(text) == [Block("-h: Help.", "list"), Block("-v\n--verbose:"), Block("Say more.")]


def test_a_paragraph_before_a_list_is_its_own_block() -> None:
    assert blocks("<p>Words</p> of it <ul><li>a</li></ul> after") == [
        Block("Words"),
        Block("of it"),
        Block("- a", "list"),
        Block("after"),
    ]


@pytest.mark.parametrize(
    "text",
    [
        "Term\n: a definition\n  of it\n: another\n\nOther `x`\n\n:   one\n\n    more\n",
        "Term\n:   a definition of it\n:   another\n\nOther `x`\n:   one\n\n    more\n",
    ],
)
def test_definition_lists_are_terms_with_their_definitions(text: str) -> None:
    found = blocks(f"Before.\n\n{text}\nAfter ~ 5.\n")
    assert found[0] == Block("Before.")
    assert "\n".join(b.text for b in found[1:-1]).replace("a definition\n  of it", "a definition of it") == (
        "Term: a definition of it\n  another\nOther `x`: one\n  more"
    )
    assert {b.kind for b in found[1:-1]} == {"list"}


def test_colons_and_tildes_elsewhere_are_words() -> None:
    assert texts("It is\n: so\n\nIt takes\n~ 5 MB\n") == ["It is: so", "It takes\n~ 5 MB"]
    assert texts("a : b\nc\n:smile: d\n") == ["a : b\nc\n:smile: d"]


def test_a_listing_in_a_definition_is_a_block_of_its_own() -> None:
    assert blocks("Term\n: Run\n\n      ls -l\n\n  or not\n") == [
        Block("Term: Run", "list"),
        Block("ls -l", "code"),
        Block("  or not", "list"),
    ]


# Words


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("2<sup>64</sup> - 1", "2^64 - 1"),
        ("x<sup>n + 1</sup> and H<sub>2</sub>O", "x^(n + 1) and H2O"),
        ("the scheduler<sup>[1](#note)</sup> runs", "the scheduler runs"),
        ('the scheduler<sup id="r"><a href="#fn1">1</a></sup> runs', "the scheduler runs"),
        ('the scheduler<a href="#fn1"><sup>1</sup></a> runs', "the scheduler runs"),
        ("HTTP/1.1<sup>[1]</sup>", "HTTP/1.1"),
        ("the scheduler[^1] runs", "the scheduler runs"),
        ("`[^a]` and x[^note].", "`[^a]` and x."),
        ("Words. [↩](#fnref1)", "Words."),
        ("<kbd><kbd>Ctrl</kbd>+<kbd>C</kbd></kbd>", "`Ctrl+C`"),
        ("<kbd>Ctrl</kbd>+<kbd>C</kbd> or <kbd>x</kbd>", "`Ctrl+C` or `x`"),
    ],
)
def test_raised_text_and_keys_read_as_on_the_page(text: str, words: str) -> None:
    assert texts(f"{text}\n") == [words]
    if "[^" not in text and "[↩" not in text:
        assert texts(f"<div>{text.replace('`', '')}</div>\n") == [words]


def test_keys_beside_each_other_in_a_shortcut_are_joined() -> None:
    assert texts("Press <kbd><kbd>Alt</kbd><kbd>F4</kbd></kbd>.\n") == ["Press `Alt+F4`."]


def test_raised_text_in_mdx_reads_the_same() -> None:
    text = b'2<sup>64</sup> of the scheduler<a href="#fn1"><sup>1</sup></a> and <kbd>Ctrl</kbd>+<kbd>C</kbd>\n'
    document = parse(RawFile("a.mdx", text))[0]
    assert document.sections[0].blocks == (Block("2^64 of the scheduler and `Ctrl+C`"),)


def test_notes_are_paragraphs_whatever_they_hold() -> None:
    text = "A[^1] b[^2].\n\n[^1]: https://example.org/paper\n[^2]: Long.\n\n    Second.\nlazy\n\nAfter.\n"
    assert texts(text) == ["A b.", "https://example.org/paper", "Long.", "Second.\nlazy", "After."]


def test_headings_in_raw_html_keep_numbers_of_powers() -> None:
    document = parse(RawFile("a.md", b"<h2 id='p'>Up to 2<sup>64</sup></h2>\n\nText.\n"))[0]
    assert [(s.heading_path, s.anchor) for s in document.sections] == [((), "p")]
    assert document.title == "Up to 2^64"


def test_the_case_of_listings_in_raw_html() -> None:
    case = Path(__file__).parent / "data" / "pre-br.md"
    found = blocks(case.read_text())
    code = [block.text for block in found if block.kind == "code"]
    assert code[:2] == ["ring/\n  head.c\n  tail.c", "ring --open 8\nring --close"]
    assert "int open(int n)\n{\n    return n;\n}" in code
    assert Block("head: where to read", "list") in found


def test_preformatted_text_in_a_list_has_no_indentation_of_the_list() -> None:
    text = b"- item\n  <pre>\n  a\n    b\n  </pre>\n"
    assert [b.text for b in parse(RawFile("a.md", text))[0].sections[0].blocks] == ["- item", "a\n  b"]
