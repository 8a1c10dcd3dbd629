"""Markdown: front matter, outline, clean text of blocks, dialects, odd inputs and limits."""

from __future__ import annotations

from pathlib import Path

import pytest

from doc_assets.document import Block, Document, lay_out
from doc_assets.errors import DocumentRejected, DocumentSkipped
from doc_assets.formats.base import RawFile
from doc_assets.formats.markdown.format import MarkdownFormat
from doc_assets.formats.markdown.front_matter import split_front_matter
from doc_assets.formats.registry import parse


def read(text: str, path: str = "guide/some-page.md") -> Document:
    return MarkdownFormat().parse(RawFile(path, text.encode()))[0]


def blocks(text: str) -> list[Block]:
    return [block for section in read(text).sections for block in section.blocks]


def texts(text: str) -> list[str]:
    return [block.text for block in blocks(text)]


# Front matter


def test_yaml_front_matter_gives_title_and_small_facts() -> None:
    document = read("---\ntitle: Install\nversion: 1.10\ndate: 2024-02-30\ntags: [a, b]\ndraft: false\n---\nBody.\n")
    assert document.title == "Install"
    assert document.metadata == {
        "title": "Install",
        "version": "1.10",
        "date": "2024-02-30",
        "tags": ["a", "b"],
        "draft": False,
    }
    assert [b.text for s in document.sections for b in s.blocks] == ["Body."]


def test_toml_front_matter_is_read() -> None:
    document = read('+++\ntitle = "Install"\nweight=3\ndate=2024-01-02\n+++\nBody.\n')
    assert document.title == "Install"
    assert document.metadata == {"title": "Install", "weight": 3, "date": "2024-01-02"}


def test_json_front_matter_is_read_but_a_page_of_json_is_text() -> None:
    document = read('{\n  "title": "Install",\n  "date": "2024-01-02",\n  "n": NaN\n}\n\nBody.\n')
    assert (document.title, lay_out(document)[0]) == ("Install", "Body.")
    assert document.metadata == {"title": "Install", "date": "2024-01-02"}
    for text in (
        '{ "title": "x" }',
        '{ "title": "x" } and more',
        '{ "title": broken }\n\nBody.',
        '{ "a": ' + "[" * 9,
    ):
        assert "title" in lay_out(read(text))[0] or "[[" in lay_out(read(text))[0]


def test_front_matter_after_a_byte_order_mark_is_seen() -> None:
    document = MarkdownFormat().parse(RawFile("a.md", b"\xef\xbb\xbf---\ntitle: T\n---\nBody"))[0]
    assert (document.title, lay_out(document)[0]) == ("T", "Body")


def test_a_python_tag_is_not_executed_and_the_body_is_loaded() -> None:
    document = read("---\ntitle: !!python/name:builtins.len\n---\n# Real\n\nBody.\n")
    assert (document.title, lay_out(document)[0]) == ("Real", "Body.")


WEIGHT = "weight: 3\n"


@pytest.mark.parametrize(
    ("fence", "within", "beyond"),
    [
        ("---", "a: &a x\nb: [" + "*a, " * 20 + "x]\n", "a: &a x\nb: [" + "*a, " * 21 + "x]\n"),
        ("---", "b: [" + "[], " * 399 + "x]\n", "b: [" + "[], " * 400 + "x]\n"),
        ("---", "b:\n  " + "- " * 30 + "x\n", "b:\n  " + "- " * 40 + "x\n"),
        ("+++", "weight = 3\nb = [" + "[], " * 398 + "[]]\n", "weight = 3\nb = [" + "[], " * 400 + "[]]\n"),
    ],
    ids=["aliases", "brackets", "dashes", "toml"],
)
def test_front_matter_beyond_a_limit_is_taken_off_and_not_parsed(fence: str, within: str, beyond: str) -> None:
    """One alias, bracket or dash more than is parsed; all of it sound."""
    own = WEIGHT if fence == "---" else ""
    assert split_front_matter(f"{fence}\n{own}{within}{fence}\nBody.")[0]["weight"] == 3
    assert split_front_matter(f"{fence}\n{own}{beyond}{fence}\nBody.") == ({}, "Body.")


def test_front_matter_longer_than_the_longest_real_one_is_text() -> None:
    lines = "key: value\n" * 5_956
    assert split_front_matter(f"---\n{WEIGHT}{lines}---\nBody.")[0]["weight"] == 3
    assert split_front_matter(f"---\n{WEIGHT}{lines}{lines[:20]}\n---\nBody.")[0] == {}


