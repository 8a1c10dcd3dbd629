"""RFCs as text are read by their sections, across the borders of sheets."""

from __future__ import annotations

from doc_assets.document import Document, lay_out
from doc_assets.formats.base import RawFile
from doc_assets.formats.text import TextFormat

MEMO = """\



Network Working Group                                          A. Writer
Request for Comments: 9999                                     June 1999
Category: Informational


              The Ring Protocol and What
                     It Is Good For

Status of this Memo

   This memo provides information.

Table of Contents

   1.  Introduction . . . . . . . . . . . . . . . . . . . . . . . .   2
   2.  Frames . . . . . . . . . . . . . . . . . . . . . . . . . . .   3
     2.1.  Heads  . . . . . . . . . . . . . . . . . . . . . . . . .   3

1.  Introduction

   A ring holds frames between one writer and many readers, who are
   promised the order



Writer                       Informational                      [Page 1]
\f
RFC 9999                   The Ring Protocol                   June 1999


   of the frames.

2.  Frames

2.1.  Heads

   A head is:

      0                   1
      0 1 2 3 4 5 6 7 8 9 0 1
     +-+-+-+-+-+-+-+-+-+-+-+-+
     |         Length        |
     +-+-+-+-+-+-+-+-+-+-+-+-+

      head = length body

   MUST be sent first.

Appendix A.  Old rings

   None.
"""


def read(text: str = MEMO) -> Document:
    return TextFormat().parse(RawFile("rfc/rfc9999.txt", text.encode()))[0]


def test_numbers_give_the_levels_of_sections_and_the_centred_lines_the_title() -> None:
    document = read()
    assert document.title == "RFC 9999: The Ring Protocol and What It Is Good For"
    assert [s.heading_path for s in document.sections] == [
        (),
        ("Status of this Memo",),
        ("Table of Contents",),
        ("1. Introduction",),
        ("2. Frames",),
        ("2. Frames", "2.1. Heads"),
        ("Appendix A. Old rings",),
    ]


def test_a_paragraph_goes_on_over_the_border_of_two_sheets() -> None:
    text = lay_out(read())[0]
    assert "promised the order\nof the frames." in text
    assert "[Page" not in text and "RFC 9999   " not in text and ". . ." not in text


def test_figures_are_verbatim() -> None:
    [figure] = [b.text for s in read().sections for b in s.blocks if b.kind == "code"]
    assert figure.startswith(" 0                   1\n 0 1 2")
    assert figure.endswith("+\n\n head = length body")


def test_a_memo_without_sheets_is_read_as_well() -> None:
    document = read(
        MEMO.replace("\f", "").replace("RFC 9999                   The Ring Protocol                   June 1999", "")
    )
    assert "promised the order\nof the frames." in lay_out(document)[0]
