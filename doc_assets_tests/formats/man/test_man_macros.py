"""man(7): sections, paragraphs, lists, listings, links, and what generators make of them."""

from __future__ import annotations

import pytest

from doc_assets.document import Block
from doc_assets_tests.support.manual import MAN, man, read


def test_sections_and_their_parts_have_paths_and_the_anchors_of_the_web_pages() -> None:
    document = read(MAN + "Text.\n.SS Kinds of ring\nMore.\n.SH\nSEE ALSO\nx\n")
    assert [(s.heading_path, s.anchor) for s in document.sections] == [
        (("NAME",), "NAME"),
        (("DESCRIPTION",), "DESCRIPTION"),
        (("DESCRIPTION", "Kinds of ring"), "Kinds_of_ring"),
        (("SEE ALSO",), "SEE_ALSO"),
    ]


def test_lines_are_filled_and_fonts_leave_no_marks() -> None:
    body = "A \\fBbold\\fR and\n.I slanted\nword,\n.BR ring (2)\n.RB [ \\-x ]\n.B two words\n\nNext\n.br\nline.\n"
    assert man(body) == [Block("A bold and slanted word, ring(2) [-x] two words"), Block("Next\nline.")]


def test_tagged_paragraphs_are_items_with_what_belongs_to_them() -> None:
    body = (
        '.TP\n.BR \\-a ", " \\-\\-all\nShow all.\n.IP\nEven more.\n.TP\n.B \\-b\n.TQ\n.B \\-\\-both\nBoth.\n'
        ".IP \\-c 4\nCount.\n.RS\n.IP x\nBy x.\n.RE\n.PP\nLast.\n"
    )
    assert man(body) == [
        Block("-a, --all: Show all.\n  Even more.\n-b, --both: Both.\n-c: Count.\n  x: By x.", "list"),
        Block("Last."),
    ]


@pytest.mark.parametrize("mark", [r"\(bu", r"\[bu]", "*", r"\-", "o"])
def test_bullets_and_numbers_are_marks_of_items(mark: str) -> None:
    assert man(f".IP {mark} 2\nOne.\n.IP {mark} 2\nTwo.\n") == [Block("- One.\n- Two.", "list")]
    assert man(".IP 1. 4\nOne.\n.IP 2. 4\nTwo.\n") == [Block("1. One.\n2. Two.", "list")]


@pytest.mark.parametrize(("begin", "end"), [(".EX", ".EE"), (".nf", ".fi"), (".nf\n.RS 4", ".RE\n.fi")])
def test_listings_keep_their_lines_without_their_margin(begin: str, end: str) -> None:
    body = f'Run:\n.PP\n{begin}\n  if (a)\n\\&\treturn "\\en";\n\n  .\n{end}\nDone.\n'
    assert man(body)[:2] == [Block("Run:"), Block('if (a)\n      return "\\n";\n\n.', "code")]


def test_a_synopsis_is_a_signature() -> None:
    page = ".TH R 3\n.SH NAME\nr \\- s\n.SH SYNOPSIS\n.nf\n#include <r.h>\n\nint r(int a,\n      int b);\n.fi\n"
    assert read(page).sections[-1].blocks == (Block("#include <r.h>\n\nint r(int a,\n      int b);", "signature"),)
    page = ".TH R 8\n.SH NAME\nr \\- s\n.SH SYNOPSIS\n.B r\n[\\fIfile\\fR]\n.br\n.B r \\-h\n"
    assert read(page).sections[-1].blocks == (Block("r [file]\nr -h", "signature"),)


def test_the_macros_of_a_synopsis_and_references_are_read() -> None:
    assert man(".SY ring\n.OP \\-f file\n.YS\n.MR ring 2 .\n") == [Block("ring [-f file]\nring(2).")]


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (".UR https://a.example\n.UE .\n", "https://a.example."),
        (".UR https://a.example\nthe page\n.UE ,\n", "the page,"),
        (".MT a@b.example\nA. B.\n.ME\n", "A. B."),
        ('from \\c\n.URL "https://a.example" "the page" "."\n', "from the page."),
    ],
)
def test_a_link_is_its_words_or_else_its_target(body: str, text: str) -> None:
    assert man(f"See\n{body}") == [Block(f"See {text}")]


def test_docbook_and_asciidoctor_set_terms_above_indented_text() -> None:
    body = (
        ".PP\n\\fB\\-x\\fR, \\fB\\-\\-ex\\fR\n.RS 4\nText of it\\&.\n.sp\nMore\\&.\n.RE\n"
        ".PP\n\\-y...\n.RS 4\nOther.\n.RE\n.PP\nThe end.\n"
    )
    assert man(body) == [Block("-x, --ex: Text of it.\n  More.\n-y...: Other.", "list"), Block("The end.")]


def test_docbook_draws_its_bullets_and_numbers() -> None:
    item = ".sp\n.RS 4\n.ie n \\{{\\\n\\h'-04'{}\\h'+03'\\c\n.\\}}\n.el \\{{\\\n.sp -1\n.IP {} 2.3\n.\\}}\n{}\n.RE\n"
    assert man(item.format("\\(bu", "\\(bu", "One.") + item.format("\\(bu", "\\(bu", "Two.")) == [
        Block("- One.\n- Two.", "list")
    ]
    assert man(item.format(" 1.", '"  1."', "One.")) == [Block("1. One.", "list")]


def test_an_indented_listing_below_a_line_is_no_definition() -> None:
    body = ".sp\nFor example\n.sp\n.if n .RS 4\n.nf\nring \\-x\n.fi\n.if n .RE\n"
    assert man(body) == [Block("For example"), Block("ring -x", "code")]


def test_pod2man_and_rst2man_bring_their_own_macros() -> None:
    pod = (
        ".de Vb\n.ft CW\n.nf\n.ne \\\\$1\n..\n.de Ve\n.ft R\n.fi\n..\n.tr \\(*W-\n.ds -- \\(*W-\n"
        'A\\*(--B.\n.Vb 2\n\\&  use Ring;\n\\&    go();\n.Ve\n.IX Item "x"\nAfter.\n'
    )
    assert man(pod) == [Block("A--B."), Block("use Ring;\n  go();", "code"), Block("After.")]
    rst = (
        ".de1 INDENT\n.RS \\\\$1\n..\n.de UNINDENT\n.RE\n..\n.INDENT 0.0\n.TP\n.B \\-a\nAll.\n.UNINDENT\n"
        ".INDENT 3.5\n.sp\n.nf\n.ft C\nring\n.ft P\n.fi\n.UNINDENT\n"
    )
    assert man(rst) == [Block("-a: All.", "list"), Block("ring", "code")]


def test_a_command_below_its_description_is_code() -> None:
    assert man(".TP\nShow all rings:\n#\n.B ring \\-a\n") == [Block("Show all rings:"), Block("# ring -a", "code")]


def test_pictures_are_left_out_and_equations_kept() -> None:
    assert man('A\n.PS\nbox "x"\n.PE\nB\n.EQ\nx sup 2\n.EN\n') == [Block("A B"), Block("x sup 2", "code")]