def test_json_front_matter_beyond_the_limit_is_text() -> None:
    head = '{"weight": 3, "b": [' + "[], " * 397 + "[]]}\n\nBody."
    assert split_front_matter(head)[0]["weight"] == 3
    beyond = head.replace("[[], ", "[[], [], ")
    assert split_front_matter(beyond) == ({}, beyond)


@pytest.mark.parametrize(
    ("text", "library"), [("---\nweight: 3\n---\nBody.", "yaml.load"), ("+++\nweight = 3\n+++\nBody.", "tomllib.loads")]
)
def test_front_matter_that_its_parser_gives_up_is_taken_off(
    text: str, library: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def gives_up(*_: object, **__: object) -> None:
        raise RecursionError

    monkeypatch.setattr(library, gives_up)
    assert split_front_matter(text) == ({}, "Body.")


def test_front_matter_that_is_a_list_or_broken_is_taken_off_and_not_believed() -> None:
    assert split_front_matter("---\n- just\n- a list\n---\nBody.") == ({}, "Body.")
    assert split_front_matter("---\ntitle: One: two\nx: [\n---\nBody.") == ({"title": "One: two"}, "Body.")
    assert split_front_matter("---\na: [[[\n---\nBody.") == ({}, "Body.")


@pytest.mark.parametrize(
    "text", ["---\n\n# Not front matter\n\nprose\n\n---\n\nmore", "---\nprose here\n---\nmore", "---\nno end: 1"]
)
def test_a_leading_rule_is_not_front_matter(text: str) -> None:
    assert split_front_matter(text) == ({}, text)


def test_huge_values_are_dropped_from_metadata() -> None:
    facts, _ = split_front_matter(f"---\nslug: s\nblob: {'x' * 5000}\n---\n")
    assert facts == {"slug": "s"}


def test_a_description_stands_in_for_a_missing_body() -> None:
    assert texts("---\ntitle: T\ndescription: What it is about.\n---\n") == ["What it is about."]
    assert texts("---\ntitle: T\ndescription: What it is about.\n---\nBody.\n") == ["Body."]


# Outline


def test_the_first_h1_is_the_title_and_in_no_heading_path() -> None:
    document = read("# Guide\n\nIntro.\n\n## Part `one`\n\nA.\n\n### Deep\n\nB.\n\n## Two\n\nC.\n")
    assert document.title == "Guide"
    assert [s.heading_path for s in document.sections] == [
        (),
        ("Part one",),
        ("Part one", "Deep"),
        ("Two",),
    ]


def test_an_h1_that_repeats_the_stated_title_is_not_repeated() -> None:
    document = read("---\ntitle: KFunc 'clear_it'\n---\n# KFunc `clear_it`\n\nText.\n\n## Usage\n\nMore.\n")
    assert document.title == "KFunc 'clear_it'"
    assert [s.heading_path for s in document.sections] == [(), ("Usage",)]


def test_further_h1s_are_headings() -> None:
    document = read("# One\n\na\n\n# Two\n\nb\n\n## Sub\n\nc\n")
    assert [s.heading_path for s in document.sections] == [(), ("Two",), ("Two", "Sub")]


def test_without_h1_a_sole_opening_heading_or_the_file_name_is_the_title() -> None:
    assert read("## Only top\n\n### Sub\n\ntext\n").title == "Only top"
    assert read("## 1.1\n\nx\n\n## 1.0\n\ny\n").title == "Some page"
    assert read("text\n", "net/dns/README.md").title == "Dns"


def test_anchors_are_as_github_makes_them_or_as_stated() -> None:
    text = "## Set up\n\na\n\n## Set up\n\nb\n\n## Named {#own}\n\nc\n\n"
    text += "<a id='before'></a>\n\n## Other, *one*!\n\nd\n\n## <a name='in'></a>In\n\ne\n"
    assert [s.anchor for s in read("x\n\n" + text).sections] == [None, "set-up", "set-up-1", "own", "before", "in"]
    assert read("x\n\n## Größe & `a_b`\n\ny").sections[1].anchor == "größe--a_b"


def test_headings_in_quotes_and_lists_are_text() -> None:
    document = read("intro\n\n> ## Quoted\n> words\n\n- # Item\n")
    assert [s.heading_path for s in document.sections] == [()]
    assert "Quoted" in lay_out(document)[0]


def test_a_document_of_headings_alone_can_be_found() -> None:
    document = parse(RawFile("a.md", b"# A\n\n## B\n\n## C\n"))[0]
    assert lay_out(document)[0] == "- B\n- C"


# Clean text


def test_prose_keeps_words_and_code_marks_and_drops_the_rest() -> None:
    text = (
        "A *b* __c__ ~~d~~ `Vec<T>` [words](https://example.org/x) ![](i.png) ![img](i.png) "
        "[![Build](https://img.shields.io/x)](y) [ref][r]<br>next <span class='x'>in</span> &amp; <https://auto.example>\n\n"
        "[r]: https://example.org/r 'title'\n"
    )
    assert texts(text) == ["A b c d `Vec<T>` words ref\nnext in & https://auto.example"]


def test_generics_and_placeholders_in_prose_survive() -> None:
    assert texts("An Option<T> of <node-ip> and Result<Vec<u8>, E> when a < b.\n") == [
        "An Option<T> of <node-ip> and Result<Vec<u8>, E> when a < b."
    ]


def test_maths_is_kept_as_written() -> None:
    assert texts("Let $x_i * y_i < z$ and\n\n$$\n\\sum_{i} a_i\\\\ b\n$$\n") == [
        "Let $x_i * y_i < z$ and",
        "$$\n\\sum_{i} a_i\\\\ b$$",
    ]


def test_code_is_verbatim_without_fences() -> None:
    found = blocks("```rust,ignore\n\nfn a() {\n\n    b(); // *x*\n}\n\n```\n\ntext\n\n    indented\n      code\n")
    assert found == [
        Block("fn a() {\n\n    b(); // *x*\n}", "code"),
        Block("text"),
        Block("indented\n  code", "code"),
    ]


def test_an_unclosed_fence_holds_the_rest() -> None:
    assert blocks("a\n\n```\nb\n\nc\n") == [Block("a"), Block("b\n\nc", "code")]


def test_tables_are_compact_rows() -> None:
    found = blocks("| Name   | Type     |\n|--------|:--------:|\n| `a`    | *int*    |\n| b \\| c |          |\n")
    assert found == [Block("Name | Type\n`a` | int\nb | c", "table")]


def test_html_tables_are_compact_rows_whatever_stands_in_them() -> None:
    text = "<table>\n  <thead><tr><th>Name</th><th>Text</th></tr></thead>\n  <tr>\n    <td><b>a</b></td>\n\n"
    text += "    <td>\n      one [link](u)\n\n      two<br/></td>\n  </tr>\n</table>\n\nafter\n"
    assert blocks(text) == [Block("Name | Text\na | one link two", "table"), Block("after")]


def test_lists_keep_markers_and_nesting_and_give_up_their_code() -> None:
    found = blocks("1. one\n   more\n   - sub\n2. two\n\n   ```sh\n   run it\n   ```\n\n   then\n3. three\n")
    assert found == [
        Block("1. one\n  more\n  - sub\n2. two", "list"),
        Block("run it", "code"),
        Block("  then\n3. three", "list"),
    ]


def test_a_huge_list_is_cut_between_items() -> None:
    found = blocks("\n".join(f"- item {i} {'word ' * 30}" for i in range(60)))
    assert len(found) > 5
    assert all(block.kind == "list" and block.text.startswith("- item") for block in found)
    assert sum(block.text.count("- item") for block in found) == 60


def test_a_table_of_contents_is_left_out_but_short_or_outward_lists_stay() -> None:
    contents = "".join(f"- [Part {i}](#part-{i})\n" for i in range(5))
    assert texts(contents + "\ntext\n") == ["text"]
    assert len(texts(contents + "- [Elsewhere](other.md)\n")) == 1


def test_ways_back_and_commit_hashes_are_left_out() -> None:
    text = (
        "[`0a1b2c3d4`](https://x.example/commit/0a1b2c3d4) Fix it.\n\n[Back to top](#)\n\n<sup>[↩ Parent](#p)</sup>\n"
    )
    assert texts(text) == ["Fix it."]


def test_comments_scripts_styles_and_embedded_data_are_gone() -> None:
    text = "<!-- a\n\nb -->\n<script>\nx()\n\ny()\n</script>\n<style>p {}</style>\n\n"
    text += f"text ![d](data:image/png;base64,{'A' * 5000})\n"
    assert texts(text) == ["text"]


def test_details_keep_their_summary_and_their_markdown() -> None:
    found = blocks("<details>\n<summary>More</summary>\nSome *words*.\n```c\nint x;\n```\n</details>\n")
    assert found == [Block("More"), Block("Some words."), Block("int x;", "code")]


def test_a_page_of_html_gives_its_text_only() -> None:
    document = read("<!DOCTYPE html><html><head><title>x</title></head><body><h1>404</h1><p>nginx</p></body></html>")
    assert (document.title, lay_out(document)[0]) == ("404", "nginx")


def test_blocks_have_no_blank_edges() -> None:
    for block in blocks("\n\n# A\n\n- x\n\n\n```\n\n y \n\n```\n\n> z\n\n| a |\n|---|\n| b |\n"):
        assert block.text.strip()
        assert block.text == block.text.strip("\n")


# Dialects


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            '!!! note "Mind"\n    Inside *it*.\n\n    ```c\n    x;\n    ```\nAfter.\n',
            ["Mind", "Inside it.", "x;", "After."],
        ),
        (
            '??? tip\n    Inside.\n\n=== "Linux"\n    `a`\n=== "Mac"\n    `b`\n',
            ["Inside.", "Linux", "`a`", "Mac", "`b`"],
        ),
        (":::note Mind this\nInside.\n:::\nAfter.\n", ["Mind this", "Inside.", "After."]),
        (":::{figure} a.png\n:width: 3\nCaption.\n:::\n", ["Caption."]),
        ("```{note}\nProse *here*.\n```\nAfter.\n", ["Prose here.", "After."]),
        ("```{code-cell} ipython3\n:tags: [x]\n\na = 1\n```\n", ["a = 1"]),
        ("```{code-cell}\n---\nid: x\n---\na = 1\n```\n", ["a = 1"]),
        ("```{toctree}\na\nb\n```\ntext\n", ["text"]),
        ("See {class}`~jax.Array` and {ref}`the part <part>`.\n", ["See `jax.Array` and the part."]),
        ("{{< note >}}\nInside {{% x %}}.\n{{< /note >}}\n", ["Inside ."]),
        ("{{< highlight yaml >}}\na: *b\n{{< /highlight >}}\ntext\n", ["a: *b", "text"]),
        (
            '{{< tabpane text=true >}}\n{{% tab header="Kind" %}}\nRun.\n{{% /tab %}}\n{{< /tabpane >}}\n',
            ["Kind", "Run."],
        ),
        (
            "{{< tabpane lang=sh >}}\n{{< tab Docker >}}\nrun *\n{{< /tab >}}\n{{< /tabpane >}}\nx\n",
            ["Docker", "run *", "x"],
        ),
        ("{% raw %}\nkept {{ x }}\n{% endraw %}\n", ["kept {{ x }}"]),
        ("{% highlight rust %}\nlet a = 1;\n{% endhighlight %}\n", ["let a = 1;"]),
        ("> [!NOTE]\n> Mind this.\n", ["Mind this."]),
        ('--8<-- "part.md"\ntext\n', ["text"]),
        ("[:octicons-tag-24: v6.3](https://x.example)\n\n`#!c void f()`\n", ["v6.3", "`void f()`"]),
        ("| a | b |\n|---|---|\n| :material-check: | :material-close:{ .x } |\n", ["a | b\nyes | no"]),
        ("r[items.fn]\nA function.\n", ["A function."]),
        ('[[toc]]\n\n{lang="it" .wide}\nCiao.\n\n{a} and {b=c} stay.\n', ["Ciao.", "{a} and {b=c} stay."]),
        ("<<<<<<< HEAD\none\n=======\ntwo\n>>>>>>> branch\n", ["one\ntwo"]),
        ('See {{< glossary text="Pods" term_id="pod" >}} in it.\n', ["See Pods in it."]),
        ("[TOC]\n\n{{%segment outline}}\n\n{{preview}}\n\nKept {{ x }} {{ site.url }}.\n", ["Kept {{ x }} ."]),
        (
            "A [`Vec`] of [things][t], [other `b`][c::d] and x[i][j].\n",
            ["A `Vec` of things, other `b` and x[i][j]."],
        ),
        ("Match `[a][b]` and [`c`] in `[`.\n", ["Match `[a][b]` and `c` in `[`."]),
        ("| a | b |\n|---|---|\n| :white_check_mark: | :x: |\n", ["a | b\nyes | no"]),
        ("<table><tr><td>**Bold** 2**3</td><td>b</td></tr></table>\n", ["Bold 2**3 | b"]),
        (
            "{/* gone */}\nUse <img src={require('./a.png').default} alt=\"The map\" /> here{: .external}.\n",
            ["Use The map here."],
        ),
        ("A claim[^1].\n\n[^1]: The source of it.\n", ["A claim.", "The source of it."]),
    ],
)
def test_dialects_give_their_words(text: str, expected: list[str]) -> None:
    assert texts(text) == expected


