"""What a page states of itself: title, description, section, date, references."""

from __future__ import annotations

import pytest

from doc_assets_tests.support.manual import MDOC, read

PAGE = '.TH {} "tools 1.2" "Tools of rings"\n.SH NAME\nRing, ring-all \\- shows rings\n.SH SEE ALSO\n'


def test_the_head_and_the_names_give_title_and_metadata() -> None:
    document = read(PAGE.format("RING 8 2024-05-31") + ".BR bpf (2),\n.BR tc-bpf (8)\n", "man/man8/ring.8")
    assert document.title == "ring(8)"
    assert document.metadata == {
        "description": "shows rings",
        "manual_section": "8",
        "manual": "Tools of rings",
        "manual_source": "tools 1.2",
        "updated": "2024-05-31",
        "see_also": ["bpf(2)", "tc-bpf(8)"],
    }


def test_mdoc_states_the_same() -> None:
    document = read(MDOC + "Text.\n")
    assert document.title == "ring(8)"
    assert document.metadata == {
        "description": "shows rings",
        "manual_section": "8",
        "manual_source": "tools",
        "updated": "2024-05-31",
    }


@pytest.mark.parametrize(
    ("head", "path", "title"),
    [
        ("RING 8", "a/other.8", "Ring(8)"),  # as the section NAME spells it
        ("KNOT 8", "a/other.8", "knot(8)"),
        ("Knot 3pm", "a/Knot.3pm", "Knot(3pm)"),
        ('"Rings in short" 8', "a/tc-ring.8", "tc-ring(8)"),
        ('"" ""', "a/tc-ring.8.gz", "tc-ring(8)"),
        ('"" ""', "a/tc-ring.8.in", "tc-ring(8)"),
    ],
)
def test_the_title_is_spelled_as_the_file_or_the_names_are(head: str, path: str, title: str) -> None:
    assert read(PAGE.format(f"{head} 2024-05-31") + "x\n", path).title == title


@pytest.mark.parametrize(
    ("written", "day"),
    [
        ("2024-05-31", "2024-05-31"),
        ("2024/5/1", "2024-05-01"),
        ("18 May 2015", "2015-05-18"),
        ("May 18, 2015", "2015-05-18"),
        ("$Mdocdate: May 18 2015 $", "2015-05-18"),
        ("10/07/2025", "10/07/2025"),  # October or July
        ("May 2015", "May 2015"),
        ("2024-15-99", "2024-15-99"),
    ],
)
def test_a_date_is_a_day_where_it_names_one(written: str, day: str) -> None:
    assert read(PAGE.format(f'RING 8 "{written}"') + "x\n").metadata["updated"] == day


def test_a_page_without_a_head_is_named_after_its_file() -> None:
    document = read(".SH NAME\nx\n.SH SYNOPSIS\ny\n", "man1/ring.1")
    assert (document.title, document.metadata) == ("ring(1)", {})
    assert read(".Dd $Mdocdate$\n.Dt RING 1\n.Os\n.Sh NAME\n.Nm ring\n").metadata == {"manual_section": "1"}


def test_marks_of_joined_lines_stay_out_of_title_and_metadata() -> None:
    document = read('.TH RI\\cNG 8\\c "May\\c 2015" "tools\\c" "all\\c"\n.SH NAME\nx\n', "a/b.8")
    assert document.title == "ring(8)"
    assert document.metadata == {
        "manual_section": "8",
        "manual": "all",
        "manual_source": "tools",
        "updated": "May 2015",
    }
