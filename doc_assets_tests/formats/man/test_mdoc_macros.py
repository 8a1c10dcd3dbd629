"""mdoc(7): sections, lists, displays, references."""

from __future__ import annotations

import pytest

from doc_assets.document import Block
from doc_assets_tests.support.manual import MDOC, mdoc, read


def test_sections_and_their_parts_have_paths_and_anchors() -> None:
    document = read(MDOC + "Text.\n.Ss Kinds of ring\nMore.\n.Sh SEE ALSO\n.Xr ring 2 ,\n.Xr bpf 4\n")
    assert [(s.heading_path, s.anchor) for s in document.sections] == [
        (("NAME",), "NAME"),
        (("DESCRIPTION",), "DESCRIPTION"),
        (("DESCRIPTION", "Kinds of ring"), "Kinds_of_ring"),
        (("SEE ALSO",), "SEE_ALSO"),
    ]
    assert document.sections[-1].blocks == (Block("ring(2), bpf(4)"),)


def test_a_tagged_list_has_an_item_for_each_tag_with_what_belongs_to_it() -> None:
    body = (
        "Options:\n.Bl -tag -width Ds\n.It Fl a , Fl -all\nAll.\n.Pp\nMore.\n.Bl -bullet\n.It\nin\n.El\n"
        ".It Fl f Ar file\nFrom\n.Ar file .\n.El\n.Pp\nEnd.\n"
    )
    assert mdoc(body) == [
        Block("Options:"),
        Block("-a, --all: All.\n  More.\n  - in\n-f file: From file.", "list"),
        Block("End."),
    ]


@pytest.mark.parametrize(("kind", "text"), [("bullet", "- a\n- b"), ("dash", "- a\n- b"), ("enum", "1. a\n2. b")])
def test_lists_have_their_marks(kind: str, text: str) -> None:
    assert mdoc(f".Bl -{kind}\n.It\na\n.It\nb\n.El\n") == [Block(text, "list")]


def test_keys_of_a_tagged_list_are_no_bullets() -> None:
    assert mdoc(".Bl -tag\n.It -\nDelete.\n.It o\nOpen.\n.El\n") == [Block("-: Delete.\no: Open.", "list")]


def test_columns_are_a_table() -> None:
    body = ".Bl -column a b\n.It Em Name Ta Em Size\n.It ring\t2\n.It drop Ta\n.Li 3\n.El\n"
    assert mdoc(body) == [Block("Name | Size\nring | 2\ndrop | 3", "table")]


def test_displays_are_listings_or_paragraphs() -> None:
    body = "So:\n.Bd -literal -offset indent\nif (a)\n\treturn;\n.Ed\n.Dl $ ring -x\n.Bd -filled\nfilled\ntext\n.Ed\n"
    assert mdoc(body) == [
        Block("So:"),
        Block("if (a)\n        return;", "code"),
        Block("$ ring -x", "code"),
        Block("filled text"),
    ]


def test_a_synopsis_begins_lines_with_its_declarations() -> None:
    page = (
        ".Dd May 1, 2024\n.Dt R 3\n.Os\n.Sh NAME\n.Nm r\n.Nd s\n.Sh SYNOPSIS\n.In r.h\n.Ft int\n"
        '.Fo r\n.Fa "int a"\n.Fa "char *b"\n.Fc\n.Nm\n.Op Fl x\n'
    )
    assert read(page).sections[-1].blocks == (Block("#include <r.h>\nint\nr(int a, char *b)\nr [-x]", "signature"),)


def test_a_reference_is_a_sentence_in_its_usual_order() -> None:
    body = ".Rs\n.%A A. One\n.%A B. Two\n.%D 2006\n.%R RFC 1\n.%T Rings\n.Re\n"
    assert mdoc(body) == [Block("A. One and B. Two, Rings, RFC 1, 2006.")]


def test_requests_and_tables_of_roff_are_read_too() -> None:
    assert mdoc("a\n.br\nb\n.TS\nl l.\nc\td\n.TE\n") == [Block("a\nb"), Block("c | d", "table")]