def test_marks_inside_code_are_left_alone() -> None:
    code = "!!! note\n    {{< x >}} {% y %}\n:::note\n<T> {a}`b`\n<<<<<<< HEAD\n/// note\n///"
    assert texts(f"```text\n{code}\n```\n\nUse `{{{{< x >}}}}`.\n") == [code, "Use `{{< x >}}`."]


def test_mdbook_includes_are_dropped_and_never_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "secret.md").write_text("secret words")
    monkeypatch.chdir(tmp_path)
    text = "{{#include secret.md}}\n{{ #playground secret.md editable}}\n\n"
    text += "```rust\n{{#rustdoc_include secret.md:here}}\n```\n\n"
    text += "```rust\n# use x;\nfn f() {}\n{{#include secret.md}}\n```\n\ntext\n"
    assert texts(text) == ["fn f() {}", "text"]


def test_a_myst_target_names_the_heading_after_it() -> None:
    assert read("x\n\n(my-target)=\n## Heading\n\ny\n").sections[1].anchor == "my-target"


def test_a_markdown_file_that_imports_components_is_read_as_mdx() -> None:
    found = texts("import Foo from './foo';\n\n<Foo title='Head' {...props}>\n  Inside.\n</Foo>\n")
    assert found == ["Head", "Inside."]


