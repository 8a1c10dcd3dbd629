"""Kinds of blocks, their titles and styles, headings, and how blocks nest."""

from __future__ import annotations

import pytest

from doc_assets.document import Block
from doc_assets_tests.support.asciidoc_pages import blocks, read, texts


def test_sections_have_the_paths_and_ids_of_asciidoctor() -> None:
    document = read(
        "= The *Book*\n\nlead\n\n== First -- Part\n\na\n\n=== Don't `stop`. Now!\n\nb\n\n== First -- Part\n\nc\n\n"
        "[#own]\n== Second\n\nd\n\n[[other,words]]\n== Third [[inner]]\n\ne\n\n[discrete]\n=== Loose\n\nf\n\n"
        ":idprefix:\n:idseparator: -\n\n== A 2.0 B\n\ng\n"
    )
    assert document.title == "The Book"
    assert [(s.heading_path, s.anchor) for s in document.sections] == [
        ((), None),
        (("First — Part",), "_firstpart"),
        (("First — Part", "Don't stop. Now!"), "_dont_stop_now"),
        (("First — Part",), "_firstpart_2"),
        (("Second",), "own"),
        (("Third",), "inner"),
        (("Third", "Loose"), "_loose"),
        (("A 2.0 B",), "a-2-0-b"),
    ]


def test_headings_of_markdown_and_with_a_line_below_are_headings() -> None:
    document = read("Title\n=====\n\na\n\nPart\n----\n\nb\n\n### Deep ###\n\nc\n\n:sectids!:\n\n== Without\n\nd")
    assert document.title == "Title"
    assert [(s.heading_path, s.anchor) for s in document.sections] == [
        ((), None), (("Part",), "_part"), (("Part", "Deep"), "_deep"), (("Without",), None),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("----\na *b*\n\n  c\n----", Block("a *b*\n\n  c", "code")),
        ("[source,sh]\na *b*\nc", Block("a *b*\nc", "code")),
        ("```py\na\n\nb\n```", Block("a\n\nb", "code")),
        ("....\na\n....", Block("a", "code")),
        ("  a\n  b", Block("a\nb", "code")),
        ("[listing]\n--\na\n--", Block("a", "code")),
        ('[source,subs="attributes"]\n----\n{v} *a*\n----', Block("1 *a*", "code")),
        ("[subs=+quotes]\n----\na *b*\n----", Block("a b", "code")),
        (
            "----\na # <1>\nb <2> <3>\nc <!--4-->\nd <.>\nList<1>x\n----",
            Block("a (1)\nb (2) (3)\nc (4)\nd (4)\nList<1>x", "code"),
        ),
        ("[verse, Ann, Songs]\na\n  b", Block("a\nb")),
        ("NOTE: a\nb", Block("Note: a b")),
        ("[WARNING]\na", Block("Warning: a")),
        ("[NOTE,caption=Aside]\n====\na\n====", Block("Aside: a")),
        ("[TIP]\n.Try\n====\na\n====", Block("Tip: Try: a")),
        (".Heading\na", Block("Heading: a")),
        ("****\na\n****", Block("a")),
        ("[abstract]\na", Block("a")),
        ("++++\n<p>a <b>c</b></p>\n++++", Block("a c")),
        ("[stem]\n++++\nx^2\n++++", Block("x^2")),
        ("[latexmath]\n++++\nx^2\n++++", Block("$$\nx^2\n$$")),
        ("image::a.png[A large pump]", Block("A large pump")),
        (".Pump\nimage::a.png[]", Block("Pump")),
        ("[%hardbreaks]\na\nb", Block("a\nb")),
        ("a\n// hidden\nb", Block("a b")),
        ("* * *\n\na", Block("a")),
        ("toc::[]\n\n'''\n\n<<<\n\na", Block("a")),
        ("////\nhidden\n////\n\n[comment]\nhidden\n\na", Block("a")),
        ("card::x[title=Two words,link=y]", Block("Two words")),
    ],
)
def test_a_block_reads_as_a_page_shows_it(source: str, expected: Block) -> None:
    assert blocks(f":v: 1\n\n{source}")[0] == expected


def test_a_quotation_names_who_said_it() -> None:
    assert texts("[quote, Ann, Songs]\n____\na\n\nb\n____") == ["a", "b", "— Ann, Songs"]
    assert texts('"To be."\n-- Will') == ['"To be."\n— Will']


def test_a_listing_stands_below_its_title() -> None:
    assert blocks(".run.sh\n[source,sh]\n----\na\n----") == [Block("run.sh:"), Block("a", "code")]


def test_blocks_hold_blocks_and_a_heading_in_one_opens_no_section() -> None:
    source = "= T\n\n.Ex\n====\na\n\n== Part\n\n--\nb\n\n----\nc\n----\n--\n====\n\nd"
    assert [(s.heading_path, s.blocks) for s in read(source).sections] == [
        ((), (Block("Ex: a"), Block("Part"), Block("b"), Block("c", "code"), Block("d")))
    ]


def test_blocks_without_an_end_and_nested_too_deep_keep_their_words() -> None:
    assert texts("====\na\n\n----\nb") == ["a", "b"]
    deep = "\n".join("=" * n for n in range(4, 40)) + "\nend"
    assert "end" in "\n".join(texts(deep))


def test_a_macro_that_would_include_is_counted() -> None:
    assert read("a\n\ninclude-code::Pump[tag=x]").metadata == {
        "includes_missing": 1, "first_include_missing": "include-code::Pump",
    }  # fmt: skip


def test_directives_that_never_close_are_read_in_linear_time() -> None:
    line = "ifdef::a[" * 5_000
    assert texts(line) == [line]
