"""What a reader sees of marks, macros and references inside a passage."""

from __future__ import annotations

import pytest

from doc_assets_tests.support.asciidoc_pages import read, texts


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("a *bold* _light_ `code` #mark# word", "a bold light `code` mark word"),
        ("**b**old, __l__ight, ``co``de, ##m##ark", "bold, light, `co`de, mark"),
        ("2 * 3 * 4, snake_case_name, a*b", "2 * 3 * 4, snake_case_name, a*b"),
        ("*open _end", "*open _end"),
        (r"\*kept* and \_kept_ and \`kept`", "*kept* and _kept_ and `kept`"),
        ("[.role]#styled# and [#id.x]*bold*", "styled and bold"),
        ("\"`quoted`\" and '`single`'", "\"quoted\" and 'single'"),
        ("`+{kept} *so*+` and +a_b_c+ and `*bold*`", "`{kept} *so*` and a_b_c and `bold`"),
        ("pass:[<b>raw</b> *as is*] pass:q[*read*] +++<u>x</u>+++ $$*y*$$", "raw *as is* read x *y*"),
        ("$$pass:[a]$$ `+pass:[b]+` Since `pass:[++]` is C++", "a `b` Since `++` is C++"),
        ("x^2^ H~2~O 1^st^", "x^2 H2O 1st"),
        ("(C) (TM) a -- b c->d e...", "© ™ a — b c→d e…"),
        (r"\(C) \...", "(C) ..."),
        ("one +\ntwo\nthree", "one\ntwo three"),
        ("&#8364;5 &amp; more &nbsp; text", "€5 & more text"),
        ("stem:[x_1^2] latexmath:[\\alpha]", r"x_1^2 $\alpha$"),
        ("((term)) (((hidden, deeper))) indexterm:[a] indexterm2:[b]", "term b"),
        ("{nbsp}x{plus}{empty} {startsb}a{endsb} {cpp}", "x+ [a] C++"),
        ("kbd:[Ctrl+T] kbd:[Ctrl,C] btn:[OK] menu:File[Save > As]", "Ctrl+T Ctrl+C OK File > Save > As"),
        ("icon:fire[] image:a.png[A red valve] text", "A red valve text"),
        ("linkgit:git-add[1], javadoc:org.example.Pump[format=annotation]", "git-add(1), @Pump"),
    ],
)
def test_a_passage_reads_as_a_page_shows_it(source: str, expected: str) -> None:
    assert texts(source) == [expected]


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("https://a.example/x_y_z[the page] now", "the page now"),
        ("https://a.example[page^] https://b.example[a\\]b]", "page a]b"),
        ('link:a.html[text,window=_blank] link:b.html["a, b",role=x]', "text a, b"),
        ("link:a.pdf[] mailto:a@b.example[write] see https://c.example.", "a.pdf write see https://c.example."),
        ("<https://a.example/b> mail", "https://a.example/b mail"),
        (r"\https://a.example[kept]", "https://a.example[kept]"),
        ("xref::a.pdf[block] label:yes[]", "block yes"),
        ("anchor:here[] [[there]]words [[[knuth]]] cited", "words [knuth] cited"),
    ],
)
def test_a_link_reads_as_its_words(source: str, expected: str) -> None:
    assert texts(source) == [expected]


def test_a_footnote_stands_below_the_block_that_refers_to_it() -> None:
    assert texts("One.footnote:[See https://a.example[there], `+*x*+`.] Two.footnote:x[] More.\n\nThird.") == [
        "One. Two. More.",
        "See there, `*x*`.",
        "Third.",
    ]


def test_a_reference_without_words_shows_the_title_that_it_leads_to() -> None:
    document = read(
        "= T\n\nSee <<later>>, xref:later[], <<shown,these words>>, <<none>>, <<tab>> and <<Named Part>>.\n\n"
        "[[later]]\n== The `pump`\n\nx\n\n[[tab]]\n.The list\n* item\n"
    )
    assert document.sections[0].blocks[0].text == (
        "See The pump, The pump, these words, [none], The list and Named Part."
    )


def test_a_reference_to_another_page_shows_its_title() -> None:
    files = {"docs/a/other.adoc": "// x\n= Other *page*\n\ntext\n"}
    assert texts("xref:a/other.adoc[] xref:a/other.adoc#x[own] <<a/other.adoc#,its>> xref:absent.adoc[]", files) == [
        "Other page own its absent"
    ]


def test_marks_that_never_close_are_read_in_linear_time() -> None:
    for piece in ("*a ", "`a ", "__a", "link:x[", "footnote:[", "<<a,", "((a", "+a ", "pass:[", "{a", "[[a", "a::"):
        [text] = texts("x " + piece * 3_000)
        assert len(text) < 50_000


_OLD = "A ``quoted phrase'' and 'git-add', don't, the users' `-m 'x'`."


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        ("A Title\n=======\n", "A \"quoted phrase\" and git-add, don't, the users' `-m 'x'`."),
        ("= A Title\n:compat-mode:\n", "A \"quoted phrase\" and git-add, don't, the users' `-m 'x'`."),
        ("= A Title\n", _OLD),
    ],
)
def test_old_quotes_are_marks_where_the_title_is_underlined_or_the_page_says_so(head: str, expected: str) -> None:
    assert texts(f"{head}\n{_OLD}\n") == [expected]