# Whole files


def test_line_ends_do_not_matter() -> None:
    text = "# A\n\npara\nline\n\n- x\n- y\n"
    assert read(text.replace("\n", "\r\n")).sections == read(text).sections


def test_nothing_but_front_matter_or_images_is_skipped() -> None:
    for data in (b"---\ntitle: T\n---\n", b"# T\n\n![](a.png)\n", b"<!-- only -->\n"):
        with pytest.raises(DocumentSkipped):
            parse(RawFile("a.md", data))


def test_binary_data_is_rejected() -> None:
    with pytest.raises(DocumentRejected):
        parse(RawFile("a.md", bytes(range(256)) * 20))


@pytest.mark.parametrize(
    "text",
    [
        "[" * 20,
        "![" * 20,
        "](" * 20,
        "a <![CDATA[" * 9,
        "`" * 30 + " " + "``` " * 9,
        "*a_ " * 20,
        "<a " * 20,
        "<table>\n" * 9,
        "> " * 20 + "deep",
        "- " * 20 + "deep",
        "```{note}\n" * 9,
        '!!! note\n    "' * 9,
        "{{< a " * 20,
        "x" * 500,
        "\n".join(f"{'#' * (i % 6 + 1)} Heading" for i in range(50)),
    ],
    ids=lambda text: text[:12].strip() or "text",
)
def test_marks_without_an_end_are_read_without_losing_what_follows(text: str) -> None:
    assert "last words" in lay_out(read(f"# T\n\n{text}\n\n```\n\nlast words\n"))[0]


