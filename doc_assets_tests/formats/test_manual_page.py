"""Manual pages as text keep sections, titles and listings, and lose the heads and feet of their sheets."""

from __future__ import annotations

import pytest

from doc_assets.document import Document, lay_out
from doc_assets.formats.base import RawFile
from doc_assets.formats.manual_page import is_manual_page
from doc_assets.formats.text import TextFormat

PAGE = """\
ring(2)                       System Calls Manual                       ring(2)

NAME
       ring - open a ring

SYNOPSIS
       #include <ring.h>

       int ring_open(int size);

DESCRIPTION
       A ring holds frames between one writer and many readers, which are pro\u2010
       mised  the order  of the frames, but not that each frame reaches every
       one of them.

       EINVAL The size is not a power of two, or it is so large that the pages
              of the ring cannot be locked.

   Modes of a ring
       •  fast: drops frames;

       •  safe: waits for the slowest reader.

EXAMPLES
       Read one frame:

       int main(void)
       {
           int fd = ring_open(8);

           if (fd < 0) {
               perror("ring_open");
               return 1;
           }
           return 0;
       }

       Run it:

           $ ring-dump -o out.txt

SEE ALSO
       ring-dump(1)

Linux man-pages 6.03               2023-02-05                           ring(2)
"""


def read(text: str | bytes, path: str = "man/ring.txt") -> Document:
    data = text.encode() if isinstance(text, str) else text
    return TextFormat().parse(RawFile(path, data))[0]


def blocks(document: Document, heading: str) -> list[tuple[str, str]]:
    return [(b.kind, b.text) for s in document.sections if s.heading_path[-1] == heading for b in s.blocks]


def test_sections_and_sub_headings_are_headings_and_name_is_the_title() -> None:
    document = read(PAGE)
    assert document.title == "ring - open a ring"
    assert [s.heading_path for s in document.sections] == [
        ("NAME",),
        ("SYNOPSIS",),
        ("DESCRIPTION",),
        ("DESCRIPTION", "Modes of a ring"),
        ("EXAMPLES",),
        ("SEE ALSO",),
    ]


def test_listings_keep_their_indentation_and_their_blank_lines() -> None:
    listing = PAGE.partition("frame:\n\n")[2].partition("\n\n       Run")[0].replace("\n       ", "\n").lstrip()
    assert blocks(read(PAGE), "EXAMPLES") == [
        ("prose", "Read one frame:"),
        ("code", listing),
        ("prose", "Run it:"),
        ("code", "$ ring-dump -o out.txt"),
    ]
    assert blocks(read(PAGE), "SYNOPSIS") == [("code", "#include <ring.h>\n\nint ring_open(int size);")]


def test_filled_text_loses_the_marks_of_filling() -> None:
    assert blocks(read(PAGE), "DESCRIPTION")[0][1].startswith(
        "A ring holds frames between one writer and many readers, which are promised\nthe order of the frames,"
    )
    assert [kind for kind, _ in blocks(read(PAGE), "DESCRIPTION")] == ["prose", "prose"]
    assert [kind for kind, _ in blocks(read(PAGE), "Modes of a ring")] == ["list", "list"]


def test_heads_and_feet_of_sheets_are_no_text() -> None:
    text = lay_out(
        read(PAGE.replace("EXAMPLES", "Linux          2023-02-05          1\n\n\nring(2)      ring(2)\n\nEXAMPLES"))
    )[0]
    assert "ring(2)" not in text and "2023" not in text and "Manual" not in text


def test_overstruck_and_coloured_words_are_words() -> None:
    bold = b"N\bNA\bAM\bME\bE"
    page = PAGE.encode().replace(b"NAME", bold).replace(b"ring - open", "_\br_\bi_\bn_\bg - o\bopé\bén".encode())
    assert read(page).title == "ring - opén a ring"
    assert read(PAGE.replace("NAME", "\x1b[1mNAME\x1b[0m")).title == "ring - open a ring"


@pytest.mark.parametrize(
    ("name", "title"),
    [
        ("ring, ring_open - rings", "ring, ring_open - rings"),
        ("ring — rings", "ring — rings"),
        ("ring \u2013 rings", "ring \u2013 rings"),
        ("ring - " + "very long words " * 8, "ring"),
        ("only words", "ring"),
    ],
)
def test_the_title_is_the_line_below_name_if_it_is_short(name: str, title: str) -> None:
    assert read(f"RING(2)\n\nNAME\n       {name}\n").title == title


@pytest.mark.parametrize(
    ("first", "found"),
    [
        ("ring(2)", True),
        ("RING-DUMP(1)   User Commands   RING-DUMP(1)", True),
        ("openssl-x509(1SSL)     OpenSSL     openssl-x509(1SSL)", True),
        ("ring(2) opens a ring.", False),
        ("open(path)", False),
    ],
)
def test_a_manual_page_is_known_by_its_head(first: str, found: bool) -> None:
    assert is_manual_page(f"\n{first}\n\nNAME\n") is found


def test_what_a_paragraph_announces_is_a_listing() -> None:
    page = """\
RING(8)                    System Manager's Manual                   RING(8)

EXAMPLES
       Open a ring and close it:

           ring open /var/lib/ring
           ring close

       Of these options, take one:

           --all   All of them.

       It says the following:

           Every frame is kept in the order in which it came, and the writer
           waits.

       Then wait.
"""
    blocks = [
        (block.kind, block.text)
        for section in TextFormat().parse(RawFile("ring.txt", page.encode()))[0].sections
        for block in section.blocks
    ]
    assert [text for kind, text in blocks if kind == "code"] == ["ring open /var/lib/ring\nring close"]
    assert len(blocks) == 7


def test_units_are_listings_and_references_to_other_pages_are_none() -> None:
    page = """\
RING(5)                              ring                              RING(5)

EXAMPLES
       Example 1. Simple ring

           [Unit]
           Description=Ring

           [Ring]
           Size=8

SEE ALSO
       perl(1), ring(2),
       systemd.unit(5)
"""
    blocks = [
        (block.kind, block.text)
        for section in TextFormat().parse(RawFile("ring.txt", page.encode()))[0].sections
        for block in section.blocks
    ]
    assert blocks[1] == ("code", "[Unit]\nDescription=Ring\n\n[Ring]\nSize=8")
    assert blocks[2] == ("prose", "perl(1), ring(2),\nsystemd.unit(5)")