@pytest.mark.parametrize(("mark", "most"), [("[", 30), ("<!", 50)], ids=["brackets", "declarations"])
def test_a_long_paragraph_with_more_open_marks_than_real_ones_stays_as_written(mark: str, most: int) -> None:
    def shown(marks: int) -> str:
        return lay_out(read(f"{'word ' * 400}{f'{mark}a ' * marks}and `code` **bold**\n"))[0]

    assert "**bold**" in shown(most + 1)
    assert "**bold**" not in shown(most)


def test_text_nested_deeper_than_the_parser_goes_is_kept() -> None:
    text = "".join("  " * i + f"- item{i}\n" for i in range(55))  # two levels each, of 100
    laid_out = lay_out(read(text))[0]
    assert "item0" in laid_out
    assert "item54" in laid_out
    assert "deep words" in lay_out(read("> " * 110 + "deep words"))[0]


def test_a_directive_that_is_indented_like_code_is_no_code_and_a_paragraph_of_no_break_spaces_is_none() -> None:
    assert blocks("Text.\n\n\t::: a.b\n\n\tx = 1\n") == [
        Block("Text."),
        Block("a.b", "signature"),
        Block("x = 1", "code"),
    ]
    assert blocks("Text.\n\n\u00a0\n\nEnd.\n") == [Block("Text."), Block("End.")]
